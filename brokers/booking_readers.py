"""As whom an organization reads a booking: as the party that it is, or for the side that lets it act.

A broker that may cancel for the carrier or the seller reads the booking as that side does, save for what is of no use
to act for it: the carrier's tour and the times that follow from its driver's hours, and what a broker that sells earns.
"""

from datetime import datetime

from brokers.acting import kept_by
from brokers.booking_queries import booking_for
from brokers.booking_visibility import agents_payload, booking_payload, reads_terms, role_of
from brokers.models import Booking
from brokers.papers.record_queries import open_margin_cents
from brokers.paying import pays_to_payload
from foundation.accounts.models import Decision, Organization
from foundation.accounts.queries import represented_by
from foundation.rest.fields import money
from foundation.trade.errors import NotFound


def booking_read_by(viewer: Organization, public_id: str, now: datetime) -> tuple[Booking, Organization]:
    """Return a booking and as whom the viewer reads it: itself, or the side that it acts for; raises `NotFound`."""
    booking = booking_for(viewer, public_id, now)
    side = side_read_by(viewer, booking, now)
    if side is None:
        raise NotFound("There is no such booking here.")
    return booking, side


def side_read_by(viewer: Organization, booking: Booking, now: datetime) -> Organization | None:
    """Return the viewer where it is a party, else the side for which it may cancel; None where there is none."""
    if viewer.pk in (booking.carrier_id, booking.seller_id, booking.shipper_id):
        return viewer
    sides = {side.pk: side for side in (booking.carrier, booking.seller)}
    represented = set(represented_by(viewer, now).filter(pk__in=sides).order_by().values_list("pk", flat=True))
    acting = (side for side in sides.values() if side.pk in represented)
    return next((side for side in acting if Decision.CANCELLATION not in kept_by(side, viewer, now)), None)


def payload_read_by(viewer: Organization, booking: Booking, now: datetime) -> dict[str, object]:
    """Return a booking as the viewer reads it; raises `NotFound` where it is neither party nor acting for one."""
    side = side_read_by(viewer, booking, now)
    if side is None:
        raise NotFound("There is no such booking here.")
    if side.pk != viewer.pk:
        return agents_payload(booking, side)
    found = booking_payload(booking, viewer)
    if (margin_cents := open_margin_cents(viewer, booking)) is not None:
        found["margin"] = money(margin_cents)
    if reads_terms(booking, role_of(booking, viewer)):
        found["pays_to"] = pays_to_payload(booking, now)
    return found
