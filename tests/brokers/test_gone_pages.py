"""A load that leaves the market under a page that shows it: the page says so, shows the next best, keeps the rest."""

from typing import Any

import pytest

from carriers.models import ReturnLeg
from foundation.accounts.models import Organization, RelationshipKind
from loads.models import Load
from loads.services import withdraw_load
from tests.brokers.booked import another_books, going_home, open_load
from tests.brokers.test_bargain_pages import body
from tests.builders import make_actor, make_organization, make_relationship
from tests.matching.market import run

pytestmark = pytest.mark.django_db
FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def load(shipper: Organization) -> Load:
    return open_load(shipper)


@pytest.fixture
def leg(carrier: Organization) -> ReturnLeg:
    return going_home(carrier)


def test_a_form_is_told_that_the_load_is_gone_with_the_next_best_for_the_truck_in_it(
    sign_in: Any, carrier: Organization, shipper: Organization, load: Load, leg: ReturnLeg
) -> None:
    instead = open_load(shipper, rate_cents=2_200_00)
    run(leg)
    client, path = sign_in(carrier), f"/bargain/loads/{load.public_id}/standing/?version={load.version}"
    assert body(client.get(path, headers=FRAGMENT)).strip() == ""
    another_books(load)
    for vehicle in (f"leg:{leg.public_id}", f"truck:{leg.truck.public_id}", "nonsense", ""):
        said = body(client.get(path, {"version": load.version, "vehicle": vehicle}, headers=FRAGMENT))
        assert "This load is gone." in said
        assert "What you typed stays here." in said
        assert instead.public_id in said
        assert "your gain" in said
        assert "Quick Haulers" not in said
    assert 'data-watch="' in said


def test_parts_of_an_open_page_keep_what_they_show_once_the_load_is_gone(
    sign_in: Any, carrier: Organization, load: Load, leg: ReturnLeg
) -> None:
    client = sign_in(carrier)
    parts = (
        f"/loads/{load.public_id}/",
        f"/bargain/loads/{load.public_id}/claim/?vehicle=leg:{leg.public_id}",
        f"/bargain/loads/{load.public_id}/offer/?vehicle=leg:{leg.public_id}",
        f"/bargain/loads/{load.public_id}/backhauls/?vehicle=truck:{leg.truck.public_id}",
    )
    assert [client.get(path, headers=FRAGMENT).status_code for path in parts] == [200] * 4
    another_books(load)
    assert [client.get(path, headers=FRAGMENT).status_code for path in parts] == [204] * 4
    assert client.get(parts[0]).status_code == 404
    assert "This load is gone" in body(client.get(parts[1]))


def test_of_a_load_that_never_was_in_sight_an_open_page_learns_nothing(
    sign_in: Any, shipper: Organization, load: Load
) -> None:
    blocked = make_organization("Blocked Lines", hauls=True)
    make_relationship(shipper, blocked, RelationshipKind.BLOCKED)
    client = sign_in(blocked)
    for _ in range(2):
        for path in (f"/loads/{load.public_id}/", f"/bargain/loads/{load.public_id}/standing/"):
            assert client.get(path, headers=FRAGMENT).status_code == 404
        if load.status == "open":
            load = withdraw_load(actor=make_actor(shipper), load_id=load.public_id)


def test_a_page_watches_what_it_shows_of_others_and_nothing_of_its_own(
    sign_in: Any, carrier: Organization, shipper: Organization, load: Load, leg: ReturnLeg
) -> None:
    watched = f'data-watch="{load.public_id}"'
    theirs, own = sign_in(carrier), sign_in(shipper)
    assert watched in body(theirs.get(f"/loads/{load.public_id}/"))
    assert watched in body(theirs.get(f"/bargain/loads/{load.public_id}/", headers=FRAGMENT))
    assert watched in body(theirs.get(f"/bargain/loads/{load.public_id}/claim/?leg={leg.public_id}"))
    assert watched in body(theirs.get(f"/bargain/loads/{load.public_id}/offer/?leg={leg.public_id}"))
    assert watched not in body(own.get(f"/bargain/loads/{load.public_id}/", headers=FRAGMENT))
