"""Why not this load: the answer for one leg and one load, and who reads which part of it.

The carrier reads the rule with its figures, what would do, and its own gain. Others read the market's version: it is
reckoned for a driver who is rested when the truck is ready, since the clock is the carrier's business, and never tells
hours from a home-by that is too early; the way home is rounded to ten miles, and what a changed pair would bring to ten
dollars. The load's rate, posted or estimated with its band, is the load's alone: whatever the truck, it reads the same.

A leg with booked partial loads on board is asked twice: what the pair is by itself, as on an empty truck with the room
of the roomiest stretch, and whether that fits beside what is on board. What is there, and when, is told to its carrier
alone.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from carriers.models import ReturnLeg
from carriers.queries import leg_of
from foundation.accounts.models import Organization
from foundation.places.services import travel_oracle
from foundation.trade.errors import NotFound
from foundation.trade.ids import looks_like
from foundation.trade.posting import Status
from loads.models import Load
from loads.queries import load_of
from matching.beside import fit_on, those_that_fit, why_not_beside
from matching.engine.changes import Change, What, changed
from matching.engine.columns import LOAD_CODES
from matching.engine.money import Money
from matching.engine.policy import Policy
from matching.engine.problem import OPEN_TO_OFFERS, Loads
from matching.engine.refusals import Refusal, sentence
from matching.engine.routes import between_stops, own_ways
from matching.engine.score import score_leg
from matching.engine.travel import TravelOracle
from matching.engine.why import WhyNot, remedy, rested, why_not
from matching.facing import is_consignor, is_side_of
from matching.policies import current_policy
from matching.postings import LegRows, LoadRows, candidate_loads, named_legs, named_loads, with_leg_way, with_load_way
from matching.queries import SHOWN, matches_of_leg
from matching.rate_bands import RateBand, band_fields, band_of
from matching.services.previewing import seen_by

LATE = "leaves too little time to be home by then at legal hours"
"""What others than the carrier read where the driver's hours or home-by refuse."""

ON_BOARD = "on_board"
"""The rule that refuses what fits by itself, but not beside what is booked on the truck."""

_BESIDE = "fits by itself, but not beside the loads that are booked on this truck already"
_EVEN_THEN = "even with that it would not fit beside the loads that are booked on this truck already"

_HOURS_OR_HOME = frozenset({Refusal.HOME_BY, Refusal.HOURS})
_TIMES = frozenset({What.CLOSES, What.HOME_BY, What.READY})
_TEN_DOLLARS = 10_00

