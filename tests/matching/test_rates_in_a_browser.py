"""The market estimate appears by itself on a load's page and while a load is being typed, on a desk and on a phone."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, expect, sync_playwright

from foundation.accounts.models import Organization
from matching.policies import forget_policy
from matching.services import fit_rates
from tests.builders import make_load, make_organization, make_person
from tests.matching.bookings import Parties, observe

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SIZES = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1280, "height": 900}}


@pytest.fixture(params=SIZES)
def visit(request: Any, live_server: Any, chromium: str, settings: Any) -> Iterator[Any]:
    """Return a way to sign somebody in and get their page; fails on any script that breaks or is refused."""
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # the test writes rows while Playwright's loop runs
    broken: list[str] = []
    forget_policy()
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
    forget_policy()
    assert broken == []


def fits(page: Page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_estimate_appears_on_the_load_and_in_its_form_and_turns_from_default_to_observed(visit: Any) -> None:
    shipper = make_organization("Prairie Paper")
    load = make_load(shipper, rate_cents=None)
    page = visit(shipper)
    page.goto(f"/loads/{load.public_id}/")
    expect(page.locator(".rate-estimate")).to_contain_text("default, not observed")
    assert fits(page)
    page.goto("/loads/new/")
    estimate = page.locator("#market-estimate")
    expect(estimate).to_contain_text("appears once every stop has its place")
    page.fill("[name=s0-place]", "60601")
    page.fill("[name=s1-place]", "75201")
    page.press("[name=s1-place]", "Tab")
    expect(estimate).to_contain_text("default, not observed")
    before = estimate.locator("strong").inner_text()
    page.select_option("[name=equipment]", "R")
    expect(estimate.locator("strong")).not_to_have_text(before)
    assert fits(page)
    observe(Parties(), 230, equipment=("V",), miles=967.0, level=1.2)
    fit_rates()
    page.goto(f"/loads/{load.public_id}/")
    expect(page.locator(".rate-estimate")).to_contain_text("observed, 230 bookings, last 90 days")
    expect(page.locator(".rate-estimate")).to_contain_text("This lane, 606xx to 752xx")
    assert fits(page)
    page.goto("/matching/rates/?equipment=V&origin=Chicago%2C+IL&destination=75201")
    expect(page.locator(".rate-estimate")).to_be_visible()
    assert fits(page)
