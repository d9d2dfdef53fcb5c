"""The next best loads over REST: for who lost one, of its own trucks alone, and nothing of what is gone."""

from typing import Any

import pytest

from carriers.models import ReturnLeg
from foundation.accounts.models import Organization, RelationshipKind
from loads.models import Load
from tests.brokers.booked import another_books, going_home, open_load
from tests.builders import make_organization, make_relationship
from tests.matching.market import run
from tests.rest.clients import ApiClient

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]


@pytest.fixture
def load(shipper: Organization) -> Load:
    return open_load(shipper)


@pytest.fixture
def leg(carrier: Organization) -> ReturnLeg:
    return going_home(carrier)


def _ask(organization: Organization, load: Load, query: str = "") -> Any:
    return ApiClient(organization).get(f"/api/v1/loads/{load.public_id}/next-best{query}")


def test_who_lost_a_load_reads_what_its_trucks_could_take_instead_and_not_who_has_it(
    carrier: Organization, shipper: Organization, load: Load, leg: ReturnLeg
) -> None:
    instead = open_load(shipper, rate_cents=2_200_00)
    run(leg)
    another_books(load)
    lost = ApiClient(carrier).post(
        f"/api/v1/loads/{load.public_id}/claims",
        {"leg": leg.public_id, "rate": {"amount": "2400.00", "currency": "USD"}, "load_version": 1},
        headers={"Idempotency-Key": "late"},
    )
    assert lost.status_code in (404, 409)
    for query in ("", f"?leg={leg.public_id}"):
        answer = _ask(carrier, load, query)
        assert answer.status_code == 200, answer.content
        found = answer.json()
        assert (found["load"], found["is_gone"]) == (load.public_id, True)
        assert [each["load"]["id"] for each in found["matches"]] == [instead.public_id]
        assert found["matches"][0]["leg"]["id"] == leg.public_id
        assert "own_gain" in found["matches"][0]
        assert found["loads"] == []
        assert "Quick Haulers" not in answer.content.decode()
        assert answer["ETag"] == found["etag"]


def test_loads_like_it_are_shown_as_the_market_reads_them(carrier: Organization, shipper: Organization) -> None:
    load, like = open_load(shipper), open_load(shipper, reserve_cents=3_333_33, private_notes="Ours alone")
    found = _ask(carrier, load).json()
    assert found["is_gone"] is False
    assert [each["id"] for each in found["loads"]] == [like.public_id]
    seen = ApiClient(carrier).get(f"/api/v1/loads/{like.public_id}").json()
    assert found["loads"][0] == seen


def test_another_carriers_leg_says_nothing_of_its_matches(
    carrier: Organization, shipper: Organization, load: Load, leg: ReturnLeg
) -> None:
    open_load(shipper, rate_cents=2_200_00)
    run(leg)
    rival = make_organization("Quick Haulers", hauls=True)
    assert _ask(rival, load, f"?leg={leg.public_id}").json()["matches"] == []


def test_who_never_could_see_the_load_finds_none_and_junk_is_refused(shipper: Organization, load: Load) -> None:
    blocked = make_organization("Blocked Lines", hauls=True)
    make_relationship(shipper, blocked, RelationshipKind.BLOCKED)
    assert _ask(blocked, load).status_code == 404
    assert _ask(shipper, load, "?leg=truck").status_code == 400
    narrow = ApiClient(shipper, scopes=["loads:read"])
    assert narrow.get(f"/api/v1/loads/{load.public_id}/next-best").status_code == 403
