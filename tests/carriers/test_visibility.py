"""Who sees which field of a leg, in views, lists, facts and counts."""

from datetime import timedelta
from typing import Any

import pytest

from carriers.models import Truck
from carriers.queries import lane_counts, leg_of, market_legs, near_empty, own_legs, standing_of, visible_legs
from carriers.services import post_leg
from carriers.visibility import Viewer, view
from foundation.accounts.actor import Actor
from foundation.accounts.models import Organization, RelationshipKind
from foundation.events.models import FeedEntry
from foundation.places.queries import find_place
from foundation.trade.errors import NotFound
from foundation.trade.posting import Status
from tests.builders import leg_terms, make_leg, make_organization, make_relationship, now

pytestmark = pytest.mark.django_db

MARKET_FIELDS = {
    "id",
    "status",
    "organization",
    "equipment",
    "attributes",
    "weight_pounds",
    "length_feet",
    "pallets",
    "part_way",
    "empty",
    "ready_at",
    "ready_at_local",
    "home",
    "home_by",
    "home_miles",
    "max_pickup_deadhead_miles",
    "max_home_deadhead_miles",
    "max_out_of_route_miles",
    "opened_at",
    "confirmed_at",
}


def words(value: Any) -> str:
    """Return everything that a view says, as one text."""
    if isinstance(value, dict):
        return " ".join(words(item) for item in value.values())
    return str(value)


def test_the_market_sees_terms_and_areas_and_no_house(
    carrier: Organization, stranger: Organization, truck: Truck
) -> None:
    leg = make_leg(carrier, truck=truck, notes="secret note")
    viewer = standing_of(stranger).of(leg)
    seen = view(leg, viewer)
    assert viewer is Viewer.MARKET
    assert set(seen) == MARKET_FIELDS
    assert seen["organization"] is None, "he hides his name"
    assert seen["empty"] == {"city": "Chicago", "state": "IL", "zip3": "606", "time_zone": "America/Chicago"}
    assert seen["home"] == {"state": "TX", "zip3": "752"}
    assert seen["home_miles"] % 10 == 0
    for hidden in ("Dallas", "75201", "60601", "Ana", "secret", str(leg.home_lat)):
        assert hidden not in words(seen)


def test_the_broker_that_acts_for_the_carrier_learns_its_name_and_no_more(
    carrier: Organization, broker: Organization, truck: Truck
) -> None:
    leg = make_leg(carrier, truck=truck)
    viewer = standing_of(broker).of(leg)
    seen = view(leg, viewer)
    assert viewer is Viewer.REPRESENTATIVE
    assert set(seen) == MARKET_FIELDS | {"version", "expires_at"}
    assert seen["organization"]["name"] == "Ruiz Trucking"
    assert seen["home"] == {"state": "TX", "zip3": "752"}


def test_the_owner_sees_all_of_it(carrier: Organization, truck: Truck) -> None:
    leg = make_leg(carrier, truck=truck)
    seen = view(leg, standing_of(carrier).of(leg))
    assert set(seen) > MARKET_FIELDS
    assert seen["truck"] == {"id": truck.public_id, "number": "12"}
    assert seen["driver"]["name"] == "Ana Ruiz"
    assert seen["home"]["base"]["name"] == "Home"


def test_a_fact_carries_to_each_what_each_may_see(owner: Actor, broker: Organization, truck: Truck) -> None:
    post_leg(actor=owner, terms=leg_terms(truck, private_notes="hush"))
    payloads = {entry.organization_id: entry.payload for entry in FeedEntry.objects.all()}
    assert set(payloads) == {owner.organization.public_id, broker.public_id}
    assert payloads[owner.organization.public_id]["home"]["city"] == "Dallas"
    assert payloads[broker.public_id]["home"] == {"state": "TX", "zip3": "752"}
    assert "hush" not in str(payloads)


def seen_by(organization: Organization) -> int:
    return visible_legs(organization, now()).count()


def test_the_audience_decides_who_lists_a_leg(
    carrier: Organization, broker: Organization, stranger: Organization
) -> None:
    partner = make_organization("Partner", brokers=True)
    make_relationship(carrier, partner, RelationshipKind.PARTNER)
    blocked = make_organization("Blocked")
    make_relationship(carrier, blocked, RelationshipKind.BLOCKED)
    unverified = make_organization("New", verified=False)
    sandbox = make_organization("Sandbox", market="sandbox")
    cast = {
        "owner": carrier,
        "broker": broker,
        "partner": partner,
        "stranger": stranger,
        "blocked": blocked,
        "unverified": unverified,
        "sandbox": sandbox,
    }
    make_leg(carrier)
    assert {name for name, each in cast.items() if seen_by(each)} == {"owner", "broker", "partner", "stranger"}
    own_legs(carrier).update(audience="partners")
    assert {name for name, each in cast.items() if seen_by(each)} == {"owner", "broker", "partner"}
    own_legs(carrier).update(audience="partners_first", partners_first_until=now() + timedelta(hours=1))
    assert {name for name, each in cast.items() if seen_by(each)} == {"owner", "broker", "partner"}
    own_legs(carrier).update(partners_first_until=now() - timedelta(hours=1))
    assert {name for name, each in cast.items() if seen_by(each)} == {"owner", "broker", "partner", "stranger"}


@pytest.mark.parametrize("status", [Status.DRAFT, Status.COVERED, Status.WITHDRAWN, Status.EXPIRED])
def test_what_is_not_open_is_its_owners_only(carrier: Organization, broker: Organization, status: str) -> None:
    leg = make_leg(carrier, status=status)
    assert leg_of(carrier, leg.public_id) == leg
    with pytest.raises(NotFound):
        leg_of(broker, leg.public_id)


def test_what_is_due_is_off_the_market_before_the_sweep_comes(carrier: Organization, stranger: Organization) -> None:
    make_leg(carrier, expires_at=now() - timedelta(seconds=1))
    make_leg(carrier, confirmed_at=now() - timedelta(hours=48))
    assert market_legs(stranger).count() == 0


def test_lanes_are_counted_from_three_on_and_without_partners_postings(stranger: Organization) -> None:
    for _ in range(3):
        make_leg(empty="60601", home="75201")
        make_leg(empty="Denver, CO", home="Tulsa, OK", audience="partners")
    make_leg(empty="Atlanta, GA", home="75201")
    assert lane_counts(stranger) == [{"from_state": "IL", "to_state": "TX", "legs": 3}]


def test_near_is_measured_from_city_to_city(stranger: Organization) -> None:
    make_leg(empty="60666")  # O'Hare: its ZIP lies 15 miles out, its city is Chicago
    here = find_place("Chicago, IL")
    assert near_empty(market_legs(stranger), lat=here.lat, lon=here.lon, radius_miles=5).count() == 1
