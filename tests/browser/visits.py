"""Pages of people who are signed in already, on a phone and on a desk."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page

from foundation.accounts.models import Organization
from tests.browser.watched import DESK, PHONE, watched_browser
from tests.builders import make_person


@pytest.fixture(params=(PHONE, DESK))
def visit(request: Any, live_server: Any, chromium: str, settings: Any) -> Iterator[Any]:
    """Return a way to sign somebody of an organization in and get their page; fails where a page complains."""
    with watched_browser(chromium, live_server.url) as browser:

        def enter(organization: Organization, role: str = "dispatcher") -> Page:
            client = Client()
            person = make_person(organization, role, full_name="Ana Ruiz")
            client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
            cookie = client.cookies[settings.SESSION_COOKIE_NAME]
            page = browser.page(request.param)
            page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
            return page

        yield enter
    assert browser.complaints == []
