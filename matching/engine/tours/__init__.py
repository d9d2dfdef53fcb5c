"""Tours: several loads on one truck on its way home, one after the other or on board together."""

from matching.engine.tours.explain import explain_tour
from matching.engine.tours.insertion import Insertion, best_insertions
from matching.engine.tours.problem import Tours, TourScores, chain_tours, tours_of
from matching.engine.tours.score import score_tours

__all__ = [
    "Insertion",
    "TourScores",
    "Tours",
    "best_insertions",
    "chain_tours",
    "explain_tour",
    "score_tours",
    "tours_of",
]
