"""Tables of matching: derived rows and the policies that they rest on."""

from matching.models.matches import Match, MatchRun, Policy

__all__ = ["Match", "MatchRun", "Policy"]
