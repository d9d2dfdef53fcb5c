"""A driver's phone and a dispatcher's desk: a fleet is entered and a truck posted home in a real browser."""

import re
import time
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from carriers.models import ReturnLeg
from foundation.trade.windows import local
from tests.browser.visits import visit
from tests.browser.watched import picture
from tests.builders import make_driver, make_leg, make_organization, make_truck, now

__all__ = ["visit"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


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
    expect(page.get_by_text(re.compile(r"M[DS]T time there"))).to_be_visible()
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
    expect(page.get_by_text(re.compile(r"C[DS]T time there")).first).to_be_visible()


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
