"""Contentions: what one side says of a cancellation that would change, in its own favour, what is owed."""

from functools import partial

from django.db import models
from django.db.models import F, Q

from brokers.models.bookings import Booking, CancelReason
from brokers.models.confirmations import Agreement
from foundation.accounts.models import Organization, Person
from foundation.trade.fields import PublicIdField
from foundation.trade.ids import new_id


class ContentionStatus(models.TextChoices):
    """Where a contention stands."""

    OPEN = "open", "Waits for an answer"
    AGREED = "agreed", "Agreed"
    DISPUTED = "disputed", "Disputed"
    UNANSWERED = "unanswered", "Not answered"
    WITHDRAWN = "withdrawn", "Withdrawn"


CONTENTION_MOVES: dict[str, frozenset[str]] = {
    ContentionStatus.OPEN: frozenset(
        {
            ContentionStatus.AGREED,
            ContentionStatus.DISPUTED,
            ContentionStatus.UNANSWERED,
            ContentionStatus.WITHDRAWN,
        }
    ),
    ContentionStatus.AGREED: frozenset(),
    ContentionStatus.DISPUTED: frozenset(),
    ContentionStatus.UNANSWERED: frozenset(),
    ContentionStatus.WITHDRAWN: frozenset(),
}


class Contention(models.Model):
    """Money that hangs on one side's word: the `claimant` says it, the `asked` side agrees, disputes or is silent.

    A load that was not ready: the amount is claimed, and owed once the asked side agrees. A truck that did not come:
    the amount is owed by the clock, and not any more once the carrier agrees. `agreement` is between whom: seller and
    carrier, or, of a sale, the broker and its shipper. What is disputed, not answered or withdrawn is never granted.
    """

    public_id = PublicIdField(default=partial(new_id, "cont"))
    booking = models.ForeignKey(Booking, models.PROTECT, related_name="contentions")
    agreement = models.CharField(max_length=8, choices=Agreement.choices)
    claimant = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    asked = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    reason = models.CharField(max_length=20, choices=CancelReason.choices)
    note = models.CharField(max_length=500, blank=True, default="")
    tonu_cents = models.PositiveIntegerField(default=0)
    deadhead_cents = models.PositiveIntegerField(default=0)
    deadhead_miles = models.FloatField(default=0)
    status = models.CharField(max_length=10, choices=ContentionStatus.choices, default=ContentionStatus.OPEN)
    version = models.PositiveIntegerField(default=1)
    made_at = models.DateTimeField()
    answer_by = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    answered_by_organization = models.ForeignKey(Organization, models.PROTECT, null=True, blank=True, related_name="+")
    answered_by = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="+")
    answer = models.CharField(max_length=500, blank=True, default="")
    withdrawn_by_organization = models.ForeignKey(Organization, models.PROTECT, null=True, blank=True, related_name="+")
    withdrawn_by = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="+")
    withdrawn_because = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["booking", "agreement"], name="one_contention_per_agreement"),
            models.CheckConstraint(condition=~Q(claimant=F("asked")), name="nobody_contends_with_itself"),
            models.CheckConstraint(
                condition=Q(tonu_cents__gt=0) | Q(deadhead_cents__gt=0), name="contention_is_about_money"
            ),
            models.CheckConstraint(
                condition=Q(reason__in=["load_not_ready", "no_show"]), name="contention_is_about_a_word"
            ),
            models.CheckConstraint(
                condition=Q(status="open", closed_at__isnull=True) | (~Q(status="open") & Q(closed_at__isnull=False)),
                name="closed_contention_says_when",
            ),
            models.CheckConstraint(condition=~Q(status="disputed") | ~Q(answer=""), name="dispute_has_a_reason"),
            models.CheckConstraint(
                condition=Q(status="withdrawn", withdrawn_by_organization__isnull=False)
                | (~Q(status="withdrawn") & Q(withdrawn_by_organization__isnull=True)),
                name="withdrawn_contention_says_by_whom",
            ),
            models.CheckConstraint(condition=Q(answer_by__gt=F("made_at")), name="contention_leaves_time_to_answer"),
        ]
        indexes = [
            # services.contending.close_unanswered: what is due
            models.Index(fields=["answer_by"], condition=Q(status="open"), name="contention_due"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def cents(self) -> int:
        """All that hangs on the word."""
        return self.tonu_cents + self.deadhead_cents

    @property
    def relieves(self) -> bool:
        """Whether the claimant would owe less: a seller that says that the truck did not come."""
        return self.reason == CancelReason.NO_SHOW
