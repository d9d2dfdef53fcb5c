"""Claims: a load taken as it is posted, on the way home or going out, and every way of being refused."""

from datetime import timedelta

import pytest

from brokers.models import Booking, BookingStatus, Claim, ClaimStatus, Tour
from brokers.services.claims import claim_load
from foundation.accounts.models import Organization, RelationshipKind
from foundation.trade.errors import Conflict, Forbidden, Invalid, NotFound
from foundation.trade.posting import Status
from tests.brokers.booked import claim, going_home, local_load, open_load
from tests.builders import (
    make_actor,
    make_driver,
    make_organization,
    make_relationship,
    make_truck,
    now,
    stop_terms,
)


def test_a_claim_books_the_load_on_the_truck_that_goes_that_way(shipper: Organization, carrier: Organization) -> None:
    load, leg = open_load(shipper), going_home(carrier)
    made = claim(carrier, load, leg, load_version=load.version, rate_cents=2_400_00)

    assert made.status == ClaimStatus.BOOKED
    booking = Booking.objects.get()
    assert made.loads.get().booking == booking
    assert (booking.status, booking.load, booking.leg) == (BookingStatus.BOOKED, load, leg)
    assert (booking.carrier, booking.seller, booking.shipper) == (carrier, shipper, shipper)
    assert booking.rate_cents == 2_400_00
    assert booking.load_version == load.version
    load.refresh_from_db()
    leg.refresh_from_db()
    assert (load.status, leg.status) == (Status.COVERED, Status.COVERED)


def test_the_tour_runs_from_the_ready_time_to_home_with_the_stops_in_order(
    shipper: Organization, carrier: Organization
) -> None:
    load, leg = open_load(shipper), going_home(carrier)
    claim(carrier, load, leg)
    tour = Tour.objects.get()
    assert tour.starts_at == leg.ready_at.replace(second=0) + timedelta(minutes=1 if leg.ready_at.second else 0)
    assert leg.ready_at < tour.ends_at <= leg.home_by
    pickup, delivery = tour.stops.all()
    assert pickup.begins_at >= load.first_stop.opens_at
    assert delivery.begins_at >= load.last_stop.opens_at
    assert pickup.ends_at < delivery.arrives_at <= delivery.begins_at < delivery.ends_at <= tour.ends_at
    assert tour.loaded_miles == pytest.approx(load.loaded_miles, abs=1)
    assert {step["kind"] for step in tour.steps} >= {"drive", "service"}


def test_an_outbound_claim_opens_the_leg_home_when_the_truck_is_empty(
    shipper: Organization, carrier: Organization
) -> None:
    truck = make_truck(carrier)
    load = local_load(shipper)
    made = claim_load(actor=make_actor(carrier), load_id=load.public_id, truck_id=truck.public_id)
    booking = made.loads.get().booking
    assert booking is not None
    assert booking.leg is None
    tour, leg = booking.tour, booking.opened_leg
    assert leg is not None
    assert (leg.status, leg.empty_city, leg.home_city) == (Status.OPEN, "Houston", "Dallas")
    assert tour.ends_at == leg.ready_at == tour.stops.last().ends_at
    assert leg.home_by > leg.ready_at


def test_a_truck_that_goes_out_departs_as_late_as_it_can(shipper: Organization, carrier: Organization) -> None:
    truck = make_truck(carrier)
    load = local_load(shipper, opens_at=now() + timedelta(days=4))
    claim_load(actor=make_actor(carrier), load_id=load.public_id, truck_id=truck.public_id)
    tour = Tour.objects.get()
    pickup = tour.stops.first()
    # the yard is where the load is: it leaves when the pickup is served, or later if the delivery opens later still
    assert pickup.begins_at - tour.starts_at <= timedelta(minutes=1)
    assert pickup.begins_at >= load.first_stop.opens_at


def test_a_second_claim_hears_that_the_load_is_gone(shipper: Organization, carrier: Organization) -> None:
    load = open_load(shipper)
    claim(carrier, load, going_home(carrier))
    rival = make_organization("Late Haulers", hauls=True)
    with pytest.raises(Conflict, match="This load is gone"):
        claim(rival, load, going_home(rival))
    assert Booking.objects.count() == 1


def test_a_leg_is_taken_once(shipper: Organization, carrier: Organization) -> None:
    leg = going_home(carrier)
    claim(carrier, open_load(shipper), leg)
    with pytest.raises(Conflict) as refusal:
        claim(carrier, open_load(shipper), leg)
    assert refusal.value.code == "leg_taken"


def test_two_outbound_tours_of_one_truck_do_not_overlap(shipper: Organization, carrier: Organization) -> None:
    truck, actor = make_truck(carrier), make_actor(carrier)
    claim_load(actor=actor, load_id=local_load(shipper).public_id, truck_id=truck.public_id)
    with pytest.raises(Conflict):
        claim_load(actor=actor, load_id=local_load(shipper).public_id, truck_id=truck.public_id)
    assert Booking.objects.count() == 1


def test_one_driver_is_not_on_two_tours(shipper: Organization, carrier: Organization) -> None:
    driver = make_driver(carrier)
    first, second = (make_truck(carrier, usual_driver=driver) for _ in range(2))
    claim(carrier, open_load(shipper), going_home(carrier, truck=first))
    with pytest.raises(Conflict, match="is on another tour in that time") as refusal:
        claim(carrier, open_load(shipper), going_home(carrier, truck=second))
    assert refusal.value.code == "driver_is_in_one_place"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"rate_cents": 2_300_00}, "load_changed"),
        ({"load_version": 7}, "load_changed"),
    ],
)
def test_a_stale_tab_is_told_what_changed(
    shipper: Organization, carrier: Organization, change: dict[str, int], code: str
) -> None:
    with pytest.raises(Conflict) as refusal:
        claim(carrier, open_load(shipper), going_home(carrier), **change)
    assert refusal.value.code == code


