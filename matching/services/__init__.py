"""Every write of matches."""

from matching.services.keeping import Pair, Run
from matching.services.scoring import match_legs, match_loads, match_organization, match_related, refresh
from matching.services.storing import clear_matches, store_matches

__all__ = [
    "Pair",
    "Run",
    "clear_matches",
    "match_legs",
    "match_loads",
    "match_organization",
    "match_related",
    "refresh",
    "store_matches",
]
