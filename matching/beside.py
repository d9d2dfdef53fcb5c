"""What a return leg has free beside what is booked on it: all the way, on part of it, and for a certain load.

A leg with booked partial loads on board stays on the market while some stretch has room. Single loads are judged beside
what is on board, by the engine and on the agreed times, so that what only fits on part of the way is shown to whom it
fits, and to nobody else. Combinations are counted with what is free all the way, and stand where they fit beside what
is on board. Network plans leave such legs out: they choose among thousands of tours at once, and this would be asked of
each.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from matching.engine.columns import Bools, Ints
from matching.engine.policy import Policy
from matching.engine.problem import Legs, Loads, joined_loads
from matching.engine.score import Scores
from matching.engine.tours import best_insertions, fits_beside, fits_together, why_not_together
from matching.engine.tours.insertion import MOST_LOADS, MOST_STOPS
from matching.engine.travel import TravelOracle
from matching.models import OnBoard
from matching.postings import LegRows, LegSide, LoadRows, chosen_loads
from matching.rows import earliest_minute, latest_minute

Stop = tuple[int, int, datetime, datetime]
"""A load's key, the stop's place in it, and its agreed window."""


def on_board_of(leg_id: int) -> list[Stop]:
    """Return the agreed stops of what is booked on a leg that is shared, in driving order."""
    rows = OnBoard.objects.filter(leg=leg_id).order_by("position")
    return list(rows.values_list("load_id", "stop_sequence", "opens_at", "closes_at"))


def all_the_way(legs: LegRows) -> LegRows:
    """Return the legs with what is free on every stretch, where a tour of several loads is to be put together."""
    return LegRows(legs.sides, _with_capacity(legs.columns, [_less(side.part_way) for side in legs.sides]))


def those_that_fit(
    rows: Ints, legs: LegRows, loads: LoadRows, scores: Scores, travel: TravelOracle, policy: Policy
) -> Ints:
    """Keep those pairs, rows of the scores, whose load fits beside what is on board of its leg."""
    shared = np.array([any(side.taken) for side in legs.sides], dtype=np.bool_)
    asked = rows[shared[scores.leg_row[rows]]]
    if not asked.size:
        return rows
    fits = np.ones(rows.size, dtype=np.bool_)
    for row in np.unique(scores.leg_row[asked]).tolist():
        here = np.flatnonzero(scores.leg_row[rows] == row)
        fits[here] = fit_on(legs.take(row), loads, scores.load_row[rows[here]].tolist(), travel, policy)
    return rows[fits]


def fit_on(leg: LegRows, loads: LoadRows, load_rows: Sequence[int], travel: TravelOracle, policy: Policy) -> Bools:
    """Say of these loads whether each fits on a leg beside what is on board of it, if anything is."""
    found = np.ones(len(load_rows), dtype=np.bool_)
    board = _board(leg, travel)
    if board is None:
        return found
    others = [at for at, row in enumerate(load_rows) if int(loads.columns.key[row]) not in board.known]
    if others:
        together = board.with_loads(loads, [load_rows[at] for at in others])
        rows = [len(board.known) + at for at in range(len(others))]
        found[others] = fits_beside(board.leg, 0, together, board.order, rows, travel, policy)
    return found


def sets_that_fit(
    leg: LegRows, loads: LoadRows, sets: Sequence[Sequence[int]], travel: TravelOracle, policy: Policy
) -> list[bool]:
    """Say of sets of these loads whether each fits as a whole on a leg beside what is on board, if anything is."""
    board = _board(leg, travel)
    if board is None:
        return [True] * len(sets)
    return [
        fits_together(board.leg, 0, together, range(len(together)), travel, policy)
        for together in (board.with_loads(loads, rows) for rows in sets)
    ]


def why_not_beside(leg: LegRows, loads: LoadRows, travel: TravelOracle, policy: Policy) -> str:
    """Return why the first of the loads does not fit on a leg beside what is on board of it, as booking it would say;
    empty where it fits.
    """
    board = _board(leg, travel)
    if board is None or fit_on(leg, loads, [0], travel, policy)[0]:
        return ""
    together = board.with_loads(loads, [0])
    if len(together) > MOST_LOADS or together.stop_lat.size > MOST_STOPS:
        return f"a tour has {MOST_LOADS} loads and {MOST_STOPS} stops at most; these would be more"
    closest = best_insertions(board.leg, 0, together, range(len(together)), travel, policy, by_own_gain=True)
    return why_not_together(board.leg, together, closest.scores, travel, policy)[1]


@dataclass(frozen=True, slots=True, eq=False)
class _Board:
    """What is on board of a leg: the leg as a whole truck, the loads at their agreed times, and the order of stops."""

    leg: Legs
    loads: Loads
    order: list[int]
    known: set[int]

    def with_loads(self, loads: LoadRows, rows: Sequence[int]) -> Loads:
        """Return what is on board, then these loads."""
        return joined_loads([self.loads, loads.columns.take(list(rows))])


def _board(leg: LegRows, travel: TravelOracle) -> _Board | None:
    """Return what is on board of the one leg, or None where nothing is."""
    side = leg.sides[0]
    stops = on_board_of(side.pk) if any(side.taken) else []
    if not stops:
        return None
    keys = sorted({stop[0] for stop in stops})
    aboard, order = _agreed(chosen_loads(keys, travel.version).columns, keys, stops)
    return _Board(_whole(leg.columns, side), aboard, order, set(keys))


def _agreed(loads: Loads, keys: Sequence[int], stops: Sequence[Stop]) -> tuple[Loads, list[int]]:
    """Return the loads with the agreed windows of what is on board, and its stops' positions in driving order."""
    opens_at, closes_at = loads.stop_opens_at.copy(), loads.stop_closes_at.copy()
    order = []
    for key, sequence, opens, closes in stops:
        at = int(loads.stop_offsets[keys.index(key)]) + sequence
        opens_at[at] = earliest_minute(opens)
        closes_at[at] = max(latest_minute(closes), int(opens_at[at]))
        order.append(at)
    return replace(loads, stop_opens_at=opens_at, stop_closes_at=closes_at), order


def _whole(columns: Legs, side: LegSide) -> Legs:
    """Return the leg with all that its truck holds, and without its carrier's limits on deadhead: the pair met them."""
    more = [taken - part for taken, part in zip(side.taken, side.part_way, strict=True)]
    none = np.full(len(columns), np.nan)
    return replace(
        _with_capacity(columns, [(more[0], more[1], more[2])]),
        max_pickup_deadhead_miles=none,
        max_home_deadhead_miles=none,
        max_out_of_route_miles=none,
    )


def _with_capacity(columns: Legs, more: Sequence[tuple[int, int, int]]) -> Legs:
    """Return the legs with so many pounds, feet and pallets more each."""
    added = np.array(more, dtype=np.int64).reshape(-1, 3)
    return replace(
        columns,
        weight_pounds=columns.weight_pounds + added[:, 0],
        length_feet=columns.length_feet + added[:, 1],
        pallets=columns.pallets + added[:, 2],
    )


def _less(amounts: tuple[int, int, int]) -> tuple[int, int, int]:
    return -amounts[0], -amounts[1], -amounts[2]
