"""The market estimate appears by itself on a load's page and while a load is being typed, on a desk and on a phone."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from matching.policies import forget_policy
from matching.services import fit_rates
from tests.browser.visits import visit
from tests.browser.watched import picture
from tests.builders import make_load, make_organization
from tests.matching.bookings import Parties, observe

__all__ = ["visit"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def fresh_policy() -> Iterator[None]:
    """Begin and end with no policy in the process's memory."""
    forget_policy()
    yield
    forget_policy()


def test_the_estimate_appears_on_the_load_and_in_its_form_and_turns_from_default_to_observed(visit: Any) -> None:
    shipper = make_organization("Prairie Paper")
    load = make_load(shipper, rate_cents=None)
    page = visit(shipper)
    page.goto(f"/loads/{load.public_id}/")
    expect(page.locator(".rate-estimate")).to_contain_text("default, not observed")
    picture(page, "rates-1")
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
    picture(page, "rates-2")
    observe(Parties(), 230, equipment=("V",), miles=967.0, level=1.2)
    fit_rates()
    page.goto(f"/loads/{load.public_id}/")
    expect(page.locator(".rate-estimate")).to_contain_text("observed, 230 bookings, last 90 days")
    expect(page.locator(".rate-estimate")).to_contain_text("This lane, 606xx to 752xx")
    picture(page, "rates-3")
    page.goto("/matching/rates/?equipment=V&origin=Chicago%2C+IL&destination=75201")
    expect(page.locator(".rate-estimate")).to_be_visible()
    picture(page, "rates-4")
