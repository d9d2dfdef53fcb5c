"""Reads of 371.3 records: the broker's own, and what a party was given on its requests. Margins stand nowhere else."""

from django.db.models import F, Q, QuerySet

from brokers.models import Booking, RecordRequest, TransactionRecord
from foundation.accounts.models import Organization
from foundation.trade.errors import NotFound

_NONE = "There is no such transaction record here."


def records_of(viewer: Organization) -> QuerySet[TransactionRecord]:
    """Return the records that the viewer keeps as a broker, newest first."""
    rows = TransactionRecord.objects.filter(broker=viewer).select_related("booking__load", "broker")
    return rows.prefetch_related("booking__load__stops").order_by("-pk")


def record_of(viewer: Organization, public_id: str) -> TransactionRecord:
    """Return a record that the viewer keeps as a broker; raises `NotFound`."""
    row = records_of(viewer).filter(public_id=public_id).first()
    if row is None:
        raise NotFound(_NONE)
    return row


def own_record_of_booking(viewer: Organization, booking_id: str) -> TransactionRecord | None:
    """Return the record that the viewer keeps of a booking."""
    return records_of(viewer).filter(booking__public_id=booking_id).first()


def records_to_ask_for(viewer: Organization, booking_id: str) -> list[TransactionRecord]:
    """Return the records of a booking that the viewer, its shipper or carrier, may ask the brokers for.

    To be asked, not to be shown: what a party reads of one is what its request was given. Who acted for a side acted in
    the carriage, which is no business of a shipper whose load a broker sold.
    """
    shipper_of_it = Q(booking__shipper=viewer) & (
        Q(basis=TransactionRecord.Basis.SALE) | Q(booking__seller=F("booking__shipper"))
    )
    party = shipper_of_it | Q(booking__carrier=viewer)
    rows = TransactionRecord.objects.filter(party, booking__public_id=booking_id).exclude(broker=viewer)
    return list(rows.select_related("broker", "booking__load").order_by("pk"))


def requests_of(viewer: Organization, booking_id: str) -> list[RecordRequest]:
    """Return what the viewer asked of a booking's records and was given, newest first."""
    rows = RecordRequest.objects.filter(organization=viewer, record__booking__public_id=booking_id)
    return list(rows.select_related("record__broker").order_by("-pk"))


def requests_to(record: TransactionRecord) -> list[RecordRequest]:
    """Return who asked the record's broker for it, newest first: for that broker."""
    return list(record.requests.select_related("organization").order_by("-pk"))


def open_margin_cents(viewer: Organization, booking: Booking) -> int | None:
    """Return the margin that a broker chose to show openly to shipper and carrier of its sales; None where it did not,
    and to everybody else.
    """
    party = viewer.pk in (booking.shipper_id, booking.carrier_id) and viewer.pk != booking.seller_id
    if not party or booking.shipper_rate_cents is None or not booking.seller.shows_margin:
        return None
    return booking.shipper_rate_cents - booking.rate_cents
