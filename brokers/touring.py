"""Which tour a booking means: the truck on its way home, or going out from where it stands; planned by the engine.

Nothing is written here. What is read under locks by `services.booking` is read without them by whoever only asks.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, TypedDict, TypeVar, Unpack

from django.db.models import QuerySet

from brokers.booking_queries import live_bookings, tour_home_on
from brokers.crews import crew_problems
from brokers.models import Booking, Claim, Thread, Tour, TourStatus
from brokers.terms import StopTime, terms_of
from carriers.choices import Chosen, base_place, choose
from carriers.models import Driver, HomeBase, ReturnLeg, Trailer, Truck
from carriers.queries import driver_of, home_base_of, own_leg, trailer_of, truck_of
from carriers.road import way
from carriers.store import place_of
from carriers.terms import LegTerms
from foundation.accounts.models import Organization
from foundation.places.place import Place
from foundation.trade.errors import Conflict, FieldProblem, Invalid, NotFound, TradeError
from foundation.trade.posting import Status
from foundation.trade.rules import Problems
from loads.models import Load, Stop
from matching.engine.refusals import duration
from matching.touring import PlannedStop, PlannedTour, plan_home, plan_out

__all__ = [
    "NamedVehicle",
    "PlannedStop",
    "PlannedTour",
    "Standing",
    "Vehicle",
    "home_by_for",
    "live_bookings",
    "plan_tour",
    "standing_of",
    "vehicle_in",
    "vehicle_of",
]

HOME_AFTER_THE_WAY = timedelta(hours=48)
"""So long after the plain way home a truck may come home where nobody says by when it must."""

_OUT_OF_THE_WAY = timedelta(days=60)
_HOME_BY_NOW = timedelta(days=7)
"""A truck that ended a tour so long ago, and on no leg home, is taken to be at home."""

Unit = TypeVar("Unit", Truck, Trailer, Driver, HomeBase, ReturnLeg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """With what a carrier hauls: its truck, on a leg home or without one; then home to a base, by an instant or not.

    Driver and trailer None are the truck's usual ones, or those of the leg.
    """

    truck: Truck
    leg: ReturnLeg | None = None
    driver: Driver | None = None
    trailer: Trailer | None = None
    home_base: HomeBase | None = None
    return_home_by: datetime | None = None

    def columns(self) -> dict[str, Any]:
        """Return it as the columns of a thread or claim, which keep the same; what the leg was posted with is left to
        the leg, which may be edited.
        """
        own = (None, None) if self.leg is None else (self.leg.driver, self.leg.trailer)
        crew = {"driver": self.driver, "trailer": self.trailer}
        left = {noun: None for (noun, unit), its in zip(crew.items(), own, strict=True) if unit == its}
        return {each.name: getattr(self, each.name) for each in fields(self)} | left


def vehicle_in(row: Thread | Claim) -> Vehicle:
    """Return with what a negotiation of carriage, or a claim, is to be hauled."""
    assert row.truck is not None, "a thread of carriage has a truck"
    return Vehicle(
        truck=row.truck,
        leg=row.leg,
        driver=row.driver,
        trailer=row.trailer,
        home_base=row.home_base,
        return_home_by=row.return_home_by,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a truck stands before an outbound load: a place, and from when on it can leave."""

    place: Place
    since: datetime


class NamedVehicle(TypedDict, total=False):
    """With what a carrier would haul, as it is named: public ids, "" or left out where none is.

    With a leg its truck need not be named. Driver, trailer and home base are the leg's or the truck's usual ones where
    they are not; `return_home_by` is for a truck that goes out.
    """

    truck_id: str
    leg_id: str
    driver_id: str
    trailer_id: str
    home_base_id: str
    return_home_by: datetime | None


