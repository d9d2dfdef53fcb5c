"""Bundles of three with partial loads among them: whichever falls through, in whatever order, the rest stands true."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import groupby
from typing import Any

import pytest
from django.db import transaction

from brokers.booking_queries import live_bookings
from brokers.models import Booking, BookingStatus, Tour, TourStatus
from brokers.services.bundles import claim_bundle
from brokers.services.cancelling import cancel_booking
from brokers.services.claiming import Wanted
from carriers.models import ReturnLeg
from foundation.accounts.models import Organization
from foundation.trade import clock
from foundation.trade.errors import Conflict
from foundation.trade.posting import Status
from loads.models import Load
from matching.models import OnBoard
from tests.brokers.booked import claim, going_home, open_load
from tests.brokers.test_partial_loads import CHICAGO, DALLAS, ST_LOUIS, TULSA
from tests.builders import make_actor, make_organization, make_truck, now, stop_terms

HOUSTON, AUSTIN = "77002", "78701"
ORDERS = ((1, 0, 2), (1, 2, 0), (0, 2, 1))
"""In which three bookings fall through: the middle one first, mostly."""


def posted(kind: str, start: str, end: str, first: float, *, feet: int = 30, days: float = 1) -> Load:
    """Post a full or partial load, picked up so many days from now and delivered a day after, or so many."""
    stops = (
        stop_terms(start, now() + timedelta(days=first)),
        stop_terms(end, now() + timedelta(days=first + days), kind="delivery"),
    )
    fields: dict[str, Any] = {"rate_cents": 1_500_00, "stops": stops}
    if kind == "P":
        fields |= {"size": "partial", "length_feet": feet, "weight_pounds": 500 * feet}
    return open_load(make_organization(), **fields)


def bundled(carrier: Organization, loads: Sequence[Load], **vehicle: Any) -> list[Booking]:
    claim_bundle(
        actor=make_actor(carrier),
        loads=[Wanted(load_id=each.public_id, load_version=each.version) for each in loads],
        **vehicle,
    )
    return list(Booking.objects.filter(load__in=loads).order_by("pk"))


def cancelled(booking: Booking) -> None:
    booking.refresh_from_db()
    actor = make_actor(booking.carrier)
    cancel_booking(actor=actor, booking_id=booking.public_id, version=booking.version, reason="truck_broke_down")


class _UndoneError(Exception):
    """What was tried is undone again."""


@contextmanager
def undone() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
            raise _UndoneError
    except _UndoneError:
        return


def check_stands(leg: ReturnLeg) -> None:
    """Hold a leg and its tour to the bookings that stand on it, counted stop by stop."""
    leg.refresh_from_db()
    tour = Tour.objects.filter(leg=leg, status=TourStatus.PLANNED).first()
    bookings = live_bookings(tour) if tour else []
    assert {each.pk for each in bookings} == {
        each.pk for each in Booking.objects.filter(leg=leg, status=BookingStatus.BOOKED)
    }
    stops = list(tour.stops.select_related("booking__load").order_by("sequence")) if tour else []
    assert [stop.sequence for stop in stops] == list(range(len(stops)))
    assert sorted((stop.booking_id, stop.stop_sequence) for stop in stops) == sorted(
        (each.pk, place) for each in bookings for place in (0, 1)
    )
    aboard = most = 0
    for stop in stops:
        if stop.booking.load.size == "partial":
            aboard += stop.booking.load.length_feet * (1 if stop.stop_sequence == 0 else -1)
        most = max(most, aboard)
    assert (leg.length_feet, leg.taken_length_feet) == (53 - most, most)
    assert (leg.weight_pounds, leg.taken_weight_pounds) == (45_000 - 500 * most, 500 * most)
    kept = [(row.load_id, row.stop_sequence) for row in OnBoard.objects.filter(leg=leg).order_by("position")]
    shared = any(each.load.size == "partial" for each in bookings)
    assert kept == ([(stop.booking.load_id, stop.stop_sequence) for stop in stops] if shared else [])
    if leg.status in (Status.OPEN, Status.COVERED):
        is_full = any(each.load.size == "full" for each in bookings)
        came = Booking.objects.filter(opened_leg=leg)
        is_reached = not came or came.filter(status=BookingStatus.BOOKED).exists()
        assert (leg.status == Status.OPEN) == (is_reached and not is_full and most < 53)
    if tour is not None:
        assert tour.ends_at <= leg.home_by
        for _, theirs in groupby(sorted(stops, key=lambda stop: stop.booking_id), key=lambda stop: stop.booking_id):
            first, last = sorted(theirs, key=lambda stop: stop.stop_sequence)
            assert first.ends_at <= last.arrives_at


@pytest.mark.parametrize("kinds", ["PFP", "FPP"])
def test_a_chain_on_a_leg_stands_true_after_each_cancellation(carrier: Organization, kinds: str) -> None:
    leg = going_home(carrier, hours=240)
    ways = ((CHICAGO, ST_LOUIS, 1.2), (ST_LOUIS, TULSA, 3), (TULSA, DALLAS, 5))
    loads = [posted(kind, *way) for kind, way in zip(kinds, ways, strict=True)]
    bookings = bundled(carrier, loads, leg_id=leg.public_id)
    assert [each.load for each in bookings] == loads
    check_stands(leg)
    for order in ORDERS:
        with undone():
            for booking in (bookings[place] for place in order):
                cancelled(booking)
                check_stands(leg)
                assert Load.objects.get(pk=booking.load_id).status == Status.OPEN
            assert (leg.status, leg.length_feet) == (Status.OPEN, 53)
            assert not Tour.objects.filter(status=TourStatus.PLANNED).exists()
    with undone():  # and who is cancelled in the middle can be taken again
        cancelled(bookings[1])
        leg.refresh_from_db()
        if leg.status == Status.OPEN:
            claim(carrier, Load.objects.get(pk=loads[1].pk), leg)
            check_stands(leg)


@pytest.mark.parametrize("kinds", ["FPF", "PFP"])
def test_a_round_trip_of_three_stands_true_after_each_cancellation(carrier: Organization, kinds: str) -> None:
    truck = make_truck(carrier)
    ways = ((DALLAS, HOUSTON, 2), (HOUSTON, AUSTIN, 5), (AUSTIN, DALLAS, 7))
    loads = [posted(kind, *way) for kind, way in zip(kinds, ways, strict=True)]
    by = now() + timedelta(days=14)
    bookings = bundled(carrier, loads, truck_id=truck.public_id, return_home_by=by)
    leg = ReturnLeg.objects.get()
    assert (bookings[0].opened_leg, {each.leg_id for each in bookings[1:]}) == (leg, {leg.pk})
    check_stands(leg)
    for order in ORDERS:
        with undone():
            for booking in (bookings[place] for place in order):
                cancelled(booking)
                check_stands(leg)
                if booking == bookings[0]:
                    home = Booking.objects.filter(leg=leg, status=BookingStatus.BOOKED)
                    assert leg.status == (Status.COVERED if home else Status.WITHDRAWN)
            assert leg.status == Status.WITHDRAWN
            assert not Tour.objects.filter(status=TourStatus.PLANNED).exists()


def test_partials_of_a_chain_that_ride_together_leave_their_room_to_each_other(carrier: Organization) -> None:
    leg = going_home(carrier, hours=240)
    long, middle, last = (
        posted("P", CHICAGO, DALLAS, 1.2, feet=20, days=3),
        posted("P", CHICAGO, DALLAS, 1.3, feet=20, days=3),
        posted("P", CHICAGO, DALLAS, 1.4, feet=13, days=3),
    )
    bookings = bundled(carrier, [long, middle, last], leg_id=leg.public_id)
    leg.refresh_from_db()
    assert leg.length_feet == 0
    cancelled(bookings[1])
    check_stands(leg)
    assert leg.length_feet == 20
    claim(carrier, posted("P", CHICAGO, DALLAS, 1.3, feet=20, days=3), leg)
    check_stands(leg)
    with pytest.raises(Conflict):
        claim(carrier, Load.objects.get(pk=middle.pk), ReturnLeg.objects.get(pk=leg.pk))


def test_a_bundle_on_a_truck_that_is_ready_books_all_in_the_very_minute_in_which_it_sets_out(
    carrier: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    leg = going_home(carrier, ready_at=now() + timedelta(hours=1), hours=240)
    loads = [posted("P", CHICAGO, ST_LOUIS, 0.2), posted("P", CHICAGO, DALLAS, 0.2, feet=20, days=3)]
    minute = (leg.ready_at + timedelta(hours=2)).replace(second=0)
    monkeypatch.setattr(clock, "now", lambda: minute)
    bookings = bundled(carrier, loads, leg_id=leg.public_id)
    assert (len(bookings), Tour.objects.get().starts_at) == (2, minute)
