"""The best order of the stops of a few loads on one truck, found exactly.

Every order that keeps each load's own stop order is grown stop by stop; one that overfills the truck, or that comes too
late even for a driver who never rests, is cut off with all that would follow. What remains is scored by `score_tours`
in the order of what it could bring at most (no waiting, no delay), until nothing left could beat the best.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from matching.engine import duty, money
from matching.engine.columns import Bools, Floats, Ints
from matching.engine.money import Costs
from matching.engine.policy import MINUTES_AN_HOUR, Policy
from matching.engine.problem import Legs, Loads
from matching.engine.tours.problem import NO_LOAD, Tours, TourScores, chain_tours
from matching.engine.tours.routes import places_between
from matching.engine.tours.score import score_tours
from matching.engine.travel import TravelOracle

MOST_LOADS = 4
MOST_STOPS = 12
"""Four loads of three stops each have 369,600 orders; more would not be found in any time worth waiting for."""

_FIRST_BATCH = 8
_LARGEST_BATCH = 4096
# Five terms are rounded to the cent, by half a cent each at most: the bound allows for it.
_ROUNDING_CENTS = 3.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Insertion:
    """The best order as tours and scores of one row, or, if no order can be driven, the one that came furthest.

    `orders` is how many orders stood after cutting off what cannot be, `scored` how many had to be scored.
    """

    tours: Tours
    scores: TourScores
    orders: int
    scored: int

    @property
    def feasible(self) -> bool:
        """Whether the truck can carry these loads in some order."""
        return bool(self.scores.feasible[0])


def best_insertions(
    legs: Legs,
    leg_row: int,
    loads: Loads,
    load_rows: Sequence[int],
    travel: TravelOracle,
    policy: Policy,
    *,
    by_own_gain: bool = False,
) -> Insertion:
    """Return the order of all stops of these loads (at most 4, 12 stops) that gains most, exactly.

    By market gain unless `by_own_gain`. Of orders that gain the same the first counts, by the loads' keys from stop to
    stop. Raises `ValueError` for no load, too many, or one named twice.
    """
    given = [int(row) for row in load_rows]
    if not 1 <= len(given) <= MOST_LOADS or min(given) < 0 or max(given) >= len(loads):
        raise ValueError(f"load_rows must be one position in loads up to {MOST_LOADS}.")
    rows = sorted(given, key=lambda row: int(loads.key[row]))
    fallback = chain_tours(loads, [leg_row], [rows])
    if fallback.stops.size > MOST_STOPS:
        raise ValueError(f"The loads have {fallback.stops.size} stops together; at most {MOST_STOPS} can be ordered.")
    growth = _Growth(legs, leg_row, loads, rows, travel, policy)
    orders, most = growth.orders(_costs(legs, leg_row, policy, by_own_gain))
    if not orders.shape[0]:
        return Insertion(tours=fallback, scores=score_tours(legs, loads, fallback, travel, policy), orders=0, scored=1)
    ranked = np.argsort(-most, kind="stable")
    best: tuple[int, int] | None = None  # minus the gain, the order's number
    furthest: tuple[int, float, int] | None = None  # minus the stop reached, how far it broke the rule, the number
    start, size, same_for_all = 0, _FIRST_BATCH, 0
    while start < ranked.size and (best is None or most[ranked[start]] + same_for_all + _ROUNDING_CENTS >= -best[0]):
        batch = ranked[start : start + size]
        scores = score_tours(legs, loads, _as_tours(leg_row, loads, orders[batch]), travel, policy)
        terms = scores.own if by_own_gain else scores.market
        gains = terms.gain_cents
        for at in np.flatnonzero(scores.feasible).tolist():
            rank = -int(gains[at]), int(batch[at])
            best = rank if best is None or rank < best else best
            same_for_all = int(scores.rate_cents[at] + terms.avoided_cents[at])
        if best is None:
            for at in range(batch.size):
                reached = -int(scores.refused_at[at]), float(scores.refusal_figures[at, 0]), int(batch[at])
                furthest = reached if furthest is None or reached < furthest else furthest
        start, size = start + batch.size, min(size * 4, _LARGEST_BATCH)
    assert best is not None or furthest is not None
    chosen = best[1] if best is not None else furthest[2] if furthest is not None else 0
    tours = _as_tours(leg_row, loads, orders[[chosen]])
    scores = score_tours(legs, loads, tours, travel, policy)
    return Insertion(tours=tours, scores=scores, orders=orders.shape[0], scored=start)


def some_order(
    legs: Legs, leg_row: int, loads: Loads, load_rows: Sequence[int], travel: TravelOracle, policy: Policy
) -> bool:
    """Say whether some order of all stops of these loads (at most 4, 12 stops) can be driven: whether the best one can.

    Quicker than to look for it, above all where none can.
    """
    growth = _Growth(legs, leg_row, loads, list(load_rows), travel, policy)
    orders, most = growth.orders(_costs(legs, leg_row, policy, by_own_gain=False))
    ranked = np.argsort(-most, kind="stable")
    start, size = 0, _FIRST_BATCH * 8
    while start < ranked.size:
        batch = orders[ranked[start : start + size]]
        if score_tours(legs, loads, _as_tours(leg_row, loads, batch), travel, policy).feasible.any():
            return True
        start, size = start + batch.shape[0], min(size * 4, _LARGEST_BATCH)
    return False


def _costs(legs: Legs, leg_row: int, policy: Policy, by_own_gain: bool) -> Costs:
    row = np.array([leg_row])
    return money.own_costs(legs, row, policy) if by_own_gain else money.policy_costs(policy, 1)


def _as_tours(leg_row: int, loads: Loads, orders: Ints) -> Tours:
    """Return tours from orders of the same stops, (n, stops); the loads in order of their first stop."""
    n, width = orders.shape
    owner = np.repeat(np.arange(len(loads)), np.diff(loads.stop_offsets))
    begins = np.isin(orders, loads.first_stop)
    count = int(begins[0].sum())
    return Tours(
        leg_row=np.full(n, leg_row, dtype=np.int64),
        load_rows=owner[orders[begins]].reshape(n, count) if count else np.full((n, 1), NO_LOAD),
        stop_offsets=np.arange(n + 1, dtype=np.int64) * width,
        stops=orders.reshape(-1),
    )


class _Growth:
    """Orders being grown; columns of shape (n,), `done` (n, loads): how many stops of each load lie behind."""

    def __init__(
        self, legs: Legs, leg_row: int, loads: Loads, rows: Sequence[int], travel: TravelOracle, policy: Policy
    ) -> None:
        self.loads, self.rows = loads, rows
        self.room = [int(column[leg_row]) for column in (legs.weight_pounds, legs.length_feet, legs.pallets)]
        self.stops = np.concatenate(
            [np.arange(loads.stop_offsets[row], loads.stop_offsets[row + 1]) for row in rows]
        ).astype(np.int64)
        counts = [int(loads.stop_offsets[row + 1] - loads.stop_offsets[row]) for row in rows]
        self.counts = np.array(counts, dtype=np.int64)
        self.starts = np.concatenate([[0], np.cumsum(self.counts)[:-1]]).astype(np.int64)
        self.places = places_between(legs, leg_row, loads, self.stops, travel)
        self.service = duty.service_minutes(loads, policy)[self.stops]
        self.opens_at, self.closes_at = loads.stop_opens_at[self.stops], loads.stop_closes_at[self.stops]
        self.start_at, self.home_by = int(legs.ready_at[leg_row]), int(legs.home_by[leg_row])

    def orders(self, costs: Costs) -> tuple[Ints, Floats]:
        """Return the orders that stand, (n, stops) positions in `Loads`, and the most that each could gain, (n,) cents.

        The latter without the rates and the run home avoided, which are the same for all of them.
        """
        width = self.stops.size
        done = np.zeros((1, len(self.rows)), dtype=np.int64)
        order = np.zeros((1, 0), dtype=np.int64)
        time, cost = np.full(1, self.start_at, dtype=np.int64), np.zeros(1)
        loaded_cents, empty_cents = float(costs.loaded_cents_per_mile[0]), float(costs.empty_cents_per_mile[0])
        for depth in range(width):
            # number i of the places is stop i, the last is the truck
            here = order[:, -1] if depth else np.full(1, width)
            grown = []
            aboard = (done > 0) & (done < self.counts)
            for number in range(len(self.rows)):
                rows = np.flatnonzero((done[:, number] < self.counts[number]) & self._has_room(aboard, done, number))
                stop = self.starts[number] + done[rows, number]
                arrive = time[rows] + self.places.minutes[here[rows], stop]
                kept = (arrive <= self.closes_at[stop]) & self.places.passable[here[rows], stop]
                rows, stop, arrive = rows[kept], stop[kept], arrive[kept]
                mile = np.where(aboard[rows].any(axis=1), loaded_cents, empty_cents)
                grown.append(
                    (
                        rows,
                        stop,
                        np.maximum(arrive, self.opens_at[stop]) + self.service[stop],
                        cost[rows] + mile * self.places.miles[here[rows], stop],
                        np.full(rows.size, number),
                    )
                )
            rows, stop, time, cost, number_of = (
                np.concatenate([part[column] for part in grown]) for column in range(5)
            )
            done = done[rows]
            done[np.arange(rows.size), number_of] += 1
            order = np.concatenate([order[rows], stop[:, None]], axis=1)
        last = order[:, -1]
        home = (time + self.places.minutes[last, width] <= self.home_by) & self.places.passable[last, width]
        order, cost, last = order[home], cost[home], last[home]
        served = float(self.service.sum()) * float(costs.hour_cents[0]) / MINUTES_AN_HOUR
        most = -(cost + empty_cents * self.places.miles[last, width] + served)
        ranked = np.lexsort(order.T[::-1])
        return self.stops[order[ranked]], most[ranked]

    def _has_room(self, aboard: Bools, done: Ints, number: int) -> Bools:
        """Say where load `number` may go on: it is on board already, or there is room and company that suits."""
        loads, row = self.loads, self.rows[number]
        others = aboard.copy()
        others[:, number] = False
        fits = np.ones(aboard.shape[0], dtype=np.bool_)
        for amounts, room in zip((loads.weight_pounds, loads.length_feet, loads.pallets), self.room, strict=True):
            fits &= others @ amounts[self.rows] + amounts[row] <= room
        full = ~loads.is_partial[self.rows]
        fits &= ~(others.any(axis=1) & (bool(full[number]) | (others & full).any(axis=1)))
        return np.asarray((done[:, number] > 0) | fits)
