"""Every write of matches."""

from matching.services.scoring import match_legs, match_loads, match_related, refresh
from matching.services.storing import Pair, Run, clear_matches, store_matches

__all__ = ["Pair", "Run", "clear_matches", "match_legs", "match_loads", "match_related", "refresh", "store_matches"]
