"""Tables of matching: derived rows and the policies that they rest on."""

from matching.models.matches import Match, MatchRun, Policy
from matching.models.plans import NetworkPlan, PlanLine, PlannedLoad, PlanStatus

__all__ = ["Match", "MatchRun", "NetworkPlan", "PlanLine", "PlanStatus", "PlannedLoad", "Policy"]
