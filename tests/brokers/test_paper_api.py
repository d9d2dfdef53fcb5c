"""Papers in the API: confirmations, amendments and transaction records, each to its sides alone."""

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
