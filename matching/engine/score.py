"""Scores: what each pair of a leg and a load is worth, or why it cannot be.

`score_leg` takes one leg and many loads, `score_load` one load and many legs, `score_pairs` any pairs; the same pair
gets the same figures from all three, bit for bit.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from matching.engine import duty, money
from matching.engine.columns import CARRIES, LOAD_CODES, Bools, Floats, Ints
from matching.engine.hours import plan
from matching.engine.labels import Trace
from matching.engine.money import Money
from matching.engine.policy import Policy
from matching.engine.problem import OPEN_TO_OFFERS, Legs, Loads
from matching.engine.refusals import FIGURES, Refusal, sentence
from matching.engine.routes import Routes, route_pairs, tenths
from matching.engine.timeline import Planned
from matching.engine.travel import TravelOracle

TRACED_PAIRS = 64
"""Up to so many pairs it is noted while planning how each day goes: one load's pairs, not those of a whole market."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Scores:
    """n scored pairs, each column of shape (n,) except `refusal_figures` (n, 4).

    `refusal` is a `Refusal`, 0 for a feasible pair. A refused pair has the figures known when it was refused; miles
    are NaN where the oracle was not asked, minutes and cents are 0 where hours were not planned. `out_of_route_miles`
    are all miles with the load less the empty run home. `wait_minutes` are on duty. `home_delay_minutes` is how much
    later than empty the truck is home. `own` uses the carrier's costs and is for the carrier alone; `market` the
    policy's. `routes` holds the stretches of the pairs whose hours were planned, `route_row` the position there or -1.
    Of few pairs, whose accounts are likely to be asked for, `planned` are the days of `routes`.
    """

    leg_row: Ints
    load_row: Ints
    leg_key: Ints
    load_key: Ints
    refusal: Ints
    refusal_figures: Floats
    pickup_deadhead_miles: Floats
    loaded_miles: Floats
    home_deadhead_miles: Floats
    avoided_miles: Floats
    out_of_route_miles: Floats
    empty_miles_saved: Floats
    co2_saved_kg: Floats
    drive_minutes: Ints
    service_minutes: Ints
    wait_minutes: Ints
    finish_at: Ints
    pickup_slack_minutes: Ints
    home_slack_minutes: Ints
    home_delay_minutes: Ints
    rate_cents: Ints
    rate_is_estimated: Bools
    miles_are_estimated: Bools
    clock_is_assumed: Bools
    own: Money
    market: Money
    routes: Routes
    route_row: Ints
    planned: Planned | None = None

    def __len__(self) -> int:
        return int(self.leg_row.shape[0])

    @property
    def feasible(self) -> Bools:
        """Whether the truck can take the load."""
        return np.asarray(self.refusal == Refusal.NONE)

    @property
    def own_gain_cents(self) -> Ints:
        """The gain at the carrier's own costs; the carrier's eyes only."""
        return self.own.gain_cents

    @property
    def market_gain_cents(self) -> Ints:
        """The gain at the dated default costs."""
        return self.market.gain_cents

    @property
    def announced(self) -> Bools:
        """Whether anyone but the carrier is told: a matter of feasibility and of the market figure alone."""
        return self.feasible & (self.market_gain_cents > 0)

    def refusal_sentence(self, row: int) -> str:
        """Return why pair `row` is refused, in a dispatcher's words; empty if it is feasible."""
        return sentence(Refusal(int(self.refusal[row])), self.refusal_figures[row].tolist())

    def refusal_counts(self) -> dict[str, int]:
        """Return how many pairs each rule refused, by its code, in the order of the rules."""
        counts = np.bincount(self.refusal, minlength=len(Refusal))
        return {rule.code: int(counts[rule]) for rule in Refusal if rule and counts[rule]}


def score_leg(legs: Legs, leg_row: int, loads: Loads, travel: TravelOracle, policy: Policy) -> Scores:
    """Score one leg against all loads, in their order."""
    return score_pairs(legs, np.full(len(loads), leg_row), loads, np.arange(len(loads)), travel, policy)


def score_load(loads: Loads, load_row: int, legs: Legs, travel: TravelOracle, policy: Policy) -> Scores:
    """Score one load against all legs, in their order."""
    return score_pairs(legs, np.arange(len(legs)), loads, np.full(len(legs), load_row), travel, policy)


