"""Papers in a browser, on a desk and on a phone: signed, compared, changed and asked for."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from playwright.sync_api import Page, expect, sync_playwright

from brokers.models import RateConfirmation, TransactionRecord
from brokers.services.amendments import propose_amendment
from brokers.services.records import write_record
from brokers.terms import BargainTerms
from foundation.accounts.models import Organization
from tests.brokers.papers import make_booking
from tests.brokers.test_confirmation_documents import change_the_document, made
from tests.builders import make_actor, make_organization, make_person, now

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SIZES = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1400, "height": 900}}


@pytest.fixture(params=SIZES)
def visit(request: Any, live_server: Any, chromium: str, settings: Any) -> Iterator[Any]:
    """Return a way to sign somebody in and get their page; fails on any script that breaks or is refused."""
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # the test writes rows while Playwright's loop runs
    broken: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])

        def enter(organization: Organization) -> Page:
            client = Client()
            person = make_person(organization, "dispatcher", full_name="Ana Ruiz")
            client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
            cookie = client.cookies[settings.SESSION_COOKIE_NAME]
            context = browser.new_context(viewport=SIZES[request.param], base_url=live_server.url)
            context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
            page = context.new_page()
            page.on("pageerror", lambda error: broken.append(str(error)))
            page.on("console", lambda line: broken.append(line.text) if "Security Policy" in line.text else None)
            return page

        yield enter
        browser.close()
    assert broken == []


def keep_picture(page: Page, name: str) -> None:
    """Keep a picture where SCREENSHOTS names a folder, and hold that nothing sticks out sideways."""
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}-{page.viewport_size['width']}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name


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
    keep_picture(page, "booking")
    page.get_by_role("link", name=paper.number).click()
    expect(page.get_by_text("Verified: it is unchanged")).to_be_visible()
    keep_picture(page, "confirmation")
    page.get_by_label("or its SHA-256").fill("0" * 64)
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_text("That is not this document")).to_be_visible()
    page.get_by_role("button", name="Sign").click()
    expect(page.get_by_text("Ana Ruiz for Ruiz Trucking")).to_be_visible()
    page.goto(f"/bookings/{booking.public_id}/papers/")
    page.get_by_role("link", name="Carriage, no. 1").click()
    expect(page.get_by_role("button", name="Accept the change")).to_be_visible()
    keep_picture(page, "amendment")
    page.get_by_role("button", name="Accept the change").click()
    expect(page.get_by_text("The new rate confirmation")).to_be_visible()
    page.goto(f"/bookings/{booking.public_id}/amend/freight/")
    expect(page.get_by_label("Weight")).to_be_visible()
    keep_picture(page, "amend")
    page.goto(f"/bookings/{booking.public_id}/record/")
    page.get_by_label("Why you ask").fill("Our auditor asks.")
    page.get_by_role("button", name="Ask for the record").click()
    expect(page.get_by_text("$400.00")).to_be_visible()  # $2,900.00 less the amended $2,500.00
    keep_picture(page, "record-asked")
    page.goto("/rate-confirmations/")
    keep_picture(page, "confirmations")
    desk = visit(broker)
    desk.goto(f"/transaction-records/{TransactionRecord.objects.get().public_id}/")
    expect(desk.get_by_text("Our auditor asks.")).to_be_visible()
    keep_picture(desk, "record")


def test_a_changed_document_is_red_and_cannot_be_signed(visit: Any) -> None:
    booking = make_booking()
    with transaction.atomic():
        change_the_document(made(booking))
    page = visit(booking.carrier)
    page.goto(f"/rate-confirmations/{RateConfirmation.objects.get().public_id}/")
    expect(page.get_by_text("This document does not verify. Do not rely on it.")).to_be_visible()
    expect(page.get_by_role("button", name="Sign")).to_have_count(0)
    keep_picture(page, "changed")