FOR_OTHERS = frozenset(
    {"leg", "load", "feasible", "rule", "sentence", "remedy", "changes", "market_gain", "market_worth_from"}
    | {"market_gain_if_changed", "rank", "gaining", "shown", "bar", "match"}
    | {"rate", "rate_is_estimated", "rate_low", "rate_high", "rate_basis"}
)
FOR_CARRIER = FOR_OTHERS | {"own_gain", "worth_from", "own_gain_if_changed", "clock_is_assumed"}
MONEY = frozenset(
    {"market_gain", "market_worth_from", "market_gain_if_changed", "bar", "rate", "rate_low", "rate_high"}
    | {"own_gain", "worth_from", "own_gain_if_changed"}
)
"""The fields that are cents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a load that gains stands among all that gain for the leg: by own gain for its carrier, else by market gain.

    `bar` is the gain of the last load that the list shows, None where the list has room.
    """

    rank: int
    gaining: int
    bar: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer for one viewer; `seen` holds the fields that this viewer may read, money in cents.

    `rate_band` is the band of the load's estimated rate, with what it rests on; None where the rate is posted, or where
    no road between the load's stops is known.
    """

    leg: ReturnLeg
    load: Load
    is_carrier: bool
    seen: dict[str, Any]
    rate_band: RateBand | None


def ask(viewer: Organization, leg_id: str, load_id: str, now: datetime) -> Answer:
    """Answer why a leg does not take a load. Raises `NotFound` for what the viewer may not see both sides of."""
    leg = leg_of(viewer, leg_id, now)
    load = load_of(viewer, load_id, now) if looks_like("load", load_id) else None
    if load is None or is_consignor(viewer, load) or not may_ask(viewer, leg, load):
        raise NotFound("There is no such load here.")
    travel, policy = travel_oracle(), current_policy()
    legs, _ = with_leg_way(named_legs([leg.public_id], travel.version), travel)
    loads, _ = with_load_way(named_loads([load.public_id], travel.version), travel)
    answer = why_not(legs.columns, 0, loads.columns, 0, travel, policy)
    beside = "" if answer.refusal else why_not_beside(legs, loads, travel, policy)
    fits = not answer.refusal and not beside
    is_carrier = leg.organization_id == viewer.pk
    gains = answer.scores.own_gain_cents if is_carrier else answer.scores.market_gain_cents
    standing = None
    if fits and gains[0] > 0 and load.status == Status.OPEN:
        standing = _standing(viewer, legs, loads, is_carrier=is_carrier, now=now)
    match = matches_of_leg(viewer, leg, now).filter(load=load).first() if standing else None
    rate, band = _rate(loads.columns, travel, policy)
    common: dict[str, Any] = {
        **rate,
        "leg": leg.public_id,
        "load": load.public_id,
        "feasible": fits,
        "rank": standing.rank if standing else None,
        "gaining": standing.gaining if standing else None,
        "bar": standing.bar if standing else None,
        "shown": SHOWN,
        "match": match.public_id if match else None,
    }
    if beside:
        seen = common | _beside(answer, f"{_BESIDE}: {beside}" if is_carrier else _BESIDE, is_carrier=is_carrier)
    else:
        asked = legs if is_carrier or fits else LegRows(legs.sides, rested(legs.columns))
        given = answer if asked is legs else why_not(asked.columns, 0, loads.columns, 0, travel, policy)
        would_do = _would_do(given, asked, loads, travel, policy)
        if not would_do:
            given = replace(given, changes=(), mended=None)
        seen = common | (_of_carrier(given) if is_carrier else _of_others(given, feasible=fits))
        if not would_do:
            seen["remedy"] = _EVEN_THEN
    return Answer(leg=leg, load=load, is_carrier=is_carrier, seen=seen, rate_band=band)


def _would_do(answer: WhyNot, legs: LegRows, loads: LoadRows, travel: TravelOracle, policy: Policy) -> bool:
    """Say whether the changed pair would fit beside what is on board too, if the answer has changes."""
    if not answer.changes or not any(legs.sides[0].taken):
        return True
    leg, load = changed(legs.columns, 0, loads.columns, 0, answer.changes)
    return bool(fit_on(LegRows(legs.sides, leg), LoadRows(loads.sides, load), [0], travel, policy)[0])


def _rate(load: Loads, travel: TravelOracle, policy: Policy) -> tuple[dict[str, Any], RateBand | None]:
    """Return the fields of the load's rate, in cents, and the band where it is estimated.

    An estimate goes by the load's own miles, as in a match; None where no road between its stops is known.
    """
    cents = int(load.rate_cents[0])
    if cents != OPEN_TO_OFFERS:
        return {"rate": cents, "rate_is_estimated": False, **band_fields(None, is_estimated=False)}, None
    rate, band = None, None
    way = own_ways(load, between_stops(load, np.zeros(1, dtype=np.int64), travel))
    if way.passable[0]:
        code = LOAD_CODES[load.equipment[0]]
        rate = int(policy.rates.estimate_cents([code], way.miles, load.truck_share)[0])
        band = band_of(policy.rates, code, rate)
    return {"rate": rate, "rate_is_estimated": True, **band_fields(band, is_estimated=True)}, band


def zone_of(answer: Answer, change: dict[str, Any]) -> str:
    """Return the zone in which a changed time is said: the stop's; home's to the carrier; else the empty place's."""
    if change["stop"] is not None:
        return str(answer.load.stops.all()[change["stop"]].time_zone)
    at_home = change["what"] == What.HOME_BY and answer.is_carrier
    return str(answer.leg.home_time_zone if at_home else answer.leg.empty_time_zone)


def stop_name(answer: Answer, change: dict[str, Any]) -> str:
    """Return what a page calls the stop whose window changes: "pickup in Joliet, IL"; empty for other changes."""
    if change["stop"] is None:
        return ""
    stop = answer.load.stops.all()[change["stop"]]
    return f"{stop.get_kind_display().lower()} in {stop.town}"


def may_ask(viewer: Organization, leg: ReturnLeg, load: Load) -> bool:
    """Say whether a viewer who sees both may ask about the pair: its two sides, and brokers."""
    return viewer.brokers or viewer.pk == leg.organization_id or is_side_of(viewer.pk, load)


def _standing(
    viewer: Organization, legs: LegRows, loads: LoadRows, *, is_carrier: bool, now: datetime
) -> Standing | None:
    """Rank the load among all that gain for the leg and that the viewer may see, as the list ranks them."""
    travel, key = travel_oracle(), int(loads.columns.key[0])
    rivals, is_last = seen_by(viewer, candidate_loads(legs.sides[0], travel.version), now)
    if not rivals.sides:
        return None
    scores = score_leg(legs.columns, 0, rivals.columns, travel, current_policy())
    gains = scores.own_gain_cents if is_carrier else scores.market_gain_cents
    rows = those_that_fit(np.flatnonzero(scores.feasible & (gains > 0)), legs, rivals, scores, travel, current_policy())
    keys = scores.load_key[rows]
    order = np.lexsort((keys, -gains[rows], is_last[rows]))
    place = np.flatnonzero(keys[order] == key)
    if not place.size:
        return None
    ranked = gains[rows][order]
    return Standing(
        rank=int(place[0]) + 1, gaining=int(rows.size), bar=int(ranked[SHOWN - 1]) if rows.size > SHOWN else None
    )


