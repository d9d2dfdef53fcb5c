"""A tour that has begun, planned anew: what the truck has done by the plan stands, and the engine judges the rest.

The whole tour is planned again from its departure, with each stop that the truck has reached held at its planned
minute. Where that would change anything that it has driven or served by now, the truck cannot do it any more.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from brokers.models import Booking, Tour, TourStop
from brokers.replanning import plan_anew
from brokers.terms import StopTime
from brokers.touring import PlannedTour, Standing, outbound_choice, shortest_out, start_of
from foundation.trade.errors import Conflict
from loads.models import Load

Times = Mapping[int, Sequence[StopTime]]

_DONE = frozenset({"drive", "service"})
_DRIVEN_ON = (
    "The truck is under way and cannot do this any more: it would have had to drive otherwise before now. "
    "Choose later times at the stops ahead."
)


def plan_under_way(
    *,
    tour: Tour,
    booking: Booking,
    loads: Sequence[Load],
    before: Times,
    times: Times,
    changes_freight: bool,
    now: datetime,
    fits: Callable[[PlannedTour], None],
) -> PlannedTour:
    """Return a begun tour as the engine plans it with these agreed times, `before` being those that stood.

    A truck that goes out may end at the last stop of any of its loads, as when it was booked. `fits` raises why a plan
    cannot be for what comes after it. Raises `Conflict` ("under_way") where a stop that the truck has reached by the
    plan would have another time, where the freight would change that is on board, and where the truck would have driven
    otherwise by now; or with the engine's sentence.
    """
    stops = list(tour.stops.select_related("booking__load").order_by("sequence"))
    reached = [stop for stop in stops if stop.arrives_at <= now]
    _check_reached(reached, before, times)
    if changes_freight and any(stop.booking_id == booking.pk for stop in reached):
        sentence = "The freight is on board by the plan, so its weight, length and pallets cannot change any more."
        raise Conflict("under_way", sentence)

    def can_be(plan: PlannedTour) -> None:
        if not _is_as_driven(tour, stops, reached, plan, now):
            raise Conflict("under_way", _DRIVEN_ON)
        fits(plan)

    return _planned(tour, loads, _held(reached, times), can_be)


def _check_reached(reached: Sequence[TourStop], before: Times, times: Times) -> None:
    for stop in reached:
        load = stop.booking.load
        if _window(before, stop) != _window(times, stop):
            city = load.stops.get(sequence=stop.stop_sequence).city
            sentence = f"The truck has reached {city} by the plan, so the time there cannot change any more."
            raise Conflict("under_way", f"{sentence} The stops ahead of it still can.")


def _window(times: Times, stop: TourStop) -> tuple[datetime, datetime]:
    """Return the window of a stop as agreed, or as posted where none was agreed."""
    agreed = {each.sequence: (each.opens_at, each.closes_at) for each in times.get(stop.booking.load_id, ())}
    if stop.stop_sequence in agreed:
        return agreed[stop.stop_sequence]
    posted = stop.booking.load.stops.get(sequence=stop.stop_sequence)
    return posted.opens_at, posted.closes_at


def _held(reached: Sequence[TourStop], times: Times) -> dict[int, tuple[StopTime, ...]]:
    """Return the times with each reached stop at its planned minute."""
    begins = {(stop.booking.load_id, stop.stop_sequence): stop.begins_at for stop in reached}
    found = {}
    for load_id, agreed in times.items():
        moments = [(each, begins.get((load_id, each.sequence))) for each in agreed]
        found[load_id] = tuple(each if at is None else replace(each, opens_at=at, closes_at=at) for each, at in moments)
    return found


def _planned(tour: Tour, loads: Sequence[Load], times: Times, can_be: Callable[[PlannedTour], None]) -> PlannedTour:
    if tour.leg is not None:
        return plan_anew(tour, loads, now=tour.starts_at, times=times, fits=can_be)
    # it has left by now: it drives on and waits at the stops, where a tour that has not begun would leave later
    begins = Standing(place=start_of(tour, tour.starts_at).place, since=tour.starts_at)
    chosen = outbound_choice(tour.organization, tour.truck, tour.trailer, tour.driver, None, begins, crew_is_fixed=True)
    return shortest_out(tour.organization, chosen, begins, loads, times, can_be, leaves_at_once=True)


def _is_as_driven(
    tour: Tour, stops: Sequence[TourStop], reached: Sequence[TourStop], plan: PlannedTour, now: datetime
) -> bool:
    """Say whether a plan agrees with all that the truck has done by now, and with where it is on its way to."""
    done = [(each.booking.load_id, each.stop_sequence, each.begins_at) for each in reached]
    planned = [(each.load.pk, each.stop_sequence, each.begins_at) for each in plan.stops[: len(done)]]
    if done != planned or _done(tour.steps, now) != _done(plan.steps, now):
        return False
    left_at = reached[-1].ends_at if reached else tour.starts_at
    is_driving = any(start >= left_at for kind, start, _ in _done(tour.steps, now) if kind == "drive")
    if not is_driving or len(reached) == len(stops):
        return True
    ahead, towards = stops[len(reached)], plan.stops[len(reached)]
    return (ahead.booking.load_id, ahead.stop_sequence) == (towards.load.pk, towards.stop_sequence)


def _done(steps: Sequence[Mapping[str, object]], now: datetime) -> list[tuple[str, datetime, datetime]]:
    """Return what was driven and served by now, each from when to when."""
    spans = [
        (str(step["kind"]), datetime.fromisoformat(str(step["start_at"])), datetime.fromisoformat(str(step["end_at"])))
        for step in steps
    ]
    return [(kind, start, min(end, now)) for kind, start, end in spans if kind in _DONE and start < now]
