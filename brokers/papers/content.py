"""What a rate confirmation says: plain JSON made from the versions that both sides accepted, complete in itself."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings

from brokers.models import Agreement, Booking, Offer, RateConfirmation
from brokers.terms import BargainTerms, StopTime
from foundation.accounts.models import Organization
from foundation.rest.fields import attribute_names, instant
from foundation.trade.equipment import equipment_name
from foundation.trade.windows import local
from loads.models import Load, Stop

FORM = 2
"""The form of the content; the document of each form is drawn as it was when it was made.

1: as at first. 2: says who acts for both sides (`both_sides`), and, of a carriage, where the carrier is paid
(`pays_to`).
"""

_PREFIX = {Agreement.CARRIAGE: "RC", Agreement.SALE: "SC"}


def number_of(booking: Booking, agreement: str, revision: int) -> str:
    """Return a paper's number for people, such as RC-7C9E1-G3RTX-1; the sale's begins with SC."""
    tail = booking.public_id[-10:].upper()
    return f"{_PREFIX[Agreement(agreement)]}-{tail[:5]}-{tail[5:]}-{revision}"


def page_of(confirmation: RateConfirmation) -> str:
    """Return the address of a paper's page, which its QR code holds."""
    return f"{settings.BASE_URL}/rate-confirmations/{confirmation.public_id}/"


def digest_of(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a content, whatever the order of its fields."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def content_of(
    confirmation: RateConfirmation,
    *,
    load: Load,
    terms: BargainTerms,
    offer: Offer | None,
    pays_to: Mapping[str, str] | None,
) -> dict[str, Any]:
    """Return what a paper says of a booking at these terms, between its payer and its payee.

    The carrier's paper names no shipper where a broker sells, and neither paper holds the other's rate. `pays_to` is
    where the carrier is paid, for the carriage's paper alone. Expects the load's stops, and the booking's tour with
    truck and trailer.
    """
    booking = confirmation.booking
    return {
        "form": FORM,
        "id": confirmation.public_id,
        "number": confirmation.number,
        "revision": confirmation.revision,
        "agreement": confirmation.agreement,
        "page": page_of(confirmation),
        "made_at": instant(confirmation.made_at),
        "accepted": {
            "booking": booking.public_id,
            "booking_version": confirmation.booking_version,
            "booked_at": instant(booking.booked_at),
            "load": load.public_id,
            "load_version": confirmation.load_version,
            "offer": offer.public_id if offer else None,
            "offer_number": offer.number if offer else None,
        },
        "payer": _party(confirmation.payer),
        "payee": _party(confirmation.payee),
        "both_sides": booking.both_sides,
        "pays_to": pays_to,
        "hauled_by": _hauler(booking) if confirmation.agreement == Agreement.SALE else None,
        "equipment": _equipment(booking, load),
        "freight": _freight(load),
        "stops": [_stop(stop, {time.sequence: time for time in terms.stop_times}) for stop in load.stops.all()],
        "terms": _terms(terms),
        "references": {"reference": load.reference, "load": load.public_id, "booking": booking.public_id},
        "notes": load.notes,
        "instructions": load.instructions,
    }


def _terms(terms: BargainTerms) -> dict[str, Any]:
    """Return all but the times, which stand with the stops."""
    figures = {name: value for name, value in terms.columns().items() if name != "stop_times"}
    return {"rate_cents": terms.rate_cents} | figures


def _party(organization: Organization) -> dict[str, str]:
    return {
        "id": organization.public_id,
        "name": organization.name,
        "usdot_number": organization.usdot_number,
        "mc_number": organization.mc_number,
        "scac": organization.scac,
        "contact_name": organization.contact_name,
        "contact_phone": organization.contact_phone,
        "contact_email": organization.contact_email,
    }


def _hauler(booking: Booking) -> dict[str, str]:
    carrier = booking.carrier
    return {"name": carrier.name, "usdot_number": carrier.usdot_number, "mc_number": carrier.mc_number}


def _equipment(booking: Booking, load: Load) -> dict[str, Any]:
    trailer = booking.tour.trailer
    return {
        "code": load.equipment,
        "name": equipment_name(load.equipment),
        "size": load.size,
        "requirements": attribute_names(load.attributes),
        "truck": booking.tour.truck.number,
        "trailer": trailer.number if trailer else None,
    }


def _freight(load: Load) -> dict[str, Any]:
    return {
        "commodity": load.commodity,
        "weight_pounds": load.weight_pounds,
        "length_feet": load.length_feet,
        "pallets": load.pallets,
        "hazmat_class": load.hazmat_class,
        "temperature_min_f": load.temperature_min_f,
        "temperature_max_f": load.temperature_max_f,
        "loaded_miles": round(load.loaded_miles),
    }


def _stop(stop: Stop, agreed: Mapping[int, StopTime]) -> dict[str, Any]:
    time = agreed.get(stop.sequence)
    opens_at = time.opens_at if time else stop.opens_at
    closes_at = time.closes_at if time else stop.closes_at
    return {
        "sequence": stop.sequence,
        "kind": stop.kind,
        "facility": stop.facility,
        "address": stop.address,
        "city": stop.city,
        "state": stop.state,
        "zip": stop.zip,
        "time_zone": stop.time_zone,
        "opens_at": instant(opens_at),
        "closes_at": instant(closes_at),
        "opens_local": _wall(opens_at, stop.time_zone),
        "closes_local": _wall(closes_at, stop.time_zone),
        "by_appointment": time.by_appointment if time else stop.by_appointment,
        "service_minutes": stop.service_minutes,
        "instructions": stop.instructions,
    }


def _wall(moment: datetime, time_zone: str) -> str:
    """Return an instant as the stop's wall time: "Tue Nov 24, 2026, 08:00 CST"."""
    return f"{local(moment, time_zone):%a %b %-d, %Y, %H:%M %Z}"
