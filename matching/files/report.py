"""Matches and plans of files written out: every part of every line, its times and its sums."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from matching.engine.columns import Ints
from matching.engine.explain import instant, segments_of
from matching.engine.money import Money
from matching.engine.policy import Policy
from matching.engine.problem import PICKUP, Legs, Loads
from matching.engine.timeline import OFF, TimeLine, timelines
from matching.engine.tours.explain import rate_band_cents
from matching.engine.tours.problem import NO_LOAD, TourScores, chain_tours
from matching.engine.tours.routes import TourRoutes
from matching.engine.tours.score import TourSheet, tour_chains
from matching.engine.travel import TravelOracle
from matching.files.market import NO_HOME_BY

_AT_ONCE = 2_000
_MILES = (
    "pickup_deadhead_miles", "loaded_miles", "between_deadhead_miles", "home_deadhead_miles", "avoided_miles",
    "out_of_route_miles", "empty_miles", "empty_miles_saved", "co2_saved_kg",
)  # fmt: skip
_MINUTES = (
    "drive_minutes", "service_minutes", "wait_minutes", "pickup_slack_minutes", "home_slack_minutes",
    "home_delay_minutes",
)  # fmt: skip
_TERMS = ("loaded_cents", "empty_cents", "avoided_cents", "hours_cents", "delay_cents", "gain_cents")


@dataclass(frozen=True, eq=False)
class Market:
    """What is reported on: legs and loads with their names, and what they were scored with."""

    legs: Legs
    leg_names: Sequence[str]
    loads: Loads
    load_names: Sequence[str]
    travel: TravelOracle
    policy: Policy


def columns(longest: int) -> list[str]:
    """Return the columns of the output for lines of so many loads at most."""
    names = ["rank", "leg_id", "load_id"]
    names += [f"load_{number}_id" for number in range(2, longest + 1)]
    names += ["own_gain_cents", "market_gain_cents", "rate_cents"]
    names += [f"own_{term}" for term in _TERMS[:-1]] + ["worth_from_cents"]
    names += [f"market_{term}" for term in _TERMS[:-1]]
    names += [name for name in _MILES if longest > 1 or name != "between_deadhead_miles"]
    for number in range(1, longest + 1):
        names += [f"{name}{_suffix(number)}" for name in _stretches(number)]
    names += ["home_drive_minutes", "avoided_drive_minutes", *_MINUTES, "leave_at"]
    for number in range(1, longest + 1):
        names += [f"{stop}{_suffix(number)}_{at}" for stop in ("pickup", "delivery") for at in _TIMES]
    return [
        *names,
        "finish_at",
        "rate_low_cents",
        "rate_high_cents",
        "rate_is_estimated",
        "miles_are_estimated",
        "clock_is_assumed",
    ]


_TIMES = ("arrive_at", "begin_at", "end_at")


def _suffix(number: int) -> str:
    return "" if number == 1 else f"_{number}"


def _stretches(number: int) -> tuple[str, ...]:
    """Return the figures of the way to a load's pickup and of the way with it."""
    minutes = "to_pickup_drive_minutes", "loaded_drive_minutes"
    return minutes if number == 1 else ("to_pickup_miles", "with_load_miles", *minutes)


