"""The cast: an organization with each role, a stranger's organization, and browsers signed in as each."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.test import Client

from foundation.accounts.models import Organization, Person, Role
from tests.builders import make_organization, make_person


@dataclass
class Cast:
    organization: Organization
    people: dict[str, Person]
    other: Organization
    stranger: Person


@pytest.fixture
def cast(db, empty_cache) -> Cast:
    organization = make_organization("Prairie Freight", ships=True, hauls=True, usdot_number="1234567")
    people = {role: make_person(organization, role, full_name=role.title()) for role in Role.values}
    other = make_organization("Lakeside Brokers", brokers=True, usdot_number="7654321")
    return Cast(organization, people, other, make_person(other, full_name="Stranger"))


@pytest.fixture
def signed_in() -> Callable[[Person], Client]:
    def sign_in(person: Person) -> Client:
        client = Client()
        client.force_login(person)
        return client

    return sign_in
