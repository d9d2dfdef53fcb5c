"""Withdrawing what one said of a cancellation, in a browser, while the other side has the question open."""

from typing import Any

import pytest
from django.db import transaction
from playwright.sync_api import expect

from brokers.models import Agreement, Booking, CancelReason, Contention
from brokers.services.contending import ANSWER_WITHIN
from foundation.accounts.services.payments import PaymentTerms, set_payment_account
from tests.brokers.papers import make_booking
from tests.brokers.test_confirmation_documents import made
from tests.browser.visits import visit
from tests.browser.watched import picture
from tests.builders import make_actor, make_organization, now

__all__ = ["visit"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def _fallen_through() -> tuple[Booking, Contention]:
    booking = make_booking()
    moment = now()
    columns = {"status": "cancelled", "cancelled_at": moment, "cancelled_for": booking.carrier}
    note = "Nobody at the dock until noon."
    Booking.objects.filter(pk=booking.pk).update(cancel_reason="load_not_ready", cancel_note=note, **columns)
    booking.refresh_from_db()
    said = Contention.objects.create(
        booking=booking,
        agreement=Agreement.CARRIAGE,
        claimant=booking.carrier,
        asked=booking.seller,
        reason=CancelReason.LOAD_NOT_READY,
        note=note,
        tonu_cents=250_00,
        deadhead_cents=98_44,
        deadhead_miles=46.0,
        made_at=moment,
        answer_by=moment + ANSWER_WITHIN,
    )
    return booking, said


def test_what_is_withdrawn_in_one_window_is_not_answered_in_the_other(visit: Any) -> None:
    booking, said = _fallen_through()
    asked = visit(booking.seller)
    asked.goto(f"/bookings/{booking.public_id}/")
    expect(asked.get_by_role("button", name="It was so: $348.44 is owed")).to_be_visible()
    picture(asked, "contention-asked")
    page = visit(booking.carrier)
    page.goto(f"/bookings/{booking.public_id}/")
    expect(page.get_by_role("button", name="Withdraw it")).to_be_hidden()
    page.get_by_text("Withdraw what you said").click()
    expect(page.get_by_text("owes nothing of the $348.44, and it cannot be said again")).to_be_visible()
    page.get_by_label("Why").fill("It was the other dock.")
    picture(page, "contention-withdrawing")
    page.get_by_role("button", name="Withdraw it").click()
    expect(page.get_by_text("You withdrew it.")).to_be_visible()
    expect(page.get_by_text("“It was the other dock.”")).to_be_visible()
    picture(page, "contention-withdrawn")
    said.refresh_from_db()
    assert (said.status, said.withdrawn_because) == ("withdrawn", "It was the other dock.")
    asked.goto(f"/bookings/{booking.public_id}/")
    expect(asked.get_by_role("button", name="It was so")).to_have_count(0)
    expect(asked.get_by_text("“It was the other dock.”")).to_be_visible()
    picture(asked, "contention-withdrawn-asked")


def test_a_paper_says_who_acts_for_both_sides_and_where_the_carrier_is_paid(visit: Any) -> None:
    broker = make_organization("Lakeside Brokers", brokers=True, ships=False)
    booking = make_booking(broker=broker, both_sides="Lakeside Brokers acts for both sides of this booking.")
    terms = PaymentTerms(kind="bank", name="Ruiz Trucking LLC", routing_number="021000021", account_number="123456789")
    set_payment_account(actor=make_actor(booking.carrier, "owner"), terms=terms)
    with transaction.atomic():
        paper = made(booking)
    page = visit(broker)
    page.goto(f"/rate-confirmations/{paper.public_id}/")
    expect(page.get_by_text("Lakeside Brokers acts for both sides of this booking.")).to_be_visible()
    expect(page.get_by_text("account of Ruiz Trucking LLC ending in 6789")).to_be_visible()
    expect(page.get_by_text("Verified: it is unchanged")).to_be_visible()
    picture(page, "paper-paid-to")
