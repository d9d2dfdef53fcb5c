"""Rate confirmations: what they say and to whom."""

import json
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from brokers.models import Agreement, Amendment, Booking, RateConfirmation
from brokers.papers.amending import columns_of
from brokers.services.confirmations import issue_confirmation
from brokers.terms import BargainTerms, StopTime, terms_of
from foundation.events.models import AuditEntry
from loads.models import Load
from tests.brokers.papers import make_booking, paper_load
from tests.builders import make_organization, now

pytestmark = pytest.mark.django_db


def test_a_confirmation_says_everything_both_accepted_with_local_times_and_zones() -> None:
    booking = make_booking()
    row = issue_confirmation(booking=booking, actor="system", now=now())
    said = row.content
    assert (row.payer, row.payee) == (booking.shipper, booking.carrier)
    assert said["payee"]["usdot_number"] == "1234567"
    assert said["payee"]["mc_number"] == "765432"
    assert said["terms"]["rate_cents"] == 2_400_00
    assert said["references"]["reference"] == "PO-7741"
    assert said["instructions"] == "Call two hours ahead."
    first = said["stops"][0]
    assert (first["facility"], first["address"], first["zip"]) == ("Lakeside Cold Store", "11 Dock Road", "60601")
    assert first["time_zone"] == "America/Chicago"
    assert first["opens_local"].endswith(("CST", "CDT"))
    assert row.number.startswith("RC-")
    assert row.number.endswith("-1")
    assert row.sha256 == ""
    told = AuditEntry.objects.filter(subject=row.public_id, action="confirmation.issued")
    assert {entry.organization_id for entry in told} == {booking.shipper.public_id, booking.carrier.public_id}


def test_times_that_an_offer_changed_stand_in_the_confirmation() -> None:
    load = paper_load(make_organization("Cascade Foods"))
    stop = load.stops.all()[0]
    agreed = StopTime(sequence=0, opens_at=stop.opens_at, closes_at=stop.closes_at, by_appointment=True)
    terms = BargainTerms(linehaul_cents=1_900_00, fuel_surcharge_cents=300_00, stop_times=(agreed,))
    booking = make_booking(load.organization, load=load, terms=terms)
    said = issue_confirmation(booking=booking, actor="system", now=now()).content
    assert said["stops"][0]["by_appointment"] is True
    assert said["stops"][1]["by_appointment"] is False
    assert said["terms"]["rate_cents"] == 2_200_00


def test_a_brokered_load_has_two_papers_and_neither_holds_the_others_rate_or_party() -> None:
    broker = make_organization("Lakeside Brokers", brokers=True, ships=False)
    booking = make_booking(broker=broker, rate_cents=2_412_34, shipper_rate_cents=2_956_78)
    carriage = issue_confirmation(booking=booking, actor="system", now=now())
    sale = RateConfirmation.objects.get(booking=booking, agreement=Agreement.SALE)
    assert (carriage.payer, carriage.payee) == (broker, booking.carrier)
    assert (sale.payer, sale.payee) == (booking.shipper, broker)
    carriage_text, sale_text = json.dumps(carriage.content), json.dumps(sale.content)
    assert "241234" in carriage_text
    assert "295678" in sale_text
    assert "295678" not in carriage_text
    assert "241234" not in sale_text
    for text in (carriage_text, sale_text):
        assert str(295678 - 241234) not in text
    assert booking.shipper.name not in carriage_text
    assert booking.shipper.public_id not in carriage_text
    assert sale.content["hauled_by"]["usdot_number"] == "1234567"


def test_the_paper_of_a_sale_counts_nothing_that_its_shipper_does_not_read() -> None:
    booking = make_booking(broker=make_organization("Lakeside Brokers", brokers=True, ships=False))
    Load.objects.filter(pk=booking.load_id).update(version=9, seller_edits=4)
    Amendment.objects.create(
        booking=booking,
        subject="carriage",
        number=1,
        status="accepted",
        proposed_for=booking.seller,
        proposed_by_organization=booking.seller,
        proposed_at=now(),
        expires_at=now() + timedelta(hours=1),
        closed_at=now(),
        **columns_of("carriage", terms_of(booking)),
    )
    Booking.objects.filter(pk=booking.pk).update(version=2, load_version=9)
    booking.refresh_from_db()
    carriage = issue_confirmation(booking=booking, actor="system", now=now())
    sale = RateConfirmation.objects.get(booking=booking, agreement=Agreement.SALE)
    for paper, load_version, booking_version in ((carriage, 9, 2), (sale, 5, 1)):
        accepted = paper.content["accepted"]
        assert (accepted["load_version"], accepted["booking_version"]) == (load_version, booking_version)
        assert (paper.load_version, paper.booking_version) == (load_version, booking_version)


def test_an_amended_paper_is_the_next_revision_and_supersedes_the_one_before() -> None:
    booking = make_booking()
    first = issue_confirmation(booking=booking, actor="system", now=now())
    second = issue_confirmation(booking=booking, actor="system", now=now())
    first.refresh_from_db()
    assert first.superseded_at is not None
    assert (second.revision, second.number[-2:]) == (2, "-2")


@pytest.mark.parametrize("change", ["content = '{}'", "number = 'X'", "booking_version = 9", "payer_id = payee_id"])
def test_a_confirmation_never_changes(change: str) -> None:
    row = issue_confirmation(booking=make_booking(), actor="system", now=now())
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE brokers_rateconfirmation SET {change} WHERE id = %s", [row.pk])
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM brokers_rateconfirmation WHERE id = %s", [row.pk])
