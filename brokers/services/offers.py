"""Offers: accepted (`brokers.services.acceptance`), countered, declined, withdrawn, expired, superseded."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from brokers.acting import other, require_side, side_of_offer, sides_of
from brokers.bargain_rules import DEFAULT_MINUTES, Windows, judge
from brokers.models import Offer, OfferStatus, Thread, ThreadOutcome, ThreadStatus
from brokers.models.threads import STANDING
from brokers.outcomes import standing_sentence, status_at
from brokers.retrying import retried
from brokers.services.acceptance import accept_offer
from brokers.services.releasing import release_hold
from brokers.services.table import (
    check_live,
    check_load_version,
    check_not_held,
    check_open,
    check_still_stands,
    close_offer,
    close_thread,
    held_thread,
    locked_load,
    note_move,
    offer_in,
    own_side,
    put_on_table,
)
from brokers.terms import BargainTerms
from brokers.thread_queries import live_offer, offer_of, thread_of
from foundation.accounts.actor import Actor
from foundation.accounts.models import Decision
from foundation.events.reactions import Settle
from foundation.trade import clock
from foundation.trade.errors import Conflict
from foundation.trade.locks import locked
from foundation.trade.money import dollars
from foundation.trade.rules import Problems
from foundation.trade.windows import instant_words
from loads.models import Load

__all__ = [
    "accept_offer",
    "counter_offer",
    "decline_offer",
    "expire_due_offers",
    "supersede_offers",
    "withdraw_offer",
]

BATCH = 200
LONGEST_REASON = 200

_CHANGED_MEANWHILE = (
    "This was accepted, and while the carrier was checked the load was changed. Nothing was booked: agree on the load "
    "as it is now."
)


def counter_offer(
    *,
    actor: Actor,
    thread_id: str,
    terms: BargainTerms,
    on_number: int,
    load_version: int,
    expires_in_minutes: int = DEFAULT_MINUTES,
    confirmed: bool = False,
) -> Offer:
    """Answer the last offer of a thread with another one, or make one anew where none stands.

    `on_number` and `load_version` name what was looked at. Raises `Forbidden`, `NotFound`, `Invalid` for terms,
    `Conflict` for a stale tab, for an own offer that still stands, after ten counter-offers, and once it is over.
    """
    actor.require("offers:write")
    actor.require_confirmed_email()

    def work() -> Offer:
        seen = thread_of(actor.organization, thread_id)
        load = locked_load(seen.load_id)
        thread = held_thread(seen, load)
        now = clock.now()
        last = list(thread.offers.all())[-1]
        live = live_offer(thread)
        stands = live is not None and status_at(live, now) == OfferStatus.LIVE
        side = own_side(actor, thread, now, answering=live if stands else None)
        require_side(actor, thread, side, Decision.OFFERS, now)
        check_open(thread, side)
        check_not_held(thread)
        check_still_stands(thread, load, now)
        zone = actor.organization.time_zone
        if last.number != on_number:
            raise Conflict(
                "moved_on",
                f"You answered offer {on_number}, but offer {last.number} of {dollars(last.rate_cents)} by "
                f"{last.made_for} has come since. {standing_sentence(live, now, zone)}",
            )
        check_load_version(load, load_version)
        if stands and live is not None and side_of_offer(live, thread) is side:
            until = instant_words(live.expires_at, zone)
            raise Conflict(
                "own_offer_stands",
                f"Your offer {live.number} of {dollars(live.rate_cents)} stands until {until}. Withdraw it first, or "
                "wait for the answer.",
            )
        whole = judge(
            terms,
            load,
            viewer=actor.organization,
            now=now,
            expires_in_minutes=expires_in_minutes,
            confirmed=confirmed,
            windows=Windows.POSTED if thread.kind == Thread.Kind.TENDER else Windows.WITHIN,
        )
        if live is not None:
            if stands:
                close_offer(live, OfferStatus.COUNTERED, now=now, actor=actor)
            else:
                close_offer(live, OfferStatus.EXPIRED, now=now)
        return put_on_table(
            thread, actor=actor, side=side, terms=whole, load=load, now=now, expires_in_minutes=expires_in_minutes
        )

    return retried(work)


def decline_offer(*, actor: Actor, offer_id: str, reason: str = "") -> Offer:
    """Say no to the other side's live offer; that ends the thread. `reason` is for the other side to read.

    Raises `Forbidden`, `NotFound`, `Invalid` for a reason that is too long, `Conflict` for an own offer or one that is
    not live any more.
    """
    actor.require("offers:write")
    words = _cleaned(reason)

    def work() -> Offer:
        offer, thread, now = _held(actor, offer_id)
        side = other(side_of_offer(offer, thread))
        if side not in sides_of(actor, thread, now):
            raise Conflict("own_offer", "This is your own offer: withdraw it instead.")
        require_side(actor, thread, side, Decision.ACCEPTANCE, now)
        check_live(offer, thread, now, actor.organization.time_zone)
        close_offer(offer, OfferStatus.DECLINED, now=now, actor=actor, reason=words)
        close_thread(thread, ThreadStatus.DECLINED, ThreadOutcome.DECLINED, now=now, actor=actor)
        return offer_of(actor.organization, offer_id, now)

    return retried(work)


def withdraw_offer(*, actor: Actor, offer_id: str) -> Offer:
    """Take an own live offer back; the thread stays open for another one.

    Raises `Forbidden`, `NotFound`, `Conflict` for the other side's offer or one that is not live any more.
    """
    actor.require("offers:write")

    def work() -> Offer:
        offer, thread, now = _held(actor, offer_id)
        side = side_of_offer(offer, thread)
        if side not in sides_of(actor, thread, now):
            raise Conflict("not_your_offer", "This is the other side's offer: decline it, counter it or accept it.")
        require_side(actor, thread, side, Decision.OFFERS, now)
        check_live(offer, thread, now, actor.organization.time_zone)
        close_offer(offer, OfferStatus.WITHDRAWN, now=now, actor=actor)
        note_move(thread.pk, now)
        return offer_of(actor.organization, offer_id, now)

    return retried(work)


def expire_due_offers() -> int:
    """Close the live offers whose time is over by the database's clock; return how many. The threads stay open."""
    count = 0
    now = clock.now()
    due = Offer.objects.filter(status=OfferStatus.LIVE, expires_at__lte=now).order_by("expires_at", "pk")
    for key in list(due.values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            rows = Offer.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
            offer = rows.filter(pk=key, status=OfferStatus.LIVE).select_related("thread").first()
            if offer is not None:
                close_offer(offer, OfferStatus.EXPIRED, now=clock.now())
                count += 1
    return count


def supersede_offers(*, subjects: Sequence[str], settle: Settle) -> int:
    """Close the live offers that were made on an older version of these loads; return how many.

    The threads stay open: their next offer begins from the last one's terms (`offer_visibility.next_terms`).
    """
    count = 0
    for subject in subjects:
        with transaction.atomic():
            key = Load.objects.filter(public_id=subject).values_list("pk", flat=True).first()
            if key is not None:
                load = locked_load(key)
                locked(Thread.objects.filter(load=load, status=ThreadStatus.OPEN))
                now = clock.now()
                old = Offer.objects.filter(status__in=STANDING, thread__load=load, load_version__lt=load.version)
                for offer in locked(old.select_related("thread")).values():
                    held = offer.status == OfferStatus.HELD
                    over = OfferStatus.EXPIRED if offer.expires_at <= now and not held else OfferStatus.SUPERSEDED
                    if held:
                        release_hold(offer, outcome=_CHANGED_MEANWHILE, told=_CHANGED_MEANWHILE, now=now)
                    close_offer(offer, over, now=now)
                    note_move(offer.thread_id, now)
                    count += 1
            settle(subject)
    return count


def _held(actor: Actor, offer_id: str) -> tuple[Offer, Thread, datetime]:
    """Return an offer and its thread as they stand once load and thread are locked, and the time then."""
    seen = offer_of(actor.organization, offer_id)
    thread = held_thread(seen.thread, locked_load(seen.thread.load_id))
    return offer_in(thread, seen), thread, clock.now()


def _cleaned(reason: str) -> str:
    """Return a reason in one line. Raises `Invalid`."""
    words = " ".join(reason.split())
    problems = Problems()
    problems.text("reason", words, longest=LONGEST_REASON, label="The reason")
    problems.settle()
    return words
