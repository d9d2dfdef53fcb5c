"""Bundles: an outbound load and its backhauls claimed as one; what waits for the way home before it is claimed."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from brokers.bundling import backhauls_after, backhauls_on, outbound_cents
from brokers.models import Booking, BookingStatus, Claim, ClaimedLoad, ClaimStatus, Tour
from brokers.services import claims as claims_service
from brokers.services.bundles import claim_bundle
from brokers.services.cancelling import cancel_booking
from brokers.services.claiming import Wanted
from brokers.services.claims import claim_load, settle_claim
from brokers.touring import Vehicle
from brokers.trust import Judgement, RuleResult
from carriers.costs import default_costs_on
from carriers.models import ReturnLeg, Truck
from foundation.accounts.models import Organization
from foundation.events.models import FeedEntry
from foundation.trade.errors import Conflict, Invalid, NotFound
from foundation.trade.posting import Status
from loads.models import Load
from loads.services import withdraw_load
from tests.brokers.booked import claim, going_home, local_load, open_load
from tests.builders import make_actor, make_organization, make_truck, now

START_DAYS = 2


def back_load(shipper: Organization, *, days: float = 4, **fields: Any) -> Load:
    """Post Houston to Dallas for $900 some days after the outbound load is picked up."""
    first = now() + timedelta(days=START_DAYS + days)
    return open_load(
        shipper, **{"from_place": "77002", "to_place": "75201", "opens_at": first, "rate_cents": 900_00, **fields}
    )


def wanted(*loads: Load) -> list[Wanted]:
    return [Wanted(load_id=load.public_id, load_version=load.version, rate_cents=load.rate_cents) for load in loads]


def home_by() -> datetime:
    return now() + timedelta(days=14)


def bundle(carrier: Organization, truck: Truck, *loads: Load, **fields: Any) -> Claim:
    return claim_bundle(
        actor=make_actor(carrier),
        loads=wanted(*loads),
        **{"truck_id": truck.public_id, "return_home_by": home_by(), **fields},
    )


@pytest.fixture
def truck(carrier: Organization) -> Truck:
    """Return a truck of Dallas."""
    return make_truck(carrier)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Let trust answer what the test says: "hold", "pass" or "block"."""
    word: dict[str, Any] = {"result": "hold"}

    def judge(**_: Any) -> Judgement:
        result = RuleResult(rule="authority", result=word["result"], sentence="The registry has not answered yet.")
        return Judgement(results=(result,))

    monkeypatch.setattr(claims_service, "judge_claim", judge)
    return word


def test_a_round_trip_is_booked_as_one_claim_on_two_tours_that_touch(
    shipper: Organization, carrier: Organization, truck: Truck
) -> None:
    out, back = local_load(shipper), back_load(make_organization("Gulf Shippers"))
    made = bundle(carrier, truck, out, back)
    assert made.status == ClaimStatus.BOOKED
    first, second = [row.booking for row in made.loads.all()]
    assert first is not None
    assert second is not None
    assert [row.load for row in made.loads.all()] == [out, back]
    assert (first.leg, second.leg) == (None, first.opened_leg)
    assert first.opened_leg is not None
    there, home = Tour.objects.order_by("starts_at")
    assert (first.tour, second.tour) == (there, home)
    assert there.ends_at == home.starts_at
    assert ReturnLeg.objects.get().status == Status.COVERED
    assert set(Load.objects.values_list("status", flat=True)) == {Status.COVERED}


def test_a_chain_of_three_comes_home_on_one_tour(shipper: Organization, carrier: Organization, truck: Truck) -> None:
    out = local_load(shipper)
    # Houston to Austin, then Austin to Dallas a day later
    first = back_load(make_organization(), days=4, to_place="78701")
    then = back_load(make_organization(), days=7, from_place="78701")
    made = bundle(carrier, truck, out, first, then)
    bookings = [row.booking for row in made.loads.all()]
    assert [booking.tour_id for booking in bookings if booking][1:] == [bookings[1].tour_id] * 2  # type: ignore[union-attr]
    home = Tour.objects.order_by("starts_at").last()
    assert home is not None
    assert [stop.booking.load for stop in home.stops.all()] == [first, first, then, then]
    assert ReturnLeg.objects.get().status == Status.COVERED


