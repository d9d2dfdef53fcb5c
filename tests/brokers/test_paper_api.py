"""Papers in the API: confirmations, amendments and transaction records, each to its sides alone."""

from typing import Any

import pytest

from brokers.models import Booking, TransactionRecord
from brokers.services.records import write_record
from foundation.accounts.models import Organization
from tests.brokers.booked import claim, going_home, open_load
from tests.brokers.papers import make_booking
from tests.brokers.test_confirmation_documents import made
from tests.builders import make_organization, now
from tests.rest.clients import ApiClient

pytestmark = pytest.mark.usefixtures("db", "empty_cache")

KEY = {"Idempotency-Key": "k1"}


@pytest.fixture
def sold() -> Booking:
    broker = make_organization("Lakeside Brokers", brokers=True, ships=False)
    booking = make_booking(broker=broker, rate_cents=2_412_34, shipper_rate_cents=2_956_78)
    made(booking)
    write_record(booking=booking, now=now())
    return booking


def test_a_side_lists_reads_signs_and_downloads_its_own_papers(sold: Booking) -> None:
    client = ApiClient(sold.carrier)
    (item,) = client.get(f"/api/v1/rate-confirmations?booking={sold.public_id}").json()["items"]
    assert (item["agreement"], item["rate"]["amount"], item["your_side"]) == ("carriage", "2412.34", "payee")
    path = f"/api/v1/rate-confirmations/{item['id']}"
    whole = client.get(path)
    assert "2956.78" not in whole.content.decode()
    assert "Cascade" not in whole.content.decode()
    pdf = client.get(f"{path}/document", headers={"Accept": "application/pdf"})
    assert (pdf.status_code, pdf["Content-Type"], pdf["ETag"]) == (200, "application/pdf", f'"{item["sha256"]}"')
    body = {"sha256": item["sha256"], "name": "Ana Ruiz"}
    signed = client.post(f"{path}/signature", body, headers=KEY)
    assert signed.status_code == 200, signed.content
    assert signed.json()["signatures"][0]["name"] == "Ana Ruiz"
    assert client.post(f"{path}/signature", body, headers=KEY)["Idempotent-Replayed"] == "true"
    again = client.post(f"{path}/signature", body, headers={"Idempotency-Key": "k2"})
    assert (again.status_code, again.json()["code"]) == (409, "signed_already")
    assert whole["ETag"] != client.get(path)["ETag"]


def test_a_hash_is_compared(sold: Booking) -> None:
    client = ApiClient(sold.seller)
    items = client.get("/api/v1/rate-confirmations").json()["items"]
    first, second = items
    answer = client.post(f"/api/v1/rate-confirmations/{first['id']}/verification", {"sha256": first["sha256"]}).json()
    assert (answer["is_this_document"], answer["stored_document_verifies"], answer["problems"]) == (True, True, [])
    path = f"/api/v1/rate-confirmations/{first['id']}/verification"
    assert client.post(path, {"sha256": second["sha256"]}).json()["other"] == second["id"]
    assert client.post(path, {"sha256": "zz"}).status_code in (400, 422)


def test_a_record_is_given_on_a_request_and_the_list_is_the_brokers(sold: Booking) -> None:
    record = TransactionRecord.objects.get()
    assert (
        ApiClient(sold.seller).get("/api/v1/transaction-records").json()["items"][0]["compensation"]["amount"]
        == "544.44"
    )
    carrier = ApiClient(sold.carrier)
    assert carrier.get("/api/v1/transaction-records").json()["items"] == []
    assert carrier.get(f"/api/v1/transaction-records/{record.public_id}").status_code == 404
    path = f"/api/v1/bookings/{sold.public_id}/record-requests"
    answer = carrier.post(path, {"reason": "Our auditor asks."}, headers=KEY)
    assert answer.status_code == 201, answer.content
    assert answer.json()["records"][0]["compensation"]["amount"] == "544.44"
    stranger = ApiClient(make_organization("Rival"))
    assert stranger.post(path, {"reason": "Curious"}, headers=KEY).status_code == 404


