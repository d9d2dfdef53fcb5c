"""Going home empty, as an answer with a number: what every load is measured against."""

from dataclasses import dataclass

import numpy as np

from matching.engine import duty, money
from matching.engine.columns import Bools, Floats, Ints
from matching.engine.policy import Policy
from matching.engine.problem import Legs
from matching.engine.routes import straight_homes
from matching.engine.travel import TravelOracle


@dataclass(frozen=True, eq=False, kw_only=True)
class EmptyRuns:
    """n empty runs straight home, each column of shape (n,).

    `minutes` is from the ready time to the earliest legal arrival `home_at` (minutes since the epoch), `drive_minutes`
    the driving in it. `own_cents` uses the carrier's costs and is for the carrier alone, as are the minutes, which rest
    on the driver's clock; `market_cents` the policy's. `passable` is False where no road is known: then all are 0.
    """

    miles: Floats
    drive_minutes: Ints
    minutes: Ints
    home_at: Ints
    home_slack_minutes: Ints
    own_cents: Ints
    market_cents: Ints
    estimated: Bools
    clock_is_assumed: Bools
    passable: Bools


def empty_runs(legs: Legs, travel: TravelOracle, policy: Policy) -> EmptyRuns:
    """Return what driving straight home empty takes and costs, for each leg."""
    rows = np.arange(len(legs))
    way = straight_homes(legs, rows, travel)
    plans = duty.empty_homes(legs, way, policy)
    home_at = np.where(way.passable, plans.arrive_at, legs.ready_at)
    own, market = money.own_costs(legs, rows, policy), money.policy_costs(policy, len(legs))
    return EmptyRuns(
        miles=way.miles,
        drive_minutes=way.minutes,
        minutes=home_at - legs.ready_at,
        home_at=home_at,
        home_slack_minutes=legs.home_by - home_at,
        own_cents=money.whole_cents(way.miles * own.empty_cents_per_mile),
        market_cents=money.whole_cents(way.miles * market.empty_cents_per_mile),
        estimated=way.estimated,
        clock_is_assumed=duty.clock_is_assumed(legs),
        passable=way.passable,
    )
