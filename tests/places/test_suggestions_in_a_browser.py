"""The place field in a real browser: typing, keys, the mouse."""

import re
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import expect, sync_playwright

from tests.builders import make_organization, make_person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_place_is_chosen_by_keys_and_by_mouse(live_server: Any, client: Client, chromium: str, settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.places.site"
    client.force_login(make_person(make_organization()), backend="django.contrib.auth.backends.ModelBackend")
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    refused: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context()
        context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
        page = context.new_page()
        page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
        page.goto(f"{live_server.url}/trip")
        origin, home = page.get_by_label("Origin"), page.get_by_label("Home")
        options = page.locator("#id_origin_places [role=option]")

        origin.press_sequentially("chic")
        expect(options.first).to_have_text("Chicago, IL")
        expect(origin).to_have_attribute("aria-expanded", "true")
        origin.press("ArrowDown")
        origin.press("ArrowDown")
        expect(options.nth(1)).to_have_attribute("aria-selected", "true")
        expect(origin).to_have_attribute("aria-activedescendant", re.compile("id_origin_places_1"))
        origin.press("ArrowUp")
        origin.press("Enter")
        expect(origin).to_have_value("Chicago, IL")
        expect(origin).to_have_attribute("aria-expanded", "false")
        assert page.url.endswith("/trip"), "Enter chooses, it does not send the form"

        home.press_sequentially("spring")
        page.locator("#id_home_places").get_by_text("Springfield, MO").click()
        expect(home).to_have_value("Springfield, MO")
        expect(page.locator("#id_home_places")).to_be_hidden()

        home.fill("")
        home.press_sequentially("dal")
        expect(page.locator("#id_home_places")).to_be_visible()
        home.press("Escape")
        expect(page.locator("#id_home_places")).to_be_hidden()
        home.fill("")
        origin.focus()
        origin.press("Enter")
        expect(page.get_by_text("'Chicago, IL'")).to_be_visible()
        browser.close()
    assert refused == []
