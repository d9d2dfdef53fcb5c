"""Every feasible pair of a market with its full score, block by block."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import numpy as np

from matching.engine.bulk.candidates import BLOCK_PAIRS, candidate_pairs
from matching.engine.columns import Ints
from matching.engine.money import Money
from matching.engine.policy import Policy
from matching.engine.problem import Legs, Loads
from matching.engine.score import Scores, score_pairs
from matching.engine.travel import TravelOracle


def feasible_pairs(
    legs: Legs,
    loads: Loads,
    travel: TravelOracle,
    policy: Policy,
    *,
    leg_rows: Ints | None = None,
    block_pairs: int = BLOCK_PAIRS,
    workers: int = 1,
) -> Iterator[Scores]:
    """Yield blocks of all feasible pairs, bit for bit those of `score_pairs`; refused pairs are left out.

    Leg by leg in the order of `leg_rows` (all legs if left out), each leg's loads in order of position; a block holds
    whole legs. Whether a pair is a candidate is asked by great circle, so the oracle's miles must not be shorter than
    that by more than 2 %.
    """
    for leg, load in candidate_pairs(legs, loads, leg_rows=leg_rows, block_pairs=block_pairs):
        scores = score_pairs(legs, leg, loads, load, travel, policy)
        yield take(scores, np.flatnonzero(scores.feasible))


def take(scores: Scores, rows: Ints) -> Scores:
    """Return the scores at these positions, in this order."""
    chosen: dict[str, Any] = {}
    for item in fields(scores):
        value = getattr(scores, item.name)
        if isinstance(value, Money):
            chosen[item.name] = Money(**{term.name: getattr(value, term.name)[rows] for term in fields(value)})
        elif isinstance(value, np.ndarray):
            chosen[item.name] = value[rows]
        else:
            chosen[item.name] = value
    return Scores(**chosen)
