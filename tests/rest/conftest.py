"""A client for the resource that these tests try the manners on."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from foundation.accounts.models import Organization


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
