"""Bookings: a load, its seller and a carrier, on terms that both agreed."""

from functools import partial

from django.db import models
from django.db.models import F, Q

from brokers.models.bargains import Bargain
from brokers.models.threads import Offer
from brokers.models.tours import Tour
from carriers.models import ReturnLeg
from foundation.accounts.models import Organization, Person
from foundation.trade.fields import PublicIdField
from foundation.trade.ids import new_id
from loads.models import Load


class BookingStatus(models.TextChoices):
    """Where a booking stands."""

    BOOKED = "booked", "Booked"
    CANCELLED = "cancelled", "Cancelled"


BOOKING_MOVES: dict[str, frozenset[str]] = {
    BookingStatus.BOOKED: frozenset({BookingStatus.CANCELLED}),
    BookingStatus.CANCELLED: frozenset(),
}


class CancelReason(models.TextChoices):
    """Why a booking fell through."""

    LOAD_NOT_READY = "load_not_ready", "The load is not ready or was cancelled by the customer"
    RATE_OR_TERMS = "rate_or_terms", "Terms were not kept"
    TRUCK_BROKE_DOWN = "truck_broke_down", "The truck broke down"
    DRIVER_OUT_OF_HOURS = "driver_out_of_hours", "The driver is out of hours or ill"
    NO_SHOW = "no_show", "The truck did not come"
    WEATHER = "weather", "Weather or a closed road"
    MISTAKE = "mistake", "Booked by mistake"
    OTHER = "other", "Another reason"


class Booking(Bargain):
    """A load that a carrier hauls, on a tour, on terms that never change but by an amendment that both accept.

    `load_version` is that of the terms that both accepted. `shipper_rate_cents` is what the shipper pays where a broker
    sells, None where the shipper sells itself; the carrier never reads it, the shipper never reads the carrier's rate.
    `offer` is what was accepted, None where the load was claimed as posted. `both_sides` is what the parties were told
    of who stood on both sides when it was booked, "" for nobody: a fact that outlives the relationship. Money of a
    cancellation is owed by `owed_by` to the other side by rule: `brokers.fallout`.
    """

    public_id = PublicIdField(default=partial(new_id, "bkg"))
    load = models.ForeignKey(Load, models.PROTECT, related_name="bookings")
    load_version = models.PositiveIntegerField()
    shipper = models.ForeignKey(Organization, models.PROTECT, related_name="bookings_as_shipper")
    seller = models.ForeignKey(Organization, models.PROTECT, related_name="bookings_as_seller")
    carrier = models.ForeignKey(Organization, models.PROTECT, related_name="bookings_as_carrier")
    shipper_rate_cents = models.PositiveIntegerField(null=True, blank=True)
    tour = models.ForeignKey(Tour, models.PROTECT, related_name="bookings")
    leg = models.ForeignKey(ReturnLeg, models.PROTECT, null=True, blank=True, related_name="bookings")
    opened_leg = models.ForeignKey(ReturnLeg, models.SET_NULL, null=True, blank=True, related_name="+")
    offer = models.OneToOneField(Offer, models.PROTECT, null=True, blank=True, related_name="booking")
    both_sides = models.TextField(blank=True, default="", editable=False)
    status = models.CharField(max_length=10, choices=BookingStatus.choices, default=BookingStatus.BOOKED)
    version = models.PositiveIntegerField(default=1)
    booked_at = models.DateTimeField()
    booked_by_organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    booked_by = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="+")
    amended_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_for = models.ForeignKey(Organization, models.PROTECT, null=True, blank=True, related_name="+")
    cancelled_by = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="+")
    cancel_reason = models.CharField(max_length=20, choices=CancelReason.choices, blank=True, default="")
    cancel_note = models.CharField(max_length=500, blank=True, default="")
    owed_by = models.ForeignKey(Organization, models.PROTECT, null=True, blank=True, related_name="+")
    owed_tonu_cents = models.PositiveIntegerField(default=0)
    owed_deadhead_cents = models.PositiveIntegerField(default=0)
    owed_deadhead_miles = models.FloatField(default=0)

    class Meta(Bargain.Meta):
        constraints = [
            *Bargain.Meta.constraints,
            models.UniqueConstraint(fields=["load"], condition=Q(status="booked"), name="one_live_booking_per_load"),
            models.CheckConstraint(
                condition=Q(shipper_rate_cents__isnull=True, seller=F("shipper"))
                | (Q(shipper_rate_cents__isnull=False) & ~Q(seller=F("shipper"))),
                name="brokered_booking_has_a_shipper_rate",
            ),
            models.CheckConstraint(
                condition=Q(status="cancelled", cancelled_at__isnull=False) & ~Q(cancel_reason="")
                | (~Q(status="cancelled") & Q(cancelled_at__isnull=True, cancel_reason="")),
                name="cancelled_booking_says_when_and_why",
            ),
        ]
        indexes = [
            # queries.bookings_of: an organization's bookings, newest first
            models.Index(fields=["carrier", "-id"], name="booking_by_carrier"),
            models.Index(fields=["seller", "-id"], name="booking_by_seller"),
            models.Index(fields=["shipper", "-id"], name="booking_by_shipper"),
        ]

    def __str__(self) -> str:
        return self.public_id
