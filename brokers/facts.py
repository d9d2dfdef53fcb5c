"""What is told of claims, bookings and tours: to their parties, each in the words of what it may read; and audited."""

from collections.abc import Sequence
from typing import Any

from brokers.booking_queries import live_bookings
from brokers.booking_visibility import (
    booking_fact,
    claim_payload,
    rate_cents_for,
    reads_terms,
    reservation_fact,
    role_of,
    tour_fact,
)
from brokers.models import Booking, Claim, ClaimStatus, Tour
from foundation.accounts.actor import named_to
from foundation.accounts.models import Organization
from foundation.events.services import HasLabel, publish, record_audit
from foundation.trade.money import decimal_text
from loads.models import Load


def parties_of(booking: Booking) -> list[Organization]:
    """Return a booking's carrier, seller and shipper, each once."""
    return list({each.pk: each for each in (booking.carrier, booking.seller, booking.shipper)}.values())


def tell_of_booking(
    name: str,
    booking: Booking,
    actor: HasLabel | str,
    *,
    changes: dict[str, Any] | None = None,
    between: dict[str, Any] | None = None,
) -> None:
    """Publish a fact about a booking to its parties, and audit it with each; `between` holds changes that seller and
    carrier alone read, not a shipper that a broker sold for.
    """
    parties = parties_of(booking)
    audience = {party.public_id: booking_fact(booking, party) for party in parties}
    # one version for all who hear: that of the one who counts the fewest changes
    version = min(fact["version"] for fact in audience.values())
    publish(name=name, subject=booking.public_id, audience=audience, version=version)
    for party in parties:
        rate = decimal_text(rate_cents_for(booking, role_of(booking, party)))
        noted = {"load": booking.load.public_id, "rate": rate} if changes is None else dict(changes)
        if reads_terms(booking, role_of(booking, party)):
            noted |= between or {}
        record_audit(
            organization_id=party.public_id,
            actor=named_to(party, actor),
            action=name,
            subject=booking.public_id,
            changes=noted,
        )


def tell_of_tour(tour: Tour, actor: HasLabel | str, *, bookings: Sequence[Booking] | None = None) -> None:
    """Publish to its carrier that a tour was planned, changed or cancelled, and audit it.

    `bookings` are those that stand on it, where the caller has them in hand.
    """
    row, owner = tour, tour.organization.public_id
    fact = tour_fact(row, live_bookings(row) if bookings is None else bookings)
    publish(name="tour.changed", subject=row.public_id, audience={owner: fact}, version=row.version)
    record_audit(
        organization_id=owner,
        actor=named_to(row.organization, actor),
        action="tour.changed",
        subject=row.public_id,
        changes={"status": row.status, "truck": row.truck.public_id},
    )


def tell_of_reservation(load: Load, *, reserved: bool) -> None:
    """Publish that a load is reserved while somebody is checked, or free again, to who has it open and to nobody's
    feed: whose claim or offer it was is told to its parties alone.
    """
    publish(name="load.reserved" if reserved else "load.freed", subject=load.public_id, audience={})


def tell_of_claim(name: str, claim: Claim, actor: HasLabel | str) -> None:
    """Publish a fact about a claim to its carrier and to who made it; each seller hears that its load is reserved, or
    not any more, and not by whom. Audit it with the carrier.
    """
    audience = {claim.carrier.public_id: claim_payload(claim, claim.carrier)}
    audience[claim.made_by_organization.public_id] = claim_payload(claim, claim.made_by_organization)
    own = set(audience)
    more: list[dict[str, Any]] = []  # of a seller of several loads each one is told apart
    for row in claim.loads.all():
        seller, fact = row.load.sold_by.public_id, reservation_fact(claim, row.load)
        if seller not in audience:
            audience[seller] = fact
        elif seller not in own:
            more.append({seller: fact})
    for hearers in (audience, *more):
        publish(name=name, subject=claim.public_id, audience=hearers, version=claim.version)
    if claim.status != ClaimStatus.BOOKED:  # then the booking says more
        for row in claim.loads.all():
            tell_of_reservation(row.load, reserved=claim.status == ClaimStatus.PENDING)
    record_audit(
        organization_id=claim.carrier.public_id,
        actor=named_to(claim.carrier, actor),
        action=name,
        subject=claim.public_id,
        changes={"status": claim.status, "outcome": claim.outcome},
    )
