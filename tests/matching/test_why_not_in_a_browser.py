"""A carrier asks why not, and sees what waits while it writes a leg: in a real browser, on a desk and on a phone."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from foundation.trade.windows import local
from tests.browser.watched import DESK, PHONE, picture, sign_in, watched_browser
from tests.builders import make_leg, make_load, make_organization, make_person, make_truck, now, stop_terms
from tests.matching.market import run

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_a_carrier_learns_why_not_and_what_waits_on_the_way_home(live_server: Any, chromium: str, width: int) -> None:
    carrier, shipper = make_organization("Ruiz Trucking", hauls=True), make_organization("Prairie Paper")
    person = make_person(carrier, "dispatcher", full_name="Ana Ruiz")
    leg = make_leg(carrier, hours=120)
    other = make_truck(carrier, number="13", home="Dallas, TX")
    first = leg.ready_at
    for cents in (2_400_00, None):
        make_load(shipper, rate_cents=cents)
    late = make_load(
        shipper,
        stops=(
            stop_terms("60432", first - timedelta(hours=8), hours=8),
            stop_terms("75201", first + timedelta(days=2), kind="delivery"),
        ),
    )
    run(leg)
    with watched_browser(chromium, live_server.url) as browser:
        page = browser.page(width)
        sign_in(page, person.email)
        page.goto(f"/legs/{leg.public_id}/")
        expect(page.locator(".empty-run")).to_contain_text("at your costs")
        page.get_by_label("Which load?").fill("Joliet, IL to Dallas, TX")
        page.get_by_role("button", name="Find").click()
        page.locator(".why-loads a").filter(has_text="Joliet, IL").click()
        expect(page.locator(".why-refused")).to_contain_text("after it closes")
        expect(page.locator(".why-remedy")).to_contain_text("Feasible if the pickup closed")
        picture(page, "why-not")
        page.goto(f"/loads/{late.public_id}/")
        page.get_by_role("link", name=f"truck {leg.truck.number}").click()
        expect(page.locator(".why-refused")).to_be_visible()
        picture(page, "why-not-page")

        page.goto("/legs/new/")
        expect(page.locator("#leg-preview")).to_contain_text("Still needed: ")
        page.get_by_label("Truck", exact=True).select_option(other.public_id)
        expect(page.get_by_label("Home", exact=True)).to_have_value(other.home_base.public_id)
        page.get_by_label("Empties at").fill("60601")
        ready_at, home_by = (local(now() + timedelta(days=days), "America/Chicago") for days in (1, 6))
        page.locator("#id_ready_at").fill(f"{ready_at:%Y-%m-%dT%H:%M}")
        page.locator("#id_home_by").fill(f"{home_by:%Y-%m-%dT%H:%M}")
        expect(page.locator("#leg-preview")).to_contain_text("beat driving home empty", timeout=15_000)
        expect(page.locator("#leg-preview .preview-loads li").first).to_contain_text("Chicago, IL")
        expect(page.locator("#leg-preview")).to_contain_text("not observed")
        fields, preview, buttons = (
            page.locator(where).bounding_box()
            for where in ("#leg-form > .card-body", ".leg-preview-card", "#leg-form > .form-actions")
        )
        if width == PHONE:  # one column: what waits is read before the leg is posted
            assert fields["y"] + fields["height"] <= preview["y"] + 1
            assert preview["y"] + preview["height"] <= buttons["y"] + 1
        else:
            assert fields["x"] + fields["width"] <= preview["x"]
        picture(page, "leg-preview")
        assert browser.complaints == []
