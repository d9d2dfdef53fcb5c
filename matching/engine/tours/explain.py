"""One tour explained: its stretches, its time line and its sum line by line, as values that JSON can hold."""

from typing import Any

import numpy as np

from matching.engine import money
from matching.engine.columns import LOAD_CODES
from matching.engine.explain import Explanation, instant, line_of, segments_of
from matching.engine.money import Costs, Money
from matching.engine.policy import MINUTES_AN_HOUR, Policy
from matching.engine.problem import OPEN_TO_OFFERS, PICKUP, Legs, Loads
from matching.engine.refusals import Refusal, rule_names
from matching.engine.timeline import TimeLine, timeline
from matching.engine.tours.layout import Layout, lay_out
from matching.engine.tours.problem import NO_LOAD, Tours, TourScores
from matching.engine.tours.routes import TourRoutes, route_tours
from matching.engine.tours.score import score_tours, tour_chains
from matching.engine.travel import TravelOracle


def explain_tour(legs: Legs, loads: Loads, tours: Tours, row: int, travel: TravelOracle, policy: Policy) -> Explanation:
    """Return the full account of one tour; its figures are those of `score_tours`.

    `load` in a stop is the position in the tour's `load_rows`. The cents of the lines of each sum add up to its gain.
    """
    tour = tours.take([row])
    scores = score_tours(legs, loads, tour, travel, policy)
    feasible = bool(scores.feasible[0])
    shared: dict[str, Any] = {
        "policy_version": policy.version,
        "road_version": travel.version,
        "feasible": feasible,
        "refusal": _refusal(scores),
        "rate_is_estimated": bool(scores.rate_is_estimated[0]),
        "miles_are_estimated": bool(scores.miles_are_estimated[0]),
        "clock_is_assumed": bool(scores.clock_is_assumed[0]),
    }
    if not feasible:
        return Explanation(shared, {})
    layout = lay_out(loads, tour)
    routes = route_tours(legs, tour.leg_row, loads, layout, travel)
    day = timeline(tour_chains(legs, tour.leg_row, loads, layout, routes, policy), policy.duty)
    leg = int(tour.leg_row[0])
    shared |= {
        "stretches": _stretches(layout, routes),
        "totals": _totals(scores),
        "stops": _stops(loads, tour, layout, day),
        "timeline": segments_of(day),
        "ready_at": instant(int(legs.ready_at[leg])),
        "home_by": instant(int(legs.home_by[leg])),
        "market": _sum(scores, loads, scores.market, money.policy_costs(policy, 1)),
    }
    if shared["rate_is_estimated"]:
        shared["rate_estimate"] = _estimate(scores, loads, policy)
    own = _sum(scores, loads, scores.own, money.own_costs(legs, tour.leg_row, policy))
    return Explanation(shared, own | {"worth_from_cents": int(scores.own.worth_from_cents[0])})


def _refusal(scores: TourScores) -> dict[str, Any] | None:
    rule = Refusal(int(scores.refusal[0]))
    if rule is Refusal.NONE:
        return None
    figures = [None if figure != figure else figure for figure in scores.refusal_figures[0].tolist()]
    refusal: dict[str, Any] = {"rule": rule.code, "sentence": scores.refusal_sentence(0), "figures": figures}
    refusal["stop"] = int(scores.refused_at[0])
    if rule is Refusal.HOURS:
        refusal["hours_rules"] = rule_names(int(scores.refusal_figures[0, 2]))
    return refusal


def _stretches(layout: Layout, routes: TourRoutes) -> list[dict[str, Any]]:
    """Return the stretch to each stop, then home, then the run home avoided; each with the loads on board."""
    stops = int(layout.stops[0])
    found = []
    for at in range(stops + 1):
        aboard = int(layout.aboard_before[0, at]) if at < stops else 0
        empty = "pickup_deadhead" if at == 0 else "between_deadhead"
        kind = "home_deadhead" if at == stops else "loaded" if aboard else empty
        found.append(
            {
                "kind": kind,
                "miles": float(routes.ways.miles[0, at]),
                "drive_minutes": int(routes.ways.minutes[0, at]),
                "is_estimated": bool(routes.ways.estimated[0, at]),
                "loads_on_board": aboard,
            }
        )
    home = routes.straight_home
    found.append(
        {
            "kind": "avoided",
            "miles": float(home.miles[0]),
            "drive_minutes": int(home.minutes[0]),
            "is_estimated": bool(home.estimated[0]),
            "loads_on_board": 0,
        }
    )
    return found


