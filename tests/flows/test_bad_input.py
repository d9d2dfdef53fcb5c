"""Bad input in a browser on a phone: errors beside their fields, what was typed stays, one load however it is sent."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from foundation.accounts.models import Market, Organization, Person
from loads.models import Load
from tests.browser.watched import PHONE, picture, sign_in, watched_browser
from tests.builders import make_organization, make_person
from tests.installation import Installation

SCRIPT = "<script>alert(1)</script>"
UNREADABLE = {
    "s0-place": ("99999", "There is no ZIP code 99999"),
    "rate_cents": ("a lot", "is not an amount in dollars"),
}
AGAINST_THE_RULES = {
    "s0-closes": ("07:00", "The window closes before it opens"),
    "weight_pounds": ("200,000", "200,000 lb do not go on one van"),
}
RIGHT = {"s0-place": "60601", "s0-closes": "16:00", "weight_pounds": "38000", "rate_cents": "2400"}


@pytest.fixture
def shipper() -> Organization:
    return make_organization("Sand Paper", market=Market.SANDBOX)


@pytest.fixture
def person(shipper: Organization) -> Person:
    return make_person(shipper, "dispatcher")


@pytest.fixture
def page(installation: Installation, chromium: str, person: Person) -> Iterator[Page]:
    with watched_browser(chromium, installation.url) as browser:
        found = browser.page(PHONE)
        sign_in(found, person.email)
        yield found
        assert browser.complaints == []


def _fill(page: Page, typed: dict[str, str]) -> None:
    for name, text in typed.items():
        page.locator(f"[name={name}]").fill(text)


def _says(page: Page, name: str, sentence: str) -> None:
    """Hold that a field's error stands right below it, where a thumb finds it."""
    control = page.locator(f"[name={name}]")
    error = page.locator(f"#{control.get_attribute('id')}_error")
    expect(error).to_contain_text(sentence)
    expect(error).to_be_visible()
    field, below = control.bounding_box(), error.bounding_box()
    assert field
    assert below
    assert 0 <= below["y"] - (field["y"] + field["height"]) < 60, f"the error of {name} stands elsewhere"
    assert 0 <= below["x"] < field["x"] + field["width"], f"the error of {name} sticks out"
    assert below["x"] + below["width"] <= PHONE, f"the error of {name} sticks out"


@pytest.mark.browser
def test_a_wrong_form_keeps_what_was_typed_and_a_double_tap_posts_one_load(page: Page, shipper: Organization) -> None:
    page.goto("/loads/new/")
    _fill(page, {"s1-place": "75201", "commodity": SCRIPT, **RIGHT})
    for wrong in (UNREADABLE, AGAINST_THE_RULES):
        _fill(page, RIGHT | {name: text for name, (text, _) in wrong.items()})
        page.get_by_role("button", name="Post load").click()
        for name, (text, sentence) in wrong.items():
            _says(page, name, sentence)
            expect(page.locator(f"[name={name}]")).to_have_value(text)
        expect(page.locator("[name=commodity]")).to_have_value(SCRIPT)
        expect(page.locator("[name=s1-place]")).to_have_value(re.compile("Dallas|75201"))
        picture(page, "form-with-errors")
    _fill(page, RIGHT | {"s1-opens_on": page.locator("[name=s0-opens_on]").input_value()})
    page.get_by_role("button", name="Post load").click()
    _says(page, "s1-closes", "cannot be reached in time")
    assert not shipper.loads.exists()

    page.goto("/loads/new/")
    _fill(page, {"s1-place": "75201", "commodity": SCRIPT, **RIGHT})
    page.get_by_role("button", name="Post load").dblclick()
    expect(page).to_have_url(re.compile("/loads/load_"))
    expect(page.get_by_text(SCRIPT)).to_be_visible()
    assert shipper.loads.count() == 1


@pytest.mark.browser
def test_a_form_that_was_overtaken_shows_both_versions(page: Page, person: Person) -> None:
    page.goto("/loads/new/")
    _fill(page, {"s1-place": "75201", "commodity": "Paper", **RIGHT})
    page.get_by_role("button", name="Post load").click()
    expect(page).to_have_url(re.compile("/loads/load_"))
    load = Load.objects.get(organization__memberships__person=person)
    edit = f"/loads/{load.public_id}/edit/"
    page.goto(edit)
    other = page.context.new_page()
    other.goto(edit)
    _fill(other, {"rate_cents": "2500"})
    other.get_by_role("button", name="Save changes").click()
    expect(other.get_by_text("Saved.")).to_be_visible()
    _fill(page, {"rate_cents": "2300"})
    page.get_by_role("button", name="Save changes").click()
    notice = page.get_by_role("alert")
    expect(notice).to_contain_text("Somebody changed this load while you were editing")
    expect(notice).to_contain_text("$2,500.00")
    expect(page.locator("[name=rate_cents]")).to_have_value(re.compile(r"2,?300"))
    load.refresh_from_db()
    assert load.rate_cents == 2_500_00
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    load.refresh_from_db()
    assert load.rate_cents == 2_300_00


def test_the_same_form_sent_by_many_requests_at_once_is_one_load(
    installation: Installation, shipper: Organization, person: Person
) -> None:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    session = requests.Session()
    session.cookies.set("sessionid", client.cookies[settings.SESSION_COOKIE_NAME].value)
    blank = session.get(f"{installation.url}/loads/new/", timeout=60).text
    form = _fields_of(blank) | RIGHT | {"s1-place": "75201", "commodity": "Paper", "do": "post"}

    def send(_number: int) -> requests.Response:
        own = requests.Session()
        own.cookies.update(session.cookies)
        return own.post(f"{installation.url}/loads/new/", data=form, timeout=60, allow_redirects=False)

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(send, range(6)))
    load = shipper.loads.get()
    assert {(answer.status_code, answer.headers.get("Location")) for answer in answers} == {
        (302, f"/loads/{load.public_id}/")
    }


def _fields_of(page: str) -> dict[str, Any]:
    """Return what a browser would send of the form as it came: inputs with values, selected options."""
    form = page.split('class="load-form"')[1].split("</form>")[0]
    fields: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        found = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if "name" in found and found.get("type") not in {"checkbox", "submit"}:
            known = fields.get(found["name"])
            value = found.get("value", "")
            fields[found["name"]] = [*known, value] if isinstance(known, list) else [value]
    for name, options in re.findall(r'<select name="([\w-]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        fields[name] = re.findall(r'<option value="([^"]*)" selected', options) or [""]
    return fields