def test_a_load_that_is_not_open_to_claims_is_offered_for(shipper: Organization, carrier: Organization) -> None:
    for load in (open_load(shipper, book_now=False), open_load(shipper, rate_cents=None)):
        with pytest.raises(Conflict, match="open to offers") as refusal:
            claim(carrier, load, going_home(carrier, truck=make_truck(carrier)))
        assert refusal.value.code == "not_open_to_claims"


def test_a_truck_that_cannot_carry_it_is_refused_in_the_engines_words(
    shipper: Organization, carrier: Organization
) -> None:
    with pytest.raises(Conflict, match="weighs 38,000 lb, the truck takes 20,000 lb") as refusal:
        claim(carrier, open_load(shipper), going_home(carrier, weight_pounds=20_000))
    assert refusal.value.code == "cannot_carry"


def test_a_truck_that_cannot_be_there_in_time_is_refused_in_the_engines_words(
    shipper: Organization, carrier: Organization
) -> None:
    with pytest.raises(Conflict, match="after it closes") as refusal:
        claim(carrier, open_load(shipper), going_home(carrier, empty="98101"))
    assert refusal.value.code == "too_late"


def test_who_may_not_claim(shipper: Organization, carrier: Organization) -> None:
    load, leg = open_load(shipper), going_home(carrier)
    with pytest.raises(Forbidden):
        claim(carrier, load, leg, actor=make_actor(carrier, "viewer"))
    with pytest.raises(Forbidden):
        claim(carrier, load, leg, actor=make_actor(carrier, "driver"))
    with pytest.raises(Forbidden):
        claim(carrier, load, leg, actor=make_actor(carrier, email_confirmed=False))
    unverified = make_organization(hauls=True, verified=False)
    with pytest.raises(Forbidden):
        claim(unverified, load, going_home(unverified))
    with pytest.raises(Forbidden):
        claim(shipper, load, leg)


def test_what_is_out_of_sight_is_not_there(shipper: Organization, carrier: Organization) -> None:
    load, leg = open_load(shipper), going_home(carrier)
    make_relationship(shipper, carrier, RelationshipKind.BLOCKED)
    with pytest.raises(NotFound):
        claim(carrier, load, leg)
    elsewhere = make_organization(market="sandbox")
    with pytest.raises(NotFound):
        claim(carrier, open_load(elsewhere), leg)


def test_anothers_truck_and_leg_are_not_found(shipper: Organization, carrier: Organization) -> None:
    other = going_home(make_organization(hauls=True))
    with pytest.raises(Invalid) as refusal:
        claim(carrier, open_load(shipper), other)
    assert {problem.field for problem in refusal.value.problems} == {"truck", "leg"}


def test_the_same_form_sent_twice_claims_once(shipper: Organization, carrier: Organization) -> None:
    load, leg, actor = open_load(shipper), going_home(carrier), make_actor(carrier)
    first = claim(carrier, load, leg, actor=actor, form_token="form-1")
    assert claim(carrier, load, leg, actor=actor, form_token="form-1") == first
    assert Claim.objects.count() == 1


def test_a_form_that_has_claimed_a_load_claims_no_other(shipper: Organization, carrier: Organization) -> None:
    claim(carrier, open_load(shipper), going_home(carrier), form_token="form-1")
    with pytest.raises(Conflict, match="has claimed another load already") as refusal:
        claim(carrier, open_load(shipper), going_home(carrier), form_token="form-1")
    assert refusal.value.code == "form_used"
    assert Booking.objects.count() == 1


def test_a_partial_load_leaves_the_leg_open_with_what_remains(shipper: Organization, carrier: Organization) -> None:
    leg = going_home(carrier)
    small = {"size": "partial", "weight_pounds": 10_000, "length_feet": 20, "pallets": 8}
    claim(carrier, open_load(shipper, **small), leg)
    leg.refresh_from_db()
    assert (leg.status, leg.weight_pounds, leg.length_feet) == (Status.OPEN, 35_000, 33)
    other = make_organization("Gulf Foods")
    claim(carrier, open_load(other, **small), leg)
    leg.refresh_from_db()
    assert (leg.status, leg.weight_pounds, leg.length_feet) == (Status.OPEN, 25_000, 13)
    tour = Tour.objects.get()
    assert tour.bookings.count() == 2
    assert [stop.sequence for stop in tour.stops.all()] == [0, 1, 2, 3]


def test_a_partial_that_does_not_fit_beside_the_others_is_refused(shipper: Organization, carrier: Organization) -> None:
    leg = going_home(carrier)
    claim(carrier, open_load(shipper, size="partial", weight_pounds=30_000, length_feet=30), leg)
    with pytest.raises(Conflict, match="on board together") as refusal:
        claim(carrier, open_load(shipper, size="partial", weight_pounds=30_000, length_feet=10), leg)
    assert refusal.value.code == "cannot_carry"


def test_own_freight_goes_on_the_own_truck(db: None) -> None:
    fleet = make_organization("Own Fleet", ships=True, hauls=True)
    made = claim(fleet, open_load(fleet, book_now=False), going_home(fleet))
    assert made.status == ClaimStatus.BOOKED


def test_windows_of_the_load_bind_the_tour(shipper: Organization, carrier: Organization) -> None:
    first = now() + timedelta(days=1, hours=2)
    stops = (
        stop_terms("60601", first, hours=1),
        stop_terms("75201", first + timedelta(hours=5), hours=2, kind="delivery"),
    )
    with pytest.raises(Conflict, match="reaches the delivery"):
        claim(carrier, open_load(shipper, stops=stops), going_home(carrier))
