"""Where else a truck, its driver and trailer are promised, asked before anything is written.

What may exist once is a constraint in the end. Whoever only asks, and whoever may still choose another tour, hears from
here what that would say, in its own words. Nobody is in two places; what touches may follow one another.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import F, Q

from brokers.models import Tour, TourStatus
from brokers.touring import PlannedTour, end_of_plan, planned_tours, stop_place
from carriers.models import Driver, ReturnLeg, Trailer, Truck
from carriers.road import way
from carriers.rules import said
from carriers.services.booked import check_beginning, check_free
from carriers.store import place_of
from foundation.places.place import Place
from foundation.trade.equipment import Attribute
from foundation.trade.errors import Conflict
from foundation.trade.posting import Status
from foundation.trade.windows import local
from loads.models import Stop
from matching.engine.refusals import duration

Unit = Truck | Driver | Trailer


def in_two_places(plan: PlannedTour, unit: Unit) -> Conflict:
    """Return why a unit cannot be on a tour in whose time it is on another."""
    noun = type(unit).__name__.lower()
    name = unit.name if isinstance(unit, Driver) else f"{noun.capitalize()} {unit}"
    zone = unit.organization.time_zone
    span = f"{local(plan.starts_at, zone):%a %b %-d, %H:%M} to {local(plan.ends_at, zone):%a %b %-d, %H:%M %Z}"
    sentence = (
        f"{name} is on another tour in that time ({span}), and nobody is in two places. "
        f"Choose another {noun}, or cancel the other booking first."
    )
    return Conflict(f"{noun}_is_in_one_place", sentence)


def check_units(
    plan: PlannedTour, *, truck: Truck, driver: Driver | None, trailer: Trailer | None, but: Tour | None = None
) -> None:
    """Raise `Conflict` where a unit is on another tour than `but` in a plan's time, as writing it would: the truck
    first, then driver and trailer.
    """
    units: dict[str, Unit | None] = {"truck": truck, "driver": driver, "trailer": trailer}
    named = Q()
    for noun, unit in units.items():
        named |= Q(**{noun: unit}) if unit is not None else Q()
    tours = Tour.objects.filter(named, status=TourStatus.PLANNED)
    tours = tours.filter(starts_at__lt=plan.ends_at, ends_at__gt=plan.starts_at)
    if but is not None:
        tours = tours.exclude(pk=but.pk)
    elsewhere = list(tours.values_list("truck_id", "driver_id", "trailer_id"))
    for place, unit in enumerate(units.values()):
        if unit is not None and any(keys[place] == unit.pk for keys in elsewhere):
            raise in_two_places(plan, unit)


def check_between(
    plan: PlannedTour, truck: Truck, *, begins: Place, ends: Place, others: Iterable[Tour], team: bool = False
) -> None:
    """Raise `Conflict` ("too_late") where the truck's other tours leave it no time to be where a plan begins, or where
    its next tour does: the road between two tours takes what a rested driver, or a team, needs at legal hours.

    Tours in the plan's own time are for `check_units` and the constraints; of one that nobody knows the place of,
    nothing is said.
    """
    tours = list(others)
    before = max((tour for tour in tours if tour.ends_at <= plan.starts_at), key=_ending, default=None)
    left_at = None if before is None else place_after(before)
    if before is not None and left_at is not None:
        takes, miles = _legal_way(left_at, begins, team=team)
        if before.ends_at + takes > plan.starts_at:
            raise Conflict(
                "too_late",
                f"Truck {truck} is empty in {left_at.city}, {left_at.state} on {said(before.ends_at, left_at)} by its "
                f"last tour before this, and is not in {begins.city}, {begins.state} before "
                f"{said(before.ends_at + takes, begins)}: {miles:,.0f} mi take {_hours(takes)} at legal hours. "
                "Choose another truck, or a return leg that begins when the truck can be there.",
            )
    after = min((tour for tour in tours if tour.starts_at >= plan.ends_at), key=_beginning, default=None)
    leaves_from = None if after is None else place_before(after)
    if after is not None and leaves_from is not None:
        takes, miles = _legal_way(ends, leaves_from, team=team)
        if plan.ends_at + takes > after.starts_at:
            raise Conflict(
                "too_late",
                f"Truck {truck} would be empty in {ends.city}, {ends.state} on {said(plan.ends_at, ends)}. Its next "
                f"tour begins in {leaves_from.city}, {leaves_from.state} on {said(after.starts_at, leaves_from)}, and "
                f"it is not there by then: {miles:,.0f} mi take {_hours(takes)} at legal hours. Choose another truck, "
                "or cancel the other booking first.",
            )


def place_before(tour: Tour) -> Place | None:
    """Return where the truck of a tour leaves from: where its leg home begins, or what was written down for a tour out;
    None where nothing was.
    """
    if tour.leg is not None:
        return place_of(tour.leg, "empty")
    return None if tour.start is None else Place(**tour.start)


def place_after(tour: Tour) -> Place | None:
    """Return where a tour leaves its truck: at its leg's home, or at its last stop; None where it has none."""
    if tour.leg is not None:
        return place_of(tour.leg, "home")
    on_tour = Stop.objects.filter(
        load__bookings__tour_stops__tour=tour, sequence=F("load__bookings__tour_stops__stop_sequence")
    )
    last = on_tour.order_by("-load__bookings__tour_stops__sequence").first()
    return None if last is None else stop_place(last)


