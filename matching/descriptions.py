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

FIGURES = (
    "rate_cents", "rate_is_estimated", "pickup_deadhead_miles", "loaded_miles", "home_deadhead_miles",
    "empty_miles_saved", "pickup_slack_minutes", "co2_saved_kg",
)  # fmt: skip
"""The figures of a pair that stand in columns of their own."""


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


def figures_of(scores: Scores | None, row: int) -> dict[str, Any]:
    """Return the `FIGURES` of one scored pair; without scores there is none to ask for."""
    assert scores is not None
    return {name: getattr(scores, name)[row].item() for name in FIGURES}
