"""A client for the resource that these tests try the manners on."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client

from foundation.accounts.models import Organization
from tests.builders import make_leg, make_load, make_organization, make_trailer, make_truck
from tests.rest.clients import key_for


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave a file of soak tests unread where none of them would run: making its cases takes long."""
    return True if collection_path.stem.endswith("_at_length") and "not soak" in config.option.markexpr else None


@pytest.fixture(autouse=True)
def _kitchen(request: pytest.FixtureRequest, settings: Any, empty_cache: None) -> None:
    if not getattr(request.module, "REAL_ADDRESSES", False):
        settings.ROOT_URLCONF = "tests.rest.kitchen"


@pytest.fixture
def caller() -> Callable[..., Client]:
    """Return a maker of clients for an organization with scopes."""

    def make(organization: str = "org_a", scopes: str = "read,write,secrets", **kwargs: Any) -> Client:
        return Client(headers={"Authorization": f"Test {organization} {scopes}"}, **kwargs)

    return make


@pytest.fixture
def client(caller: Callable[..., Client]) -> Client:
    """Return a client that may everything."""
    return caller()


@pytest.fixture
def thing(db: None) -> Organization:
    """Return one thing."""
    return Organization.objects.create(name="Thing one", ships=True)


@pytest.fixture
def many(db: None) -> list[Organization]:
    """Return seven things, newest first."""
    rows = [Organization.objects.create(name=f"Thing {number}", ships=True) for number in range(7)]
    return sorted(rows, key=lambda row: row.public_id, reverse=True)


@pytest.fixture
def in_one_transaction() -> Iterator[None]:
    """Keep Django from closing the test's own connection after each request, as its test client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def contract_key(db: None, in_one_transaction: None, settings: Any) -> str:
    """Return the key of an organization with postings, which may ask as often as it likes."""
    settings.REST_RATE_LIMITS = dict.fromkeys(settings.REST_RATE_LIMITS, (10**6, 10**6, 60))
    organization = make_organization("Contract Freight", ships=True, hauls=True, brokers=True)
    make_load(organization, external_id="known")
    make_leg(organization, truck=make_truck(organization), external_id="known")
    make_trailer(organization)
    return key_for(organization)
