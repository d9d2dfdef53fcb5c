"""Candidates in memory: which loads could suit which legs, block by block."""

from collections.abc import Iterator

import numpy as np

from matching.engine.columns import CARRIES, Ints
from matching.engine.problem import Legs, Loads

BLOCK_PAIRS = 1 << 20
"""How many pairs a block holds, more or less: enough to forget what NumPy costs per call, little enough memory."""


def candidate_pairs(
    legs: Legs, loads: Loads, *, leg_rows: Ints | None = None, block_pairs: int = BLOCK_PAIRS
) -> Iterator[tuple[Ints, Ints]]:
    """Yield blocks of (leg rows, load rows), positions in `legs` and `loads`: every pair that could be feasible.

    Leg by leg in the order of `leg_rows` (all legs if left out), each leg's loads in order of position; a block holds
    whole legs.
    """
    everyone = np.arange(len(legs), dtype=np.int64) if leg_rows is None else np.asarray(leg_rows, dtype=np.int64)
    for leg in everyone.tolist():
        suits = CARRIES[legs.equipment[leg], loads.equipment]
        suits &= (loads.attributes & ~legs.attributes[leg]) == 0
        found = np.flatnonzero(suits)
        if found.size:
            yield np.full(found.size, leg, dtype=np.int64), found
