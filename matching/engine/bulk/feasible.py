"""Every feasible pair of a market with its full score, block by block."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from matching.engine import duty
from matching.engine.bulk.bounds import SAFETY, Bounds, chain_times, known_bounds
from matching.engine.bulk.candidates import in_order_of_load
from matching.engine.bulk.search import Search, in_order
from matching.engine.columns import Floats, Ints
from matching.engine.money import Money
from matching.engine.policy import Policy
from matching.engine.problem import Legs, Loads
from matching.engine.routes import Way, ask_ways, between_stops, join_ways, own_ways, straight_homes, tenths
from matching.engine.score import Scores, score_routes
from matching.engine.travel import TravelOracle

BLOCK_PAIRS = 1 << 18
"""For so many candidates is the oracle asked at once: the more, the fewer searches, and the more memory."""
SCORED_AT_ONCE = 1 << 15
RAW_PAIRS = 1 << 19


def feasible_pairs(
    legs: Legs,
    loads: Loads,
    travel: TravelOracle,
    policy: Policy,
    *,
    leg_rows: Ints | None = None,
    block_pairs: int = BLOCK_PAIRS,
    workers: int = 1,
) -> Iterator[Scores]:
    """Yield blocks of all feasible pairs, bit for bit those of `score_pairs`; refused pairs are left out.

    Leg by leg in the order of `leg_rows` (different positions; all legs if left out), each leg's loads in order of
    position; a block holds whole legs, and a leg without a feasible load is in none. `block_pairs` bounds memory.
    `workers` are threads; nothing but the time depends on them.

    Whether a pair is a candidate is asked by great circle, so the oracle's miles must not be shorter than that by more
    than 2 %. An oracle that is asked from several threads must be safe for that.
    """
    rows = np.arange(len(legs), dtype=np.int64) if leg_rows is None else np.asarray(leg_rows, dtype=np.int64)
    if not rows.size or not len(loads):
        return
    market = _market(legs, loads, rows, travel, policy)
    for blocks in in_order(market.work(rows, max(block_pairs, 1)), workers):
        yield from blocks


def _market(legs: Legs, loads: Loads, rows: Ints, travel: TravelOracle, policy: Policy) -> "_Market":
    """Ask for what stands by itself: each leg's empty run home, the own way of each load that could suit one."""
    used = np.zeros(len(loads), dtype=np.bool_)
    if np.isnan(loads.stop_miles + loads.stop_minutes).any():
        for find in Search(legs, loads, known_bounds(legs, loads)).blocks(rows, RAW_PAIRS):
            used[find().load] = True
    between = between_stops(loads, np.flatnonzero(used), travel)
    straight_home = straight_homes(legs, np.unique(rows), travel)
    own = own_ways(loads, between)
    spent, done_at, latest_at = chain_times(loads, between.minutes, duty.service_minutes(loads, policy))
    bounds = Bounds(
        straight_per_mile=SAFETY,
        minutes_per_straight_mile=0.0,
        home_miles=straight_home.miles,
        loaded_miles=own.miles,
        spent=spent,
        done_at=done_at,
        latest_at=latest_at,
        passable=own.passable,
    )
    return _Market(legs, loads, travel, policy, between, straight_home, bounds, Search(legs, loads, bounds))


