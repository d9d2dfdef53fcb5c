"""A brokered sale, a round trip, its papers, an amendment and a cancellation: each move seen live by everybody else.

Five browsers side by side: a shipper, the mill behind a broker, the broker, a carrier, and a rival that only looks.
Who watches never loads its page again.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from brokers.models import Booking, RateConfirmation
from carriers.models import ReturnLeg, Truck
from foundation.accounts.models import Organization
from foundation.trade.ids import new_id
from foundation.trade.posting import Status
from foundation.trade.windows import local
from loads.models import Load
from matching.models import Match
from tests.browser.watched import DESK, PHONE, WatchedBrowser, picture, sign_in, watched_browser
from tests.builders import make_driver, make_leg, make_organization, make_person, make_truck, now
from tests.flows.api import Tms
from tests.installation import Installation

pytestmark = pytest.mark.browser
NEWS_MS = 10_000  # patience of a busy machine, and less than any page waits before it asks by itself
LISTENS_MS = 20_000
DENVER, MINNEAPOLIS = "80202", "55401"


@dataclass
class Stage:
    """Who plays, each with a browser of their own, and what is dealt with."""

    visit: WatchedBrowser
    organizations: dict[str, Organization]
    truck: Truck
    rival_leg: ReturnLeg
    out: Load
    back: Load
    pages: dict[str, Page] = field(default_factory=dict)

    def open(self, who: str, path: str, width: int = DESK) -> Page:
        """Lead somebody's own browser to a page and wait until it listens; from then on it is not loaded again."""
        page = self.pages.get(who)
        if page is None:
            page = self.pages[who] = self.visit.page(width)
            page.on("dialog", lambda question: question.accept())
            organization = self.organizations[who.partition("'")[0].partition(" ")[0]]
            sign_in(page, make_person(organization, "dispatcher", full_name=f"Ana {who}").email)
        page.goto(path)
        self.from_here(page)
        return page

    def from_here(self, page: Page) -> None:
        """Note the document that is open: it has to stay."""
        expect(page.locator("body")).to_have_attribute("data-live", "live", timeout=LISTENS_MS)
        page.evaluate("window.sameDocument = true")

    def stay(self, *who: str) -> None:
        """Hold that nobody's page was loaded again."""
        for each in who:
            assert self.pages[each].evaluate("window.sameDocument === true"), f"the page of the {each} was loaded again"


def _news(place: Locator, text: str | re.Pattern[str]) -> None:
    expect(place).to_contain_text(text, timeout=NEWS_MS)


@pytest.fixture(scope="module")
def browser(installation: Installation, chromium: str) -> Iterator[WatchedBrowser]:
    with watched_browser(chromium, installation.url) as found:
        yield found


@pytest.fixture
def stage(installation: Installation, browser: WatchedBrowser) -> Iterator[Stage]:
    """Denver to Minneapolis of a shipper, open to claims; the way back of a mill; a free truck of Denver; a rival's
    truck that goes home to Minneapolis. Other flows leave their loads elsewhere.
    """
    organizations = {
        "shipper": make_organization("Prairie Paper", contact_phone="+1 312 555 0100"),
        "mill": make_organization("Trinity Mill"),
        "broker": make_organization("Lakeside Brokers", brokers=True, ships=False),
        "carrier": make_organization("Ruiz Trucking", hauls=True),
        "rival": make_organization("Other Trucking", hauls=True),
    }
    make_driver(organizations["rival"], name="Dana Driver")
    start = now() + timedelta(days=1)
    truck = make_truck(organizations["carrier"], home=DENVER, number="41")
    rivals = make_truck(organizations["rival"], home=MINNEAPOLIS)
    ready = now() + timedelta(hours=1)
    rival_leg = make_leg(organizations["rival"], truck=rivals, empty=DENVER, ready_at=ready, hours=150)
    shipper, mill = (Tms(installation.url, organizations[name]) for name in ("shipper", "mill"))
    out = shipper.post_load(pickup=DENVER, delivery=MINNEAPOLIS, dollars=2_600, opens_at=start)
    then = start + timedelta(days=3)
    back = mill.post_load(pickup=MINNEAPOLIS, delivery=DENVER, dollars=2_300, opens_at=then)
    Load.objects.filter(public_id=out).update(book_now=True)
    yield Stage(
        visit=browser,
        organizations=organizations,
        truck=truck,
        rival_leg=rival_leg,
        out=Load.objects.get(public_id=out),
        back=Load.objects.get(public_id=back),
    )
    browser.close_pages()
    assert browser.complaints == []


