"""Partial loads that go out together: one tour, judged on every stretch, and one leg home that follows it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from brokers.models import Booking, Tour, TourStatus
from brokers.services.acceptance import accept_offer
from brokers.services.amendments import accept_amendment, propose_amendment
from brokers.services.cancelling import cancel_booking
from brokers.services.claims import claim_load
from brokers.services.opening import open_thread
from brokers.terms import posted_terms
from carriers.models import HomeBase, ReturnLeg, Truck
from foundation.accounts.models import Organization
from foundation.trade.errors import Conflict
from foundation.trade.posting import Status
from loads.models import Load
from tests.brokers.booked import claim, open_load
from tests.brokers.test_bargain_api import Caller
from tests.brokers.test_bargain_pages import body, sent
from tests.builders import make_actor, make_organization, make_truck, now, stop_terms

DALLAS, AUSTIN, HOUSTON, SAN_ANTONIO = "75201", "78701", "77002", "78205"


def part(
    feet: int, *, start: str = DALLAS, end: str = HOUSTON, last: float = 4, since: datetime | None = None, **fields: Any
) -> Load:
    """Post a partial load of so many feet, of a shipper of its own, picked up in two days."""
    moment = since or now()
    stops = (
        stop_terms(start, moment + timedelta(days=2)),
        stop_terms(end, moment + timedelta(days=last), kind="delivery"),
    )
    terms = {"size": "partial", "length_feet": feet, "weight_pounds": 500 * feet, "rate_cents": 50_00 * feet}
    return open_load(make_organization(), **{"stops": stops, **terms, **fields})


@pytest.fixture
def truck(carrier: Organization) -> Truck:
    """Return a 53-foot truck of Dallas."""
    return make_truck(carrier)


def goes_out(truck: Truck, load: Load, **fields: Any) -> Booking:
    """Claim a load with a truck that has no return leg for it."""
    made = claim_load(actor=make_actor(truck.organization), load_id=load.public_id, truck_id=truck.public_id, **fields)
    booking = made.loads.get().booking
    assert booking is not None
    return booking


def cancelled(booking: Booking) -> None:
    booking.refresh_from_db()
    actor = make_actor(booking.carrier)
    cancel_booking(actor=actor, booking_id=booking.public_id, version=booking.version, reason="truck_broke_down")


def test_a_second_partial_joins_the_tour_on_which_its_truck_goes_out(truck: Truck) -> None:
    first = goes_out(truck, part(20))
    leg = ReturnLeg.objects.get()
    second = goes_out(truck, part(24))
    tour = Tour.objects.get()
    assert (tour.leg, tour.version, tour.stops.count()) == (None, 2, 4)
    assert first.tour_id == second.tour_id == tour.pk
    assert second.opened_leg == first.opened_leg == ReturnLeg.objects.get() == leg
    leg.refresh_from_db()
    assert (leg.status, leg.ready_at) == (Status.OPEN, tour.ends_at)
    with pytest.raises(Conflict, match="3 loads on board together come to 54 ft, the truck takes 53"):
        goes_out(truck, part(10))
    assert Tour.objects.get().bookings.count() == 2
    goes_out(truck, part(9))
    assert Tour.objects.get().bookings.count() == 3


def test_the_leg_home_begins_where_the_last_of_them_is_delivered_and_comes_back_with_who_leaves(truck: Truck) -> None:
    goes_out(truck, part(20, end=AUSTIN))
    leg = ReturnLeg.objects.get()
    before = (leg.empty_city, leg.ready_at, leg.home_miles, leg.expires_at)
    assert leg.empty_city == "Austin"
    second = goes_out(truck, part(20, end=SAN_ANTONIO, last=5))
    leg.refresh_from_db()
    tour = Tour.objects.get()
    assert (leg.empty_city, leg.ready_at) == ("San Antonio", tour.ends_at)
    assert leg.home_miles > before[2]
    cancelled(second)
    leg.refresh_from_db()
    tour.refresh_from_db()
    assert (leg.status, leg.empty_city, leg.ready_at) == (Status.OPEN, "Austin", tour.ends_at)
    assert (leg.empty_city, leg.ready_at, leg.home_miles, leg.expires_at) == before


def test_the_leg_home_stands_while_one_of_them_goes_out_and_is_withdrawn_with_the_last(truck: Truck) -> None:
    first, second = goes_out(truck, part(20)), goes_out(truck, part(24))
    cancelled(first)
    leg = ReturnLeg.objects.get()
    assert (leg.status, Tour.objects.get().stops.count()) == (Status.OPEN, 2)
    cancelled(second)
    leg.refresh_from_db()
    assert (leg.status, Tour.objects.get().status) == (Status.WITHDRAWN, TourStatus.CANCELLED)


@pytest.mark.parametrize("second", [0, 30])
def test_a_partial_that_would_move_the_end_from_under_a_booked_load_home_is_refused(truck: Truck, second: int) -> None:
    since = now().replace(second=second)  # on the minute the tour begins when a pickup of the same time closes
    goes_out(truck, part(20, since=since))
    leg = ReturnLeg.objects.get()
    ready = leg.ready_at + timedelta(hours=1)
    stops = stop_terms(HOUSTON, ready), stop_terms(DALLAS, ready + timedelta(hours=6), kind="delivery")
    claim(truck.organization, open_load(make_organization(), stops=stops), leg)
    for end in (SAN_ANTONIO, HOUSTON):  # elsewhere, or there but unloaded later
        with pytest.raises(Conflict, match="load home booked already"):
            goes_out(truck, part(20, end=end, since=since))
    assert Tour.objects.filter(leg__isnull=True).get().bookings.count() == 1


def test_a_full_load_and_another_driver_do_not_join(truck: Truck) -> None:
    goes_out(truck, part(20))
    full = open_load(make_organization(), from_place=DALLAS, to_place=HOUSTON, opens_at=now() + timedelta(days=2))
    with pytest.raises(Conflict):
        goes_out(truck, full)
    assert Tour.objects.get().bookings.count() == 1


def test_a_partial_on_another_day_goes_out_by_itself(truck: Truck) -> None:
    goes_out(truck, part(20))
    leg = ReturnLeg.objects.get()
    later = (
        stop_terms(DALLAS, leg.home_by + timedelta(hours=4)),
        stop_terms(HOUSTON, leg.home_by + timedelta(hours=30), kind="delivery"),
    )
    goes_out(truck, part(20, stops=later))
    assert Tour.objects.count() == 2


def test_an_offer_for_a_second_partial_outlives_the_first_and_joins_its_tour(truck: Truck) -> None:
    load, actor = part(24), make_actor(truck.organization)
    offer = open_thread(
        actor=actor,
        load_id=load.public_id,
        truck_id=truck.public_id,
        terms=posted_terms(load, rate_cents=1_300_00),
        load_version=load.version,
    )
    goes_out(truck, part(20))
    booking = accept_offer(
        actor=make_actor(load.organization), offer_id=offer.public_id, number=1, load_version=load.version
    )
    assert isinstance(booking, Booking)
    assert booking.tour.bookings.count() == 2


def test_rest_lets_a_second_partial_join_with_the_truck_alone(truck: Truck) -> None:
    goes_out(truck, part(20))
    load = part(24)
    caller = Caller(truck.organization)
    asked = {"truck": truck.public_id, "rate": {"amount": "1200.00", "currency": "USD"}, "load_version": load.version}
    answer = caller.send(f"/loads/{load.public_id}/claims", asked)
    assert answer.status_code == 201, answer.json()
    assert Tour.objects.get().bookings.count() == 2


def test_the_page_of_a_claim_says_that_it_joins_and_books_it(sign_in: Callable[..., Client], truck: Truck) -> None:
    goes_out(truck, part(20))
    load, client = part(24), sign_in(truck.organization)
    path = f"/bargain/loads/{load.public_id}/claim/?truck={truck.public_id}"
    page = body(client.get(path))
    said = body(client.post(f"/bargain/loads/{load.public_id}/check/", sent(page)))
    assert "joins the tour" in said
    assert client.post(path, sent(page)).status_code == 302
    assert Tour.objects.get().bookings.count() == 2


def test_a_tour_out_leaves_from_where_it_was_booked_though_the_home_base_moves(truck: Truck) -> None:
    booking = goes_out(truck, part(20))
    before = Tour.objects.get()
    HomeBase.objects.update(city="Seattle", state="WA", zip="98101", lat=47.61, lon=-122.33)
    Truck.objects.update(home_base=None)
    goes_out(truck, part(10))
    after = Tour.objects.get()
    assert (after.start, after.empty_miles) == (before.start, before.empty_miles)
    row = propose_amendment(
        actor=make_actor(booking.shipper),
        booking_id=booking.public_id,
        subject="carriage",
        load_changes={"length_feet": 30, "weight_pounds": 15_000},
    )
    accept_amendment(actor=make_actor(truck.organization), amendment_id=row.public_id, version=row.version)
    assert Tour.objects.get().empty_miles == before.empty_miles
