"""Standing permissions between organizations, with their validity."""

from functools import partial

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from foundation.accounts.models.organizations import Organization
from foundation.accounts.models.people import Person
from foundation.trade.fields import PublicIdField
from foundation.trade.ids import new_id


class RelationshipKind(models.TextChoices):
    """What the giver grants to, or holds against, the taker."""

    REPRESENTS = "represents", "May act for us"
    PARTNER = "partner", "Sees what we post to partners"
    PREFERRED = "preferred", "Is preferred by us"
    BLOCKED = "blocked", "Is blocked by us"


class Decision(models.TextChoices):
    """What a party may keep for itself when it lets a broker act for it."""

    OFFERS = "offers", "Making offers and counter-offers"
    ACCEPTANCE = "acceptance", "Accepting and declining offers"
    CLAIMS = "claims", "Claiming loads"
    CANCELLATION = "cancellation", "Cancelling and amending bookings"


class Relationship(models.Model):
    """The giver's word about the taker, from `valid_from` until it is ended.

    `keeps` names the decisions that the giver of `represents` keeps for itself.
    """

    public_id = PublicIdField(default=partial(new_id, "rel"))
    giver = models.ForeignKey(Organization, models.CASCADE, related_name="given")
    taker = models.ForeignKey(Organization, models.CASCADE, related_name="taken")
    kind = models.CharField(max_length=10, choices=RelationshipKind.choices)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)
    keeps = ArrayField(models.CharField(max_length=12, choices=Decision.choices), default=list, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["giver", "taker", "kind"],
                condition=Q(valid_until__isnull=True),
                name="one_standing_relationship_per_kind",
            ),
            models.CheckConstraint(condition=~Q(giver=F("taker")), name="relationship_joins_two_organizations"),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
                name="relationship_ends_after_it_begins",
            ),
        ]
        indexes = [
            # audience.visible_to: which givers let this taker see, and which block it
            models.Index(fields=["taker", "kind", "giver"], name="relationship_by_taker"),
        ]


class RelationshipRequest(models.Model):
    """The taker asks for a relationship; the giver decides. Kept after the decision."""

    public_id = PublicIdField(default=partial(new_id, "ask"))
    giver = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    taker = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=RelationshipKind.choices)
    message = models.CharField(max_length=500, blank=True, default="")
    asked_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    granted = models.BooleanField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["giver", "taker", "kind"],
                condition=Q(decided_at__isnull=True),
                name="one_open_request_per_kind",
            ),
            models.CheckConstraint(condition=~Q(giver=F("taker")), name="request_joins_two_organizations"),
            models.CheckConstraint(
                condition=Q(decided_at__isnull=True, granted__isnull=True)
                | Q(decided_at__isnull=False, granted__isnull=False),
                name="request_is_decided_with_an_answer",
            ),
        ]
