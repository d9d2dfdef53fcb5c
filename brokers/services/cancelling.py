"""Cancelling a booking: what is owed is recorded, load and leg go back to the market, the tour shrinks: all or none."""

from datetime import datetime

from django.db.models import QuerySet

from brokers.acting import acts_for, represents
from brokers.booking_queries import booking_for
from brokers.booking_visibility import SHIPPER, cancel_reason_for
from brokers.facts import tell_of_booking
from brokers.fallout import (
    every_reason_for,
    hanging_on,
    is_over,
    no_show_is_shown,
    owed,
    reasons_for,
    why_few_reasons,
    why_the_seller_owes,
)
from brokers.models import BOOKING_MOVES, Booking, BookingStatus, CancelReason, Tour
from brokers.retrying import retried
from brokers.services.boarding import settle_leg
from brokers.services.contending import contend, contend_with_shipper
from brokers.services.outbound import follow_home
from brokers.services.records import write_record
from brokers.services.tours import leave_tour
from carriers.models import Driver, ReturnLeg, Trailer, Truck
from foundation.accounts.actor import Actor
from foundation.accounts.models import Decision, Organization
from foundation.trade import clock
from foundation.trade.errors import Conflict, FieldProblem, Forbidden, Invalid
from foundation.trade.life_cycle import check_version
from foundation.trade.locks import locked
from foundation.trade.rules import Problems
from foundation.trade.status import change_status
from loads.queries import locked_load
from loads.services import reopen_load

LONGEST_NOTE = 500

_OVER = "This booking was cancelled already. Reload to see why, and what is owed."
_HAULED = "The last delivery window of this booking has closed: what is hauled is not cancelled any more."


def cancel_booking(*, actor: Actor, booking_id: str, version: int | None, reason: str, note: str = "") -> Booking:
    """Cancel a booking for the side that the actor stands on, with a reason, and return it with what is owed.

    What the clock shows is owed. What the reason would change in that side's favour is asked of the other one.
    `version` is the one that was looked at. Raises `NotFound`, `Forbidden` for a side that may not (a shipper whose
    load a broker sold asks the broker), `Stale`, `Conflict` when it was cancelled already or is over, `Invalid`.
    """
    actor.require("bookings:write")
    actor.require_confirmed_email()
    problems = Problems()
    problems.text("note", note, longest=LONGEST_NOTE, label="The note", many_lines=True)
    problems.settle()
    found = booking_for(actor.organization, booking_id, clock.now())
    return retried(lambda: _cancel(actor, found, version, reason, note))


def cancelling_side(actor: Actor, booking: Booking, now: datetime) -> Organization:
    """Return for which side an actor cancels: its own, or the one that it represents. Raises `Forbidden`."""
    for side in (booking.carrier, booking.seller):
        if side.pk == actor.organization.pk:
            return side
    acted = [side for side in (booking.carrier, booking.seller) if acts_for(actor, side, Decision.CANCELLATION, now)]
    if len(acted) > 1:
        # who cancels decides who owes: nobody chooses that for both
        sentence = f"You act for both sides of this booking, so {acted[0]} or {acted[1]} has to cancel it."
        raise Forbidden("both_sides", sentence)
    if acted:
        return acted[0]
    for side in (booking.carrier, booking.seller):
        if represents(actor.organization, side, now):
            sentence = f"{side} keeps cancelling bookings for itself. Ask its people to decide."
            raise Forbidden("decision_kept", sentence)
    sentence = f"{booking.seller} sold this load to the carrier: ask {booking.seller} to cancel."
    raise Forbidden("not_your_side", sentence)


