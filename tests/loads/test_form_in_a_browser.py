"""A dispatcher fills in the form of a load in a real browser, on a desk and on a phone."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, expect, sync_playwright

from foundation.accounts.models import Organization
from loads.models import Load
from tests.builders import make_organization, make_person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SIZES = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1280, "height": 900}}


@pytest.fixture(params=SIZES)
def visit(request: Any, live_server: Any, chromium: str, settings: Any) -> Iterator[Any]:
    """Return a way to sign somebody in and get their page; fails on any script that breaks or is refused."""
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # the test reads rows while Playwright's loop runs
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


def fits(page: Page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_load_is_posted_from_the_keyboard_and_a_wrong_field_says_so(visit: Any) -> None:
    page = visit(make_organization("Prairie Paper"))
    page.goto("/loads/new/")
    assert fits(page)
    origin = page.locator("[name=s0-place]")
    origin.press_sequentially("chicago", delay=20)
    page.get_by_role("option", name="Chicago, IL", exact=True).wait_for()
    origin.press("ArrowDown")
    origin.press("Enter")
    expect(origin).to_have_value("Chicago, IL")
    page.fill("[name=s1-place]", "92101")
    page.press("[name=s1-place]", "Tab")
    # each stop's zone and the road between them appear by themselves
    expect(page.locator("#zone-0")).to_contain_text("C")
    expect(page.locator("#zone-1")).to_contain_text("P")
    expect(page.locator("#road")).to_contain_text("when the last stop has closed")
    page.click("button[value=add-delivery]")
    expect(page.locator("[name=stop]")).to_have_count(3)
    expect(origin).to_have_value("Chicago, IL")
    page.click("button[value=remove-1]")
    expect(page.locator("[name=stop]")).to_have_count(2)
    page.fill("[name=s2-place]", "75201")
    page.fill("[name=weight_pounds]", "200,000")
    page.fill("[name=commodity]", "Paper products")
    page.press("[name=commodity]", "Enter")
    expect(page.locator("#id_weight_pounds_error")).to_contain_text("Split the load")
    expect(origin).to_have_value("Chicago, IL")
    assert fits(page)
    assert not Load.objects.exists()
    page.fill("[name=weight_pounds]", "38,000")
    page.press("[name=weight_pounds]", "Enter")
    expect(page.get_by_text("Posted: trucks are being matched.")).to_be_visible()
    assert fits(page)
    load = Load.objects.get()
    assert (load.status, load.delivery_state) == ("open", "TX")
    page.goto("/loads/")
    expect(page.locator(f"#{load.public_id}")).to_contain_text("Chicago, IL")
    assert fits(page)
