"""The cast: a carrier with its people and truck, its broker, and everybody else; roads as the crow flies."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from carriers.models import Truck
from carriers.services import legs, trips
from foundation.accounts.actor import Actor
from foundation.accounts.models import Organization, Person, RelationshipKind
from tests.builders import (
    make_actor,
    make_driver,
    make_home_base,
    make_organization,
    make_person,
    make_relationship,
    make_truck,
    straight_way,
)


@pytest.fixture(autouse=True)
def straight_roads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer road miles as the crow flies times 1.2 at 50 mph, so that sums can be worked out by hand."""
    monkeypatch.setattr(legs, "way", straight_way)
    monkeypatch.setattr(trips, "way", straight_way)


@pytest.fixture
def carrier(db: None) -> Organization:
    """Return the owner of the trucks, an owner-operator who hides his name."""
    return make_organization("Ruiz Trucking", hauls=True, hides_name=True)


@pytest.fixture
def owner(carrier: Organization) -> Actor:
    """Return the carrier's dispatcher."""
    return make_actor(carrier, "dispatcher")


@pytest.fixture
def truck(carrier: Organization) -> Truck:
    """Return truck 12, a van at home in Dallas (75201) with its usual driver."""
    return make_truck(
        carrier,
        number="12",
        home_base=make_home_base(carrier, "75201", name="Home"),
        usual_driver=make_driver(carrier, name="Ana Ruiz", phone="214 555 0101"),
    )


@pytest.fixture
def broker(carrier: Organization) -> Organization:
    """Return the broker that may act for the carrier."""
    organization = make_organization("Lakeside Brokers", brokers=True)
    make_relationship(carrier, organization, RelationshipKind.REPRESENTS)
    return organization


@pytest.fixture
def stranger(db: None) -> Organization:
    """Return a verified shipper that has nothing to do with the carrier."""
    return make_organization("Prairie Paper")


@pytest.fixture
def sign_in(db: None) -> Callable[..., Client]:
    """Return a way to sign somebody in for an organization."""

    def enter(organization: Organization, role: str = "dispatcher", **fields: Any) -> Client:
        person: Person = make_person(organization, role, **fields)
        client = Client()
        client.force_login(person)
        return client

    return enter