def test_an_amendment_is_proposed_and_accepted(
    straight_roads: None, shipper: Organization, carrier: Organization
) -> None:
    claim(carrier, open_load(shipper), going_home(carrier))
    booking = Booking.objects.get()
    ship, haul = ApiClient(shipper), ApiClient(carrier)
    path = f"/api/v1/bookings/{booking.public_id}/amendments"
    body = {
        "subject": "carriage",
        "terms": {"rate": {"amount": "2500.00", "currency": "USD"}},
        "load": {"weight_pounds": 39_000},
        "version": 1,
    }
    stale = ship.post(path, body | {"version": 7}, headers=KEY)
    assert stale.status_code == 412
    answer = ship.post(path, body, headers=KEY)
    assert answer.status_code == 201, answer.content
    row = answer.json()
    changes = {each["field"]: each["after"] for each in row["changes"]}
    assert (changes["weight_pounds"], changes["rate"]["amount"]) == (39_000, "2500.00")
    assert haul.get("/api/v1/amendments?status=open").json()["items"][0]["waits_for_you"] is True
    accepted = haul.post(f"/api/v1/amendments/{row['id']}/acceptance", {"version": row["version"]}, headers=KEY)
    assert (accepted.status_code, accepted.json()["status"]) == (200, "accepted")
    assert haul.get(f"/api/v1/bookings/{booking.public_id}").json()["rate"]["amount"] == "2500.00"
    late = haul.post(f"/api/v1/amendments/{row['id']}/decline", {}, headers=KEY)
    assert late.status_code == 409
    assert ApiClient(make_organization("Rival")).get(f"/api/v1/amendments/{row['id']}").status_code == 404


def _patch(client: ApiClient, path: str, body: object, etag: str = "") -> Any:
    return client.patch(path, body, content_type="application/json", headers={"If-Match": etag} if etag else {})


def test_a_broker_completes_its_own_record_on_the_version_that_it_read(sold: Booking) -> None:
    broker, path = ApiClient(sold.seller), f"/api/v1/transaction-records/{TransactionRecord.objects.get().public_id}"
    etag = broker.get(path)["ETag"]
    entered = {
        "carrier_address": "100 Main St\nTulsa, OK 74103",
        "freight_bill_number": "BOL-9",
        "collected": {"amount": "2956.78", "currency": "USD"},
        "collected_on": "2026-12-20",
        "carrier_paid_on": "2026-12-18",
    }
    assert _patch(broker, path, entered).status_code == 428
    answer = _patch(broker, path, entered, etag)
    assert answer.status_code == 200, answer.content
    found = answer.json()
    assert found["carrier"]["address"] == entered["carrier_address"]
    assert {name: found[name] for name in entered if name != "carrier_address"} == {
        name: value for name, value in entered.items() if name != "carrier_address"
    }
    assert (found["compensation"]["amount"], found["version"]) == ("544.44", 2)
    assert _patch(broker, path, {"freight_bill_number": "BOL-10"}, etag).status_code == 412
    cleared = _patch(broker, path, {"collected": None, "collected_on": None}, answer["ETag"])
    assert (cleared.json()["collected"], cleared.json()["freight_bill_number"]) == (None, "BOL-9")
    assert cleared["ETag"] == broker.get(path)["ETag"]


def test_what_is_not_the_brokers_to_enter_is_refused_by_the_field_that_was_sent(sold: Booking) -> None:
    broker, path = ApiClient(sold.seller), f"/api/v1/transaction-records/{TransactionRecord.objects.get().public_id}"
    etag = broker.get(path)["ETag"]
    usd = {"amount": "1.00", "currency": "USD"}
    refused = _patch(broker, path, {"compensation": usd}, etag)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/compensation")
    for body in ({"charged": usd}, {"collected_on": "20.12.2026"}, {"collected": 5.5}, {"freight_bill_number": 7}):
        assert _patch(broker, path, body, etag).status_code == 400, body
    assert TransactionRecord.objects.get().version == 1
    for other in (sold.carrier, sold.shipper):
        assert _patch(ApiClient(other), path, {}, etag).status_code == 404
    assert _patch(ApiClient(sold.seller, scopes=["bookings:read"]), path, {}, etag).status_code == 403


def test_an_openly_shown_margin_stands_in_the_booking_for_shipper_and_carrier(sold: Booking) -> None:
    path = f"/api/v1/bookings/{sold.public_id}"
    readers = [ApiClient(each) for each in (sold.carrier, sold.shipper, sold.seller)]
    hidden = [each.get(path) for each in readers]
    assert all("margin" not in each.json() for each in hidden)
    assert all("544.44" not in each.content.decode() for each in hidden[:2])
    Organization.objects.filter(pk=sold.seller_id).update(shows_margin=True)
    shown = [each.get(path).json() for each in readers]
    assert [each.get("margin") for each in shown] == [{"amount": "544.44", "currency": "USD"}] * 2 + [None]
