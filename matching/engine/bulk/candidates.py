"""Candidates in memory: which loads could suit which legs, block by block, without asking for a road."""

from collections.abc import Iterator

import numpy as np

from matching.engine.bulk.bounds import known_bounds
from matching.engine.bulk.search import Search
from matching.engine.columns import Ints
from matching.engine.problem import Legs, Loads

BLOCK_PAIRS = 1 << 19


def candidate_pairs(
    legs: Legs, loads: Loads, *, leg_rows: Ints | None = None, block_pairs: int = BLOCK_PAIRS
) -> Iterator[tuple[Ints, Ints]]:
    """Yield blocks of (leg rows, load rows), positions in `legs` and `loads`: every pair that could be feasible.

    Leg by leg in the order of `leg_rows` (all legs if left out), each leg's loads in order of position; a block holds
    whole legs, and `block_pairs` bounds what is looked at for it. Roads are held to be no shorter than the great circle
    by more than 2 %. A leg that offers out-of-route miles and whose empty run home is not known has every load along
    the way.
    """
    rows = np.arange(len(legs), dtype=np.int64) if leg_rows is None else np.asarray(leg_rows, dtype=np.int64)
    if not rows.size or not len(loads):
        return
    for find in Search(legs, loads, known_bounds(legs, loads)).blocks(rows, max(block_pairs, 1)):
        block = find()
        if block.leg.size:
            order = in_order_of_load(block.leg, block.load, len(loads))
            yield block.leg[order], block.load[order]


def in_order_of_load(leg: Ints, load: Ints, loads: int) -> Ints:
    """Return the order that keeps the legs as they come and puts each one's loads in order of position."""
    changes = np.ones(leg.size, dtype=np.int64)
    changes[1:] = leg[1:] != leg[:-1]
    return np.argsort(np.cumsum(changes) * loads + load, kind="stable")
