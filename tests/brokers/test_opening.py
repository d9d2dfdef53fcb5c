"""Opening a negotiation: which truck, which load, and what the engine or the market has against it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from brokers.models import Offer, Thread
from brokers.services.opening import MOST_THREADS_A_DAY, invite_carrier, open_thread
from brokers.services.threads import leave_thread
from brokers.terms import StopTime
from carriers.models import ReturnLeg
from carriers.services.legs import withdraw_leg
from foundation.trade.errors import Conflict, Forbidden, Invalid, NotFound
from foundation.trade.hours import DutyClock
from loads.services import withdraw_load
from tests.brokers.bargains import Deal, make_deal, offer_by, terms
from tests.brokers.booked import claim, open_load
from tests.builders import make_actor, make_leg, make_organization, make_truck, now, stop_terms


@pytest.fixture
def deal(db: None) -> Deal:
    return make_deal()


def _invite(deal: Deal, leg: ReturnLeg, **fields: Any) -> Offer:
    given = {"terms": terms(deal.load), "load_version": 1, **fields}
    return invite_carrier(actor=deal.shipper, load_id=deal.load.public_id, leg_id=leg.public_id, **given)


def test_a_truck_that_cannot_be_there_in_time_is_refused_with_the_engines_reason(deal: Deal) -> None:
    late = make_leg(deal.carrier.organization, hours=200, ready_at=deal.load.first_stop.closes_at + timedelta(hours=9))
    with pytest.raises(Conflict, match="pickup") as refused:
        offer_by(deal.carrier, late, deal.load)
    assert refused.value.code == "too_late"
    assert not Thread.objects.exists()
    stops = [(0, 30, 60), (1, 100, 150)]
    first = deal.load.first_stop.opens_at
    asked = tuple(
        StopTime(sequence=number, opens_at=first + timedelta(hours=a), closes_at=first + timedelta(hours=b))
        for number, a, b in stops
    )
    offer = offer_by(deal.carrier, late, deal.load, terms=terms(deal.load, stop_times=asked))
    assert offer.number == 1


def test_a_truck_of_another_kind_cannot_carry_it(deal: Deal) -> None:
    flatbed = make_leg(deal.carrier.organization, hours=120, equipment="F", length_feet=48)
    with pytest.raises(Conflict) as refused:
        offer_by(deal.carrier, flatbed, deal.load)
    assert refused.value.code == "cannot_carry"
    with pytest.raises(Conflict, match="the truck is a flatbed, the load wants a van") as refused:
        _invite(deal, flatbed)
    assert refused.value.code == "cannot_carry"
    assert not Thread.objects.exists()


def test_a_seller_is_told_that_a_truck_it_would_offer_to_cannot_be_there_in_time(deal: Deal) -> None:
    late = make_leg(deal.carrier.organization, hours=200, ready_at=deal.load.first_stop.closes_at + timedelta(hours=9))
    with pytest.raises(Conflict, match=r"reaches the pickup 9 h.* after it closes\. Offer it other times") as refused:
        _invite(deal, late)
    assert refused.value.code == "too_late"
    assert not Thread.objects.exists()
    first = deal.load.first_stop.opens_at
    asked = tuple(
        StopTime(sequence=number, opens_at=first + timedelta(hours=a), closes_at=first + timedelta(hours=b))
        for number, a, b in [(0, 30, 60), (1, 100, 150)]
    )
    assert _invite(deal, late, terms=terms(deal.load, stop_times=asked)).number == 1


def test_a_seller_learns_no_drivers_hours_from_what_it_may_offer(db: None) -> None:
    first = now() + timedelta(days=1)
    there = stop_terms("75201", first + timedelta(hours=24), hours=20, kind="delivery")
    deal = make_deal(stops=(stop_terms("60601", first), there))
    tired = make_leg(
        deal.carrier.organization,
        hours=120,
        ready_at=deal.load.first_stop.opens_at,
        clock=DutyClock(drive_minutes=0, shift_minutes=0, cycle_minutes=0),
    )
    with pytest.raises(Conflict, match="leaves too little time to be home by then at legal hours") as refused:
        _invite(deal, tired)  # on the load's own times matching says as much
    for word in ("cycle", "clock", "driving", "rest", "34"):
        assert word not in refused.value.sentence
    posted = terms(deal.load)
    moved = tuple(replace(time, closes_at=time.closes_at + timedelta(minutes=1)) for time in posted.stop_times)
    assert _invite(deal, tired, terms=replace(posted, stop_times=moved)).number == 1, "its carrier finds out by itself"


def test_a_truck_with_loads_on_board_is_not_offered_what_fits_nowhere_beside_them(deal: Deal) -> None:
    aboard = {"size": "partial", "length_feet": 40, "weight_pounds": 10_000, "rate_cents": 900_00}
    first = deal.load.first_stop.opens_at
    stops = stop_terms("60601", first), stop_terms("63101", first + timedelta(hours=8), kind="delivery")
    claim(deal.carrier.organization, open_load(make_organization(), stops=stops, **aboard), deal.leg)
    with pytest.raises(Conflict, match="beside the loads that are booked on it there is no room") as refused:
        _invite(deal, deal.leg)
    assert refused.value.code == "cannot_carry"


def test_a_leg_that_left_the_market_takes_no_load(deal: Deal) -> None:
    withdraw_leg(actor=deal.carrier, leg_id=deal.leg.public_id)
    with pytest.raises(Conflict, match="return leg"):
        offer_by(deal.carrier, deal.leg, deal.load)
    with pytest.raises(NotFound):
        _invite(deal, deal.leg)


def test_a_load_that_left_the_market_is_said_to_be_gone(deal: Deal) -> None:
    withdraw_load(actor=deal.shipper, load_id=deal.load.public_id)
    with pytest.raises(Conflict, match="left the market"):
        offer_by(deal.carrier, deal.leg, deal.load)


def test_a_stale_tab_opens_nothing(deal: Deal) -> None:
    with pytest.raises(Conflict, match="you looked at version 3, it is now version 1"):
        offer_by(deal.carrier, deal.leg, deal.load, load_version=3)


def test_a_truck_has_to_be_named_and_be_the_legs(deal: Deal) -> None:
    common = {"actor": deal.carrier, "load_id": deal.load.public_id, "terms": terms(deal.load), "load_version": 1}
    with pytest.raises(Invalid) as refused:
        open_thread(**common)
    assert refused.value.problems[0].field == "truck"
    other = make_truck(deal.carrier.organization)
    with pytest.raises(Invalid) as refused:
        open_thread(**common, truck_id=other.public_id, leg_id=deal.leg.public_id)
    assert refused.value.problems[0].field == "leg"


def test_who_is_not_verified_to_haul_opens_nothing(deal: Deal) -> None:
    newcomer = make_actor(make_organization("New Trucking", hauls=True, verified=False))
    with pytest.raises(Forbidden):
        offer_by(newcomer, make_leg(newcomer.organization), deal.load)


def test_nobody_negotiates_with_itself(deal: Deal) -> None:
    fleet = deal.shipper.organization
    fleet.hauls = True
    fleet.save()
    leg = make_leg(fleet, hours=120, ready_at=deal.load.first_stop.opens_at)
    with pytest.raises(Conflict, match="own company"):
        offer_by(deal.shipper, leg, deal.load)


def test_three_negotiations_a_day_are_enough(deal: Deal) -> None:
    for _ in range(MOST_THREADS_A_DAY):
        offer = offer_by(deal.carrier, deal.leg, deal.load)
        leave_thread(actor=deal.carrier, thread_id=offer.thread.public_id)
    with pytest.raises(Conflict, match="3 negotiations"):
        offer_by(deal.carrier, deal.leg, deal.load)
    assert offer_by(deal.rival, deal.rival_leg, deal.load)


def test_every_wrong_term_stands_at_its_field(deal: Deal) -> None:
    first = deal.load.first_stop
    posted = terms(deal.load)
    wrong = replace(
        posted,
        payment_days=121,
        free_minutes=-1,
        tonu_cents=10_000_01,
        notes="x" * 1_001,
        stop_times=(
            StopTime(sequence=0, opens_at=first.opens_at, closes_at=first.opens_at),
            StopTime(sequence=1, opens_at=now() - timedelta(days=2), closes_at=now() - timedelta(days=1)),
        ),
    )
    with pytest.raises(Invalid) as refused:
        offer_by(deal.carrier, deal.leg, deal.load, terms=wrong, expires_in_minutes=48 * 60 + 1)
    assert {problem.field for problem in refused.value.problems} == {
        "payment_days",
        "free_minutes",
        "tonu_cents",
        "notes",
        "stop_times.0.closes_at",
        "stop_times.1.closes_at",
        "expires_in_minutes",
    }
    one = replace(posted, stop_times=posted.stop_times[:1])
    with pytest.raises(Invalid, match="each of the 2 stops"):
        offer_by(deal.carrier, deal.leg, deal.load, terms=one)
    assert not Offer.objects.exists()
