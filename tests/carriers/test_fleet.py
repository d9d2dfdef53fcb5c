"""The fleet and its costs."""

from datetime import date, timedelta

import pytest

from carriers.costs import DEFAULTS
from carriers.models import Truck
from carriers.queries import costs_on, drivers_of, trucks_of
from carriers.services import (
    add_driver,
    add_trailer,
    add_truck,
    archive_driver,
    archive_truck,
    edit_truck,
    post_trip,
    restore_truck,
    set_costs,
    upsert_truck,
)
from carriers.terms import CostTerms, DriverTerms, TrailerTerms, TripTerms, TruckTerms
from foundation.accounts.actor import Actor
from foundation.accounts.models import Organization
from foundation.events.models import Event, FeedEntry
from foundation.places.queries import find_place
from foundation.trade.equipment import Attribute
from foundation.trade.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from tests.builders import leg_terms, make_actor, make_driver, make_leg, make_organization, make_person, make_truck, now

pytestmark = pytest.mark.django_db


def test_a_truck_holds_what_its_equipment_usually_holds(owner: Actor) -> None:
    truck = add_truck(actor=owner, terms=TruckTerms(number=" 7 ", equipment="R"))
    assert (truck.number, truck.weight_pounds, truck.length_feet, truck.pallets) == ("7", 43_500, 53, 26)
    assert truck.attributes == Attribute.TEMPERATURE


def test_a_number_is_free_again_once_its_truck_is_archived(owner: Actor) -> None:
    first = add_truck(actor=owner, terms=TruckTerms(number="7A", equipment="V"))
    with pytest.raises(Conflict, match="number already"):
        add_truck(actor=owner, terms=TruckTerms(number="7a", equipment="V"))
    archive_truck(actor=owner, truck_id=first.public_id)
    add_truck(actor=owner, terms=TruckTerms(number="7A", equipment="V"))
    with pytest.raises(Conflict):
        restore_truck(actor=owner, truck_id=first.public_id)


def test_two_fleets_may_use_one_number(owner: Actor) -> None:
    other = make_actor(make_organization(hauls=True))
    for actor in (owner, other):
        add_truck(actor=actor, terms=TruckTerms(number="7", equipment="V"))
    assert Truck.objects.count() == 2


def test_an_edit_that_changes_nothing_keeps_the_version(owner: Actor) -> None:
    terms = TruckTerms(number="7", equipment="V")
    truck = add_truck(actor=owner, terms=terms)
    assert edit_truck(actor=owner, truck_id=truck.public_id, version=1, terms=terms).version == 1
    changed = TruckTerms(number="7", equipment="V", weight_pounds=40_000)
    assert edit_truck(actor=owner, truck_id=truck.public_id, version=1, terms=changed).version == 2
    with pytest.raises(Stale):
        edit_truck(actor=owner, truck_id=truck.public_id, version=1, terms=terms)


def test_an_upsert_by_the_own_systems_number(owner: Actor) -> None:
    terms = TruckTerms(number="7", equipment="V")
    truck, outcome = upsert_truck(actor=owner, external_id="TMS-7", terms=terms)
    assert outcome == "created"
    assert upsert_truck(actor=owner, external_id="TMS-7", terms=terms) == (truck, "unchanged")
    again, outcome = upsert_truck(actor=owner, external_id="TMS-7", terms=TruckTerms(number="8", equipment="V"))
    assert (again.pk, outcome) == (truck.pk, "changed")


def test_another_fleets_units_cannot_be_chosen(owner: Actor) -> None:
    theirs = make_driver(make_organization(hauls=True))
    with pytest.raises(Invalid) as refused:
        add_truck(actor=owner, terms=TruckTerms(number="7", equipment="V", usual_driver=theirs.public_id))
    assert [problem.field for problem in refused.value.problems] == ["usual_driver"]
    with pytest.raises(NotFound):
        archive_driver(actor=owner, driver_id=theirs.public_id)


