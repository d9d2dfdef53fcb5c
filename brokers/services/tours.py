"""Writing tours: planned with the first booking, grown with each that joins, shrunk or cancelled when one leaves."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from brokers.booking_queries import live_bookings
from brokers.elsewhere import check_home, check_neighbours, in_two_places
from brokers.facts import tell_of_tour
from brokers.models import TOUR_MOVES, Booking, Tour, TourStatus, TourStop
from brokers.replanning import plan_anew
from brokers.services.outbound import leg_home_of
from brokers.touring import PlannedTour, agreed_times
from carriers.models import Driver, ReturnLeg, Trailer, Truck
from foundation.events.services import HasLabel
from foundation.places.place import Place
from foundation.trade.constraints import refusing
from foundation.trade.errors import Conflict, TradeError
from foundation.trade.kept import insert
from foundation.trade.status import change_status


def start_tour(
    *,
    plan: PlannedTour,
    truck: Truck,
    driver: Driver | None,
    trailer: Trailer | None,
    leg: ReturnLeg | None,
    start: Place | None = None,
    now: datetime,
) -> Tour:
    """Write a new tour's row; its stops come with its booking. `start` is where a truck that goes out leaves from.

    Raises `Conflict` where a unit is on another tour.
    """
    organization = truck.organization
    tour = Tour(
        organization=organization,
        truck=truck,
        driver=driver,
        trailer=trailer,
        leg=leg,
        start=None if start is None else asdict(start),
        created_at=now,
        **_figures(plan),
    )
    with refusing(_refusals(plan, truck, driver, trailer), undoes_all=True):
        insert(tour)
    return tour


def replan(*, tour: Tour, plan: PlannedTour) -> None:
    """Write a new plan into a locked tour's row; `write_stops` follows once its bookings stand.

    Raises `Conflict` where a unit is on another tour in the new time.
    """
    for name, value in _figures(plan).items():
        setattr(tour, name, value)
    tour.version += 1
    with refusing(_refusals(plan, tour.truck, tour.driver, tour.trailer)):
        tour.save()


def write_stops(*, tour: Tour, plan: PlannedTour, bookings: Sequence[Booking], is_new: bool = False) -> None:
    """Replace a tour's stops by those of its plan, each under the booking of its load; a new tour has none yet."""
    by_load = {booking.load_id: booking for booking in bookings}
    if not is_new:
        TourStop.objects.filter(tour=tour).delete()
    stops = [
        TourStop(
            tour=tour,
            booking=by_load[stop.load.pk],
            sequence=sequence,
            stop_sequence=stop.stop_sequence,
            arrives_at=stop.arrives_at,
            begins_at=stop.begins_at,
            ends_at=stop.ends_at,
            miles_before=stop.miles_before,
        )
        for sequence, stop in enumerate(plan.stops)
    ]
    insert(*stops)


def leave_tour(*, tour: Tour, booking: Booking, actor: HasLabel | str, now: datetime) -> None:
    """Take a cancelled booking off its locked tour, which is planned anew without it, or cancelled with its last one.

    A tour that has begun keeps the times of the stops that remain; so does one that cannot be planned anew, or not
    beside the truck's other tours. Nothing of that is a reason not to cancel.
    """
    TourStop.objects.filter(tour=tour, booking=booking).delete()
    remaining = live_bookings(tour)
    if not remaining:
        change_status(
            tour,
            to=TourStatus.CANCELLED,
            moves=TOUR_MOVES,
            fact=lambda row: tell_of_tour(row, actor),
            sentence="This tour was cancelled meanwhile.",
            cancelled_at=now,
        )
        return
    plan = None if tour.starts_at <= now else _without(tour, remaining, now)
    if plan is None or not _is_replanned(tour, plan, remaining):
        tour.version += 1
        tour.save(update_fields=["version"])
        _number_anew(tour)
    tell_of_tour(tour, actor)


def _is_replanned(tour: Tour, plan: PlannedTour, remaining: Sequence[Booking]) -> bool:
    """Write the plan, or leave the tour as it stood and say no where a unit is on another tour in the new time."""
    try:
        replan(tour=tour, plan=plan)
    except TradeError:
        tour.refresh_from_db(fields=[*_figures(plan), "version"])
        return False
    write_stops(tour=tour, plan=plan, bookings=remaining)
    return True


def _without(tour: Tour, remaining: Sequence[Booking], now: datetime) -> PlannedTour | None:
    """Return the tour of the bookings that remain; None where the engine has none, as after its first pickups closed.

    A tour out on whose leg home a load is booked keeps its plan too: that booking rests on where and when it ends. One
    after which the truck would be home too late is none.
    """
    if tour.leg is None and _is_followed(remaining):
        return None
    home = leg_home_of(remaining) if tour.leg is None else None

    def fits(plan: PlannedTour) -> None:
        check_home(plan, home)
        check_neighbours(plan, tour, home=home)

    try:
        return plan_anew(
            tour, [booking.load for booking in remaining], now=now, times=agreed_times(remaining), fits=fits
        )
    except TradeError:
        return None


def _is_followed(bookings: Sequence[Booking]) -> bool:
    """Say whether a load is booked on the leg home that these bookings opened."""
    legs = [booking.opened_leg_id for booking in bookings if booking.opened_leg_id is not None]
    return Tour.objects.filter(leg__in=legs, status=TourStatus.PLANNED).exists()


def _number_anew(tour: Tour) -> None:
    for sequence, stop in enumerate(tour.stops.order_by("sequence")):
        if stop.sequence != sequence:
            stop.sequence = sequence
            stop.save(update_fields=["sequence"])


def _figures(plan: PlannedTour) -> dict[str, object]:
    return {
        "starts_at": plan.starts_at,
        "ends_at": plan.ends_at,
        "loaded_miles": plan.loaded_miles,
        "empty_miles": plan.empty_miles,
        "steps": list(plan.steps),
    }


def _refusals(
    plan: PlannedTour, truck: Truck, driver: Driver | None, trailer: Trailer | None
) -> Mapping[str, TradeError]:
    """Return what each constraint of tours says: the name of the rule is the refusal's code."""
    units = (unit for unit in (truck, driver, trailer) if unit is not None)
    found: dict[str, TradeError] = {}
    for refusal in (in_two_places(plan, unit) for unit in units):
        found[refusal.code] = refusal
    rule = "one_planned_tour_per_return_leg"
    found[rule] = Conflict(rule, "This return leg was taken a moment ago. Reload to see what is booked on it.")
    return found
