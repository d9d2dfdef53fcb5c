"""Tables of matching: derived rows and the policies that they rest on."""

from matching.models.boarding import OnBoard
from matching.models.matches import Match, MatchRun, Policy
from matching.models.plans import NetworkPlan, PlanLine, PlannedLoad, PlanStatus
from matching.models.rates import RateModelVersion, RateObservation
from matching.models.rescoring import RegionSide, Rescoring, RescoringReason, RescoringRegion
from matching.models.tours import Combination, CombinationKind, CombinationRun, CombinedLoad

__all__ = [
    "Combination",
    "CombinationKind",
    "CombinationRun",
    "CombinedLoad",
    "Match",
    "MatchRun",
    "NetworkPlan",
    "OnBoard",
    "PlanLine",
    "PlanStatus",
    "PlannedLoad",
    "Policy",
    "RateModelVersion",
    "RateObservation",
    "RegionSide",
    "Rescoring",
    "RescoringReason",
    "RescoringRegion",
]
