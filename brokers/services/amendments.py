"""Amendments: proposed by a side, accepted, declined, withdrawn, lapsed; `services.amending` makes the change."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max

from brokers.bargain_rules import ask_for_confirmation
from brokers.booking_queries import booking_for
from brokers.booking_visibility import SHIPPER, version_for
from brokers.models import (
    AMENDMENT_MOVES,
    Amendment,
    AmendmentAcceptance,
    AmendmentStatus,
    Booking,
    BookingStatus,
)
from brokers.papers.amending import columns_of, judged, stored_before, terms_of_change
from brokers.papers.amendment_facts import tell_of_amendment
from brokers.papers.amendment_queries import amendment_of, amendments_of, due_amendments, may_act, waits_for
from brokers.papers.amendment_sides import answering_sides, proposing_side
from brokers.retrying import retried
from brokers.services.amending import check_tour, settle_amendment
from brokers.terms import BargainTerms, StopTime
from foundation.accounts.actor import Actor
from foundation.accounts.models import Organization
from foundation.events.reactions import Settle
from foundation.events.services import SYSTEM
from foundation.trade import clock
from foundation.trade.constraints import refusing
from foundation.trade.errors import Conflict, FieldProblem, Forbidden, Invalid
from foundation.trade.life_cycle import check_version
from foundation.trade.rules import Problems
from foundation.trade.status import change_status
from loads.queries import locked_load

DEFAULT_MINUTES = 24 * 60
LONGEST_REASON = 500
MOST_AMENDMENTS = 50

_OPEN_ALREADY = "An amendment of this is open already. Answer it, or withdraw it, before you propose another."
_MOVED_ON = "This amendment was answered, withdrawn or has lapsed. Reload to see where it stands."


def propose_amendment(
    *,
    actor: Actor,
    booking_id: str,
    subject: str,
    terms: BargainTerms | None = None,
    stop_times: tuple[StopTime, ...] = (),
    load_changes: Mapping[str, Any] | None = None,
    reason: str = "",
    booking_version: int | None = None,
    expires_in_minutes: int = DEFAULT_MINUTES,
    confirmed: bool = False,
) -> Amendment:
    """Propose a change of a booking for the actor's side: which says yes to it by that. Where it alone is concerned,
    the change is made at once.

    `terms` are the whole terms as they would be, `load_changes` fields of the load, `stop_times` times for every stop.
    Raises `NotFound`, `Forbidden`, `Stale` for another version of the booking, `Conflict` when the booking fell through
    or an amendment of this subject is open, or when the truck cannot do it (to its carrier), `Invalid`.
    """
    actor.require("bookings:write")
    actor.require_confirmed_email()
    if subject not in Amendment.Subject.values:
        words = ", ".join(Amendment.Subject.values)
        raise Invalid([FieldProblem("subject", "invalid_choice", f"Say what is to change: {words}.")])
    found = booking_for(actor.organization, booking_id, clock.now())
    side = proposing_side(actor, found, subject)
    problems = Problems()
    problems.text("reason", reason, longest=LONGEST_REASON, label="The reason", many_lines=True)
    problems.settle()

    def work() -> Amendment:
        load = locked_load(pk=found.load_id)
        booking = _locked(found)
        now = clock.now()
        _check_live(booking)
        check_version(booking, booking_version, stored=_counted(actor, booking))
        after, changed = judged(
            booking=booking,
            subject=subject,
            load=load,
            terms=terms,
            stop_times=stop_times,
            load_changes=load_changes or {},
            viewer=actor.organization,
            now=now,
            expires_in_minutes=expires_in_minutes,
            confirmed=confirmed,
        )
        taken = {"one_open_amendment_per_booking": Conflict("one_open_amendment_per_booking", _OPEN_ALREADY)}
        with refusing(taken):
            row = Amendment.objects.create(
                booking=booking,
                subject=subject,
                number=_next_number(booking, subject),
                before=stored_before(booking, subject, load),
                load_changes=changed,
                reason=reason.strip(),
                proposed_for=side,
                proposed_by_organization=actor.organization,
                proposed_by=actor.person,
                proposed_at=now,
                expires_at=now + timedelta(minutes=expires_in_minutes),
                **columns_of(subject, after),
            )
        if side.pk == booking.carrier_id:
            check_tour(amendment=row, actor=actor, now=now)
        _say_yes(row, side, actor)
        tell_of_amendment("amendment.made", row, actor)
        if not waits_for(amendment_of(side, row.public_id)):
            settle_amendment(amendment=row, booking=booking, load=load, actor=actor, now=now)
        return row

    row = retried(work)
    return amendment_of(actor.organization, row.public_id)


def accept_amendment(
    *, actor: Actor, amendment_id: str, version: int | None = None, confirmed: bool = False
) -> Amendment:
    """Say yes to an amendment for the actor's side, or one that it acts for; with the last yes the change is made.

    Load, booking, tour and papers change in one transaction, or nothing does. Raises `NotFound`, `Forbidden`, `Stale`,
    `Invalid` where a new rate asks to be `confirmed`, `Conflict` when it is not open any more, when what it was
    proposed on has moved on, or when the truck cannot do it: with the engine's sentence for the carrier.
    """
    actor.require("bookings:write")
    actor.require_confirmed_email()
    found = amendment_of(actor.organization, amendment_id)
    if not confirmed:
        _ask_about_rate(actor, found, version)

    def work() -> Amendment:
        load = locked_load(pk=found.booking.load_id)
        booking = _locked(found.booking)
        row = _open(actor, found, version)
        now = clock.now()
        _check_live(booking)
        if row.expires_at <= now:
            raise Conflict("expired", "This amendment has lapsed: its time is over. Propose it anew.")
        for side in answering_sides(actor, row):
            _say_yes(row, side, actor)
        row = amendment_of(actor.organization, row.public_id)
        if waits_for(row):
            tell_of_amendment("amendment.made", row, actor)
        else:
            settle_amendment(amendment=row, booking=booking, load=load, actor=actor, now=now)
        return row

    retried(work)
    return amendment_of(actor.organization, amendment_id)


def decline_amendment(*, actor: Actor, amendment_id: str, reason: str = "") -> Amendment:
    """Say no to an amendment, which closes it. Raises `NotFound`, `Forbidden`, `Conflict`, `Invalid`."""
    return _close(actor, amendment_id, AmendmentStatus.DECLINED, reason)


def withdraw_amendment(*, actor: Actor, amendment_id: str, reason: str = "") -> Amendment:
    """Take back what the actor's side proposed. Raises `NotFound`, `Forbidden`, `Conflict`, `Invalid`."""
    return _close(actor, amendment_id, AmendmentStatus.WITHDRAWN, reason)


