"""Papers in a browser, on a desk and on a phone: signed, compared, changed and asked for."""

from typing import Any

import pytest
from django.db import transaction
from playwright.sync_api import expect

from brokers.models import RateConfirmation, TransactionRecord
from brokers.services.amendments import propose_amendment
from brokers.services.records import write_record
from brokers.terms import BargainTerms
from tests.brokers.papers import make_booking
from tests.brokers.test_confirmation_documents import change_the_document, made
from tests.browser.visits import visit
from tests.browser.watched import picture
from tests.builders import make_actor, make_organization, now

__all__ = ["visit"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_paper_is_read_compared_signed_changed_and_its_record_asked_for(visit: Any) -> None:
    broker = make_organization("Lakeside Brokers", brokers=True, ships=False)
    booking = make_booking(broker=broker)
    with transaction.atomic():
        paper = made(booking)
        write_record(booking=booking, now=now())
    propose_amendment(
        actor=make_actor(broker),
        booking_id=booking.public_id,
        subject="carriage",
        terms=BargainTerms(linehaul_cents=2_500_00, tonu_cents=150_00, payment_days=21),
        reason="The mill asked for a day more.",
        confirmed=True,
    )
    page = visit(booking.carrier)
    page.goto(f"/bookings/{booking.public_id}/")
    expect(page.get_by_text(paper.number)).to_be_visible()
    picture(page, "booking")
    page.get_by_role("link", name=paper.number).click()
    expect(page.get_by_text("Verified: it is unchanged")).to_be_visible()
    picture(page, "confirmation")
    page.get_by_label("or its SHA-256").fill("0" * 64)
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_text("That is not this document")).to_be_visible()
    page.get_by_role("button", name="Sign").click()
    expect(page.get_by_text("Ana Ruiz for Ruiz Trucking")).to_be_visible()
    page.goto(f"/bookings/{booking.public_id}/papers/")
    page.get_by_role("link", name="Carriage, no. 1").click()
    expect(page.get_by_role("button", name="Accept the change")).to_be_visible()
    picture(page, "amendment")
    page.get_by_role("button", name="Accept the change").click()
    expect(page.get_by_text("The new rate confirmation")).to_be_visible()
    page.goto(f"/bookings/{booking.public_id}/amend/freight/")
    expect(page.get_by_label("Weight")).to_be_visible()
    picture(page, "amend")
    page.goto(f"/bookings/{booking.public_id}/record/")
    page.get_by_label("Why you ask").fill("Our auditor asks.")
    page.get_by_role("button", name="Ask for the record").click()
    expect(page.get_by_text("$400.00")).to_be_visible()  # $2,900.00 less the amended $2,500.00
    picture(page, "record-asked")
    page.goto("/rate-confirmations/")
    picture(page, "confirmations")
    desk = visit(broker)
    desk.goto(f"/transaction-records/{TransactionRecord.objects.get().public_id}/")
    expect(desk.get_by_text("Our auditor asks.")).to_be_visible()
    picture(desk, "record")


def test_a_changed_document_is_red_and_cannot_be_signed(visit: Any) -> None:
    booking = make_booking()
    with transaction.atomic():
        change_the_document(made(booking))
    page = visit(booking.carrier)
    page.goto(f"/rate-confirmations/{RateConfirmation.objects.get().public_id}/")
    expect(page.get_by_text("This document does not verify. Do not rely on it.")).to_be_visible()
    expect(page.get_by_role("button", name="Sign")).to_have_count(0)
    picture(page, "changed")