def _totals(scores: TourScores) -> dict[str, Any]:
    miles = (
        "pickup_deadhead_miles", "loaded_miles", "between_deadhead_miles", "home_deadhead_miles", "avoided_miles",
        "out_of_route_miles", "empty_miles", "empty_miles_saved", "co2_saved_kg",
    )  # fmt: skip
    minutes = (
        "drive_minutes", "service_minutes", "wait_minutes",
        "pickup_slack_minutes", "home_slack_minutes", "home_delay_minutes",
    )  # fmt: skip
    figures: dict[str, Any] = {name: float(getattr(scores, name)[0]) for name in miles}
    figures |= {name: int(getattr(scores, name)[0]) for name in minutes}
    return figures | {"finish_at": instant(int(scores.finish_at[0]))}


def _stops(loads: Loads, tour: Tours, layout: Layout, day: TimeLine) -> list[dict[str, Any]]:
    order = tour.load_rows[0].tolist()
    boarded = {name: layout.on_board(getattr(loads, name))[0] for name in ("weight_pounds", "length_feet", "pallets")}
    return [
        {
            "load": order.index(int(layout.load[0, position])),
            "kind": "pickup" if loads.stop_kind[stop] == PICKUP else "delivery",
            "opens_at": instant(int(loads.stop_opens_at[stop])),
            "closes_at": instant(int(loads.stop_closes_at[stop])),
            "arrive_at": instant(times.arrive_at),
            "begin_at": instant(times.begin_at),
            "end_at": instant(times.end_at),
            "loads_on_board": int(layout.aboard[0, position]),
            **{f"{name}_on_board": int(amounts[position]) for name, amounts in boarded.items()},
        }
        for position, (stop, times) in enumerate(zip(tour.stops.tolist(), day.stops, strict=True))
    ]


def _sum(scores: TourScores, loads: Loads, terms: Money, costs: Costs) -> dict[str, Any]:
    """Return the sum line by line, one for each load's rate; the cents of the lines add up to the gain."""
    on_duty = int(scores.service_minutes[0] + scores.wait_minutes[0])
    late = int(scores.home_delay_minutes[0])
    empty, hour = float(costs.empty_cents_per_mile[0]), float(costs.hour_cents[0])
    delay, loaded_mile = float(costs.delay_hour_cents[0]), float(costs.loaded_cents_per_mile[0])
    loaded, deadhead, avoided = (
        float(column[0]) for column in (scores.loaded_miles, scores.empty_miles, scores.avoided_miles)
    )
    lines = [
        *_rates(scores, loads),
        line_of("Loaded miles", loaded, "mile", loaded_mile, -int(terms.loaded_cents[0])),
        line_of("Deadhead miles", deadhead, "mile", empty, -int(terms.empty_cents[0])),
        line_of("Empty run home avoided", avoided, "mile", empty, int(terms.avoided_cents[0])),
        line_of("Loading, unloading, waiting", on_duty, "minute", hour / MINUTES_AN_HOUR, -int(terms.hours_cents[0])),
    ]
    if delay:
        cents = -int(terms.delay_cents[0])
        lines.append(line_of("Home later than empty", late, "minute", delay / MINUTES_AN_HOUR, cents))
    return {"lines": lines, "gain_cents": int(terms.gain_cents[0])}


def _estimate(scores: TourScores, loads: Loads, policy: Policy) -> dict[str, Any]:
    """Return the band of the rates' sum and what the estimates rest on."""
    return policy.rates.account(*rate_band_cents(scores, 0, loads, policy))


def rate_band_cents(scores: TourScores, row: int, loads: Loads, policy: Policy) -> tuple[int, int]:
    """Return the low and the high end of the sum of a tour's rates in cents, in which posted rates are as they are."""
    rows = scores.load_rows[row][scores.load_rows[row] != NO_LOAD]
    rates = scores.load_rate_cents[row, : rows.size]
    is_open = loads.rate_cents[rows] == OPEN_TO_OFFERS
    codes = [LOAD_CODES[code] for code in loads.equipment[rows]]
    low, high = policy.rates.band_cents(codes, rates)
    return int(np.where(is_open, low, rates).sum()), int(np.where(is_open, high, rates).sum())


def _rates(scores: TourScores, loads: Loads) -> list[dict[str, Any]]:
    rows = scores.load_rows[0]
    rows = rows[rows != NO_LOAD]
    lines = []
    for number, row in enumerate(rows.tolist()):
        label = "Rate" if rows.size == 1 else f"Rate of load {number + 1}"
        if loads.rate_cents[row] == OPEN_TO_OFFERS:
            label += ", estimated"
        lines.append(line_of(label, None, None, None, int(np.int64(scores.load_rate_cents[0, number]))))
    return lines
