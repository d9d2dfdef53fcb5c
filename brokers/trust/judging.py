"""Judging a claim by the rules, and taking one of the carrier's holds."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from brokers.trust.conduct import MOST_HOLDS, RUSH_CLAIMS, cool_down_sentence, is_new, rush_sentence
from brokers.trust.queries import case_of, held_lately, made_lately
from brokers.trust.results import Judgement, RuleResult
from brokers.trust.rules import HOLDS, RULES
from carriers.models import Truck
from foundation.accounts.models import Organization
from foundation.trade.errors import Conflict
from loads.models import Load

_LINE = 0x686F6C64  # "hold": the class of the advisory locks by which a carrier's claims wait in line


def judge_claim(
    *, carrier: Organization, loads: Sequence[Load], truck: Truck | None = None, now: datetime
) -> Judgement:
    """Return what every rule says of a carrier that wants these loads; pure reads, no network.

    No rule asks about the truck yet: whether it can carry the loads is the engine's question.
    """
    case = case_of(carrier, loads, now)
    results: list[RuleResult] = [rule.check(case) for rule in RULES]
    if any(each.result == "hold" for each in results):
        results.append(HOLDS.check(case))
    return Judgement(results=tuple(results))


def take_pace(*, carrier: Organization, now: datetime, settling: Load | None = None) -> None:
    """Make sure that a new account does not rush; called in the transaction that makes the claim or the booking of an
    accepted offer, before it. What has reserved the load that is being settled does not count against itself.

    Claims of one new account at the same moment wait in line here. Raises `Conflict` after three within the hour.
    """
    if not is_new(carrier, now):
        return
    _wait_in_line(carrier)
    made = made_lately(carrier, now, settling=() if settling is None else (settling.pk,))
    if len(made) >= RUSH_CLAIMS:
        raise Conflict("pace", rush_sentence(made))


def take_hold(*, carrier: Organization, now: datetime) -> None:
    """Make sure that the carrier has a hold left; called in the transaction that makes the pending claim, before it.

    Claims of one carrier that want a hold at the same moment wait in line here. Raises `Conflict` after three holds
    within a day.
    """
    _wait_in_line(carrier)
    held = held_lately(carrier, now)
    if len(held) >= MOST_HOLDS:
        raise Conflict("holds", cool_down_sentence(held))


def _wait_in_line(carrier: Organization) -> None:
    """Hold the carrier's lock until the end of the transaction; it comes after loads and before all other locks."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LINE, carrier.pk % 2**31])
