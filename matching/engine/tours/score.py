"""Scores of tours: what each is worth, or why it cannot be; a tour of one load has the very figures of its pair."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foundation.trade.equipment import Attribute
from matching.engine import duty, money
from matching.engine.columns import CARRIES, LOAD_CODES, Bools, Ints
from matching.engine.hours import Chains, plan
from matching.engine.policy import Policy
from matching.engine.problem import OPEN_TO_OFFERS, Legs, Loads
from matching.engine.refusals import FIGURES, Refusal
from matching.engine.routes import tenths
from matching.engine.tours.layout import Layout, any_stop, lay_out, loads_named
from matching.engine.tours.problem import Tours, TourScores
from matching.engine.tours.routes import TourRoutes, own_miles, route_tours
from matching.engine.travel import TravelOracle


def score_tours(legs: Legs, loads: Loads, tours: Tours, travel: TravelOracle, policy: Policy) -> TourScores:
    """Score tours, `tours.leg_row` being positions in `legs`; takes some 2 kB a tour, so hand in batches.

    What is on board together never exceeds the truck on any stretch: full loads share with none, partial loads agree on
    a temperature, and hazmat does not ride with food grade. Every empty drive to a pickup is within the leg's pickup
    limit, or the whole tour within its out-of-route limit; the run home from the last delivery within the home limit.
    """
    sheet = TourSheet(legs, loads, tours)
    sheet.refuse_what_does_not_fit()
    sheet.refuse_what_is_out_of_reach(travel)
    sheet.refuse_what_comes_too_late(policy)
    return sheet.scores(travel, policy)


def tour_chains(legs: Legs, leg_rows: Ints, loads: Loads, layout: Layout, routes: TourRoutes, policy: Policy) -> Chains:
    """Return one duty chain for each tour, with its way home as the last stretch."""
    where, used = layout.where, layout.used
    service = duty.service_minutes(loads, policy)
    return Chains(
        start_at=legs.ready_at[leg_rows],
        stops=layout.stops,
        drive_minutes=routes.ways.minutes,
        opens_at=np.where(used, loads.stop_opens_at[where], 0),
        closes_at=np.where(used, loads.stop_closes_at[where], 0),
        service_minutes=np.where(used, service[where], 0),
        clock=duty.clocks(legs, leg_rows, policy.duty),
        finish_by=legs.home_by[leg_rows],
    )


class TourSheet:
    """The tours being scored; each step works on those that no step before has refused."""

    def __init__(self, legs: Legs, loads: Loads, tours: Tours) -> None:
        n = len(tours)
        self.legs, self.loads, self.tours, self.leg = legs, loads, tours, tours.leg_row
        self.named, self.load = loads_named(tours)
        self.refusal = np.zeros(n, dtype=np.int64)
        self.figures = np.zeros((n, FIGURES))
        self.refused_at = np.full(n, -1, dtype=np.int64)
        self.miles = {name: np.full(n, np.nan) for name in _MILES}
        self.estimated = np.zeros(n, dtype=np.bool_)
        self.minutes = {name: np.zeros(n, dtype=np.int64) for name in _MINUTES}
        self.rows = np.arange(n)
        self.layout = lay_out(loads, tours)
        self.routes: TourRoutes | None = None

    def refuse(self, rule: Refusal, broken: Bools, at: Ints, *figures: NDArray[np.generic]) -> None:
        """Refuse those of the rows in work where `broken`, at these stops, unless an earlier rule has."""
        broken = broken & (self.refusal[self.rows] == Refusal.NONE)
        gone = self.rows[broken]
        self.refusal[gone], self.refused_at[gone] = rule, at[broken]
        for column, figure in enumerate(figures):
            self.figures[gone, column] = figure[broken]

    def keep(self) -> Ints:
        """Go on with what is left; return its positions among the rows worked on so far."""
        kept = np.flatnonzero(self.refusal[self.rows] == Refusal.NONE)
        if kept.size < self.rows.size:
            self.rows, self.layout = self.rows[kept], self.layout.take(kept)
        return kept

    def refuse_what_does_not_fit(self) -> None:
        """Ask equipment and attributes of each load, then what is on board together on each stretch."""
        loads, named, load = self.loads, self.named, self.load
        if not len(loads):
            return
        truck, wanted = self.legs.equipment[self.leg], loads.equipment[load]
        broken = named & ~CARRIES[truck[:, None], wanted]
        which = broken.argmax(axis=1)
        row = np.arange(which.size)
        self.refuse(Refusal.EQUIPMENT, any_stop(broken), self._pickup_of(which), truck, wanted[row, which])
        missing = np.where(named, loads.attributes[load] & ~self.legs.attributes[self.leg][:, None], 0)
        which = (missing != 0).argmax(axis=1)
        self.refuse(Refusal.ATTRIBUTES, any_stop(missing != 0), self._pickup_of(which), missing[row, which])
        for rule, amounts, room in (
            (Refusal.WEIGHT, loads.weight_pounds, self.legs.weight_pounds),
            (Refusal.LENGTH, loads.length_feet, self.legs.length_feet),
            (Refusal.PALLETS, loads.pallets, self.legs.pallets),
        ):
            needs = self.layout.on_board(amounts)
            at = needs.argmax(axis=1)
            most, has = needs[row, at], room[self.leg]
            together = self.layout.aboard[row, at]
            self.refuse(rule, most > has, at, most, has, np.where(together > 1, together, 0))
        self.keep()
        self._refuse_what_does_not_agree()
        self.keep()

    def _refuse_what_does_not_agree(self) -> None:
        """Ask of the tours with loads on board together whether these may be."""
        shared = np.flatnonzero(any_stop(self.layout.aboard > 1))
        if not shared.size:
            return
        layout, loads, rows = self.layout.take(shared), self.loads, self.rows
        together = layout.aboard > 1
        full = together & (layout.on_board((~loads.is_partial).astype(np.int64)) > 0)
        warmest, coldest = _temperatures(layout, loads)
        apart = together & (warmest > coldest)
        hazmat, food = (
            layout.on_board(((loads.attributes & flag) != 0).astype(np.int64)) > 0
            for flag in (Attribute.HAZMAT, Attribute.FOOD_GRADE)
        )
        self.rows = rows[shared]
        row = np.arange(shared.size)
        at = full.argmax(axis=1)
        self.refuse(Refusal.SHARING, any_stop(full), at, layout.aboard[row, at])
        at = apart.argmax(axis=1)
        self.refuse(Refusal.TEMPERATURE, any_stop(apart), at, warmest[row, at], coldest[row, at])
        mixed = hazmat & food & together
        self.refuse(Refusal.MIXING, any_stop(mixed), mixed.argmax(axis=1))
        self.rows = rows

    def _pickup_of(self, which: Ints) -> Ints:
        """Return where in each tour its load number `which` is picked up first; they stand in that order."""
        nth = np.cumsum(self.layout.begins, axis=1) == which[:, None] + 1
        return np.asarray(nth.argmax(axis=1))

    def refuse_what_is_out_of_reach(self, travel: TravelOracle) -> None:
        """Ask the oracle for the miles, then the limits of the leg at every pickup and at home."""
        rows, legs, leg, layout = self.rows, self.legs, self.leg[self.rows], self.layout
        routes = route_tours(legs, leg, self.loads, layout, travel)
        self.estimated[rows] = routes.estimated
        out_of_route = routes.out_of_route_miles
        for name, figures in (
            ("pickup_deadhead_miles", routes.pickup_deadhead_miles),
            ("loaded_miles", routes.loaded_miles),
            ("between_deadhead_miles", routes.between_deadhead_miles),
            ("home_deadhead_miles", routes.home_deadhead_miles),
            ("avoided_miles", routes.straight_home.miles),
            ("out_of_route_miles", out_of_route),
        ):
            self.miles[name][rows] = np.where(routes.passable, figures, np.nan)
        self.refuse(Refusal.UNREACHABLE, ~routes.passable, (~routes.ways.passable).argmax(axis=1))
        # Nothing compares with NaN: no deadhead limit refuses nothing, no out-of-route limit offers nothing.
        empty = layout.used & (layout.aboard_before == 0)
        deadheads = np.where(empty, routes.ways.miles[:, :-1], 0.0)
        limit, allowed = legs.max_pickup_deadhead_miles[leg], legs.max_out_of_route_miles[leg]
        beyond = deadheads > limit[:, None]
        at = beyond.argmax(axis=1)
        too_far = any_stop(beyond) & ~(out_of_route <= allowed)
        there = deadheads[np.arange(at.size), at]
        self.refuse(Refusal.PICKUP_DEADHEAD, too_far, at, there, limit, out_of_route, allowed)
        homeward, limit = routes.home_deadhead_miles, legs.max_home_deadhead_miles[leg]
        self.refuse(Refusal.HOME_DEADHEAD, homeward > limit, layout.stops, homeward, limit)
        kept = self.keep()
        self.routes = routes if kept.size == rows.size else routes.take(kept)

    def refuse_what_comes_too_late(self, policy: Policy) -> None:
        """Plan the duty day: every window, home-by, and the hours of service."""
        assert self.routes is not None
        legs, loads, leg, layout, routes, rows = (
            self.legs, self.loads, self.leg[self.rows], self.layout, self.routes, self.rows,
        )  # fmt: skip
        if not rows.size:
            return
        chains = tour_chains(legs, leg, loads, layout, routes, policy)
        plans = plan(chains, policy.duty)
        rule, figures = duty.late_refusals(chains, plans, np.where(layout.used, loads.stop_kind[layout.where], 0))
        self.refusal[rows], self.figures[rows] = rule, figures
        self.refused_at[rows] = plans.late_at
        which, first, back = np.unique(leg, return_index=True, return_inverse=True)
        homes = duty.empty_homes(legs.take(which), routes.straight_home.take(first), policy)
        for name, minutes in (
            ("drive_minutes", chains.drive_minutes.sum(axis=1)),
            ("service_minutes", chains.service_minutes.sum(axis=1)),
            ("wait_minutes", plans.wait_minutes),
            ("finish_at", plans.arrive_at),
            ("pickup_slack_minutes", chains.closes_at[:, 0] - plans.first_service_at),
            ("home_slack_minutes", chains.finish_by - plans.arrive_at),
            ("home_delay_minutes", np.maximum(plans.arrive_at - homes.arrive_at[back], 0)),
        ):
            self.minutes[name][rows] = np.where(plans.feasible, minutes, 0)

    def scores(self, travel: TravelOracle, policy: Policy) -> TourScores:
        """Price what is feasible and put all columns together."""
        miles, minutes = self.miles, self.minutes
        feasible = self.refusal == Refusal.NONE
        known = {name: np.where(feasible, figures, 0.0) for name, figures in miles.items()}
        empty = known["pickup_deadhead_miles"] + known["between_deadhead_miles"] + known["home_deadhead_miles"]
        empty_miles = tenths(empty)
        saved = tenths(known["avoided_miles"] - empty_miles)
        rates, is_estimated = self._rates(feasible, travel, policy)
        used = money.Quantities(
            loaded_miles=known["loaded_miles"],
            empty_miles=empty_miles,
            avoided_miles=known["avoided_miles"],
            on_duty_minutes=minutes["service_minutes"] + minutes["wait_minutes"],
            delay_minutes=minutes["home_delay_minutes"],
        )
        rate = rates.sum(axis=1)
        columns: dict[str, Any] = {**miles, **minutes}
        return TourScores(
            leg_row=self.leg,
            load_rows=self.tours.load_rows,
            refusal=self.refusal,
            refusal_figures=self.figures,
            refused_at=self.refused_at,
            empty_miles=empty_miles,
            empty_miles_saved=saved,
            co2_saved_kg=tenths(saved * policy.co2_kg_per_mile),
            rate_cents=rate,
            load_rate_cents=rates,
            rate_is_estimated=is_estimated,
            miles_are_estimated=self.estimated,
            clock_is_assumed=duty.clock_is_assumed(self.legs)[self.leg],
            own=money.gain(rate, used, money.own_costs(self.legs, self.leg, policy)),
            market=money.gain(rate, used, money.policy_costs(policy, self.leg.size)),
            **columns,
        )

    def _rates(self, feasible: Bools, travel: TravelOracle, policy: Policy) -> tuple[Ints, Bools]:
        """Return the rate of each load of each feasible tour, (n, k), and whether any of a tour is an estimate."""
        loads = self.loads
        if not len(loads):
            return np.zeros(self.load.shape, dtype=np.int64), np.zeros(self.leg.size, dtype=np.bool_)
        rate = loads.rate_cents.copy()
        is_open = rate == OPEN_TO_OFFERS
        wanted = np.unique(self.load[feasible][self.named[feasible]])
        wanted = wanted[is_open[wanted]]
        if wanted.size:
            codes = [LOAD_CODES[code] for code in loads.equipment[wanted]]
            share = loads.truck_share[wanted]
            rate[wanted] = policy.rates.estimate_cents(codes, own_miles(loads, wanted, travel), share)
        rates = np.where(self.named & feasible[:, None], rate[self.load], 0)
        return rates, np.asarray((self.named & is_open[self.load]).any(axis=1))


def _temperatures(layout: Layout, loads: Loads) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the warmest minimum and the coldest maximum on board when the truck leaves each stop, (n, w) each."""
    warmest, coldest = np.full(layout.where.shape, -np.inf), np.full(layout.where.shape, np.inf)
    for begin in range(layout.where.shape[1]):
        load = layout.load[:, begin]
        least, most = loads.temperature_min_f[load], loads.temperature_max_f[load]
        if np.isnan(least).all() and np.isnan(most).all():
            continue
        # from this first pickup up to, not including, the load's last delivery
        mine = layout.load == load[:, None]
        on_board = np.cumsum((mine & layout.begins).astype(np.int64) - (mine & layout.ends), axis=1) > 0
        on_board &= layout.begins[:, begin, None]
        warmest = np.fmax(warmest, np.where(on_board, least[:, None], np.nan))
        coldest = np.fmin(coldest, np.where(on_board, most[:, None], np.nan))
    return warmest, coldest


_MILES = (
    "pickup_deadhead_miles", "loaded_miles", "between_deadhead_miles", "home_deadhead_miles", "avoided_miles",
    "out_of_route_miles",
)  # fmt: skip
_MINUTES = (
    "drive_minutes", "service_minutes", "wait_minutes", "finish_at",
    "pickup_slack_minutes", "home_slack_minutes", "home_delay_minutes",
)  # fmt: skip
