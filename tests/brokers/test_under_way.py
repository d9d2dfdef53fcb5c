"""Amendments of a booking whose truck is under way: what lies ahead can change, what was done by the plan cannot."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from brokers.models import Amendment, Booking, RateConfirmation, Tour
from brokers.services.amendments import accept_amendment, propose_amendment
from brokers.services.claims import claim_load
from brokers.terms import StopTime, terms_of
from foundation.accounts.models import Organization
from foundation.trade import clock
from foundation.trade.errors import Conflict, Invalid
from loads.models import Load
from tests.brokers.booked import claim, going_home, local_load, open_load
from tests.builders import make_actor, make_truck, now

pytestmark = pytest.mark.usefixtures("db", "straight_roads", "empty_cache")
Move = Callable[[datetime], None]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Move:
    """Return a way to move the clock."""
    return lambda moment: monkeypatch.setattr(clock, "now", lambda: moment)


@pytest.fixture
def booking(shipper: Organization, carrier: Organization) -> Booking:
    """Return a booking from Chicago to Dallas for a truck that comes empty from Milwaukee, two hours away."""
    claim(carrier, open_load(shipper), going_home(carrier, empty="53202", hours=240))
    return Booking.objects.select_related("load", "shipper", "seller", "carrier", "tour").get()


def moved(booking: Booking, place: int, hours: float) -> tuple[StopTime, ...]:
    """Return the booking's times with one of them so much later."""
    times = list(terms_of(booking).stop_times)
    shift = timedelta(hours=hours)
    times[place] = replace(
        times[place], opens_at=times[place].opens_at + shift, closes_at=times[place].closes_at + shift
    )
    return tuple(times)


def propose(by: Organization, booking: Booking, **fields: Any) -> Amendment:
    return propose_amendment(actor=make_actor(by), booking_id=booking.public_id, subject="carriage", **fields)


def on_the_road(booking: Booking) -> datetime:
    """Return an instant an hour after the truck has left the pickup."""
    first = booking.tour.stops.order_by("sequence").first()
    assert first is not None
    return first.ends_at + timedelta(hours=1)


def test_a_later_delivery_is_agreed_while_the_truck_drives_to_it(booking: Booking, at: Move) -> None:
    at(moment := on_the_road(booking))
    delivery_opened = booking.load.last_stop.opens_at
    row = propose(booking.shipper, booking, stop_times=moved(booking, 1, 6))
    accepted = accept_amendment(actor=make_actor(booking.carrier), amendment_id=row.public_id)
    assert accepted.status == "accepted"
    tour = Tour.objects.get()
    load = Load.objects.get()
    assert load.last_stop.opens_at == delivery_opened + timedelta(hours=6)
    assert tour.ends_at == booking.tour.ends_at + timedelta(hours=6)

    def driven(steps: list[dict[str, Any]]) -> list[tuple[str, str]]:
        begun = (each for each in steps if datetime.fromisoformat(each["start_at"]) < moment)
        return [(each["kind"], each["start_at"]) for each in begun]

    assert driven(tour.steps) == driven(booking.tour.steps)
    assert tour.starts_at == booking.tour.starts_at
    assert RateConfirmation.objects.get(superseded_at__isnull=True).revision == 2


def test_a_stop_that_was_reached_keeps_its_time_and_only_the_carrier_hears_how_far_its_truck_is(
    booking: Booking, at: Move
) -> None:
    at(on_the_road(booking))
    earlier = moved(booking, 0, 4)
    with pytest.raises(Conflict, match="has reached Chicago by the plan") as own:
        propose(booking.carrier, booking, stop_times=earlier)
    assert own.value.code == "under_way"
    row = propose(booking.shipper, booking, stop_times=earlier)
    with pytest.raises(Conflict, match="has reached Chicago"):
        accept_amendment(actor=make_actor(booking.carrier), amendment_id=row.public_id)
    at(booking.load.first_stop.closes_at + timedelta(minutes=1))
    with pytest.raises(Invalid, match="over already"):
        propose(booking.shipper, booking, stop_times=moved(booking, 0, -1))


def test_freight_on_board_stays_and_freight_that_is_not_there_yet_may_change(booking: Booking, at: Move) -> None:
    at(booking.tour.starts_at + timedelta(hours=1))  # half of the way to the pickup
    heavier = propose(booking.shipper, booking, load_changes={"weight_pounds": 40_000})
    assert accept_amendment(actor=make_actor(booking.carrier), amendment_id=heavier.public_id).status == "accepted"
    at(on_the_road(booking))
    with pytest.raises(Conflict, match="on board by the plan"):
        propose(booking.carrier, booking, load_changes={"weight_pounds": 30_000})
    noted = propose(booking.carrier, booking, load_changes={"instructions": "Door 7."})
    assert accept_amendment(actor=make_actor(booking.shipper), amendment_id=noted.public_id).status == "accepted"


def test_a_delivery_before_the_truck_can_be_there_is_refused_with_the_engines_sentence(
    booking: Booking, at: Move
) -> None:
    at(on_the_road(booking))
    with pytest.raises(Conflict, match="The truck cannot take this load"):
        propose(booking.carrier, booking, stop_times=moved(booking, 1, -68))


def test_rate_and_terms_change_to_the_end(booking: Booking, at: Move) -> None:
    at(on_the_road(booking))
    changed = replace(terms_of(booking), linehaul_cents=2_500_00, detention_cents_per_hour=90_00, stop_times=())
    row = propose(booking.carrier, booking, terms=changed)
    accept_amendment(actor=make_actor(booking.shipper), amendment_id=row.public_id)
    booking.refresh_from_db()
    assert (booking.rate_cents, booking.detention_cents_per_hour) == (2_500_00, 90_00)


def test_a_load_out_that_is_delivered_later_opens_the_way_home_later(
    shipper: Organization, carrier: Organization, at: Move
) -> None:
    start = now() + timedelta(days=2)
    load = local_load(shipper, opens_at=start)
    truck = make_truck(carrier)
    claim_load(
        actor=make_actor(carrier),
        load_id=load.public_id,
        truck_id=truck.public_id,
        return_home_by=start + timedelta(days=12),
    )
    booking = Booking.objects.select_related("load", "shipper", "seller", "carrier", "tour").get()
    at(on_the_road(booking))
    row = propose(booking.shipper, booking, stop_times=moved(booking, 1, 30))
    assert accept_amendment(actor=make_actor(carrier), amendment_id=row.public_id).status == "accepted"
    tour = Tour.objects.get()
    booking.refresh_from_db()
    assert booking.opened_leg is not None
    assert tour.ends_at > booking.tour.starts_at
    assert booking.opened_leg.ready_at == tour.ends_at
    assert tour.starts_at == booking.tour.starts_at
