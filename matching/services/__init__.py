"""Every write of matches."""

from matching.services.combinations import combine_due, combine_leg
from matching.services.keeping import Pair, Run
from matching.services.planning import ask_plan, cancel_plan, make_left_plans, make_plans, prune_plans
from matching.services.previewing import Preview, preview
from matching.services.rates import fit_rates, observe_rates
from matching.services.rescoring import rescore_region, sweep_rescoring
from matching.services.scoring import match_legs, match_loads, match_organization, match_related, refresh
from matching.services.storing import clear_matches, store_matches

__all__ = [
    "Pair",
    "Preview",
    "Run",
    "ask_plan",
    "cancel_plan",
    "clear_matches",
    "combine_due",
    "combine_leg",
    "fit_rates",
    "make_left_plans",
    "make_plans",
    "match_legs",
    "match_loads",
    "match_organization",
    "match_related",
    "observe_rates",
    "preview",
    "prune_plans",
    "refresh",
    "rescore_region",
    "store_matches",
    "sweep_rescoring",
]
