"""What matching reads of the fact of a booking, and observations drawn straight into the table."""

import random
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.db import transaction

from backhaul.wiring import FACTS
from foundation.accounts.models import Organization
from foundation.events.services import publish
from foundation.trade.ids import new_id
from loads.models import Load
from matching.engine.rates import RateTable
from matching.models import RateObservation
from tests.builders import make_organization, now
from tests.events.pump import pump

# a fact made here carries no more than matching reads of it, so nobody else hears it
MATCHINGS = {name: [task for task in tasks if task.startswith("matching.")] for name, tasks in FACTS.items()}


def book(
    load: Load, carrier: Organization, *, rate: str = "1430.00", seller: Organization | None = None, changed: Any = None
) -> str:
    """Publish that a carrier has booked a load, with a copy for each party; return the booking's id."""
    booking_id = new_id("booking")
    seller = seller or load.organization
    fact = {
        "id": booking_id,
        "role": "carrier",
        "load": load.public_id,
        "seller": seller.public_id,
        "rate": {"amount": rate, "currency": "USD"},
        "booked_at": now().isoformat(),
    }
    copies: dict[str, dict[str, Any]] = {
        load.organization.public_id: {"id": booking_id, "role": "shipper", "load": load.public_id},
        carrier.public_id: {name: value for name, value in {**fact, **(changed or {})}.items() if value is not None},
    }
    with transaction.atomic():
        publish(name="booking.made", subject=booking_id, audience=copies)
    return booking_id


def hear() -> list[str]:
    """Carry the facts to matching's tasks alone; return their names."""
    return pump(MATCHINGS)


def cancel(booking_id: str, organization: Organization) -> None:
    """Publish that a booking fell through."""
    with transaction.atomic():
        publish(name="booking.cancelled", subject=booking_id, audience={organization.public_id: {"id": booking_id}})


class Parties:
    """Carriers and shippers that book with each other."""

    def __init__(self, *, carriers: int = 12, shippers: int = 12, market: str = "live") -> None:
        self.carriers = [make_organization(hauls=True, market=market) for _ in range(carriers)]
        self.shippers = [make_organization(market=market) for _ in range(shippers)]


def observe(
    parties: Parties,
    count: int,
    *,
    level: float = 1.0,
    spread: float = 0.1,
    seed: int = 1,
    equipment: Sequence[str] = ("V", "R", "F"),
    miles: float | None = None,
    days_ago: int | None = None,
    lane: tuple[str, str, str, str] = ("606", "IL", "752", "TX"),
    today: date | None = None,
) -> list[RateObservation]:
    """Store so many observations round the default table times `level`; carriers and shippers take turns."""
    draw, table = random.Random(seed), RateTable()
    rows = []
    for number in range(count):
        code = equipment[number % len(equipment)]
        far = miles or round(draw.uniform(100, 1400), 1)
        knots = table.cents_per_mile[code]
        at = next((index for index, knot in enumerate(table.miles) if knot >= far), len(knots) - 1)
        left = max(at - 1, 0)
        part = (far - table.miles[left]) / (table.miles[at] - table.miles[left]) if at > left else 0.0
        per_mile = knots[left] + (knots[at] - knots[left]) * min(part, 1.0)
        ago = number % 80 if days_ago is None else days_ago
        shipper = parties.shippers[number % len(parties.shippers)]
        rows.append(
            RateObservation(
                booking_id=new_id("booking"),
                market=shipper.market,
                equipment=code,
                loaded_miles=far,
                from_zip3=lane[0],
                from_state=lane[1],
                to_zip3=lane[2],
                to_state=lane[3],
                rate_cents=round(per_mile * far * level * draw.lognormvariate(0, spread)),
                booked_on=(today or now().date()) - timedelta(days=ago),
                carrier=parties.carriers[number % len(parties.carriers)],
                shipper=shipper,
                seller=shipper,
            )
        )
    return RateObservation.objects.bulk_create(rows)
