"""The documentation of the API: public, served by us alone, and readable in a browser under our CSP."""

import json

import pytest
from django.test import Client
from playwright.sync_api import sync_playwright

REAL_ADDRESSES = True
pytestmark = pytest.mark.django_db


def test_the_schema_is_public_and_sent_once(client):
    response = Client().get("/api/v1/openapi.json")
    assert json.loads(response.content)["openapi"].startswith("3.1")
    assert response["Cache-Control"] == "public, max-age=300"
    again = Client().get("/api/v1/openapi.json", headers={"If-None-Match": response["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("page", ["docs", "docs/", "redoc", "redoc/"])
def test_the_readers_come_from_this_server_alone(client, page):
    response = Client().get(f"/api/v1/{page}")
    assert response.status_code == 200
    html = response.content.decode()
    assert "https://" not in html
    assert "<style" not in html
    assert (
        "script-src" not in response["Content-Security-Policy"]
        or "unsafe-inline" not in response["Content-Security-Policy"].split("script-src")[1].split(";")[0]
    )


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("page", "words"), [("docs", "Post a load"), ("redoc", "Post a load")])
def test_the_readers_work_in_a_browser_without_complaint(live_server, chromium, page, words):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_page()
        complaints: list[str] = []
        tab.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.goto(f"{live_server.url}/api/v1/{page}")
        tab.get_by_text(words).first.wait_for(state="attached", timeout=20_000)
        browser.close()
    # Redoc wants its maker's logo from afar; our policy keeps the reader's browser from asking for it.
    assert [each for each in complaints if "redocly.com" not in each and "cdn.redoc.ly" not in each] == []
