"""Tours that people commit to, planned by the engine: the very rules of a match, on the terms that were agreed.

A match judges a pair as it was posted; a tour is planned when somebody books. The carrier's own limits on deadhead
miles choose what is proposed to it, and do not bind it when it books. Everything else is asked again: equipment, what
is on board together on every stretch, every window, home-by, and the driver's hours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol

import numpy as np

from carriers.models import ReturnLeg
from foundation.places.services import travel_oracle
from foundation.trade.errors import Conflict
from loads.models import Load
from matching.engine.columns import Ints
from matching.engine.explain import segments_of
from matching.engine.policy import Policy
from matching.engine.problem import Legs, Loads
from matching.engine.refusals import Refusal
from matching.engine.timeline import Segment, TimeLine
from matching.engine.tours import Tours, TourScores, best_insertions, chain_tours, score_tours, why_not_together
from matching.engine.tours.beside import TOO_LATE
from matching.engine.tours.drive import Driven, drive
from matching.engine.tours.insertion import MOST_LOADS, MOST_STOPS
from matching.engine.tours.layout import lay_out
from matching.engine.travel import TravelOracle
from matching.engine.why import rested
from matching.policies import current_policy
from matching.remembered import RememberedTravel
from matching.rows import earliest_minute, latest_minute, legs_as_columns, loads_as_columns
from matching.why_not import LATE

_NO_LIMIT = np.nan
_DEPARTURES_AT_ONCE = 48


class Window(Protocol):
    """When a stop is to be served, as both sides agreed."""

    @property
    def sequence(self) -> int:
        """The stop's place in its load."""

    @property
    def opens_at(self) -> datetime:
        """The first instant."""

    @property
    def closes_at(self) -> datetime:
        """The last instant."""


