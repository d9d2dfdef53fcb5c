"""Who reads what of claims, bookings and tours.

A booking's parties are its carrier, its seller and its shipper; the seller may be the shipper. The parties read one
another's contact, street addresses, references, instructions, and the driver's name and phone. With a broker between,
the carrier reads the carrier's rate only, the shipper its own only, and neither the other's terms. The planned times
follow from the driver's hours: they are the carrier's. A tour is its carrier's; drivers read it without money.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from brokers.contentions.visibility import contention_payload, contentions_read_by
from brokers.models import (
    Agreement,
    Amendment,
    AmendmentStatus,
    Booking,
    BookingStatus,
    CancelReason,
    Claim,
    ClaimStatus,
    ContentionStatus,
    Tour,
    TourStop,
)
from brokers.terms import StopTime, terms_of
from foundation.accounts.models import Organization
from foundation.rest.fields import instant, money, named, numbered
from foundation.trade.windows import wall_text
from loads.models import Load, Stop

CARRIER, SHIPPER, BROKER = "carrier", "shipper", "broker"

_NOT_AN_AGENTS = ("tour", "truck", "opened_leg", "shipper_rate")
_STOP_PLACE = ("kind", "city", "state", "zip", "time_zone", "facility", "address")


def role_of(booking: Booking, viewer: Organization) -> str:
    """Return what a party is in a booking: its carrier, its shipper, or the broker that sold the load."""
    if viewer.pk == booking.carrier_id:
        return CARRIER
    if viewer.pk == booking.shipper_id:
        return SHIPPER
    if viewer.pk == booking.seller_id:
        return BROKER
    raise ValueError(f"{viewer} is no party of {booking}.")


def is_brokered(booking: Booking) -> bool:
    """Say whether a broker stands between shipper and carrier."""
    return bool(booking.seller_id != booking.shipper_id)


def rate_cents_for(booking: Booking, role: str) -> int:
    """Return the rate that a party reads: what the carrier is paid, or what a brokered shipper pays."""
    if role == SHIPPER and booking.shipper_rate_cents is not None:
        return booking.shipper_rate_cents
    return booking.rate_cents


def reads_terms(booking: Booking, role: str) -> bool:
    """Say whether a party reads the terms between seller and carrier: not a shipper that a broker sold for."""
    return role != SHIPPER or not is_brokered(booking)


def version_for(booking: Booking, role: str) -> int:
    """Return the version as a party counts it: a shipper that a broker sold for counts no change of the carriage."""
    if reads_terms(booking, role):
        return booking.version
    unseen = booking.amendments.filter(subject=Amendment.Subject.CARRIAGE, status=AmendmentStatus.ACCEPTED).count()
    if booking.status == BookingStatus.CANCELLED:
        agreed = booking.contentions.filter(agreement=Agreement.CARRIAGE, status=ContentionStatus.AGREED)
        unseen += agreed.count()
    return booking.version - unseen


def cancel_reason_for(booking: Booking, role: str) -> str:
    """Return why a booking fell through as a party reads it, "" while it stands: that its carrier finds the terms not
    kept, which are the broker's and its own, a shipper that a broker sold for reads as another reason.
    """
    of_carrier = booking.cancelled_for_id == booking.carrier_id and not reads_terms(booking, role)
    if of_carrier and booking.cancel_reason == CancelReason.RATE_OR_TERMS:
        return CancelReason.OTHER
    return booking.cancel_reason


def cancel_note_for(booking: Booking, role: str) -> str:
    """Return the words of who cancelled as a party reads them: a shipper that a broker sold for reads its broker's, and
    not what the carrier says to that broker, which may speak of their terms.
    """
    if not reads_terms(booking, role) and booking.cancelled_for_id == booking.carrier_id:
        return ""
    return booking.cancel_note


def booking_fact(booking: Booking, viewer: Organization) -> dict[str, Any]:
    """Return a booking as a fact tells it to a party: what a list shows."""
    role = role_of(booking, viewer)
    fact: dict[str, Any] = {
        "id": booking.public_id,
        "role": role,
        "status": booking.status,
        "version": version_for(booking, role),
        "load": booking.load.public_id,
        "lane": booking.load.lane,
        "seller": booking.seller.public_id,
        "carrier": named(booking.carrier),
        "shipper": named(booking.shipper),
        "rate": money(rate_cents_for(booking, role)),
        "both_sides_sentence": booking.both_sides,
        "booked_at": instant(booking.booked_at),
        "cancelled_at": instant(booking.cancelled_at),
        "cancel_reason": cancel_reason_for(booking, role) or None,
        "cancelled_for": None if booking.cancelled_for is None else booking.cancelled_for.public_id,
    }
    if role == BROKER:
        fact["shipper_rate"] = money(booking.shipper_rate_cents)
    if role == CARRIER:
        fact |= {
            "tour": booking.tour.public_id,
            "truck": numbered(booking.tour.truck),
            "leg": None if booking.leg is None else booking.leg.public_id,
            "opened_leg": None if booking.opened_leg is None else booking.opened_leg.public_id,
        }
    if reads_terms(booking, role):
        fact |= {"load_version": booking.load_version, "owed": owed_payload(booking)}
    return fact


def booking_payload(booking: Booking, viewer: Organization) -> dict[str, Any]:
    """Return a booking as a party reads it in full, save for where its carrier is paid: that ends with time."""
    role = role_of(booking, viewer)
    load, tour = booking.load, booking.tour
    times = {time.sequence: time for time in terms_of(booking).stop_times}
    planned = {stop.stop_sequence: stop for stop in booking.tour_stops.all()} if role == CARRIER else {}
    found = booking_fact(booking, viewer) | {
        "contacts": {
            CARRIER: contact_of(booking.carrier),
            "seller": contact_of(booking.seller),
            SHIPPER: contact_of(booking.shipper),
        },
        "driver": None if tour.driver is None else {"name": tour.driver.name, "phone": tour.driver.phone},
        "truck_number": tour.truck.number,
        "trailer_number": None if tour.trailer is None else tour.trailer.number,
        "reference": load.reference,
        "instructions": load.instructions,
        "commodity": load.commodity,
        "weight_pounds": load.weight_pounds,
        "length_feet": load.length_feet,
        "pallets": load.pallets,
        "loaded_miles": load.loaded_miles,
        "cancel_note": cancel_note_for(booking, role),
        "contentions": _contentions(booking, viewer),
        "stops": [_stop(stop, times.get(stop.sequence), planned.get(stop.sequence)) for stop in load.stops.all()],
    }
    if reads_terms(booking, role):
        found["terms"] = {
            "linehaul": money(booking.linehaul_cents),
            "fuel_surcharge": money(booking.fuel_surcharge_cents),
            "free_minutes": booking.free_minutes,
            "detention_per_hour": money(booking.detention_cents_per_hour),
            "tonu": money(booking.tonu_cents),
            "layover": money(booking.layover_cents),
            "payment_days": booking.payment_days,
            "notes": booking.notes,
        }
    return found


def _contentions(booking: Booking, viewer: Organization) -> list[dict[str, Any]]:
    """Return the money of a cancellation that hangs on a word, between the viewer and another party."""
    if booking.status != BookingStatus.CANCELLED:
        return []
    return [contention_payload(row) for row in contentions_read_by(booking, viewer)]


def agents_payload(booking: Booking, side: Organization) -> dict[str, Any]:
    """Return a booking as a broker reads it that acts for a side: as the side does, without its tour, the times that
    follow from its driver's hours, and what a sale beyond this one earns it or what is contended of it.
    """
    found = booking_payload(booking, side) | {"acting_for": named(side)}
    found["contentions"] = [each for each in found["contentions"] if each["agreement"] != Agreement.SALE]
    found["stops"] = [{name: value for name, value in stop.items() if name != "planned"} for stop in found["stops"]]
    return {name: value for name, value in found.items() if name not in _NOT_AN_AGENTS}


def owed_payload(booking: Booking) -> dict[str, Any] | None:
    """Return what a cancellation left to pay between seller and carrier; None where nobody owes anything."""
    if booking.owed_by is None:
        return None
    return {
        "by": booking.owed_by.public_id,
        "tonu": money(booking.owed_tonu_cents),
        "deadhead": money(booking.owed_deadhead_cents),
        "deadhead_miles": booking.owed_deadhead_miles,
    }


def claim_payload(claim: Claim, viewer: Organization) -> dict[str, Any]:
    """Return a claim as its carrier, or who made it for the carrier, reads it: which truck it is, and why that could
    not come in the end, the carrier alone.
    """
    is_carrier = viewer.pk == claim.carrier_id
    found = {
        "id": claim.public_id,
        "status": claim.status,
        "version": claim.version,
        "carrier": named(claim.carrier),
        "leg": None if claim.leg is None else claim.leg.public_id,
        "loads": [
            {
                "load": row.load.public_id,
                "lane": row.load.lane,
                "load_version": row.load_version,
                "rate": money(row.rate_cents),
                "booking": None if row.booking is None else row.booking.public_id,
                "both_sides_sentence": row.both_sides,
            }
            for row in claim.loads.all()
        ],
        "checks": [
            {"rule": check["rule"], "result": check["result"], "sentence": check["sentence"]}
            for check in claim.checks
            if check["result"] == "hold" or (check["result"] == "block" and claim.status == ClaimStatus.RELEASED)
        ],
        "made_at": instant(claim.made_at),
        "held_until": instant(claim.held_until),
        "closed_at": instant(claim.closed_at),
        "outcome": claim.outcome if is_carrier else claim.told,
    }
    return found | ({"truck": numbered(claim.truck)} if is_carrier else {})


def reservation_fact(claim: Claim, load: Load) -> dict[str, Any]:
    """Return what a seller hears of a claim on hold: that its load is reserved, and until when; not by whom."""
    return {
        "id": claim.public_id,
        "status": claim.status,
        "version": claim.version,
        "load": load.public_id,
        "lane": load.lane,
        "held_until": instant(claim.held_until),
        "closed_at": instant(claim.closed_at),
    }


def tour_payload(tour: Tour, *, with_money: bool = True) -> dict[str, Any]:
    """Return a tour as its carrier reads it, or, without money, its driver."""
    bookings: dict[int, Booking] = {stop.booking_id: stop.booking for stop in tour.stops.all()}
    return _tour(tour, list(bookings.values()), with_money=with_money) | {
        "stops": [_tour_stop(stop) for stop in tour.stops.all()],
        "steps": list(tour.steps),
    }


def tour_fact(tour: Tour, bookings: Sequence[Booking]) -> dict[str, Any]:
    """Return a tour with the bookings on it as a fact tells it to its carrier: without stops and time line."""
    return _tour(tour, bookings, with_money=True)


def contact_of(organization: Organization) -> dict[str, str]:
    """Return an organization's business contact: parties of a booking are not hidden from each other."""
    return {
        "id": organization.public_id,
        "name": organization.name,
        "contact_name": organization.contact_name,
        "phone": organization.contact_phone,
        "email": organization.contact_email,
        "usdot_number": organization.usdot_number,
        "mc_number": organization.mc_number,
    }


