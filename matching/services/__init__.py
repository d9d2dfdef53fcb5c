"""Every write of matches."""

from matching.services.combinations import combine_due, combine_leg
from matching.services.keeping import Pair, Run
from matching.services.previewing import Preview, preview
from matching.services.rates import fit_rates, observe_rates
from matching.services.scoring import match_legs, match_loads, match_organization, match_related, refresh
from matching.services.storing import clear_matches, store_matches

__all__ = [
    "Pair",
    "Preview",
    "Run",
    "clear_matches",
    "combine_due",
    "combine_leg",
    "fit_rates",
    "match_legs",
    "match_loads",
    "match_organization",
    "match_related",
    "observe_rates",
    "preview",
    "refresh",
    "store_matches",
]
