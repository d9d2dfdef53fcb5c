"""The cast of matching: a shipper, a carrier, their broker and everybody else; roads as the crow flies."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from carriers import road
from foundation.accounts.models import Organization, Person
from matching import descriptions, empty_runs, touring, why_not
from matching.engine.travel import GreatCircleTravel
from matching.services import previewing, rescoring, scoring
from tests.builders import make_organization, make_person
from tests.matching.file_runs import LOAD, LOAD_HEADER, Ran

ROADS = GreatCircleTravel(circuity=1.2, mph=50.0)
"""The roads of the builders."""


@pytest.fixture(autouse=True)
def straight_roads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer road miles as the crow flies times 1.2 at 50 mph, as the builders do."""
    for module in (scoring, descriptions, rescoring, previewing, why_not, empty_runs, touring, road):
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


@pytest.fixture
def match(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Call `backhaul match`, and return what it answers."""

    def run(*words: str, **terms) -> Ran:
        return Ran(capsys, *words, **terms)

    return run


@pytest.fixture
def files(tmp_path: Path) -> Callable[..., list[str]]:
    """Write the two files, and return their names and the words for a quick run."""

    def write(legs: str | bytes, loads: str | bytes = f"{LOAD_HEADER}\n{LOAD}\n") -> list[str]:
        names = []
        for name, text in (("legs.csv", legs), ("loads.csv", loads)):
            path = tmp_path / name
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
            names.append(str(path))
        return [*names, "--travel", "great-circle"]

    return write