def _tour(tour: Tour, bookings: Sequence[Booking], *, with_money: bool) -> dict[str, Any]:
    return {
        "id": tour.public_id,
        "status": tour.status,
        "version": tour.version,
        "truck": numbered(tour.truck),
        "driver": named(tour.driver),
        "trailer": numbered(tour.trailer),
        "leg": None if tour.leg is None else tour.leg.public_id,
        "starts_at": instant(tour.starts_at),
        "ends_at": instant(tour.ends_at),
        "loaded_miles": tour.loaded_miles,
        "empty_miles": tour.empty_miles,
        "loads": [
            {"booking": booking.public_id, "load": booking.load.public_id, "lane": booking.load.lane}
            | ({"rate": money(booking.rate_cents)} if with_money else {})
            for booking in bookings
        ],
    }


def _stop(stop: Stop, agreed: StopTime | None, planned: TourStop | None) -> dict[str, Any]:
    opens_at, closes_at = (agreed.opens_at, agreed.closes_at) if agreed else (stop.opens_at, stop.closes_at)
    found: dict[str, Any] = {name: getattr(stop, name) for name in _STOP_PLACE}
    found |= {
        "sequence": stop.sequence,
        "opens_at": instant(opens_at),
        "closes_at": instant(closes_at),
        "opens_at_local": wall_text(opens_at, stop.time_zone),
        "closes_at_local": wall_text(closes_at, stop.time_zone),
        "by_appointment": agreed.by_appointment if agreed else stop.by_appointment,
        "service_minutes": stop.service_minutes,
        "instructions": stop.instructions,
    }
    return found | ({"planned": _times(planned)} if planned is not None else {})


def _tour_stop(row: TourStop) -> dict[str, Any]:
    booking = row.booking
    stop = next(each for each in booking.load.stops.all() if each.sequence == row.stop_sequence)
    agreed: Mapping[int, StopTime] = {time.sequence: time for time in terms_of(booking).stop_times}
    return _stop(stop, agreed.get(stop.sequence), row) | {
        "sequence": row.sequence,
        "booking": booking.public_id,
        "load": booking.load.public_id,
        "reference": booking.load.reference,
        "miles_before": row.miles_before,
    }


def _times(row: TourStop) -> dict[str, Any]:
    return {
        "arrives_at": instant(row.arrives_at),
        "begins_at": instant(row.begins_at),
        "ends_at": instant(row.ends_at),
    }