def test_a_chain_rides_on_a_leg_that_is_on_the_market(shipper: Organization, carrier: Organization) -> None:
    leg = going_home(carrier, hours=240)
    # Chicago to St. Louis, then St. Louis to Dallas
    first = open_load(shipper, to_place="63101", opens_at=now() + timedelta(days=1, hours=6))
    then = open_load(make_organization(), from_place="63101", opens_at=now() + timedelta(days=4, hours=6))
    made = claim_bundle(
        actor=make_actor(carrier), loads=wanted(first, then), truck_id=leg.truck.public_id, leg_id=leg.public_id
    )
    assert made.status == ClaimStatus.BOOKED
    assert Tour.objects.get().bookings.count() == 2
    leg.refresh_from_db()
    assert leg.status == Status.COVERED


def test_one_load_that_is_gone_leaves_nothing_booked_and_is_named(
    shipper: Organization, carrier: Organization, truck: Truck
) -> None:
    out, back = local_load(shipper), back_load(make_organization())
    withdraw_load(actor=make_actor(back.organization), load_id=back.public_id)
    with pytest.raises(Conflict, match=r"^Houston, TX to Dallas, TX: This load is gone.*Nothing was booked\.$"):
        bundle(carrier, truck, out, back)
    _nothing_is_booked(out)


def test_a_backhaul_that_cannot_be_reached_in_time_leaves_nothing_booked(
    shipper: Organization, carrier: Organization, truck: Truck
) -> None:
    out, back = local_load(shipper), back_load(make_organization(), days=-1)
    with pytest.raises(Conflict, match="Houston, TX to Dallas, TX: The truck cannot take") as refusal:
        bundle(carrier, truck, out, back)
    assert refusal.value.code == "too_late"
    _nothing_is_booked(out, back)


PART = {"size": "partial", "length_feet": 20, "pallets": 2}


@pytest.mark.parametrize("is_chain", [False, True])
def test_of_three_loads_the_one_that_does_not_fit_beside_the_others_is_named_and_nothing_is_booked(
    is_chain: bool, shipper: Organization, carrier: Organization, truck: Truck
) -> None:
    fits, heavy = (
        back_load(shipper, days=4, to_place=place, weight_pounds=pounds, **PART)
        for place, pounds in (("75201", 20_000), ("75701", 30_000))  # Dallas, and Tyler on the way
    )
    if is_chain:
        ready = fits.first_stop.opens_at - timedelta(hours=1)
        leg = going_home(carrier, truck=truck, empty="77002", ready_at=ready)
        named: dict[str, Any] = {"leg_id": leg.public_id, "return_home_by": None}
        loads = [back_load(shipper, days=4, weight_pounds=2_000, **PART | {"length_feet": 5}), fits, heavy]
    else:
        named, loads = {}, [local_load(shipper), fits, heavy]
    with pytest.raises(Conflict, match=r"^Houston, TX to Tyler, TX: .*the truck takes .* Nothing was booked\.$"):
        bundle(carrier, truck, *loads, **named)
    assert not Booking.objects.exists()
    assert not Claim.objects.exists()


@pytest.mark.parametrize("stale", [{"load_version": 7}, {"rate_cents": 950_00}])
def test_each_load_is_claimed_as_it_was_seen(
    shipper: Organization, carrier: Organization, truck: Truck, stale: dict[str, int]
) -> None:
    out, back = local_load(shipper), back_load(make_organization())
    seen = wanted(out, back)
    as_read: dict[str, Any] = {"load_id": back.public_id, "load_version": back.version, "rate_cents": back.rate_cents}
    seen[1] = Wanted(**as_read | stale)
    with pytest.raises(Conflict, match=r"Houston, TX to Dallas, TX: The .* changed while you looked"):
        claim_bundle(actor=make_actor(carrier), loads=seen, truck_id=truck.public_id, return_home_by=home_by())
    _nothing_is_booked(out, back)


def test_a_bundle_has_two_or_three_loads_each_once(shipper: Organization, carrier: Organization, truck: Truck) -> None:
    loads = [local_load(shipper), *(back_load(shipper) for _ in range(3))]
    for chosen, words in (
        (loads[:1], "two or three loads"),
        (loads, "two or three loads"),
        ([loads[0], loads[0]], "each load once"),
    ):
        with pytest.raises(Invalid, match=words):
            bundle(carrier, truck, *chosen)
    _nothing_is_booked(*loads)


