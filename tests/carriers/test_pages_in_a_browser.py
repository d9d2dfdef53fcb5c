"""A driver's phone and a dispatcher's desk: a fleet is entered and a truck posted home in a real browser."""

import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, expect, sync_playwright

from carriers.models import ReturnLeg
from foundation.accounts.models import Organization
from foundation.trade.windows import local
from tests.builders import make_driver, make_leg, make_organization, make_person, make_truck, now

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SIZES = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1280, "height": 900}}


@pytest.fixture(params=SIZES)
def visit(request: Any, live_server: Any, chromium: str, settings: Any) -> Iterator[Any]:
    """Return a way to sign somebody in and get their page; fails on any script that breaks or is refused."""
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # the test reads rows while Playwright's loop runs
    broken: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])

        def enter(organization: Organization, role: str = "dispatcher") -> Page:
            client = Client()
            client.force_login(make_person(organization, role), backend="django.contrib.auth.backends.ModelBackend")
            cookie = client.cookies[settings.SESSION_COOKIE_NAME]
            context = browser.new_context(
                viewport=SIZES[request.param], base_url=live_server.url, has_touch=request.param == "phone"
            )
            context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
            page = context.new_page()
            page.on("pageerror", lambda error: broken.append(str(error)))
            page.on("console", lambda line: broken.append(line.text) if "Security Policy" in line.text else None)
            page.size_name = request.param  # type: ignore[attr-defined]
            return page

        yield enter
        browser.close()
    assert broken == []


def picture(page: Page, name: str) -> None:
    """Keep a picture where SCREENSHOTS names a folder, and hold that nothing sticks out sideways."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{name} scrolls sideways"
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}-{page.size_name}.png"), full_page=True)  # type: ignore[attr-defined]


def test_a_carrier_enters_its_fleet_and_posts_a_truck_home(visit: Any) -> None:
    carrier = make_organization("Ruiz Trucking", hauls=True)
    page = visit(carrier, "owner")
    page.goto("/legs/")
    picture(page, "legs-none")
    page.goto("/trucks/home-bases/new/")
    page.get_by_label("Name").fill("Home")
    page.get_by_label("Where").press_sequentially("dallas, t")
    page.locator("#id_place_places").get_by_text("Dallas, TX", exact=True).click()
    picture(page, "base-form")
    page.get_by_role("button", name="Add").click()
    page.goto("/trucks/trucks/new/")
    page.get_by_label("Number").fill("12")
    page.get_by_label("Home base").select_option(label="Home · Dallas, TX")
    picture(page, "truck-form")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("Added truck 12.")).to_be_visible()
    picture(page, "trucks")

    page.goto("/legs/new/")
    expect(page.get_by_label("Truck", exact=True)).to_have_value(carrier.trucks.get().public_id)
    expect(page.locator("#id_home_field")).to_be_hidden()
    expect(page.locator("#id_partners_first_until_field")).to_be_hidden()
    page.get_by_label("Empties at").press_sequentially("denv")
    page.locator("#id_empty_places").get_by_text("Denver, CO", exact=True).click()
    expect(page.get_by_text(f"{local(now(), 'America/Denver'):%Z} time there")).to_be_visible()
    picture(page, "leg-form")
    page.locator("#id_home_by").fill("2020-01-01T08:00")
    page.get_by_role("button", name="Post", exact=True).click()
    expect(page.locator("#id_home_by_error")).to_be_visible()
    expect(page.get_by_label("Empties at")).to_have_value("Denver, CO")
    picture(page, "leg-form-refused")
    home_by = local(now() + timedelta(days=3), "America/Chicago")
    page.locator("#id_home_by").fill(home_by.strftime("%Y-%m-%dT%H:%M"))
    page.get_by_role("button", name="Post", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("12: Denver, CO → Dallas, TX")
    picture(page, "leg")
    assert ReturnLeg.objects.get().status == "open"
    page.goto("/legs/")
    picture(page, "legs")
    page.goto("/trucks/costs/")
    picture(page, "costs")


def test_what_is_typed_while_another_trucks_form_is_on_its_way_stays(visit: Any) -> None:
    carrier = make_organization(hauls=True)
    make_truck(carrier, number="12", home="Dallas, TX")
    other = make_truck(carrier, number="13", home="Tulsa, OK")
    page = visit(carrier)
    page.goto("/legs/new/")
    page.route("**/legs/new/?*", lambda route: (time.sleep(0.7), route.continue_()))
    page.get_by_label("Truck", exact=True).select_option(other.public_id)
    page.get_by_label("Empties at").fill("60601")
    expect(page.get_by_label("Home", exact=True)).to_have_value(other.home_base.public_id)
    expect(page.get_by_label("Empties at")).to_have_value("60601")
    expect(page.get_by_text(f"{local(now(), 'America/Chicago'):%Z} time there").first).to_be_visible()


def test_choosing_another_truck_brings_its_own_and_keeps_what_was_typed(visit: Any) -> None:
    carrier = make_organization(hauls=True)
    make_truck(carrier, number="12", home="Dallas, TX")
    other = make_truck(carrier, number="13", home="Tulsa, OK", usual_driver=make_driver(carrier, name="Bo Lee"))
    page = visit(carrier)
    page.goto("/legs/trips/new/")
    page.get_by_label("Empties at").fill("60601")
    page.get_by_label("Truck", exact=True).select_option(other.public_id)
    expect(page.get_by_label("Home", exact=True)).to_have_value(other.home_base.public_id)
    expect(page.get_by_label("Empties at")).to_have_value("60601")
    page.get_by_text("Driver, clock, capacity").click()
    expect(page.get_by_label("Driver", exact=True)).to_have_value(other.usual_driver.public_id)
    picture(page, "trip-form")


def test_a_shipper_looks_for_trucks(visit: Any) -> None:
    for empty, home in (("60601", "75201"), ("Denver, CO", "Tulsa, OK"), ("Atlanta, GA", "Nashville, TN")):
        make_leg(empty=empty, home=home)
    page = visit(make_organization("Prairie Paper"))
    page.goto("/legs/market/")
    expect(page.get_by_text("3 trucks going home")).to_be_visible()
    picture(page, "market")
    page.get_by_role("link", name="Denver, CO").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Denver, CO → OK")
    picture(page, "market-leg")
