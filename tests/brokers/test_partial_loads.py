"""Partial loads of different shippers on one tour: each addition is checked again on every stretch."""

from datetime import timedelta
from typing import Any

import pytest

from brokers.models import Booking, Tour, TourStatus
from brokers.services.amendments import accept_amendment, propose_amendment
from brokers.services.begun import close_begun_legs
from brokers.services.bundles import claim_bundle
from brokers.services.cancelling import cancel_booking
from brokers.services.claiming import Wanted
from brokers.services.claims import claim_load
from carriers.models import ReturnLeg
from carriers.services.fleet import archive_driver, archive_trailer, archive_truck
from carriers.services.legs import withdraw_leg
from carriers.visibility import Viewer, view
from foundation.accounts.models import Organization
from foundation.trade import clock
from foundation.trade.errors import Conflict
from foundation.trade.posting import Status
from loads.models import Load
from loads.terms import StopTerms
from matching.models import Match, OnBoard
from tests.brokers.booked import claim, going_home, local_load, open_load
from tests.builders import make_actor, make_driver, make_organization, make_trailer, make_truck, now, stop_terms
from tests.matching.market import run

CHICAGO, ST_LOUIS, TULSA, DALLAS = "60601", "63101", "74103", "75201"


def part(
    feet: int, *, start: str = CHICAGO, end: str = DALLAS, first: float = 1, last: float = 4, **fields: Any
) -> Load:
    """Post a partial load of so many feet, and 500 lb a foot, of a shipper of its own; picked up and delivered so many
    days from now.
    """
    stops = _stops(start, end, first, last)
    terms = {"size": "partial", "length_feet": feet, "weight_pounds": 500 * feet, "rate_cents": 50_00 * feet}
    return open_load(make_organization(), stops=stops, **{**terms, **fields})


def _stops(start: str, end: str, first: float, last: float) -> tuple[StopTerms, StopTerms]:
    return (
        stop_terms(start, now() + timedelta(days=first)),
        stop_terms(end, now() + timedelta(days=last), kind="delivery"),
    )


def matched(leg: ReturnLeg) -> set[Load]:
    """Return the loads that matching shows for a leg."""
    return {row.load for row in Match.objects.filter(leg=leg).select_related("load")}


@pytest.fixture
def leg(carrier: Organization) -> ReturnLeg:
    """Return a 53-foot truck that is empty in Chicago tomorrow and at home in Dallas within ten days."""
    return going_home(carrier, hours=240)


def test_two_partial_loads_of_different_shippers_fill_one_tour(carrier: Organization, leg: ReturnLeg) -> None:
    first, second = part(20), part(24)
    claim(carrier, first, leg)
    leg.refresh_from_db()
    assert (leg.status, leg.length_feet, leg.taken_length_feet) == (Status.OPEN, 33, 20)
    claim(carrier, second, leg)
    leg.refresh_from_db()
    assert (leg.status, leg.length_feet, leg.weight_pounds) == (Status.OPEN, 9, 45_000 - 22_000)
    tour = Tour.objects.get()
    assert tour.leg == leg
    assert tour.version == 2
    assert {booking.load for booking in tour.bookings.all()} == {first, second}
    assert len({booking.seller_id for booking in tour.bookings.all()}) == 2
    aboard = most = 0
    for stop in tour.stops.select_related("booking__load"):
        feet = stop.booking.load.length_feet
        aboard += feet if stop.stop_sequence == 0 else -feet
        most = max(most, aboard)
    assert (aboard, most) == (0, 44)


def test_a_second_one_that_fits_by_itself_but_not_beside_the_first_is_refused(
    carrier: Organization, leg: ReturnLeg
) -> None:
    claim(carrier, part(30), leg)
    too_long = part(30)
    with pytest.raises(Conflict, match="2 loads on board together come to 60 ft, the truck takes 53"):
        claim(carrier, too_long, leg)
    too_long.refresh_from_db()
    leg.refresh_from_db()
    assert (too_long.status, leg.status, leg.length_feet) == (Status.OPEN, Status.OPEN, 23)
    assert Tour.objects.get().bookings.count() == 1
    other = make_organization(hauls=True)
    claim(other, too_long, going_home(other, hours=240))  # alone it fits
    too_long.refresh_from_db()
    assert too_long.status == Status.COVERED


