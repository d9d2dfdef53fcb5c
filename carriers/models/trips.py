"""Trips out and the empty return legs that follow from them."""

from functools import partial

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary, RangeOperators
from django.contrib.postgres.indexes import GistIndex
from django.db import models
from django.db.models import F, Func, Q

from carriers.models import reach
from carriers.models.fleet import Driver, HomeBase, Trailer, Truck
from foundation.accounts.models import Organization
from foundation.trade.equipment import TRUCK_EQUIPMENT_CHOICES
from foundation.trade.fields import PublicIdField
from foundation.trade.ids import new_id
from foundation.trade.posting import Posting, Status

_BUSY = Func("ready_at", "home_by", RangeBoundary(), function="TSTZRANGE", output_field=DateTimeRangeField())


class Trip(models.Model):
    """The headhaul: an outbound load, from where to where, and when it will be empty. Private to the carrier."""

    public_id = PublicIdField(default=partial(new_id, "trip"))
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="trips")
    truck = models.ForeignKey(Truck, models.PROTECT, related_name="trips")
    from_city = models.CharField(max_length=80)
    from_state = models.CharField(max_length=2)
    from_zip = models.CharField(max_length=5)
    to_city = models.CharField(max_length=80)
    to_state = models.CharField(max_length=2)
    to_zip = models.CharField(max_length=5)
    departs_at = models.DateTimeField()
    empties_at = models.DateTimeField()
    reference = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(empties_at__gt=F("departs_at")), name="trip_departs_before_it_empties")
        ]