def score_pairs(
    legs: Legs, leg_rows: ArrayLike, loads: Loads, load_rows: ArrayLike, travel: TravelOracle, policy: Policy
) -> Scores:
    """Score the pairs (leg_rows[i], load_rows[i]), positions in `legs` and `loads`."""
    leg, load = (np.array(rows, dtype=np.int64).reshape(-1) for rows in (leg_rows, load_rows))
    if leg.size != load.size:
        raise ValueError("leg_rows and load_rows must be of the same length.")
    sheet = _Sheet(legs, leg, loads, load)
    sheet.refuse_what_does_not_fit()
    sheet.refuse_what_is_out_of_reach(route_pairs(legs, leg[sheet.rows], loads, load[sheet.rows], travel))
    sheet.refuse_what_comes_too_late(policy)
    return sheet.scores(policy)


def score_routes(legs: Legs, leg: Ints, loads: Loads, load: Ints, routes: Routes, policy: Policy) -> Scores:
    """Score the pairs (leg[i], load[i]) whose stretches are known already; `routes` has a row for each pair.

    For those who want feasible pairs only: what comes too late is refused without its figures.
    """
    sheet = _Sheet(legs, leg, loads, load)
    sheet.refuse_what_does_not_fit()
    sheet.refuse_what_is_out_of_reach(routes.take(sheet.rows))
    sheet.refuse_what_comes_too_late(policy, feasible_only=True)
    return sheet.scores(policy)


