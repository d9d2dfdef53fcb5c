"""Fair bargaining over REST: one benchmark for both sides; the floor and the reserve to their owner alone."""

from typing import Any

import pytest

from brokers.models import Thread
from brokers.services.opening import open_thread
from foundation.accounts.models import Organization, RelationshipKind
from loads.models import Load
from tests.brokers.bargains import Deal, make_deal_with_limits, offer_by, terms
from tests.builders import make_organization, make_relationship, make_truck
from tests.rest.clients import ApiClient

pytestmark = pytest.mark.usefixtures("empty_cache", "straight_roads")
RESERVE = {"amount": "2677.77", "currency": "USD"}


@pytest.fixture
def deal(db: None) -> Deal:
    return make_deal_with_limits()


def _read(organization: Organization, path: str) -> dict[str, Any]:
    answer = ApiClient(organization).get(f"/api/v1{path}")
    assert answer.status_code == 200, answer.content
    assert answer["ETag"] == answer.json()["etag"]
    found: dict[str, Any] = answer.json()
    return found


def _agent(deal: Deal) -> Organization:
    agent = make_organization("Agent Brokers", brokers=True)
    for giver in (deal.carrier, deal.shipper):
        make_relationship(giver.organization, agent, RelationshipKind.REPRESENTS)
    return agent


def test_both_sides_read_the_same_benchmark_and_each_its_own_figure_alone(deal: Deal) -> None:
    thread = offer_by(deal.carrier, deal.leg, deal.load, 2_500).thread
    readers = {"seller": deal.shipper.organization, "carrier": deal.carrier.organization, "agent": _agent(deal)}
    found = {who: _read(each, f"/threads/{thread.public_id}/benchmark") for who, each in readers.items()}
    first = found["seller"]["estimate"]
    assert all(each["estimate"] == first for each in found.values())
    assert (first["rate_basis"], first["bookings"], first["share_percent"]) == ("default", None, 100)
    assert {who for who, each in found.items() if "floor" in each} == {"carrier"}
    assert {who for who, each in found.items() if "reserve" in each} == {"seller"}
    assert found["seller"]["reserve"] == {"amount": RESERVE, "left": {"amount": "177.77", "currency": "USD"}}
    floor = found["carrier"]["floor"]
    assert floor["worth_from"] is not None
    assert (floor["haul_cost"], floor["refusal"], floor["costs_are_default"]) == (None, "", False)


def test_a_carrier_reads_what_a_haul_out_costs_it_and_the_seller_does_not(deal: Deal) -> None:
    offer = open_thread(
        actor=deal.carrier,
        load_id=deal.load.public_id,
        truck_id=make_truck(deal.carrier.organization, home="60601").public_id,
        terms=terms(deal.load, 2_500),
        load_version=deal.load.version,
    )
    path = f"/threads/{offer.thread.public_id}/benchmark"
    floor = _read(deal.carrier.organization, path)["floor"]
    minutes = sum(stop.service_minutes for stop in deal.load.stops.all())
    cents = round(deal.load.loaded_miles * 131 + minutes / 60 * 29_13)
    assert floor["haul_cost"] == {"amount": f"{cents / 100:.2f}", "currency": "USD"}
    assert floor["worth_from"] is None
    assert "floor" not in _read(deal.shipper.organization, path)


def test_of_a_load_its_carrier_reads_the_floor_of_its_own_leg_and_its_owner_the_reserve(deal: Deal) -> None:
    path = f"/loads/{deal.load.public_id}/benchmark"
    own, rivals = f"{path}?leg={deal.leg.public_id}", f"{path}?leg={deal.rival_leg.public_id}"
    assert _read(deal.carrier.organization, own)["floor"]["worth_from"]
    for who, asked in ((deal.carrier, rivals), (deal.carrier, path), (deal.rival, own), (deal.shipper, own)):
        assert "floor" not in _read(who.organization, asked)
    assert _read(deal.shipper.organization, path)["reserve"] == {"amount": RESERVE, "left": None}
    assert "reserve" not in _read(deal.carrier.organization, path)
    assert "reserve" not in _read(_agent(deal), path)


def test_a_shipper_whose_load_a_broker_sells_reads_no_reserve_and_nor_does_the_broker(deal: Deal) -> None:
    broker = make_organization("Bison Brokerage", brokers=True)
    Load.objects.filter(pk=deal.load.pk).update(seller=broker, shipper_rate_cents=2_600_00)
    for who in (deal.shipper.organization, broker):
        assert "reserve" not in _read(who, f"/loads/{deal.load.public_id}/benchmark")


def test_anothers_reserve_moves_no_etag(deal: Deal) -> None:
    thread = offer_by(deal.carrier, deal.leg, deal.load, 2_500).thread
    path = f"/threads/{thread.public_id}/benchmark"
    before = _read(deal.carrier.organization, path)["etag"]
    Load.objects.filter(pk=deal.load.pk).update(reserve_cents=1_00)
    assert _read(deal.carrier.organization, path)["etag"] == before


def test_strangers_and_junk_are_refused(deal: Deal) -> None:
    thread = Thread.objects.get(pk=offer_by(deal.carrier, deal.leg, deal.load, 2_500).thread.pk)
    rival = ApiClient(deal.rival.organization)
    assert rival.get(f"/api/v1/threads/{thread.public_id}/benchmark").status_code == 404
    junk = rival.get(f"/api/v1/loads/{deal.load.public_id}/benchmark?leg=nonsense")
    assert (junk.status_code, junk.json()["errors"][0]["parameter"]) == (400, "leg")
    narrow = ApiClient(deal.carrier.organization, scopes=["loads:read"])
    assert narrow.get(f"/api/v1/loads/{deal.load.public_id}/benchmark").status_code == 403
    assert narrow.get(f"/api/v1/threads/{thread.public_id}/benchmark").status_code == 403
