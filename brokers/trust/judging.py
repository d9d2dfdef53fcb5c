"""Judging a claim by the rules, and taking one of the carrier's holds."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from brokers.trust.conduct import MOST_HOLDS, cool_down_sentence
from brokers.trust.queries import case_of, held_lately
from brokers.trust.results import Judgement, RuleResult
from brokers.trust.rules import HOLDS, RULES
from carriers.models import Truck
from foundation.accounts.models import Organization
from foundation.trade.errors import Conflict
from loads.models import Load

_HOLDS_LOCK = 0x686F6C64  # "hold": the class of the advisory locks by which a carrier's holds wait in line


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


def take_hold(*, carrier: Organization, now: datetime) -> None:
    """Make sure that the carrier has a hold left; called in the transaction that makes the pending claim, before it.

    Claims of one carrier that want a hold at the same moment wait in line here. Raises `Conflict` after three holds
    within a day.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_HOLDS_LOCK, carrier.pk % 2**31])
    held = held_lately(carrier, now)
    if len(held) >= MOST_HOLDS:
        raise Conflict("holds", cool_down_sentence(held))
