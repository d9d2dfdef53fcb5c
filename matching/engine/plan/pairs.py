"""The single loads of a plan: every feasible pair of the market that gains something."""

import numpy as np

from matching.engine.bulk import feasible_pairs
from matching.engine.columns import Ints
from matching.engine.plan.problem import ChainLimits, Columns, MayMeet, Progress
from matching.engine.policy import Policy
from matching.engine.problem import Legs, Loads
from matching.engine.travel import TravelOracle


def find_pairs(
    legs: Legs,
    loads: Loads,
    travel: TravelOracle,
    policy: Policy,
    *,
    limits: ChainLimits | None = None,
    workers: int = 1,
    may_meet: MayMeet | None = None,
    progress: Progress | None = None,
) -> Columns:
    """Return all feasible pairs that may meet and gain something, in order of leg and load, with their market gain."""
    parts: list[tuple[Ints, Ints, Ints]] = []
    block_pairs = (limits or ChainLimits()).block_pairs
    for scores in feasible_pairs(legs, loads, travel, policy, block_pairs=block_pairs, workers=workers):
        leg, load, gain = scores.leg_row, scores.load_row, scores.market_gain_cents
        kept = gain > 0
        if may_meet is not None:
            kept &= may_meet(leg, load)
        if progress is not None and leg.size:
            progress("Scoring every truck with every load", (int(leg[-1]) + 1) / len(legs))
        parts.append((leg[kept], load[kept], gain[kept]))
    none = np.zeros(0, dtype=np.int64)
    leg, load, gain = (np.concatenate([none, *(part[place] for part in parts)]) for place in range(3))
    return Columns(leg_row=leg, load_rows=load, gain_cents=gain)
