"""A network plan in a real browser with a real worker: asked for, watched, read, a line proposed and answered live."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from playwright.sync_api import expect

from brokers.models import Proposal
from carriers.models import ReturnLeg
from foundation.accounts.models import Organization, Person, RelationshipKind
from foundation.trade.posting import Status
from loads.models import Load
from matching.models import NetworkPlan
from matching.services.planning import LOCK, ask_plan
from tests.browser.watched import PHONE, WatchedBrowser, picture, sign_in, watched_browser
from tests.builders import make_actor, make_leg, make_load, make_organization, make_person, make_relationship, now
from tests.installation import Installation

pytestmark = pytest.mark.browser
NEWS_MS = 45_000  # patience of a busy machine; a plan whose message found no free worker waits for the next sweep
LANES = (("60601", "75201"), ("60601", "63101"), ("63101", "75201"), ("46201", "72201"), ("53201", "73102"))


@dataclass
class Small:
    """A market of its own: trucks from Chicago to Dallas, loads along the way, and partners only may see them."""

    broker: Organization
    carrier: Organization
    shipper: Organization
    people: dict[str, Person]


@pytest.fixture(scope="module")
def small(installation: Installation) -> Small:
    # what other flows left on the open market would be a part of the plan
    for model in (ReturnLeg, Load):
        model.objects.filter(status=Status.OPEN).update(status=Status.WITHDRAWN)
    broker = make_organization("Harbor Brokers", brokers=True)
    carrier = make_organization("Bluestem Trucking", hauls=True)
    shipper = make_organization("Calumet Paper")
    for giver in (carrier, shipper):
        make_relationship(giver, broker, RelationshipKind.PARTNER)
    make_relationship(carrier, shipper, RelationshipKind.PARTNER)
    make_relationship(shipper, carrier, RelationshipKind.PARTNER)
    for number in range(6):
        ready = now() + timedelta(hours=2 + number)
        make_leg(carrier, ready_at=ready, hours=200, audience="partners", max_out_of_route_miles=400)
    for number in range(10):
        origin, destination = LANES[number % len(LANES)]
        make_load(
            shipper,
            from_place=origin,
            to_place=destination,
            opens_at=now() + timedelta(hours=6 + 9 * number),
            rate_cents=(1_500 + 90 * number) * 100,
            audience="partners",
        )
    people = {"broker": make_person(broker), "carrier": make_person(carrier), "shipper": make_person(shipper)}
    return Small(broker, carrier, shipper, people)


@pytest.fixture(scope="module")
def browser(installation: Installation, small: Small, chromium: str) -> Iterator[WatchedBrowser]:
    with watched_browser(chromium, installation.url) as found:
        yield found


@pytest.fixture
def visit(browser: WatchedBrowser) -> Iterator[WatchedBrowser]:
    yield browser
    browser.close_pages()
    assert browser.complaints == []


def test_a_broker_optimises_the_market_and_a_carrier_answers_a_line(visit: WatchedBrowser, small: Small) -> None:
    page = visit.page()
    sign_in(page, small.people["broker"].email)
    page.goto("/desk/")
    page.get_by_role("link", name="Optimise the market").click()
    expect(page.get_by_text("No plan yet")).to_be_visible()
    picture(page, "plans-none")
    page.get_by_label("Each truck may take").select_option("2")
    # No worker is free while somebody holds the lock: the page waits, and says so.
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as door:
        door.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        page.get_by_role("button", name="Optimise the market").click()
        expect(page).to_have_url(re.compile("/desk/plans/plan_"))
        expect(page.locator("progress#plan-bar")).to_be_visible()
        expect(page.locator("#plan-stage")).to_contain_text("Waiting")
        picture(page, "plan-waiting")
    plan = NetworkPlan.objects.get(organization=small.broker)
    expect(page.locator("#plan-proof")).to_be_visible(timeout=NEWS_MS)
    plan.refresh_from_db()
    assert plan.status == "done"
    expect(page.locator("#plan-proof")).to_contain_text("can gain more than")
    expect(page.locator("details.plan-line")).to_have_count(plan.lines.count())
    picture(page, "plan")
    first = page.locator("details.plan-line").first
    first.locator("summary").click()
    expect(first.locator("table.sum tfoot")).to_be_visible()
    picture(page, "plan-line-open")

    carrier = visit.page(PHONE)
    sign_in(carrier, small.people["carrier"].email)
    expect(carrier.locator("body")).to_have_attribute("data-live", "live", timeout=NEWS_MS)
    first.get_by_role("button", name="Suggest it to the parties").click()
    expect(first.get_by_text("Suggestion", exact=True)).to_be_visible()
    proposal = Proposal.objects.get(broker=small.broker)
    banner = carrier.locator(f".banners [data-proposal='{proposal.public_id}']")
    expect(banner).to_be_visible(timeout=NEWS_MS)
    expect(banner).to_contain_text("Harbor Brokers suggests")
    picture(carrier, "proposal-banner")

    page.goto(f"/proposals/{proposal.public_id}/")
    expect(page.locator("body")).to_have_attribute("data-live", "live", timeout=NEWS_MS)
    banner.get_by_role("button", name="Interested").click()
    expect(banner).to_have_count(0, timeout=NEWS_MS)
    expect(page.locator(".proposal-parties")).to_contain_text("interested", timeout=NEWS_MS)
    picture(page, "proposal-of-the-broker")

    shipper = visit.page()
    sign_in(shipper, small.people["shipper"].email)
    shipper.goto(f"/loads/{proposal.loads.first().load.public_id}/")
    about = shipper.locator("#proposals-about .proposal")
    expect(about).to_be_visible()
    picture(shipper, "load-with-a-proposal")
    about.get_by_role("button", name="Decline").click()
    expect(page.locator("[data-proposal]")).to_have_attribute("data-status", "declined", timeout=NEWS_MS)


def test_a_plan_whose_worker_is_killed_is_taken_up_by_the_next_one(installation: Installation, small: Small) -> None:
    with psycopg.connect(**connection.get_connection_params(), autocommit=False) as door:
        door.execute("LOCK TABLE loads_stop IN ACCESS EXCLUSIVE MODE")  # the worker hangs while it reads the market
        plan, _ = ask_plan(actor=make_actor(small.broker, person=small.people["broker"]))
        assert _stands(plan, "running")
        installation.kill("worker")
        door.rollback()
    installation.bring_back("worker")
    assert _stands(plan, "done")
    assert plan.run == 2
    assert plan.lines.exists()


def _stands(plan: NetworkPlan, status: str) -> bool:
    """Wait until a plan has a status; say whether it came to that."""
    deadline = time.monotonic() + NEWS_MS / 1000
    while time.monotonic() < deadline:
        plan.refresh_from_db()
        if plan.status == status:
            return True
        time.sleep(0.2)
    return False


def test_the_pages_of_a_plan_fit_a_phone(visit: WatchedBrowser, small: Small) -> None:
    plan = NetworkPlan.objects.filter(organization=small.broker, status="done").latest("pk")
    page = visit.page(PHONE)
    sign_in(page, small.people["broker"].email)
    page.goto("/desk/")
    picture(page, "desk")
    page.goto("/desk/plans/")
    picture(page, "plans")
    page.goto(f"/desk/plans/{plan.public_id}/")
    expect(page.locator("#plan-proof")).to_be_visible()
    picture(page, "plan")
    page.locator("details.plan-line summary").first.click()
    expect(page.locator("table.sum tfoot").first).to_be_visible()
    picture(page, "plan-line-open")
    page.goto(f"/desk/plans/{plan.public_id}/lines/{plan.lines.first().public_id}/")
    picture(page, "plan-line")
    page.goto("/proposals/")
    picture(page, "proposals")
