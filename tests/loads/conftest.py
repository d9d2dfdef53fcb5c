"""The cast: a shipper with its people, its broker, and everybody else."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from foundation.accounts.actor import Actor
from foundation.accounts.models import Organization, Person, RelationshipKind
from tests.builders import make_actor, make_organization, make_person, make_relationship


@pytest.fixture
def shipper(db: None) -> Organization:
    """Return the owner of the loads, which hides its name."""
    return make_organization("Prairie Paper", hides_name=True)


@pytest.fixture
def owner(shipper: Organization) -> Actor:
    """Return the owner's dispatcher."""
    return make_actor(shipper, "dispatcher")


@pytest.fixture
def broker(shipper: Organization) -> Organization:
    """Return the broker that may act for the owner."""
    organization = make_organization("Lakeside Brokers", brokers=True)
    make_relationship(shipper, organization, RelationshipKind.REPRESENTS)
    return organization


@pytest.fixture
def stranger(db: None) -> Organization:
    """Return a verified carrier that has nothing to do with the owner."""
    return make_organization("Stranger Trucking", hauls=True)


@pytest.fixture
def sign_in(db: None) -> Callable[..., Client]:
    """Return a way to sign somebody in for an organization."""

    def enter(organization: Organization, role: str = "dispatcher", **fields: Any) -> Client:
        person: Person = make_person(organization, role, **fields)
        client = Client()
        client.force_login(person)
        return client

    return enter
