"""Freight that its winner posts again: nobody sells it on, through whomever, and each reader hears its own sentence."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from brokers.models import Booking, Claim, Offer
from brokers.services.offers import accept_offer, counter_offer
from brokers.services.pending import check_waiting_claims
from brokers.services.tenders import tender_load
from brokers.trust import judge_claim
from foundation.accounts.models import FederalRecord, Organization
from foundation.trade.errors import Conflict
from loads.models import Load
from loads.services import sell_load
from tests.brokers.bargains import offer_by, terms
from tests.brokers.booked import claim, going_home, open_load
from tests.brokers.test_bargain_pages import body
from tests.brokers.test_pending_claims import answer
from tests.builders import make_actor, make_organization, make_record, now

pytestmark = pytest.mark.django_db

YOURS = "looks like one that you have taken to haul yourself"
CHECKED = "we are checking whether its posting stands. It is not about"


@pytest.fixture
def fox(shipper: Organization, straight_roads: None) -> Organization:
    """Return a company that ships and hauls, and has just booked the shipper's load."""
    fox = make_organization("Fox Freight", hauls=True, ships=True)
    make_record(fox)
    claim(fox, open_load(shipper), going_home(fox))
    return fox


@pytest.fixture
def posted(fox: Organization) -> Load:
    return again(fox)


def again(owner: Organization) -> Load:
    """Post the freight that is booked once more, a moment later."""
    booked = Booking.objects.get().load
    posted = open_load(owner)
    Load.objects.filter(pk=posted.pk).update(
        pickup_opens_at=booked.pickup_opens_at,
        pickup_closes_at=booked.pickup_closes_at,
        opened_at=now() + timedelta(seconds=1),
    )
    posted.refresh_from_db()
    return posted


def sold(load: Load, broker: Organization) -> Load:
    """Let a broker sell a load, open to claims, whatever the rules say."""
    sell_load(load=load, seller=broker, shipper_rate_cents=2_700_00, actor="system", now=now())
    Load.objects.filter(pk=load.pk).update(rate_cents=2_400_00, book_now=True)
    return Load.objects.get(pk=load.pk)


def tender(broker: Organization, load: Load) -> Offer:
    return tender_load(
        actor=make_actor(broker), load_id=load.public_id, terms=terms(load, 2_700), load_version=load.version
    )


def accepts(who: Organization, offer: Offer) -> Any:
    return accept_offer(
        actor=make_actor(who), offer_id=offer.public_id, number=offer.number, load_version=offer.load_version
    )


def refusal_of(who: Organization, offer: Offer) -> str:
    with pytest.raises(Conflict) as refused:
        accepts(who, offer)
    assert refused.value.code == "seller"
    return refused.value.sentence


def test_a_load_that_its_winner_posts_again_is_not_booked_when_a_broker_sells_it(
    fox: Organization, posted: Load, carrier: Organization, broker: Organization
) -> None:
    make_record(carrier)
    with pytest.raises(Conflict) as refused:
        claim(carrier, sold(posted, broker), going_home(carrier))
    assert refused.value.code == "seller"
    assert CHECKED in refused.value.sentence
    assert fox.name not in refused.value.sentence
    assert Booking.objects.count() == 1


def test_its_winner_gives_it_to_no_broker_and_reads_why(fox: Organization, posted: Load, broker: Organization) -> None:
    assert YOURS in refusal_of(fox, tender(broker, posted))
    posted.refresh_from_db()
    assert posted.seller is None


def test_the_broker_that_would_sell_it_reads_that_it_is_not_about_the_broker(
    fox: Organization, posted: Load, broker: Organization
) -> None:
    first = tender(broker, posted)
    countered = counter_offer(
        actor=make_actor(fox),
        thread_id=first.thread.public_id,
        terms=terms(posted, 2_650),
        on_number=1,
        load_version=posted.version,
    )
    sentence = refusal_of(broker, countered)
    assert f"{CHECKED} you" in sentence
    assert "taken to haul" not in sentence


def test_a_broker_that_has_taken_the_freight_to_haul_is_not_given_it_to_sell(
    shipper: Organization, straight_roads: None
) -> None:
    both = make_organization("Fox Logistics", hauls=True, brokers=True)
    make_record(both)
    claim(both, open_load(shipper), going_home(both))
    other = make_organization("Straw Shipper")
    posted = again(other)
    sentence = refusal_of(other, tender(both, posted))
    assert f"{CHECKED} you" in sentence


def test_the_seller_that_accepts_an_offer_reads_the_word_that_is_meant_for_it(
    fox: Organization, posted: Load, carrier: Organization, broker: Organization
) -> None:
    make_record(carrier)
    offer = offer_by(make_actor(carrier), going_home(carrier), posted)
    assert YOURS in refusal_of(fox, offer)
    sale = sold(posted, broker)
    offer = offer_by(make_actor(carrier), going_home(carrier), sale)
    sentence = refusal_of(broker, offer)
    assert f"{CHECKED} the carrier" in sentence
    assert "the offer still stands" in sentence
    assert "taken to haul" not in sentence
    offer.refresh_from_db()
    assert offer.status == "live"


def test_the_seller_s_page_blames_no_carrier_for_it(
    fox: Organization, posted: Load, carrier: Organization, sign_in: Callable[..., Client]
) -> None:
    make_record(carrier)
    offer = offer_by(make_actor(carrier), going_home(carrier), posted)
    page = body(sign_in(fox).get(f"/threads/{offer.thread.public_id}/carrier/"))
    assert YOURS in page
    assert "cannot be booked here at the moment" not in page


def test_an_acceptance_on_hold_is_released_with_a_word_that_blames_no_carrier(
    shipper: Organization,
    carrier: Organization,
    broker: Organization,
    settings: Any,
    tmp_path: Path,
    straight_roads: None,
) -> None:
    settings.FEDERAL_ANSWERS = str(tmp_path)
    fox = make_organization("Fox Freight", hauls=True, ships=True)
    answer(tmp_path, carrier, fails=True)
    load = open_load(fox)
    hold = accepts(fox, offer_by(make_actor(carrier), going_home(carrier), load))
    assert isinstance(hold, Claim)
    make_record(fox)
    FederalRecord.objects.filter(usdot_number=carrier.usdot_number).delete()
    claim(fox, open_load(shipper), going_home(fox))
    Load.objects.filter(pk=load.pk).update(opened_at=now() + timedelta(seconds=1))
    answer(tmp_path, carrier)
    check_waiting_claims()
    hold.refresh_from_db()
    assert hold.status == "released"
    assert YOURS in hold.told
    assert CHECKED in hold.outcome


def test_a_broker_sells_what_a_shipper_gives_it_also_beside_freight_of_that_shipper_that_it_hauls(
    shipper: Organization, carrier: Organization, straight_roads: None
) -> None:
    both = make_organization("Lakeside Logistics", hauls=True, brokers=True)
    for each in (both, carrier):
        make_record(each)
    claim(both, open_load(shipper), going_home(both))
    second = again(shipper)
    assert isinstance(accepts(shipper, tender(both, second)), Load)
    Load.objects.filter(pk=second.pk).update(rate_cents=2_400_00, book_now=True)
    second.refresh_from_db()
    assert claim(carrier, second, going_home(carrier)).status == "booked"
    assert not judge_claim(carrier=both, loads=[], now=now()).blocks, "its own claims go on"
