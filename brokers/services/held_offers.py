"""An acceptance on hold, settled: booked at exactly the accepted terms, or released with a word to both sides.

Locks are taken as for an acceptance: the load first, the offer and what reserved the load last, by counted updates. So
of two that settle at once one books or releases, and the other finds it settled.
"""

from datetime import datetime

from brokers.acting import other, require_side, side_of_offer
from brokers.models import (
    CLAIM_MOVES,
    OFFER_MOVES,
    Booking,
    Claim,
    ClaimedLoad,
    ClaimStatus,
    Offer,
    OfferStatus,
    Thread,
)
from brokers.retrying import retried
from brokers.services.acceptance import agree, book_offer
from brokers.services.releasing import SETTLED, release_hold
from brokers.services.table import (
    check_load_version,
    check_still_stands,
    close_offer,
    fresh_thread,
    held_thread,
    locked_load,
    note_move,
    offer_in,
)
from brokers.thread_facts import tell_released
from brokers.trust import Judgement, judge_claim, take_pace, why_not_sold
from brokers.withheld import OF_THE_LOAD, carriers_words
from foundation.accounts.actor import Actor
from foundation.accounts.models import Decision
from foundation.accounts.present import actor_now
from foundation.trade import clock
from foundation.trade.errors import Busy, Conflict, Forbidden, TradeError
from foundation.trade.status import change_status
from loads.models import Load

_TIME_OVER = (
    "The federal registry did not answer in time, so the accepted offer was not booked and the load is no longer "
    "reserved."
)
_BLOCKED = (
    "The carrier cannot be booked at the moment: its federal record or our rules of trust do not allow it. The "
    "accepted offer was not booked; the carrier can read why and what mends it."
)
_CANNOT_COME = (
    "The carrier's truck cannot take this load as agreed: it was promised elsewhere meanwhile, or cannot be there in "
    "time. The accepted offer was not booked."
)


def settle_acceptance(*, claim_id: str) -> Claim:
    """Decide an acceptance on hold: booked when trust is there; released when a rule forbids it, the load, the truck or
    the right to accept is gone, or the time is over; otherwise left as it is. Safe to run twice.

    What is released lives on where its own time is not over. Raises `Busy`.
    """
    hold = _read(claim_id)
    offer = hold.offer
    assert offer is not None, "an acceptance on hold names its offer"
    if hold.status != ClaimStatus.PENDING:
        return hold
    thread, now = offer.thread, clock.now()
    judgement = judge_claim(carrier=hold.carrier, loads=[thread.load], truck=hold.truck, now=now)
    if judgement.blocks:
        block = judgement.blocks[0]
        told = why_not_sold(thread.load, thread.seller, now) if block.rule == "seller" else _BLOCKED
        return _release(hold, judgement, block.sentence, told)
    if _is_over(hold, now):
        return _release(hold, judgement, _TIME_OVER, _TIME_OVER)
    refusal = _why_no_more(hold, offer, thread, now)
    if refusal:
        return _release(hold, judgement, refusal, refusal)
    if judgement.holds:
        return hold
    try:
        return retried(lambda: _book(hold, judgement))
    except Busy:
        raise
    except TradeError as refused:
        return _release(hold, judgement, *_words(refused))


def claimant(claim: Claim, now: datetime) -> Actor:
    """Return who claimed or accepted, in whose name it is booked later, with what it may do at this moment."""
    return actor_now(
        organization=claim.made_by_organization,
        person=claim.made_by,
        key_id="" if claim.made_by else claim.made_by_label,
        now=now,
    )


def check_still_books(actor: Actor, *scopes: str) -> None:
    """Raise `Forbidden` unless who claimed or accepted still holds these scopes: it may have left since."""
    if not all(actor.may(scope) for scope in scopes):
        sentence = (
            f"Who decided this for {actor.organization} may not book for it any more. A colleague who may "
            "can decide anew."
        )
        raise Forbidden("may_not_book", sentence)


def _why_no_more(hold: Claim, offer: Offer, thread: Thread, now: datetime) -> str:
    """Return why there is nothing to wait for: who accepted may not any more, the load is gone or has changed, or the
    sides may not deal; "" otherwise.
    """
    try:
        _check(hold, offer, thread, thread.load, now)
    except TradeError as refusal:
        return f"{refusal.sentence} The accepted offer was not booked."
    return ""


