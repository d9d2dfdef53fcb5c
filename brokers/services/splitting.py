"""Asking to split the difference: kept to oneself until the other side has asked too."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from brokers.acting import Side, agents_of, require_side, side_organization
from brokers.models import Thread
from brokers.splits import has_asked, last_rates, midpoint, side_of, split_of, why_not_to_split
from brokers.thread_queries import thread_of, whole
from foundation.accounts.actor import Actor
from foundation.accounts.models import Decision
from foundation.events.services import publish, record_audit
from foundation.rest.fields import money
from foundation.trade import clock
from foundation.trade.errors import Conflict, Forbidden

_COLUMN = {Side.SELLER: "seller_splits_at", Side.TAKER: "taker_splits_at"}


def ask_split(*, actor: Actor, thread_id: str) -> Thread:
    """Ask to split the difference, for the actor's side; where the other side asked too, suggest the middle to both.

    The first ask changes nothing that the other side can read: no version, no fact, no time. Asking again changes
    nothing. Raises `Forbidden`, `NotFound`, and `Conflict` when the thread is over or there is nothing to split.
    """
    actor.require("offers:write")
    actor.require_confirmed_email()
    key = thread_of(actor.organization, thread_id).pk
    with transaction.atomic():
        Thread.objects.select_for_update(of=("self",)).get(pk=key)
        thread = whole(Thread.objects.filter(pk=key)).get()
        now = clock.now()
        side = side_of(actor.organization, thread, now)
        if side is None:
            raise Forbidden("both_sides", "You act for both sides here: each of them asks for itself.")
        require_side(actor, thread, side, Decision.OFFERS, now)
        reason = why_not_to_split(thread)
        if reason:
            raise Conflict("nothing_to_split", reason)
        if has_asked(thread, side):
            return thread
        Thread.objects.filter(pk=key).update(**{_COLUMN[side]: now})
        setattr(thread, _COLUMN[side], now)
        _audit(actor, thread, "split.asked", {"for": side_organization(thread, side).public_id})
        if all(has_asked(thread, each) for each in Side):
            _suggest(actor, thread, now)
    return thread


def _suggest(actor: Actor, thread: Thread, now: datetime) -> None:
    rates = last_rates(thread)
    assert rates.seller_cents is not None
    assert rates.taker_cents is not None
    cents = midpoint(rates.seller_cents, rates.taker_cents)
    Thread.objects.filter(pk=thread.pk).update(split_cents=cents, version=F("version") + 1)
    thread.refresh_from_db(fields=["split_cents", "version"])
    _publish(thread, now)
    _audit(actor, thread, "thread.split", {"rate_cents": [None, cents]})


def _publish(thread: Thread, now: datetime) -> None:
    """Tell both sides, and who represents them, at once and alike."""
    seen: dict[str, Any] = {
        "id": thread.public_id,
        "version": thread.version,
        "kind": thread.kind,
        "load": thread.load.public_id,
        "lane": thread.load.lane,
        "split": money(split_of(thread)),
    }
    agents = agents_of(thread, now)
    hearers = {thread.seller, thread.taker, *(each for side in Side for each in agents[side])}
    publish(
        name="thread.split",
        subject=thread.public_id,
        version=thread.version,
        audience={each.public_id: seen for each in hearers},
    )


def _audit(actor: Actor, thread: Thread, action: str, changes: dict[str, Any]) -> None:
    record_audit(
        organization_id=actor.organization.public_id,
        actor=actor,
        action=action,
        subject=thread.public_id,
        changes=changes,
    )