def test_five_browsers_see_each_others_moves_from_the_tender_to_the_cancellation(stage: Stage) -> None:
    _a_broker_takes_over_the_sale(stage)
    out, back = _a_round_trip_is_booked_as_one(stage)
    _a_paper_is_ready_and_signed_by_both(stage, out)
    _an_amendment_is_agreed_with_a_new_paper(stage, back)
    _a_cancellation_brings_load_and_truck_back(stage, out)


def test_who_only_looks_is_told_at_once_that_it_is_gone_and_keeps_what_was_typed(stage: Stage) -> None:
    load, leg = stage.out, stage.rival_leg
    instead = Tms(stage.visit.base_url, stage.organizations["shipper"]).post_load(
        pickup=DENVER, delivery=MINNEAPOLIS, dollars=2_450
    )
    looking = stage.open("rival", f"/loads/{load.public_id}/")
    form = f"/bargain/loads/{load.public_id}/claim/?leg={leg.public_id}"
    writing, phone = stage.open("rival at work", form), stage.open("rival's phone", form, PHONE)
    for page in (writing, phone):
        expect(page.locator(".check-yes")).to_be_visible(timeout=NEWS_MS)
        page.locator("[name=driver]").select_option(label="Dana Driver")
    for page in (looking, writing, phone):
        page.evaluate("document.addEventListener('backhaul:watched.changed', () => { window.told = true; })")
    _until_matched(instead, leg)

    carrier = Tms(stage.visit.base_url, stage.organizations["carrier"])
    home_by = (now() + timedelta(days=9)).isoformat()
    body = {"truck": stage.truck.public_id, "return_home_by": home_by, "rate": {"amount": "2600.00", "currency": "USD"}}
    answer = carrier.send(f"/loads/{load.public_id}/claims", body, key=new_id("try"))
    assert answer.status_code == 201, answer.text

    _news(looking.locator("#bargain"), "This load is gone")
    _news(looking.locator(".next-best"), "The next best for your trucks")
    for page in (writing, phone):
        _news(page.locator("#standing"), "This load is gone")
        expect(page.locator(f"#standing a[href*='{instead}']").first).to_be_visible()
        expect(page.locator("[name=driver] option:checked")).to_have_text("Dana Driver")
    for page in (looking, writing, phone):
        assert page.evaluate("window.told"), "the page was not told, it asked by itself"
        expect(page.locator("main")).not_to_contain_text("Ruiz Trucking")
    stage.stay("rival", "rival at work", "rival's phone")
    picture(looking, "gone-while-looking")
    picture(writing, "gone-while-writing")
    picture(phone, "gone-while-writing")
    writing.locator(f"#standing a[href*='{instead}']").first.click()
    expect(writing.get_by_role("link", name="Make an offer").first).to_be_visible()


def _until_matched(load_id: str, leg: ReturnLeg) -> None:
    deadline = time.monotonic() + LISTENS_MS / 1_000
    while not Match.objects.filter(load__public_id=load_id, leg=leg).exists():
        assert time.monotonic() < deadline, "no match"
        time.sleep(0.1)


