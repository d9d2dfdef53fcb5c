"""Cancelling: who may, what is owed when, and what goes back to the market."""

from datetime import datetime, timedelta

import pytest

from brokers.fallout import CARRIERS_REASONS, SELLERS_REASONS, deadhead_miles, hanging_on, owed
from brokers.models import Booking, BookingStatus, CancelReason, Tour, TourStatus
from brokers.services.cancelling import cancel_booking
from brokers.services.claims import claim_load
from carriers.models import ReturnLeg
from foundation.accounts.models import Organization
from foundation.events.models import Event
from foundation.trade import clock
from foundation.trade.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from foundation.trade.posting import Status
from tests.brokers.booked import claim, going_home, local_load, open_load
from tests.builders import make_actor, make_organization, make_truck, now

Reason = CancelReason


def _booked(shipper: Organization, carrier: Organization, **fields: object) -> Booking:
    """Book a load with a TONU of $250 and two hours free at the pickup."""
    made = claim(carrier, open_load(shipper, tonu_cents=250_00, **fields), going_home(carrier, hours=240))
    booking = made.loads.get().booking
    assert booking is not None
    return booking


def _cancel(booking: Booking, by: Organization, reason: str = Reason.OTHER, **fields: object) -> Booking:
    given = {"version": booking.version, "note": "Sorry", **fields}
    return cancel_booking(actor=make_actor(by), booking_id=booking.public_id, reason=reason, **given)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch):
    """Return a way to move the clock."""

    def move(moment: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: moment)

    return move


def test_load_and_leg_return_to_the_market_and_the_tour_ends(shipper: Organization, carrier: Organization) -> None:
    booking = _booked(shipper, carrier)
    cancelled = _cancel(booking, carrier, Reason.TRUCK_BROKE_DOWN)
    assert (cancelled.status, cancelled.cancel_reason, cancelled.cancelled_for) == (
        BookingStatus.CANCELLED,
        Reason.TRUCK_BROKE_DOWN,
        carrier,
    )
    booking.load.refresh_from_db()
    assert booking.load.status == Status.OPEN
    assert ReturnLeg.objects.get().status == Status.OPEN
    tour = Tour.objects.get()
    assert (tour.status, tour.stops.count()) == (TourStatus.CANCELLED, 0)
    names = set(Event.objects.values_list("name", flat=True))
    assert {"booking.cancelled", "tour.changed", "load.opened", "leg.opened"} <= names


def test_what_fell_through_can_be_claimed_again(shipper: Organization, carrier: Organization) -> None:
    booking = _booked(shipper, carrier)
    _cancel(booking, shipper)
    load, leg = booking.load, ReturnLeg.objects.get()
    load.refresh_from_db()
    again = claim(carrier, load, leg).loads.get().booking
    assert again != booking
    assert Booking.objects.filter(status=BookingStatus.BOOKED).get() == again


def test_a_booking_is_cancelled_once_and_on_the_version_that_was_seen(
    shipper: Organization, carrier: Organization
) -> None:
    booking = _booked(shipper, carrier)
    with pytest.raises(Stale):
        _cancel(booking, shipper, version=9)
    _cancel(booking, shipper)
    with pytest.raises(Conflict, match="cancelled already"):
        _cancel(booking, carrier)


def test_only_its_sides_cancel(shipper: Organization, carrier: Organization) -> None:
    booking = _booked(shipper, carrier)
    with pytest.raises(NotFound):
        _cancel(booking, make_organization())
    with pytest.raises(Forbidden):
        cancel_booking(
            actor=make_actor(carrier, "viewer"), booking_id=booking.public_id, version=1, reason=Reason.OTHER
        )


def test_a_side_gives_reasons_of_its_own(shipper: Organization, carrier: Organization) -> None:
    booking = _booked(shipper, carrier)
    for by, reason in ((shipper, Reason.TRUCK_BROKE_DOWN), (carrier, Reason.NO_SHOW), (shipper, "because")):
        with pytest.raises(Invalid, match="one of these reasons"):
            _cancel(booking, by, reason)
    with pytest.raises(Invalid, match="may still come"):
        _cancel(booking, shipper, Reason.NO_SHOW)


