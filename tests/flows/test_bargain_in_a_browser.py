"""Claims, negotiation and a cancellation, side by side in the browsers of those whom they concern."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from brokers.models import Booking
from carriers.models import ReturnLeg
from foundation.accounts.models import Organization, Person
from foundation.trade.posting import Status
from loads.models import Load
from tests.browser.watched import PHONE, WatchedBrowser, picture, sign_in, watched_browser
from tests.builders import make_driver, make_leg, make_organization, make_person, now
from tests.flows.api import Tms
from tests.installation import Installation

pytestmark = pytest.mark.browser
NEWS_MS = 20_000  # patience of a busy machine, not a promise


@dataclass
class Cast:
    """A shipper, a carrier and its rival, each carrier with a truck that goes home from Chicago to Dallas."""

    shipper: Organization
    leg: ReturnLeg
    rival_leg: ReturnLeg
    driver: Person
    people: dict[str, Person]
    tms: Tms

    def post(self, dollars: int, *, book_now: bool = False) -> Load:
        """Post Chicago to Dallas as the shipper."""
        load = Load.objects.get(public_id=self.tms.post_load(dollars=dollars))
        if book_now:
            Load.objects.filter(pk=load.pk).update(book_now=True)
        return load


@pytest.fixture
def cast(installation: Installation) -> Cast:
    shipper = make_organization("Prairie Paper", contact_phone="+1 312 555 0100")
    carrier, rival = (make_organization(name, hauls=True) for name in ("Ruiz Trucking", "Other Trucking"))
    ready = now() + timedelta(hours=1)
    driver = make_person(carrier, "driver")
    unit = make_driver(carrier, name="Dana Driver", person=driver)
    owners = {"shipper": shipper, "carrier": carrier, "rival": rival}
    return Cast(
        shipper,
        make_leg(carrier, ready_at=ready, hours=150, driver=unit.public_id),
        make_leg(rival, ready_at=ready, hours=150),
        driver,
        {name: make_person(organization, "dispatcher") for name, organization in owners.items()},
        Tms(installation.url, shipper),
    )


@pytest.fixture(scope="module")
def browser(installation: Installation, chromium: str) -> Iterator[WatchedBrowser]:
    with watched_browser(chromium, installation.url) as found:
        yield found


@pytest.fixture
def visit(browser: WatchedBrowser) -> Iterator[WatchedBrowser]:
    yield browser
    browser.close_pages()
    assert browser.complaints == []


def _enter(visit: WatchedBrowser, cast: Cast, who: str, path: str, **size: int) -> Page:
    """Sign in as one of the cast, open a page and wait until it listens; it must not be loaded again from then on."""
    page = visit.page(**size)
    page.on("dialog", lambda question: question.accept())
    sign_in(page, cast.people[who].email)
    page.goto(path)
    expect(page.locator("body")).to_have_attribute("data-live", re.compile("live|polling"), timeout=NEWS_MS)
    page.evaluate("window.sameDocument = true")
    return page


def _stays(page: Page) -> None:
    assert page.evaluate("window.sameDocument"), "the page was loaded again"


def test_a_claim_is_seen_live_as_gone_by_the_rival_and_as_booked_by_the_shipper(
    visit: WatchedBrowser, cast: Cast
) -> None:
    load = cast.post(2_400, book_now=True)
    shipper = _enter(visit, cast, "shipper", f"/loads/{load.public_id}/")
    rival = _enter(visit, cast, "rival", f"/loads/{load.public_id}/")
    expect(rival.get_by_role("link", name="Book now")).to_be_visible(timeout=NEWS_MS)
    writing = _enter(visit, cast, "rival", f"/bargain/loads/{load.public_id}/claim/?leg={cast.rival_leg.public_id}")
    expect(writing.locator(".check-yes")).to_be_visible(timeout=NEWS_MS)

    carrier = _enter(visit, cast, "carrier", f"/bargain/loads/{load.public_id}/?leg={cast.leg.public_id}")
    carrier.get_by_role("link", name="Book now").click()
    expect(carrier.locator(".check-yes")).to_contain_text("can do it", timeout=NEWS_MS)
    picture(carrier, "claim")
    carrier.get_by_role("button", name="Book now for $2,400.00").click()
    expect(carrier).to_have_url(re.compile("/bookings/bkg_"))
    expect(carrier.get_by_text("Booked: the load is yours.")).to_be_visible()
    picture(carrier, "booking")

    expect(rival.locator("#bargain")).to_contain_text("This load is gone", timeout=NEWS_MS)
    expect(rival.locator("#bargain")).not_to_contain_text("Ruiz Trucking")
    expect(writing.locator("#standing")).to_contain_text("This load is gone", timeout=NEWS_MS)
    expect(shipper.locator("#bargain")).to_contain_text("Booked with Ruiz Trucking", timeout=NEWS_MS)
    for page in (rival, writing, shipper):
        _stays(page)
    expect(writing.get_by_role("button", name="Book now")).to_be_hidden()
    writing.locator("form.bargain-form").evaluate("form => form.submit()")  # pressed before the page was told
    expect(writing.get_by_role("heading", name="This load is gone")).to_be_visible()
    assert Booking.objects.filter(load=load).count() == 1

    driver = visit.page(PHONE)
    sign_in(driver, cast.driver.email)
    expect(driver).to_have_url(re.compile("/tours/$"))
    driver.locator(".tour-row").first.click()
    expect(driver.get_by_text("Chicago, IL").first).to_be_visible()
    expect(driver.locator("main")).not_to_contain_text("$")
    picture(driver, "tour-of-a-driver")


def test_a_negotiation_runs_live_with_counters_a_countdown_and_an_acceptance(visit: WatchedBrowser, cast: Cast) -> None:
    load = cast.post(2_400)
    shipper = _enter(visit, cast, "shipper", f"/loads/{load.public_id}/")
    carrier = _enter(visit, cast, "carrier", f"/bargain/loads/{load.public_id}/offer/?leg={cast.leg.public_id}")
    carrier.get_by_label("Rate", exact=True).fill("2,600")
    carrier.get_by_role("button", name="Send the offer").click()
    expect(carrier).to_have_url(re.compile("/threads/thread_"))
    carrier.evaluate("window.sameDocument = true")

    expect(shipper.locator("#bargain")).to_contain_text("$2,600.00", timeout=NEWS_MS)
    expect(shipper.locator("#nav-offers")).to_have_text("1", timeout=NEWS_MS)
    expect(shipper.locator(".banner-offer")).to_contain_text("Ruiz Trucking offers")
    _stays(shipper)
    shipper.locator("#bargain").get_by_role("link", name="Answer").click()
    left = shipper.locator(".live-left .countdown")
    expect(left).to_have_text(re.compile(r"^(29|30):\d\d$"))
    before = left.inner_text()
    expect(left).not_to_have_text(before, timeout=NEWS_MS)
    picture(shipper, "negotiation")

    shipper.get_by_role("link", name="Counter").click()
    shipper.get_by_label("Rate", exact=True).fill("2300")
    shipper.get_by_role("button", name="Send the counter-offer").click()
    shipper.evaluate("window.sameDocument = true")
    change = carrier.locator("[data-change=rate_cents]").first
    expect(change).to_contain_text("$2,600.00", timeout=NEWS_MS)
    expect(change).to_contain_text("$2,300.00")
    _stays(carrier)
    carrier.get_by_role("link", name="Counter").click()
    carrier.get_by_label("Rate", exact=True).fill("2450")
    carrier.get_by_role("button", name="Send the counter-offer").click()
    expect(shipper.get_by_role("button", name="Accept $2,450.00")).to_be_visible(timeout=NEWS_MS)
    _stays(shipper)
    carrier.evaluate("window.sameDocument = true")
    shipper.get_by_role("button", name="Accept $2,450.00").click()
    expect(shipper).to_have_url(re.compile("/bookings/bkg_"))
    expect(carrier.get_by_role("link", name="Open the booking")).to_be_visible(timeout=NEWS_MS)
    _stays(carrier)
    booking = Booking.objects.get(load=load)
    assert (booking.rate_cents, booking.carrier) == (2_450_00, cast.leg.organization)


def test_a_wrong_clock_in_the_computer_does_not_move_the_countdown(visit: WatchedBrowser, cast: Cast) -> None:
    load = cast.post(2_400)
    carrier = visit.page()
    carrier.add_init_script("const real = Date.now; Date.now = () => real() + 86400000;")
    sign_in(carrier, cast.people["carrier"].email)
    carrier.goto(f"/bargain/loads/{load.public_id}/offer/?leg={cast.leg.public_id}")
    carrier.get_by_label("Rate", exact=True).fill("2450")
    carrier.get_by_role("button", name="Send the offer").click()
    expect(carrier.locator(".live-left .countdown")).to_have_text(re.compile(r"^(29|30):\d\d$"))


def test_a_cancellation_says_what_it_costs_and_returns_load_and_truck_live(visit: WatchedBrowser, cast: Cast) -> None:
    load = cast.post(2_400, book_now=True)
    carrier = _enter(visit, cast, "carrier", f"/bargain/loads/{load.public_id}/claim/?leg={cast.leg.public_id}")
    carrier.get_by_role("button", name="Book now for $2,400.00").click()
    expect(carrier).to_have_url(re.compile("/bookings/bkg_"))
    shipper = _enter(visit, cast, "shipper", f"/bookings/{Booking.objects.get(load=load).public_id}/")
    rival = _enter(visit, cast, "rival", f"/bargain/loads/{load.public_id}/")
    expect(rival.get_by_role("heading", name="This load is gone")).to_be_visible()
    carrier.get_by_role("link", name="Cancel this booking").click()
    expect(carrier.locator("#owed")).to_contain_text("Nobody owes anything")
    picture(carrier, "cancellation")
    carrier.get_by_label("The truck broke down").check()
    carrier.get_by_role("button", name="Cancel the booking").click()
    expect(carrier.get_by_text("load and truck are on the market again")).to_be_visible()
    expect(shipper.locator("#booking")).to_contain_text("by Ruiz Trucking: the truck broke down", timeout=NEWS_MS)
    _stays(shipper)
    load.refresh_from_db()
    cast.leg.refresh_from_db()
    assert (load.status, cast.leg.status) == (Status.OPEN, Status.OPEN)
    expect(rival.get_by_role("link", name="Book now")).to_be_visible(timeout=NEWS_MS)
    _stays(rival)


def test_the_pages_fit_a_phone(visit: WatchedBrowser, cast: Cast) -> None:
    load = cast.post(2_400, book_now=True)
    carrier = _enter(
        visit, cast, "carrier", f"/bargain/loads/{load.public_id}/offer/?leg={cast.leg.public_id}", width=PHONE
    )
    picture(carrier, "offer")
    carrier.get_by_label("Rate", exact=True).fill("2,500")
    carrier.get_by_role("button", name="Send the offer").click()
    expect(carrier).to_have_url(re.compile("/threads/thread_"))
    picture(carrier, "thread")
    for path, name in (
        ("/threads/", "threads"),
        (f"/loads/{load.public_id}/", "load"),
        (f"/bargain/loads/{load.public_id}/claim/?leg={cast.leg.public_id}", "claim"),
    ):
        carrier.goto(path)
        expect(carrier.locator(".htmx-request")).to_have_count(0)
        picture(carrier, name)
    carrier.goto(f"/bargain/loads/{load.public_id}/claim/?leg={cast.leg.public_id}")
    carrier.on("dialog", lambda question: question.accept())
    carrier.get_by_role("button", name="Book now for").click()
    expect(carrier).to_have_url(re.compile("/bookings/bkg_"))
    for path, name in ((None, "booking"), ("/bookings/", "bookings"), ("/tours/", "tours"), ("/claims/", "claims")):
        if path:
            carrier.goto(path)
        picture(carrier, name)
