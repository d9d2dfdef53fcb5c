"""For whom an organization may speak when a booking is to change: for itself, or for one side that it acts for."""

from datetime import datetime

from brokers.models import Amendment, Booking
from brokers.papers.amending import sides_of
from brokers.papers.amendment_queries import may_act, waits_for
from foundation.accounts.actor import Actor
from foundation.accounts.models import Organization
from foundation.trade import clock
from foundation.trade.errors import Conflict, FieldProblem, Forbidden, Invalid


def proposing_side(actor: Actor, booking: Booking, subject: str) -> Organization:
    """Return the side for which the actor proposes a change. Raises `Forbidden`, and `Invalid` where there is none."""
    sides = sides_of(booking, subject)
    if not sides:
        sentence = "No broker stands between shipper and carrier here: propose a change of the carriage."
        raise Invalid([FieldProblem("subject", "not_here", sentence)])
    now = clock.now()
    own = [side for side in sides if side.pk == actor.organization.pk]
    acted = [side for side in sides if may_act(actor, side, subject, now)]
    if own:
        return own[0]
    if acted:
        _check_one_side(actor, booking, subject, now)
        return acted[0]
    if actor.organization.pk in (booking.shipper_id, booking.carrier_id):
        sentence = f"That is between {' and '.join(str(side) for side in sides)}. You may propose another change."
        raise Forbidden("not_your_side", "That is between others." if subject == "sale" else sentence)
    sentence = "Only the companies whose booking it is, or a broker that they let amend for them, can propose this."
    raise Forbidden("not_your_side", sentence)


def answering_sides(actor: Actor, row: Amendment) -> list[Organization]:
    """Return the sides for which the actor answers: its own alone where it is one, else the one that it acts for.

    Raises `Forbidden` for everybody else, `Conflict` where its side has said yes already.
    """
    now = clock.now()
    sides = [side for side in waits_for(row) if may_act(actor, side, row.subject, now)]
    own = [side for side in sides if side.pk == actor.organization.pk]
    if own:
        return own
    if sides:
        _check_one_side(actor, row.booking, row.subject, now)
        return sides[:1]
    if any(side.pk == actor.organization.pk for side in sides_of(row.booking, row.subject)):
        raise Conflict("accepted_already", "Your side has said yes already. It waits for the other side.")
    sentence = "Only the company whose side it is, or a broker that it lets amend bookings for it, can answer this."
    raise Forbidden("not_your_side", sentence)


def _check_one_side(actor: Actor, booking: Booking, subject: str, now: datetime) -> None:
    """Raise `Forbidden` for who acts for another where it decides for both ends: it would agree with itself."""
    sides = [side for side in sides_of(booking, subject) if may_act(actor, side, subject, now)]
    if len(sides) > 1:
        others = [str(side) for side in sides if side.pk != actor.organization.pk]
        sentence = f"You act for more than one side of this booking, so {' or '.join(others)} has to decide itself."
        raise Forbidden("both_sides", sentence)
