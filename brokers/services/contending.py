"""Contentions: money of a cancellation that hangs on one side's word is asked of the other: agreed, disputed, or
withdrawn by who said it.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F

from brokers.contentions.facts import tell_of_contention
from brokers.contentions.queries import (
    contention_of,
    due_contentions,
    may_answer,
    may_withdraw,
    stands_on_both,
    waits,
)
from brokers.fallout import Owed, hanging_on_the_sale
from brokers.models import (
    CONTENTION_MOVES,
    Agreement,
    Booking,
    CancelReason,
    Contention,
    ContentionStatus,
)
from brokers.papers.sale import sale_terms
from brokers.retrying import retried
from brokers.services.records import write_record
from foundation.accounts.actor import Actor
from foundation.accounts.models import Organization
from foundation.events.services import HasLabel
from foundation.trade import clock
from foundation.trade.errors import Conflict, FieldProblem, Forbidden, Invalid
from foundation.trade.life_cycle import check_version
from foundation.trade.rules import Problems
from foundation.trade.status import change_status

SYSTEM = "system"
ANSWER_WITHIN = timedelta(hours=72)
"""So long the other side may agree or dispute; then it stays "not answered", which grants nothing."""

LONGEST_ANSWER = 500
"""Characters of an answer, and of why it was withdrawn."""

_ANSWERED = "This was answered already. Reload to see what the answer was."
_OVER = "The time to answer this is over, so it stays not answered: nothing is left to withdraw."
_TOO_LATE = "The time to answer this is over, so it stays not answered. Settle it between you."


def contend(*, booking: Booking, by: Organization, hanging: Owed, actor: HasLabel | str, now: datetime) -> Contention:
    """Ask the other side of the carriage about what hangs on the word of who cancelled, in the same transaction."""
    asked = booking.seller if by.pk == booking.carrier_id else booking.carrier
    return _ask(booking, Agreement.CARRIAGE, by, asked, booking.cancel_note, hanging, actor, now)


def contend_with_shipper(
    *, booking: Booking, carriage: Owed, note: str, actor: HasLabel | str, now: datetime
) -> Contention | None:
    """Ask the shipper whose load a broker sold for the TONU of the sale, since the load was not ready.

    Nothing is asked where no broker sold it, or where the sale's terms come to nothing. `carriage` has the empty miles.
    """
    if booking.seller_id == booking.shipper_id:
        return None
    hanging = hanging_on_the_sale(booking, sale_terms(booking).tonu_cents, carriage)
    if hanging is None:
        return None
    return _ask(booking, Agreement.SALE, booking.seller, booking.shipper, note, hanging, actor, now)


def answer_contention(
    *, actor: Actor, contention_id: str, version: int | None, agrees: bool, answer: str = ""
) -> Contention:
    """Agree to what the other side says, which changes what is owed, or dispute it with a reason; once and for all.

    Raises `NotFound`, `Forbidden` for who is not asked, `Stale`, `Conflict` once it was answered or its time is over,
    `Invalid` for a dispute without a reason.
    """
    actor.require("bookings:write")
    actor.require_confirmed_email()
    found = contention_of(actor.organization, contention_id, clock.now())
    _check_asked(actor, found)
    problems = Problems()
    problems.text("answer", answer, longest=LONGEST_ANSWER, label="Your answer", many_lines=True)
    problems.settle()
    if not agrees and not answer.strip():
        raise Invalid([FieldProblem("answer", "required", "Say why you dispute it: both sentences are kept.")])
    retried(lambda: _answer(actor, found, version, agrees=agrees, answer=answer.strip()))
    return contention_of(actor.organization, contention_id, clock.now())


def _answer(actor: Actor, found: Contention, version: int | None, *, agrees: bool, answer: str) -> None:
    booking, row, now = _held(actor, found)
    _check_asked(actor, row)
    if row.status == ContentionStatus.WITHDRAWN:
        raise Conflict("status_moved_on", f"{row.claimant} withdrew this, so there is nothing left to answer.")
    if row.status != ContentionStatus.OPEN:
        raise Conflict("status_moved_on", _ANSWERED if row.answered_by_organization_id else _TOO_LATE)
    if not waits(row, now):
        raise Conflict("too_late", _TOO_LATE)
    check_version(row, version)
    of_carriage = agrees and row.agreement == Agreement.CARRIAGE
    if of_carriage:
        _owe_as_agreed(row, booking)
    _close(
        row,
        ContentionStatus.AGREED if agrees else ContentionStatus.DISPUTED,
        actor,
        now,
        answered_by_organization=actor.organization,
        answered_by=actor.person,
        answer=answer,
    )
    if of_carriage and not row.relieves:
        # what a broker owes its carrier for a load that was not ready it may ask of the shipper, by their own terms
        carriage = Owed(deadhead_cents=row.deadhead_cents, deadhead_miles=row.deadhead_miles)
        # without a word of what carrier and broker wrote to each other
        contend_with_shipper(booking=row.booking, carriage=carriage, note="", actor=actor, now=now)
    write_record(booking=row.booking, now=now)


def withdraw_contention(*, actor: Actor, contention_id: str, version: int | None, reason: str = "") -> Contention:
    """Withdraw what the own side says, while the other side has not answered: what is owed stays as the clock shows it,
    and the same is never said again of this booking.

    Raises `NotFound`, `Forbidden` for who does not decide for the side that says it, `Stale`, `Conflict` once it was
    answered or withdrawn, or its time is over, `Invalid` for a reason that is too long.
    """
    actor.require("bookings:write")
    actor.require_confirmed_email()
    found = contention_of(actor.organization, contention_id, clock.now())
    _check_claimant(actor, found)
    problems = Problems()
    problems.text("reason", reason, longest=LONGEST_ANSWER, label="Your reason", many_lines=True)
    problems.settle()
    retried(lambda: _withdraw(actor, found, version, reason.strip()))
    return contention_of(actor.organization, contention_id, clock.now())


def _withdraw(actor: Actor, found: Contention, version: int | None, reason: str) -> None:
    _, row, now = _held(actor, found)
    _check_claimant(actor, row)
    if row.status != ContentionStatus.OPEN:
        raise Conflict("status_moved_on", _why_it_stands(row))
    if not waits(row, now):
        raise Conflict("too_late", _OVER)
    check_version(row, version)
    change_status(
        row,
        to=ContentionStatus.WITHDRAWN,
        moves=CONTENTION_MOVES,
        fact=lambda each: tell_of_contention("contention.withdrawn", each, actor),
        sentence=_ANSWERED,
        closed_at=now,
        withdrawn_by_organization=actor.organization,
        withdrawn_by=actor.person,
        withdrawn_because=reason,
    )
    write_record(booking=row.booking, now=now)


def _why_it_stands(row: Contention) -> str:
    """Return why what has ended is not withdrawn any more."""
    match row.status:
        case ContentionStatus.AGREED:
            return f"{row.asked} has agreed already, so it stands and cannot be withdrawn."
        case ContentionStatus.DISPUTED:
            return f"{row.asked} has disputed it already: both sentences stand, and nothing is left to withdraw."
        case ContentionStatus.WITHDRAWN:
            return "This was withdrawn already. Nothing more is needed."
        case _:
            return _OVER


def close_unanswered() -> int:
    """Close the open contentions whose time is over as not answered, which grants nothing; return how many."""
    closed = 0
    for row in due_contentions(clock.now()):
        with transaction.atomic():
            booking = _locked(row)
            now = clock.now()
            try:
                _close(row, ContentionStatus.UNANSWERED, SYSTEM, now)
            except Conflict:
                continue
            write_record(booking=booking, now=now)
            closed += 1
    return closed


def _ask(
    booking: Booking,
    agreement: Agreement,
    claimant: Organization,
    asked: Organization,
    note: str,
    hanging: Owed,
    actor: HasLabel | str,
    now: datetime,
) -> Contention:
    row = Contention.objects.create(
        booking=booking,
        agreement=agreement,
        claimant=claimant,
        asked=asked,
        reason=CancelReason.LOAD_NOT_READY if agreement == Agreement.SALE else booking.cancel_reason,
        note=note,
        tonu_cents=hanging.tonu_cents,
        deadhead_cents=hanging.deadhead_cents,
        deadhead_miles=hanging.deadhead_miles,
        made_at=now,
        answer_by=now + ANSWER_WITHIN,
    )
    tell_of_contention("contention.made", row, actor)
    return row


def _held(actor: Actor, found: Contention) -> tuple[Booking, Contention, datetime]:
    """Hold a booking and its contention, and return both as they stand, with the time that is read then."""
    booking = _locked(found)
    Contention.objects.select_for_update(no_key=True).get(pk=found.pk)
    now = clock.now()
    return booking, contention_of(actor.organization, found.public_id, now), now


def _locked(row: Contention) -> Booking:
    rows = Booking.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("shipper", "seller", "carrier", "offer").get(pk=row.booking_id)


def _owe_as_agreed(row: Contention, booking: Booking) -> None:
    """Write into a locked booking what is owed now: all that was claimed, or, of a truck that did not come, nothing."""
    money = (
        Owed()
        if row.relieves
        else Owed(
            by=booking.seller,
            tonu_cents=row.tonu_cents,
            deadhead_cents=row.deadhead_cents,
            deadhead_miles=row.deadhead_miles,
        )
    )
    Booking.objects.filter(pk=booking.pk).update(
        owed_by=money.by,
        owed_tonu_cents=money.tonu_cents,
        owed_deadhead_cents=money.deadhead_cents,
        owed_deadhead_miles=money.deadhead_miles,
        version=F("version") + 1,
    )
    row.booking.refresh_from_db()


def _close(row: Contention, to: ContentionStatus, actor: HasLabel | str, now: datetime, **columns: Any) -> None:
    change_status(
        row,
        to=to,
        moves=CONTENTION_MOVES,
        fact=lambda each: tell_of_contention("contention.closed", each, actor),
        sentence=_ANSWERED,
        closed_at=now,
        **columns,
    )


def _check_asked(actor: Actor, row: Contention) -> None:
    """Raise `Forbidden` for who reads the contention and is not the one to answer it."""
    now = clock.now()
    if may_answer(actor, row, now):
        return
    if actor.organization.pk == row.claimant_id:
        raise Forbidden("not_your_side", f"Your side says this, so {row.asked} answers it.")
    if stands_on_both(actor, row, now):
        raise Forbidden("both_sides", f"You act for both sides of this booking, so {row.asked} has to answer itself.")
    raise Forbidden("not_your_side", f"This is asked of {row.asked}, whose people answer it.")


def _check_claimant(actor: Actor, row: Contention) -> None:
    """Raise `Forbidden` for who reads the contention and does not decide for the side that says it."""
    now = clock.now()
    if may_withdraw(actor, row, now):
        return
    if actor.organization.pk == row.asked_id:
        raise Forbidden("not_your_side", f"{row.claimant} says this, so it alone can withdraw it. Agree or dispute it.")
    if stands_on_both(actor, row, now):
        sentence = f"You act for both sides of this booking, so {row.claimant} has to withdraw it itself."
        raise Forbidden("both_sides", sentence)
    raise Forbidden("not_your_side", f"{row.claimant} says this, so its people withdraw it.")
