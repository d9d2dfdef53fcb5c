"""The main way through the house in a real browser: a load is posted, an empty truck is matched, the desk shows it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import Locator, Page, expect

from carriers.models import ReturnLeg
from foundation.accounts.models import Organization, Person
from foundation.trade.ids import derived_id
from loads.models import Load
from tests.browser.watched import PHONE, WatchedBrowser, picture, sign_in, watched_browser
from tests.builders import make_leg, make_organization, make_person, now
from tests.flows.api import Tms
from tests.installation import Installation

pytestmark = pytest.mark.browser
NEWS_MS = 20_000  # patience of a busy machine, not a promise: that is measured by the benchmark


@dataclass
class Market:
    """A shipper, a broker that represents nobody, and a carrier with a truck empty in Chicago whose home is Dallas."""

    shipper: Organization
    broker: Organization
    carrier: Organization
    leg: ReturnLeg
    people: dict[str, Person]
    tms: Tms

    def match_with(self, load_id: str) -> str:
        """Return the public id of the match of a load with the truck: it follows from the pair."""
        return derived_id("match", self.leg.public_id, load_id)


@pytest.fixture(scope="module")
def market(installation: Installation) -> Market:
    shipper = make_organization("Prairie Paper")
    broker = make_organization("Lakeside Brokers", brokers=True)
    carrier = make_organization("Ruiz Trucking", hauls=True)
    leg = make_leg(carrier, ready_at=now() + timedelta(hours=1), hours=150)
    people = {
        "shipper": make_person(shipper, "dispatcher"),
        "broker": make_person(broker),
        "carrier": make_person(carrier),
    }
    return Market(shipper, broker, carrier, leg, people, Tms(installation.url, shipper))


@pytest.fixture(scope="module")
def browser(installation: Installation, market: Market, chromium: str) -> Iterator[WatchedBrowser]:
    with watched_browser(chromium, installation.url) as found:
        yield found


@pytest.fixture
def visit(browser: WatchedBrowser, market: Market) -> Iterator[WatchedBrowser]:
    yield browser
    browser.close_pages()
    assert browser.complaints == []


def _desk(visit: WatchedBrowser, market: Market, **size: int) -> Page:
    """Open the broker's desk and wait until it listens; it must not be loaded again from then on."""
    page = visit.page(**size)
    sign_in(page, market.people["broker"].email)
    expect(page).to_have_url(re.compile("/desk/$"))
    expect(page.locator("body")).to_have_attribute("data-live", "live", timeout=NEWS_MS)
    page.evaluate("window.sameDocument = true")
    return page


def _row(page: Page, match_id: str) -> Locator:
    return page.locator(f"[data-match='{match_id}']")


def _cents(text: str) -> int:
    amount = Decimal(text.replace("$", "").replace(",", "").replace("−", "-").strip())
    return int(amount * 100)


def _post_in_the_form(page: Page, *, dollars: str) -> str:
    """Post Chicago to Dallas in the form's own days and hours; return the load's id."""
    page.goto("/loads/new/")
    for key, place in (("0", "60601"), ("1", "75201")):
        page.locator(f"[name=s{key}-place]").fill(place)
    page.locator("[name=weight_pounds]").fill("38,000")
    page.locator("[name=commodity]").fill("Paper products")
    page.locator("[name=rate_cents]").fill(dollars)
    page.get_by_role("button", name="Post load").click()
    expect(page).to_have_url(re.compile("/loads/load_"))
    return page.url.rstrip("/").rsplit("/", 1)[-1]