def test_a_driver_signs_in_as_a_member_with_that_role_only(owner: Actor, carrier: Organization) -> None:
    driving, clerk = make_person(carrier, "driver"), make_person(carrier, "viewer")
    elsewhere = make_person(make_organization(), "driver")
    driver = add_driver(actor=owner, terms=DriverTerms(name="Ana", person=driving.public_id))
    assert driver.person == driving
    for person in (clerk, elsewhere):
        with pytest.raises(Invalid):
            add_driver(actor=owner, terms=DriverTerms(name="Bo", person=person.public_id))
    with pytest.raises(Conflict, match="signs in as this person"):
        add_driver(actor=owner, terms=DriverTerms(name="Cy", person=driving.public_id))


def test_a_driver_on_an_open_leg_stays(owner: Actor, carrier: Organization, truck: Truck) -> None:
    make_leg(carrier, truck=truck)
    assert truck.usual_driver is not None
    with pytest.raises(Conflict, match="Withdraw that one first"):
        archive_driver(actor=owner, driver_id=truck.usual_driver.public_id)
    assert drivers_of(carrier).count() == 1


@pytest.mark.parametrize("role", ["viewer", "driver"])
def test_who_may_not_write_adds_nothing(carrier: Organization, role: str) -> None:
    with pytest.raises(Forbidden):
        add_trailer(actor=make_actor(carrier, role), terms=TrailerTerms(number="7", equipment="V"))


def test_who_hauls_nothing_has_no_fleet(stranger: Organization) -> None:
    with pytest.raises(Forbidden, match="not set up"):
        add_truck(actor=make_actor(stranger), terms=TruckTerms(number="7", equipment="V"))
    assert not trucks_of(stranger).exists()


def test_costs_are_the_dated_defaults_until_own_ones_hold(carrier: Organization) -> None:
    actor = make_actor(carrier, "owner")
    default = costs_on(carrier, date(2026, 5, 1))
    assert default is DEFAULTS[0]
    assert (default.loaded_cents_per_mile, default.empty_cents_per_mile, default.hour_cents) == (226, 214, 4000)
    set_costs(
        actor=actor,
        terms=CostTerms(
            valid_from=date(2026, 5, 10), loaded_cents_per_mile=250, empty_cents_per_mile=200, hour_cents=5000
        ),
    )
    assert costs_on(carrier, date(2026, 5, 9)).is_default
    assert costs_on(carrier, date(2026, 5, 10)).loaded_cents_per_mile == 250
    set_costs(
        actor=actor,
        terms=CostTerms(
            valid_from=date(2026, 5, 10), loaded_cents_per_mile=260, empty_cents_per_mile=200, hour_cents=5000
        ),
    )
    assert costs_on(carrier, date(2027, 1, 1)).loaded_cents_per_mile == 260


def test_open_legs_hear_of_new_costs_and_the_fact_holds_no_figure(carrier: Organization) -> None:
    leg = make_leg(carrier)
    make_leg(carrier, status="withdrawn")
    terms = CostTerms(
        valid_from=date(2026, 5, 10), loaded_cents_per_mile=251, empty_cents_per_mile=200, hour_cents=5000
    )
    set_costs(actor=make_actor(carrier, "owner"), terms=terms)
    assert list(Event.objects.values_list("name", "subject")) == [("leg.costs_changed", leg.public_id)]
    assert FeedEntry.objects.get().payload == {"id": leg.public_id}


@pytest.mark.parametrize("role", ["dispatcher", "viewer", "driver"])
def test_only_owners_set_costs(carrier: Organization, role: str) -> None:
    terms = CostTerms(valid_from=date(2026, 5, 1), loaded_cents_per_mile=1, empty_cents_per_mile=1, hour_cents=0)
    with pytest.raises(Forbidden):
        set_costs(actor=make_actor(carrier, role), terms=terms)


def test_a_trip_and_its_leg_come_in_one_transaction(owner: Actor, truck: Truck) -> None:
    make_leg(owner.organization, truck=truck)
    trip = TripTerms(origin=find_place("Dallas, TX"), departs_at=now() - timedelta(hours=2))
    with pytest.raises(Conflict, match="another return leg"):
        post_trip(actor=owner, terms=trip, leg=leg_terms(truck))
    assert owner.organization.trips.count() == 0
    other = make_truck(owner.organization)
    made = post_trip(actor=owner, terms=trip, leg=leg_terms(other))
    assert made.leg.status == "open"
    assert made.empties_at == made.leg.ready_at
