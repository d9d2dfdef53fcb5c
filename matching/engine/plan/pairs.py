"""Every feasible pair of the market as far as a plan needs it, and which of them may begin a chain."""

from dataclasses import dataclass, replace

import numpy as np

from matching.engine.bulk import feasible_pairs
from matching.engine.columns import Bools, Ints
from matching.engine.plan.problem import ChainLimits, Columns, MayMeet, Progress
from matching.engine.policy import Policy
from matching.engine.problem import Legs, Loads
from matching.engine.travel import TravelOracle


@dataclass(frozen=True, eq=False, kw_only=True)
class Pairs:
    """n pairs in order of leg and load, each column of shape (n,): `gain_cents` is the market gain.

    `is_single` says that the truck can take the load and go home; the others end too far from home for that and may
    only begin a chain. `begins_all` says whether every way to begin a chain is here.
    """

    leg_row: Ints
    load_row: Ints
    gain_cents: Ints
    is_single: Bools
    begins_all: bool

    def singles(self) -> Columns:
        """Return the single loads that gain something."""
        rows = np.flatnonzero(self.is_single & (self.gain_cents > 0))
        return Columns(leg_row=self.leg_row[rows], load_rows=self.load_row[rows], gain_cents=self.gain_cents[rows])


def find_pairs(
    legs: Legs,
    loads: Loads,
    travel: TravelOracle,
    policy: Policy,
    *,
    longest: int,
    limits: ChainLimits,
    workers: int = 1,
    may_meet: MayMeet | None = None,
    progress: Progress | None = None,
) -> Pairs:
    """Return all feasible pairs that may meet; for chains those too whose delivery is beyond the leg's home limit."""
    opened, begins_all = open_homes(legs, loads, limits) if longest > 1 else (legs, True)
    parts: list[tuple[Ints, Ints, Ints, Bools]] = []
    blocks = feasible_pairs(opened, loads, travel, policy, block_pairs=limits.block_pairs, workers=workers)
    for scores in blocks:
        leg, load = scores.leg_row, scores.load_row
        kept = np.flatnonzero(may_meet(leg, load)) if may_meet is not None else np.arange(leg.size)
        if progress is not None and leg.size:
            progress("Scoring every truck with every load", (int(leg[-1]) + 1) / len(legs))
        single = ~(scores.home_deadhead_miles > legs.max_home_deadhead_miles[leg])
        parts.append((leg[kept], load[kept], scores.market_gain_cents[kept], single[kept]))
    none = np.zeros(0, dtype=np.int64)
    columns = [np.concatenate([part[place] for part in parts] or [none]) for place in range(4)]
    return Pairs(
        leg_row=columns[0],
        load_row=columns[1],
        gain_cents=columns[2],
        is_single=columns[3].astype(np.bool_),
        begins_all=begins_all,
    )


def open_homes(legs: Legs, loads: Loads, limits: ChainLimits) -> tuple[Legs, bool]:
    """Return the legs without a limit of their home deadhead: a chain may pass far from home before its last load.

    A leg without a limit at the pickup would then meet every load of the market. Where that comes to more than
    `limits.unlimited_pairs`, such legs keep their limit, and the answer's second part is False.
    """
    anywhere = np.isnan(legs.max_pickup_deadhead_miles)
    too_many = int(anywhere.sum()) * len(loads) > limits.unlimited_pairs
    kept = anywhere & too_many & ~np.isnan(legs.max_home_deadhead_miles)
    open_home = np.where(kept, legs.max_home_deadhead_miles, np.nan)
    return replace(legs, max_home_deadhead_miles=open_home), not bool(kept.any())