def test_an_outbound_booking_that_falls_through_takes_its_leg_home_back(
    shipper: Organization, carrier: Organization
) -> None:
    load = local_load(shipper)
    made = claim_load(actor=make_actor(carrier), load_id=load.public_id, truck_id=make_truck(carrier).public_id)
    booking = made.loads.get().booking
    assert booking is not None
    cancelled = _cancel(booking, carrier)
    assert cancelled.opened_leg is not None
    assert cancelled.opened_leg.status == Status.WITHDRAWN


def test_a_leg_home_on_which_a_load_is_booked_stays(shipper: Organization, carrier: Organization) -> None:
    start = now() + timedelta(days=2)
    truck = make_truck(carrier)
    outbound = local_load(shipper, opens_at=start)
    made = claim_load(
        actor=make_actor(carrier),
        load_id=outbound.public_id,
        truck_id=truck.public_id,
        return_home_by=start + timedelta(days=9),
    )
    booking = made.loads.get().booking
    assert booking is not None
    leg = booking.opened_leg
    assert leg is not None
    back = open_load(shipper, from_place="77002", to_place="75201", opens_at=start + timedelta(days=4))
    claim(carrier, back, leg)
    _cancel(booking, carrier)
    leg.refresh_from_db()
    assert leg.status == Status.COVERED
    assert Booking.objects.get(status=BookingStatus.BOOKED).load == back


def test_a_partial_gives_the_leg_back_what_it_took(shipper: Organization, carrier: Organization) -> None:
    leg = going_home(carrier)
    small = {"size": "partial", "weight_pounds": 10_000, "length_feet": 20, "pallets": 8}
    first = claim(carrier, open_load(shipper, **small), leg).loads.get().booking
    second = claim(carrier, open_load(make_organization(), **small), leg).loads.get().booking
    assert first is not None
    assert second is not None
    _cancel(first, carrier)
    leg.refresh_from_db()
    assert (leg.status, leg.weight_pounds, leg.taken_weight_pounds) == (Status.OPEN, 35_000, 10_000)
    tour = Tour.objects.get()
    assert tour.status == TourStatus.PLANNED
    assert [(stop.booking, stop.sequence) for stop in tour.stops.all()] == [(second, 0), (second, 1)]


# --- What is owed -----------------------------------------------------------------------------------------------------


def test_long_before_the_pickup_nobody_owes(shipper: Organization, carrier: Organization) -> None:
    booking = _booked(shipper, carrier, opens_at=now() + timedelta(days=3))
    cancelled = _cancel(booking, shipper)
    assert (cancelled.owed_by, cancelled.owed_tonu_cents, cancelled.owed_deadhead_cents) == (None, 0, 0)


def test_within_24_hours_of_the_pickup_the_seller_owes_the_tonu(
    shipper: Organization, carrier: Organization, at
) -> None:
    booking = _booked(shipper, carrier, opens_at=now() + timedelta(days=3))
    pickup = booking.tour_stops.first()
    at(booking.load.first_stop.opens_at - timedelta(hours=24))
    assert booking.tour.starts_at < pickup.arrives_at
    cancelled = _cancel(booking, shipper, Reason.LOAD_NOT_READY)
    assert (cancelled.owed_by, cancelled.owed_tonu_cents) == (shipper, 250_00)


def test_a_truck_on_its_way_is_paid_its_empty_miles_so_far(shipper: Organization, carrier: Organization) -> None:
    # Milwaukee (53202) to Chicago (60601): 82 miles as the builders' crow flies times 1.2, 98 minutes at 50 mph
    leg = going_home(carrier, empty="53202")
    load = open_load(shipper, tonu_cents=250_00, opens_at=leg.ready_at + timedelta(hours=4))
    booking = claim(carrier, load, leg).loads.get().booking
    assert booking is not None
    first = booking.tour_stops.first()
    step = next(each for each in booking.tour.steps if each["kind"] == "drive")
    half_way = datetime.fromisoformat(step["start_at"]) + timedelta(minutes=step["minutes"] / 2)
    assert deadhead_miles(booking, datetime.fromisoformat(step["start_at"])) == 0
    assert deadhead_miles(booking, half_way) == pytest.approx(first.miles_before / 2, abs=0.1)
    assert deadhead_miles(booking, first.ends_at) == first.miles_before

    found = owed(booking, shipper, half_way)
    assert found.by == shipper
    assert found.tonu_cents == 250_00
    assert found.deadhead_cents == round(found.deadhead_miles * 214)
    assert "empty miles at $2.14" in found.sentence


