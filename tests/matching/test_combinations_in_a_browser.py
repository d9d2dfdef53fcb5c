"""Tours of several loads on the leg's page, opened and read, on a desk and on a phone."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, expect, sync_playwright

from foundation.accounts.models import Organization
from foundation.trade.money import dollars
from matching.combined import combinations_of_leg
from matching.services import combinations
from tests.builders import make_organization, make_person, now
from tests.matching.conftest import ROADS
from tests.matching.test_combinations import make_chain, make_partials

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SIZES = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1280, "height": 900}}


@pytest.fixture(params=SIZES)
def visit(request: Any, live_server: Any, chromium: str, settings: Any) -> Iterator[Any]:
    """Return a way to sign somebody in and get their page; fails on any script that breaks or is refused."""
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # the test writes rows while Playwright's loop runs
    broken: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])

        def enter(organization: Organization) -> Page:
            client = Client()
            client.force_login(
                make_person(organization, "dispatcher"), backend="django.contrib.auth.backends.ModelBackend"
            )
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
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_dispatcher_opens_the_stops_and_the_sum_and_the_tours_own_page(visit, monkeypatch):
    monkeypatch.setattr(combinations, "travel_oracle", lambda: ROADS)
    shipper, printer = make_organization("Prairie Paper"), make_organization("Gateway Print")
    carrier = make_organization("Ruiz Trucking", hauls=True)
    make_chain(shipper, printer, carrier)
    leg, _ = make_partials(shipper, printer, carrier)
    found = list(combinations_of_leg(carrier, leg, now()))
    assert {row.kind for row in found} == {"chain", "partials"}
    page = visit(carrier)
    page.goto(f"/legs/{leg.public_id}/")
    tours = page.locator("#leg-combinations")
    expect(tours).to_contain_text("Two or three loads on the way home")
    expect(tours).to_contain_text("Fill the truck with partial loads")
    row = tours.locator(f'[data-combination="{found[0].public_id}"]')
    expect(row).to_contain_text(dollars(found[0].own_gain_cents))
    row.locator("summary").click()
    expect(row.locator(".sum tfoot")).to_contain_text(dollars(found[0].own_gain_cents))
    expect(row.locator(".combination-stops li").first).to_contain_text("Empty in Chicago")
    keep_picture(page, "combinations-of-a-leg")
    row.locator("a.lane").click()
    expect(page.locator("[data-open-combination]")).to_contain_text("The stops in order")
    keep_picture(page, "combination")
