"""Beside what is on board: whether another load fits on a tour whose stops and their order stand."""

from collections.abc import Sequence
from itertools import combinations_with_replacement

import numpy as np

from matching.engine.columns import Bools, Ints
from matching.engine.policy import Policy
from matching.engine.problem import Legs, Loads
from matching.engine.tours.insertion import MOST_LOADS, MOST_STOPS
from matching.engine.tours.problem import Tours, tours_of
from matching.engine.tours.score import score_tours
from matching.engine.travel import TravelOracle

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
    """Say of each of these loads, (n,), whether its stops can be put between those of a tour, in some way.

    `order` holds the tour's stops as positions into the stop columns of `loads`, in driving order, which stays. All
    rules of tours are asked, on every stretch; four loads and twelve stops are the most, as in every tour.
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
    return answer


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
