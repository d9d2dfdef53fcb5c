"""Accepting an offer: the handshake that books a load, or gives its sale to a broker.

An acceptance names the offer's number and the load's version, so that nobody agrees to what it did not see. All is
checked twice: before any lock, so that a refusal costs nobody a wait, and under the locks, where it counts. The offer's
own row is locked last, after the truck's: where a booking elsewhere has closed it meanwhile, nothing was booked. Where
trust cannot be judged yet, the acceptance waits with the load reserved, ten minutes at most: `services.held_offers`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from brokers.acting import Side, other, require_side, side_of_offer, sides_of
from brokers.bargain_rules import ask_for_confirmation
from brokers.booking_queries import holds_on
from brokers.models import Booking, Claim, Offer, OfferStatus, Thread, ThreadOutcome, ThreadStatus
from brokers.outcomes import gone_sentence
from brokers.retrying import retried
from brokers.services.booking import RESERVED, book, plan_for
from brokers.services.reserving import reserve_for
from brokers.services.table import (
    check_live,
    check_load_version,
    check_still_stands,
    close_offer,
    close_thread,
    fresh_thread,
    held_thread,
    lapse,
    locked_load,
    offer_in,
)
from brokers.terms import terms_of
from brokers.thread_queries import live_offer, offer_of
from brokers.touring import vehicle_in
from brokers.trust import Judgement, check_may_be_sold, judge_claim, take_hold, take_pace, why_not_sold
from brokers.withheld import withheld
from foundation.accounts.actor import Actor
from foundation.accounts.models import Decision
from foundation.trade import clock
from foundation.trade.errors import Conflict
from loads.models import Load
from loads.services import sell_load

_NOT_READY = (
    "The carrier's truck cannot take this load as offered: it was promised elsewhere meanwhile, or cannot be there in "
    "time. The offer still stands: ask the carrier for another truck or other times."
)
_BLOCKED = (
    "This carrier cannot be booked here at the moment: its federal record or our rules of trust do not allow it. "
    "The offer still stands; the carrier can read why and what mends it."
)

_WAITS = (
    "We are waiting for the federal registry's answer about this carrier. Nothing was booked, and the offer stands: "
    "the check repeats by itself, so accept it again in a few minutes."
)
_GONE_MEANWHILE = (
    "This offer came to its end in the same moment: it ran out, or the truck was booked elsewhere. Nothing was booked."
)


def accept_offer(
    *, actor: Actor, offer_id: str, number: int, load_version: int, confirmed: bool = False
) -> Booking | Claim | Load:
    """Accept the other side's offer: the booking of a carriage, the hold on its load while the carrier is checked, or
    the load that a tender's broker sells from now on.

    Raises `Forbidden` for who may not decide for this side, `NotFound`, `Invalid` where the rate asks to be
    `confirmed`, and `Conflict` for an own offer, a number or version that is not what stands, an offer that is over
    (with what stands now), a load that is gone or reserved, a carrier that trust forbids or that has used up its holds
    (the offer stays), and a truck that cannot take the load.
    """
    actor.require("offers:write")
    actor.require("bookings:write")
    actor.require_confirmed_email()
    seen = offer_of(actor.organization, offer_id)
    now = clock.now()
    _check(actor, seen, seen.thread, seen.thread.load, number, load_version, now)
    if not confirmed:
        ask_for_confirmation(terms_of(seen), seen.thread.load, viewer=actor.organization, now=now)
    if seen.thread.kind == Thread.Kind.CARRIAGE:
        judgement = _judge(actor, seen.thread, now)
        if judgement.holds:
            return _hold(actor, seen, number, load_version, judgement, now)

    def work() -> Booking | Load:
        load = locked_load(seen.thread.load_id)
        thread = fresh_thread(seen.thread, load)
        offer = offer_in(thread, seen)
        moment = clock.now()
        _check(actor, offer, thread, load, number, load_version, moment)
        if thread.kind == Thread.Kind.TENDER:
            return _sell(actor, offer, thread, load, moment)
        with _in_rules_words(actor, thread, moment):
            take_pace(carrier=thread.taker, now=clock.now())  # its lock comes after loads and before the others
        return _book(actor, offer, thread, load, moment)

    return retried(work)


def _check(
    actor: Actor, offer: Offer, thread: Thread, load: Load, number: int, load_version: int, now: datetime
) -> None:
    """Raise unless this actor may accept this offer as it was seen, at this moment."""
    side = other(side_of_offer(offer, thread))
    if side not in sides_of(actor, thread, now):
        raise Conflict("own_offer", "This is your own offer: the other side decides on it. You can withdraw it.")
    require_side(actor, thread, side, Decision.ACCEPTANCE, now)
    zone = actor.organization.time_zone
    if offer.number != number:
        raise Conflict(
            "another_offer",
            f"You accepted offer {number}, but this is offer {offer.number}. See what stands now, then accept that.",
        )
    check_live(offer, thread, now, zone)
    check_still_stands(thread, load, now)
    check_load_version(load, load_version)
    if offer.load_version != load.version:
        sentence = (
            f"Offer {offer.number} was made on version {offer.load_version} of the load, which is now version "
            f"{load.version}. Make a new offer on what it says now."
        )
        raise Conflict("offer_superseded", sentence)


def _judge(actor: Actor, thread: Thread, now: datetime) -> Judgement:
    """Return what the rules say, or raise `Conflict` where trust forbids the carrier; the offer stays as it is then.

    What a rule found is told to the carrier's side; the seller reads that it is so.
    """
    judgement = judge_claim(carrier=thread.taker, loads=[thread.load], truck=thread.truck, now=now)
    if judgement.blocks:
        block = judgement.blocks[0]
        raise _told_to(actor, thread, now, block.rule, block.sentence)
    return judgement


def _told_to(actor: Actor, thread: Thread, now: datetime, rule: str, sentence: str) -> Conflict:
    """Return a rule's refusal as the actor's side may read it; used-up holds only mean that the check comes first, and
    of a load that may not be sold the carrier is not to blame.
    """
    if Side.TAKER in sides_of(actor, thread, now):
        return Conflict(rule, sentence)
    if rule == "seller":
        why = why_not_sold(thread.load, actor.organization, now)
        return Conflict(rule, f"{why} Nothing was booked, and the offer still stands.")
    return Conflict("being_checked", _WAITS) if rule == "holds" else Conflict("not_trusted", _BLOCKED)


def _hold(actor: Actor, seen: Offer, number: int, load_version: int, judgement: Judgement, now: datetime) -> Claim:
    """Reserve the load for the accepted offer while the carrier is checked; not where the truck can never take it."""
    with withheld(actor.organization, seen.thread.taker, _NOT_READY):
        times, vehicle = terms_of(seen).stop_times, vehicle_in(seen.thread)
        plan_for(load=seen.thread.load, stop_times=times, vehicle=vehicle, carrier=seen.thread.taker, now=now)

    def work() -> Claim:
        load = locked_load(seen.thread.load_id)
        with _in_rules_words(actor, seen.thread, now):
            take_pace(carrier=seen.thread.taker, now=clock.now())
            take_hold(carrier=seen.thread.taker, now=clock.now())
        thread = held_thread(seen.thread, load)
        offer = offer_in(thread, seen)
        moment = clock.now()
        _check(actor, offer, thread, load, number, load_version, moment)
        return reserve_for(offer, thread=thread, load=load, actor=actor, judgement=judgement, now=moment)

    return retried(work)


@contextmanager
def _in_rules_words(actor: Actor, thread: Thread, now: datetime) -> Iterator[None]:
    """Let the seller read that rules of trust refuse the carrier, and nothing of what else that has claimed."""
    try:
        yield
    except Conflict as refusal:
        raise _told_to(actor, thread, now, refusal.code, refusal.sentence) from refusal


def book_offer(
    actor: Actor, offer: Offer, thread: Thread, load: Load, now: datetime, *, claim_id: int | None = None
) -> Booking:
    """Book a held load on exactly the terms of an accepted offer; `claim_id` is the hold that it waited by."""
    return book(
        load=load,
        terms=terms_of(offer),
        vehicle=vehicle_in(thread),
        carrier=thread.taker,
        seller=thread.seller,
        actor=actor,
        now=now,
        offer=offer,
        claim_id=claim_id,
    )


def _book(actor: Actor, offer: Offer, thread: Thread, load: Load, now: datetime) -> Booking:
    with withheld(actor.organization, thread.taker, _NOT_READY):
        booking = book_offer(actor, offer, thread, load, now)
    _shake_hands(actor, offer, thread)
    return booking


def _sell(actor: Actor, offer: Offer, thread: Thread, load: Load, now: datetime) -> Load:
    if holds_on(load, now):
        raise Conflict("load_reserved", RESERVED)
    check_may_be_sold(load, thread.taker, actor.organization, now)
    sell_load(load=load, seller=thread.taker, shipper_rate_cents=offer.rate_cents, actor=actor, now=now)
    others = Thread.objects.filter(load=load, status=ThreadStatus.OPEN).exclude(pk=thread.pk)
    gone = {
        key: ThreadOutcome.SOLD_ELSEWHERE if kind == Thread.Kind.TENDER else ThreadOutcome.SOLD
        for key, kind in others.values_list("pk", "kind")
    }
    lapse(gone, now=now)
    _shake_hands(actor, offer, thread)
    load.refresh_from_db()
    return load


def _shake_hands(actor: Actor, offer: Offer, thread: Thread) -> None:
    """Close the offer and its thread, once every lock is held: what ran out while waiting for them is not accepted."""
    now = clock.now()
    if offer.expires_at <= now:
        raise Conflict(*gone_sentence(offer, live_offer(thread), now, actor.organization.time_zone))
    agree(actor, offer, thread, now)


def agree(actor: Actor, offer: Offer, thread: Thread, now: datetime) -> None:
    """Close an accepted offer and its thread. Raises `Conflict` where either came to its end first."""
    close_offer(offer, OfferStatus.ACCEPTED, now=now, actor=actor, sentence=_GONE_MEANWHILE)
    close_thread(
        thread,
        ThreadStatus.AGREED,
        ThreadOutcome.AGREED,
        now=now,
        actor=actor,
        sentence=_GONE_MEANWHILE,
    )
