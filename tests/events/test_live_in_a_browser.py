"""live.js in a real browser, over the real web server: news without a reload, and what it does without a stream."""

import os
from collections.abc import Iterator

import pytest
from django.db import transaction
from django.test import Client
from playwright.sync_api import Browser, Page, expect, sync_playwright

from backhaul.wiring import FACTS
from foundation.accounts.models import Organization, Person
from foundation.events.relay import Relay
from foundation.events.services import end_streams, notify
from tests.builders import make_organization, make_person
from tests.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # the test writes rows while Playwright's loop runs
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield found
        found.close()


@pytest.fixture
def ours() -> Organization:
    return make_organization("Prairie Paper")


@pytest.fixture
def owner(ours: Organization) -> Person:
    return make_person(ours)


@pytest.fixture
def page(browser: Browser, site: Installation, owner: Person) -> Iterator[Page]:
    client = Client()
    client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    context = browser.new_context(base_url=site.url)
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site.url}])
    found = context.new_page()
    found.errors = []
    found.on("pageerror", lambda error: found.errors.append(str(error)))
    found.goto("/events/notices")
    yield found
    assert found.errors == []
    context.close()


def _notify(organization: Organization, text: str) -> None:
    with transaction.atomic():
        notify(organization_id=organization.public_id, key=text, text=text, url="/loads/")
    Relay(wiring=FACTS, periodic={}).place_and_send()


def _state(page: Page, state: str, seconds: float = 30) -> None:
    expect(page.locator("#live-state")).to_have_attribute("data-state", state, timeout=seconds * 1000)


def test_a_notice_appears_without_a_reload_and_only_to_whom_it_is_for(page: Page, ours) -> None:
    _state(page, "live")
    page.evaluate("window.sameDocument = true")
    _notify(make_organization("Stranger"), "Not yours")
    _notify(ours, "Chicago to Dallas: still open?")
    expect(page.locator("#notices")).to_contain_text("Chicago to Dallas: still open?")
    expect(page.locator("#bell [data-unread]")).to_have_text("1")
    expect(page.locator("body")).not_to_contain_text("Not yours")
    page.get_by_role("button", name="Mark as read").click()
    expect(page.locator("#bell [data-unread]")).to_have_count(0)
    assert page.evaluate("window.sameDocument")


def test_each_fact_is_an_event_on_the_body_and_comes_once(page: Page, ours) -> None:
    _state(page, "live")
    page.evaluate("""() => {
        window.heard = [];
        document.body.addEventListener("backhaul:notice.posted", (event) => window.heard.push(event.detail));
    }""")
    _notify(ours, "One")
    with transaction.atomic():
        end_streams(organization_id=ours.public_id)
    page.wait_for_timeout(300)
    _notify(ours, "While it was away")
    expect(page.locator("#notices")).to_contain_text("While it was away")
    _state(page, "live")
    heard = page.evaluate("window.heard")
    assert [set(item) for item in heard] == [{"name", "subject", "position"}] * 2
    assert len({item["position"] for item in heard}) == 2


def test_without_redis_the_page_polls_and_with_it_it_is_live_again(page: Page, ours, site: Installation) -> None:
    _state(page, "live")
    site.redis.stop()
    _state(page, "polling", 60)
    _notify(ours, "Told without Redis")
    expect(page.locator("#notices")).to_contain_text("Told without Redis", timeout=60_000)
    site.redis.start()
    _state(page, "live", 60)


def test_a_page_whose_reader_signed_out_stops_listening_for_good(page: Page, owner) -> None:
    _state(page, "live")
    page.context.clear_cookies()
    with transaction.atomic():
        end_streams(person_id=owner.public_id)
    _state(page, "off")
    expect(page.locator("#live-state")).to_contain_text("Not live")


def test_a_hidden_tab_does_not_listen_and_catches_up_when_it_is_looked_at(page: Page, ours) -> None:
    _state(page, "live")
    page.evaluate("""() => {
        Object.defineProperty(document, "hidden", { value: true, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    }""")
    _notify(ours, "While nobody looked")
    page.wait_for_timeout(500)
    expect(page.locator("#notices")).not_to_contain_text("While nobody looked")
    page.evaluate("""() => {
        Object.defineProperty(document, "hidden", { value: false, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    }""")
    expect(page.locator("#notices")).to_contain_text("While nobody looked")


def test_a_server_that_goes_away_holds_nothing_back_and_the_page_says_so(page: Page, site: Installation) -> None:
    _state(page, "live")
    assert site.stop() < 20, "an open stream must not hold the server back"
    _state(page, "lost", 60)
