"""Loads and their stops."""

from functools import partial

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GistIndex
from django.db import models
from django.db.models import F, Func, Q

from foundation.accounts.models import Organization
from foundation.trade.equipment import LOAD_EQUIPMENT_CHOICES
from foundation.trade.fields import PublicIdField
from foundation.trade.ids import new_id
from foundation.trade.posting import Posting, Status


class LoadSize(models.TextChoices):
    """Whether the load takes the whole truck."""

    FULL = "full", "Full truckload"
    PARTIAL = "partial", "Partial"


class Load(Posting):
    """Freight that needs a truck, with its terms; its way is its stops.

    The first pickup and the last delivery are repeated here for the market's indexes, as ZIP centroids: no figure made
    from them gives an address away. The `area` points are the centres of the cities: the market sees no more than city
    and 3-digit ZIP, so it may search by no finer point. `rate_cents` None means open to offers. `attributes` is a bit
    set of `trade.equipment.Attribute`. `reserve_cents` is the highest rate the owner would pay, seen by the owner only.

    Towards carriers a load has one seller: its owner, or, once the owner has accepted a broker's tender, that broker
    (`seller`). Then `shipper_rate_cents` is what the owner pays the broker, and `rate_cents`, `book_now`, accessorial
    terms and days to pay are the broker's towards carriers; the owner reads none of these. `before_sale` keeps the
    owner's own, which return when the sale ends, and `seller_edits` counts the versions that the owner does not see.
    A version is what others deal on: `private_edits` counts the owner's changes that make none (`selling.is_material`).
    `book_now` opens a load with a rate to claims.
    """

    public_id = PublicIdField(default=partial(new_id, "load"))
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="loads")
    equipment = models.CharField(max_length=2, choices=LOAD_EQUIPMENT_CHOICES)
    size = models.CharField(max_length=8, choices=LoadSize.choices, default=LoadSize.FULL)
    attributes = models.PositiveIntegerField(default=0)
    weight_pounds = models.PositiveIntegerField()
    length_feet = models.PositiveIntegerField(default=53)
    pallets = models.PositiveIntegerField(default=0)
    commodity = models.CharField(max_length=80)
    hazmat_class = models.CharField(max_length=8, blank=True, default="")
    temperature_min_f = models.SmallIntegerField(null=True, blank=True)
    temperature_max_f = models.SmallIntegerField(null=True, blank=True)
    rate_cents = models.PositiveIntegerField(null=True, blank=True)
    reserve_cents = models.PositiveIntegerField(null=True, blank=True)
    book_now = models.BooleanField(default=False)
    instructions = models.TextField(max_length=2000, blank=True, default="")
    free_minutes = models.PositiveIntegerField(default=120)
    detention_cents_per_hour = models.PositiveIntegerField(default=0)
    tonu_cents = models.PositiveIntegerField(default=0)
    layover_cents = models.PositiveIntegerField(default=0)
    payment_days = models.PositiveSmallIntegerField(default=30)
    seller = models.ForeignKey(Organization, models.PROTECT, null=True, blank=True, related_name="loads_to_sell")
    shipper_rate_cents = models.PositiveIntegerField(null=True, blank=True)
    before_sale = models.JSONField(default=dict, blank=True)
    seller_edits = models.PositiveIntegerField(default=0)
    private_edits = models.PositiveIntegerField(default=0)
    # derived from the stops when saved
    pickup_lat = models.FloatField()
    pickup_lon = models.FloatField()
    pickup_area_lat = models.FloatField()
    pickup_area_lon = models.FloatField()
    pickup_state = models.CharField(max_length=2)
    pickup_opens_at = models.DateTimeField()
    pickup_closes_at = models.DateTimeField()
    delivery_lat = models.FloatField()
    delivery_lon = models.FloatField()
    delivery_area_lat = models.FloatField()
    delivery_area_lon = models.FloatField()
    delivery_state = models.CharField(max_length=2)
    delivery_closes_at = models.DateTimeField()
    loaded_miles = models.FloatField()
    truck_codes = ArrayField(models.CharField(max_length=2))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "external_id"],
                condition=~Q(external_id=""),
                name="one_load_per_external_id",
            ),
            models.UniqueConstraint(
                fields=["organization", "form_token"], condition=~Q(form_token=""), name="one_load_per_form"
            ),
            models.CheckConstraint(
                condition=Q(weight_pounds__gte=1, weight_pounds__lte=80_000), name="load_weighs_something"
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.OPEN) | Q(confirmed_at__isnull=False, expires_at__isnull=False),
                name="open_load_is_confirmed_and_expires",
            ),
            models.CheckConstraint(
                condition=Q(book_now=False) | Q(rate_cents__isnull=False), name="load_open_to_claims_has_a_rate"
            ),
            models.CheckConstraint(
                condition=Q(seller__isnull=True, shipper_rate_cents__isnull=True)
                | Q(seller__isnull=False, shipper_rate_cents__isnull=False),
                name="load_sold_by_a_broker_has_a_shipper_rate",
            ),
            models.CheckConstraint(
                condition=~Q(audience="partners_first") | Q(partners_first_until__isnull=False),
                name="load_for_partners_first_says_until_when",
            ),
        ]
        indexes = [
            # queries.own_loads: the shipper's list
            models.Index(fields=["organization", "status", "-id"], name="load_by_organization"),
            # queries.loads_to_sell: the broker's list
            models.Index(fields=["seller", "status", "-id"], condition=Q(seller__isnull=False), name="load_by_seller"),
            # matching.candidates: open loads by both ends, for a leg
            GistIndex(
                Func("pickup_lon", "pickup_lat", function="point", output_field=models.FloatField()),
                Func("delivery_lon", "delivery_lat", function="point", output_field=models.FloatField()),
                condition=Q(status=Status.OPEN),
                name="load_open_by_points",
            ),
            # queries.market_loads: freshest first; life_cycle.due and to_be_asked: long unconfirmed
            models.Index(
                fields=["-confirmed_at", "-id"], condition=Q(status=Status.OPEN), name="load_open_by_confirmation"
            ),
            # life_cycle.due: postings whose window has passed
            models.Index(fields=["expires_at"], condition=Q(status=Status.OPEN), name="load_open_by_expiry"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def sold_by(self) -> Organization:
        """The one seller towards carriers: the broker whose tender the owner accepted, or the owner."""
        return self.seller or self.organization

    @property
    def owners_version(self) -> int:
        """The version as the owner counts it: what a seller changed of its own terms is no version of the owner's."""
        return self.version - self.seller_edits

    @property
    def edition(self) -> int:
        """Which of the owner's edits this is, private ones too: what an edit is compared with, so that none is lost."""
        return self.owners_version + self.private_edits

    @property
    def first_stop(self) -> "Stop":
        """The first pickup; asks nothing when the stops are prefetched."""
        return next(iter(self.stops.all()))

    @property
    def last_stop(self) -> "Stop":
        """The last delivery; asks nothing when the stops are prefetched."""
        return list(self.stops.all())[-1]

    @property
    def lane(self) -> str:
        """From the first pickup to the last delivery: "Chicago, IL to Dallas, TX"."""
        return f"{self.first_stop.town} to {self.last_stop.town}"


class StopKind(models.TextChoices):
    """What happens at a stop."""

    PICKUP = "pickup", "Pickup"
    DELIVERY = "delivery", "Delivery"


class Stop(models.Model):
    """One pickup or delivery of a load, in order of `sequence` from 0, with its window in the stop's own zone.

    `lat` and `lon` are the ZIP's centroid, which figures are computed from; `exact_lat`, `exact_lon`, address, facility
    and instructions are for the parties of a booking.
    """

    load = models.ForeignKey(Load, models.CASCADE, related_name="stops")
    sequence = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=8, choices=StopKind.choices)
    city = models.CharField(max_length=80)
    state = models.CharField(max_length=2)
    zip = models.CharField(max_length=5)
    lat = models.FloatField()
    lon = models.FloatField()
    time_zone = models.CharField(max_length=64)
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    by_appointment = models.BooleanField(default=False)
    service_minutes = models.PositiveIntegerField(default=120)
    facility = models.CharField(max_length=120, blank=True, default="")
    address = models.CharField(max_length=200, blank=True, default="")
    exact_lat = models.FloatField(null=True, blank=True)
    exact_lon = models.FloatField(null=True, blank=True)
    instructions = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        ordering = ["sequence"]
        constraints = [
            models.UniqueConstraint(fields=["load", "sequence"], name="one_stop_per_place_in_the_order"),
            models.CheckConstraint(condition=Q(closes_at__gt=F("opens_at")), name="window_opens_before_it_closes"),
        ]

    @property
    def town(self) -> str:
        """Where it is, as finely as the market may know: "Chicago, IL"."""
        return f"{self.city}, {self.state}"