Times = Mapping[int, Sequence[Window]]
"""Agreed windows by the load's key; stops that are not named keep their posted ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStop:
    """One stop of a tour: whose, its place in the load, when the truck arrives, begins and ends, the miles to it."""

    load: Load
    stop_sequence: int
    arrives_at: datetime
    begins_at: datetime
    ends_at: datetime
    miles_before: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTour:
    """The engine's answer: from `starts_at` to `ends_at` with the stops in driving order, miles, and the time line.

    `steps` is for the carrier alone, since it follows from the driver's hours. `policy_version` and `road_version` name
    what it rests on.
    """

    starts_at: datetime
    ends_at: datetime
    stops: tuple[PlannedStop, ...]
    loaded_miles: float
    empty_miles: float
    steps: tuple[dict[str, Any], ...]
    policy_version: str
    road_version: str

    def stops_of(self, load: Load) -> list[PlannedStop]:
        """Return the stops of one load, in its own order."""
        return sorted((stop for stop in self.stops if stop.load.pk == load.pk), key=lambda stop: stop.stop_sequence)


def plan_home(
    *, leg: ReturnLeg, loads: Sequence[Load], times: Times, not_before: datetime, travel: TravelOracle | None = None
) -> PlannedTour:
    """Return the tour that carries these loads on a truck's way home, in the order that brings its carrier most.

    `leg` says what the whole truck takes, what is booked on it included. The truck leaves its empty place no sooner
    than it is ready, nor before `not_before`. Raises `Conflict` with the engine's sentence where it cannot.
    """
    roads, policy = RememberedTravel(travel or travel_oracle()), current_policy()
    legs = _free(legs_as_columns([leg]), max(leg.ready_at, not_before), is_alone=len(loads) == 1)
    columns = _timed(loads_as_columns(loads), loads, times)
    tours, driven = _driven(legs, columns, loads, roads, policy)
    return _planned(legs, columns, tours, driven, loads, roads, policy, ends_at_home=True)


def plan_out(
    *,
    truck: ReturnLeg,
    loads: Sequence[Load],
    times: Times,
    travel: TravelOracle | None = None,
    leaves_at_once: bool = False,
) -> PlannedTour:
    """Return the tour that carries loads from where the truck stands, and ends where and when it is empty.

    `truck` is a leg that is not stored: it is empty where the truck stands and `ready_at` when it can leave; it goes
    home to where the last delivery is. The truck departs as late as it can without being empty any later, unless it
    `leaves_at_once`. Raises `Conflict` with the engine's sentence where it cannot.
    """
    roads, policy = RememberedTravel(travel or travel_oracle()), current_policy()
    legs = _free(legs_as_columns([truck]), truck.ready_at, is_alone=len(loads) == 1)
    columns = _timed(loads_as_columns(loads), loads, times)
    tours, driven = _driven(legs, columns, loads, roads, policy)
    departure = int(legs.ready_at[0])
    if not leaves_at_once:
        departure = _latest_departure(legs, columns, tours, driven.finish_at, roads, policy)
    if departure > int(legs.ready_at[0]):
        legs = replace(legs, ready_at=np.array([departure], dtype=np.int64))
        driven = _day(legs, columns, tours, roads, policy)
    return _planned(legs, columns, tours, driven, loads, roads, policy, ends_at_home=False)


def why_not_for_others(*, leg: ReturnLeg, load: Load, times: Times, not_before: datetime) -> tuple[str, str]:
    """Return the code and reason for which a truck cannot take a load on these times, as others than its carrier may
    read them, two empty strings where they know of none.

    The driver counts as rested, what the roomiest stretch has free is free, and hours are not told from a home-by that
    is too early.
    """
    roads, policy = RememberedTravel(travel_oracle()), current_policy()
    legs = rested(_free(legs_as_columns([leg]), max(leg.ready_at, not_before), is_alone=True))
    columns = _timed(loads_as_columns([load]), [load], times)
    _, scores = _best(legs, columns, [load], roads, policy)
    rule = Refusal(int(scores.refusal[0]))
    if rule is Refusal.NONE:
        return "", ""
    why = LATE if rule in (Refusal.HOME_BY, Refusal.HOURS) else scores.refusal_sentence(0)
    return ("too_late" if rule in TOO_LATE else "cannot_carry"), why


def _free(legs: Legs, starts_at: datetime, *, is_alone: bool) -> Legs:
    """Return a leg without its carrier's limits on deadhead, leaving at an instant at the earliest.

    The empty run home says what a tour gains, and so which order is best. Of a load alone there is one order only: the
    road need not be asked for that run.
    """
    none = np.full(len(legs), _NO_LIMIT)
    run: dict[str, Any] = {"home_miles": np.zeros(len(legs)), "home_minutes": np.zeros(len(legs))} if is_alone else {}
    return replace(
        legs,
        **run,
        ready_at=np.array([earliest_minute(starts_at)], dtype=np.int64),
        max_pickup_deadhead_miles=none,
        max_home_deadhead_miles=none,
        max_out_of_route_miles=none,
    )


def _timed(columns: Loads, loads: Sequence[Load], times: Times) -> Loads:
    """Return the loads with the agreed windows in the place of the posted ones."""
    opens_at, closes_at = columns.stop_opens_at.copy(), columns.stop_closes_at.copy()
    for row, load in enumerate(loads):
        first, last = int(columns.stop_offsets[row]), int(columns.stop_offsets[row + 1])
        for window in times.get(load.pk, ()):
            at = first + window.sequence
            if at >= last:
                raise ValueError(f"{load} has no stop {window.sequence}.")
            opens_at[at] = earliest_minute(window.opens_at)
            closes_at[at] = max(latest_minute(window.closes_at), int(opens_at[at]))
    return replace(columns, stop_opens_at=opens_at, stop_closes_at=closes_at)


def _best(
    legs: Legs, columns: Loads, loads: Sequence[Load], travel: TravelOracle, policy: Policy
) -> tuple[Tours, TourScores]:
    """Return the order that gains the carrier most, or the one that came furthest."""
    if len(loads) == 1:
        tours = chain_tours(columns, [0], [[0]])
        return tours, score_tours(legs, columns, tours, travel, policy)
    if len(loads) > MOST_LOADS or columns.stop_lat.size > MOST_STOPS:
        sentence = f"A tour has {MOST_LOADS} loads and {MOST_STOPS} stops at most; these would be more."
        raise Conflict("cannot_carry", sentence)
    found = best_insertions(legs, 0, columns, range(len(loads)), travel, policy, by_own_gain=True)
    return found.tours, found.scores


def _driven(
    legs: Legs, columns: Loads, loads: Sequence[Load], travel: TravelOracle, policy: Policy
) -> tuple[Tours, Driven]:
    """Return the order that gains the carrier most, and its day; raise `Conflict` with the engine's reason.

    A load alone has one order: it is driven at once, and scored only where it has to be said why it cannot be.
    """
    if len(loads) == 1:
        tours = chain_tours(columns, [0], [[0]])
        driven = drive(legs, columns, tours, travel, policy)
        if driven is not None:
            return tours, driven
    tours, scores = _best(legs, columns, loads, travel, policy)
    _check(legs, columns, scores, loads, travel, policy)
    return tours, _day(legs, columns, tours, travel, policy)


def _day(legs: Legs, columns: Loads, tours: Tours, travel: TravelOracle, policy: Policy) -> Driven:
    driven = drive(legs, columns, tours, travel, policy)
    if driven is None:
        raise AssertionError("a tour that scores say can be driven has its day")
    return driven


def _check(
    legs: Legs, columns: Loads, scores: TourScores, loads: Sequence[Load], travel: TravelOracle, policy: Policy
) -> None:
    """Raise `Conflict` with the engine's reason unless the tour can be driven."""
    if scores.feasible[0]:
        return
    rule, why = why_not_together(legs, columns, scores, travel, policy)
    what = "these loads" if len(loads) > 1 else "this load"
    code = "too_late" if rule in TOO_LATE else "cannot_carry"
    raise Conflict(code, f"The truck cannot take {what}: {why}.")