def test_a_third_one_is_refused_where_only_one_stretch_has_no_room(carrier: Organization, leg: ReturnLeg) -> None:
    # Chicago to Dallas with 20 ft; St. Louis to Tulsa has 44 ft on board, with 15 ft more it would have 59
    claim(carrier, part(20, last=5), leg)
    claim(carrier, part(24, start=ST_LOUIS, end=TULSA, first=2, last=4), leg)
    with pytest.raises(Conflict, match="53"):
        claim(carrier, part(15, last=5), leg)
    assert Tour.objects.get().bookings.count() == 2


def test_two_that_ride_one_after_the_other_are_booked_though_together_they_exceed_the_trailer(
    carrier: Organization, leg: ReturnLeg
) -> None:
    first, second = part(30, end=ST_LOUIS, last=2), part(40, start=ST_LOUIS, first=3, last=5)
    booking = claim(carrier, first, leg).loads.get().booking
    leg.refresh_from_db()
    assert (leg.length_feet, leg.taken_length_feet) == (23, 30)
    claim(carrier, second, leg)
    leg.refresh_from_db()
    assert (leg.status, leg.length_feet, leg.taken_length_feet) == (Status.OPEN, 13, 40), "free at the fullest stretch"
    assert (leg.weight_pounds, leg.taken_weight_pounds) == (25_000, 20_000)
    assert booking is not None
    cancel_booking(actor=make_actor(carrier), booking_id=booking.public_id, version=1, reason="truck_broke_down")
    leg.refresh_from_db()
    assert (leg.length_feet, leg.taken_length_feet) == (13, 40), "the second one still needs all that it needs"


def test_what_is_booked_before_is_counted_on_each_stretch_of_the_next(carrier: Organization, leg: ReturnLeg) -> None:
    claim(carrier, part(30, end=ST_LOUIS, last=2), leg)
    claim(carrier, part(40, start=ST_LOUIS, first=3, last=5), leg)
    with pytest.raises(Conflict, match="53"):
        claim(carrier, part(20, last=5), leg)
    leg.refresh_from_db()
    assert (leg.length_feet, Booking.objects.count()) == (13, 2)
    claim(carrier, part(13, last=5), leg)
    leg.refresh_from_db()
    assert (leg.status, leg.length_feet, leg.most_length_feet) == (Status.OPEN, 0, 10), "10 ft are free to St. Louis"
    with pytest.raises(Conflict, match="takes 45,000"):
        claim(carrier, part(9, last=5), leg)
    claim(carrier, part(10, end=ST_LOUIS, last=2), leg)
    leg.refresh_from_db()
    assert (leg.status, leg.most_length_feet) == (Status.COVERED, 0)


def test_a_partial_that_fills_the_trailer_on_one_stretch_leaves_the_leg_open_for_the_others(
    carrier: Organization, leg: ReturnLeg
) -> None:
    booking = claim(carrier, part(53, end=ST_LOUIS, last=2), leg).loads.get().booking
    assert booking is not None
    leg.refresh_from_db()
    assert (leg.status, leg.length_feet, leg.most_length_feet) == (Status.OPEN, 0, 53)
    assert (leg.weight_pounds, leg.most_weight_pounds) == (45_000 - 26_500, 45_000)
    with pytest.raises(Conflict, match="53"):
        claim(carrier, part(5, last=3), leg)  # it rides to St. Louis beside the first one
    second = claim(carrier, part(50, start=ST_LOUIS, first=3, last=5), leg).loads.get().booking
    leg.refresh_from_db()
    assert second is not None
    assert (leg.status, leg.length_feet, leg.most_length_feet) == (Status.OPEN, 0, 3)
    for each in (second, booking):
        cancel_booking(actor=make_actor(carrier), booking_id=each.public_id, version=1, reason="truck_broke_down")
    leg.refresh_from_db()
    assert (leg.status, leg.length_feet, leg.most_length_feet, leg.taken_length_feet) == (Status.OPEN, 53, 53, 0)
    assert (leg.weight_pounds, leg.most_weight_pounds, leg.taken_weight_pounds) == (45_000, 45_000, 0)
    assert not OnBoard.objects.exists()