def lapse_due_amendments() -> int:
    """Close the open amendments whose time is over or whose booking fell through; return how many."""
    closed = 0
    for row in due_amendments(clock.now()).select_related("booking"):
        why = "Its time was over." if row.booking.status == BookingStatus.BOOKED else "The booking fell through."
        with transaction.atomic():
            closed += _lapse(row, why)
    return closed


def lapse_of_bookings(*, subjects: list[str], settle: Settle) -> None:
    """Close the open amendments of bookings that fell through."""
    for subject in subjects:
        with transaction.atomic():
            for row in due_amendments(clock.now()).filter(booking__public_id=subject):
                _lapse(row, "The booking fell through.")
            settle(subject)


def _lapse(row: Amendment, why: str) -> int:
    now = clock.now()
    try:
        _change(row, AmendmentStatus.LAPSED, SYSTEM, closed_at=now, close_reason=why)
    except Conflict:
        return 0
    return 1


def _change(row: Amendment, to: str, actor: Actor | str, **columns: Any) -> None:
    change_status(
        row,
        to=to,
        moves=AMENDMENT_MOVES,
        fact=lambda each: tell_of_amendment("amendment.closed", each, actor),
        sentence=_MOVED_ON,
        **columns,
    )


def _close(actor: Actor, amendment_id: str, to: AmendmentStatus, reason: str) -> Amendment:
    actor.require("bookings:write")
    problems = Problems()
    problems.text("reason", reason, longest=300, label="The reason", many_lines=True)
    problems.settle()
    found = amendment_of(actor.organization, amendment_id)
    with transaction.atomic():
        row = _open(actor, found, None)
        now = clock.now()
        if to == AmendmentStatus.WITHDRAWN:
            side = row.proposed_for
            if not may_act(actor, side, row.subject, now):
                raise Forbidden("not_your_side", f"{side} proposed this: decline it instead.")
        else:
            side = answering_sides(actor, row)[0]
        _change(
            row,
            to,
            actor,
            closed_at=now,
            closed_for=side,
            closed_by_organization=actor.organization,
            close_reason=reason.strip(),
        )
    return amendment_of(actor.organization, amendment_id)


def _open(actor: Actor, found: Amendment, version: int | None) -> Amendment:
    """Hold an amendment and return it as it stands. Raises `Conflict` when it is not open, `Stale`."""
    Amendment.objects.select_for_update(no_key=True).get(pk=found.pk)
    row = amendments_of(actor.organization).get(pk=found.pk)
    if row.status != AmendmentStatus.OPEN:
        raise Conflict("status_moved_on", _MOVED_ON)
    check_version(row, version)
    return row


def _locked(found: Booking) -> Booking:
    rows = Booking.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("shipper", "seller", "carrier", "tour", "offer").get(pk=found.pk)


def _counted(actor: Actor, booking: Booking) -> int:
    """Return the booking's version as the actor reads it."""
    is_shipper = actor.organization.pk == booking.shipper_id
    return version_for(booking, SHIPPER) if is_shipper else booking.version


def _check_live(booking: Booking) -> None:
    if booking.status != BookingStatus.BOOKED:
        raise Conflict("booking_over", "This booking fell through, so there is nothing left to change.")


def _ask_about_rate(actor: Actor, seen: Amendment, version: int | None) -> None:
    """Raise `Invalid` where an amendment that may be accepted as it was seen brings a rate that nobody would expect.

    What refuses it otherwise is said under the locks.
    """
    now = clock.now()
    stands = seen.status == AmendmentStatus.OPEN and seen.expires_at > now and version in (None, seen.version)
    if not stands or seen.booking.status != BookingStatus.BOOKED:
        return
    answering_sides(actor, seen)
    before, after = terms_of_change(seen)
    if after.rate_cents != before.rate_cents:
        ask_for_confirmation(after, seen.booking.load, viewer=actor.organization, now=now)


def _say_yes(row: Amendment, side: Organization, actor: Actor) -> None:
    said = Conflict("accepted_already", "Your side has said yes already. It waits for the other side.")
    with refusing({"one_acceptance_per_side": said}):
        AmendmentAcceptance.objects.create(
            amendment=row,
            organization=side,
            accepted_by_organization=actor.organization,
            accepted_by=actor.label,
            accepted_at=clock.now(),
        )


def _next_number(booking: Booking, subject: str) -> int:
    rows = Amendment.objects.filter(booking=booking, subject=subject)
    last = rows.aggregate(last=Max("number"))["last"] or 0
    if last >= MOST_AMENDMENTS:
        raise Conflict("too_many", f"A booking has at most {MOST_AMENDMENTS} amendments. Cancel it and agree anew.")
    return int(last) + 1