def _latest_departure(
    legs: Legs, columns: Loads, tours: Tours, finish: int, travel: TravelOracle, policy: Policy
) -> int:
    """Return the last minute at which the truck may leave and still be empty as early as it can be.

    Who leaves later is empty no sooner, so the answer is bracketed by tours that leave at many instants at once.
    """
    sure, beyond = int(legs.ready_at[0]), finish
    while beyond - sure > 1:
        count = min(_DEPARTURES_AT_ONCE, beyond - sure - 1)
        tried = np.unique(np.linspace(sure, beyond, count + 2, dtype=np.int64)[1:-1])
        rows = np.zeros(tried.size, dtype=np.int64)
        many = replace(legs.take(rows) if tried.size == 1 else _many(legs, tried.size), ready_at=tried)
        found = score_tours(many, columns, _each(tours, tried.size), travel, policy)
        as_early = tried[found.feasible & (found.finish_at == finish)]
        if not as_early.size:
            beyond = int(tried[0])
            continue
        sure = int(as_early.max())
        later = tried[tried > sure]
        beyond = int(later[0]) if later.size else beyond
    return sure


def _many(legs: Legs, count: int) -> Legs:
    """Return one leg so many times, with keys of their own."""
    rows = {name: np.repeat(getattr(legs, name), count) for name in legs.__dataclass_fields__ if name != "key"}
    return Legs(key=np.arange(count, dtype=np.int64), **rows)


def _each(tours: Tours, count: int) -> Tours:
    """Return one tour for each of so many legs."""
    many = tours.take(np.zeros(count, dtype=np.int64))
    return replace(many, leg_row=np.arange(count, dtype=np.int64))


def _planned(
    legs: Legs,
    columns: Loads,
    tours: Tours,
    driven: Driven,
    loads: Sequence[Load],
    travel: TravelOracle,
    policy: Policy,
    *,
    ends_at_home: bool,
) -> PlannedTour:
    """Return the tour with its time line written down."""
    layout, routes, day = lay_out(columns, tours), driven.routes, driven.day
    miles = routes.ways.miles[0]
    stops = tuple(
        PlannedStop(
            load=loads[int(layout.load[0, at])],
            stop_sequence=_sequence(columns, layout.load[0, at], stop),
            arrives_at=_instant(times.arrive_at),
            begins_at=_instant(times.begin_at),
            ends_at=_instant(times.end_at),
            miles_before=round(float(miles[at]), 1),
        )
        for at, (stop, times) in enumerate(zip(tours.stops.tolist(), day.stops, strict=True))
    )
    home_miles = float(routes.home_deadhead_miles[0]) if ends_at_home else 0.0
    empty = float(routes.pickup_deadhead_miles[0]) + float(routes.between_deadhead_miles[0]) + home_miles
    ends_at = _instant(driven.finish_at) if ends_at_home else stops[-1].ends_at
    return PlannedTour(
        starts_at=_instant(int(legs.ready_at[0])),
        ends_at=ends_at,
        stops=stops,
        loaded_miles=round(float(routes.loaded_miles[0]), 1),
        empty_miles=round(empty, 1),
        steps=tuple(segments_of(_until(day, ends_at))),
        policy_version=policy.version,
        road_version=travel.version,
    )


def _until(day: TimeLine, ends_at: datetime) -> TimeLine:
    """Return the time line up to the end of the tour: what comes after the truck is empty belongs to its way home."""
    last = latest_minute(ends_at)
    kept = [part for part in day.segments if part.start_at < last]
    if kept and kept[-1].end_at > last:
        part = kept[-1]
        kept[-1] = Segment(part.kind, part.start_at, last, part.stop)
    return TimeLine(day.plans, tuple(kept), day.stops)


def _sequence(columns: Loads, row: Ints | int, stop: int) -> int:
    return int(stop - columns.stop_offsets[int(row)])


def _instant(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)