class _Sheet:
    """The pairs being scored; each step works on those that no step before has refused."""

    def __init__(self, legs: Legs, leg: Ints, loads: Loads, load: Ints) -> None:
        n = leg.size
        self.legs, self.leg, self.loads, self.load = legs, leg, loads, load
        self.refusal = np.zeros(n, dtype=np.int64)
        self.figures = np.zeros((n, FIGURES))
        self.miles = {name: np.full(n, np.nan) for name in _MILES}
        self.estimated = np.zeros(n, dtype=np.bool_)
        self.minutes = {name: np.zeros(n, dtype=np.int64) for name in _MINUTES}
        self.rows = np.arange(n)
        self.routes: Routes | None = None
        self.planned: Planned | None = None

    def refuse(self, rule: Refusal, broken: Bools, *figures: NDArray[np.generic]) -> None:
        """Refuse those of the rows in work where `broken`, unless an earlier rule has."""
        broken = broken & (self.refusal[self.rows] == Refusal.NONE)
        gone = self.rows[broken]
        self.refusal[gone] = rule
        for column, figure in enumerate(figures):
            self.figures[gone, column] = figure[broken]

    def keep(self) -> Ints:
        """Go on with what is left; return its positions among the rows worked on so far."""
        kept = np.flatnonzero(self.refusal[self.rows] == Refusal.NONE)
        self.rows = self.rows[kept]
        return kept

    def refuse_what_does_not_fit(self) -> None:
        """Ask equipment, attributes, weight, length and pallets."""
        legs, loads, leg, load = self.legs, self.loads, self.leg, self.load
        truck, wanted = legs.equipment[leg], loads.equipment[load]
        self.refuse(Refusal.EQUIPMENT, ~CARRIES[truck, wanted], truck, wanted)
        missing = loads.attributes[load] & ~legs.attributes[leg]
        self.refuse(Refusal.ATTRIBUTES, missing != 0, missing)
        for rule, needs, has in (
            (Refusal.WEIGHT, loads.weight_pounds[load], legs.weight_pounds[leg]),
            (Refusal.LENGTH, loads.length_feet[load], legs.length_feet[leg]),
            (Refusal.PALLETS, loads.pallets[load], legs.pallets[leg]),
        ):
            self.refuse(rule, needs > has, needs, has)
        self.keep()

    def refuse_what_is_out_of_reach(self, routes: Routes) -> None:
        """Ask for a way at all, then the limits of the leg at both ends; the routes are of the rows in work."""
        rows, legs, leg = self.rows, self.legs, self.leg[self.rows]
        self.estimated[rows] = routes.estimated
        out_of_route = routes.out_of_route_miles
        for name, figures in (
            ("pickup_deadhead_miles", routes.to_pickup.miles),
            ("loaded_miles", routes.loaded_miles),
            ("home_deadhead_miles", routes.to_home.miles),
            ("avoided_miles", routes.straight_home.miles),
            ("out_of_route_miles", out_of_route),
        ):
            self.miles[name][rows] = np.where(routes.passable, figures, np.nan)
        self.refuse(Refusal.UNREACHABLE, ~routes.passable)
        # Nothing compares with NaN: no deadhead limit refuses nothing, no out-of-route limit offers nothing.
        deadhead, limit = routes.to_pickup.miles, legs.max_pickup_deadhead_miles[leg]
        allowed = legs.max_out_of_route_miles[leg]
        too_far = (deadhead > limit) & ~(out_of_route <= allowed)
        self.refuse(Refusal.PICKUP_DEADHEAD, too_far, deadhead, limit, out_of_route, allowed)
        homeward, limit = routes.to_home.miles, legs.max_home_deadhead_miles[leg]
        self.refuse(Refusal.HOME_DEADHEAD, homeward > limit, homeward, limit)
        self.routes = routes.take(self.keep())

    def refuse_what_comes_too_late(self, policy: Policy, *, feasible_only: bool = False) -> None:
        """Plan the duty day: every window, home-by, and the hours of service."""
        assert self.routes is not None
        rows, routes = self.rows, self.routes
        leg, load = self.leg[rows], self.load[rows]
        chains = duty.pair_chains(self.legs, leg, self.loads, load, routes, policy)
        trace = Trace() if rows.size <= TRACED_PAIRS and policy.duty is not None and not feasible_only else None
        plans = plan(chains, policy.duty, trace, feasible_only=feasible_only)
        self.planned = Planned(chains, plans, trace) if trace is not None else None
        kinds = duty.stop_kinds(self.loads, load, chains.opens_at.shape[1])
        self.refusal[rows], self.figures[rows] = duty.late_refusals(chains, plans, kinds)
        which, first, back = np.unique(leg, return_index=True, return_inverse=True)
        homes = duty.empty_homes(self.legs.take(which), routes.straight_home.take(first), policy)
        first_closes_at = self.loads.stop_closes_at[self.loads.first_stop[load]]
        for name, minutes in (
            ("drive_minutes", chains.drive_minutes.sum(axis=1)),
            ("service_minutes", chains.service_minutes.sum(axis=1)),
            ("wait_minutes", plans.wait_minutes),
            ("finish_at", plans.arrive_at),
            ("pickup_slack_minutes", first_closes_at - plans.first_service_at),
            ("home_slack_minutes", chains.finish_by - plans.arrive_at),
            ("home_delay_minutes", np.maximum(plans.arrive_at - homes.arrive_at[back], 0)),
        ):
            self.minutes[name][rows] = np.where(plans.feasible, minutes, 0)

    def scores(self, policy: Policy) -> Scores:
        """Price what is feasible and put all columns together."""
        legs, loads, leg, load = self.legs, self.loads, self.leg, self.load
        miles, minutes = self.miles, self.minutes
        assert self.routes is not None
        route_row = np.full(leg.size, -1, dtype=np.int64)
        route_row[self.rows] = np.arange(self.rows.size)
        feasible = self.refusal == Refusal.NONE
        known = {name: np.where(feasible, figures, 0.0) for name, figures in miles.items()}
        empty_miles = tenths(known["pickup_deadhead_miles"] + known["home_deadhead_miles"])
        saved = tenths(known["avoided_miles"] - empty_miles)
        open_to_offers = loads.rate_cents[load] == OPEN_TO_OFFERS
        rate = loads.rate_cents[load].copy()
        codes = [LOAD_CODES[code] for code in loads.equipment[load[open_to_offers]]]
        share = loads.truck_share[load[open_to_offers]]
        rate[open_to_offers] = policy.rates.estimate_cents(codes, known["loaded_miles"][open_to_offers], share)
        used = money.Quantities(
            loaded_miles=known["loaded_miles"],
            empty_miles=empty_miles,
            avoided_miles=known["avoided_miles"],
            on_duty_minutes=minutes["service_minutes"] + minutes["wait_minutes"],
            delay_minutes=minutes["home_delay_minutes"],
        )
        rate = np.where(feasible, rate, 0)
        columns: dict[str, Any] = {**miles, **minutes}
        return Scores(
            leg_row=leg,
            load_row=load,
            leg_key=legs.key[leg],
            load_key=loads.key[load],
            refusal=self.refusal,
            refusal_figures=self.figures,
            empty_miles_saved=saved,
            co2_saved_kg=tenths(saved * policy.co2_kg_per_mile),
            rate_cents=rate,
            rate_is_estimated=open_to_offers,
            miles_are_estimated=self.estimated,
            clock_is_assumed=duty.clock_is_assumed(legs)[leg],
            own=money.gain(rate, used, money.own_costs(legs, leg, policy)),
            market=money.gain(rate, used, money.policy_costs(policy, leg.size)),
            routes=self.routes,
            route_row=route_row,
            planned=self.planned,
            **columns,
        )


_MILES = (
    "pickup_deadhead_miles", "loaded_miles", "home_deadhead_miles", "avoided_miles", "out_of_route_miles",
)  # fmt: skip
_MINUTES = (
    "drive_minutes", "service_minutes", "wait_minutes", "finish_at",
    "pickup_slack_minutes", "home_slack_minutes", "home_delay_minutes",
)  # fmt: skip
