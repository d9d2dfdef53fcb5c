"""The best loads of each leg by great circle, for a whole market."""

from dataclasses import dataclass, replace

import numpy as np

from matching.engine.bulk.feasible import feasible_pairs
from matching.engine.columns import Ints
from matching.engine.policy import Policy
from matching.engine.problem import Legs, Loads
from matching.engine.travel import GreatCircleTravel

NONE = -1


@dataclass(frozen=True, eq=False, kw_only=True)
class Best:
    """Each leg's best loads, best first, in arrays of shape (legs, count).

    `load_row` is the position in `Loads`, -1 where a leg has fewer; `own_gain_cents` is the gain at the carrier's own
    costs (the carrier's eyes only), 0 where there is no load.
    """

    load_row: Ints
    own_gain_cents: Ints


def best_by_great_circle(
    legs: Legs,
    loads: Loads,
    *,
    count: int = 20,
    circuity: float = 1.17,
    mph: float = 50.0,
    policy: Policy,
    workers: int = 1,
) -> Best:
    """Return each leg's `count` feasible loads of the highest own gain, ties by the load's key.

    What `score_pairs` says with `GreatCircleTravel(circuity, mph)` and a driver who never needs rest.
    """
    rows = np.full((len(legs), count), NONE, dtype=np.int64)
    gains = np.zeros((len(legs), count), dtype=np.int64)
    travel = GreatCircleTravel(circuity, mph)
    for block in feasible_pairs(legs, loads, travel, replace(policy, duty=None), workers=workers):
        for leg in np.unique(block.leg_row).tolist():
            mine = np.flatnonzero(block.leg_row == leg)
            order = mine[np.lexsort((block.load_key[mine], -block.own_gain_cents[mine]))][:count]
            rows[leg, : order.size] = block.load_row[order]
            gains[leg, : order.size] = block.own_gain_cents[order]
    return Best(load_row=rows, own_gain_cents=gains)
