"""What a return leg has free beside what is booked on it: all the way, on part of it, and for a certain load.

A leg with booked partial loads on board stays on the market while some stretch has room. Single loads are judged beside
what is on board, by the engine and on the agreed times, so that what only fits on part of the way is shown to whom it
fits, and to nobody else. Combinations and network plans count with what is free all the way.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from matching.engine.columns import Bools, Ints
from matching.engine.policy import Policy
from matching.engine.problem import Legs, Loads, joined_loads
from matching.engine.score import Scores
from matching.engine.tours import fits_beside
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
    side, columns = leg.sides[0], leg.columns
    stops = on_board_of(side.pk) if any(side.taken) else []
    if not stops:
        return np.ones(len(load_rows), dtype=np.bool_)
    keys = sorted({stop[0] for stop in stops})
    aboard = chosen_loads(keys, travel.version).columns
    known = set(keys)
    others = [row for row in load_rows if int(loads.columns.key[row]) not in known]
    together = joined_loads([aboard, loads.columns.take(others)]) if others else aboard
    together, order = _agreed(together, keys, stops)
    found = fits_beside(_whole(columns, side), 0, together, order, [len(keys) + at for at in range(len(others))],
                        travel, policy)  # fmt: skip
    by_row = dict(zip(others, found.tolist(), strict=True))
    return np.array([by_row.get(row, True) for row in load_rows], dtype=np.bool_)


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
