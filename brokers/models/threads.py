"""Threads and their offers: how two sides come to a rate."""

from functools import partial

from django.db import models
from django.db.models import F, Q

from brokers.models.bargains import Bargain
from carriers.models import Driver, HomeBase, ReturnLeg, Trailer, Truck
from foundation.accounts.models import Organization, Person
from foundation.trade.fields import PublicIdField
from foundation.trade.ids import new_id
from loads.models import Load

MOST_COUNTERS = 10


class ThreadStatus(models.TextChoices):
    """Where a thread stands."""

    OPEN = "open", "Open"
    AGREED = "agreed", "Agreed"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"
    LAPSED = "lapsed", "Lapsed"


THREAD_MOVES: dict[str, frozenset[str]] = {
    ThreadStatus.OPEN: frozenset(
        {ThreadStatus.AGREED, ThreadStatus.DECLINED, ThreadStatus.WITHDRAWN, ThreadStatus.LAPSED}
    ),
    ThreadStatus.AGREED: frozenset(),
    ThreadStatus.DECLINED: frozenset(),
    ThreadStatus.WITHDRAWN: frozenset(),
    ThreadStatus.LAPSED: frozenset(),
}


class OfferStatus(models.TextChoices):
    """Where an offer stands."""

    LIVE = "live", "Live"
    HELD = "held", "Accepted, being checked"
    COUNTERED = "countered", "Countered"
    ACCEPTED = "accepted", "Accepted"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"
    EXPIRED = "expired", "Expired"
    LAPSED = "lapsed", "Lapsed"
    SUPERSEDED = "superseded", "Superseded"


STANDING = (OfferStatus.LIVE, OfferStatus.HELD)
"""What may still become a booking: one of a thread at a time."""

OFFER_MOVES: dict[str, frozenset[str]] = {
    OfferStatus.LIVE: frozenset(
        {
            OfferStatus.HELD,
            OfferStatus.COUNTERED,
            OfferStatus.ACCEPTED,
            OfferStatus.DECLINED,
            OfferStatus.WITHDRAWN,
            OfferStatus.EXPIRED,
            OfferStatus.LAPSED,
            OfferStatus.SUPERSEDED,
        }
    ),
    OfferStatus.HELD: frozenset(
        {
            OfferStatus.LIVE,
            OfferStatus.ACCEPTED,
            OfferStatus.EXPIRED,
            OfferStatus.LAPSED,
            OfferStatus.SUPERSEDED,
        }
    ),
    OfferStatus.COUNTERED: frozenset(),
    OfferStatus.ACCEPTED: frozenset(),
    OfferStatus.DECLINED: frozenset(),
    OfferStatus.WITHDRAWN: frozenset(),
    OfferStatus.EXPIRED: frozenset(),
    OfferStatus.LAPSED: frozenset(),
    OfferStatus.SUPERSEDED: frozenset(),
}


class ThreadOutcome(models.TextChoices):
    """What ended a thread; `brokers.outcomes` says it to each side."""

    AGREED = "agreed", "The two sides agreed"
    DECLINED = "declined", "An offer was declined"
    WITHDRAWN = "withdrawn", "A side left"
    BOOKED_ELSEWHERE = "booked_elsewhere", "The load was booked otherwise"
    BOOKED_BY_TAKER = "booked_by_taker", "The carrier booked the load otherwise"
    SOLD_ELSEWHERE = "sold_elsewhere", "The load was sold to another broker"
    SOLD = "sold", "The load has another seller"
    LOAD_GONE = "load_gone", "The load left the market"
    TRUCK_TAKEN = "truck_taken", "The truck was booked otherwise"
    LEG_GONE = "leg_gone", "The return leg left the market"
    CANNOT_DEAL = "cannot_deal", "The two sides cannot deal here at the moment"


