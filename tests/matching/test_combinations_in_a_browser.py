"""Tours of several loads on the leg's page, opened and read, on a desk and on a phone."""

import pytest
from playwright.sync_api import expect

from foundation.trade.money import dollars
from matching.combined import combinations_of_leg
from matching.services import combinations
from tests.browser.visits import visit
from tests.browser.watched import picture
from tests.builders import make_organization, now
from tests.matching.conftest import ROADS
from tests.matching.test_combinations import make_chain, make_partials

__all__ = ["visit"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


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
    picture(page, "combinations-of-a-leg")
    row.locator("a.lane").click()
    expect(page.locator("[data-open-combination]")).to_contain_text("The stops in order")
    picture(page, "combination")
