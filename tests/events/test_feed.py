"""The feed for polling pages, and its REST twin: one's own facts, in order, nothing twice."""

import pytest
from django.db import transaction
from django.test import Client

from foundation.accounts.models import Role
from foundation.events.models import Event
from foundation.events.relay.placing import place_batch
from foundation.events.services import publish
from foundation.events.upkeep import prune
from tests.builders import make_actor, make_organization, make_person

pytestmark = pytest.mark.django_db
WIRING = {"load.opened": ()}


def _tell(organization, *subjects: str) -> None:
    for subject in subjects:
        with transaction.atomic():
            publish(name="load.opened", subject=subject, version=1, audience={organization.public_id: {"id": subject}})
    place_batch(WIRING)


@pytest.fixture
def ours():
    return make_organization()


@pytest.fixture
def browser(ours) -> Client:
    client = Client()
    client.force_login(make_person(ours), backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_a_page_polls_from_where_it_stands(browser: Client, ours) -> None:
    start = browser.get("/events/feed").json()
    assert start == {"items": [], "position": 0, "more": False, "organization": ours.public_id}
    _tell(ours, "load_1", "load_2")
    _tell(make_organization(), "theirs")
    first = browser.get("/events/feed?after=0&limit=1").json()
    assert first["items"] == [{"name": "load.opened", "subject": "load_1", "position": 1}]
    assert first["more"] is True
    second = browser.get(f"/events/feed?after={first['position']}").json()
    assert [item["subject"] for item in second["items"]] == ["load_2"]
    assert second["more"] is False
    assert browser.get(f"/events/feed?after={second['position']}").json()["items"] == []


def test_a_fact_without_a_position_is_not_in_the_feed(browser: Client, ours) -> None:
    with transaction.atomic():
        publish(name="load.opened", subject="load_1", audience={ours.public_id: {}})
    assert browser.get("/events/feed?after=0").json()["items"] == []


def test_a_script_without_a_session_gets_a_refusal_and_no_sign_in_page(ours) -> None:
    answer = Client().get("/events/feed")
    assert (answer.status_code, answer.json()["code"]) == (401, "signed_out")
    driver = Client()
    driver.force_login(make_person(ours, Role.DRIVER), backend="django.contrib.auth.backends.ModelBackend")
    assert driver.get("/events/feed").status_code == 403


def test_rest_gives_the_payloads_and_pages_on(browser: Client, ours) -> None:
    _tell(ours, "load_1", "load_2", "load_3")
    _tell(make_organization(), "theirs")
    answer = browser.get("/api/v1/events?limit=2").json()
    assert [item["subject"] for item in answer["items"]] == ["load_1", "load_2"]
    first = answer["items"][0]
    assert first["payload"] == {"id": "load_1"}
    assert (first["name"], first["version"], first["position"]) == ("load.opened", 1, 1)
    assert first["id"].startswith("evt_")
    assert first["created_at"].endswith("Z")
    assert answer["next"].endswith("/api/v1/events?after=2&limit=2")
    rest = browser.get("/api/v1/events?after=2&limit=2").json()
    assert [item["subject"] for item in rest["items"]] == ["load_3"]
    assert rest["next"] is None
    assert browser.get(f"/api/v1/events?after={rest['position']}").json() == {
        "items": [],
        "position": rest["position"],
        "next": None,
    }


@pytest.mark.parametrize(
    "query", ["after=-1", "after=x", "after=1.5", f"after={2**63}", "limit=0", "limit=201", "from=1"]
)
def test_rest_says_what_is_wrong_with_a_parameter(browser: Client, query: str) -> None:
    answer = browser.get(f"/api/v1/events?{query}")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


def test_rest_wants_the_scope() -> None:
    assert not make_actor(make_organization(), Role.DRIVER).may("events:read")
    assert Client().get("/api/v1/events").status_code == 401


def test_the_feed_keeps_thirty_days(browser: Client, ours) -> None:
    _tell(ours, "old", "new")
    Event.objects.filter(subject="old").update(placed_at="2020-01-01T00:00:00Z")
    prune()
    assert [item["subject"] for item in browser.get("/events/feed?after=0").json()["items"]] == ["new"]
