"""Accepting an offer: the handshake that books a load, or gives its sale to a broker.

An acceptance names the offer's number and the load's version, so that nobody agrees to what it did not see. All is
checked twice: before any lock, so that a refusal costs nobody a wait, and under the locks, where it counts. The offer's
own row is locked last, after the truck's: where a booking elsewhere has closed it meanwhile, nothing was booked.
"""

from datetime import datetime

from brokers.acting import Side, other, require_side, sides_of
from brokers.bargain_rules import ask_for_confirmation
from brokers.booking_queries import holds_on
from brokers.models import Booking, Offer, OfferStatus, Thread, ThreadOutcome, ThreadStatus
from brokers.outcomes import gone_sentence
from brokers.retrying import retried
from brokers.services.booking import RESERVED, book
from brokers.services.table import (
    check_live,
    check_load_version,
    check_still_stands,
    close_offer,
    close_thread,
    fresh_thread,
    lapse,
    locked_load,
    offer_in,
    side_of,
)
from brokers.terms import terms_of
from brokers.thread_queries import live_offer, offer_of
from brokers.touring import Vehicle
from brokers.trust import judge_claim
from foundation.accounts.actor import Actor
from foundation.accounts.models import Decision
from foundation.trade import clock
from foundation.trade.errors import Conflict, Invalid
from loads.models import Load
from loads.services import sell_load

# What a refusal of the booking may say to the seller: what is true of the load. All else is of the carrier's trucks.
_OF_THE_LOAD = frozenset({"load_gone", "load_reserved", "other_seller", "own_load", "one_live_booking_per_load"})
_NOT_READY = (
    "The carrier's truck cannot take this load as offered: it was promised elsewhere meanwhile, or cannot be there in "
    "time. The offer still stands: ask the carrier for another truck or other times."
)
_BLOCKED = (
    "This carrier cannot be booked here at the moment: its federal record or our rules of trust do not allow it. "
    "The offer still stands; the carrier can read why and what mends it."
)

_GONE_MEANWHILE = (
    "This offer came to its end in the same moment: it ran out, or the truck was booked elsewhere. Nothing was booked."
)


def accept_offer(
    *, actor: Actor, offer_id: str, number: int, load_version: int, confirmed: bool = False
) -> Booking | Load:
    """Accept the other side's offer: the booking of a carriage, or the load that a tender's broker sells from now on.

    Raises `Forbidden` for who may not decide for this side, `NotFound`, `Invalid` where the rate asks to be
    `confirmed`, and `Conflict` for an own offer, a number or version that is not what stands, an offer that is over
    (with what stands now), a load that is gone, a carrier that trust forbids or has to check first (the offer stays),
    and a truck that cannot take the load.
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
        _judge(actor, seen.thread, now)

    def work() -> Booking | Load:
        load = locked_load(seen.thread.load_id)
        thread = fresh_thread(seen.thread, load)
        offer = offer_in(thread, seen)
        moment = clock.now()
        _check(actor, offer, thread, load, number, load_version, moment)
        if thread.kind == Thread.Kind.TENDER:
            return _sell(actor, offer, thread, load, moment)
        return _book(actor, offer, thread, load, moment)

    return retried(work)


def _check(
    actor: Actor, offer: Offer, thread: Thread, load: Load, number: int, load_version: int, now: datetime
) -> None:
    """Raise unless this actor may accept this offer as it was seen, at this moment."""
    side = other(side_of(offer, thread))
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


def _judge(actor: Actor, thread: Thread, now: datetime) -> None:
    """Raise `Conflict` where trust forbids the carrier, or cannot be judged yet; the offer stays as it is.

    What a rule found is told to the carrier's side; the seller reads that it is so. There is no hold as claims have it:
    nobody else can take what two sides agree on, and the offer has its own time.
    """
    judgement = judge_claim(carrier=thread.taker, loads=[thread.load], truck=thread.truck, now=now)
    of_carrier = Side.TAKER in sides_of(actor, thread, now)
    if judgement.blocks:
        block = judgement.blocks[0]
        raise Conflict(block.rule if of_carrier else "not_trusted", block.sentence if of_carrier else _BLOCKED)
    if judgement.holds:
        found = judgement.holds[0].sentence if of_carrier else "We are waiting for the federal registry's answer."
        raise Conflict(
            "being_checked",
            f"{found} Nothing was booked, and the offer stands: the check repeats by itself, so accept it again in a "
            "few minutes.",
        )


def _book(actor: Actor, offer: Offer, thread: Thread, load: Load, now: datetime) -> Booking:
    assert thread.truck is not None, "a thread of carriage has a truck"
    vehicle = Vehicle(
        truck=thread.truck,
        leg=thread.leg,
        driver=thread.driver,
        trailer=thread.trailer,
        home_base=thread.home_base,
        return_home_by=thread.return_home_by,
    )
    try:
        booking = book(
            load=load,
            terms=terms_of(offer),
            vehicle=vehicle,
            carrier=thread.taker,
            seller=thread.seller,
            actor=actor,
            now=now,
            offer=offer,
        )
    except (Conflict, Invalid) as refusal:
        if refusal.code in _OF_THE_LOAD or Side.TAKER in sides_of(actor, thread, now):
            raise
        raise Conflict("truck_not_ready", _NOT_READY) from refusal
    _shake_hands(actor, offer, thread)
    return booking


def _sell(actor: Actor, offer: Offer, thread: Thread, load: Load, now: datetime) -> Load:
    if holds_on(load, now).exists():
        raise Conflict("load_reserved", RESERVED)
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
    close_offer(offer, OfferStatus.ACCEPTED, now=now, actor=actor, sentence=_GONE_MEANWHILE)
    close_thread(
        thread,
        ThreadStatus.AGREED,
        ThreadOutcome.AGREED,
        now=now,
        actor=actor,
        sentence=_GONE_MEANWHILE,
    )
