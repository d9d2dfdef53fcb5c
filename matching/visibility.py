"""Who reads which figure of a match: the one place that pages and REST take them from.

The carrier reads the sum at its own costs, its gain and the driver's day with every rest; everybody else the sum at the
dated default costs and the stops of the day without the driver's rests.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from foundation.accounts.models import Organization
from foundation.trade.money import dollars
from matching.days import day_of, steps_of
from matching.models import Combination, Match, MatchRun
from matching.rate_bands import band_fields


class Viewer(StrEnum):
    """How an organization stands to a match that it may see."""

    CARRIER = "carrier"
    OTHER = "other"  # the shipper, or a broker that may see both sides


_FOR_ALL = frozenset(
    {
        "id",
        "load",
        "leg",
        "market_gain",
        "rate",
        "rate_is_estimated",
        "rate_low",
        "rate_high",
        "rate_basis",
        "pickup_deadhead_miles",
        "loaded_miles",
        "home_deadhead_miles",
        "avoided_miles",
        "empty_miles_saved",
        "miles_are_estimated",
        "co2_saved_kg",
        "pickup_slack_minutes",
        "home_slack_minutes",
        "stops",
        "home_at",
        "sum",
        "is_being_updated",
        "policy_version",
        "road_version",
    }
)
# when it was scored is the carrier's too: new costs of its own score it again
MATCH_FIELDS: Mapping[Viewer, frozenset[str]] = MappingProxyType(
    {
        Viewer.CARRIER: _FOR_ALL | {"own_gain", "own_sum", "worth_from", "timeline", "clock_is_assumed", "scored_at"},
        Viewer.OTHER: _FOR_ALL,
    }
)
MONEY = frozenset({"market_gain", "rate", "rate_low", "rate_high", "own_gain", "worth_from"})
"""The fields of a view that are cents."""

FEWEST_TOLD = 3  # of other organizations' trucks in one figure

REFUSED = {
    "equipment": "for the equipment",
    "attributes": "for what the load needs",
    "weight": "for the weight",
    "length": "for the length",
    "pallets": "for the pallets",
    "unreachable": "without a road",
    "pickup_deadhead": "with the pickup too far off",
    "home_deadhead": "with the delivery too far from home",
    "pickup_closes": "with a pickup that closes too early",
    "delivery_closes": "with a delivery that closes too early",
    "home_by": "home too late",
    "hours": "for the driver's hours",
    "sharing": "with a full load beside another",
    "temperature": "with temperatures that do not agree",
    "mixing": "with hazmat beside food",
}


def is_carrier(match: Match, viewer: Organization) -> bool:
    """Say whether the viewer is the carrier whose leg it is."""
    return match.leg.organization_id == viewer.pk


def viewer_of(match: Match, viewer: Organization) -> Viewer:
    """Return how an organization stands to a match that it may see."""
    return Viewer.CARRIER if is_carrier(match, viewer) else Viewer.OTHER


def view(match: Match, viewer: Viewer) -> dict[str, Any]:
    """Return a match as this viewer may see it, its two sides left to their rooms: plain values, money in cents."""
    return {name: value_of(match, name) for name in sorted(MATCH_FIELDS[viewer] - {"load", "leg"})}


def band_field(row: Match | Combination, name: str) -> int | str | None:
    """Return `rate_low` or `rate_high` in cents, or `rate_basis`, of a match or combination."""
    found: int | str | None = band_fields(row.rate_band, is_estimated=row.rate_is_estimated)[name]
    return found


_NAMED_OTHERWISE = {
    "id": "public_id",
    "market_gain": "market_gain_cents",
    "own_gain": "own_gain_cents",
    "rate": "rate_cents",
}


def value_of(row: Match | Combination, name: str) -> Any:
    """Return a field of a match or combination as views name it; the caller has checked who may read it."""
    parts, own = row.parts, row.own_parts
    match name:
        case "avoided_miles" | "home_slack_minutes":
            return parts["totals"][name]
        case "home_at":
            return datetime.fromisoformat(parts["totals"]["finish_at"])
        case "miles_are_estimated" | "stops":
            return parts[name]
        case "rate_low" | "rate_high" | "rate_basis":
            return band_field(row, name)
        case "sum":
            return parts["market"]["lines"]
        case "own_sum":
            return own["lines"]
        case "worth_from":
            return own["worth_from_cents"]
        case "timeline" | "clock_is_assumed":
            return own[name]
    return getattr(row, _NAMED_OTHERWISE.get(name, name))


def gain_cents(match: Match, viewer: Organization) -> int:
    """Return the gain that the viewer may read: its own for the carrier, the market's for all others."""
    return match.own_gain_cents if is_carrier(match, viewer) else match.market_gain_cents


def sum_of(match: Match, viewer: Organization) -> list[dict[str, Any]]:
    """Return the sum line by line, `{label, how, cents}`; the cents add up to the gain that the viewer reads."""
    account = match.own_parts if is_carrier(match, viewer) else match.parts["market"]
    return lines_of(account)


def lines_of(account: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the lines of a stored sum as `{label, how, cents}`, for the eye."""
    return [{"label": line["label"], "how": _how(line), "cents": line["cents"]} for line in account["lines"]]


def _how(line: dict[str, Any]) -> str:
    if line["quantity"] is None:
        return ""
    quantity, unit, cents = line["quantity"], line["unit"], line["rate_cents"]
    if unit == "minute":
        quantity, unit, cents = round(quantity / 60, 2), "hour", cents * 60
    return f"{quantity:,.10g} {unit if quantity == 1 else unit + 's'} × {dollars(round(cents))}"


def figures(match: Match, viewer: Organization) -> dict[str, Any]:
    """Return what a page shows of a match beyond its columns."""
    own = is_carrier(match, viewer)
    timeline = match.own_parts["timeline"] if own else None
    sentences = []
    if own and match.own_parts["clock_is_assumed"]:
        sentences.append("The driver's clock is not fully known: a driver rested at the ready time is assumed.")
    if own:
        sentences.append(f"Worth it for you from {dollars(match.own_parts['worth_from_cents'])}.")
    sentences.append("Planning advice under 49 CFR 395.3, not a log.")
    return {
        "gain_cents": gain_cents(match, viewer),
        "sum": sum_of(match, viewer),
        "steps": steps_of(match, timeline),
        "day": day_of(match, timeline),
        "assumptions": sentences,
        "estimated_miles": match.parts["miles_are_estimated"],
    }


def refusals_in_words(run: MatchRun | None, *, of_others: bool = False) -> list[tuple[str, int]]:
    """Return (words, how many) for each rule that refused pairs in a run, most first.

    `of_others`: the trucks are other organizations', so a driver's hours are not told from a home-by that is too
    early, and a figure of one or two, which could speak of a certain truck, is left out.
    """
    return counts_in_words(run.refusals if run else {}, of_others=of_others)


def counts_in_words(refusals: Mapping[str, int], *, of_others: bool = False) -> list[tuple[str, int]]:
    """Return (words, how many) for counts by rule, as `refusals_in_words` does for those of a run."""
    counts: dict[str, int] = {}
    for rule, count in refusals.items():
        told = "home_by" if of_others and rule == "hours" else rule
        counts[told] = counts.get(told, 0) + count
    fewest = FEWEST_TOLD if of_others else 1
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(REFUSED.get(rule, rule), count) for rule, count in ranked if count >= fewest]
