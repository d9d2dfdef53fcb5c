"""What the two sides of a contention read of it, and what the 371.3 record keeps; of people nobody is named."""

from typing import Any

from brokers.models import Agreement, Booking, CancelReason, Contention
from foundation.accounts.models import Organization
from foundation.rest.fields import instant, money, named


def contention_payload(contention: Contention) -> dict[str, Any]:
    """Return a contention as both of its sides read it."""
    answerer, withdrawer = contention.answered_by_organization, contention.withdrawn_by_organization
    return {
        "id": contention.public_id,
        "booking": contention.booking.public_id,
        "lane": contention.booking.load.lane,
        "agreement": contention.agreement,
        "status": contention.status,
        "version": contention.version,
        "claimant": named(contention.claimant),
        "asked": named(contention.asked),
        "reason": contention.reason,
        "note": contention.note,
        "would_owe_less": contention.relieves,
        "tonu": money(contention.tonu_cents),
        "deadhead": money(contention.deadhead_cents),
        "deadhead_miles": contention.deadhead_miles,
        "made_at": instant(contention.made_at),
        "answer_by": instant(contention.answer_by),
        "closed_at": instant(contention.closed_at),
        "answered_by": None if answerer is None else named(answerer),
        "answer": contention.answer,
        "withdrawn_by": None if withdrawer is None else named(withdrawer),
        "withdrawn_because": contention.withdrawn_because,
    }


def contentions_read_by(booking: Booking, side: Organization, *, by: Organization | None = None) -> list[Contention]:
    """Return the contentions of a booking of which a party is a side, that of the carriage in front.

    `by` is the broker that reads them for that party, if one does: in a sale nobody is represented.
    """
    rows = booking.contentions.select_related(
        "claimant", "asked", "answered_by_organization", "withdrawn_by_organization", "booking__load"
    )
    if by is not None and by.pk != side.pk:
        rows = rows.filter(agreement=Agreement.CARRIAGE)
    return [row for row in rows.order_by("agreement") if side.pk in (row.claimant_id, row.asked_id)]


def recorded(contention: Contention) -> dict[str, Any]:
    """Return a contention as the 371.3 record keeps it: both sentences, the money, and how it ended."""
    answerer, withdrawer = contention.answered_by_organization, contention.withdrawn_by_organization
    return {
        "agreement": contention.agreement,
        "claimant": contention.claimant.name,
        "asked": contention.asked.name,
        "reason": contention.reason,
        "note": contention.note,
        "tonu_cents": contention.tonu_cents,
        "deadhead_cents": contention.deadhead_cents,
        "status": contention.status,
        "made_at": instant(contention.made_at),
        "answered_by": "" if answerer is None else answerer.name,
        "answer": contention.answer,
        "withdrawn_by": "" if withdrawer is None else withdrawer.name,
        "withdrawn_because": contention.withdrawn_because,
        "closed_at": instant(contention.closed_at),
    }


def recorded_payload(kept: dict[str, Any]) -> dict[str, Any]:
    """Return what a record keeps of a contention with its money as money, for who reads the record."""
    never_withdrawn = {"withdrawn_by": "", "withdrawn_because": ""}  # as records say that were kept before one could be
    found = never_withdrawn | {name: value for name, value in kept.items() if not name.endswith("_cents")}
    return found | {"tonu": money(kept["tonu_cents"]), "deadhead": money(kept["deadhead_cents"])}


def claim_words(contention: Contention) -> str:
    """Return what a contention says: "Ruiz Trucking says that the load was not ready"."""
    said = "the truck did not come" if contention.reason == CancelReason.NO_SHOW else "the load was not ready"
    return f"{contention.claimant} says that {said}"
