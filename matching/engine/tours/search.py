"""Which combinations of loads are worth a look for one leg: bounded work, the same every time, not proved best.

Chains are proposed by a beam over great-circle miles, every limit taken generously; what is proposed is then scored
with road miles and hours. Sets of partial loads grow by one load at a time from the best so far, and each set's order
of stops is the best there is. Everything is proposed by market figures alone, so that what is on offer to others never
depends on a carrier's own costs. A combination counts only if it gains more than every part of it that was scored.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from matching.engine.columns import CARRIES, LOAD_CODES, Bools, Floats, Ints
from matching.engine.duty import service_minutes
from matching.engine.policy import MINUTES_AN_HOUR, Policy
from matching.engine.problem import OPEN_TO_OFFERS, Legs, Loads
from matching.engine.tours.insertion import MOST_STOPS, Insertion, best_insertions
from matching.engine.tours.layout import any_stop, lay_out
from matching.engine.tours.problem import NO_LOAD, Tours, TourScores, chain_tours
from matching.engine.tours.score import score_tours
from matching.engine.tours.table import TravelTable
from matching.engine.travel import TravelOracle, great_circle_miles

LONGEST_CHAIN = 3
CHAINS_OF_TWO = 100
CHAINS_OF_THREE = 60
BEAM = 200
PARTIALS = 10
GROWN_PAIRS = 6
GROWN_TRIPLES = 4

# Ranked by what roads usually are; limits are taken against the great circle less its error, which no road is below.
_CIRCUITY = 1.17
_SAFETY = 1.02
_WORST_CIRCUITY = 1.5
_FASTEST_MPH = 70.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Combinations:
    """Feasible tours of two loads or more, one row each, and whether each gains more than all its parts.

    `gains_market`, `gains_own` (n,): by market figures, by the carrier's own. `scored` is how many tours were scored,
    parts included.
    """

    tours: Tours
    scores: TourScores
    gains_market: Bools
    gains_own: Bools
    scored: int


def best_chains(legs: Legs, leg_row: int, loads: Loads, travel: TravelOracle, policy: Policy) -> Combinations:
    """Return the chains of two and three of these loads that are worth their parts."""
    proposed = propose_chains(legs, leg_row, loads, policy)
    parts = {part for chain in proposed for part in _parts(chain)}
    order = [*proposed, *sorted(parts - set(proposed))]
    tours = chain_tours(loads, np.full(len(order), leg_row), _padded(order))
    scores = score_tours(legs, loads, tours, travel, policy)
    return _worth_their_parts(tours, scores, order, np.ones(len(tours), dtype=np.bool_))


def best_consolidations(legs: Legs, leg_row: int, loads: Loads, travel: TravelOracle, policy: Policy) -> Combinations:
    """Return the sets of two to four of these partial loads, each in its best order, that are worth their parts.

    A set whose best order carries one load after the other is left out: it is a chain.
    """
    rows = _likely_partials(legs, leg_row, loads, policy)
    stops = np.concatenate([_stops_of(loads, row) for row in rows]) if rows else np.zeros(0, dtype=np.int64)
    table = TravelTable.of(
        travel,
        np.concatenate([loads.stop_lat[stops], legs.empty_lat[[leg_row]], legs.home_lat[[leg_row]]]),
        np.concatenate([loads.stop_lon[stops], legs.empty_lon[[leg_row]], legs.home_lon[[leg_row]]]),
    )
    found: dict[tuple[int, ...], Insertion] = {}

    def look(sets: Iterable[tuple[int, ...]]) -> None:
        for members in sets:
            if members not in found and sum(_stops_of(loads, row).size for row in members) <= MOST_STOPS:
                found[members] = best_insertions(legs, leg_row, loads, members, table, policy)

    look((row,) for row in rows)
    look(combinations(rows, 2))
    for size, grown in ((2, GROWN_PAIRS), (3, GROWN_TRIPLES)):
        look(
            tuple(sorted({*members, row}))
            for members in _best_sets(found, size, grown)
            for row in rows
            if row not in members
        )
    order = list(found)
    tours = _joined([found[members].tours for members in order])
    scores = score_tours(legs, loads, tours, table, policy)
    shared = any_stop(lay_out(loads, tours).aboard > 1)
    return _worth_their_parts(tours, scores, order, shared)


def propose_chains(legs: Legs, leg_row: int, loads: Loads, policy: Policy) -> list[tuple[int, ...]]:
    """Return chains of two and three loads that could be feasible, by what they could gain at market costs."""
    if not len(loads):
        return []
    sketch = _Sketch(legs, leg_row, loads, policy)
    found = []
    ways = sketch.start()
    for length in range(2, LONGEST_CHAIN + 1):
        ways = sketch.extend(ways.take(sketch.ranked(ways)[:BEAM] if length > 2 else np.arange(ways.values.size)))
        chosen = sketch.finish(ways, CHAINS_OF_TWO if length == 2 else CHAINS_OF_THREE)
        found += [tuple(way) for way in ways.loads[chosen].tolist()]
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Ways:
    """n ways: their loads in order (n, k), what they bring so far in cents, when they end at the earliest.

    `miles` are all great-circle miles so far; `is_beyond`: a pickup lies beyond the deadhead limit.
    """

    loads: Ints
    values: Floats
    times: Floats
    miles: Floats
    is_beyond: Bools

    def take(self, rows: Ints | Bools) -> "_Ways":
        """Return the ways at these positions."""
        return _Ways(self.loads[rows], self.values[rows], self.times[rows], self.miles[rows], self.is_beyond[rows])


class _Sketch:
    """One leg and its loads on the great circle."""

    def __init__(self, legs: Legs, leg_row: int, loads: Loads, policy: Policy) -> None:
        first, last = loads.first_stop, loads.last_stop
        lat, lon = loads.stop_lat, loads.stop_lon
        take = legs.take([leg_row])
        self.straight = float(great_circle_miles(take.empty_lat, take.empty_lon, take.home_lat, take.home_lon)[0])
        self.out = great_circle_miles(take.empty_lat[0], take.empty_lon[0], lat[first], lon[first])
        self.home = great_circle_miles(lat[last], lon[last], take.home_lat[0], take.home_lon[0])
        self.between = great_circle_miles(
            lat[last][:, None], lon[last][:, None], lat[first][None, :], lon[first][None, :]
        ).reshape(len(loads), len(loads))
        legs_of_way = great_circle_miles(lat[:-1], lon[:-1], lat[1:], lon[1:]) if lat.size > 1 else np.zeros(0)
        into = np.concatenate([[0.0], legs_of_way])
        into[first] = 0.0
        self.carried = np.add.reduceat(into, first)
        self.service = np.add.reduceat(service_minutes(loads, policy), first)
        self.opens_at, self.closes_at = loads.stop_opens_at[first], loads.stop_closes_at[first]
        self.due_at, self.open_at = loads.stop_closes_at[last], loads.stop_opens_at[last]
        self.ready_at, self.home_by = int(take.ready_at[0]), int(take.home_by[0])
        self.pickup_limit = _limit(take.max_pickup_deadhead_miles[0])
        self.home_limit = _limit(take.max_home_deadhead_miles[0])
        allowed, known = take.max_out_of_route_miles[0], take.home_miles[0]
        straight_home = self.straight * _WORST_CIRCUITY if np.isnan(known) else known
        self.all_miles = -1.0 if np.isnan(allowed) else float(straight_home + allowed) * _SAFETY
        rate = loads.rate_cents.copy()
        is_open = rate == OPEN_TO_OFFERS
        codes = [LOAD_CODES[code] for code in loads.equipment[is_open]]
        if codes:
            share = loads.truck_share[is_open]
            rate[is_open] = policy.rates.estimate_cents(codes, self.carried[is_open] * _CIRCUITY, share)
        self.empty_mile = policy.empty_cents_per_mile * _CIRCUITY
        carried = self.carried * _CIRCUITY * policy.loaded_cents_per_mile
        served = self.service * policy.hour_cents / MINUTES_AN_HOUR
        self.worth = np.where(_fits(take, loads), rate - carried - served, -np.inf)

    def start(self) -> _Ways:
        """Return the ways of one load."""
        count = self.out.size
        none = _Ways(
            np.zeros((1, 0), dtype=np.int64),
            np.zeros(1),
            np.full(1, float(self.ready_at)),
            np.zeros(1),
            np.zeros(1, dtype=np.bool_),
        )
        return self._grown(none, np.zeros(count, dtype=np.int64), np.arange(count), self.out)

    def extend(self, ways: _Ways) -> _Ways:
        """Return the ways with one load more."""
        near = self.between[ways.loads[:, -1]] <= max(self.pickup_limit, self.all_miles)
        for place in range(ways.loads.shape[1]):
            near[np.arange(ways.values.size), ways.loads[:, place]] = False
        row, load = np.nonzero(near)
        return self._grown(ways, row, load, self.between[ways.loads[row, -1], load])

    def ranked(self, ways: _Ways) -> Ints:
        """Return the ways in order of what they bring with the run home from where they end, the best first."""
        return np.argsort(-self._total(ways), kind="stable")

    def finish(self, ways: _Ways, count: int) -> Ints:
        """Return which ways may end at home in time and within the limits, the most valuable first."""
        home = self.home[ways.loads[:, -1]]
        fits = (home <= self.home_limit) & (~ways.is_beyond | (ways.miles + home <= self.all_miles))
        fits &= ways.times + home / _SAFETY / _FASTEST_MPH * MINUTES_AN_HOUR <= self.home_by
        ranked = self.ranked(ways)
        return ranked[fits[ranked]][:count]

    def _total(self, ways: _Ways) -> Floats:
        return np.asarray(ways.values - self.home[ways.loads[:, -1]] * self.empty_mile)

    def _grown(self, ways: _Ways, row: Ints, load: Ints, deadhead: Floats) -> _Ways:
        """Return ways grown by a load each, as far as that is within reach and in time even on an empty freeway."""
        per_mile = MINUTES_AN_HOUR / _FASTEST_MPH / _SAFETY
        arrive = ways.times[row] + deadhead * per_mile
        begin = np.maximum(arrive, self.opens_at[load])
        end = begin + self.carried[load] * per_mile + self.service[load]
        value = ways.values[row] + self.worth[load] - deadhead * self.empty_mile
        miles = ways.miles[row] + deadhead + self.carried[load]
        is_beyond = ways.is_beyond[row] | (deadhead > self.pickup_limit)
        fits = (arrive <= self.closes_at[load]) & (end <= self.due_at[load] + self.service[load])
        fits &= (begin <= self.home_by) & np.isfinite(value) & (~is_beyond | (miles <= self.all_miles))
        return _Ways(
            np.concatenate([ways.loads[row], load[:, None]], axis=1),
            value,
            np.maximum(end, self.open_at[load]),
            miles,
            is_beyond,
        ).take(fits)


def _limit(miles: float) -> float:
    return np.inf if np.isnan(miles) else float(miles) * _SAFETY


def _fits(leg: Legs, loads: Loads) -> Bools:
    """Say which loads fit the one truck by themselves."""
    fits = CARRIES[leg.equipment[0], loads.equipment] & (loads.attributes & ~leg.attributes[0] == 0)
    for name in ("weight_pounds", "length_feet", "pallets"):
        fits = fits & (getattr(loads, name) <= getattr(leg, name)[0])
    return np.asarray(fits)


def _likely_partials(legs: Legs, leg_row: int, loads: Loads, policy: Policy) -> list[int]:
    """Return the partial loads that bring most for their way round, best first by value, in order of row."""
    rows = np.flatnonzero(loads.is_partial)
    if not rows.size:
        return []
    partial = loads.take(rows)
    sketch = _Sketch(legs, leg_row, partial, policy)
    start, home = sketch.out, sketch.home
    round_about = (start + sketch.carried + home - sketch.straight) * _CIRCUITY
    rate = sketch.worth + sketch.carried * _CIRCUITY * policy.loaded_cents_per_mile
    value = rate - round_about * policy.loaded_cents_per_mile
    in_time = (sketch.closes_at >= sketch.ready_at) & (sketch.open_at <= sketch.home_by)
    value = np.where(in_time, value, -np.inf)
    ranked = np.argsort(-value, kind="stable")[:PARTIALS]
    return sorted(rows[ranked[value[ranked] > 0]].tolist())


def _stops_of(loads: Loads, row: int) -> Ints:
    return np.arange(loads.stop_offsets[row], loads.stop_offsets[row + 1])


def _best_sets(found: dict[tuple[int, ...], Insertion], size: int, count: int) -> list[tuple[int, ...]]:
    """Return the feasible sets of this size that gain most at market costs."""
    ranked = sorted(
        (-int(each.scores.market_gain_cents[0]), members)
        for members, each in found.items()
        if len(members) == size and each.feasible
    )
    return [members for _, members in ranked[:count]]


def _parts(chain: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Return all shorter chains of the same loads in the same order."""
    return [part for size in range(1, len(chain)) for part in combinations(chain, size)]