def _cancel(actor: Actor, found: Booking, version: int | None, reason: str, note: str) -> Booking:
    load = locked_load(pk=found.load_id)
    legs = _hold(found)
    booking = locked(_whole(), [found.pk])[found.pk]
    booking.load = load
    now = clock.now()
    side = cancelling_side(actor, booking, now)
    if booking.status != BookingStatus.BOOKED:
        raise Conflict("status_moved_on", _OVER)
    check_version(booking, version)
    if is_over(booking, now):
        raise Conflict("booking_over", _HAULED)
    _check_reason(booking, side, reason, now)
    money, hanging = owed(booking, side, now), hanging_on(booking, side, now, reason)
    may_ask_shipper = side.pk == booking.seller_id and reason == CancelReason.LOAD_NOT_READY
    may_ask_shipper = may_ask_shipper and bool(why_the_seller_owes(booking, now))
    change_status(
        booking,
        to=BookingStatus.CANCELLED,
        moves=BOOKING_MOVES,
        fact=_nothing,
        sentence=_OVER,
        cancelled_at=now,
        cancelled_for=side,
        cancelled_by=actor.person,
        cancel_reason=reason,
        cancel_note=note.strip(),
        owed_by=money.by,
        owed_tonu_cents=money.tonu_cents,
        owed_deadhead_cents=money.deadhead_cents,
        owed_deadhead_miles=money.deadhead_miles,
    )
    reopen_load(load=load, actor=actor, now=now)
    tour = _tour(booking)
    leave_tour(tour=tour, booking=booking, actor=actor, now=now)
    if booking.opened_leg_id is not None:
        follow_home(leg=legs[booking.opened_leg_id], tour=tour, actor=actor, now=now)
    if booking.leg_id is not None:
        settle_leg(leg=legs[booking.leg_id], tour=tour, actor=actor, now=now)
    changes = {"reason": cancel_reason_for(booking, SHIPPER), "for": side.public_id}
    between = {"reason": reason, "owed_cents": money.cents}
    tell_of_booking("booking.cancelled", booking, actor, changes=changes, between=between)
    if hanging is not None:
        contend(booking=booking, by=side, hanging=hanging, actor=actor, now=now)
    if may_ask_shipper:
        contend_with_shipper(booking=booking, carriage=money, note=booking.cancel_note, actor=actor, now=now)
    write_record(booking=booking, now=now)
    return booking


def _hold(found: Booking) -> dict[int, ReturnLeg]:
    """Hold what the cancellation will change, in the house's order, and return the legs as they stand."""
    keys = [key for key in (found.leg_id, found.opened_leg_id) if key is not None]
    related = ReturnLeg.objects.select_related("organization", "truck", "driver", "trailer", "home_base", "trip")
    legs = locked(related, keys)
    tour = locked(Tour.objects.all(), [found.tour_id])[found.tour_id]
    locked(Truck.objects.all(), [tour.truck_id])
    if tour.driver_id is not None:
        locked(Driver.objects.all(), [tour.driver_id])
    if tour.trailer_id is not None:
        locked(Trailer.objects.all(), [tour.trailer_id])
    return legs


def _check_reason(booking: Booking, side: Organization, reason: str, now: datetime) -> None:
    allowed = reasons_for(booking, side, now)
    if reason in every_reason_for(booking, side) - allowed:
        raise Conflict("on_board", why_few_reasons(booking, side, now))
    if reason not in allowed:
        words = ", ".join(sorted(CancelReason(each).value for each in allowed))
        raise Invalid([FieldProblem("reason", "invalid_choice", f"Give one of these reasons: {words}.")])
    if reason == CancelReason.NO_SHOW and not no_show_is_shown(booking, now):
        sentence = "The pickup window has not closed yet, so the truck may still come. Give another reason, or wait."
        raise Invalid([FieldProblem("reason", "too_early", sentence)])


def _tour(booking: Booking) -> Tour:
    return Tour.objects.select_related("organization", "truck", "driver", "trailer", "leg").get(pk=booking.tour_id)


def _whole() -> QuerySet[Booking]:
    return Booking.objects.select_related("shipper", "seller", "carrier", "tour", "offer")


def _nothing(_: Booking) -> None:
    """Publish nothing yet: the fact comes once load, leg and tour stand as they will."""
