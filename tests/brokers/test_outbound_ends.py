"""Where tours out end: another end is taken where the shortest fits not, and no cancellation fails on one."""

from datetime import timedelta
from typing import Any

import pytest

from brokers.forms.vehicles import TRUCK, VehicleForm
from brokers.models import Booking, BookingStatus, Tour
from brokers.services.cancelling import cancel_booking
from carriers.models import ReturnLeg, Truck
from carriers.services import booked
from carriers.services.legs import withdraw_leg
from foundation.accounts.models import Organization
from foundation.trade.errors import Conflict, Invalid
from foundation.trade.posting import Status
from foundation.trade.windows import local
from loads.models import Load
from tests.brokers.booked import open_load
from tests.brokers.test_bargain_pages import body
from tests.brokers.test_outbound_tours import DALLAS, goes_out, part
from tests.builders import make_actor, make_organization, make_truck, now, stop_terms

EL_PASO, WACO, FORT_WORTH = "79901", "76701", "76102"


def to(end: str, opens_in_days: float, hours: float) -> Load:
    """Post a partial load from Dallas in two days, delivered in a window of so many hours."""
    stops = (
        stop_terms(DALLAS, now() + timedelta(days=2)),
        stop_terms(end, now() + timedelta(days=opens_in_days), hours=hours, kind="delivery"),
    )
    return part(15, stops=stops, weight_pounds=7_000, rate_cents=1_000_00)


@pytest.fixture
def last_of_three(carrier: Organization) -> Booking:
    """Return the booking that keeps the truck near home in the end: without it, the shortest way ends in El Paso."""
    truck = make_truck(carrier)
    last = goes_out(truck, to(FORT_WORTH, 4.5, 10), return_home_by=now() + timedelta(days=5.1))
    goes_out(truck, to(WACO, 4, 12))
    goes_out(truck, to(EL_PASO, 2.3, 72))
    last.refresh_from_db()
    return last


def cancelled_by(side: Organization, booking: Booking) -> None:
    cancel_booking(actor=make_actor(side), booking_id=booking.public_id, version=booking.version, reason="mistake")
    booking.refresh_from_db()
    assert booking.status == BookingStatus.CANCELLED


def test_a_cancellation_replans_a_tour_so_that_its_truck_is_home_in_time(last_of_three: Booking) -> None:
    cancelled_by(last_of_three.seller, last_of_three)
    leg, tour = ReturnLeg.objects.get(), Tour.objects.get()
    assert (leg.status, leg.empty_city, leg.ready_at) == (Status.OPEN, "Waco", tour.ends_at)
    assert tour.stops.count() == 4


def test_a_cancellation_drops_a_leg_home_that_cannot_begin_as_the_tour_ends(
    last_of_three: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise Conflict("too_late", "The truck would be empty too late to be home in time.")

    monkeypatch.setattr(booked, "check_beginning", never)
    cancelled_by(last_of_three.carrier, last_of_three)
    assert ReturnLeg.objects.get().status == Status.WITHDRAWN
    assert Tour.objects.get().stops.count() == 4


def test_a_cancellation_keeps_the_times_of_a_tour_whose_new_plan_runs_into_the_next(
    last_of_three: Booking, carrier: Organization
) -> None:
    tour = Tour.objects.get()
    withdraw_leg(actor=make_actor(carrier), leg_id=ReturnLeg.objects.get().public_id)
    pickup = tour.ends_at + timedelta(hours=1)
    stops = (
        stop_terms(FORT_WORTH, pickup, hours=3),
        stop_terms("77002", pickup + timedelta(hours=19), hours=40, kind="delivery"),
    )
    goes_out(tour.truck, open_load(make_organization(), stops=stops))
    before = {stop.booking_id: stop.begins_at for stop in tour.stops.all()}
    cancelled_by(last_of_three.seller, last_of_three)
    version, starts_at, ends_at = tour.version, tour.starts_at, tour.ends_at
    tour.refresh_from_db()
    assert (tour.starts_at, tour.ends_at, tour.version) == (starts_at, ends_at, version + 1)
    left = list(tour.stops.order_by("sequence"))
    assert [stop.sequence for stop in left] == [0, 1, 2, 3]
    assert {stop.booking_id: stop.begins_at for stop in left} == {
        key: begins_at for key, begins_at in before.items() if key != last_of_three.pk
    }


@pytest.mark.parametrize("hours", [90, 36])
def test_a_partial_joins_by_a_longer_way_where_the_shortest_ends_too_far_from_home(
    carrier: Organization, hours: float
) -> None:
    truck = make_truck(carrier)
    goes_out(truck, to(WACO, 4, 12), return_home_by=now() + timedelta(days=5.1))
    goes_out(truck, to(EL_PASO, 2.3, hours))
    leg, tour = ReturnLeg.objects.get(), Tour.objects.get()
    assert (leg.empty_city, leg.ready_at) == ("Waco", tour.ends_at)


@pytest.fixture
def truck(carrier: Organization) -> Truck:
    return make_truck(carrier)


def test_a_partial_that_joins_cannot_ask_to_be_home_sooner_than_its_tour_lets_it(truck: Truck) -> None:
    goes_out(truck, part(20))
    leg = ReturnLeg.objects.get()
    with pytest.raises(Invalid, match="it cannot be home by then") as refused:
        goes_out(truck, part(20), return_home_by=leg.ready_at + timedelta(minutes=30))
    assert [problem.field for problem in refused.value.problems] == ["return_home_by"]
    assert Tour.objects.get().bookings.count() == 1
    goes_out(truck, part(20), return_home_by=leg.home_by - timedelta(minutes=30))
    leg.refresh_from_db()
    assert Tour.objects.get().bookings.count() == 2
    assert leg.ready_at == Tour.objects.get().ends_at


def test_the_page_offers_to_be_home_when_the_tour_that_a_partial_joins_says(truck: Truck, sign_in: Any) -> None:
    goes_out(truck, part(20, last=6))
    leg = ReturnLeg.objects.get()
    page = f"/bargain/loads/{part(20, last=3).public_id}/claim/?truck={truck.public_id}"
    wall = f"{local(leg.home_by, leg.home_time_zone):%Y-%m-%dT%H:%M}"
    assert f'value="{wall}"' in body(sign_in(truck.organization).get(page))


def test_the_time_that_the_page_offers_is_meant_to_the_second(truck: Truck) -> None:
    goes_out(truck, part(20, last=6))
    by = ReturnLeg.objects.get().home_by + timedelta(seconds=27)
    ReturnLeg.objects.update(home_by=by)
    asked: dict[str, Any] = {"organization": truck.organization, "load": part(20, last=3), "legs": []}
    shown = VehicleForm(**asked, chosen=TRUCK + truck.public_id)
    typed = {name: field.prepare_value(shown[name].value()) for name, field in shown.fields.items()}
    form = VehicleForm(typed, **asked)
    assert form.is_valid(), form.errors
    assert form.cleaned_data["return_home_by"] == by
