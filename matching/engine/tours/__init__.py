"""Tours: several loads on one truck on its way home, one after the other or on board together."""

from matching.engine.tours.beside import fits_beside, fits_together, why_not_together
from matching.engine.tours.explain import explain_tour
from matching.engine.tours.insertion import Insertion, best_insertions
from matching.engine.tours.problem import Tours, TourScores, chain_tours, tours_of
from matching.engine.tours.score import score_tours
from matching.engine.tours.search import Combinations, best_chains, best_consolidations

__all__ = [
    "Combinations",
    "Insertion",
    "TourScores",
    "Tours",
    "best_chains",
    "best_consolidations",
    "best_insertions",
    "chain_tours",
    "explain_tour",
    "fits_beside",
    "fits_together",
    "score_tours",
    "tours_of",
    "why_not_together",
]