def vehicle_of(carrier: Organization, **named: Unpack[NamedVehicle]) -> Vehicle:
    """Return what is named in the carrier's own fleet; with a leg its truck need not be named.

    Raises `Invalid` with a sentence beside each field that names nothing, or a truck, driver or trailer that is not the
    leg's.
    """
    problems = Problems()
    leg = _found(problems, "leg", named.get("leg_id", ""), own_leg, carrier)
    truck_id = named.get("truck_id", "") or (leg.truck.public_id if leg is not None else "")
    is_legs = leg is not None and truck_id == leg.truck.public_id
    truck = leg.truck if leg is not None and is_legs else _found(problems, "truck", truck_id, truck_of, carrier)
    if truck is None and not truck_id and not problems.has("leg"):
        problems.add("truck", "required", "Choose the truck that takes it.")
    if truck is not None and truck.archived_at is not None:
        problems.add("truck", "archived", f"Truck {truck} is out of service. Choose another.")
    if truck is not None and leg is not None and leg.truck_id != truck.pk:
        problems.add("leg", "other_truck", f"That return leg is of truck {leg.truck}, not of truck {truck}.")
    driver = _found(problems, "driver", named.get("driver_id", ""), driver_of, carrier)
    trailer = _found(problems, "trailer", named.get("trailer_id", ""), trailer_of, carrier)
    home_base = _found(problems, "home_base", named.get("home_base_id", ""), home_base_of, carrier)
    if leg is not None and (driver, trailer) != (None, None):
        for wrong in crew_problems(leg, tour_home_on(leg), driver=driver, trailer=trailer):
            problems.add(wrong.field, wrong.code, wrong.sentence)
    problems.settle()
    assert truck is not None
    return Vehicle(
        truck=truck,
        leg=leg,
        driver=driver,
        trailer=trailer,
        home_base=home_base,
        return_home_by=named.get("return_home_by"),
    )


def plan_tour(
    *,
    organization: Organization,
    truck: Truck,
    trailer: Trailer | None,
    driver: Driver | None,
    leg: ReturnLeg | None,
    loads: Sequence[Load],
    home_base: HomeBase | None,
    now: datetime,
    already: Sequence[Load] = (),
    times: Mapping[int, Sequence[StopTime]] | None = None,
    standing: Standing | None = None,
    crew_is_fixed: bool = False,
    fits: Callable[[PlannedTour], None] | None = None,
) -> PlannedTour:
    """Return the engine's tour for these loads beside those that are on it `already`.

    `times` holds the agreed windows by the load's key; stops that are not named keep the load's own. With a leg the
    truck goes home. Without one it departs, as late as is legal, from where `standing` says (its home base, or where
    its last tour ends, unless told otherwise), and the tour ends where it is empty. `crew_is_fixed` says that no driver
    or trailer named means none, and not the usual ones. `fits` raises why a tour out cannot be for what comes after it:
    then one that ends elsewhere is tried. Raises `Conflict` ("cannot_carry", "too_late") with the engine's sentence,
    `Invalid` when nobody knows where the truck stands, and what `fits` raises of the shortest.
    """
    agreed = times or {}
    every = [*already, *loads]
    if leg is not None:
        return plan_home(leg=_whole(leg), loads=every, times=agreed, not_before=now)
    begins = standing or standing_of(truck, home_base, now, before=latest_pickup(loads[0], agreed))
    chosen = outbound_choice(organization, truck, trailer, driver, home_base, begins, crew_is_fixed=crew_is_fixed)
    return shortest_out(organization, chosen, begins, every, agreed, fits)


def shortest_out(
    organization: Organization,
    chosen: Chosen,
    begins: Standing,
    loads: Sequence[Load],
    times: Mapping[int, Sequence[StopTime]],
    fits: Callable[[PlannedTour], None] | None,
    *,
    leaves_at_once: bool = False,
) -> PlannedTour:
    """Return the tour out that drives fewest miles of those that end at the last stop of any of the loads, and fit.

    `leaves_at_once` is for a truck that has left by now, and waits at its stops. Raises `Conflict` where none can be
    driven, with why not for the one that was added last; where none fits, what `fits` raises of the shortest.
    """
    found: list[PlannedTour] = []
    refused: TradeError | None = None
    for load in reversed(loads):
        try:
            out = going_out(organization, chosen, begins, load.last_stop)
            found.append(plan_out(truck=out, loads=loads, times=times, leaves_at_once=leaves_at_once))
        except Conflict as refusal:
            refused = refused or refusal
    if found:
        refused = None
    for plan in sorted(found, key=lambda plan: (round(plan.loaded_miles + plan.empty_miles, 1), plan.ends_at)):
        try:
            if fits is not None:
                fits(plan)
            return plan
        except (Conflict, Invalid) as refusal:
            refused = refused or refusal
    assert refused is not None
    raise refused