def test_the_same_form_sent_twice_gives_one_claim(shipper: Organization, carrier: Organization, truck: Truck) -> None:
    out, back = local_load(shipper), back_load(make_organization())
    first = bundle(carrier, truck, out, back, form_token="form_1")
    second = bundle(carrier, truck, out, back, form_token="form_1")
    assert first == second
    assert Booking.objects.count() == 2


def test_a_load_out_of_sight_is_not_there(shipper: Organization, carrier: Organization, truck: Truck) -> None:
    out, back = local_load(shipper), back_load(make_organization(market="sandbox"))
    with pytest.raises(NotFound):
        bundle(carrier, truck, out, back)
    _nothing_is_booked(out)


def test_while_trust_is_checked_all_loads_are_reserved_and_then_booked_together(
    shipper: Organization, carrier: Organization, truck: Truck, held: dict[str, str]
) -> None:
    out, back = local_load(shipper), back_load(make_organization())
    made = bundle(carrier, truck, out, back)
    assert made.status == ClaimStatus.PENDING
    assert made.held_until is not None
    assert made.held_until - made.made_at <= timedelta(minutes=10)
    assert ClaimedLoad.objects.filter(is_held=True).count() == 2
    held["result"] = "pass"
    settled = settle_claim(claim_id=made.public_id)
    assert settled.status == ClaimStatus.BOOKED
    assert Booking.objects.filter(status=BookingStatus.BOOKED).count() == 2
    assert not ClaimedLoad.objects.filter(is_held=True).exists()


def test_a_seller_of_two_loads_hears_of_each_that_it_is_reserved(
    shipper: Organization, carrier: Organization, truck: Truck, held: dict[str, str]
) -> None:
    out, back = local_load(shipper), back_load(shipper)
    bundle(carrier, truck, out, back)
    heard = FeedEntry.objects.filter(organization_id=shipper.public_id, event__name="claim.pending")
    assert [entry.payload["load"] for entry in heard.order_by("pk")] == [out.public_id, back.public_id]
    assert FeedEntry.objects.filter(organization_id=carrier.public_id, event__name="claim.pending").count() == 1


def test_a_bundle_on_hold_is_released_whole_when_one_of_its_loads_is_gone(
    shipper: Organization, carrier: Organization, truck: Truck, held: dict[str, str]
) -> None:
    out, back = local_load(shipper), back_load(make_organization())
    made = bundle(carrier, truck, out, back)
    Load.objects.filter(pk=back.pk).update(status=Status.WITHDRAWN)
    held["result"] = "pass"
    settled = settle_claim(claim_id=made.public_id)
    assert settled.status == ClaimStatus.RELEASED
    assert settled.outcome.startswith("Houston, TX to Dallas, TX: This load is gone")
    assert not ClaimedLoad.objects.filter(is_held=True).exists()
    _nothing_is_booked(out)


def test_who_cancels_the_backhaul_keeps_the_way_out_and_the_leg_is_free_again(
    shipper: Organization, carrier: Organization, truck: Truck
) -> None:
    out, back = local_load(shipper), back_load(make_organization())
    made = bundle(carrier, truck, out, back)
    second = made.loads.all()[1].booking
    assert second is not None
    cancel_booking(actor=make_actor(carrier), booking_id=second.public_id, version=1, reason="truck_broke_down")
    assert Booking.objects.filter(status=BookingStatus.BOOKED).count() == 1
    assert ReturnLeg.objects.get().status == Status.OPEN
    back.refresh_from_db()
    assert back.status == Status.OPEN


# --- What waits for the way home --------------------------------------------------------------------------------------


