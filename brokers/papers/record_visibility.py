"""What a 371.3 record says: to its broker always, to a party of that load as its logged request was given."""

from typing import Any

from brokers.contentions.visibility import recorded_payload
from brokers.models import TransactionRecord
from foundation.rest.fields import instant, money, named


def record_payload(record: TransactionRecord) -> dict[str, Any]:
    """Return a record with all that 49 CFR 371.3(a) asks for."""
    return {
        "id": record.public_id,
        "booking": record.booking.public_id,
        "broker": named(record.broker),
        "basis": record.basis,
        "version": record.version,
        "consignor": {"name": record.consignor_name, "address": record.consignor_address},
        "carrier": {
            "name": record.carrier_name,
            "address": record.carrier_address,
            "usdot_number": record.carrier_usdot_number,
            "mc_number": record.carrier_mc_number,
        },
        "freight_bill_number": record.freight_bill_number,
        "charged": money(record.charged_cents),
        "carrier_pay": money(record.carrier_pay_cents),
        "compensation": money(record.compensation_cents),
        "compensation_paid_by": record.compensation_paid_by,
        "other_services": record.other_services,
        "other_services_compensation": money(record.other_services_cents),
        "other_services_paid_by": record.other_services_paid_by,
        "collected": money(record.collected_cents),
        "collected_on": record.collected_on.isoformat() if record.collected_on else None,
        "carrier_paid_on": record.carrier_paid_on.isoformat() if record.carrier_paid_on else None,
        "fell_through_at": instant(record.fell_through_at),
        "fell_through_because": record.fell_through_because or None,
        "fell_through_for": record.fell_through_for,
        "fell_through_note": record.fell_through_note,
        "contentions": [recorded_payload(kept) for kept in record.contentions],
        "written_at": instant(record.written_at),
        "updated_at": instant(record.updated_at),
        "keep_until": instant(record.keep_until),
    }
