"""Proposals: a line of a network plan that a broker puts before the truck's carrier and the loads' shippers."""

from functools import partial

from django.db import models
from django.db.models import F, Q

from carriers.models import ReturnLeg
from foundation.accounts.models import Organization, Person
from foundation.trade.fields import PublicIdField
from foundation.trade.ids import new_id
from loads.models import Load


class ProposalStatus(models.TextChoices):
    """Where a proposal stands."""

    OPEN = "open", "Open"
    WELCOMED = "welcomed", "Welcomed"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"
    LAPSED = "lapsed", "Lapsed"


PROPOSAL_MOVES: dict[str, frozenset[str]] = {
    ProposalStatus.OPEN: frozenset(
        {ProposalStatus.WELCOMED, ProposalStatus.DECLINED, ProposalStatus.WITHDRAWN, ProposalStatus.LAPSED}
    ),
    ProposalStatus.WELCOMED: frozenset(),
    ProposalStatus.DECLINED: frozenset(),
    ProposalStatus.WITHDRAWN: frozenset(),
    ProposalStatus.LAPSED: frozenset(),
}


class Proposal(models.Model):
    """A truck and the loads that it would take, in order, as a broker proposes them: an offer where it represents a
    side, a suggestion otherwise.

    It names the line by its public id, since plans are pruned and proposals are not.
    """

    class Kind(models.TextChoices):
        """What it is towards the parties."""

        OFFER = "offer", "Offer"
        SUGGESTION = "suggestion", "Suggestion"

    public_id = PublicIdField(default=partial(new_id, "prop"))
    broker = models.ForeignKey(Organization, models.CASCADE, related_name="proposals")
    plan_public_id = models.CharField(max_length=40, db_collation="C")
    line_public_id = models.CharField(max_length=40, db_collation="C")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    status = models.CharField(max_length=10, choices=ProposalStatus.choices, default=ProposalStatus.OPEN)
    version = models.PositiveIntegerField(default=1)
    leg = models.ForeignKey(ReturnLeg, models.CASCADE, related_name="proposals")
    leg_version = models.PositiveIntegerField()
    market_gain_cents = models.IntegerField()
    empty_miles_saved = models.FloatField()
    made_by = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["line_public_id"], condition=Q(status="open"), name="one_open_proposal_per_line"
            ),
            models.UniqueConstraint(
                fields=["broker", "leg"], condition=Q(status="open"), name="one_open_proposal_per_broker_and_truck"
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=F("made_at")), name="proposal_ends_after_it_is_made"),
            models.CheckConstraint(
                condition=Q(status="open", closed_at__isnull=True) | (~Q(status="open") & Q(closed_at__isnull=False)),
                name="closed_proposal_says_when",
            ),
        ]
        indexes = [
            # queries.proposals_made_by: a broker's, newest first
            models.Index(fields=["broker", "-id"], name="proposal_by_broker"),
            # services.lapse_proposals: what is due
            models.Index(fields=["expires_at"], condition=Q(status="open"), name="proposal_due"),
        ]

    def __str__(self) -> str:
        return self.public_id


class ProposedLoad(models.Model):
    """One load of a proposal at its place in the order, with the rate of its posting (None: open to offers)."""

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="loads")
    position = models.PositiveSmallIntegerField()
    load = models.ForeignKey(Load, models.CASCADE, related_name="proposals")
    load_version = models.PositiveIntegerField()
    rate_cents = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["proposal", "position"], name="one_load_per_place_in_a_proposal"),
            models.UniqueConstraint(fields=["proposal", "load"], name="one_place_per_load_in_a_proposal"),
        ]


class ProposalParty(models.Model):
    """One side of a proposal: the truck's carrier, or the shipper of one or more of its loads, and its answer.

    `is_represented`: the broker acts for it. `is_asked`: its word is waited for; a party that is not asked is told,
    and may decline all the same.
    """

    class Role(models.TextChoices):
        """What the party brings; who brings both is the carrier."""

        CARRIER = "carrier", "Carrier"
        SHIPPER = "shipper", "Shipper"

    class Answer(models.TextChoices):
        """What the party said."""

        INTERESTED = "interested", "Interested"
        DECLINED = "declined", "Declined"

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="parties")
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="proposals_received")
    role = models.CharField(max_length=8, choices=Role.choices)
    is_represented = models.BooleanField(default=False)
    is_asked = models.BooleanField(default=True)
    answer = models.CharField(max_length=10, choices=Answer.choices, blank=True, default="")
    answered_by = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["proposal", "organization"], name="one_word_per_party_and_proposal"),
            models.CheckConstraint(
                condition=Q(answer="", answered_at__isnull=True) | (~Q(answer="") & Q(answered_at__isnull=False)),
                name="answer_says_when",
            ),
        ]
        indexes = [
            # queries.proposals_to: what an organization was proposed, newest first
            models.Index(fields=["organization", "-id"], name="proposal_by_party"),
        ]