def test_a_carrier_that_cancels_is_owed_nothing_by_the_clock_and_claims_for_a_load_that_was_not_ready(
    shipper: Organization, carrier: Organization
) -> None:
    booking = _booked(shipper, carrier)
    first = booking.tour_stops.first()
    arrived = max(first.arrives_at, booking.load.first_stop.opens_at)
    for reason in (Reason.TRUCK_BROKE_DOWN, Reason.WEATHER, Reason.RATE_OR_TERMS, Reason.OTHER):
        assert hanging_on(booking, carrier, arrived + timedelta(hours=9), reason) is None
    too_soon, over = (arrived + timedelta(minutes=booking.free_minutes - each) for each in (1, 0))
    assert hanging_on(booking, carrier, too_soon, Reason.LOAD_NOT_READY) is None
    waited = hanging_on(booking, carrier, over, Reason.LOAD_NOT_READY)
    assert waited is not None
    assert (waited.by, waited.tonu_cents) == (shipper, 250_00)
    assert owed(booking, carrier, over).by is None


def test_that_a_truck_did_not_come_is_the_sellers_word_and_what_the_clock_shows_stays_owed(
    shipper: Organization, carrier: Organization, at
) -> None:
    booking = _booked(shipper, carrier)
    at(booking.load.first_stop.closes_at)
    cancelled = _cancel(booking, shipper, Reason.NO_SHOW)
    assert (cancelled.owed_by, cancelled.owed_tonu_cents) == (shipper, 250_00)


def test_what_is_delivered_is_not_cancelled(shipper: Organization, carrier: Organization, at) -> None:
    booking = _booked(shipper, carrier)
    at(booking.load.last_stop.closes_at)
    with pytest.raises(Conflict, match="last delivery window"):
        _cancel(booking, shipper)


def _loaded_at(booking: Booking) -> datetime:
    first = booking.tour.stops.order_by("sequence").first()
    assert first is not None
    return first.ends_at


def test_what_is_on_board_by_the_plan_is_cancelled_by_nobody_alone(
    shipper: Organization, carrier: Organization, at
) -> None:
    booking = _booked(shipper, carrier)
    at(_loaded_at(booking))
    for by, reasons in ((shipper, SELLERS_REASONS - {Reason.NO_SHOW}), (carrier, CARRIERS_REASONS)):
        for reason in sorted(reasons - {Reason.LOAD_NOT_READY} if by == carrier else reasons):
            with pytest.raises(Conflict, match="freight is on board"):
                _cancel(booking, by, reason)
    with pytest.raises(Invalid, match="may still come"):
        _cancel(booking, shipper, Reason.NO_SHOW)
    booking.refresh_from_db()
    booking.load.refresh_from_db()
    assert (booking.status, booking.load.status) == (BookingStatus.BOOKED, Status.COVERED)


def test_a_moment_before_it_is_loaded_either_side_still_cancels(
    shipper: Organization, carrier: Organization, at
) -> None:
    booking = _booked(shipper, carrier)
    at(_loaded_at(booking) - timedelta(seconds=1))
    assert _cancel(booking, shipper).owed_by == shipper


def test_a_carrier_whose_load_was_never_ready_says_so_after_the_planned_loading(
    shipper: Organization, carrier: Organization, at
) -> None:
    booking = _booked(shipper, carrier)
    at(_loaded_at(booking))
    assert _cancel(booking, carrier, Reason.LOAD_NOT_READY).status == BookingStatus.CANCELLED
    assert booking.contentions.get().claimant == carrier
