"""Beside what is on board: whether another load fits on a tour, and if not, why."""

from collections.abc import Sequence
from itertools import combinations_with_replacement

import numpy as np

from matching.engine.columns import Bools, Ints
from matching.engine.policy import Policy
from matching.engine.problem import Legs, Loads
from matching.engine.refusals import Refusal
from matching.engine.tours.insertion import MOST_LOADS, MOST_STOPS, some_order
from matching.engine.tours.problem import Tours, TourScores, tours_of
from matching.engine.tours.score import score_tours
from matching.engine.travel import TravelOracle

TOO_LATE = frozenset({Refusal.PICKUP_CLOSES, Refusal.DELIVERY_CLOSES, Refusal.HOME_BY, Refusal.HOURS})
"""The rules of time."""

_TOGETHER = frozenset(
    {Refusal.WEIGHT, Refusal.LENGTH, Refusal.PALLETS, Refusal.SHARING, Refusal.TEMPERATURE, Refusal.MIXING}
)
_BATCH = 4_096
"""How many tours are scored at once, more or less."""


def fits_beside(
    legs: Legs,
    leg_row: int,
    loads: Loads,
    order: Sequence[int],
    load_rows: Sequence[int],
    travel: TravelOracle,
    policy: Policy,
) -> Bools:
    """Say of each of these loads, (n,), whether a truck can carry it with those of a tour, in some order of all stops.

    `order` holds the tour's stops as positions into the stop columns of `loads`, in driving order. Between them is
    looked first, which finds most; where they stand in the way of each other, every order is asked. All rules of tours
    are asked, on every stretch; four loads and twelve stops are the most, as in every tour.
    """
    answer = np.zeros(len(load_rows), dtype=np.bool_)
    owner = np.repeat(np.arange(len(loads)), np.diff(loads.stop_offsets))
    if len(set(owner[list(order)].tolist())) >= MOST_LOADS:
        return answer
    orders: list[list[int]] = []
    whose: list[int] = []
    for at, row in enumerate(load_rows):
        stops = list(range(int(loads.stop_offsets[row]), int(loads.stop_offsets[row + 1])))
        if len(order) + len(stops) > MOST_STOPS:
            continue
        ways = _ways(order, stops)
        orders += ways
        whose += [at] * len(ways)
        if len(orders) >= _BATCH:
            _judge(answer, legs, leg_row, loads, orders, whose, travel, policy)
            orders, whose = [], []
    _judge(answer, legs, leg_row, loads, orders, whose, travel, policy)
    aboard = sorted(set(owner[list(order)].tolist()))
    if len(aboard) > 1:  # those of a load alone have one order
        for at in np.flatnonzero(~answer).tolist():
            answer[at] = fits_together(legs, leg_row, loads, [*aboard, load_rows[at]], travel, policy)
    return answer


def fits_together(
    legs: Legs, leg_row: int, loads: Loads, rows: Sequence[int], travel: TravelOracle, policy: Policy
) -> bool:
    """Say whether a truck can carry these loads in some order of all stops; never more than fit on a tour."""
    stops = sum(int(loads.stop_offsets[row + 1] - loads.stop_offsets[row]) for row in rows)
    if len(rows) > MOST_LOADS or stops > MOST_STOPS:
        return False
    return some_order(legs, leg_row, loads, rows, travel, policy)


def why_not_together(
    legs: Legs, loads: Loads, scores: TourScores, travel: TravelOracle, policy: Policy
) -> tuple[Refusal, str]:
    """Return why all these loads do not go on the first truck, given the scores of the order that came furthest.

    Loads that only come too late one after the other are refused for what keeps them from riding together, too.
    """
    rule, why = Refusal(int(scores.refusal[0])), scores.refusal_sentence(0)
    if len(loads) > 1 and rule in TOO_LATE:
        together = score_tours(legs, loads, _all_aboard(loads), travel, policy)
        if Refusal(int(together.refusal[0])) in _TOGETHER:
            rule = Refusal(int(together.refusal[0]))
            why = f"{together.refusal_sentence(0)}, and one after the other it {why}"
    return rule, why


def _all_aboard(loads: Loads) -> Tours:
    """Return the tour that picks all loads up before it delivers the first."""
    stops = np.arange(loads.stop_lat.size)
    last = np.isin(stops, loads.last_stop)
    return tours_of(loads, [0], [[*stops[~last].tolist(), *stops[last].tolist()]])


def _judge(
    answer: Bools,
    legs: Legs,
    leg_row: int,
    loads: Loads,
    orders: list[list[int]],
    whose: list[int],
    travel: TravelOracle,
    policy: Policy,
) -> None:
    """Note whose tours can be driven."""
    if orders:
        tours: Tours = tours_of(loads, [leg_row] * len(orders), orders)
        feasible: Ints = np.flatnonzero(score_tours(legs, loads, tours, travel, policy).feasible)
        answer[np.array(whose, dtype=np.int64)[feasible]] = True


def _ways(order: Sequence[int], stops: Sequence[int]) -> list[list[int]]:
    """Return every way to put stops between those of an order, each of the two in its own order."""
    found = []
    for places in combinations_with_replacement(range(len(order) + 1), len(stops)):
        whole, at = [], 0
        for place, stop in zip(places, stops, strict=True):
            whole += [*order[at:place], stop]
            at = place
        found.append([*whole, *order[at:]])
    return found