def test_the_best_backhauls_are_known_before_the_claim_with_what_the_round_trip_earns(
    shipper: Organization, carrier: Organization, truck: Truck
) -> None:
    out = local_load(shipper)
    good, poor = back_load(make_organization()), back_load(make_organization(), rate_cents=700_00)
    vehicle = Vehicle(truck=truck, return_home_by=home_by())
    found = backhauls_after(carrier=carrier, load=out, vehicle=vehicle, now=now())
    assert [trip.loads for trip in found.trips] == [(good,), (poor,)]
    assert found.alone_cents is not None
    assert found.alone_cents < found.out_cents
    best = found.trips[0]
    assert best.earns_cents == found.alone_cents + best.own_gain_cents
    assert best.earns_cents - found.trips[1].earns_cents == 200_00
    assert best.can_book
    assert not ReturnLeg.objects.exists()
    assert not Booking.objects.exists()


def test_two_loads_one_after_the_other_are_shown_where_they_bring_more_than_one(
    shipper: Organization, carrier: Organization, truck: Truck
) -> None:
    out = local_load(shipper)
    first = back_load(make_organization(), days=4, to_place="78701", rate_cents=800_00)
    then = back_load(make_organization(), days=7, from_place="78701", rate_cents=800_00)
    vehicle = Vehicle(truck=truck, return_home_by=home_by())
    found = backhauls_after(carrier=carrier, load=out, vehicle=vehicle, now=now())
    assert found.trips[0].loads == (first, then)
    made = bundle(carrier, truck, out, *found.trips[0].loads)
    assert made.status == ClaimStatus.BOOKED


def test_a_backhaul_that_is_open_to_offers_only_or_reserved_is_shown_but_not_to_be_booked(
    shipper: Organization, carrier: Organization, truck: Truck, held: dict[str, str]
) -> None:
    out, offers = local_load(shipper), back_load(make_organization(), rate_cents=850_00, book_now=False)
    reserved = back_load(make_organization())
    rival = make_organization("Quick Haulers", hauls=True)
    leg = going_home(rival, empty="77002", home="75201", ready_at=now() + timedelta(days=5), hours=192)
    claim(rival, reserved, leg)
    vehicle = Vehicle(truck=truck, return_home_by=home_by())
    found = backhauls_after(carrier=carrier, load=out, vehicle=vehicle, now=now())
    assert {trip.loads: trip.can_book for trip in found.trips} == {(offers,): False, (reserved,): False}
    # a hold whose time is over reserves nothing, though no sweep has come by
    Claim.objects.update(made_at=now() - timedelta(minutes=11), held_until=now() - timedelta(seconds=1))
    found = backhauls_after(carrier=carrier, load=out, vehicle=vehicle, now=now())
    assert {trip.loads: trip.can_book for trip in found.trips} == {(offers,): False, (reserved,): True}


def test_after_an_outbound_booking_the_same_backhauls_wait_on_its_leg(
    shipper: Organization, carrier: Organization, truck: Truck
) -> None:
    out, back = local_load(shipper), back_load(make_organization())
    vehicle = Vehicle(truck=truck, return_home_by=home_by())
    before = backhauls_after(carrier=carrier, load=out, vehicle=vehicle, now=now())
    made = claim_load(
        actor=make_actor(carrier),
        load_id=out.public_id,
        truck_id=truck.public_id,
        return_home_by=vehicle.return_home_by,
    )
    booking = made.loads.all()[0].booking
    assert booking is not None
    after = backhauls_on(carrier=carrier, booking=booking)
    assert after is not None
    assert [trip.loads for trip in after.trips] == [(back,)]
    assert (after.out_cents, after.alone_cents) == (before.out_cents, before.alone_cents)
    assert after.trips[0].earns_cents == before.trips[0].earns_cents
    assert backhauls_on(carrier=shipper, booking=booking) is None


def test_what_an_outbound_load_earns_can_be_checked_by_hand() -> None:
    # 1,250.00 - 470 mi x 2.26 - 40 mi x 2.14 - 4 h x 40.00
    costs = default_costs_on(now().date())
    cents = outbound_cents(rate_cents=1_250_00, loaded_miles=470, empty_miles=40, on_duty_minutes=240, costs=costs)
    assert cents == 1_250_00 - 1_062_20 - 85_60 - 160_00


def _nothing_is_booked(*loads: Load) -> None:
    assert not Booking.objects.exists()
    assert not Claim.objects.filter(status=ClaimStatus.BOOKED).exists()
    assert not ReturnLeg.objects.exists()
    for load in loads:
        load.refresh_from_db()
        assert load.status == Status.OPEN
