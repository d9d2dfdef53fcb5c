"""What rests on a return leg ends when the leg becomes another truck's, or cannot take the load any more."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from brokers.models import Booking, ClaimStatus, Offer, OfferStatus, Thread, ThreadOutcome, ThreadStatus, Tour
from brokers.services.acceptance import accept_offer
from brokers.services.claims import claim_load, settle_claim
from brokers.services.threads import invite_carrier, open_thread
from carriers.models import ReturnLeg
from carriers.services.fleet import archive_truck
from carriers.services.legs import edit_leg, withdraw_leg
from carriers.store import terms_of as leg_terms_of
from foundation.accounts.actor import Actor
from foundation.accounts.models import FederalRecord, Organization
from foundation.events.models import Notice
from foundation.places.queries import find_place
from foundation.trade.errors import Conflict
from foundation.trade.posting import Status
from tests.brokers.bargains import Deal, make_deal, offer_by, terms
from tests.brokers.booked import claim, going_home, local_load, open_load
from tests.brokers.test_pending_claims import answer
from tests.builders import make_actor, make_driver, make_leg, make_record, make_truck, now
from tests.events.pump import pump

pytestmark = pytest.mark.usefixtures("db", "straight_roads", "empty_cache")


@pytest.fixture
def deal() -> Deal:
    return make_deal(book_now=True)


@pytest.fixture
def registry(settings: Any, tmp_path: Path) -> Path:
    settings.FEDERAL_ANSWERS = str(tmp_path)
    return tmp_path


def edited(actor: Actor, leg: ReturnLeg, **changes: Any) -> ReturnLeg:
    leg = ReturnLeg.objects.get(pk=leg.pk)
    return edit_leg(actor=actor, leg_id=leg.public_id, version=leg.version, terms=replace(leg_terms_of(leg), **changes))


def to_another_truck(actor: Actor, leg: ReturnLeg) -> ReturnLeg:
    return edited(actor, leg, truck=make_truck(actor.organization, number="NEW").public_id)


def told(organization: Organization) -> list[str]:
    rows = Notice.objects.filter(organization_id=organization.public_id, event__name="thread.closed")
    return list(rows.values_list("text", flat=True))


def lapsed(deal: Deal) -> None:
    """Hold that the thread of a deal lapsed for its leg, and that each side was told once."""
    thread, offer = Thread.objects.get(), Offer.objects.get()
    assert (thread.status, thread.outcome) == (ThreadStatus.LAPSED, ThreadOutcome.LEG_GONE)
    assert offer.status == OfferStatus.LAPSED
    (sellers,) = told(deal.shipper.organization)
    (carriers,) = told(deal.carrier.organization)
    assert "is not offered for this trip any more" in sellers
    assert "of another truck, or was edited so that it cannot take this load" in carriers


def test_an_offer_on_a_leg_that_became_another_trucks_is_not_accepted_and_lapses(deal: Deal) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    to_another_truck(deal.carrier, deal.leg)
    with pytest.raises(Conflict):
        accept_offer(actor=deal.shipper, offer_id=offer.public_id, number=1, load_version=deal.load.version)
    assert not Tour.objects.exists()
    pump()
    lapsed(deal)


def test_a_leg_that_moved_away_from_the_load_lapses_the_thread(deal: Deal) -> None:
    offer_by(deal.carrier, deal.leg, deal.load)
    edited(deal.carrier, deal.leg, empty=find_place("98101"))
    pump()
    lapsed(deal)


def test_a_leg_edited_so_that_it_still_takes_the_load_goes_on(deal: Deal) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    edited(deal.carrier, deal.leg, reference="R-7")
    edited(deal.carrier, deal.leg, driver=make_driver(deal.carrier.organization).public_id)
    pump()
    assert Thread.objects.get().status == ThreadStatus.OPEN
    accept_offer(actor=deal.shipper, offer_id=offer.public_id, number=1, load_version=deal.load.version)
    assert Tour.objects.get().driver == ReturnLeg.objects.get(pk=deal.leg.pk).driver


def test_a_truck_archived_once_its_leg_is_another_trucks_leaves_no_thread_behind(deal: Deal) -> None:
    offer_by(deal.carrier, deal.leg, deal.load)
    to_another_truck(deal.carrier, deal.leg)
    archive_truck(actor=deal.carrier, truck_id=deal.leg.truck.public_id)
    pump()
    lapsed(deal)


def test_a_truck_that_would_go_out_lapses_its_thread_and_its_claim_when_it_is_archived(
    registry: Path, shipper: Organization, carrier: Organization
) -> None:
    actor, truck = make_actor(carrier), make_truck(carrier)
    make_record(carrier)
    bargained, claimed = local_load(shipper), local_load(shipper, opens_at=now() + timedelta(days=4))
    open_thread(
        actor=actor,
        load_id=bargained.public_id,
        truck_id=truck.public_id,
        terms=terms(bargained),
        load_version=bargained.version,
    )
    FederalRecord.objects.all().delete()
    answer(registry, carrier, fails=True)
    held = claim_load(actor=actor, load_id=claimed.public_id, truck_id=truck.public_id)
    assert held.status == ClaimStatus.PENDING
    archive_truck(actor=actor, truck_id=truck.public_id)
    pump()
    thread = Thread.objects.get()
    assert (thread.status, thread.outcome) == (ThreadStatus.LAPSED, ThreadOutcome.TRUCK_TAKEN)
    assert [len(told(side)) for side in (shipper, carrier)] == [1, 1]
    assert "taken out of service" in told(carrier)[0]
    held.refresh_from_db()
    assert held.status == ClaimStatus.RELEASED
    assert "the truck is out of service" in held.outcome


@pytest.mark.parametrize("deed", ["another truck", "elsewhere", "withdrawn"])
def test_a_claim_on_hold_whose_leg_changes_is_released_at_once_with_a_reason(
    deed: str, registry: Path, shipper: Organization, carrier: Organization
) -> None:
    load, leg, actor = open_load(shipper), going_home(carrier), make_actor(carrier)
    answer(registry, carrier, fails=True)
    held = claim(carrier, load, leg, actor=actor)
    assert held.status == ClaimStatus.PENDING
    if deed == "another truck":
        to_another_truck(actor, leg)
    elif deed == "elsewhere":
        edited(actor, leg, empty=find_place("98101"))
    else:
        withdraw_leg(actor=actor, leg_id=leg.public_id)
    pump()
    held.refresh_from_db()
    assert held.status == ClaimStatus.RELEASED
    assert "was edited so that it cannot take the load" in held.outcome
    assert not held.loads.filter(is_held=True).exists()
    load.refresh_from_db()
    assert load.status == Status.OPEN


def test_a_claim_on_hold_is_never_booked_with_the_truck_that_its_leg_has_left(
    registry: Path, shipper: Organization, carrier: Organization
) -> None:
    load, leg, actor = open_load(shipper), going_home(carrier), make_actor(carrier)
    answer(registry, carrier, fails=True)
    held = claim(carrier, load, leg, actor=actor)
    to_another_truck(actor, leg)
    make_record(carrier)
    settle_claim(claim_id=held.public_id)
    held.refresh_from_db()
    assert held.status == ClaimStatus.RELEASED
    assert not Booking.objects.exists()


def test_an_acceptance_on_hold_whose_leg_becomes_another_trucks_lapses_and_reserves_nothing(
    registry: Path, deal: Deal
) -> None:
    make_record(deal.rival.organization)
    answer(registry, deal.carrier.organization, fails=True)
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    held: Any = accept_offer(actor=deal.shipper, offer_id=offer.public_id, number=1, load_version=deal.load.version)
    assert held.status == ClaimStatus.PENDING
    to_another_truck(deal.carrier, deal.leg)
    pump()
    lapsed(deal)
    held.refresh_from_db()
    assert held.status == ClaimStatus.RELEASED
    claim(deal.rival.organization, deal.load, deal.rival_leg, actor=deal.rival)


def test_an_invited_carrier_that_swaps_the_driver_of_its_leg_can_accept(deal: Deal) -> None:
    carrier = deal.carrier.organization
    ann, bob = (make_driver(carrier, name=name).public_id for name in ("Ann", "Bob"))
    leg = make_leg(carrier, hours=120, ready_at=deal.leg.ready_at, driver=ann)
    offer = invite_carrier(
        actor=deal.shipper, load_id=deal.load.public_id, leg_id=leg.public_id, terms=terms(deal.load), load_version=1
    )
    edited(deal.carrier, leg, driver=bob)
    pump()
    accept_offer(actor=deal.carrier, offer_id=offer.public_id, number=1, load_version=1)
    assert Tour.objects.get().driver.name == "Bob"


def test_a_carrier_that_named_its_legs_driver_and_swaps_it_is_accepted_with_the_new_one(deal: Deal) -> None:
    carrier = deal.carrier.organization
    ann, bob = (make_driver(carrier, name=name).public_id for name in ("Ann", "Bob"))
    leg = make_leg(carrier, hours=120, ready_at=deal.leg.ready_at, driver=ann)
    offer = offer_by(deal.carrier, leg, deal.load, driver_id=ann)
    edited(deal.carrier, leg, driver=bob)
    pump()
    accept_offer(actor=deal.shipper, offer_id=offer.public_id, number=1, load_version=1)
    assert Tour.objects.get().driver.name == "Bob"
