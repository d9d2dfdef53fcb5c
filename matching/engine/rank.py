"""Rank: the best pairs first, the same way every time."""

import numpy as np

from matching.engine.columns import Bools, Ints


def best(gain_cents: Ints, feasible: Bools, keys: Ints, count: int) -> Ints:
    """Return the positions of the `count` feasible rows with the highest gain, best first; ties by the lower key."""
    rows = np.flatnonzero(feasible)
    order = np.lexsort((keys[rows], -gain_cents[rows]))
    return rows[order[:count]]
