"""Where else a truck, its driver and trailer are promised, asked before anything is written.

What may exist once is a constraint in the end. Whoever only asks, and whoever may still choose another tour, hears from
here what that would say, in its own words. Nobody is in two places; what touches may follow one another.
"""

from django.db.models import Q

from brokers.models import Tour, TourStatus
from brokers.touring import PlannedTour, end_of_plan
from carriers.models import Driver, ReturnLeg, Trailer, Truck
from carriers.services.booked import check_beginning, check_free
from foundation.trade.errors import Conflict
from foundation.trade.posting import Status
from foundation.trade.windows import local

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
    busy = list(tours.values("truck_id", "driver_id", "trailer_id"))
    for noun, unit in units.items():
        if unit is not None and any(tour[f"{noun}_id"] == unit.pk for tour in busy):
            raise in_two_places(plan, unit)


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


def _in_time(span: PlannedTour | Tour) -> Q:
    """Return which legs begin before a tour ends and end after it begins."""
    return Q(ready_at__lt=span.ends_at, home_by__gt=span.starts_at)
