"""A dispatcher fills in the form of a load in a real browser, on a desk and on a phone."""

from typing import Any

import pytest
from playwright.sync_api import expect

from loads.models import Load
from tests.browser.visits import visit
from tests.browser.watched import picture
from tests.builders import make_organization

__all__ = ["visit"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_load_is_posted_from_the_keyboard_and_a_wrong_field_says_so(visit: Any) -> None:
    page = visit(make_organization("Prairie Paper"))
    page.goto("/loads/new/")
    picture(page, "load-form-1")
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
    picture(page, "load-form-2")
    assert not Load.objects.exists()
    page.fill("[name=weight_pounds]", "38,000")
    page.press("[name=weight_pounds]", "Enter")
    expect(page.get_by_text("Posted: trucks are being matched.")).to_be_visible()
    picture(page, "load-form-3")
    load = Load.objects.get()
    assert (load.status, load.delivery_state) == ("open", "TX")
    page.goto("/loads/")
    expect(page.locator(f"#{load.public_id}")).to_contain_text("Chicago, IL")
    picture(page, "load-form-4")
