"""The 49 CFR 371.3 record of each brokered transaction: written with the booking, kept for three years."""

from datetime import datetime
from typing import Any

from brokers.contentions.visibility import recorded
from brokers.models import Agreement, Booking, BookingStatus, ContentionStatus, TransactionRecord
from brokers.models.records import KEPT_FOR
from foundation.accounts.models import Organization
from foundation.accounts.queries import record_of
from foundation.events.services import SYSTEM, record_audit
from loads.models import Load


def write_record(*, booking: Booking, now: datetime) -> list[TransactionRecord]:
    """Write or bring up to date the records of a booking's brokers, in its transaction; none where no broker took part.

    A broker that sells has one with its compensation. One that acted for a side has one without: what it earned is its
    own to enter. What a broker entered itself is kept. Called when a booking is made, amended and cancelled.
    """
    brokers = {}
    if booking.seller_id != booking.shipper_id:
        brokers[booking.seller_id] = (booking.seller, TransactionRecord.Basis.SALE)
    for broker in _acted(booking):
        brokers.setdefault(broker.pk, (broker, TransactionRecord.Basis.REPRESENTATION))
    if not brokers:
        return []
    load = Load.objects.prefetch_related("stops").get(pk=booking.load_id)
    return [_write(booking, load, broker, basis, now) for broker, basis in brokers.values()]


def _acted(booking: Booking) -> list[Organization]:
    """Return the brokers by whose hand a side of the booking acted: who booked it, and who made what was accepted."""
    hands: set[int | None] = {booking.booked_by_organization_id}
    if booking.offer is not None:
        hands |= {booking.offer.made_by_organization_id, booking.offer.closed_by_organization_id}
    sides: set[int | None] = {booking.shipper_id, booking.seller_id, booking.carrier_id, None}
    others = hands - sides
    return list(Organization.objects.filter(pk__in=others, brokers=True).order_by("pk")) if others else []


def _write(
    booking: Booking, load: Load, broker: Organization, basis: TransactionRecord.Basis, now: datetime
) -> TransactionRecord:
    row = TransactionRecord.objects.select_for_update().filter(booking=booking, broker=broker).first()
    is_new = row is None
    if row is None:
        registered = record_of(booking.carrier)
        row = TransactionRecord(
            booking=booking,
            broker=broker,
            basis=basis,
            consignor_name=booking.shipper.name,
            consignor_address=_consignor_address(load),
            carrier_name=booking.carrier.name,
            carrier_address=registered.address if registered is not None else "",
            carrier_usdot_number=booking.carrier.usdot_number,
            carrier_mc_number=booking.carrier.mc_number,
            freight_bill_number=load.reference,
            written_at=now,
        )
    stood = {} if is_new else _content(row)
    if basis == TransactionRecord.Basis.SALE:
        _settle(row, booking)
    if booking.status == BookingStatus.CANCELLED:
        _fall_through(row, booking)
    if _content(row) == stood and row.keep_until >= load.delivery_closes_at + KEPT_FOR:
        # its version moves only with what its broker reads: else it would tell an agent that the sale beyond it moved
        return row
    row.keep_until = max(row.keep_until or now, max(now, load.delivery_closes_at) + KEPT_FOR)
    row.updated_at = now
    if not is_new:
        row.version += 1
    row.save()
    record_audit(
        organization_id=broker.public_id,
        actor=SYSTEM,
        action="record.written" if is_new else "record.brought_up_to_date",
        subject=row.public_id,
        changes={"compensation_cents": [stood.get("compensation_cents"), row.compensation_cents]},
    )
    return row


def _settle(row: TransactionRecord, booking: Booking) -> None:
    """Write what the shipper pays, what the carrier gets and the difference.

    Of what fell through that is what the shipper has agreed to owe and what is owed to the carrier: a loss is a loss.
    """
    if booking.status == BookingStatus.CANCELLED:
        row.charged_cents, row.carrier_pay_cents = _owed_by_the_shipper(booking), _owed_to_the_carrier(booking)
    else:
        row.charged_cents, row.carrier_pay_cents = booking.shipper_rate_cents or 0, booking.rate_cents
    row.compensation_cents = row.charged_cents - row.carrier_pay_cents
    row.compensation_paid_by = booking.shipper.name if row.charged_cents else ""


def _content(row: TransactionRecord) -> dict[str, Any]:
    """Return what a record says, apart from when it was written and how long it is kept."""
    names = {field.attname for field in TransactionRecord._meta.concrete_fields} - {"version", "updated_at"}
    return {name: getattr(row, name) for name in names - {"keep_until"}}


def _fall_through(row: TransactionRecord, booking: Booking) -> None:
    """Write who cancelled and why, and what each side said of money that hung on a word.

    Who acted for a side acted in the carriage: in a sale nobody is represented, and its money is the seller's and the
    shipper's.
    """
    row.fell_through_at = booking.cancelled_at
    row.fell_through_because = booking.cancel_reason
    row.fell_through_for = "" if booking.cancelled_for is None else booking.cancelled_for.name
    row.fell_through_note = booking.cancel_note
    said = booking.contentions.select_related("claimant", "asked", "answered_by_organization").order_by("agreement")
    if row.basis != TransactionRecord.Basis.SALE:
        said = said.filter(agreement=Agreement.CARRIAGE)
    row.contentions = [recorded(each) for each in said]


def _owed_to_the_carrier(booking: Booking) -> int:
    return booking.owed_tonu_cents + booking.owed_deadhead_cents if booking.owed_by_id == booking.seller_id else 0


def _owed_by_the_shipper(booking: Booking) -> int:
    """Return what the shipper has agreed to owe the broker of a booking that fell through, in cents.

    Whether the load was not ready is the broker's word, so nothing is charged that the shipper has not agreed to.
    """
    agreed = booking.contentions.filter(agreement=Agreement.SALE, status=ContentionStatus.AGREED).first()
    return 0 if agreed is None else agreed.cents


def _consignor_address(load: Load) -> str:
    """Return where the freight is handed over: the first pickup."""
    stop = load.first_stop
    return ", ".join(filter(None, [stop.facility, stop.address, stop.city, f"{stop.state} {stop.zip}"]))