def test_a_posted_load_appears_on_the_open_desk_and_leaves_it_when_it_is_withdrawn(
    visit: WatchedBrowser, market: Market
) -> None:
    desk = _desk(visit, market)
    shipper = visit.page()
    sign_in(shipper, market.people["shipper"].email)
    load_id = _post_in_the_form(shipper, dollars="2,400")
    match_id = market.match_with(load_id)

    row = _row(desk, match_id)
    expect(row).to_be_visible(timeout=NEWS_MS)
    expect(row).to_contain_text("Chicago, IL")
    row.locator("td").first.click()
    pane = desk.locator("#match-pane")
    expect(pane.locator(f"[data-open-match='{match_id}']")).to_be_visible()
    expect(pane.locator(".match-map canvas").first).to_be_visible()
    expect(pane.locator(".match-map .map-label")).to_have_count(4)
    expect(pane.locator("svg.day rect.day-road").first).to_be_visible()
    lines = [_cents(text) for text in pane.locator("table.sum tbody td").all_inner_texts()]
    gain = _cents(pane.locator("table.sum tfoot td").inner_text())
    assert sum(lines) == gain > 0
    assert f"${gain / 100:,.0f}" in row.inner_text()
    picture(desk, "desk-with-a-match")
    table, card = desk.locator("#desk").bounding_box(), desk.locator(".desk-list").bounding_box()
    assert table
    assert card
    assert table["width"] <= card["width"], "the list's last column lies under the open match"
    assert desk.evaluate("window.sameDocument"), "the desk was loaded again"

    carrier = visit.page()
    sign_in(carrier, market.people["carrier"].email)
    carrier.goto(f"/legs/{market.leg.public_id}/")
    mine = _row(carrier, match_id)
    expect(mine).to_be_visible()
    expect(carrier.locator("th", has_text="Your gain")).to_be_visible()
    own_gain = _cents(mine.locator(".money").inner_text())
    assert own_gain == market.leg.matches.get().own_gain_cents
    picture(carrier, "leg")

    expect(_row(shipper, match_id)).to_be_visible(timeout=NEWS_MS)
    shipper.on("dialog", lambda question: question.accept())
    shipper.get_by_role("button", name="Withdraw").click()
    expect(shipper.get_by_text("Withdrawn: the load is off the market")).to_be_visible()
    # Who has it open sees that it is gone; a desk that looks elsewhere has it no more.
    expect(row).to_have_class(re.compile("is-gone"), timeout=NEWS_MS)
    expect(_row(carrier, match_id)).to_have_count(0, timeout=NEWS_MS)
    desk.goto("/desk/")
    expect(_row(desk, match_id)).to_have_count(0)
    assert not Load.objects.filter(public_id=load_id, matches__isnull=False).exists()


@pytest.mark.parametrize("opened", [True, False], ids=["an_open_row", "a_row_under_the_pointer"])
def test_what_the_reader_looks_at_stays_when_a_better_match_arrives_above_it(
    visit: WatchedBrowser, market: Market, opened: bool
) -> None:
    load_id = market.tms.post_load(dollars=2200)
    desk = _desk(visit, market)
    row = _row(desk, market.match_with(load_id))
    expect(row).to_be_visible(timeout=NEWS_MS)
    if opened:
        row.locator("td").first.click()
        expect(desk.locator("#match-pane table.sum")).to_be_visible()
    else:
        row.hover()
    before = row.bounding_box()
    better = _row(desk, market.match_with(market.tms.post_load(dollars=2900)))
    expect(better).to_be_attached(timeout=NEWS_MS)
    after = row.bounding_box()
    ids = desk.locator("tr.match-row").evaluate_all("rows => rows.map(row => row.dataset.match)")
    assert ids.index(better.get_attribute("data-match")) < ids.index(row.get_attribute("data-match"))
    assert before
    assert after
    assert abs(after["y"] - before["y"]) <= 1, "the row that is looked at moved"
    assert desk.evaluate("window.sameDocument")


def test_desk_match_and_form_fit_a_phone(visit: WatchedBrowser, market: Market) -> None:
    match_id = market.match_with(market.tms.post_load(dollars=2600))
    desk = _desk(visit, market, width=PHONE)
    row = _row(desk, match_id)
    expect(row).to_be_visible(timeout=NEWS_MS)
    picture(desk, "desk")
    box = row.bounding_box()
    assert box
    assert box["width"] <= PHONE
    row.locator("a.match-link").click()
    expect(desk).to_have_url(re.compile(f"/matches/{match_id}/"))
    expect(desk.locator(".match-map canvas").first).to_be_visible()
    picture(desk, "match")
    shipper = visit.page(PHONE)
    sign_in(shipper, market.people["shipper"].email)
    load_id = _post_in_the_form(shipper, dollars="2500")
    expect(_row(shipper, market.match_with(load_id))).to_be_visible(timeout=NEWS_MS)
    picture(shipper, "load")
