"""Amending what goes out: another end is taken where the shortest fits not, before the truck leaves and on its way."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from brokers.models import Booking, Tour
from brokers.replanning import plan_anew
from brokers.services.amendments import accept_amendment, propose_amendment
from brokers.services.cancelling import cancel_booking
from brokers.terms import StopTime, terms_of
from brokers.touring import agreed_times, end_of_plan, live_bookings
from carriers.models import ReturnLeg, Truck
from foundation.accounts.models import Organization
from foundation.trade import clock
from foundation.trade.errors import Conflict
from foundation.trade.posting import Status
from tests.brokers.booked import claim, open_load
from tests.brokers.test_outbound_ends import EL_PASO, WACO, to
from tests.brokers.test_outbound_tours import DALLAS, goes_out
from tests.builders import make_actor, make_driver, make_organization, make_truck, now, stop_terms

Move = Callable[[datetime], None]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Move:
    """Return a way to move the clock."""
    return lambda moment: monkeypatch.setattr(clock, "now", lambda: moment)


@pytest.fixture
def truck(carrier: Organization) -> Truck:
    return make_truck(carrier)


def delivered(booking: Booking, opens_at: datetime, hours: float) -> tuple[StopTime, ...]:
    """Return a booking's times with its delivery in a window of so many hours."""
    *first, last = terms_of(booking).stop_times
    return (*first, replace(last, opens_at=opens_at, closes_at=opens_at + timedelta(hours=hours)))


def amended(booking: Booking, times: tuple[StopTime, ...]) -> None:
    booking.refresh_from_db()
    row = propose_amendment(
        actor=make_actor(booking.shipper), booking_id=booking.public_id, subject="carriage", stop_times=times
    )
    accept_amendment(actor=make_actor(booking.carrier), amendment_id=row.public_id, version=row.version)


def test_an_amendment_takes_another_end_where_the_shortest_leaves_the_truck_home_too_late(truck: Truck) -> None:
    goes_out(truck, to(WACO, 4, 12), return_home_by=now() + timedelta(days=5.1))
    far = goes_out(truck, to(EL_PASO, 2.3, 36))  # must be there before Waco opens
    times = delivered(far, terms_of(far).stop_times[-1].opens_at, 90)
    tour = Tour.objects.get()
    bookings = live_bookings(tour)
    by_load = {**agreed_times(bookings), far.load_id: times}
    loads = [each.load for each in bookings]
    assert end_of_plan(plan_anew(tour, loads, now=clock.now(), times=by_load)).city == "El Paso", "the shortest way"
    amended(far, times)
    leg, tour = ReturnLeg.objects.get(), Tour.objects.get()
    assert (leg.status, leg.empty_city, leg.ready_at) == (Status.OPEN, "Waco", tour.ends_at)
    assert [stop.booking_id == far.pk for stop in tour.stops.order_by("sequence")][2:] == [True, False]


def test_an_amendment_for_which_no_end_does_says_why_the_shortest_does_not(truck: Truck) -> None:
    goes_out(truck, to(WACO, 4, 12), return_home_by=now() + timedelta(days=5.1))
    far = goes_out(truck, to(EL_PASO, 2.3, 36))
    before = (Tour.objects.get().version, ReturnLeg.objects.get().version)
    late = delivered(far, now() + timedelta(days=4.8), 8)  # after Waco, and too far from home then
    with pytest.raises(Conflict, match="home in time") as own:  # its carrier hears it before it says yes
        propose_amendment(
            actor=make_actor(truck.organization), booking_id=far.public_id, subject="carriage", stop_times=late
        )
    assert own.value.code == "too_late"
    with pytest.raises(Conflict, match="home in time"):
        amended(far, late)
    assert (Tour.objects.get().version, ReturnLeg.objects.get().version) == before


