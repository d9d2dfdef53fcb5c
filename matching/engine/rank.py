"""Rank: the best pairs first, the same way every time."""

import numpy as np

from matching.engine.columns import Bools, Ints
from matching.engine.score import Scores


def best(gain_cents: Ints, feasible: Bools, keys: Ints, count: int) -> Ints:
    """Return the positions of the `count` feasible rows with the highest gain, best first; ties by the lower key."""
    rows = np.flatnonzero(feasible)
    order = np.lexsort((keys[rows], -gain_cents[rows]))
    return rows[order[:count]]


def kept_for_leg(scores: Scores, count: int) -> Ints:
    """Return which pairs of one leg to keep: its best by own gain and its best by market gain, in order of position."""
    return np.union1d(
        best(scores.own_gain_cents, scores.feasible, scores.load_key, count),
        best(scores.market_gain_cents, scores.feasible, scores.load_key, count),
    )


def kept_for_load(scores: Scores, count: int) -> Ints:
    """Return which pairs of one load to keep: its best by market gain, best first; ties by the leg's key."""
    return best(scores.market_gain_cents, scores.feasible, scores.leg_key, count)