def _a_broker_takes_over_the_sale(stage: Stage) -> None:
    """The broker tenders, the mill accepts, the broker names its rate: a carrier that only looks sees each."""
    load = stage.back
    mill = stage.open("mill", f"/loads/{load.public_id}/")
    carrier = stage.open("carrier", f"/loads/{load.public_id}/")
    expect(carrier.get_by_role("link", name="Make an offer")).to_be_visible(timeout=NEWS_MS)
    broker = stage.open("broker", f"/bargain/loads/{load.public_id}/tender/")
    broker.get_by_label("Rate", exact=True).fill("2,250")
    broker.get_by_role("button", name="Send the tender").click()
    expect(broker).to_have_url(re.compile("/threads/thread_"))
    stage.from_here(broker)

    _news(mill.locator("#bargain"), "Brokers who would sell it")
    stage.stay("mill")
    mill.locator("#bargain [data-thread]", has_text="Lakeside Brokers").get_by_role("link").click()
    mill.get_by_role("button", name="Accept $2,250.00").click()
    expect(mill.get_by_text("sells this load to carriers now").first).to_be_visible()
    _news(broker.locator("main"), "Accepted")
    _news(carrier.locator("#bargain"), "sold by Lakeside Brokers")
    stage.stay("broker", "carrier")

    stage.from_here(mill)
    broker.goto(f"/loads/{load.public_id}/price/")
    broker.locator("[name=rate_cents]").fill("1,900")
    broker.locator("[name=book_now]").check()
    broker.get_by_role("button", name="Save").click()
    expect(carrier.get_by_role("link", name="Book now")).to_be_visible(timeout=NEWS_MS)
    _news(carrier.locator("#load"), "$1,900")
    _news(carrier.locator("#bargain"), "$1,900.00")
    expect(mill.locator("main")).not_to_contain_text("1,900")
    expect(carrier.locator("main")).not_to_contain_text("2,250")
    stage.stay("carrier", "mill")


def _a_round_trip_is_booked_as_one(stage: Stage) -> tuple[Booking, Booking]:
    """The carrier takes both loads as one; shipper, mill and broker see it, and so does a rival that only looks."""
    out, back = stage.out, stage.back
    shipper = stage.open("shipper", f"/loads/{out.public_id}/")
    mill = stage.open("mill", f"/loads/{back.public_id}/")
    broker = stage.open("broker", f"/loads/{back.public_id}/")
    rival = stage.open("rival", f"/loads/{back.public_id}/")
    expect(rival.get_by_role("link", name="Book now")).to_be_visible(timeout=NEWS_MS)
    rival.evaluate("document.addEventListener('backhaul:watched.changed', () => { window.told = true; })")

    carrier = stage.open("carrier", f"/bargain/loads/{out.public_id}/claim/?truck={stage.truck.public_id}")
    home_by = local(now() + timedelta(days=9), "America/Chicago").strftime("%Y-%m-%dT%H:%M")
    carrier.locator("[name=return_home_by]").fill(home_by)
    trip = carrier.locator(f"button[name=back][value^='{back.public_id}:']:not([value*=','])")
    expect(trip).to_be_visible(timeout=NEWS_MS)
    expect(trip).to_contain_text("Book the round trip")
    picture(carrier, "round-trip-before")
    trip.click()
    expect(carrier).to_have_url(re.compile("/claims/claim_"))
    expect(carrier.get_by_role("link", name="Open the booking")).to_have_count(2)
    picture(carrier, "round-trip-booked")

    _news(shipper.locator("#bargain"), "Booked with Ruiz Trucking")
    _news(mill.locator("#bargain"), "Booked with Lakeside Brokers")
    _news(broker.locator("#bargain"), "Booked with Ruiz Trucking")
    _news(rival.locator("#bargain"), "This load is gone")
    assert rival.evaluate("window.told"), "the rival's page was not told, it asked by itself"
    expect(rival.locator("#bargain")).not_to_contain_text("Ruiz Trucking")
    stage.stay("shipper", "mill", "broker", "rival")
    picture(rival, "gone-for-who-only-looked")
    return Booking.objects.get(load=out), Booking.objects.get(load=back)


def _a_paper_is_ready_and_signed_by_both(stage: Stage, booking: Booking) -> None:
    """The document comes to pages that wait for it; one signs and the other sees it; then the other way round."""
    shipper = stage.open("shipper", f"/bookings/{booking.public_id}/")
    _news(shipper.locator("[aria-labelledby=papers-title]"), "In force")
    paper = RateConfirmation.objects.get(booking=booking)
    _news(shipper.locator("[aria-labelledby=papers-title]"), "0 of 2 signed")
    stage.stay("shipper")
    shipper.get_by_role("link", name=paper.number).click()
    stage.from_here(shipper)
    shipper.get_by_label("Your name").fill("Ana S. Prairie")
    carrier = stage.open("carrier", f"/rate-confirmations/{paper.public_id}/")
    carrier.get_by_role("button", name="Sign").click()
    expect(carrier.locator("#confirmation")).to_contain_text("Ana carrier for Ruiz Trucking")
    stage.from_here(carrier)
    _news(shipper.locator("#confirmation"), "Ana carrier for Ruiz Trucking")
    stage.stay("shipper")
    shipper.get_by_role("button", name="Sign").click()  # with what was typed before the other's signature came
    _news(carrier.locator("#confirmation"), "Ana S. Prairie for Prairie Paper")
    stage.stay("carrier")
    picture(carrier, "paper-signed-by-both")