def check_promises(plan: PlannedTour, truck: Truck, *, home: ReturnLeg | None, was: Tour | None = None) -> None:
    """Raise `Conflict` where the truck is on the market, empty on its way home, in the time of a tour out.

    `home` is the leg home of that very tour, which moves with it. What stood in the way of a tour that is planned
    anew, `was`, is its carrier's own doing and stays so.
    """
    promised = ReturnLeg.objects.filter(_in_time(plan), truck=truck, status__in=[Status.OPEN, Status.COVERED])
    if home is not None:
        promised = promised.exclude(pk=home.pk)
    if was is not None:
        promised = promised.exclude(_in_time(was))
    other = promised.order_by("ready_at").first()
    if other is not None:
        raise Conflict(
            "truck_is_promised",
            f"Truck {truck} is on the market with a return leg from {other.empty_city}, {other.empty_state} "
            "in that time. Take the load on that leg, or withdraw the leg first.",
        )


def check_home(plan: PlannedTour, home: ReturnLeg | None) -> None:
    """Raise `Conflict` where the leg home of a tour out cannot begin where and when the plan ends."""
    if home is None:
        return
    prepared = check_beginning(leg=home, empty=end_of_plan(plan), ready_at=plan.ends_at)
    if prepared is not None:
        check_free(prepared, but=home)


def check_moved(plan: PlannedTour, tour: Tour, *, home: ReturnLeg | None) -> None:
    """Raise `Conflict` where a tour that is planned anew, `home` its leg home if it goes out, cannot be so beside all
    that its truck, driver and trailer are promised for.
    """
    if tour.leg_id is None:
        check_promises(plan, tour.truck, home=home, was=tour)
        check_home(plan, home)
    check_units(plan, truck=tour.truck, driver=tour.driver, trailer=tour.trailer, but=tour)
    check_neighbours(plan, tour, home=home)


def check_neighbours(plan: PlannedTour, tour: Tour, *, home: ReturnLeg | None) -> None:
    """Raise `Conflict` ("too_late") where a tour that is planned anew leaves its truck no time to come from the tour
    before, or to reach the next one; the tour on its own leg home is for `check_home`.
    """
    begins = place_before(tour)
    if begins is None:
        return
    leg = tour.leg or home
    others = planned_tours(tour.truck).exclude(pk=tour.pk).select_related("leg")
    if home is not None:
        others = others.exclude(leg=home)
    check_between(
        plan,
        tour.truck,
        begins=begins,
        ends=end_of_plan(plan) if tour.leg is None else place_of(tour.leg, "home"),
        others=others,
        team=drives_as_team(leg),
    )


def drives_as_team(leg: ReturnLeg | None) -> bool:
    """Say whether the truck of a leg is driven by two in turns."""
    return leg is not None and bool(leg.attributes & Attribute.TEAM)


def _in_time(span: PlannedTour | Tour) -> Q:
    """Return which legs begin before a tour ends and end after it begins."""
    return Q(ready_at__lt=span.ends_at, home_by__gt=span.starts_at)


def _legal_way(start: Place, end: Place, *, team: bool) -> tuple[timedelta, float]:
    """Return how long the road takes at legal hours, and its miles."""
    if (start.lat, start.lon) == (end.lat, end.lon):
        return timedelta(), 0.0
    road = way(start, end)
    return road.expected(team=team), road.miles


def _hours(takes: timedelta) -> str:
    return duration(takes / timedelta(minutes=1))


def _beginning(tour: Tour) -> datetime:
    return tour.starts_at


def _ending(tour: Tour) -> datetime:
    return tour.ends_at
