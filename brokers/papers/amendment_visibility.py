"""What is told of an amendment to the sides of its subject: what would change, before and after, and who said yes."""

from typing import Any

from brokers.models import Amendment
from brokers.papers.amending import changed_terms
from brokers.papers.amendment_queries import waits_for
from brokers.terms import StopTime
from foundation.accounts.models import Organization
from foundation.rest.fields import instant, money, named

_CENTS = "_cents"


def amendment_payload(amendment: Amendment, viewer: Organization) -> dict[str, Any]:
    """Return an amendment as one of its sides reads it; all sides of its subject read the same."""
    booking = amendment.booking
    return {
        "id": amendment.public_id,
        "booking": booking.public_id,
        "lane": booking.load.lane,
        "subject": amendment.subject,
        "number": amendment.number,
        "status": amendment.status,
        "version": amendment.version,
        "reason": amendment.reason,
        "proposed_for": named(amendment.proposed_for),
        "proposed_by": named(amendment.proposed_by_organization),
        "proposed_at": instant(amendment.proposed_at),
        "expires_at": instant(amendment.expires_at),
        "closed_at": instant(amendment.closed_at),
        "close_reason": amendment.close_reason,
        "changes": changes_payload(amendment),
        "accepted_by": [
            {"organization": named(each.organization), "accepted_at": instant(each.accepted_at)}
            for each in amendment.acceptances.all()
        ],
        "waits_for": [named(each) for each in waits_for(amendment)] if amendment.status == "open" else [],
        "waits_for_you": amendment.status == "open" and viewer.pk in {each.pk for each in waits_for(amendment)},
    }


def changes_payload(amendment: Amendment) -> list[dict[str, Any]]:
    """Return what would change, field by field: money as money, times as instants, cents named without the unit."""
    found = [
        {"field": name, "before": before, "after": after}
        for name, (before, after) in sorted(amendment.load_changes.items())
    ]
    for name, (before, after) in changed_terms(amendment).items():
        field = name.removesuffix(_CENTS).replace("_cents_per_hour", "_per_hour")
        is_money = "_cents" in name
        found.append({"field": field, "before": _value(before, is_money), "after": _value(after, is_money)})
    return found


def _value(value: Any, is_money: bool) -> Any:
    if isinstance(value, StopTime):
        return value.stored()
    return money(value) if is_money else value
