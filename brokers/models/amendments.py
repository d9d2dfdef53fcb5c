"""Amendments: the only way by which a booking, or its covered load, changes."""

from functools import partial

from django.db import models
from django.db.models import F, Q

from brokers.models.bargains import MOST_PAYMENT_DAYS, Bargain
from brokers.models.bookings import Booking
from foundation.accounts.models import Organization, Person
from foundation.trade.fields import PublicIdField
from foundation.trade.ids import new_id


class AmendmentStatus(models.TextChoices):
    """Where an amendment stands."""

    OPEN = "open", "Open"
    ACCEPTED = "accepted", "Accepted"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"
    LAPSED = "lapsed", "Lapsed"


AMENDMENT_MOVES: dict[str, frozenset[str]] = {
    AmendmentStatus.OPEN: frozenset(
        {AmendmentStatus.ACCEPTED, AmendmentStatus.DECLINED, AmendmentStatus.WITHDRAWN, AmendmentStatus.LAPSED}
    ),
    AmendmentStatus.ACCEPTED: frozenset(),
    AmendmentStatus.DECLINED: frozenset(),
    AmendmentStatus.WITHDRAWN: frozenset(),
    AmendmentStatus.LAPSED: frozenset(),
}


class Amendment(Bargain):
    """A change of a booking that somebody proposed and every side that it touches has to accept.

    What it touches is its `subject`: the terms of carriage (seller and carrier), those of a broker's sale (shipper and
    broker), or, where a broker stands between, the freight itself (all three, and no money). The bargain's columns
    hold the terms as they would be; for freight its money is 0. `load_changes` holds the load's own fields as
    `{"weight_pounds": [before, after]}`, `before` the terms that it was proposed on: what has moved on since is not
    accepted. `number` counts from 1 for each subject of the booking.
    """

    class Subject(models.TextChoices):
        """What an amendment is about."""

        CARRIAGE = "carriage", "Carriage"
        SALE = "sale", "Sale"
        FREIGHT = "freight", "Freight"

    public_id = PublicIdField(default=partial(new_id, "amend"))
    booking = models.ForeignKey(Booking, models.PROTECT, related_name="amendments")
    subject = models.CharField(max_length=8, choices=Subject.choices)
    number = models.PositiveSmallIntegerField()
    before = models.JSONField(default=dict)
    load_changes = models.JSONField(default=dict, blank=True)
    reason = models.CharField(max_length=500, blank=True, default="")
    proposed_for = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    proposed_by_organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    proposed_by = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="+")
    status = models.CharField(max_length=10, choices=AmendmentStatus.choices, default=AmendmentStatus.OPEN)
    version = models.PositiveIntegerField(default=1)
    proposed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_for = models.ForeignKey(Organization, models.PROTECT, null=True, blank=True, related_name="+")
    closed_by_organization = models.ForeignKey(Organization, models.PROTECT, null=True, blank=True, related_name="+")
    close_reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(subject="freight", linehaul_cents=0, fuel_surcharge_cents=0)
                | (~Q(subject="freight") & (Q(linehaul_cents__gt=0) | Q(fuel_surcharge_cents__gt=0))),
                name="amendment_pays_something_unless_of_freight",
            ),
            models.CheckConstraint(
                condition=Q(payment_days__lte=MOST_PAYMENT_DAYS), name="amendment_is_paid_within_reason"
            ),
            models.UniqueConstraint(fields=["booking", "subject", "number"], name="one_amendment_per_number"),
            models.UniqueConstraint(
                fields=["booking", "subject"], condition=Q(status="open"), name="one_open_amendment_per_booking"
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=F("proposed_at")), name="amendment_ends_after_it_begins"),
            models.CheckConstraint(
                condition=Q(status="open", closed_at__isnull=True) | (~Q(status="open") & Q(closed_at__isnull=False)),
                name="closed_amendment_says_when",
            ),
        ]
        indexes = [
            # services.lapse_due_amendments: what is due
            models.Index(fields=["expires_at"], condition=Q(status="open"), name="amendment_due"),
        ]

    def __str__(self) -> str:
        return self.public_id


class AmendmentAcceptance(models.Model):
    """A side's yes to an amendment; the side that proposed it has said so by proposing."""

    amendment = models.ForeignKey(Amendment, models.PROTECT, related_name="acceptances")
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    accepted_by_organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    accepted_by = models.CharField(max_length=40)
    accepted_at = models.DateTimeField()

    class Meta:
        ordering = ["accepted_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["amendment", "organization"], name="one_acceptance_per_side"),
        ]
