"""Threads: opened (`services.opening`), left by either side, and lapsed (`services.lapsing`)."""

from brokers.acting import require_side, side_organization
from brokers.models import OfferStatus, Thread, ThreadOutcome, ThreadStatus
from brokers.retrying import retried
from brokers.services.lapsing import lapse_rivals, lapse_threads
from brokers.services.opening import invite_carrier, open_thread
from brokers.services.table import (
    check_not_held,
    check_open,
    close_offer,
    close_thread,
    held_thread,
    locked_load,
    own_side,
)
from brokers.thread_queries import live_offer, thread_of
from foundation.accounts.actor import Actor
from foundation.accounts.models import Decision
from foundation.trade import clock

__all__ = ["invite_carrier", "lapse_rivals", "lapse_threads", "leave_thread", "open_thread"]


def leave_thread(*, actor: Actor, thread_id: str) -> Thread:
    """Leave a negotiation for good: an own live offer is withdrawn with it, the other side's declined.

    Raises `Forbidden`, `NotFound`, `Conflict` when it is over already.
    """
    actor.require("offers:write")

    def work() -> Thread:
        seen = thread_of(actor.organization, thread_id)
        load = locked_load(seen.load_id)
        thread = held_thread(seen, load)
        now = clock.now()
        live = live_offer(thread)
        side = own_side(actor, thread, now)
        declines = live is not None and live.made_for_id != side_organization(thread, side).pk
        require_side(actor, thread, side, Decision.ACCEPTANCE if declines else Decision.OFFERS, now)
        check_open(thread, side)
        check_not_held(thread)
        if live is not None:
            over = OfferStatus.EXPIRED if live.expires_at <= now else None
            mine = OfferStatus.DECLINED if declines else OfferStatus.WITHDRAWN
            close_offer(live, over or mine, now=now, actor=None if over else actor, leaves=not over)
        close_thread(thread, ThreadStatus.WITHDRAWN, ThreadOutcome.WITHDRAWN, now=now, actor=actor)
        return thread

    return retried(work)