# --- Who reads what ---------------------------------------------------------------------------------------------------


def _of_carrier(answer: WhyNot) -> dict[str, Any]:
    feasible = not answer.refusal
    return {
        "rule": answer.refusal.code if answer.refusal else None,
        "sentence": answer.sentence,
        "remedy": answer.remedy,
        "changes": [_shown(change) for change in answer.changes],
        "own_gain": _gain(answer.scores.own) if feasible else None,
        "worth_from": _worth_from(answer, "own"),
        "own_gain_if_changed": _gain(answer.mended.own) if answer.mended and not feasible else None,
        "market_gain": _gain(answer.scores.market) if feasible else None,
        "market_worth_from": _worth_from(answer, "market"),
        "market_gain_if_changed": _gain(answer.mended.market) if answer.mended and not feasible else None,
        "clock_is_assumed": bool(answer.scores.clock_is_assumed[0]),
    }


def _beside(answer: WhyNot, words: str, *, is_carrier: bool) -> dict[str, Any]:
    """Return what is read of a pair that fits by itself, but not beside what is on board: no gain, and no remedy."""
    nothing = dict.fromkeys(("market_gain", "market_worth_from", "market_gain_if_changed"))
    if is_carrier:
        nothing |= dict.fromkeys(("own_gain", "worth_from", "own_gain_if_changed"))
    own = {"clock_is_assumed": bool(answer.scores.clock_is_assumed[0])} if is_carrier else {}
    return {"rule": ON_BOARD, "sentence": words, "remedy": "", "changes": [], **nothing, **own}


def _of_others(public: WhyNot, *, feasible: bool) -> dict[str, Any]:
    """Return what others read, given the answer for a rested driver, or for a feasible pair as it stands."""
    refused = not feasible and bool(public.refusal)
    rule = public.refusal if refused else Refusal.NONE
    late = not feasible and rule in (Refusal.NONE, *_HOURS_OR_HOME)
    changes = tuple(_rounded(change) for change in public.changes) if refused else ()
    mended = public.mended if refused else None
    worth_from = _worth_from(public, "market") if feasible or refused else None
    gain = _gain(public.scores.market) if feasible else None
    exact = gain is not None and gain > 0  # then it is a match, whose figures both sides read
    return {
        "rule": None if feasible else Refusal.HOME_BY.code if late else rule.code,
        "sentence": "" if feasible else LATE if late else _rounded_sentence(public),
        "remedy": _for_rested(remedy(changes, public.hopeless), changes) if refused else "",
        "changes": [_shown(change) for change in changes],
        "market_gain": gain if exact or gain is None else _tens(gain, np.floor),
        "market_worth_from": worth_from if exact or worth_from is None else _tens(worth_from, np.ceil),
        "market_gain_if_changed": _tens(_gain(mended.market), np.floor) if mended else None,
    }


def _for_rested(words: str, changes: tuple[Change, ...]) -> str:
    timed = any(change.what in _TIMES for change in changes)
    return f"{words}, for a driver who is rested when the truck is ready" if timed else words


def _gain(money: Money) -> int:
    return int(money.gain_cents[0])


def _worth_from(answer: WhyNot, whose: str) -> int | None:
    """Return the rate from which on the pair beats going home empty, as it stands or with the changes."""
    scores = answer.mended
    return None if scores is None else int(getattr(scores, whose).worth_from_cents[0])


def _tens(cents: int, direction: Any) -> int:
    return int(direction(cents / _TEN_DOLLARS)) * _TEN_DOLLARS


def _shown(change: Change) -> dict[str, Any]:
    at = datetime.fromtimestamp(change.to * 60, UTC) if change.what in _TIMES else None
    return {
        "what": change.what.value,
        "stop": change.stop,
        "by": change.by,
        "to": change.to if at is None else None,
        "to_at": at,
        "words": change.words,
    }


def _rounded(change: Change) -> Change:
    """Round a change that tells how far home is up to ten miles."""
    if change.what is not What.HOME_LIMIT and change.what is not What.OUT_OF_ROUTE_LIMIT:
        return change
    to = -(-change.to // 10) * 10
    words = change.words.replace(f"{change.to:,} mi", f"about {to:,} mi")
    return Change(what=change.what, by=change.by + to - change.to, to=to, stop=None, words=words)


def _rounded_sentence(public: WhyNot) -> str:
    figures = public.scores.refusal_figures[0].copy()
    if public.refusal is Refusal.HOME_DEADHEAD:
        about = float(np.ceil(figures[0] / 10) * 10)
        return f"the delivery is about {about:,.0f} empty miles from home, the limit is {figures[1]:,.0f}"
    if public.refusal is Refusal.PICKUP_DEADHEAD:
        figures[3] = np.nan  # how far out of route it is would tell how far home is
    return sentence(public.refusal, figures.tolist())
