"""What all trucks together do under a plan: gain, miles, emissions, and who is home in time."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from matching.engine import duty
from matching.engine.columns import Bools, Floats, Ints
from matching.engine.plan.problem import Totals
from matching.engine.policy import Policy
from matching.engine.problem import Legs, Loads
from matching.engine.routes import straight_homes
from matching.engine.tours.problem import NO_LOAD, TourScores, chain_tours
from matching.engine.tours.score import score_tours
from matching.engine.travel import TravelOracle


@dataclass(frozen=True, eq=False, kw_only=True)
class EmptyRuns:
    """The empty run home of each leg: miles (0 where no road leads home), and whether it ends in time."""

    miles: Floats
    in_time: Bools

    @classmethod
    def of(cls, legs: Legs, travel: TravelOracle, policy: Policy) -> Self:
        """Ask the oracle, and plan the driver's day."""
        way = straight_homes(legs, np.arange(len(legs)), travel)
        arrive_at = duty.empty_homes(legs, way, policy).arrive_at
        return cls(miles=np.where(way.passable, way.miles, 0.0), in_time=way.passable & (arrive_at <= legs.home_by))


def score_lines(
    legs: Legs, loads: Loads, leg_rows: Ints, load_rows: Ints, travel: TravelOracle, policy: Policy
) -> TourScores:
    """Return the scores of what was chosen, in the order given."""
    return score_tours(legs, loads, chain_tours(loads, leg_rows, load_rows), travel, policy)


def totals(runs: EmptyRuns, lines: TourScores, policy: Policy) -> Totals:
    """Return the totals when the trucks of these lines drive them, and all others home empty."""
    idle = np.ones(runs.miles.size, dtype=np.bool_)
    idle[lines.leg_row] = False
    empty_miles = float(lines.empty_miles.sum() + runs.miles[idle].sum())
    return Totals(
        trucks_loaded=len(lines),
        loads_carried=int((lines.load_rows != NO_LOAD).sum()),
        gain_cents=int(lines.market_gain_cents.sum()),
        empty_miles=round(empty_miles, 1),
        total_miles=round(empty_miles + float(lines.loaded_miles.sum()), 1),
        co2_kg=round(empty_miles * policy.co2_kg_per_mile, 1),
        # A line that comes home too late is refused, so whoever drives one is home in time.
        trucks_home_in_time=len(lines) + int(runs.in_time[idle].sum()),
    )