class Thread(models.Model):
    """A negotiation over one load between two sides: its seller, and the taker.

    In a thread of carriage the taker is a carrier with a truck (and its return leg, when it is taken as a backhaul).
    In a tender the seller is the shipper and the taker a broker, without a truck: what they agree is the sell rate.
    `return_home_by`: when an outbound load is booked, the leg home that opens with it must be home by then.
    A thread stays open while nothing is on the table; it ends by agreement, a party's word, or when the load is gone:
    `outcome` says which. `lane` is the load's way as it was last bargained over, for whom the load is out of sight now.
    `form_token` names the form that opened it, so that a double click opens one.
    """

    class Kind(models.TextChoices):
        """What is bargained over."""

        CARRIAGE = "carriage", "Carriage"
        TENDER = "tender", "Tender"

    public_id = PublicIdField(default=partial(new_id, "thread"))
    kind = models.CharField(max_length=8, choices=Kind.choices)
    load = models.ForeignKey(Load, models.PROTECT, related_name="threads")
    seller = models.ForeignKey(Organization, models.PROTECT, related_name="threads_as_seller")
    taker = models.ForeignKey(Organization, models.PROTECT, related_name="threads_as_taker")
    truck = models.ForeignKey(Truck, models.PROTECT, null=True, blank=True, related_name="threads")
    leg = models.ForeignKey(ReturnLeg, models.PROTECT, null=True, blank=True, related_name="threads")
    driver = models.ForeignKey(Driver, models.PROTECT, null=True, blank=True, related_name="+")
    trailer = models.ForeignKey(Trailer, models.PROTECT, null=True, blank=True, related_name="+")
    home_base = models.ForeignKey(HomeBase, models.PROTECT, null=True, blank=True, related_name="+")
    return_home_by = models.DateTimeField(null=True, blank=True)
    status = models.CharField(max_length=10, choices=ThreadStatus.choices, default=ThreadStatus.OPEN)
    version = models.PositiveIntegerField(default=1)
    opened_at = models.DateTimeField()
    moved_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    lane = models.CharField(max_length=200, blank=True, default="")
    outcome = models.CharField(max_length=16, choices=ThreadOutcome.choices, blank=True, default="")
    seller_splits_at = models.DateTimeField(null=True, blank=True)
    taker_splits_at = models.DateTimeField(null=True, blank=True)
    split_cents = models.PositiveIntegerField(null=True, blank=True)
    form_token = models.CharField(max_length=40, blank=True, default="", editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["load", "form_token"], condition=~Q(form_token=""), name="one_thread_per_form"
            ),
            models.UniqueConstraint(
                fields=["load", "taker", "truck"],
                condition=Q(status="open", kind="carriage"),
                name="one_open_thread_per_load_and_truck",
            ),
            models.UniqueConstraint(
                fields=["load", "taker"], condition=Q(status="open", kind="tender"), name="one_open_tender_per_broker"
            ),
            models.CheckConstraint(
                condition=Q(kind="carriage", truck__isnull=False)
                | Q(kind="tender", truck__isnull=True, leg__isnull=True),
                name="carriage_has_a_truck_and_a_tender_none",
            ),
            models.CheckConstraint(condition=~Q(seller=F("taker")), name="thread_has_two_sides"),
            models.CheckConstraint(
                condition=Q(status="open", closed_at__isnull=True) | (~Q(status="open") & Q(closed_at__isnull=False)),
                name="closed_thread_says_when",
            ),
            models.CheckConstraint(
                condition=Q(status="open", outcome="") | (~Q(status="open") & ~Q(outcome="")),
                name="closed_thread_says_why",
            ),
        ]
        indexes = [
            # queries.threads_of: what an organization bargains over, last moved first
            models.Index(fields=["seller", "-moved_at"], name="thread_by_seller"),
            models.Index(fields=["taker", "-moved_at"], name="thread_by_taker"),
        ]

    def __str__(self) -> str:
        return self.public_id


class Offer(Bargain):
    """One offer or counter-offer of a thread; its terms never change once it is made (a trigger says so).

    `number` counts from 1 in its thread: it is the version that an acceptance names. `made_for` is the side that it
    binds, `made_by_organization` who made it: the side itself, or the broker that represents it. While it is held its
    acceptance waits for a check of the carrier (`Claim.offer`), and nobody can take it back.
    """

    public_id = PublicIdField(default=partial(new_id, "offer"))
    thread = models.ForeignKey(Thread, models.PROTECT, related_name="offers")
    number = models.PositiveSmallIntegerField()
    load_version = models.PositiveIntegerField()
    made_for = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    made_by_organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    made_by = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="+")
    status = models.CharField(max_length=10, choices=OfferStatus.choices, default=OfferStatus.LIVE)
    version = models.PositiveIntegerField(default=1)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by_organization = models.ForeignKey(Organization, models.PROTECT, null=True, blank=True, related_name="+")
    closed_by = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=200, blank=True, default="")

    class Meta(Bargain.Meta):
        ordering = ["number"]
        constraints = [
            *Bargain.Meta.constraints,
            models.UniqueConstraint(fields=["thread", "number"], name="one_offer_per_number"),
            models.UniqueConstraint(
                fields=["thread"], condition=Q(status__in=STANDING), name="one_live_offer_per_thread"
            ),
            models.UniqueConstraint(
                fields=["thread"], condition=Q(status="accepted"), name="one_accepted_offer_per_thread"
            ),
            models.CheckConstraint(
                condition=Q(number__gte=1, number__lte=MOST_COUNTERS + 1), name="thread_has_ten_counters_at_most"
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=F("made_at")), name="offer_ends_after_it_is_made"),
            models.CheckConstraint(
                condition=Q(status__in=STANDING, closed_at__isnull=True)
                | (~Q(status__in=STANDING) & Q(closed_at__isnull=False)),
                name="closed_offer_says_when",
            ),
        ]
        indexes = [
            # services.expire_offers: what is due
            models.Index(fields=["expires_at"], condition=Q(status="live"), name="offer_due"),
        ]

    def __str__(self) -> str:
        return self.public_id
