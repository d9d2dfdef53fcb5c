"""Asking the registry and keeping what it says: the network first, then one short transaction."""

import logging
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q

from foundation.accounts.federal.facts import Facts, RegistryFailed, read_facts
from foundation.accounts.federal.sources import asks_registry, source_for
from foundation.accounts.models import FederalOutcome, FederalRecord, Market, Organization
from foundation.events.services import publish
from foundation.trade import clock

logger = logging.getLogger(__name__)

RENEW_AFTER = timedelta(hours=12)
"""A record is asked for again well before it is too old to decide by."""

_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(minutes=30)


def refresh_record(*, market: str, usdot_number: str, always_tell: bool = False) -> FederalRecord | None:
    """Ask about a number and keep the answer; None where nobody answers for the market.

    The organizations of that number are told when something changed, or `always_tell`, since somebody waits for it. A
    failed try is noted and leaves what was known. May be called twice at once: the later answer stays. Never call it
    inside a transaction, nor where a person waits.
    """
    source = source_for(market)
    if source is None or not usdot_number:
        return None
    failure, facts = "", None
    try:
        facts = read_facts(source.ask(usdot_number))
    except RegistryFailed as error:
        failure = str(error)[:200]
        logger.warning("The federal registry failed for USDOT %s: %s", usdot_number, failure)
    now = clock.now()
    with transaction.atomic():
        record = _locked(market, usdot_number, now)
        before = _told(record)
        if failure:
            record.failures += 1
            record.failure = failure
        else:
            _take(record, facts, now)
        record.tried_at = now
        record.source = source.name
        record.save()
        if always_tell or _told(record) != before:
            _tell(record)
    return record


def due_numbers(now: datetime, *, limit: int) -> list[tuple[str, str]]:
    """Return (market, number) of verified haulers and brokers whose record is missing or older than twelve hours.

    The longest untold first. After a failure a number waits: a minute, two, four ... thirty at most.
    """
    records = FederalRecord.objects.filter(market=OuterRef("market"), usdot_number=OuterRef("usdot_number"))
    wanted = Organization.objects.filter(
        Q(hauls=True) | Q(brokers=True), verified_at__isnull=False, market__in=_asked_markets()
    ).exclude(usdot_number="")
    missing = wanted.filter(~Exists(records)).order_by("pk").values_list("market", "usdot_number")
    found = list(missing[:limit])
    known = Organization.objects.filter(
        verified_at__isnull=False, market=OuterRef("market"), usdot_number=OuterRef("usdot_number")
    )
    old = FederalRecord.objects.filter(
        Exists(known), Q(fetched_at__isnull=True) | Q(fetched_at__lt=now - RENEW_AFTER), market__in=_asked_markets()
    ).order_by(F("fetched_at").asc(nulls_first=True))
    for record in old[: limit * 5]:
        if len(found) >= limit:
            break
        if record.tried_at + pause_after(record.failures) <= now:
            found.append((record.market, record.usdot_number))
    return found


def pause_after(failures: int) -> timedelta:
    """Return how long a number is left alone after so many failed tries."""
    if failures == 0:
        return timedelta(0)
    doublings: int = 2 ** min(failures - 1, 10)
    return min(_FIRST_PAUSE * doublings, _LONGEST_PAUSE)


def _asked_markets() -> Iterable[str]:
    return [market for market in Market.values if asks_registry(market)]


def _locked(market: str, usdot_number: str, now: datetime) -> FederalRecord:
    rows = FederalRecord.objects.select_for_update()
    found = rows.filter(market=market, usdot_number=usdot_number).first()
    if found is not None:
        return found
    try:
        with transaction.atomic():
            return FederalRecord.objects.create(
                market=market, usdot_number=usdot_number, outcome=FederalOutcome.FAILED, tried_at=now
            )
    except IntegrityError:
        return rows.get(market=market, usdot_number=usdot_number)


def _take(record: FederalRecord, facts: Facts | None, now: datetime) -> None:
    """Write an answer into a record."""
    record.fetched_at, record.failures, record.failure = now, 0, ""
    record.outcome = FederalOutcome.NOT_FOUND if facts is None else FederalOutcome.FOUND
    if facts is None:
        for name in ("common_authority", "contract_authority", "broker_authority", "phone", "phone_digits", "email"):
            setattr(record, name, "")
        record.email_domain, record.is_allowed_to_operate, record.raw = "", None, {}
        return
    values: dict[str, Any] = {
        name: getattr(facts, name)
        for name in (
            "legal_name", "dba_name", "is_allowed_to_operate", "is_out_of_service", "out_of_service_since",
            "common_authority", "contract_authority", "broker_authority", "authority_since", "bipd_required_cents",
            "bipd_on_file_cents", "bond_on_file_cents", "address", "raw",
        )
    }  # fmt: skip
    for name, value in values.items():
        setattr(record, name, value)
    if facts.contact is not None:
        digits = re.sub(r"\D", "", facts.contact.phone)[-10:]
        record.phone, record.email = facts.contact.phone, facts.contact.email
        record.phone_digits = digits if len(digits) == 10 else ""
        record.email_domain = facts.contact.email.rpartition("@")[2]
        record.registered_on = facts.contact.registered_on


def _told(record: FederalRecord) -> tuple[Any, ...]:
    """Return what decides something in a record, to see whether there is news."""
    return (
        record.outcome,
        bool(record.failure),
        record.is_allowed_to_operate,
        record.is_out_of_service,
        record.common_authority,
        record.contract_authority,
        record.broker_authority,
        record.bipd_on_file_cents,
        record.bond_on_file_cents,
        record.email,
    )


def _tell(record: FederalRecord) -> None:
    """Tell each organization of that number that the registry was asked: open pages look again."""
    rows = Organization.objects.filter(market=record.market, usdot_number=record.usdot_number)
    audience = {
        organization.public_id: {
            "id": organization.public_id,
            "outcome": record.outcome,
            "failed": bool(record.failure),
        }
        for organization in rows.order_by("pk")[:50]
    }
    for public_id, payload in audience.items():
        publish(name="organization.checked", subject=public_id, audience={public_id: payload})