def test_matching_shows_on_a_shared_leg_what_fits_beside_what_is_on_board_and_nothing_else(
    carrier: Organization, leg: ReturnLeg
) -> None:
    beyond = part(50, start=ST_LOUIS, first=3, last=5, rate_cents=3_000_00)
    beside = part(50, first=1, last=4, rate_cents=3_000_00)
    whole = open_load(make_organization(), rate_cents=3_000_00, stops=_stops(ST_LOUIS, DALLAS, 3, 5))
    small = part(3, first=1, last=5, rate_cents=3_000_00)
    run(leg)
    assert matched(leg) == {beyond, beside, whole, small}
    booked = claim(carrier, part(50, end=ST_LOUIS, last=2), leg).loads.get().booking
    run(ReturnLeg.objects.get(pk=leg.pk))
    assert matched(leg) == {beyond, whole, small}
    Match.objects.all().delete()
    run(beyond, beside, whole, small)  # from the other side it is the same
    assert matched(leg) == {beyond, whole, small}
    claim(carrier, beyond, leg)
    run(ReturnLeg.objects.get(pk=leg.pk))
    assert matched(leg) == {small}, "a full load shares with nobody"
    assert booked is not None
    cancel_booking(actor=make_actor(carrier), booking_id=booked.public_id, version=1, reason="truck_broke_down")
    run(ReturnLeg.objects.get(pk=leg.pk))
    assert matched(leg) == {small}, "the first one, delivered far from home, is beyond the carrier's limit"


def test_a_leg_whose_tour_has_four_loads_leaves_the_market(carrier: Organization, leg: ReturnLeg) -> None:
    for _ in range(4):
        leg.refresh_from_db()
        assert leg.status == Status.OPEN
        claim(carrier, part(5), leg)
    leg.refresh_from_db()
    assert (leg.status, leg.length_feet) == (Status.COVERED, 33)


def test_others_read_what_is_free_all_the_way_and_on_part_of_it(carrier: Organization, leg: ReturnLeg) -> None:
    claim(carrier, part(53, end=ST_LOUIS, last=2), leg)
    leg.refresh_from_db()
    seen = view(leg, Viewer.MARKET)
    assert (seen["length_feet"], seen["part_way"]["length_feet"]) == (0, 53)
    assert "on_board" not in seen
    fresh = going_home(make_organization(hauls=True), hours=240)
    assert view(fresh, Viewer.MARKET)["part_way"] is None


def test_a_leg_that_was_full_to_the_foot_comes_back_with_what_a_cancelled_one_leaves(
    carrier: Organization, leg: ReturnLeg
) -> None:
    claim(carrier, part(20), leg)
    booking = claim(carrier, part(33), leg).loads.get().booking
    assert booking is not None
    cancel_booking(actor=make_actor(carrier), booking_id=booking.public_id, version=1, reason="truck_broke_down")
    leg.refresh_from_db()
    assert (leg.status, leg.length_feet, leg.taken_length_feet, leg.taken_weight_pounds) == (
        Status.OPEN,
        33,
        20,
        10_000,
    )


