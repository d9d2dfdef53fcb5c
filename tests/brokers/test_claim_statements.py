"""How much a claim asks of the database: where it grows, sixteen carriers who claim at once wait for it."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from brokers.models import Booking
from tests.brokers.booked import going_home, local_load, open_load
from tests.builders import make_organization, make_truck
from tests.rest.clients import ApiClient

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]

WARM_UPS = 1
BACKHAUL = 42
"""All statements of a claim on a leg by REST: key, idempotency, what is claimed and trust (13), what is held and asked
again under the locks (13), what is written and told (15). Processor time follows their number, which was 96 once, see
docs/performance.md: whoever needs one more asks first whether its answer can come with another's."""
OUTBOUND = 59
"""A truck that goes out asks where it stands, what it pulls and for promises, and opens its leg home."""


def _claimed(client: ApiClient, load: Any, key: str, **fields: Any) -> list[str]:
    """Claim a load over REST, and return the statements that this took."""
    body = {"rate": {"amount": "2400.00", "currency": "USD"}, "load_version": load.version} | fields
    with CaptureQueriesContext(connection) as asked:
        answer = client.post(f"/api/v1/loads/{load.public_id}/claims", body, headers={"Idempotency-Key": key})
    assert answer.status_code == 201, answer.content
    return [query["sql"] for query in asked.captured_queries]


def test_a_claim_on_a_leg_asks_no_more_statements_than_it_did() -> None:
    carrier = make_organization(hauls=True)
    client = ApiClient(carrier)
    shipper = make_organization()
    for number in range(WARM_UPS + 1):
        leg, load = going_home(carrier), open_load(shipper)
        asked = _claimed(client, load, f"key-{number}", truck=leg.truck.public_id, leg=leg.public_id)
    assert len(asked) <= BACKHAUL, "\n".join(asked)
    assert Booking.objects.count() == WARM_UPS + 1


def test_a_claim_that_goes_out_asks_no_more_statements_than_it_did() -> None:
    carrier = make_organization(hauls=True)
    client = ApiClient(carrier)
    for number in range(WARM_UPS + 1):
        truck, load = make_truck(carrier), local_load(make_organization())
        asked = _claimed(client, load, f"key-{number}", truck=truck.public_id)
    assert len(asked) <= OUTBOUND, "\n".join(asked)
