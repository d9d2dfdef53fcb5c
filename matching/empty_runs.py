"""Going home empty, for one leg: the number that every load is measured against, and who reads how much of it.

The minutes rest on the driver's clock and the cents on the carrier's costs, so both are the carrier's alone; others
read the miles to the nearest ten, as on the leg itself, and what those cost at the market's figures.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from carriers.models import ReturnLeg
from foundation.accounts.models import Organization
from foundation.places.services import travel_oracle
from foundation.trade.windows import instant_words
from matching.engine.empty import empty_runs
from matching.engine.policy import Policy
from matching.engine.problem import Legs
from matching.engine.travel import TravelOracle
from matching.policies import current_policy
from matching.postings import named_legs, with_leg_way

FOR_CARRIER = frozenset(
    {"miles", "market_cost", "own_cost", "minutes", "drive_minutes", "home_at", "home_slack_minutes"}
    | {"miles_are_estimated", "clock_is_assumed"}
)
FOR_OTHERS = frozenset({"miles", "market_cost"})
MONEY = frozenset({"market_cost", "own_cost"})
"""The fields that are cents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptyRun:
    """Driving straight home empty: `minutes` is from the ready time to the earliest legal arrival at home."""

    miles: float
    minutes: int
    drive_minutes: int
    home_at: datetime
    home_slack_minutes: int
    own_cost: int
    market_cost: int
    miles_are_estimated: bool
    clock_is_assumed: bool


def empty_run_of(columns: Legs, travel: TravelOracle, policy: Policy) -> EmptyRun | None:
    """Return the empty run of one leg, given as columns of one row; None where no road leads home."""
    runs = empty_runs(columns, travel, policy)
    if not runs.passable[0]:
        return None
    return EmptyRun(
        miles=float(runs.miles[0]),
        minutes=int(runs.minutes[0]),
        drive_minutes=int(runs.drive_minutes[0]),
        home_at=datetime.fromtimestamp(int(runs.home_at[0]) * 60, UTC),
        home_slack_minutes=int(runs.home_slack_minutes[0]),
        own_cost=int(runs.own_cents[0]),
        market_cost=int(runs.market_cents[0]),
        miles_are_estimated=bool(runs.estimated[0]),
        clock_is_assumed=bool(runs.clock_is_assumed[0]),
    )


def empty_run_for(leg: ReturnLeg, policy: Policy) -> EmptyRun | None:
    """Return the empty run of a stored leg; None where no road leads home."""
    travel = travel_oracle()
    legs, _ = with_leg_way(named_legs([leg.public_id], travel.version), travel)
    return empty_run_of(legs.columns, travel, policy) if legs.sides else None


def view(run: EmptyRun, *, is_carrier: bool, policy: Policy) -> dict[str, Any]:
    """Return the run as this viewer may read it; money in cents."""
    if is_carrier:
        return {name: getattr(run, name) for name in sorted(FOR_CARRIER)}
    miles = float(round(run.miles, -1))
    return {"miles": miles, "market_cost": int(np.floor(miles * policy.empty_cents_per_mile + 0.5))}


def shown_empty_run(leg: ReturnLeg, viewer: Organization) -> dict[str, Any] | None:
    """Return the empty run of a stored leg as this viewer reads it on a page; None where no road leads home."""
    policy = current_policy()
    run = empty_run_for(leg, policy)
    is_carrier = leg.organization_id == viewer.pk
    return words_of(view(run, is_carrier=is_carrier, policy=policy), leg) if run else None


def words_of(seen: dict[str, Any], leg: ReturnLeg) -> dict[str, Any]:
    """Return a view with what a page says beside it: home's wall time, and whether that is too late."""
    if "home_at" not in seen:
        return seen
    home_at = instant_words(seen["home_at"], leg.home_time_zone)
    return seen | {"home_at_words": home_at, "is_late": seen["home_slack_minutes"] < 0}