def end_of_plan(plan: PlannedTour) -> Place:
    """Return where a planned tour out leaves the truck empty."""
    last = plan.stops[-1]
    return stop_place(last.load.stops.all()[last.stop_sequence])


def start_of(tour: Tour, now: datetime) -> Standing:
    """Return where the truck of an outbound tour that has not begun leaves from, as booked, and from when on it can.

    Raises `Invalid` where that was not written down and nobody knows where the truck stands.
    """
    if tour.start is None:
        return standing_of(tour.truck, None, now, before=tour.starts_at, but=tour)
    earlier = planned_tours(tour.truck).filter(starts_at__lt=tour.starts_at).exclude(pk=tour.pk)
    last = earlier.order_by("-ends_at").select_related("leg").first()
    since = now if last is None else _back_home_at(last, now) or last.ends_at
    return Standing(place=Place(**tour.start), since=max(now, min(since, tour.starts_at)))


def standing_of(
    truck: Truck, home_base: HomeBase | None, now: datetime, *, before: datetime, but: Tour | None = None
) -> Standing:
    """Return where the truck stands for a load whose pickup closes at `before`, and from when on it can leave.

    That is where the last tour that begins before then ends; or at home, once it is back on the leg that opened there.
    `but` is a tour that is being planned anew, and so does not count. Raises `Conflict` ("too_late") when the truck is
    on a tour until then or longer, `Invalid` when it has no tour and no home base.
    """
    base = home_base or truck.home_base
    earlier = planned_tours(truck).filter(starts_at__lt=before)
    if but is not None:
        earlier = earlier.exclude(pk=but.pk)
    last = earlier.order_by("-ends_at").select_related("leg").first()
    if last is not None:
        if last.ends_at >= before:  # said at once: who waits for this truck's lock need not wait for an engine as well
            late = duration((last.ends_at - before) / timedelta(minutes=1))
            sentence = f"Truck {truck} is on another tour, which ends {late} after this pickup closes."
            raise Conflict("too_late", sentence)
        back_at = _back_home_at(last, now)
        if base is None or back_at is None or back_at > before:
            return Standing(place=end_of(last), since=max(now, last.ends_at))
        return Standing(place=base_place(base), since=max(now, back_at))
    if base is None:
        sentence = f"Nobody knows where truck {truck} stands. Choose its home base."
        raise Invalid([FieldProblem("home_base", "required", sentence)])
    return Standing(place=base_place(base), since=now)


def _back_home_at(tour: Tour, now: datetime) -> datetime | None:
    """Return when the truck is home after a tour that ended elsewhere; None where its way home is not settled."""
    if tour.leg is not None:
        return None  # the tour itself ends at home
    keys = tour.bookings.filter(opened_leg__isnull=False).values_list("opened_leg_id", flat=True)
    opened = ReturnLeg.objects.filter(pk__in=[key for key in keys if key is not None])
    leg = opened.exclude(status__in=[Status.WITHDRAWN, Status.DRAFT]).order_by("-home_by").first()
    if leg is not None:
        return leg.home_by
    return tour.ends_at + _HOME_BY_NOW if tour.ends_at + _HOME_BY_NOW <= now else None


def latest_pickup(load: Load, times: Mapping[int, Sequence[StopTime]]) -> datetime:
    """Return when the first pickup closes, as agreed or else as posted."""
    agreed = {time.sequence: time.closes_at for time in times.get(load.pk, ())}
    return agreed.get(0, load.first_stop.closes_at)


def planned_tours(truck: Truck) -> QuerySet[Tour]:
    """Return the tours that a truck is to drive, or has driven; cancelled ones are none."""
    return Tour.objects.filter(truck=truck, status=TourStatus.PLANNED)