def _check(hold: Claim, offer: Offer, thread: Thread, load: Load, now: datetime) -> None:
    side = other(side_of_offer(offer, thread))
    actor = claimant(hold, now)
    check_still_books(actor, "offers:write", "bookings:write")
    require_side(actor, thread, side, Decision.ACCEPTANCE, now)
    check_still_stands(thread, load, now)
    check_load_version(load, offer.load_version)


def _book(seen: Claim, judgement: Judgement) -> Claim:
    """Book the load on the accepted offer's terms, and close offer, thread and hold."""
    assert seen.offer is not None
    load = locked_load(seen.offer.thread.load_id)
    thread = fresh_thread(seen.offer.thread, load)
    offer, hold, now = offer_in(thread, seen.offer), _read(seen.public_id), clock.now()
    if hold.status != ClaimStatus.PENDING:
        return hold
    if offer.status != OfferStatus.HELD or _is_over(hold, now):
        raise Conflict("time_over", _TIME_OVER)
    _check(hold, offer, thread, load, now)
    take_pace(carrier=thread.taker, now=now, settling=load)
    actor = claimant(hold, now)
    booking = book_offer(actor, offer, thread, load, now, claim_id=hold.pk)
    agree(actor, offer, thread, clock.now())
    _close(hold, booking, judgement, now)
    return hold


def _close(hold: Claim, booking: Booking, judgement: Judgement, now: datetime) -> None:
    """Close a hold that was booked; the booking and the offer tell it."""
    rows = ClaimedLoad.objects.filter(claim=hold)
    rows.update(is_held=False, booking=booking, both_sides=booking.both_sides)
    change_status(
        hold,
        to=ClaimStatus.BOOKED,
        moves=CLAIM_MOVES,
        fact=lambda row: None,
        sentence=SETTLED,
        closed_at=now,
        checks=judgement.stored(),
    )


def _release(seen: Claim, judgement: Judgement, outcome: str, told: str) -> Claim:
    """Let the load go and the offer live on, or expire where its own time is over: a word to both sides either way."""

    def work() -> Claim:
        assert seen.offer is not None
        load = locked_load(seen.offer.thread.load_id)
        thread = held_thread(seen.offer.thread, load)
        offer, now = offer_in(thread, seen.offer), clock.now()
        if offer.status != OfferStatus.HELD:
            release_hold(offer, outcome=outcome, told=told, now=now, checks=judgement.stored())
            return _read(seen.public_id)
        lives_on = offer.expires_at > now
        ending = "The offer stands again as before." if lives_on else "The offer's own time is over meanwhile."
        release_hold(
            offer, outcome=_ended(outcome, ending), told=_ended(told, ending), now=now, checks=judgement.stored()
        )
        if lives_on:
            change_status(
                offer,
                to=OfferStatus.LIVE,
                moves=OFFER_MOVES,
                fact=lambda row: tell_released(row, now=now),
                sentence=SETTLED,
            )
        else:
            close_offer(offer, OfferStatus.EXPIRED, now=now)
        note_move(thread.pk, now)
        return _read(seen.public_id)

    try:
        return retried(work)
    except Busy:
        raise
    except Conflict:
        return _read(seen.public_id)


def _ended(why: str, ending: str) -> str:
    """Return why something was released and what becomes of the offer, in 300 characters."""
    room = 299 - len(ending)
    return f"{why if len(why) <= room else f'{why[: room - 1]}…'} {ending}"


def _words(refused: TradeError) -> tuple[str, str]:
    """Return why a booking was refused, to the carrier and to the seller, who reads nothing of its hours."""
    if refused.code == "pace":
        return refused.sentence, _BLOCKED
    is_of_load = refused.code in OF_THE_LOAD | {"time_over", "load_changed", "seller_changed", "cannot_deal"}
    return carriers_words(refused), refused.sentence if is_of_load else _CANNOT_COME


def _is_over(hold: Claim, now: datetime) -> bool:
    return hold.held_until is not None and hold.held_until <= now


def _read(claim_id: str) -> Claim:
    rows = Claim.objects.select_related(
        "carrier", "truck", "made_by", "made_by_organization", "offer__thread__seller", "offer__thread__taker",
        "offer__thread__load__organization", "offer__thread__load__seller",
    )  # fmt: skip
    return rows.get(public_id=claim_id)
