"""Trust over REST: what a seller reads of its carrier before and after it is booked, and a carrier of itself."""

from datetime import timedelta
from typing import Any

import pytest

from brokers.models import Booking
from brokers.trust.conduct import RUSH_CLAIMS
from foundation.accounts.models import FederalRecord, Organization, RelationshipKind
from tests.brokers.bargains import offer_by
from tests.brokers.booked import claim, going_home, open_load
from tests.builders import make_actor, make_organization, make_record, make_relationship, now
from tests.rest.clients import ApiClient

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache", "straight_roads")]


@pytest.fixture
def young(settings: Any, carrier: Organization) -> FederalRecord:
    """Give the carrier a good record and a young authority."""
    settings.FMCSA_WEB_KEY = "key"
    carrier.contact_email = "boss@ruiz-trucking.example"
    carrier.save()
    return make_record(carrier, authority_since=(now() - timedelta(days=20)).date())


def _read(organization: Organization, path: str, status: int = 200) -> dict[str, Any]:
    answer = ApiClient(organization).get(f"/api/v1{path}")
    assert answer.status_code == status, answer.content
    found: dict[str, Any] = answer.json()
    return found


def test_the_seller_reads_record_and_flags_before_it_accepts_and_nobody_else_does(
    young: FederalRecord, shipper: Organization, carrier: Organization
) -> None:
    thread = offer_by(make_actor(carrier), going_home(carrier), open_load(shipper)).thread
    agent = make_organization("Agent Brokers", brokers=True)
    make_relationship(shipper, agent, RelationshipKind.REPRESENTS)
    path = f"/threads/{thread.public_id}/carrier-checks"
    found = _read(shipper, path)
    assert found["flags"] == [flag for flag in found["flags"] if "its authority is 20 days old" in flag] != []
    assert found["registry"]["usdot_number"] == carrier.usdot_number
    assert found["registry"]["insurance"] == {"amount": "1000000.00", "currency": "USD"}
    assert (found["can_be_booked"], found["sentence"], found["why_not_sold"]) == (True, "", "")
    assert _read(agent, path)["flags"] == found["flags"]
    for other in (carrier, make_organization("Stranger", hauls=True)):
        _read(other, path, 404)


def test_the_seller_hears_that_a_carrier_is_blocked_and_never_why(
    young: FederalRecord, shipper: Organization, carrier: Organization
) -> None:
    claim(carrier, open_load(shipper), going_home(carrier))
    path = f"/bookings/{Booking.objects.get().public_id}/carrier-checks"
    assert _read(shipper, path)["can_be_booked"] is True
    young.is_out_of_service = True
    young.save()
    found = _read(shipper, path)
    assert found["can_be_booked"] is False
    assert "cannot be booked here at the moment" in found["sentence"]
    assert "out of service" not in str(found).lower()
    for other in (carrier, make_organization("Stranger", hauls=True)):
        _read(other, path, 404)


def test_that_a_carrier_claims_fast_says_nothing_of_what_it_has_booked(
    young: FederalRecord, shipper: Organization, carrier: Organization, sign_in: Any
) -> None:
    carrier.verified_at = now() - timedelta(days=1)
    carrier.save()
    for _ in range(RUSH_CLAIMS):
        claim(carrier, open_load(shipper), going_home(carrier))
    for booking in Booking.objects.all():
        found = _read(shipper, f"/bookings/{booking.public_id}/carrier-checks")
        assert (found["can_be_booked"], found["sentence"]) == (True, "")
        page = sign_in(shipper).get(f"/bookings/{booking.public_id}/carrier/").content.decode()
        assert "cannot be booked" not in page
    own = _read(carrier, "/trust")
    assert own["may_claim"] is False
    assert "pace" in {each["rule"] for each in own["rules"] if each["result"] == "block"}


def test_a_carrier_reads_what_stands_in_its_way_and_what_mends_it(
    young: FederalRecord, shipper: Organization, carrier: Organization
) -> None:
    found = _read(carrier, "/trust")
    assert (found["hauls"], found["may_claim"]) == (True, True)
    assert [each["rule"] for each in found["rules"]] == ["young_authority"]
    young.bipd_on_file_cents = 0
    young.save()
    found = _read(carrier, "/trust")
    assert found["may_claim"] is False
    assert "Ask your insurer to file the proof" in str(found["rules"])
    assert {name: value for name, value in _read(shipper, "/trust").items() if name != "etag"} == {
        "hauls": False,
        "may_claim": False,
        "rules": [],
    }
    answer = ApiClient(carrier).get("/api/v1/trust", headers={"If-None-Match": found["etag"]})
    assert answer.status_code == 304
