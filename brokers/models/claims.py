"""Claims: a carrier takes loads as they are posted, one or a bundle, at once or on hold while a check repeats."""

from functools import partial

from django.db import models
from django.db.models import F, Q

from brokers.models.bookings import Booking
from brokers.models.threads import Offer
from carriers.models import Driver, HomeBase, ReturnLeg, Trailer, Truck
from foundation.accounts.models import Organization, Person
from foundation.trade.fields import PublicIdField
from foundation.trade.ids import new_id
from loads.models import Load

LONGEST_BUNDLE = 3


class ClaimStatus(models.TextChoices):
    """Where a claim stands."""

    PENDING = "pending", "On hold while we check"
    BOOKED = "booked", "Booked"
    RELEASED = "released", "Released"


CLAIM_MOVES: dict[str, frozenset[str]] = {
    ClaimStatus.PENDING: frozenset({ClaimStatus.BOOKED, ClaimStatus.RELEASED}),
    ClaimStatus.BOOKED: frozenset(),
    ClaimStatus.RELEASED: frozenset(),
}


class Claim(models.Model):
    """A carrier's "book now" for a load, or for an outbound load with its backhauls as one: all of them or none.

    Only claims that booked or that are on hold are kept; a refusal leaves nothing but its answer. While it is pending
    its loads are reserved until `held_until`. `checks` holds what each rule of trust said:
    `{"rule", "result": "pass" | "flag" | "hold" | "block", "sentence"}`. `outcome` is why it was released. `form_token`
    names the one form that made it, so that a double click makes one claim. `spared` says that it was released because
    its loads went away by their own side's doing, so that it does not count among its carrier's holds.

    `offer` is set where it is no claim of a posting but the acceptance of an offer, reserved for while the carrier is
    checked: both sides read it in their negotiation, and not among claims. `told` is then why it was released as the
    seller's side reads it.
    """

    public_id = PublicIdField(default=partial(new_id, "claim"))
    carrier = models.ForeignKey(Organization, models.PROTECT, related_name="claims")
    truck = models.ForeignKey(Truck, models.PROTECT, related_name="claims")
    leg = models.ForeignKey(ReturnLeg, models.PROTECT, null=True, blank=True, related_name="claims")
    driver = models.ForeignKey(Driver, models.PROTECT, null=True, blank=True, related_name="+")
    trailer = models.ForeignKey(Trailer, models.PROTECT, null=True, blank=True, related_name="+")
    home_base = models.ForeignKey(HomeBase, models.PROTECT, null=True, blank=True, related_name="+")
    return_home_by = models.DateTimeField(null=True, blank=True)
    status = models.CharField(max_length=10, choices=ClaimStatus.choices)
    version = models.PositiveIntegerField(default=1)
    checks = models.JSONField(default=list)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="+")
    made_by_label = models.CharField(max_length=40, blank=True, default="")
    made_by_organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    held_until = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=300, blank=True, default="")
    spared = models.BooleanField(default=False)
    offer = models.ForeignKey(Offer, models.PROTECT, null=True, blank=True, related_name="holds")
    told = models.CharField(max_length=300, blank=True, default="")
    form_token = models.CharField(max_length=40, blank=True, default="", editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["carrier", "form_token"], condition=~Q(form_token=""), name="one_claim_per_form"
            ),
            models.UniqueConstraint(fields=["offer"], condition=Q(status="pending"), name="one_hold_per_offer"),
            models.CheckConstraint(
                condition=Q(status="pending", closed_at__isnull=True, held_until__isnull=False)
                | (~Q(status="pending") & Q(closed_at__isnull=False)),
                name="pending_claim_is_held_and_closed_one_says_when",
            ),
            models.CheckConstraint(condition=Q(spared=False) | Q(status="released"), name="spared_claim_is_released"),
            models.CheckConstraint(
                condition=Q(held_until__isnull=True) | Q(held_until__gt=F("made_at")),
                name="claim_is_held_after_it_is_made",
            ),
        ]
        indexes = [
            # queries.claims_of: a carrier's claims, newest first; trust: how many lately
            models.Index(fields=["carrier", "-made_at"], name="claim_by_carrier"),
            # services.settle_claims: what is due
            models.Index(fields=["held_until"], condition=Q(status="pending"), name="claim_due"),
        ]

    def __str__(self) -> str:
        return self.public_id


class ClaimedLoad(models.Model):
    """One load of a claim, in driving order, at the version and rate that the carrier saw.

    `is_held` says that its claim is pending and so the load reserved: repeated here for the constraint. `both_sides` is
    what its carrier was told of who stood on both sides, "" for nobody.
    """

    claim = models.ForeignKey(Claim, models.CASCADE, related_name="loads")
    position = models.PositiveSmallIntegerField()
    load = models.ForeignKey(Load, models.PROTECT, related_name="claims")
    load_version = models.PositiveIntegerField()
    rate_cents = models.PositiveIntegerField()
    is_held = models.BooleanField(default=False)
    both_sides = models.TextField(blank=True, default="", editable=False)
    booking = models.OneToOneField(Booking, models.PROTECT, null=True, blank=True, related_name="claimed")

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["claim", "position"], name="one_load_per_place_in_a_claim"),
            models.UniqueConstraint(fields=["claim", "load"], name="one_place_per_load_in_a_claim"),
            models.UniqueConstraint(fields=["load"], condition=Q(is_held=True), name="one_pending_claim_per_load"),
        ]
