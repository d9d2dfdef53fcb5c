"""Signing up, setting up a company and working in two tabs, in a real browser under the strict content policy."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from foundation.accounts.models import Membership, Organization, Role
from tests.builders import PASSWORD, make_organization, make_person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_cache")]
DESK, PHONE = 1280, 390


@dataclass
class Visitor:
    browser: Browser
    base: str
    complaints: list[str] = field(default_factory=list)

    def page(self, width: int = DESK) -> Page:
        page = self.browser.new_context(viewport={"width": width, "height": 800}).new_page()
        return self.watched(page)

    def watched(self, page: Page) -> Page:
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self.hear(message.type, message.text))
        return page

    def hear(self, kind: str, text: str) -> None:
        if kind == "error" and "Failed to load resource" not in text:  # a 404 or 422 that a test provokes
            self.complaints.append(text)

    def sign_in(self, page: Page, email: str) -> None:
        page.goto(f"{self.base}/accounts/login/")
        page.get_by_label("Email").fill(email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.locator(".org-switch")).to_be_visible()


@pytest.fixture
def visiting(live_server: Any, chromium: str) -> Callable[[], AbstractContextManager[Visitor]]:
    """Playwright runs an event loop in this thread: rows are made before it starts and read after it ends."""

    @contextmanager
    def visit() -> Iterator[Visitor]:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            visitor = Visitor(browser, live_server.url)
            yield visitor
            browser.close()
        assert visitor.complaints == []

    return visit


def test_a_newcomer_signs_up_and_sets_up_a_company(visiting):
    with visiting() as visitor:
        sign_up_and_set_up(visitor)
    assert Organization.objects.get().usdot_number == "1234567"


def sign_up_and_set_up(visitor: Visitor) -> None:
    page = visitor.page(PHONE)
    page.goto(f"{visitor.base}/accounts/signup/")
    page.get_by_label("Your name").fill("Nora New")
    page.get_by_label("Email").fill("nora@example.com")
    for box in ("#id_password1", "#id_password2"):
        page.locator(box).fill("a long road home")
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", name="Set up your company")).to_be_visible()

    page.get_by_label("Company name").fill("Nora & Sons")
    page.get_by_label("Hauls freight").check()
    page.get_by_label("USDOT number").fill("USDOT 12")
    page.get_by_role("button", name="Set up").click()
    expect(page.locator("#id_usdot_number_error")).to_contain_text("no letters")
    expect(page.get_by_label("USDOT number")).to_have_value("USDOT 12")
    page.get_by_label("USDOT number").fill("1234567")
    page.get_by_role("button", name="Set up").click()

    page.goto(f"{visitor.base}/organization/")
    expect(page.get_by_text("Nora & Sons is not verified yet")).to_be_visible()
    expect(page.get_by_text("Confirm your e-mail address")).to_be_visible()


def test_a_form_of_a_tab_left_behind_is_stopped_after_a_switch(visiting):
    organization = make_organization("Prairie Freight", hauls=True, usdot_number="1234567")
    pat = make_person(organization)
    Membership.objects.create(organization=make_organization("Lakeside"), person=pat, role=Role.OWNER)
    with visiting() as visitor:
        page = visitor.page()
        visitor.sign_in(page, pat.email)
        left_behind = visitor.watched(page.context.new_page())
        left_behind.goto(f"{visitor.base}/organization/edit/")
        page.goto(f"{visitor.base}/organization/")
        page.locator(".org-switch").click()
        page.get_by_role("button", name="Lakeside").click()
        expect(page.locator(".org-name")).to_have_text("Lakeside")
        left_behind.get_by_label("Contact for business").fill("Oops")
        left_behind.get_by_role("button", name="Save").click()
        expect(left_behind.get_by_text("In another tab you switched to Lakeside")).to_be_visible()
    assert not Organization.objects.filter(contact_name="Oops").exists()


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_no_page_is_wider_than_its_screen(visiting, width):
    organization = make_organization("The Very Long Name of a Freight Company of the Upper Midwest", hauls=True)
    owner = make_person(organization, full_name="Pat Prairie")
    make_person(organization, Role.DISPATCHER, email=f"{'long' * 12}@example.com")
    with visiting() as visitor:
        page = visitor.page(width)
        visitor.sign_in(page, owner.email)
        for path in ("", "edit/", "people/", "relationships/", "keys/", "new/"):
            page.goto(f"{visitor.base}/organization/{path}")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
