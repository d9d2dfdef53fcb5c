"""What every move of a negotiation is made of: the locks, an offer put on the table, an offer or a thread closed.

All inside the caller's transaction, after the load is locked. Offers are the last in the order of locks, so that
whoever closes threads of several loads (a truck is booked) waits in no circle.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db.models import F

from brokers.acting import Side, other, side_of_offer, side_organization, sides_of
from brokers.models import (
    OFFER_MOVES,
    THREAD_MOVES,
    Offer,
    OfferStatus,
    Thread,
    ThreadStatus,
)
from brokers.models.threads import MOST_COUNTERS, STANDING
from brokers.outcomes import gone_sentence, outcome_sentence, status_at
from brokers.services.releasing import release_hold
from brokers.terms import BargainTerms
from brokers.thread_facts import tell_closed, tell_made, tell_thread_closed
from brokers.thread_queries import held_offer, live_offer, whole
from foundation.accounts.actor import Actor
from foundation.accounts.dealing import begin_between
from foundation.accounts.models import Organization
from foundation.accounts.queries import blocks_either_way
from foundation.events.services import SYSTEM
from foundation.trade import clock
from foundation.trade.constraints import refusing
from foundation.trade.errors import Conflict, NotFound
from foundation.trade.locks import locked
from foundation.trade.money import dollars
from foundation.trade.posting import Status
from foundation.trade.status import change_status
from loads.models import Load

_CANNOT_DEAL = "These two companies cannot do business with each other here at the moment."
_LAPSED_MEANWHILE = (
    "This was accepted, and while the carrier was checked the load or the truck was no longer to be had. Nothing was "
    "booked."
)
_MOVED = "This was answered a moment ago. Reload to see what stands now."


def locked_load(key: int) -> Load:
    """Return a load with owner, seller and stops as they stand now, locked: moves on one load follow each other."""
    rows = Load.objects.select_related("organization", "seller").prefetch_related("stops")
    return locked(rows, [key])[key]


def fresh_thread(thread: Thread, load: Load) -> Thread:
    """Return a thread as it stands now, on a load that is locked."""
    found = whole(Thread.objects.filter(pk=thread.pk)).get()
    found.load = load
    return found


def held_thread(thread: Thread, load: Load) -> Thread:
    """Lock a thread's row and return it as it stands then: a truck booked on another load closes it without this load's
    lock.
    """
    locked(Thread.objects.filter(pk=thread.pk))
    return fresh_thread(thread, load)


def own_side(actor: Actor, thread: Thread, now: datetime, answering: Offer | None = None) -> Side:
    """Return the side for which the actor moves: its own; of a broker of both sides the one whose turn it is.

    `answering` is the offer that it answers. Raises `NotFound` for one on no side.
    """
    sides = sides_of(actor, thread, now)
    if not sides:
        raise NotFound("There is no such negotiation here.")
    if len(sides) == 1:
        return next(iter(sides))
    offer = answering or live_offer(thread) or thread.offers.last()
    if offer is not None and answering is not None:
        return other(side_of_offer(offer, thread))
    itself = {side for side in sides if side_organization(thread, side).pk == actor.organization.pk}
    if itself:
        return next(iter(itself))
    return Side.TAKER if offer is None else side_of_offer(offer, thread)


def check_open(thread: Thread, side: Side) -> None:
    """Raise `Conflict` where a thread is over, with what became of it as this side reads it."""
    if thread.status != ThreadStatus.OPEN:
        raise Conflict("thread_over", f"This negotiation is over. {outcome_sentence(thread, side)}")


def check_not_held(thread: Thread) -> None:
    """Raise `Conflict` where an offer is accepted and waits for the check of the carrier: nobody takes that back."""
    held = held_offer(thread)
    if held is not None:
        raise Conflict(
            "offer_held",
            f"Offer {held.number} of {dollars(held.rate_cents)} has been accepted and waits for a check of the carrier."
            " It is booked or released by itself, within ten minutes; until then nothing can be changed here.",
        )


def check_still_stands(thread: Thread, load: Load, now: datetime) -> None:
    """Raise `Conflict` where the load is not to be had of this seller any more, or the sides may not deal."""
    if load.status != Status.OPEN or (load.expires_at is not None and load.expires_at <= now):
        raise Conflict("load_gone", "This load has left the market. Nothing was changed.")
    if thread.seller_id != load.sold_by.pk or (thread.kind == Thread.Kind.TENDER and load.seller_id is not None):
        raise Conflict("seller_changed", "This load has another seller now. Look it up again on the market.")
    if not sides_may_deal(thread, now):
        raise Conflict("cannot_deal", _CANNOT_DEAL)


def check_may_begin(load: Load, taker: Organization) -> None:
    """Raise `Conflict` unless the taker may deal with a locked load's seller, and with its owner; so it stays until the
    transaction ends: what ends it later finds what is begun here, and closes it.
    """
    sides = {load.organization_id, load.sold_by.pk} - {taker.pk}
    begin_between({*sides, taker.pk})
    now, standing = clock.now(), Organization.objects.in_bulk([*sides, taker.pk])
    if not all(_may_deal(standing[key], standing[taker.pk], now) for key in sides):
        raise Conflict("cannot_deal", _CANNOT_DEAL)


def sides_may_deal(thread: Thread, now: datetime) -> bool:
    """Say whether the two sides of a thread may deal, and the taker with the owner of a load that a broker sells: that
    its freight is hauled by whom it blocks is not the broker's to decide.
    """
    owner = thread.load.organization
    return all(
        _may_deal(each, thread.taker, now)
        for each in {thread.seller_id: thread.seller, owner.pk: owner}.values()
        if each.pk != thread.taker_id
    )


def _may_deal(seller: Organization, taker: Organization, now: datetime) -> bool:
    together = seller.market == taker.market and seller.is_verified and taker.is_verified
    return together and not blocks_either_way(seller, taker, now)


def check_load_version(load: Load, load_version: int) -> None:
    """Raise `Conflict` where somebody looked at another version of the load than the one that stands."""
    if load.version != load_version:
        raise Conflict(
            "load_changed",
            f"The load has changed meanwhile: you looked at version {load_version}, it is now version {load.version}. "
            "Look at it again and make a new offer on what it says now.",
        )


def offer_in(thread: Thread, seen: Offer) -> Offer:
    """Return an offer as a thread that was just read has it."""
    found = next(each for each in thread.offers.all() if each.pk == seen.pk)
    found.thread = thread
    return found


def check_live(offer: Offer, thread: Thread, now: datetime, zone: str) -> None:
    """Raise `Conflict` unless the offer is live, saying what became of it and what stands now."""
    if status_at(offer, now) != OfferStatus.LIVE:
        raise Conflict(*gone_sentence(offer, live_offer(thread), now, zone))


def put_on_table(
    thread: Thread,
    *,
    actor: Actor,
    side: Side,
    terms: BargainTerms,
    load: Load,
    now: datetime,
    expires_in_minutes: int,
) -> Offer:
    """Make the next offer of a thread for a side; what stood before must be closed already.

    Raises `Conflict` after ten counter-offers, and where somebody else made one at the same moment.
    """
    number = thread.offers.count() + 1
    if number > MOST_COUNTERS + 1:
        raise Conflict(
            "too_many_counters",
            f"There have been {MOST_COUNTERS} counter-offers, which is as many as a negotiation may have. "
            "Call the other side, or leave this negotiation.",
        )
    offer = Offer(
        thread=thread,
        number=number,
        load_version=load.version,
        made_for=thread.seller if side is Side.SELLER else thread.taker,
        made_by_organization=actor.organization,
        made_by=actor.person,
        made_at=now,
        expires_at=now + timedelta(minutes=expires_in_minutes),
        **terms.columns(),
    )
    somebody_else = Conflict("moved_on", "Another offer was made in the same moment. Reload to see what stands now.")
    with refusing(dict.fromkeys(("one_offer_per_number", "one_live_offer_per_thread"), somebody_else)):
        offer.save(force_insert=True)
    thread.lane = load.lane
    Thread.objects.filter(pk=thread.pk).update(
        lane=thread.lane,
        moved_at=now,
        version=F("version") + 1,
        # what was asked and suggested spoke of the offers before this one
        seller_splits_at=None,
        taker_splits_at=None,
        split_cents=None,
    )
    tell_made(offer, actor, by=actor.organization, now=now)
    return offer


def close_offer(
    offer: Offer,
    status: str,
    *,
    now: datetime,
    actor: Actor | None = None,
    reason: str = "",
    leaves: bool = False,
    sentence: str = _MOVED,
) -> None:
    """Bring a live offer to its end; None as the actor is the house. `leaves` says that its thread ends with it.

    Raises `Conflict` where somebody was first.
    """
    change_status(
        offer,
        to=status,
        moves=OFFER_MOVES,
        fact=lambda row: tell_closed(
            row, actor or SYSTEM, by=actor.organization if actor else None, leaves=leaves, now=now
        ),
        sentence=sentence,
        closed_at=now,
        closed_by_organization=actor.organization if actor else None,
        closed_by=actor.person if actor else None,
        reason=reason,
    )


def close_thread(
    thread: Thread, status: str, outcome: str, *, now: datetime, actor: Actor | None = None, sentence: str = _MOVED
) -> None:
    """Bring an open thread to its end. Raises `Conflict` where somebody was first."""
    change_status(
        thread,
        to=status,
        moves=THREAD_MOVES,
        fact=lambda row: tell_thread_closed(row, actor or SYSTEM, by=actor.organization if actor else None, now=now),
        sentence=sentence,
        closed_at=now,
        moved_at=now,
        outcome=outcome,
    )


def note_move(thread_key: int, now: datetime) -> None:
    """Note that a thread was moved in, though it stays open."""
    Thread.objects.filter(pk=thread_key).update(moved_at=now, version=F("version") + 1)


def lapse(outcomes: Mapping[int, str], *, now: datetime) -> int:
    """Lapse those of the threads, given by key with why, that are still open, with what stands on their tables; return
    how many.

    Locks them all by id, then their offers by id, before the first is closed: they may be of several loads.
    """
    if not outcomes:
        return 0
    rows = Thread.objects.filter(status=ThreadStatus.OPEN).select_related("seller", "taker", "load")
    held = locked(rows, outcomes)
    # held, for the sweep of what ran out closes offers without their threads' locks
    for offer in locked(Offer.objects.filter(thread__in=held, status__in=STANDING)).values() if held else ():
        offer.thread = held[offer.thread_id]
        _lapse_offer(offer, offer.thread, now)
    for key, thread in held.items():
        close_thread(thread, ThreadStatus.LAPSED, outcomes[key], now=now)
    return len(held)


def _lapse_offer(offer: Offer, thread: Thread, now: datetime) -> None:
    """Close a held or live offer that cannot be any more; what its acceptance reserved is free again."""
    if offer.status == OfferStatus.HELD:
        release_hold(offer, outcome=_LAPSED_MEANWHILE, told=_LAPSED_MEANWHILE, now=now)
        close_offer(offer, OfferStatus.LAPSED, now=now)
        return
    # what ran out before this moment expired, also where the sweep has not come by
    close_offer(offer, OfferStatus.EXPIRED if offer.expires_at <= now else OfferStatus.LAPSED, now=now)
