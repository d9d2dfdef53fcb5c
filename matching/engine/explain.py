"""One pair explained: its stretches, its time line and its sum line by line, as values that JSON can hold.

`shared` is for everybody who may see the match; `own` rests on the carrier's costs and is for the carrier alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np

from matching.engine import duty, money
from matching.engine.columns import LOAD_CODES
from matching.engine.money import Costs, Money
from matching.engine.policy import MINUTES_AN_HOUR, Policy
from matching.engine.problem import PICKUP, Legs, Loads
from matching.engine.refusals import Refusal, rule_names
from matching.engine.routes import Routes
from matching.engine.score import Scores, score_pairs
from matching.engine.timeline import TimeLine, timelines
from matching.engine.travel import TravelOracle

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Explanation:
    """What one pair rests on; both dictionaries hold JSON values only."""

    shared: dict[str, Any]
    own: dict[str, Any]


def explain(legs: Legs, leg_row: int, loads: Loads, load_row: int, travel: TravelOracle, policy: Policy) -> Explanation:
    """Return the full account of one pair; its figures are those of `score_pairs`."""
    scores = score_pairs(legs, [leg_row], loads, [load_row], travel, policy)
    return explain_row(scores, 0, legs, loads, travel.version, policy)


def explain_row(scores: Scores, row: int, legs: Legs, loads: Loads, road_version: str, policy: Policy) -> Explanation:
    """Return the full account of a scored pair without asking the oracle again; arguments as they were scored."""
    return explain_rows(scores, [row], legs, loads, road_version, policy)[0]


def explain_rows(
    scores: Scores, rows: Sequence[int], legs: Legs, loads: Loads, road_version: str, policy: Policy
) -> list[Explanation]:
    """Return the full accounts of scored pairs, in the order of `rows`; their days are planned all at once."""
    where = np.asarray(rows, dtype=np.int64)
    planned = where[scores.feasible[where]]
    leg, load = scores.leg_row[planned], scores.load_row[planned]
    routes = scores.routes.take(scores.route_row[planned])
    if scores.planned is not None and policy.duty is not None:
        days = scores.planned.timelines(scores.route_row[planned].tolist(), policy.duty)
    else:
        days = timelines(duty.pair_chains(legs, leg, loads, load, routes, policy), policy.duty)
    own, market = money.own_costs(legs, leg, policy), money.policy_costs(policy, planned.size)
    position = {row: at for at, row in enumerate(planned.tolist())}
    found = []
    for row in where.tolist():
        shared: dict[str, Any] = {
            "policy_version": policy.version,
            "road_version": road_version,
            "feasible": row in position,
            "refusal": _refusal(scores, row),
            "rate_is_estimated": bool(scores.rate_is_estimated[row]),
            "miles_are_estimated": bool(scores.miles_are_estimated[row]),
            "clock_is_assumed": bool(scores.clock_is_assumed[row]),
        }
        at = position.get(row)
        if at is None:
            found.append(Explanation(shared, {}))
            continue
        leg_row, load_row = int(leg[at]), int(load[at])
        shared |= {
            "stretches": _stretches(loads, load_row, routes, at),
            "totals": _totals(scores, row),
            "stops": _stops(loads, load_row, days[at]),
            "timeline": segments_of(days[at]),
            "ready_at": instant(int(legs.ready_at[leg_row])),
            "home_by": instant(int(legs.home_by[leg_row])),
            "market": _sum(scores, row, scores.market, market, at),
        }
        if shared["rate_is_estimated"]:
            shared["rate_estimate"] = _estimate(scores, row, LOAD_CODES[loads.equipment[load_row]], policy)
        worth_from = {"worth_from_cents": _worth_from(scores.own, row)}
        found.append(Explanation(shared, _sum(scores, row, scores.own, own, at) | worth_from))
    return found


def _worth_from(terms: Money, row: int) -> int:
    return int(terms.rate_cents[row]) - _gain(terms, row)


def _gain(terms: Money, row: int) -> int:
    """Return one pair's gain without adding up the columns of all."""
    paid = terms.loaded_cents[row] + terms.empty_cents[row] + terms.hours_cents[row] + terms.delay_cents[row]
    return int(terms.rate_cents[row] + terms.avoided_cents[row] - paid)


def _estimate(scores: Scores, row: int, code: str, policy: Policy) -> dict[str, Any]:
    """Return the band of an estimated rate, and what it rests on."""
    low, high = policy.rates.band_cents([code], scores.rate_cents[[row]])
    return policy.rates.account(int(low[0]), int(high[0]))


def instant(minutes: int) -> str:
    """Return an instant as RFC 3339 in UTC."""
    day, minute = divmod(minutes, _MINUTES_A_DAY)
    return f"{_date(day)}T{minute // 60:02}:{minute % 60:02}:00Z"


@lru_cache(maxsize=1_000)
def _date(day: int) -> str:
    return (_EPOCH + timedelta(days=day)).strftime("%Y-%m-%d")


