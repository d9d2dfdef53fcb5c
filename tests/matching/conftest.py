"""The cast of matching: a shipper, a carrier, their broker and everybody else; roads as the crow flies."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from carriers import road
from foundation.accounts.models import Organization, Person
from matching import descriptions, empty_runs, why_not
from matching.engine.travel import GreatCircleTravel
from matching.services import previewing, rescoring, scoring
from tests.builders import make_organization, make_person

ROADS = GreatCircleTravel(circuity=1.2, mph=50.0)
"""The roads of the builders."""


@pytest.fixture(autouse=True)
def straight_roads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer road miles as the crow flies times 1.2 at 50 mph, as the builders do."""
    for module in (scoring, descriptions, rescoring, previewing, why_not, empty_runs, road):
        monkeypatch.setattr(module, "travel_oracle", lambda: ROADS)


@pytest.fixture
def shipper(db: None) -> Organization:
    """Return a verified shipper."""
    return make_organization("Prairie Paper")


@pytest.fixture
def carrier(db: None) -> Organization:
    """Return a verified carrier."""
    return make_organization("Ruiz Trucking", hauls=True)


@pytest.fixture
def broker(db: None) -> Organization:
    """Return a verified broker that represents nobody."""
    return make_organization("Lakeside Brokers", brokers=True)


@pytest.fixture
def sign_in(db: None) -> Callable[..., Client]:
    """Return a way to sign somebody in for an organization."""

    def enter(organization: Organization, role: str = "dispatcher", **fields: Any) -> Client:
        person: Person = make_person(organization, role, **fields)
        client = Client()
        client.force_login(person)
        return client

    return enter