class ReturnLeg(Posting):
    """An empty trip home: where and when the truck empties, where and by when it must be home, and its limits.

    Coordinates are ZIP centroids; `empty_area` is the centre of the city, by which the market may search. Limits of
    None mean no limit. The driver's clock (minutes left) and the costs behind it are private; None is unknown. Terms
    of the truck are copied, so that a later change of the truck changes no posting. `expires_at` is the last instant
    at which it could leave for home, empty and at legal hours, and still be home in time: after that no load can help
    it. Weight, length and pallets are what is free all the way; `taken_*` is what booked partial loads take of the leg
    at the fullest stretch, `part_way_*` how much more than all the way is free on some stretch. Of a leg that a booking
    of its truck opened, `tour_starts_at` and `tour_ends_at` say when the truck is on the planned tour that leaves it
    where the leg begins.
    """

    public_id = PublicIdField(default=partial(new_id, "leg"))
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="legs")
    truck = models.ForeignKey(Truck, models.PROTECT, related_name="legs")
    trailer = models.ForeignKey(Trailer, models.PROTECT, null=True, blank=True, related_name="legs")
    driver = models.ForeignKey(Driver, models.PROTECT, null=True, blank=True, related_name="legs")
    trip = models.OneToOneField(Trip, models.PROTECT, null=True, blank=True, related_name="leg")
    home_base = models.ForeignKey(HomeBase, models.PROTECT, null=True, blank=True, related_name="legs")
    equipment = models.CharField(max_length=2, choices=TRUCK_EQUIPMENT_CHOICES)
    attributes = models.PositiveIntegerField(default=0)
    weight_pounds = models.PositiveIntegerField()
    length_feet = models.PositiveIntegerField()
    pallets = models.PositiveIntegerField(default=0)
    taken_weight_pounds = models.PositiveIntegerField(default=0)
    taken_length_feet = models.PositiveIntegerField(default=0)
    taken_pallets = models.PositiveIntegerField(default=0)
    part_way_weight_pounds = models.PositiveIntegerField(default=0)
    part_way_length_feet = models.PositiveIntegerField(default=0)
    part_way_pallets = models.PositiveIntegerField(default=0)
    empty_city = models.CharField(max_length=80)
    empty_state = models.CharField(max_length=2)
    empty_zip = models.CharField(max_length=5)
    empty_lat = models.FloatField()
    empty_lon = models.FloatField()
    empty_area_lat = models.FloatField()
    empty_area_lon = models.FloatField()
    empty_time_zone = models.CharField(max_length=64)
    ready_at = models.DateTimeField()
    home_city = models.CharField(max_length=80)
    home_state = models.CharField(max_length=2)
    home_zip = models.CharField(max_length=5)
    home_lat = models.FloatField()
    home_lon = models.FloatField()
    home_time_zone = models.CharField(max_length=64)
    home_by = models.DateTimeField()
    max_pickup_deadhead_miles = models.PositiveIntegerField(null=True, blank=True)
    max_home_deadhead_miles = models.PositiveIntegerField(null=True, blank=True)
    max_out_of_route_miles = models.PositiveIntegerField(null=True, blank=True)
    drive_minutes_left = models.PositiveSmallIntegerField(null=True, blank=True)
    shift_minutes_left = models.PositiveSmallIntegerField(null=True, blank=True)
    break_minutes_left = models.PositiveSmallIntegerField(null=True, blank=True)
    cycle_minutes_left = models.PositiveSmallIntegerField(null=True, blank=True)
    tour_starts_at = models.DateTimeField(null=True, blank=True)
    tour_ends_at = models.DateTimeField(null=True, blank=True)
    # derived when saved
    home_miles = models.FloatField()
    # computed by the database: the box of every place where it could pick something up
    reach_south = models.GeneratedField(expression=reach.south(), output_field=models.FloatField(), db_persist=True)
    reach_west = models.GeneratedField(expression=reach.west(), output_field=models.FloatField(), db_persist=True)
    reach_north = models.GeneratedField(expression=reach.north(), output_field=models.FloatField(), db_persist=True)
    reach_east = models.GeneratedField(expression=reach.east(), output_field=models.FloatField(), db_persist=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "external_id"], condition=~Q(external_id=""), name="one_leg_per_external_id"
            ),
            models.UniqueConstraint(
                fields=["organization", "form_token"], condition=~Q(form_token=""), name="one_leg_per_form"
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.OPEN) | Q(confirmed_at__isnull=False, expires_at__isnull=False),
                name="open_leg_is_confirmed_and_expires",
            ),
            models.CheckConstraint(condition=Q(home_by__gt=F("ready_at")), name="leg_is_ready_before_it_must_be_home"),
            models.CheckConstraint(
                condition=Q(tour_starts_at__isnull=True, tour_ends_at__isnull=True)
                | Q(tour_starts_at__isnull=False, tour_ends_at__gt=F("tour_starts_at")),
                name="leg_follows_a_tour_that_starts_before_it_ends",
            ),
            models.CheckConstraint(
                condition=~Q(audience="partners_first") | Q(partners_first_until__isnull=False),
                name="leg_for_partners_first_says_until_when",
            ),
            # Neither side of the range is null and the check above keeps it from being empty, so no row escapes.
            ExclusionConstraint(
                expressions=[("truck", RangeOperators.EQUAL), (_BUSY, RangeOperators.OVERLAPS)],
                condition=Q(status__in=[Status.OPEN, Status.COVERED]),
                name="truck_has_one_leg_at_a_time",
            ),
        ]
        indexes = [
            # whereabouts: where the truck's booked tours leave it, and when
            models.Index(
                fields=["truck", "tour_ends_at"], condition=Q(tour_ends_at__isnull=False), name="leg_after_a_tour"
            ),
            # queries.own_legs: the carrier's list
            models.Index(fields=["organization", "status", "-id"], name="leg_by_organization"),
            # matching.candidates: open legs that reach a load's pickup
            GistIndex(
                Func(
                    Func("reach_west", "reach_south", function="point", output_field=models.FloatField()),
                    Func("reach_east", "reach_north", function="point", output_field=models.FloatField()),
                    function="box",
                    output_field=models.FloatField(),
                ),
                condition=Q(status=Status.OPEN),
                name="leg_open_by_reach",
            ),
            # queries.visible_legs: freshest first; life_cycle.due and to_be_asked: long unconfirmed
            models.Index(
                fields=["-confirmed_at", "-id"], condition=Q(status=Status.OPEN), name="leg_open_by_confirmation"
            ),
            # life_cycle.due: postings that can no longer be home in time
            models.Index(fields=["expires_at"], condition=Q(status=Status.OPEN), name="leg_open_by_expiry"),
        ]

    def __str__(self) -> str:
        return str(self.public_id)

    @property
    def is_shared(self) -> bool:
        """Whether booked partial loads have taken of it."""
        return bool(self.taken_weight_pounds or self.taken_length_feet or self.taken_pallets)

    @property
    def most_weight_pounds(self) -> int:
        """What is free on the roomiest stretch."""
        return self.weight_pounds + self.part_way_weight_pounds

    @property
    def most_length_feet(self) -> int:
        """What is free on the roomiest stretch."""
        return self.length_feet + self.part_way_length_feet

    @property
    def most_pallets(self) -> int:
        """What is free on the roomiest stretch."""
        return self.pallets + self.part_way_pallets

    @property
    def has_more_part_way(self) -> bool:
        """Whether some stretch has more room than there is all the way."""
        return bool(self.part_way_weight_pounds or self.part_way_length_feet or self.part_way_pallets)
