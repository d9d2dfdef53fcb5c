"""Who reads which figure of a combination: the one place that pages and REST take them from.

As with a match: the carrier reads the sum at its own costs and the driver's day with every rest, brokers that see every
side the sum at market costs and the stops of the day. Nobody else reads anything of it.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from foundation.accounts.models import Organization
from foundation.trade.money import dollars
from loads.models import Stop
from matching.days import rest_words
from matching.models import Combination
from matching.visibility import Viewer, lines_of, value_of

_FOR_ALL = frozenset(
    {
        "id",
        "kind",
        "leg",
        "loads",
        "market_gain",
        "rate",
        "rate_is_estimated",
        "rate_low",
        "rate_high",
        "rate_basis",
        "pickup_deadhead_miles",
        "loaded_miles",
        "between_deadhead_miles",
        "home_deadhead_miles",
        "avoided_miles",
        "empty_miles",
        "empty_miles_saved",
        "miles_are_estimated",
        "co2_saved_kg",
        "home_slack_minutes",
        "stops",
        "home_at",
        "sum",
        "policy_version",
        "road_version",
    }
)
COMBINATION_FIELDS: Mapping[Viewer, frozenset[str]] = MappingProxyType(
    {
        Viewer.CARRIER: _FOR_ALL | {"own_gain", "own_sum", "worth_from", "timeline", "clock_is_assumed", "scored_at"},
        Viewer.OTHER: _FOR_ALL,
    }
)
# columns of a match, but of a combination a part of its account
_OF_THE_ACCOUNT = frozenset({"pickup_deadhead_miles", "between_deadhead_miles", "home_deadhead_miles"})


def viewer_of(combination: Combination, viewer: Organization) -> Viewer:
    """Return how an organization stands to a combination that it may see."""
    return Viewer.CARRIER if combination.leg.organization_id == viewer.pk else Viewer.OTHER


def view(combination: Combination, viewer: Viewer) -> dict[str, Any]:
    """Return a combination as this viewer may see it, its sides left to their rooms: plain values, money in cents."""
    names = sorted(COMBINATION_FIELDS[viewer] - {"loads", "leg"})
    return {name: _value(combination, name) for name in names}


def _value(combination: Combination, name: str) -> Any:
    if name in _OF_THE_ACCOUNT:
        return combination.parts["totals"][name]
    return value_of(combination, name)


def figures(combination: Combination, viewer: Organization) -> dict[str, Any]:
    """Return what a page shows of a combination beyond its columns; the cents of `sum` add up to `gain_cents`."""
    own = viewer_of(combination, viewer) is Viewer.CARRIER
    parts = combination.parts
    sentences = []
    if own and combination.own_parts["clock_is_assumed"]:
        sentences.append("The driver's clock is not fully known: a driver rested at the ready time is assumed.")
    if own:
        sentences.append(f"Worth it for you from {dollars(combination.own_parts['worth_from_cents'])} in all.")
    if combination.kind == "partials":
        sentences.append("What was loaded last need not come off first: see that the freight can be reached.")
    sentences.append("Each load is booked by itself. Planning advice under 49 CFR 395.3, not a log.")
    return {
        "gain_cents": combination.own_gain_cents if own else combination.market_gain_cents,
        "sum": lines_of(combination.own_parts if own else parts["market"]),
        "steps": _steps(combination, combination.own_parts["timeline"] if own else None),
        "lanes": [(part.load.first_stop, part.load.last_stop) for part in combination.combined.all()],
        "home_at": datetime.fromisoformat(parts["totals"]["finish_at"]),
        "home_slack_minutes": parts["totals"]["home_slack_minutes"],
        "all_miles": round(combination.loaded_miles + combination.empty_miles, 1),
        "assumptions": sentences,
        "estimated_miles": parts["miles_are_estimated"],
    }


def _steps(combination: Combination, timeline: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """Return the day in order: each stop with its way there, the rests if the viewer may know them, and home.

    A step has `at`, `until`, `zone`, `words`, and a stop `miles`, `loaded`, `stop`, `number`, `waited_minutes` and what
    is on board afterwards.
    """
    leg, parts = combination.leg, combination.parts
    combined = list(combination.combined.all())
    left = [list(part.load.stops.all()) for part in combined]
    start = datetime.fromisoformat(parts["ready_at"])
    steps: list[dict[str, Any]] = [{"at": start, "zone": leg.empty_time_zone, "kind": "start"}]
    for way, time in zip(parts["stretches"], parts["stops"], strict=False):
        stop: Stop = left[time["load"]].pop(0)
        arrive, begin, end = (datetime.fromisoformat(time[name]) for name in ("arrive_at", "begin_at", "end_at"))
        steps.append(
            {
                "at": arrive,
                "begin_at": begin,
                "until": end,
                "zone": stop.time_zone,
                "kind": stop.kind,
                "stop": stop,
                "number": time["load"] + 1,
                "load": combined[time["load"]].load,
                "miles": way["miles"],
                "loaded": way["kind"] == "loaded",
                "waited_minutes": (begin - arrive) / timedelta(minutes=1),
                "aboard": time["loads_on_board"],
                "pounds": time["weight_pounds_on_board"],
                "feet": time["length_feet_on_board"],
            }
        )
    way = parts["stretches"][len(parts["stops"])]
    home = datetime.fromisoformat(parts["totals"]["finish_at"])
    steps.append({"at": home, "zone": leg.home_time_zone, "kind": "home", "miles": way["miles"], "loaded": False})
    steps += [
        {
            "at": datetime.fromisoformat(part["start_at"]),
            "until": datetime.fromisoformat(part["end_at"]),
            "zone": leg.empty_time_zone,
            "kind": "rest",
            "words": rest_words(part),
        }
        for part in timeline or ()
        if rest_words(part)
    ]
    return sorted(steps, key=lambda step: step["at"])
