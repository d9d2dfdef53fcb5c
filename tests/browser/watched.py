"""A real browser that hears every complaint: scripts that break, and what the content policy stops."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connections
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.builders import PASSWORD

DESK, PHONE = 1280, 390
_HEIGHTS = {DESK: 800, PHONE: 844}
_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
_EXPECTED = (
    "Failed to load resource",  # a refusal that a test provokes
    "htmx:afterRequest",  # a fragment on its way when its page was left; one that fails says htmx:responseError
    "htmx:sendError",
    "htmx:sendAbort",
)


class WatchedBrowser:
    """Opens pages of one site, each in a context of its own, and remembers what they complain about."""

    def __init__(self, browser: Browser, base_url: str) -> None:
        self._browser = browser
        self.base_url = base_url
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    def page(self, width: int = DESK) -> Page:
        """Open a page as a browser that nobody used before."""
        context = self._browser.new_context(
            base_url=self.base_url,
            viewport={"width": width, "height": _HEIGHTS[width]},
            has_touch=width == PHONE,
        )
        self._contexts.append(context)
        found = context.new_page()
        found.on("pageerror", lambda error: self.complaints.append(str(error)))
        found.on("console", lambda line: self._hear(line.type, line.text))
        return found

    def _hear(self, kind: str, text: str) -> None:
        if kind == "error" and not any(words in text for words in _EXPECTED):
            self.complaints.append(text)

    def close_pages(self) -> None:
        """Close every page."""
        while self._contexts:
            self._contexts.pop().close()


@contextmanager
def watched_browser(chromium: str, base_url: str) -> Iterator[WatchedBrowser]:
    """Run Chromium; rows may be written and read meanwhile, though Playwright's loop runs in this thread."""
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=_FLAGS, timeout=120_000)
            try:
                yield WatchedBrowser(browser, base_url)
            finally:
                # While Playwright's loop runs, Django keeps connections apart from those outside it: to a database
                # that may be gone when the next browser opens.
                connections.close_all()
                browser.close()
    finally:
        if before is None:
            del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


def sign_in(page: Page, email: str) -> None:
    """Sign in as a person does, through the form."""
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator(".org-switch")).to_be_visible()


def picture(page: Page, name: str) -> None:
    """Keep a picture where SCREENSHOTS names a folder, and hold that nothing sticks out sideways."""
    size = page.viewport_size
    assert size is not None
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}-{size['width']}.png"), full_page=True)
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= size["width"], f"{name} is {wide} px wide on a screen of {size['width']}"
