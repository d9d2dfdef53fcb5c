"""One tour driven out: its stretches and its day, each reckoned once, for whoever has chosen it already."""

from dataclasses import dataclass

from matching.engine.policy import Policy
from matching.engine.problem import Legs, Loads
from matching.engine.refusals import Refusal
from matching.engine.timeline import TimeLine, timeline
from matching.engine.tours.problem import Tours
from matching.engine.tours.routes import TourRoutes
from matching.engine.tours.score import TourSheet, tour_chains
from matching.engine.travel import TravelOracle


@dataclass(frozen=True, eq=False, slots=True)
class Driven:
    """The stretches of one tour and its day, from the instant at which the truck is ready."""

    routes: TourRoutes
    day: TimeLine

    @property
    def finish_at(self) -> int:
        """The minute at which the truck is home."""
        return int(self.day.plans.arrive_at[0])


def drive(legs: Legs, loads: Loads, tours: Tours, travel: TravelOracle, policy: Policy) -> Driven | None:
    """Return the stretches and the day of a single tour, None where `score_tours` refuses it: that says why.

    It asks what `score_tours` asks, in its order and by its rules, save for what the tour gains. Raises `ValueError`
    for more than one tour.
    """
    if len(tours) != 1:
        raise ValueError("One tour is driven at a time.")
    sheet = TourSheet(legs, loads, tours)
    sheet.refuse_what_does_not_fit()
    if sheet.rows.size:
        sheet.refuse_what_is_out_of_reach(travel)
    if Refusal(int(sheet.refusal[0])) is not Refusal.NONE or sheet.routes is None:
        return None
    chains = tour_chains(legs, tours.leg_row, loads, sheet.layout, sheet.routes, policy)
    day = timeline(chains, policy.duty)
    return Driven(sheet.routes, day) if day.plans.feasible[0] else None
