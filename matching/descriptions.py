"""What is stored with a match: the engine's account of the pair, divided into the shared and the carrier's own.

The driver's clock is the carrier's business, and so are the rests and breaks that follow from it: both sides see when
the truck drives, arrives, is served and gets home; only the carrier sees the time line behind.
"""

from collections.abc import Sequence
from typing import Any

from foundation.places.services import travel_oracle
from matching.engine.explain import Explanation, explain_rows
from matching.engine.policy import Policy
from matching.engine.problem import Legs, Loads
from matching.engine.score import Scores

_OF_THE_CARRIER = ("timeline", "clock_is_assumed")


def describe(columns: tuple[Legs, Loads], scores: Scores, rows: Sequence[int], policy: Policy) -> list[dict[str, Any]]:
    """Return the figures of scored pairs as columns of `Match`, in the order of `rows`."""
    if not rows:
        return []
    legs, loads = columns
    accounts = explain_rows(scores, rows, legs, loads, travel_oracle().version, policy)
    return [_columns(scores, row, account) for row, account in zip(rows, accounts, strict=True)]


def _columns(scores: Scores, row: int, account: Explanation) -> dict[str, Any]:
    shared = {name: value for name, value in account.shared.items() if name not in _OF_THE_CARRIER}
    own = account.own | {name: account.shared[name] for name in _OF_THE_CARRIER}
    return figures_of(scores, row) | {"parts": shared, "own_parts": own}


def figures_of(scores: Scores, row: int) -> dict[str, Any]:
    """Return the figures of one scored pair that stand in columns of their own."""
    return {
        "rate_cents": int(scores.rate_cents[row]),
        "rate_is_estimated": bool(scores.rate_is_estimated[row]),
        "pickup_deadhead_miles": float(scores.pickup_deadhead_miles[row]),
        "loaded_miles": float(scores.loaded_miles[row]),
        "home_deadhead_miles": float(scores.home_deadhead_miles[row]),
        "empty_miles_saved": float(scores.empty_miles_saved[row]),
        "pickup_slack_minutes": int(scores.pickup_slack_minutes[row]),
        "co2_saved_kg": float(scores.co2_saved_kg[row]),
    }