def test_who_cancels_the_first_gives_its_room_back_and_keeps_the_second(carrier: Organization, leg: ReturnLeg) -> None:
    first, second = part(20), part(24)
    booking = claim(carrier, first, leg).loads.get().booking
    claim(carrier, second, leg)
    assert booking is not None
    cancel_booking(actor=make_actor(carrier), booking_id=booking.public_id, version=1, reason="truck_broke_down")
    leg.refresh_from_db()
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == (Status.OPEN, Status.COVERED)
    assert (leg.status, leg.length_feet, leg.taken_length_feet) == (Status.OPEN, 29, 24)
    tour = Tour.objects.get()
    assert tour.status == TourStatus.PLANNED
    assert {stop.booking.load for stop in tour.stops.all()} == {second}
    claim(carrier, part(29), leg)
    assert Tour.objects.get().stops.count() == 4


def test_a_full_load_does_not_join_partial_ones(carrier: Organization, leg: ReturnLeg) -> None:
    claim(carrier, part(10), leg)
    full = open_load(make_organization(), weight_pounds=10_000)
    with pytest.raises(Conflict, match="cannot take these loads"):
        claim(carrier, full, leg)
    leg.refresh_from_db()
    assert (leg.status, leg.length_feet) == (Status.OPEN, 43)


def test_a_leg_that_is_full_to_the_foot_leaves_the_market(carrier: Organization, leg: ReturnLeg) -> None:
    claim(carrier, part(20), leg)
    claim(carrier, part(33), leg)
    leg.refresh_from_db()
    assert (leg.status, leg.length_feet) == (Status.COVERED, 0)


def test_an_amended_partial_takes_of_its_leg_what_it_needs_now(carrier: Organization, leg: ReturnLeg) -> None:
    first = claim(carrier, part(20), leg).loads.get().booking
    claim(carrier, part(24), leg)
    assert first is not None
    for feet, free, status in ((29, 0, Status.COVERED), (10, 19, Status.OPEN)):
        first.refresh_from_db()
        row = propose_amendment(
            actor=make_actor(first.shipper),
            booking_id=first.public_id,
            subject="carriage",
            load_changes={"length_feet": feet, "weight_pounds": 500 * feet},
        )
        accept_amendment(actor=make_actor(carrier), amendment_id=row.public_id, version=row.version)
        leg.refresh_from_db()
        assert (leg.status, leg.length_feet, leg.taken_length_feet) == (status, free, 24 + feet)
        assert (leg.weight_pounds, leg.taken_weight_pounds) == (45_000 - 500 * (24 + feet), 500 * (24 + feet))
    first.refresh_from_db()
    cancel_booking(
        actor=make_actor(carrier), booking_id=first.public_id, version=first.version, reason="truck_broke_down"
    )
    leg.refresh_from_db()
    assert (leg.length_feet, leg.taken_length_feet, leg.taken_weight_pounds) == (29, 24, 12_000)


def test_partials_of_a_bundle_that_each_fill_the_trailer_leave_nothing_behind_when_both_are_cancelled(
    carrier: Organization, leg: ReturnLeg
) -> None:
    loads = part(53, end=ST_LOUIS, last=2), part(53, start=ST_LOUIS, first=3, last=5)
    claim_bundle(
        actor=make_actor(carrier),
        loads=[Wanted(load_id=each.public_id, load_version=each.version, rate_cents=each.rate_cents) for each in loads],
        truck_id=leg.truck.public_id,
        leg_id=leg.public_id,
    )
    leg.refresh_from_db()
    assert (leg.status, leg.length_feet, leg.taken_length_feet) == (Status.COVERED, 0, 53)
    for booking, free, status in zip(Booking.objects.order_by("pk"), (0, 53), (Status.OPEN, Status.OPEN), strict=True):
        cancel_booking(actor=make_actor(carrier), booking_id=booking.public_id, version=1, reason="truck_broke_down")
        leg.refresh_from_db()
        assert (leg.status, leg.length_feet, leg.taken_length_feet) == (status, free, 53 - free)
    assert (leg.weight_pounds, leg.taken_weight_pounds, leg.taken_pallets) == (45_000, 0, 0)


