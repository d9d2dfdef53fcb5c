"""What is told of amendments to the sides of their subject, and audited with each."""

from brokers.booking_queries import booking_of
from brokers.booking_visibility import booking_fact
from brokers.models import Amendment, Booking
from brokers.papers.amending import sides_of
from brokers.papers.amendment_queries import amendment_of
from brokers.papers.amendment_visibility import amendment_payload, changes_payload
from foundation.accounts.actor import named_to
from foundation.events.services import HasLabel, publish, record_audit


def tell_of_amendment(name: str, amendment: Amendment, actor: HasLabel | str) -> None:
    """Publish that an amendment was made or got a yes more, or that it closed; each side audits it."""
    row = amendment_of(amendment.proposed_for, amendment.public_id)
    sides = sides_of(row.booking, row.subject)
    audience = {side.public_id: amendment_payload(row, side) for side in sides}
    publish(name=name, subject=row.public_id, audience=audience, version=row.version)
    for side in sides:
        changes = {each["field"]: [each["before"], each["after"]] for each in changes_payload(row)}
        record_audit(
            organization_id=side.public_id,
            actor=named_to(side, actor),
            action=name,
            subject=row.public_id,
            changes={"booking": row.booking.public_id, "status": row.status, **changes},
        )


def tell_of_amended_booking(amendment: Amendment, booking: Booking, actor: HasLabel | str) -> None:
    """Publish that a booking changed, to the sides of the amendment's subject alone: of a sale the carrier hears
    nothing, of the carriage no shipper whose load a broker sold.
    """
    row = booking_of(booking.carrier, booking.public_id)
    sides = sides_of(row, amendment.subject)
    audience = {side.public_id: booking_fact(row, side) | {"amendment": amendment.public_id} for side in sides}
    version = min(fact["version"] for fact in audience.values())
    publish(name="booking.amended", subject=row.public_id, audience=audience, version=version)
    for side in sides:
        record_audit(
            organization_id=side.public_id,
            actor=named_to(side, actor),
            action="booking.amended",
            subject=row.public_id,
            changes={each["field"]: [each["before"], each["after"]] for each in changes_payload(amendment)},
        )
