"""Examples of papers, amendments and transaction records in the API."""

from typing import Any

from brokers.api.booking_parts import BOOKING, CARRIER, LANE, RATE, SHIPPER

PAPER = "rcon_06hx2k4a8m0q3v5y7z9c1e2g3r"
AMENDMENT_ID = "amend_06hx2k4a8m0q3v5y7z9c1e2g3r"
RECORD = "rec_06hx2k4a8m0q3v5y7z9c1e2g3r"
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
ETAG = '"1dC7mJk2vQe0XyZa9LwRt5Bp"'
SIGNATURE: dict[str, Any] = {
    "organization": CARRIER,
    "signed_by": CARRIER,
    "name": "Ana Ruiz",
    "address": "192.0.2.7",
    "sha256": SHA256,
    "signed_at": "2026-11-23T15:09:12Z",
}
CONFIRMATION: dict[str, Any] = {
    "id": PAPER,
    "number": "RC-7C9E1-G3RTX-1",
    "revision": 1,
    "agreement": "carriage",
    "status": "in_force",
    "booking": BOOKING,
    "lane": LANE,
    "your_side": "payee",
    "payer": SHIPPER,
    "payee": CARRIER,
    "rate": RATE,
    "made_at": "2026-11-23T15:04:05Z",
    "superseded_at": None,
    "sha256": SHA256,
    "signatures": [SIGNATURE],
    "content": {
        "form": 2,
        "number": "RC-7C9E1-G3RTX-1",
        "both_sides": "",
        "pays_to": {"kind": "bank", "name": "Ruiz Trucking LLC", "last_four": "6789"},
        "terms": {"rate_cents": 240000, "payment_days": 30},
    },
    "etag": ETAG,
}
VERIFICATION: dict[str, Any] = {
    "is_this_document": True,
    "stored_document_verifies": True,
    "problems": [],
    "other": None,
    "etag": ETAG,
}
PROPOSAL: dict[str, Any] = {
    "subject": "carriage",
    "terms": {"rate": {"amount": "2500.00", "currency": "USD"}},
    "load": {"weight_pounds": 39000},
    "reason": "The mill loads more.",
    "version": 1,
}
AMENDMENT: dict[str, Any] = {
    "id": AMENDMENT_ID,
    "booking": BOOKING,
    "lane": LANE,
    "subject": "carriage",
    "number": 1,
    "status": "open",
    "version": 1,
    "reason": "The mill loads more.",
    "proposed_for": SHIPPER,
    "proposed_by": SHIPPER,
    "proposed_at": "2026-11-23T16:04:05Z",
    "expires_at": "2026-11-24T16:04:05Z",
    "closed_at": None,
    "close_reason": "",
    "changes": [
        {"field": "weight_pounds", "before": 38000, "after": 39000},
        {"field": "rate", "before": RATE, "after": {"amount": "2500.00", "currency": "USD"}},
    ],
    "accepted_by": [{"organization": SHIPPER, "accepted_at": "2026-11-23T16:04:05Z"}],
    "waits_for": [CARRIER],
    "waits_for_you": True,
    "etag": ETAG,
}
TRANSACTION: dict[str, Any] = {
    "id": RECORD,
    "booking": BOOKING,
    "broker": {"id": "org_06hx2k4a8m0q3v5y7z9c1e2g5t", "name": "Lakeside Brokers"},
    "basis": "sale",
    "version": 1,
    "consignor": {"name": "Prairie Paper", "address": "Dock 4, 233 S Wacker Dr, Chicago, IL 60601"},
    "carrier": {"name": "Ruiz Trucking", "address": "", "usdot_number": "1234567", "mc_number": "765432"},
    "freight_bill_number": "PO 88213",
    "charged": {"amount": "2900.00", "currency": "USD"},
    "carrier_pay": RATE,
    "compensation": {"amount": "500.00", "currency": "USD"},
    "compensation_paid_by": "Prairie Paper",
    "other_services": "",
    "other_services_compensation": {"amount": "0.00", "currency": "USD"},
    "other_services_paid_by": "",
    "collected": None,
    "collected_on": None,
    "carrier_paid_on": None,
    "fell_through_at": None,
    "fell_through_because": None,
    "fell_through_for": "",
    "fell_through_note": "",
    "contentions": [],
    "written_at": "2026-11-23T15:04:05Z",
    "updated_at": "2026-11-23T15:04:05Z",
    "keep_until": "2029-11-27T22:00:00Z",
    "etag": ETAG,
}
CONTENTION: dict[str, Any] = {
    "id": "cont_06hx2k4a8m0q3v5y7z9c1e2g3r",
    "booking": BOOKING,
    "lane": LANE,
    "agreement": "carriage",
    "status": "open",
    "version": 1,
    "claimant": CARRIER,
    "asked": SHIPPER,
    "reason": "load_not_ready",
    "note": "Waited at the gate from eight to eleven.",
    "would_owe_less": False,
    "tonu": {"amount": "250.00", "currency": "USD"},
    "deadhead": {"amount": "98.44", "currency": "USD"},
    "deadhead_miles": 46.0,
    "made_at": "2026-11-24T18:04:05Z",
    "answer_by": "2026-11-27T18:04:05Z",
    "closed_at": None,
    "answered_by": None,
    "answer": "",
    "withdrawn_by": None,
    "withdrawn_because": "",
    "etag": ETAG,
}
GIVEN: dict[str, Any] = {
    "id": "req_06hx2k4a8m0q3v5y7z9c1e2g3r",
    "booking": BOOKING,
    "reason": "Our auditor asks.",
    "asked_at": "2026-11-30T15:04:05Z",
    "records": [{name: value for name, value in TRANSACTION.items() if name != "etag"}],
    "etag": ETAG,
}
