"""The 371.3 record: what it holds, how long it is kept, who reads it."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from brokers.contentions.queries import contention_of
from brokers.models import Booking, Contention, RecordRequest, TransactionRecord
from brokers.services.acceptance import accept_offer
from brokers.services.cancelling import cancel_booking
from brokers.services.contending import answer_contention
from brokers.services.record_requests import ask_for_record
from brokers.services.records import write_record
from brokers.services.tenders import tender_load
from brokers.terms import BargainTerms
from foundation.accounts.models import Organization, RelationshipKind
from foundation.events.models import FeedEntry
from foundation.trade import clock
from foundation.trade.errors import NotFound
from loads.models import Load
from loads.services import sell_load
from tests.brokers.bargains import make_deal, offer_by, terms
from tests.brokers.booked import claim, going_home, local_load, open_load
from tests.brokers.papers import make_booking
from tests.brokers.test_bundles import back_load, bundle
from tests.builders import make_actor, make_organization, make_record, make_relationship, make_truck, now
from tests.matching.conftest import sign_in
from tests.rest.clients import ApiClient

__all__ = ["sign_in"]

pytestmark = pytest.mark.django_db


def brokered(**columns: object) -> Booking:
    broker = make_organization("Lakeside Brokers", brokers=True, ships=False)
    return make_booking(broker=broker, rate_cents=2_412_34, shipper_rate_cents=2_956_78, **columns)


def test_a_sale_writes_its_record_with_the_margin_and_who_paid_it() -> None:
    booking = brokered()
    (record,) = write_record(booking=booking, now=now())
    assert record.broker == booking.seller
    assert record.consignor_name == "Cascade Foods"
    assert record.consignor_address == "Lakeside Cold Store, 11 Dock Road, Chicago, IL 60601"
    assert (record.carrier_name, record.carrier_usdot_number) == ("Ruiz Trucking", "1234567")
    assert record.freight_bill_number == "PO-7741"
    assert (record.charged_cents, record.carrier_pay_cents) == (2_956_78, 2_412_34)
    assert record.compensation_cents == 544_44
    assert record.compensation_paid_by == "Cascade Foods"
    assert record.keep_until >= booking.load.delivery_closes_at + timedelta(days=3 * 365)


def test_the_carriers_address_is_that_of_the_federal_record() -> None:
    booking = brokered()
    make_record(booking.carrier, address="100 MAIN ST, TULSA, OK 74103")
    (record,) = write_record(booking=booking, now=now())
    assert record.carrier_address == "100 MAIN ST, TULSA, OK 74103"


def test_a_load_that_no_broker_touched_has_no_record() -> None:
    assert write_record(booking=make_booking(), now=now()) == []


def test_a_broker_that_acted_for_a_side_has_a_record_whose_earnings_are_its_own_to_enter() -> None:
    agent = make_organization("Two Rivers Agency", brokers=True, ships=False)
    (record,) = write_record(booking=make_booking(booked_by_organization=agent), now=now())
    assert (record.broker, record.basis, record.compensation_cents) == (agent, "representation", None)


def test_writing_again_keeps_what_the_broker_entered() -> None:
    booking = brokered()
    (record,) = write_record(booking=booking, now=now())
    TransactionRecord.objects.filter(pk=record.pk).update(freight_bill_number="PRO 88", collected_cents=2_956_78)
    Booking.objects.filter(pk=booking.pk).update(shipper_rate_cents=3_000_00)
    booking.refresh_from_db()
    (again,) = write_record(booking=booking, now=now())
    assert again.pk == record.pk
    assert (again.freight_bill_number, again.collected_cents) == ("PRO 88", 2_956_78)
    assert again.compensation_cents == 3_000_00 - 2_412_34
    assert again.version == 2


def test_a_record_is_not_deleted_before_its_three_years_are_over_and_may_be_after() -> None:
    (record,) = write_record(booking=brokered(), now=now())
    RecordRequest.objects.create(
        record=record, organization=record.broker, asked_by="person", reason="x", given={}, asked_at=now()
    )
    for table in ("brokers_recordrequest", "brokers_transactionrecord"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table}")
    with pytest.raises(IntegrityError), transaction.atomic():
        TransactionRecord.objects.filter(pk=record.pk).update(keep_until=now())
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE brokers_transactionrecord DISABLE TRIGGER records_are_kept")
        cursor.execute(
            "UPDATE brokers_transactionrecord SET written_at = %s, keep_until = %s",
            [now() - timedelta(days=1200), now() - timedelta(days=1)],
        )
        cursor.execute("ALTER TABLE brokers_transactionrecord ENABLE TRIGGER records_are_kept")
        cursor.execute("DELETE FROM brokers_recordrequest")
        cursor.execute("DELETE FROM brokers_transactionrecord")
    assert not TransactionRecord.objects.exists()


@pytest.mark.parametrize(
    ("reason", "agrees", "charged"),
    [("load_not_ready", True, 311_17), ("load_not_ready", False, 0), ("other", None, 0)],
    ids=["the shipper agrees", "the shipper disputes", "the broker's own"],
)
def test_of_what_fell_through_the_shipper_owes_the_tonu_of_its_sale_once_it_agrees_that_the_load_was_not_ready(
    straight_roads: None, reason: str, agrees: bool | None, charged: int
) -> None:
    deal = make_deal()
    broker = make_actor(make_organization("Lakeside Brokers", brokers=True))
    tender = tender_load(
        actor=broker, load_id=deal.load.public_id, terms=terms(deal.load, 2_900, tonu_cents=311_17), load_version=1
    )
    load = accept_offer(actor=deal.shipper, offer_id=tender.public_id, number=1, load_version=1)
    assert isinstance(load, Load)
    offer = offer_by(deal.carrier, deal.leg, load, terms=terms(load, 2_300, tonu_cents=250_00))
    booking = accept_offer(actor=broker, offer_id=offer.public_id, number=1, load_version=load.version)
    cancel_booking(actor=broker, booking_id=booking.public_id, version=1, reason=reason, note="The mill stood still.")
    record = TransactionRecord.objects.get()
    assert (record.charged_cents, record.carrier_pay_cents) == (0, 250_00)
    assert (record.compensation_cents, record.compensation_paid_by) == (-250_00, "")
    assert (record.fell_through_because, record.fell_through_for) == (reason, "Lakeside Brokers")
    if agrees is not None:
        asked = Contention.objects.get()
        assert (asked.agreement, asked.asked, asked.cents) == ("sale", deal.shipper.organization, 311_17)
        with pytest.raises(NotFound):
            contention_of(deal.carrier.organization, asked.public_id, now())
        answer = {"version": 1, "agrees": agrees, "answer": "" if agrees else "It stood on the dock."}
        answer_contention(actor=deal.shipper, contention_id=asked.public_id, **answer)
        record.refresh_from_db()
        (said,) = record.contentions
        assert (said["note"], said["answer"]) == ("The mill stood still.", answer["answer"])
        assert (said["claimant"], said["answered_by"]) == ("Lakeside Brokers", "Prairie Paper")
    assert (record.charged_cents, record.carrier_pay_cents) == (charged, 250_00)
    assert record.compensation_cents == charged - 250_00
    assert record.fell_through_at is not None
    heard = FeedEntry.objects.exclude(organization_id=broker.organization.public_id)
    assert not any("311.17" in json.dumps(entry.payload) for entry in heard.filter(event__name="booking.cancelled"))


@pytest.mark.usefixtures("straight_roads", "empty_cache")
def test_a_bundle_writes_a_record_of_each_load_that_was_sold_with_its_own_figures() -> None:
    carrier, broker = make_organization("Ruiz Trucking", hauls=True), make_organization("Lakeside", brokers=True)
    outbound, back = local_load(make_organization("Cascade Foods")), back_load(make_organization("Prairie Paper"))
    for load, charged, paid in ((outbound, 1_000_00, 800_00), (back, 900_00, 950_00)):
        sell_load(load=load, seller=broker, shipper_rate_cents=charged, actor="system", now=now())
        Load.objects.filter(pk=load.pk).update(rate_cents=paid, book_now=True)
        load.refresh_from_db()
    bundle(carrier, make_truck(carrier), outbound, back)
    figures = {
        record.consignor_name: (record.charged_cents, record.carrier_pay_cents, record.compensation_cents)
        for record in TransactionRecord.objects.all()
    }
    assert figures == {
        "Cascade Foods": (1_000_00, 800_00, 200_00),
        "Prairie Paper": (900_00, 950_00, -50_00),
    }
    cancel_booking(
        actor=make_actor(carrier), booking_id=back.bookings.get().public_id, version=None, reason="truck_broke_down"
    )
    fell = TransactionRecord.objects.get(consignor_name="Prairie Paper")
    assert (fell.charged_cents, fell.carrier_pay_cents, fell.compensation_cents) == (0, 0, 0)
    stands = TransactionRecord.objects.get(consignor_name="Cascade Foods")
    assert (stands.charged_cents, stands.compensation_cents) == (1_000_00, 200_00)


@pytest.mark.usefixtures("straight_roads", "empty_cache")
def test_who_acted_for_a_side_reads_nothing_of_what_shipper_and_broker_contend(
    monkeypatch: pytest.MonkeyPatch, sign_in: Callable[..., Client]
) -> None:
    shipper, carrier = make_organization("Cascade Foods"), make_organization("Ruiz Trucking", hauls=True)
    broker = make_organization("Lakeside Brokers", brokers=True)
    agents = [make_organization(name, brokers=True) for name in ("Two Rivers Agency", "Hill Agency")]
    for side, agent in zip((carrier, broker), agents, strict=True):
        make_relationship(side, agent, RelationshipKind.REPRESENTS)
    load = open_load(shipper, rate_cents=None)
    sell_load(load=load, seller=broker, shipper_rate_cents=2_956_78, actor="system", now=now())
    Load.objects.filter(pk=load.pk).update(rate_cents=2_412_34, book_now=True, tonu_cents=250_00)
    load.refresh_from_db()
    claim(carrier, load, going_home(carrier, hours=240), actor=make_actor(agents[0]))
    booking = Booking.objects.get()
    monkeypatch.setattr(
        "brokers.services.contending.sale_terms", lambda booking: BargainTerms(linehaul_cents=0, tonu_cents=333_33)
    )
    late = max(load.first_stop.closes_at, booking.tour_stops.order_by("sequence")[0].arrives_at) + timedelta(hours=3)
    monkeypatch.setattr(clock, "now", lambda: late)
    cancel_booking(actor=make_actor(carrier), booking_id=booking.public_id, version=1, reason="load_not_ready")
    of_carriage = Contention.objects.get()
    answer_contention(
        actor=make_actor(broker), contention_id=of_carriage.public_id, version=1, agrees=True, answer="Carriage-said"
    )
    kept = TransactionRecord.objects.get(basis="representation")
    assert [each["answer"] for each in kept.contentions] == ["Carriage-said"]
    of_sale = Contention.objects.get(agreement="sale")
    monkeypatch.setattr(clock, "now", lambda: late + timedelta(hours=1))
    answer_contention(
        actor=make_actor(shipper), contention_id=of_sale.public_id, version=1, agrees=True, answer="Sale-said"
    )

    again = TransactionRecord.objects.get(basis="representation")
    assert (again.version, again.updated_at, again.contentions) == (kept.version, kept.updated_at, kept.contentions)
    assert [each["agreement"] for each in TransactionRecord.objects.get(basis="sale").contentions] == [
        "carriage",
        "sale",
    ]
    paths = ["/api/v1/transaction-records", f"/api/v1/bookings/{booking.public_id}"]
    pages = [f"/transaction-records/{kept.public_id}/", f"/bookings/{booking.public_id}/"]
    for agent in agents:
        read = [ApiClient(agent).get(path) for path in [*paths, f"{paths[0]}/{kept.public_id}"]]
        read += [sign_in(agent).get(path) for path in pages]
        assert any("Carriage-said" in each.content.decode() for each in read)
        for each in read:
            assert not any(secret in each.content.decode() for secret in ("Sale-said", "333.33", "2956.78", "2,956.78"))
    given = [request.given["basis"] for request in ask(shipper, booking)]
    assert given == ["sale"], "it is no side of the carriage"
    assert [request.given["basis"] for request in ask(carrier, booking)] == ["sale", "representation"]


def ask(party: Organization, booking: Booking) -> list[RecordRequest]:
    """Let a party ask for the records of a booking."""
    return ask_for_record(actor=make_actor(party), booking_id=booking.public_id, reason="Our auditor asks.")