def _refusal(scores: Scores, row: int) -> dict[str, Any] | None:
    rule = Refusal(int(scores.refusal[row]))
    if rule is Refusal.NONE:
        return None
    figures = [None if figure != figure else figure for figure in scores.refusal_figures[row].tolist()]
    refusal: dict[str, Any] = {"rule": rule.code, "sentence": scores.refusal_sentence(row), "figures": figures}
    if rule is Refusal.HOURS:
        refusal["hours_rules"] = rule_names(int(scores.refusal_figures[row, 2]))
    return refusal


def _stretches(loads: Loads, load_row: int, routes: Routes, pair: int) -> list[dict[str, Any]]:
    first, last = int(loads.first_stop[load_row]), int(loads.last_stop[load_row])
    ways = [("pickup_deadhead", routes.to_pickup, pair)]
    ways += [("loaded", routes.between, stop) for stop in range(first + 1, last + 1)]
    ways += [("home_deadhead", routes.to_home, pair), ("avoided", routes.straight_home, pair)]
    return [
        {
            "kind": kind,
            "miles": float(way.miles[at]),
            "drive_minutes": int(way.minutes[at]),
            "is_estimated": bool(way.estimated[at]),
        }
        for kind, way, at in ways
    ]


def _totals(scores: Scores, row: int) -> dict[str, Any]:
    miles = (
        "pickup_deadhead_miles", "loaded_miles", "home_deadhead_miles", "avoided_miles", "out_of_route_miles",
        "empty_miles_saved", "co2_saved_kg",
    )  # fmt: skip
    minutes = (
        "drive_minutes", "service_minutes", "wait_minutes",
        "pickup_slack_minutes", "home_slack_minutes", "home_delay_minutes",
    )  # fmt: skip
    figures: dict[str, Any] = {name: float(getattr(scores, name)[row]) for name in miles}
    figures |= {name: int(getattr(scores, name)[row]) for name in minutes}
    return figures | {"finish_at": instant(int(scores.finish_at[row]))}


def _stops(loads: Loads, load_row: int, day: TimeLine) -> list[dict[str, Any]]:
    first = int(loads.first_stop[load_row])
    return [
        {
            "kind": "pickup" if loads.stop_kind[first + position] == PICKUP else "delivery",
            "opens_at": instant(int(loads.stop_opens_at[first + position])),
            "closes_at": instant(int(loads.stop_closes_at[first + position])),
            "arrive_at": instant(times.arrive_at),
            "begin_at": instant(times.begin_at),
            "end_at": instant(times.end_at),
        }
        for position, times in enumerate(day.stops)
    ]


def segments_of(day: TimeLine) -> list[dict[str, Any]]:
    """Return the segments of a time line as JSON holds them."""
    return [
        {
            "kind": part.kind,
            "start_at": instant(part.start_at),
            "end_at": instant(part.end_at),
            "minutes": part.end_at - part.start_at,
            "stop": part.stop,
        }
        for part in day.segments
    ]


def _sum(scores: Scores, row: int, terms: Money, costs: Costs, truck: int) -> dict[str, Any]:
    """Return the sum line by line; the cents of the lines add up to the gain. `truck` is the position in `costs`."""
    deadhead = round(float(scores.pickup_deadhead_miles[row] + scores.home_deadhead_miles[row]), 1)
    on_duty = int(scores.service_minutes[row] + scores.wait_minutes[row])
    late = int(scores.home_delay_minutes[row])
    empty, hour = float(costs.empty_cents_per_mile[truck]), float(costs.hour_cents[truck])
    delay = float(costs.delay_hour_cents[truck])
    label = "Rate, estimated" if scores.rate_is_estimated[row] else "Rate"
    loaded, avoided = float(scores.loaded_miles[row]), float(scores.avoided_miles[row])
    loaded_mile = float(costs.loaded_cents_per_mile[truck])
    lines = [
        line_of(label, None, None, None, int(terms.rate_cents[row])),
        line_of("Loaded miles", loaded, "mile", loaded_mile, -int(terms.loaded_cents[row])),
        line_of("Deadhead miles", deadhead, "mile", empty, -int(terms.empty_cents[row])),
        line_of("Empty run home avoided", avoided, "mile", empty, int(terms.avoided_cents[row])),
        line_of("Loading, unloading, waiting", on_duty, "minute", hour / MINUTES_AN_HOUR, -int(terms.hours_cents[row])),
    ]
    if delay:
        cents = -int(terms.delay_cents[row])
        lines.append(line_of("Home later than empty", late, "minute", delay / MINUTES_AN_HOUR, cents))
    return {"lines": lines, "gain_cents": _gain(terms, row)}


def line_of(
    label: str, quantity: float | None, unit: str | None, rate_cents: float | None, cents: int
) -> dict[str, Any]:
    """Return one line of a sum: so many units at so many cents each; None where a line is an amount only."""
    return {"label": label, "quantity": quantity, "unit": unit, "rate_cents": rate_cents, "cents": cents}