def _padded(chains: list[tuple[int, ...]]) -> Ints:
    width = max(map(len, chains), default=1)
    rows = [(*chain, *[NO_LOAD] * (width - len(chain))) for chain in chains]
    return np.array(rows, dtype=np.int64).reshape(len(chains), width)


def _joined(tours: list[Tours]) -> Tours:
    """Return tours of one row each as one."""
    counts = [each.stops.size for each in tours]
    rows = [tuple(each.load_rows[0].tolist()) for each in tours]
    return Tours(
        leg_row=np.array([int(each.leg_row[0]) for each in tours], dtype=np.int64),
        load_rows=_padded(rows),
        stop_offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        stops=np.concatenate([each.stops for each in tours]) if tours else np.zeros(0, dtype=np.int64),
    )


def _worth_their_parts(tours: Tours, scores: TourScores, order: list[tuple[int, ...]], wanted: Bools) -> Combinations:
    """Keep the feasible tours of several loads among those wanted; say which gain more than each feasible part."""
    gains = {
        name: np.where(scores.feasible, column, np.iinfo(np.int64).min)
        for name, column in (("market", scores.market_gain_cents), ("own", scores.own_gain_cents))
    }
    where = {members: row for row, members in enumerate(order)}
    rows = [row for row, members in enumerate(order) if len(members) > 1 and scores.feasible[row] & wanted[row]]
    more: dict[str, list[bool]] = {"market": [], "own": []}
    for row in rows:
        parts = [where[part] for part in _parts(order[row]) if part in where]
        for name, column in gains.items():
            best_part = max((int(column[part]) for part in parts), default=0)
            more[name].append(int(column[row]) > max(best_part, 0))
    return Combinations(
        tours=tours.take(rows),
        scores=scores.take(rows),
        gains_market=np.array(more["market"], dtype=np.bool_),
        gains_own=np.array(more["own"], dtype=np.bool_),
        scored=len(order),
    )
