"""The whole market at once: candidates from an index in memory, the best of each leg, and every feasible pair."""

from matching.engine.bulk.best import Best, best_by_great_circle
from matching.engine.bulk.candidates import candidate_pairs
from matching.engine.bulk.feasible import feasible_pairs

__all__ = ["Best", "best_by_great_circle", "candidate_pairs", "feasible_pairs"]
