"""Pages of papers: what each party reads, signs, compares, proposes and answers."""

import io
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from brokers.models import Agreement, Amendment, Booking, RateConfirmation, RecordRequest, Signature, TransactionRecord
from brokers.services.records import write_record
from foundation.accounts.models import Organization
from foundation.events.models import AuditEntry, FeedEntry
from tests.brokers.booked import claim, going_home, open_load
from tests.brokers.papers import make_booking
from tests.brokers.test_confirmation_documents import change_the_document, made
from tests.builders import make_organization, make_person, now

pytestmark = pytest.mark.usefixtures("db", "empty_cache")


def client_of(organization: Organization, role: str = "owner") -> Client:
    client = Client()
    client.force_login(make_person(organization, role, full_name="Ana Ruiz"))
    return client


def page(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.content[:400]
    return answer.content.decode()


@pytest.fixture
def sold() -> Booking:
    broker = make_organization("Lakeside Brokers", brokers=True, ships=False)
    booking = make_booking(broker=broker, rate_cents=2_412_34, shipper_rate_cents=2_956_78)
    made(booking)
    write_record(booking=booking, now=now())
    return booking


def paper_of(booking: Booking, agreement: str = "carriage") -> RateConfirmation:
    return RateConfirmation.objects.get(booking=booking, agreement=agreement, superseded_at__isnull=True)


def test_a_side_reads_downloads_signs_and_sees_it(sold: Booking) -> None:
    paper, client = paper_of(sold), client_of(sold.carrier)
    path = f"/rate-confirmations/{paper.public_id}/"
    body = page(client, path)
    for words in (paper.number, paper.sha256, "Verified", "$2,412.34", "11 Dock Road", "Call two hours ahead."):
        assert words in body
    assert "2,956.78" not in body
    assert "Cascade" not in body
    document = client.get(f"{path}document.pdf?download=1")
    assert (document["Content-Type"], document["X-Content-Type-Options"]) == ("application/pdf", "nosniff")
    assert document["Content-Disposition"] == f'attachment; filename="{paper.number}.pdf"'
    assert "no-store" in document["Cache-Control"]
    assert document.content.startswith(b"%PDF-")
    wrong = client.post(f"{path}sign/", {"sha256": "0" * 64, "name": "Ana Ruiz"})
    assert (wrong.status_code, b"not the document that stands here" in wrong.content) == (409, True)
    assert client.post(f"{path}sign/", {"sha256": paper.sha256, "name": ""}).status_code == 422
    signed = client.post(f"{path}sign/", {"sha256": paper.sha256, "name": "Ana Ruiz"})
    assert signed.status_code == 302
    assert Signature.objects.get().address == "127.0.0.1"
    assert "from 127.0.0.1" in page(client, path)
    assert 'name="sha256" value' not in page(client, path)


def test_a_copy_is_compared_by_file_or_hash(sold: Booking) -> None:
    paper, client = paper_of(sold), client_of(sold.seller)
    path = f"/rate-confirmations/{paper.public_id}/"

    def said(**fields: Any) -> tuple[int, str]:
        answer = client.post(f"{path}verify/", fields)
        return answer.status_code, answer.content.decode()

    pdf = bytes(paper.document.pdf)
    assert "Yes: that is this document, unchanged." in said(file=io.BytesIO(pdf))[1]
    assert "Yes: that is this document" in said(sha256=f"  {paper.sha256.upper()} ")[1]
    assert "That is not this document" in said(file=io.BytesIO(pdf + b" "))[1]
    sale = paper_of(sold, Agreement.SALE)
    assert f'that is <a href="/rate-confirmations/{sale.public_id}/"' in said(sha256=sale.sha256)[1]
    assert said(sha256="abc")[0] == 422
    assert said()[0] == 422


def test_a_changed_document_says_so_loudly_and_offers_no_signature(sold: Booking) -> None:
    paper = paper_of(sold)
    change_the_document(paper)
    body = page(client_of(sold.carrier), f"/rate-confirmations/{paper.public_id}/")
    assert "This document does not verify. Do not rely on it." in body
    assert "Verified" not in body
    assert "You accept this" not in body
    assert 'id="signer"' not in body


def test_each_party_finds_its_own_papers_at_the_booking_and_nothing_of_the_others(sold: Booking) -> None:
    path = f"/bookings/{sold.public_id}/papers/"
    carrier, shipper, broker = (page(client_of(each), path) for each in (sold.carrier, sold.shipper, sold.seller))
    assert ("2,412.34" in carrier, "2,956.78" in carrier) == (True, False)
    assert ("2,412.34" in shipper, "2,956.78" in shipper) == (False, True)
    assert ("2,412.34" in broker, "2,956.78" in broker) == (True, True)
    assert "Ask for the broker’s transaction record" in carrier
    assert f"/transaction-records/{TransactionRecord.objects.get().public_id}/" in broker
    page(client_of(make_organization("Rival")), path, 404)
    assert page(client_of(sold.carrier), "/rate-confirmations/").count("RC-") == 1


def test_a_margin_is_open_only_where_its_broker_chose_so(sold: Booking) -> None:
    path = f"/bookings/{sold.public_id}/papers/"
    assert "544.44" not in page(client_of(sold.carrier), path) + page(client_of(sold.shipper), path)
    Organization.objects.filter(pk=sold.seller_id).update(shows_margin=True)
    for side in (sold.carrier, sold.shipper):
        assert 'shows its margin openly: <span class="tabular"><strong>$544.44' in page(client_of(side), path)


def test_a_party_asks_for_the_record_with_a_reason_and_it_is_logged_and_told(sold: Booking) -> None:
    path, client = f"/bookings/{sold.public_id}/record/", client_of(sold.carrier)
    assert "544.44" not in page(client, path)
    assert client.post(path, {"reason": " "}).status_code == 422
    assert client.post(path, {"reason": "Our auditor asks."}).status_code == 302
    body = page(client, path)
    assert "$544.44" in body
    assert "Our auditor asks." in body
    asked = RecordRequest.objects.get()
    assert (asked.organization, asked.given["compensation"]["amount"]) == (sold.carrier, "544.44")
    entries = AuditEntry.objects.filter(action="record.asked").values_list("organization_id", flat=True)
    assert set(entries) == {sold.carrier.public_id, sold.seller.public_id}
    told = FeedEntry.objects.get(event__name="record.asked")
    assert (told.organization_id, told.payload["reason"]) == (sold.seller.public_id, "Our auditor asks.")
    assert "544.44" not in page(client_of(sold.shipper), path)
    assert client_of(sold.carrier, "viewer").post(path, {"reason": "I look"}).status_code == 403
    page(client_of(make_organization("Rival")), path, 404)


def test_a_broker_reads_and_completes_its_own_record_alone(sold: Booking) -> None:
    record, client = TransactionRecord.objects.get(), client_of(sold.seller)
    path = f"/transaction-records/{record.public_id}/"
    assert "$544.44" in page(client, path)
    assert "$544.44" in page(client, "/transaction-records/")
    entered = {
        "version": 1,
        "freight_bill_number": "PRO 88",
        "collected_cents": "2956.78",
        "collected_on": "2026-12-01",
    }
    assert client.post(path, entered).status_code == 302
    assert client.post(path, entered).status_code == 409
    record.refresh_from_db()
    assert (record.freight_bill_number, record.collected_cents, record.version) == ("PRO 88", 2_956_78, 2)
    page(client_of(sold.carrier), path, 404)
    assert "$544.44" not in page(client_of(sold.carrier), "/transaction-records/")


@pytest.fixture
def booking(straight_roads: None, shipper: Organization, carrier: Organization) -> Booking:
    claim(carrier, open_load(shipper), going_home(carrier))
    return Booking.objects.select_related("shipper", "carrier", "load").get()


def test_a_change_is_proposed_shown_before_and_after_and_accepted(booking: Booking) -> None:
    shipper, carrier = client_of(booking.shipper), client_of(booking.carrier)
    path = f"/bookings/{booking.public_id}/amend/carriage/"
    form = shipper.get(path).context["form"]
    sent = {name: form[name].value() for name in form.fields}
    sent = {name: value for name, value in sent.items() if value is not None and value is not False}
    sent = {
        name: value.strftime("%Y-%m-%dT%H:%M") if isinstance(value, datetime) else value for name, value in sent.items()
    }
    unchanged = shipper.post(path, sent)
    assert unchanged.status_code == 422
    assert "Nothing would change" in unchanged.content.decode(), unchanged.context["form"].errors
    answer = shipper.post(path, sent | {"linehaul_cents": "2500", "load_weight_pounds": "39000", "reason": "More"})
    assert answer.status_code == 302, answer.content
    row = Amendment.objects.get()
    body = page(carrier, f"/amendments/{row.public_id}/")
    for words in ("$2,400.00", "$2,500.00", "38,000 lb", "39,000 lb", "“More”", "Accept the change"):
        assert words in body
    assert "Accept the change" not in page(shipper, f"/amendments/{row.public_id}/")
    assert carrier.post(f"/amendments/{row.public_id}/answer/", {"answer": "perhaps"}).status_code == 422
    accepted = carrier.post(f"/amendments/{row.public_id}/answer/", {"answer": "accept", "version": row.version})
    assert accepted.status_code == 302
    booking.refresh_from_db()
    assert booking.rate_cents == 2_500_00
    assert "no. 1" in page(shipper, f"/bookings/{booking.public_id}/papers/")
    page(client_of(make_organization("Rival")), f"/amendments/{row.public_id}/", 404)
    page(shipper, f"/bookings/{booking.public_id}/amend/sale/", 404)