def lines(market: Market, leg_row: Ints, load_rows: Ints) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield each line as (the figures under the names of `columns`, its stretches, stops and time line)."""
    rank, before = 0, -1
    for start in range(0, leg_row.size, _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        for figures, more in _lines(market, leg_row[part], load_rows[part]):
            leg = more.pop("leg")
            rank, before = (rank + 1 if leg == before else 1), leg
            yield {"rank": rank, **figures}, more


def _lines(market: Market, leg_row: Ints, load_rows: Ints) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    legs, loads, policy = market.legs, market.loads, market.policy
    sheet = TourSheet(legs, loads, chain_tours(loads, leg_row, load_rows))
    sheet.refuse_what_does_not_fit()
    sheet.refuse_what_is_out_of_reach(market.travel)
    sheet.refuse_what_comes_too_late(policy)
    scores, routes = sheet.scores(market.travel, policy), sheet.routes
    assert routes is not None
    assert bool(scores.feasible.all()), "only what was found feasible is written out"
    days = timelines(tour_chains(legs, leg_row, loads, sheet.layout, routes, policy), policy.duty)
    for row, day in enumerate(days):
        count = int((load_rows[row] != NO_LOAD).sum())
        figures = _names(market, scores, row) | _money(scores, row) | _amounts(scores, row, market)
        figures |= _ways(routes, row, count) | _times(day, count, int(legs.ready_at[leg_row[row]]))
        figures |= {
            "finish_at": instant(int(scores.finish_at[row])),
            **_band(market, scores, row),
            "rate_is_estimated": bool(scores.rate_is_estimated[row]),
            "miles_are_estimated": bool(scores.miles_are_estimated[row]),
            "clock_is_assumed": bool(scores.clock_is_assumed[row]),
        }
        stops = sheet.layout.where[row, : 2 * count]
        more = {
            "leg": int(leg_row[row]),
            "stretches": _stretch_rows(routes, row, count),
            "stops": _stop_rows(market, load_rows[row, :count], stops, day),
            "timeline": segments_of(day),
        }
        yield figures, more


def _names(market: Market, scores: TourScores, row: int) -> dict[str, Any]:
    names: dict[str, Any] = {"leg_id": market.leg_names[int(scores.leg_row[row])]}
    for number, load in enumerate(scores.load_rows[row].tolist(), 1):
        key = "load_id" if number == 1 else f"load_{number}_id"
        names[key] = None if load == NO_LOAD else market.load_names[load]
    return names


def _money(scores: TourScores, row: int) -> dict[str, Any]:
    def terms(side: str, money: Money) -> dict[str, Any]:
        return {f"{side}_{term}": int(getattr(money, term)[row]) for term in _TERMS}

    figures = terms("own", scores.own) | terms("market", scores.market)
    figures["rate_cents"] = int(scores.rate_cents[row])
    return figures | {"worth_from_cents": int(scores.own.worth_from_cents[row])}


def _band(market: Market, scores: TourScores, row: int) -> dict[str, int | None]:
    """Return the band of the rate; nothing where every rate is posted."""
    is_estimated = bool(scores.rate_is_estimated[row])
    low, high = rate_band_cents(scores, row, market.loads, market.policy) if is_estimated else (None, None)
    return {"rate_low_cents": low, "rate_high_cents": high}


def _amounts(scores: TourScores, row: int, market: Market) -> dict[str, Any]:
    figures: dict[str, Any] = {name: float(getattr(scores, name)[row]) for name in _MILES}
    figures |= {name: int(getattr(scores, name)[row]) for name in _MINUTES}
    if market.legs.home_by[scores.leg_row[row]] == NO_HOME_BY:
        figures["home_slack_minutes"] = None
    return figures


def _ways(routes: TourRoutes, row: int, count: int) -> dict[str, Any]:
    miles, minutes = routes.ways.miles[row].tolist(), routes.ways.minutes[row].tolist()
    figures: dict[str, Any] = {}
    for number in range(1, count + 1):
        to_pickup, with_load = 2 * number - 2, 2 * number - 1
        suffix = _suffix(number)
        figures |= {
            f"to_pickup_miles{suffix}": miles[to_pickup],
            f"with_load_miles{suffix}": miles[with_load],
            f"to_pickup_drive_minutes{suffix}": int(minutes[to_pickup]),
            f"loaded_drive_minutes{suffix}": int(minutes[with_load]),
        }
    figures["home_drive_minutes"] = int(minutes[2 * count])
    return figures | {"avoided_drive_minutes": int(routes.straight_home.minutes[row])}


def _times(day: TimeLine, count: int, ready_at: int) -> dict[str, Any]:
    first = day.segments[0] if day.segments else None
    leave_at = first.end_at if first is not None and first.kind == OFF else ready_at
    figures: dict[str, Any] = {"leave_at": instant(leave_at)}
    for number in range(1, count + 1):
        for stop, times in zip(("pickup", "delivery"), day.stops[2 * number - 2 : 2 * number], strict=True):
            for at in _TIMES:
                figures[f"{stop}{_suffix(number)}_{at}"] = instant(getattr(times, at))
    return figures


def _stretch_rows(routes: TourRoutes, row: int, count: int) -> list[dict[str, Any]]:
    kinds = ["pickup_deadhead", "loaded"] + ["between_deadhead", "loaded"] * (count - 1) + ["home_deadhead"]
    found = [
        {
            "kind": kind,
            "miles": float(routes.ways.miles[row, at]),
            "drive_minutes": int(routes.ways.minutes[row, at]),
            "is_estimated": bool(routes.ways.estimated[row, at]),
        }
        for at, kind in enumerate(kinds)
    ]
    home = routes.straight_home
    avoided = {"miles": float(home.miles[row]), "drive_minutes": int(home.minutes[row])}
    return [*found, {"kind": "avoided", **avoided, "is_estimated": bool(home.estimated[row])}]


def _stop_rows(market: Market, load_rows: Ints, stops: Ints, day: TimeLine) -> list[dict[str, Any]]:
    loads = market.loads
    return [
        {
            "load_id": market.load_names[int(load_rows[position // 2])],
            "kind": "pickup" if loads.stop_kind[stop] == PICKUP else "delivery",
            "opens_at": instant(int(loads.stop_opens_at[stop])),
            "closes_at": instant(int(loads.stop_closes_at[stop])),
            **{at: instant(getattr(times, at)) for at in _TIMES},
        }
        for position, (stop, times) in enumerate(zip(stops.tolist(), day.stops, strict=True))
    ]
