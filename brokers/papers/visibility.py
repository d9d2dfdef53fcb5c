"""What is told of papers; both sides of an agreement read the same, and nobody else anything."""

from typing import Any

from brokers.models import RateConfirmation, Signature
from brokers.papers.queries import side_of, standing_of
from foundation.accounts.models import Organization
from foundation.rest.fields import instant, money, named


def confirmation_fact(confirmation: RateConfirmation, viewer: Organization) -> dict[str, Any]:
    """Return a paper as a fact and a list tell it to a side."""
    stops = confirmation.content["stops"]
    return {
        "id": confirmation.public_id,
        "number": confirmation.number,
        "revision": confirmation.revision,
        "agreement": confirmation.agreement,
        "status": standing_of(confirmation),
        "booking": confirmation.booking.public_id,
        "lane": f"{stops[0]['city']}, {stops[0]['state']} to {stops[-1]['city']}, {stops[-1]['state']}",
        "your_side": side_of(confirmation, viewer) or None,
        "payer": named(confirmation.payer),
        "payee": named(confirmation.payee),
        "rate": money(confirmation.content["terms"]["rate_cents"]),
        "made_at": instant(confirmation.made_at),
        "superseded_at": instant(confirmation.superseded_at),
        "sha256": confirmation.sha256 or None,
        "signatures": [signature_payload(each) for each in confirmation.signatures.all()],
    }


def confirmation_payload(confirmation: RateConfirmation, viewer: Organization) -> dict[str, Any]:
    """Return a paper in full: with all that its document says."""
    return confirmation_fact(confirmation, viewer) | {"content": confirmation.content}


def signature_payload(signature: Signature) -> dict[str, Any]:
    """Return a signature: who, for whom, when, from where, on which document."""
    return {
        "organization": named(signature.organization),
        "signed_by": named(signature.signed_by_organization),
        "name": signature.name,
        "address": signature.address,
        "sha256": signature.sha256,
        "signed_at": instant(signature.signed_at),
    }
