"""A truck is where its tours say: between two of them it has the time that the road takes at legal hours."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from brokers.models import Booking, Tour
from brokers.services.acceptance import accept_offer
from brokers.services.amendments import propose_amendment
from brokers.services.bundles import claim_bundle
from brokers.services.cancelling import cancel_booking
from brokers.services.claiming import Wanted
from brokers.services.claims import claim_load
from brokers.services.threads import invite_carrier
from brokers.terms import terms_of
from carriers.models import ReturnLeg, Truck
from carriers.services.legs import edit_leg, post_leg, withdraw_leg
from carriers.store import terms_of as leg_terms_of
from foundation.accounts.models import Organization
from foundation.places.queries import find_place
from foundation.trade.errors import Conflict, Invalid
from loads.models import Load
from tests.brokers.bargains import offer_by, terms
from tests.brokers.booked import claim, local_load, open_load
from tests.builders import leg_terms, make_actor, make_leg, make_organization, make_truck, now

pytestmark = pytest.mark.usefixtures("db", "straight_roads", "empty_cache")

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
# Houston to Chicago is 1,129 mi (as the crow flies times 1.2): at 50 mph 22.6 h of driving, in 3 shifts of 11 h with
# 10 h of rest between them, 42.6 h. Dallas to Chicago is 966 mi: 19.3 h in 2 shifts, 29.3 h and its breaks.
HOUSTON_TO_CHICAGO = timedelta(hours=45)


@pytest.fixture
def truck(carrier: Organization) -> Truck:
    return make_truck(carrier)


def goes_to_houston(truck: Truck, **fields: object) -> Booking:
    """Let a truck of Dallas go out to Houston, and take the leg home off the market that this opens."""
    load, actor = local_load(make_organization()), make_actor(truck.organization)
    out = claim_load(actor=actor, load_id=load.public_id, truck_id=truck.public_id, **fields).loads.get().booking  # type: ignore[arg-type]
    assert out is not None
    withdraw_leg(actor=actor, leg_id=out.opened_leg.public_id)
    return out


def from_chicago(truck: Truck, ready_at: datetime, hours: float = 120) -> ReturnLeg:
    return make_leg(truck.organization, truck=truck, ready_at=ready_at, hours=hours)


def back(leg: ReturnLeg) -> Load:
    return open_load(make_organization(), opens_at=leg.ready_at + 5 * MINUTE)


def test_a_leg_elsewhere_than_the_last_tour_ends_takes_a_load_only_where_the_truck_can_get_there(truck: Truck) -> None:
    out = goes_to_houston(truck)
    leg = from_chicago(truck, out.tour.ends_at + MINUTE)
    said = r"is empty in Houston, TX on .* and is not in Chicago, IL before .*: 1,1\d\d mi take \d+ h"
    with pytest.raises(Conflict, match=said) as refused:
        claim(truck.organization, back(leg), leg)
    assert refused.value.code == "too_late"
    assert Tour.objects.count() == 1
    leg.delete()
    later = from_chicago(truck, out.tour.ends_at + HOUSTON_TO_CHICAGO)
    claim(truck.organization, back(later), later)
    assert Tour.objects.count() == 2


def test_a_leg_tour_leaves_the_truck_time_to_reach_where_its_next_tour_begins(truck: Truck) -> None:
    second = from_chicago(truck, now() + timedelta(days=9))
    claim(truck.organization, back(second), second)
    # the load is delivered when its window opens, and the truck is home some 75 h after it was ready
    first = from_chicago(truck, second.ready_at - timedelta(hours=80), hours=79)
    with pytest.raises(
        Conflict, match=r"next tour begins in Chicago, IL on .*, and it is not there by then"
    ) as refused:
        claim(truck.organization, back(first), first)
    assert refused.value.code == "too_late"
    first.delete()
    sooner = from_chicago(truck, second.ready_at - timedelta(hours=110), hours=109)
    claim(truck.organization, back(sooner), sooner)


def test_a_tour_out_leaves_the_truck_time_to_reach_where_its_next_tour_begins(truck: Truck) -> None:
    out = local_load(make_organization())
    leg = from_chicago(truck, out.last_stop.closes_at + 12 * HOUR)
    claim(truck.organization, back(leg), leg)
    with pytest.raises(Conflict, match=r"empty in Houston, TX on .* next tour begins in Chicago") as refused:
        claim_load(actor=make_actor(truck.organization), load_id=out.public_id, truck_id=truck.public_id)
    assert refused.value.code == "too_late"
    assert Tour.objects.count() == 1


def test_who_is_not_the_carrier_does_not_hear_where_the_truck_is(truck: Truck, shipper: Organization) -> None:
    out, seller = goes_to_houston(truck), make_actor(shipper)
    leg = from_chicago(truck, out.tour.ends_at + MINUTE)
    load = open_load(shipper, opens_at=leg.ready_at + 5 * MINUTE)
    with pytest.raises(Conflict) as invited:
        invite_carrier(
            actor=seller, load_id=load.public_id, leg_id=leg.public_id, terms=terms(load), load_version=load.version
        )
    later = from_chicago(make_truck(truck.organization), out.tour.ends_at + MINUTE)
    offer = offer_by(make_actor(truck.organization), later, load)
    ReturnLeg.objects.filter(pk=leg.pk).update(status="withdrawn")
    ReturnLeg.objects.filter(pk=later.pk).update(truck=truck)
    offer.thread.truck = truck
    offer.thread.save()
    with pytest.raises(Conflict) as accepted:
        accept_offer(actor=seller, offer_id=offer.public_id, number=1, load_version=load.version)
    for refused in (invited, accepted):
        assert "Houston" not in refused.value.sentence
        assert "another tour" not in refused.value.sentence


def test_a_chain_on_a_leg_is_refused_before_it_is_held_where_the_truck_is_elsewhere(truck: Truck) -> None:
    out = goes_to_houston(truck)
    leg = from_chicago(truck, out.tour.ends_at + MINUTE)
    parts = [
        open_load(
            make_organization(),
            opens_at=leg.ready_at + 5 * MINUTE,
            size="partial",
            weight_pounds=9_000,
            length_feet=10,
            pallets=4,
        )
        for _ in range(2)
    ]
    with pytest.raises(Conflict, match="is empty in Houston, TX") as refused:
        claim_bundle(
            actor=make_actor(truck.organization),
            loads=[Wanted(load_id=each.public_id) for each in parts],
            leg_id=leg.public_id,
        )
    assert refused.value.code == "too_late"


def test_an_amendment_that_leaves_the_next_tour_no_time_is_refused_when_it_is_proposed(truck: Truck) -> None:
    out = goes_to_houston(truck)
    leg = from_chicago(truck, out.tour.ends_at + HOUSTON_TO_CHICAGO)
    claim(truck.organization, back(leg), leg)
    actor = make_actor(truck.organization)
    first, last = terms_of(out).stop_times
    late = replace(last, opens_at=out.tour.ends_at + 10 * HOUR, closes_at=out.tour.ends_at + 14 * HOUR)
    with pytest.raises(Conflict, match=r"next tour begins in Chicago, IL") as refused:
        propose_amendment(actor=actor, booking_id=out.public_id, subject="carriage", stop_times=(first, late))
    assert refused.value.code == "too_late"


def test_the_leg_home_of_a_tour_out_stays_where_that_ends_until_its_booking_falls_through(truck: Truck) -> None:
    load, actor = local_load(make_organization()), make_actor(truck.organization)
    out = claim_load(actor=actor, load_id=load.public_id, truck_id=truck.public_id).loads.get().booking
    assert out is not None
    leg = out.opened_leg
    assert (leg.tour_starts_at, leg.tour_ends_at) == (out.tour.starts_at, out.tour.ends_at)
    moved = replace(leg_terms_of(leg), empty=find_place("60601"), home_by=leg.home_by + 72 * HOUR)
    with pytest.raises(Invalid, match="ends in Houston, TX, so its return leg begins there"):
        edit_leg(actor=actor, leg_id=leg.public_id, version=leg.version, terms=moved)
    withdraw_leg(actor=actor, leg_id=leg.public_id)
    from_there = leg_terms(truck, ready_at=out.tour.ends_at + MINUTE, hours=120)
    for wrong in (from_there, replace(from_there, ready_at=out.tour.starts_at + HOUR)):
        with pytest.raises(Invalid, match="booked tour"):
            post_leg(actor=actor, terms=wrong)
    cancel_booking(actor=actor, booking_id=out.public_id, version=None, reason="truck_broke_down")
    assert post_leg(actor=actor, terms=from_there).status == "open"


def test_the_leg_home_follows_its_tour_when_that_is_planned_anew(truck: Truck) -> None:
    actor = make_actor(truck.organization)
    out = local_load(make_organization(), size="partial", weight_pounds=9_000, length_feet=10, pallets=4)
    first = claim_load(actor=actor, load_id=out.public_id, truck_id=truck.public_id).loads.get().booking
    assert first is not None
    other = open_load(
        make_organization(),
        from_place="75201",
        to_place="78205",
        opens_at=out.first_stop.opens_at,
        size="partial",
        weight_pounds=9_000,
        length_feet=10,
        pallets=4,
    )
    claim_load(actor=actor, load_id=other.public_id, truck_id=truck.public_id)
    leg, tour = ReturnLeg.objects.get(), Tour.objects.get()
    assert (leg.tour_starts_at, leg.tour_ends_at) == (tour.starts_at, tour.ends_at) == (tour.starts_at, leg.ready_at)
