"""Tours: what a truck does from its first departure until it is home; a truck has one at a time."""

from functools import partial

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from carriers.models import Driver, ReturnLeg, Trailer, Truck
from foundation.accounts.models import Organization
from foundation.trade.fields import PublicIdField
from foundation.trade.ids import new_id

_AWAY = Func("starts_at", "ends_at", RangeBoundary(), function="TSTZRANGE", output_field=DateTimeRangeField())


class TourStatus(models.TextChoices):
    """Where a tour stands."""

    PLANNED = "planned", "Planned"
    CANCELLED = "cancelled", "Cancelled"


TOUR_MOVES: dict[str, frozenset[str]] = {
    TourStatus.PLANNED: frozenset({TourStatus.CANCELLED}),
    TourStatus.CANCELLED: frozenset(),
}


def _in_one_place(unit: str) -> ExclusionConstraint:
    """Return the rule that a truck, driver or trailer is on one planned tour at a time.

    Neither end of the range is null and `tour_starts_before_it_ends` keeps it from being empty, so no row escapes.
    """
    return ExclusionConstraint(
        expressions=[(unit, RangeOperators.EQUAL), (_AWAY, RangeOperators.OVERLAPS)],
        condition=Q(status="planned"),
        name=f"{unit}_is_in_one_place",
    )


class Tour(models.Model):
    """A truck, its driver and trailer, from the first departure to the end: home, or where an outbound load is empty.

    `leg` is the return leg that it drives home on; None for outbound loads, where `start` is the place that the truck
    leaves from, as it was when it was booked, whatever becomes of its home base. Its loads are its live bookings.
    Figures are the engine's, of the tour as a whole; `steps` is the planned time line that it gave, private to the
    carrier.
    """

    public_id = PublicIdField(default=partial(new_id, "tour"))
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="tours")
    truck = models.ForeignKey(Truck, models.PROTECT, related_name="tours")
    driver = models.ForeignKey(Driver, models.PROTECT, null=True, blank=True, related_name="tours")
    trailer = models.ForeignKey(Trailer, models.PROTECT, null=True, blank=True, related_name="tours")
    leg = models.ForeignKey(ReturnLeg, models.PROTECT, null=True, blank=True, related_name="tours")
    status = models.CharField(max_length=10, choices=TourStatus.choices, default=TourStatus.PLANNED)
    version = models.PositiveIntegerField(default=1)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    loaded_miles = models.FloatField(default=0)
    empty_miles = models.FloatField(default=0)
    steps = models.JSONField(default=list)
    start = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="tour_starts_before_it_ends"),
            models.UniqueConstraint(
                fields=["leg"], condition=Q(status="planned"), name="one_planned_tour_per_return_leg"
            ),
            _in_one_place("truck"),
            _in_one_place("driver"),
            _in_one_place("trailer"),
        ]
        indexes = [
            # queries.tours_of: a carrier's tours, the next first
            models.Index(fields=["organization", "-starts_at"], name="tour_by_organization"),
        ]

    def __str__(self) -> str:
        return self.public_id


class TourStop(models.Model):
    """One stop of a tour in driving order, with the planned times; `stop_sequence` is the stop's place in its load."""

    tour = models.ForeignKey(Tour, models.CASCADE, related_name="stops")
    booking = models.ForeignKey("brokers.Booking", models.CASCADE, related_name="tour_stops")
    sequence = models.PositiveSmallIntegerField()
    stop_sequence = models.PositiveSmallIntegerField()
    arrives_at = models.DateTimeField()
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    miles_before = models.FloatField(default=0)

    class Meta:
        ordering = ["sequence"]
        constraints = [
            models.UniqueConstraint(
                fields=["tour", "sequence"],
                name="one_stop_per_place_of_a_tour",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.UniqueConstraint(fields=["booking", "stop_sequence"], name="one_place_per_stop_of_a_booking"),
        ]