def test_a_leg_whose_tour_has_begun_leaves_the_market_and_stays_off_it(
    carrier: Organization, leg: ReturnLeg, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, other = claim(carrier, part(20), leg), claim(carrier, part(10), leg)
    assert close_begun_legs() == 0
    begun = Tour.objects.get().starts_at + timedelta(minutes=1)
    monkeypatch.setattr(clock, "now", lambda: begun)
    with pytest.raises(Conflict, match="under way"):
        claim(carrier, part(5), leg)
    assert close_begun_legs() == 1
    leg.refresh_from_db()
    assert (leg.status, leg.length_feet) == (Status.COVERED, 23)
    assert close_begun_legs() == 0
    booking = other.loads.get().booking
    assert booking is not None
    cancel_booking(actor=make_actor(carrier), booking_id=booking.public_id, version=1, reason="weather")
    leg.refresh_from_db()
    assert (leg.status, leg.length_feet, leg.taken_length_feet) == (Status.COVERED, 33, 20), "nobody joins on the way"
    assert kept.loads.get().booking is not None


def test_who_is_on_a_booked_tour_stays_in_service(carrier: Organization, leg: ReturnLeg) -> None:
    driver, trailer = make_driver(carrier), make_trailer(carrier)
    made = claim(carrier, part(20), leg, driver_id=driver.public_id, trailer_id=trailer.public_id)
    withdraw_leg(actor=make_actor(carrier), leg_id=leg.public_id)  # the booking on it stands
    actor = make_actor(carrier)
    archive = {
        "truck": lambda: archive_truck(actor=actor, truck_id=leg.truck.public_id),
        "driver": lambda: archive_driver(actor=actor, driver_id=driver.public_id),
        "trailer": lambda: archive_trailer(actor=actor, trailer_id=trailer.public_id),
    }
    for verb in archive.values():
        with pytest.raises(Conflict, match="is on a booked tour that has not ended") as refused:
            verb()
        assert refused.value.code == "on_a_tour"
    booking = made.loads.get().booking
    assert booking is not None
    cancel_booking(actor=actor, booking_id=booking.public_id, version=1, reason="truck_broke_down")
    for verb in archive.values():
        assert verb().archived_at is not None


def test_a_backhaul_that_falls_through_after_its_outbound_load_leaves_no_leg_behind(carrier: Organization) -> None:
    truck = make_truck(carrier)
    out, home = local_load(make_organization()), _stops("77002", "75201", 5, 6)
    back = open_load(make_organization(), stops=home, rate_cents=900_00)
    claim_bundle(
        actor=make_actor(carrier),
        loads=[Wanted(load_id=each.public_id) for each in (out, back)],
        truck_id=truck.public_id,
        return_home_by=now() + timedelta(days=14),
    )
    first, second = Booking.objects.order_by("pk")
    for booking, status in ((first, Status.COVERED), (second, Status.WITHDRAWN)):
        cancel_booking(actor=make_actor(carrier), booking_id=booking.public_id, version=1, reason="truck_broke_down")
        assert ReturnLeg.objects.get().status == status, "the truck does not come to Houston any more"


def test_a_partial_home_takes_its_leg_off_the_market_when_the_load_out_falls_through(carrier: Organization) -> None:
    truck = make_truck(carrier)
    out = local_load(make_organization())
    made = claim_load(
        actor=make_actor(carrier),
        load_id=out.public_id,
        truck_id=truck.public_id,
        return_home_by=now() + timedelta(days=14),
    )
    leg = ReturnLeg.objects.get()
    partial = {"size": "partial", "length_feet": 20, "weight_pounds": 9_000, "rate_cents": 900_00}
    claim(carrier, open_load(make_organization(), stops=_stops("77002", "75201", 5, 6), **partial), leg)
    booking = made.loads.get().booking
    assert booking is not None
    cancel_booking(actor=make_actor(carrier), booking_id=booking.public_id, version=1, reason="truck_broke_down")
    leg.refresh_from_db()
    assert (leg.status, leg.taken_length_feet) == (Status.COVERED, 20), "its carrier decides about that booking"