def end_of(tour: Tour) -> Place:
    """Return where a tour ends: at its leg's home, or at its last stop."""
    if tour.leg is not None:
        return place_of(tour.leg, "home")
    last = tour.stops.select_related("booking__load").order_by("-sequence").first()
    if last is None:
        raise ValueError(f"{tour} has neither leg nor stops.")
    return stop_place(last.booking.load.stops.get(sequence=last.stop_sequence))


def stop_place(stop: Stop) -> Place:
    """Return where a stop lies, on its ZIP code's centroid, as all figures are."""
    return Place(stop.zip, stop.city, stop.state, stop.lat, stop.lon, stop.time_zone, "zip")


def agreed_times(bookings: Sequence[Booking]) -> dict[int, tuple[StopTime, ...]]:
    """Return the agreed windows of bookings by the load's key."""
    return {booking.load_id: terms_of(booking).stop_times for booking in bookings}


def home_by_for(plan: PlannedTour, delivery: Stop, home: Place, *, next_tour_at: datetime | None = None) -> datetime:
    """Return by when a truck that goes out may be home where nobody said: two days more than the plain way takes.

    Never later than its next tour begins.
    """
    latest = plan.ends_at + way(stop_place(delivery), home).expected() + HOME_AFTER_THE_WAY
    latest = latest.replace(second=0, microsecond=0)
    return latest if next_tour_at is None else min(latest, next_tour_at)


def outbound_choice(
    carrier: Organization,
    truck: Truck,
    trailer: Trailer | None,
    driver: Driver | None,
    home_base: HomeBase | None,
    begins: Standing,
    *,
    crew_is_fixed: bool = False,
) -> Chosen:
    """Return what a truck that goes out pulls, holds and offers, and its home; no driver or trailer named means the
    usual ones, or none where the crew is fixed. Raises `Invalid` for what is missing.
    """
    problems = Problems()
    unnamed = "" if crew_is_fixed else None
    terms = LegTerms(
        truck=truck.public_id,
        trailer=trailer.public_id if trailer is not None else unnamed,
        driver=driver.public_id if driver is not None else unnamed,
        home_base=home_base.public_id if home_base is not None else unnamed,
        home=begins.place if crew_is_fixed else None,  # where it goes home to was settled with the first load
        empty=begins.place,
        ready_at=begins.since,
        home_by=begins.since + _OUT_OF_THE_WAY,
    )
    chosen = choose(carrier, terms, problems)
    problems.settle()
    if chosen is None:
        raise AssertionError("a choice that failed has noted why")
    return chosen


def _whole(leg: ReturnLeg) -> ReturnLeg:
    """Return the leg with all that its truck takes: what booked partial loads have taken is counted by the engine."""
    twin = copy(leg)
    twin.weight_pounds = leg.weight_pounds + leg.taken_weight_pounds
    twin.length_feet = leg.length_feet + leg.taken_length_feet
    twin.pallets = leg.pallets + leg.taken_pallets
    twin.part_way_weight_pounds = twin.part_way_length_feet = twin.part_way_pallets = 0
    return twin


def going_out(carrier: Organization, chosen: Chosen, begins: Standing, delivery: Stop) -> ReturnLeg:
    """Return the leg, never stored, of a truck that goes from where it stands to where it is empty."""
    return ReturnLeg(
        id=0,
        organization=carrier,
        truck=chosen.truck,
        equipment=chosen.equipment,
        attributes=chosen.attributes,
        weight_pounds=chosen.weight_pounds,
        length_feet=chosen.length_feet,
        pallets=chosen.pallets,
        empty_lat=begins.place.lat,
        empty_lon=begins.place.lon,
        ready_at=begins.since,
        home_lat=delivery.lat,
        home_lon=delivery.lon,
        home_by=begins.since + _OUT_OF_THE_WAY,
        home_miles=0.0,
        status=Status.DRAFT,
    )


def _found(
    problems: Problems, field: str, public_id: str, find: Callable[[Organization, str], Unit], carrier: Organization
) -> Unit | None:
    """Return a unit of the carrier's own, None where none is named, or note that there is none of that name."""
    if not public_id:
        return None
    try:
        return find(carrier, public_id)
    except NotFound as absent:
        problems.add(field, "not_found", absent.sentence)
        return None