@dataclass(frozen=True, slots=True, eq=False)
class _Market:
    legs: Legs
    loads: Loads
    travel: TravelOracle
    policy: Policy
    between: Way
    straight_home: Way
    bounds: Bounds
    search: Search

    def work(self, rows: Ints, block_pairs: int) -> Iterator[Callable[[], list[Scores]]]:
        """Yield the scoring of about so many candidates at a time, whole legs together."""
        found: list[tuple[Ints, Ints]] = []
        size = 0
        for find in self.search.blocks(rows, max(RAW_PAIRS, block_pairs)):
            block = find()
            if size and size + block.leg.size > block_pairs:
                yield self._scoring(found)
                found, size = [], 0
            found.append((block.leg, block.load))
            size += block.leg.size
        if size:
            yield self._scoring(found)

    def _scoring(self, found: list[tuple[Ints, Ints]]) -> Callable[[], list[Scores]]:
        leg, load = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return lambda: list(self._score(leg, load))

    def _score(self, leg: Ints, load: Ints) -> Iterator[Scores]:
        """Ask for the road to the pickup, then for the road home of what is left, then for hours and money."""
        legs, loads, bounds = self.legs, self.loads, self.bounds
        first, last = loads.first_stop[load], loads.last_stop[load]
        to_pickup = ask_ways(
            self.travel, legs.empty_lat[leg], legs.empty_lon[leg], loads.stop_lat[first], loads.stop_lon[first]
        )
        near = to_pickup.miles <= _no_limit(legs.max_pickup_deadhead_miles)[leg]
        near |= ~np.isnan(legs.max_out_of_route_miles)[leg]
        in_time = legs.ready_at[leg] + to_pickup.minutes <= bounds.latest_at[load]
        kept = np.flatnonzero(to_pickup.passable & near & in_time)
        leg, load, last, to_pickup = leg[kept], load[kept], last[kept], to_pickup.take(kept)
        to_home = ask_ways(
            self.travel, loads.stop_lat[last], loads.stop_lon[last], legs.home_lat[leg], legs.home_lon[leg]
        )
        done_at = np.maximum(legs.ready_at[leg] + to_pickup.minutes + bounds.spent[load], bounds.done_at[load])
        in_time = done_at + to_home.minutes <= legs.home_by[leg]
        near = to_pickup.miles <= _no_limit(legs.max_pickup_deadhead_miles)[leg]
        straight = self.straight_home.miles[leg]
        around = tenths(to_pickup.miles + bounds.loaded_miles[load] + to_home.miles - straight)
        near |= around <= legs.max_out_of_route_miles[leg]
        home = to_home.miles <= _no_limit(legs.max_home_deadhead_miles)[leg]
        kept = np.flatnonzero(to_home.passable & self.straight_home.passable[leg] & near & home & in_time)
        kept = kept[in_order_of_load(leg[kept], load[kept], len(loads))]
        leg, load, to_pickup, to_home = leg[kept], load[kept], to_pickup.take(kept), to_home.take(kept)
        ends = np.append(np.flatnonzero(leg[1:] != leg[:-1]) + 1, leg.size)
        start = 0
        while start < leg.size:
            stop = int(ends[np.searchsorted(ends, min(start + SCORED_AT_ONCE, leg.size))])
            rows = np.arange(start, stop)
            routes = join_ways(
                loads,
                load[rows],
                self.between,
                to_pickup=to_pickup.take(rows),
                to_home=to_home.take(rows),
                straight_home=self.straight_home.take(leg[rows]),
            )
            scores = score_routes(legs, leg[rows], loads, load[rows], routes, self.policy)
            yield take_scores(scores, np.flatnonzero(scores.feasible))
            start = stop


def take_scores(scores: Scores, rows: Ints) -> Scores:
    """Return the scores of the pairs at these positions, in this order."""
    chosen: dict[str, Any] = {}
    for item in fields(scores):
        value = getattr(scores, item.name)
        if isinstance(value, Money):
            chosen[item.name] = Money(**{term.name: getattr(value, term.name)[rows] for term in fields(value)})
        elif isinstance(value, np.ndarray):
            chosen[item.name] = value[rows]
        else:
            chosen[item.name] = value
    routed = chosen["route_row"] >= 0
    route_row = np.full(rows.size, -1, dtype=np.int64)
    route_row[routed] = np.arange(int(routed.sum()))
    chosen["routes"], chosen["planned"] = scores.routes.take(chosen["route_row"][routed]), None
    chosen["route_row"] = route_row
    return Scores(**chosen)


def _no_limit(miles: Floats) -> Floats:
    return np.where(np.isnan(miles), np.inf, miles)