def test_on_the_way_the_tour_ends_where_its_truck_is_empty_though_that_is_elsewhere_now(truck: Truck, at: Move) -> None:
    near = goes_out(truck, to(WACO, 4, 12), return_home_by=now() + timedelta(days=9))
    far = goes_out(truck, to(EL_PASO, 2.3, 36))
    assert ReturnLeg.objects.get().empty_city == "Waco"
    began = Tour.objects.get()
    at(began.starts_at + timedelta(minutes=1))
    amended(far, delivered(far, now() + timedelta(days=5), 24))
    leg, tour = ReturnLeg.objects.get(), Tour.objects.get()
    last = tour.stops.order_by("sequence").last()
    assert last is not None
    assert (last.booking_id, tour.starts_at) == (far.pk, began.starts_at)
    assert (leg.empty_city, leg.ready_at, tour.ends_at) == ("El Paso", last.ends_at, last.ends_at)
    near.refresh_from_db()
    assert near.opened_leg == far.opened_leg == leg


def test_on_the_way_another_end_is_taken_where_the_shortest_leaves_the_truck_home_too_late(
    truck: Truck, at: Move
) -> None:
    goes_out(truck, to(WACO, 4, 12), return_home_by=now() + timedelta(days=5.1))
    far = goes_out(truck, to(EL_PASO, 2.3, 36))
    at(Tour.objects.get().starts_at + timedelta(minutes=1))
    amended(far, delivered(far, terms_of(far).stop_times[-1].opens_at, 90))
    leg, tour = ReturnLeg.objects.get(), Tour.objects.get()
    assert (leg.status, leg.empty_city, leg.ready_at) == (Status.OPEN, "Waco", tour.ends_at)


def test_an_amendment_that_moves_the_end_from_under_a_booked_load_home_is_refused_when_it_is_proposed(
    truck: Truck,
) -> None:
    out = goes_out(truck, to(WACO, 4, 12), return_home_by=now() + timedelta(days=9))
    leg = ReturnLeg.objects.get()
    ready = leg.ready_at + timedelta(hours=1)
    stops = stop_terms(WACO, ready), stop_terms(DALLAS, ready + timedelta(hours=6), kind="delivery")
    claim(truck.organization, open_load(make_organization(), stops=stops), leg)
    with pytest.raises(Conflict, match="load home booked already") as refused:
        propose_amendment(
            actor=make_actor(truck.organization),
            booking_id=out.public_id,
            subject="carriage",
            stop_times=delivered(out, leg.ready_at + timedelta(hours=2), 8),
        )
    assert refused.value.code == "leg_taken"


def test_an_amendment_that_runs_into_another_tour_is_refused_when_it_is_proposed_and_one_that_touches_it_is_not(
    truck: Truck,
) -> None:
    out = goes_out(truck, to(WACO, 4, 12), return_home_by=now() + timedelta(days=9))
    tour, driver = Tour.objects.get(), make_driver(truck.organization)
    Tour.objects.update(driver=driver)
    tour.refresh_from_db()
    times = delivered(out, tour.ends_at + timedelta(hours=5), 8)
    plan = plan_anew(tour, [out.load], now=clock.now(), times={out.load_id: times})
    other = Tour.objects.create(
        organization=truck.organization,
        truck=make_truck(truck.organization),
        driver=driver,
        starts_at=plan.ends_at - timedelta(minutes=1),
        ends_at=plan.ends_at + timedelta(hours=3),
        created_at=clock.now(),
    )
    with pytest.raises(Conflict, match="is on another tour in that time") as refused:
        propose_amendment(
            actor=make_actor(truck.organization), booking_id=out.public_id, subject="carriage", stop_times=times
        )
    assert refused.value.code == "driver_is_in_one_place"
    Tour.objects.filter(pk=other.pk).update(starts_at=plan.ends_at)
    amended(out, times)
    assert Tour.objects.get(pk=tour.pk).ends_at == plan.ends_at


def test_a_cancelled_one_of_three_leaves_the_other_two_and_their_way_home(truck: Truck) -> None:
    goes_out(truck, to(WACO, 4, 12), return_home_by=now() + timedelta(days=9))
    middle = goes_out(truck, to(EL_PASO, 2.3, 36))
    goes_out(truck, to(WACO, 4, 12))
    middle.refresh_from_db()
    cancel_booking(
        actor=make_actor(truck.organization), booking_id=middle.public_id, version=middle.version, reason="mistake"
    )
    leg, tour = ReturnLeg.objects.get(), Tour.objects.get()
    assert (leg.status, leg.empty_city, leg.ready_at, tour.stops.count()) == (Status.OPEN, "Waco", tour.ends_at, 4)
