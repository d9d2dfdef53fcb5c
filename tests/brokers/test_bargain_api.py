"""A negotiation over REST: opened, countered, accepted, declined, withdrawn, left; and what is refused how."""

from typing import Any

import pytest

from brokers.models import Booking, Offer
from tests.brokers.bargains import Deal, make_deal, offer_by, terms
from tests.brokers.test_private_edits import edit
from tests.builders import make_organization
from tests.matching.market import run
from tests.rest.clients import ApiClient

pytestmark = pytest.mark.usefixtures("empty_cache")


@pytest.fixture
def deal(db: None) -> Deal:
    return make_deal()


def _usd(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


class Caller(ApiClient):
    """A client that gives each POST an Idempotency-Key of its own."""

    _count = 0

    def send(self, path: str, data: Any = None, key: str = "") -> Any:
        Caller._count += 1
        return self.post(f"/api/v1{path}", data, headers={"Idempotency-Key": key or f"key-{Caller._count}"})

    def read(self, path: str) -> Any:
        return self.get(f"/api/v1{path}")


@pytest.fixture
def carrier(deal: Deal) -> Caller:
    return Caller(deal.carrier.organization)


@pytest.fixture
def shipper(deal: Deal) -> Caller:
    return Caller(deal.shipper.organization)


def _open(carrier: Caller, deal: Deal, **fields: Any) -> Any:
    body = {"truck": deal.leg.truck.public_id, "leg": deal.leg.public_id, "rate": _usd("2300.00"), "load_version": 1}
    return carrier.send(f"/loads/{deal.load.public_id}/offers", body | fields)


def test_a_negotiation_goes_from_the_first_offer_to_the_booking(deal: Deal, carrier: Caller, shipper: Caller) -> None:
    opened = _open(carrier, deal)
    assert opened.status_code == 201, opened.content
    first = opened.json()
    assert opened["Location"].endswith(f"/api/v1/offers/{first['id']}")
    assert (first["number"], first["rate"], first["status"], first["is_yours"]) == (1, _usd("2300.00"), "live", True)
    assert [time["sequence"] for time in first["stop_times"]] == [0, 1]

    thread = shipper.read(f"/threads/{first['thread']}").json()
    assert thread["your_side"] == "seller"
    assert thread["waits_for_you"] is True
    assert thread["taker"]["contact_name"] == "Rosa Ruiz"
    assert "number" not in thread["truck"]
    assert thread["next_terms"]["on_number"] == 1

    body = {"linehaul": _usd("2150.00"), "fuel_surcharge": _usd("200.00"), "payment_days": 21, "on_number": 1}
    countered = shipper.send(f"/offers/{first['id']}/counters", body | {"load_version": 1})
    assert countered.status_code == 201, countered.content
    second = countered.json()
    changed = {each["field"]: (each["before"], each["after"]) for each in second["changes"]}
    assert changed["rate"] == (_usd("2300.00"), _usd("2350.00"))
    assert changed["payment_days"] == (30, 21)

    accepted = carrier.send(f"/offers/{second['id']}/acceptance", {"number": 2, "load_version": 1})
    assert accepted.status_code == 200, accepted.content
    assert accepted.json()["status"] == "accepted"
    assert accepted.json()["booking"] == Booking.objects.get().public_id
    listed = carrier.read("/threads?status=agreed").json()["items"]
    assert [each["id"] for each in listed] == [first["thread"]]
    assert listed[0]["etag"] == carrier.read(f"/threads/{first['thread']}")["ETag"]
    assert carrier.read("/threads?status=open").json()["items"] == []


def test_the_same_key_makes_one_offer(deal: Deal, carrier: Caller) -> None:
    body = {"leg": deal.leg.public_id, "rate": _usd("2300.00"), "load_version": 1}
    answers = [carrier.send(f"/loads/{deal.load.public_id}/offers", body, key="once") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[1]["Idempotent-Replayed"] == "true"
    assert Offer.objects.count() == 1
    assert carrier.post(f"/api/v1/loads/{deal.load.public_id}/offers", body).status_code == 400


def test_refusals_point_to_the_field_that_was_sent(deal: Deal, carrier: Caller) -> None:
    refused = _open(carrier, deal, rate=_usd("0.00"), payment_days=121, expires_in_minutes=4)
    assert refused.status_code == 422
    assert [each["pointer"] for each in refused.json()["errors"]] == ["/rate", "/payment_days", "/expires_in_minutes"]
    asked = _open(carrier, deal, rate=_usd("31000.00"))
    assert [each["code"] for each in asked.json()["errors"]] == ["needs_confirmation"]
    assert _open(carrier, deal, rate=_usd("31000.00"), confirmed=True).status_code == 201
    for body in ({"rate": _usd("1.00"), "linehaul": _usd("1.00")}, {"fuel_surcharge": _usd("1.00")}):
        path = f"/loads/{deal.load.public_id}/offers"
        answer = carrier.send(path, {"leg": deal.leg.public_id, "load_version": 1, **body})
        assert answer.status_code == 400, answer.content


def test_decline_withdrawal_and_leaving(deal: Deal, carrier: Caller, shipper: Caller) -> None:
    first = _open(carrier, deal).json()
    assert shipper.send(f"/offers/{first['id']}/withdrawal").status_code == 409
    assert carrier.send(f"/offers/{first['id']}/withdrawal").json()["status"] == "withdrawn"
    counter = {"rate": _usd("2200.00"), "on_number": 1, "load_version": 1}
    second = shipper.send(f"/offers/{first['id']}/counters", counter).json()
    declined = carrier.send(f"/offers/{second['id']}/decline", {"reason": "Too little"})
    assert (declined.json()["status"], declined.json()["reason"]) == ("declined", "Too little")
    left = carrier.send(f"/threads/{first['thread']}/withdrawal")
    assert left.status_code == 409
    again = _open(carrier, deal).json()
    assert carrier.send(f"/threads/{again['thread']}/withdrawal").json()["status"] == "withdrawn"


def test_a_stale_acceptance_is_a_409_that_says_what_stands(deal: Deal, carrier: Caller, shipper: Caller) -> None:
    first = _open(carrier, deal).json()
    shipper.send(f"/offers/{first['id']}/counters", {"rate": _usd("2350.00"), "on_number": 1, "load_version": 1})
    stale = shipper.send(f"/offers/{first['id']}/acceptance", {"number": 1, "load_version": 1})
    assert stale.status_code == 409
    assert stale.json()["code"] == "offer_countered"
    assert "What stands now is offer 2 of $2,350.00 by Prairie Paper" in stale.json()["detail"]
    own = carrier.send(f"/offers/{first['id']}/acceptance", {"number": 1, "load_version": 1})
    assert (own.status_code, own.json()["code"]) == (409, "own_offer")


def test_strangers_find_nothing_and_the_seller_may_offer_first(deal: Deal, shipper: Caller) -> None:
    rival = Caller(deal.rival.organization)
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    for path in (f"/threads/{offer.thread.public_id}", f"/offers/{offer.public_id}"):
        assert rival.read(path).status_code == 404
    for verb in ("counters", "acceptance", "decline", "withdrawal"):
        bodies = {"counters": {"rate": _usd("1.00"), "on_number": 1, "load_version": 1}}
        bodies["acceptance"] = {"number": 1, "load_version": 1}
        assert rival.send(f"/offers/{offer.public_id}/{verb}", bodies.get(verb)).status_code == 404
    assert rival.read("/threads").json()["items"] == []
    body = {"side": "seller", "leg": deal.rival_leg.public_id, "rate": _usd("2100.00"), "load_version": 1}
    invited = shipper.send(f"/loads/{deal.load.public_id}/offers", body)
    assert invited.status_code == 201, invited.content
    assert rival.read(f"/offers/{invited.json()['id']}").json()["is_yours"] is False


def test_a_broker_tenders_over_rest_and_sells_from_then_on(deal: Deal, shipper: Caller) -> None:
    broker = Caller(make_organization("Lakeside Brokers", brokers=True))
    body = {"rate": _usd("2650.00"), "load_version": 1}
    tender = broker.send(f"/loads/{deal.load.public_id}/tenders", body)
    assert tender.status_code == 201, tender.content
    assert broker.read("/threads?kind=tender").json()["items"][0]["truck"] is None
    accepted = shipper.send(f"/offers/{tender.json()['id']}/acceptance", {"number": 1, "load_version": 1})
    assert accepted.status_code == 200, accepted.content
    assert accepted.json()["booking"] is None
    deal.load.refresh_from_db()
    assert deal.load.shipper_rate_cents == terms(deal.load, 2_650).rate_cents


def test_the_version_to_name_is_read_where_the_load_is_and_moves_with_what_is_dealt_on_alone(
    deal: Deal, carrier: Caller
) -> None:
    path = f"/loads/{deal.load.public_id}"
    run(deal.leg)

    def seen() -> set[int]:
        (listed,) = carrier.read("/loads?scope=market").json()["items"]
        (match,) = carrier.read("/matches").json()["items"]
        return {listed["version"], carrier.read(path).json()["version"], match["load"]["version"]}

    assert seen() == {1}
    edit(deal, private_notes="Ours.", reference="PO 9")
    assert seen() == {1}
    edit(deal, weight_pounds=30_000)
    run(deal.leg)
    assert seen() == {2}
    assert _open(carrier, deal).json()["code"] == "load_changed"
    assert _open(carrier, deal, load_version=seen().pop()).status_code == 201


def test_a_linehaul_alone_keeps_the_fuel_surcharge_and_a_rate_alone_is_all_in(
    deal: Deal, carrier: Caller, shipper: Caller
) -> None:
    path, start = f"/loads/{deal.load.public_id}/offers", {"leg": deal.leg.public_id, "load_version": 1}
    opened = carrier.send(path, start | {"linehaul": _usd("2000.00"), "fuel_surcharge": _usd("400.50")}).json()
    counter = {"linehaul": _usd("1900.00"), "on_number": 1, "load_version": 1}
    second = shipper.send(f"/offers/{opened['id']}/counters", counter).json()
    assert (second["linehaul"], second["fuel_surcharge"], second["rate"]) == tuple(
        map(_usd, ("1900.00", "400.50", "2300.50"))
    )
    assert "fuel_surcharge" not in {each["field"] for each in second["changes"]}
    counter = {"rate": _usd("2350.00"), "on_number": 2, "load_version": 1}
    third = carrier.send(f"/offers/{second['id']}/counters", counter).json()
    assert (third["linehaul"], third["fuel_surcharge"]) == (_usd("2350.00"), _usd("0.00"))


def test_a_replayed_acceptance_asks_for_the_same_scopes_as_the_first(
    deal: Deal, carrier: Caller, shipper: Caller
) -> None:
    offer = _open(carrier, deal).json()
    path, body = f"/offers/{offer['id']}/acceptance", {"number": 1, "load_version": 1}
    books_only = Caller(deal.shipper.organization, scopes=["bookings:write"])
    assert books_only.send(path, body, key="yes").status_code == 403
    assert shipper.send(path, body, key="yes").status_code == 200
    assert shipper.send(path, body, key="yes")["Idempotent-Replayed"] == "true"
    refused = books_only.send(path, body, key="yes")
    assert refused.status_code == 403
    assert "2300" not in refused.content.decode()