def _an_amendment_is_agreed_with_a_new_paper(stage: Stage, booking: Booking) -> None:
    """The broker proposes, the carrier sees it and accepts, both see the new paper; the mill sees nothing of it."""
    papers = "[aria-labelledby=papers-title]"
    carrier = stage.open("carrier", f"/bookings/{booking.public_id}/")
    _news(carrier.locator(papers), "In force")
    mill = stage.open("mill", f"/bookings/{booking.public_id}/")
    broker = stage.open("broker", f"/bookings/{booking.public_id}/")
    for page, own, others in ((carrier, "$1,900.00", "2,250"), (mill, "$2,250.00", "1,900"), (broker, "$350.00", "")):
        expect(page.locator("#booking")).to_contain_text(own)
        if others:
            expect(page.locator("main")).not_to_contain_text(others)
    broker.locator(papers).get_by_role("link", name="Change the terms").click()
    broker.locator("[name=linehaul_cents]").fill("2,000")
    broker.locator("[name=reason]").fill("The mill opens two hours later.")
    broker.get_by_role("button", name="Propose the change").click()
    expect(broker).to_have_url(re.compile("/amendments/amend_"))
    stage.from_here(broker)

    proposed = carrier.locator(papers).get_by_role("link", name="Carriage, no. 1")
    expect(proposed).to_be_visible(timeout=NEWS_MS)
    stage.stay("carrier")
    proposed.click()
    expect(carrier.locator("#amendment")).to_contain_text("$1,900.00")
    expect(carrier.locator("#amendment")).to_contain_text("$2,000.00")
    carrier.get_by_role("button", name="Accept the change").click()
    expect(carrier.get_by_text("Accepted. The booking has changed")).to_be_visible()
    expect(broker.locator("#amendment")).to_have_attribute("data-status", "accepted", timeout=NEWS_MS)
    stage.stay("broker")
    carrier = stage.open("carrier", f"/bookings/{booking.public_id}/")
    expect(carrier.locator("#booking")).to_contain_text("$2,000.00")
    _news(carrier.locator(papers), "Replaced by an amendment")
    _news(carrier.locator(papers), re.compile("In force"))
    expect(mill.locator("main")).not_to_contain_text("2,000")
    stage.stay("mill")


def _a_cancellation_brings_load_and_truck_back(stage: Stage, booking: Booking) -> None:
    """The shipper cancels: the carrier's page says so, the load is open again for who looks at it, and on the desk."""
    load = booking.load
    carrier = stage.open("carrier", f"/bookings/{booking.public_id}/")
    rival = stage.open("rival", f"/bargain/loads/{load.public_id}/?leg={stage.rival_leg.public_id}")
    expect(rival.get_by_role("heading", name="This load is gone")).to_be_visible()
    desk = stage.open("broker", "/desk/")
    shipper = stage.open("shipper", f"/bookings/{booking.public_id}/cancellation/")
    shipper.get_by_label("Booked by mistake").check()
    picture(shipper, "cancellation-of-a-shipper")
    shipper.get_by_role("button", name="Cancel the booking").click()
    expect(shipper).to_have_url(re.compile(f"/bookings/{booking.public_id}/$"))

    expect(carrier.locator("#booking")).to_have_attribute("data-status", "cancelled", timeout=NEWS_MS)
    _news(carrier.locator("#booking"), "by Prairie Paper")
    expect(rival.get_by_role("link", name="Book now")).to_be_visible(timeout=NEWS_MS)
    stage.stay("carrier", "rival")
    load.refresh_from_db()
    assert load.status == Status.OPEN
    match = desk.locator("[data-match^=match_]", has_text="Denver, CO").first
    expect(match).to_be_visible(timeout=NEWS_MS)
    stage.stay("broker")
    assert Match.objects.filter(load=load, leg=stage.rival_leg).exists()
