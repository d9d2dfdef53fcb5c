"""Offers and counter-offers: what may be said to what, and how each move ends."""

from datetime import timedelta

import pytest

from brokers.models import Offer, OfferStatus, Thread, ThreadOutcome, ThreadStatus
from brokers.services.offers import counter_offer, decline_offer, expire_due_offers, withdraw_offer
from brokers.services.threads import invite_carrier, leave_thread
from foundation.trade import clock
from foundation.trade.errors import Conflict, Forbidden, Invalid, NotFound
from loads.services import edit_load, withdraw_load
from loads.terms import terms_of as load_terms_of
from tests.brokers.bargains import Deal, make_deal, offer_by, seen_by, terms
from tests.builders import make_actor, make_organization
from tests.events.pump import pump


@pytest.fixture
def deal(db: None) -> Deal:
    return make_deal()


def _counter(actor, offer: Offer, dollars: int, **fields) -> Offer:
    fields.setdefault("on_number", offer.number)
    fields.setdefault("load_version", offer.load_version)
    return counter_offer(
        actor=actor, thread_id=offer.thread.public_id, terms=terms(offer.thread.load, dollars), **fields
    )


def test_a_carrier_opens_a_thread_and_both_sides_are_told_once(deal: Deal) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    assert (offer.number, offer.status, offer.rate_cents) == (1, OfferStatus.LIVE, 2_300_00)
    assert offer.expires_at - offer.made_at == timedelta(minutes=30)
    assert offer.made_for == deal.carrier.organization
    for side in (deal.shipper, deal.carrier):
        assert seen_by(side.organization, "offer.made") == 1
    assert seen_by(deal.rival.organization, "offer.made") == 0


def test_the_seller_counters_and_the_offer_before_is_closed(deal: Deal) -> None:
    first = offer_by(deal.carrier, deal.leg, deal.load)
    second = _counter(deal.shipper, first, 2_350)
    first.refresh_from_db()
    assert (first.status, second.status, second.number) == (OfferStatus.COUNTERED, OfferStatus.LIVE, 2)
    assert second.made_for == deal.shipper.organization
    assert seen_by(deal.carrier.organization, "offer.closed") == 1


def test_an_own_offer_that_stands_is_not_answered_by_oneself(deal: Deal) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    with pytest.raises(Conflict, match=r"Your offer 1 of \$2,300.00 stands until"):
        _counter(deal.carrier, offer, 2_350)


def test_a_stale_tab_is_told_what_stands(deal: Deal) -> None:
    first = offer_by(deal.carrier, deal.leg, deal.load)
    second = _counter(deal.shipper, first, 2_350)
    _counter(deal.carrier, second, 2_340)
    with pytest.raises(Conflict, match=r"You answered offer 2, but offer 3 of \$2,340.00 by Ruiz Trucking has come"):
        _counter(deal.shipper, second, 2_320)


def test_there_are_ten_counters_at_most(deal: Deal) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    sides = [deal.shipper, deal.carrier]
    for number in range(10):
        offer = _counter(sides[number % 2], offer, 2_300 + number)
    with pytest.raises(Conflict, match="10 counter-offers"):
        _counter(deal.shipper, offer, 2_200)


def test_decline_ends_the_thread_with_the_reason(deal: Deal) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    with pytest.raises(Conflict, match="own offer"):
        decline_offer(actor=deal.carrier, offer_id=offer.public_id)
    declined = decline_offer(actor=deal.shipper, offer_id=offer.public_id, reason="Too  dear\n")
    assert (declined.status, declined.reason) == (OfferStatus.DECLINED, "Too dear")
    assert Thread.objects.get().status == ThreadStatus.DECLINED
    with pytest.raises(Conflict, match="was declined"):
        decline_offer(actor=deal.shipper, offer_id=offer.public_id)
    with pytest.raises(Conflict, match="This negotiation is over"):
        _counter(deal.carrier, offer, 2_200)


def test_a_withdrawn_offer_leaves_the_thread_open(deal: Deal) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    with pytest.raises(Conflict, match="other side's offer"):
        withdraw_offer(actor=deal.shipper, offer_id=offer.public_id)
    assert withdraw_offer(actor=deal.carrier, offer_id=offer.public_id).status == OfferStatus.WITHDRAWN
    assert Thread.objects.get().status == ThreadStatus.OPEN
    assert _counter(deal.shipper, offer, 2_200).number == 2


def test_leaving_ends_the_thread(deal: Deal) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    thread = leave_thread(actor=deal.carrier, thread_id=offer.thread.public_id)
    offer.refresh_from_db()
    assert (thread.status, thread.outcome) == (ThreadStatus.WITHDRAWN, ThreadOutcome.WITHDRAWN)
    assert offer.status == OfferStatus.WITHDRAWN
    with pytest.raises(Conflict, match="over"):
        leave_thread(actor=deal.shipper, thread_id=offer.thread.public_id)


def test_an_offer_whose_time_is_over_expires_and_another_may_follow(deal: Deal, monkeypatch) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load, expires_in_minutes=5)
    later = offer.expires_at + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    with pytest.raises(Conflict, match="Offer 1 expired"):
        decline_offer(actor=deal.shipper, offer_id=offer.public_id)
    assert expire_due_offers() == 1
    assert expire_due_offers() == 0
    assert _counter(deal.carrier, offer, 2_250).status == OfferStatus.LIVE


def test_an_edited_load_supersedes_what_was_offered_on_the_old_one(deal: Deal) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    changed = load_terms_of(deal.load)
    changed = type(changed)(**{name: getattr(changed, name) for name in changed.__slots__} | {"weight_pounds": 30_000})
    edit_load(actor=deal.shipper, load_id=deal.load.public_id, version=1, terms=changed)
    with pytest.raises(Conflict, match="version 1, it is now version 2"):
        _counter(deal.shipper, offer, 2_200)
    pump()
    offer.refresh_from_db()
    assert offer.status == OfferStatus.SUPERSEDED
    assert Thread.objects.get().status == ThreadStatus.OPEN
    assert _counter(deal.carrier, offer, 2_250, load_version=2).load_version == 2


def test_threads_of_a_load_that_leaves_the_market_lapse(deal: Deal) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    withdraw_load(actor=deal.shipper, load_id=deal.load.public_id)
    with pytest.raises(Conflict, match="left the market"):
        _counter(deal.shipper, offer, 2_200)
    pump()
    thread, closed = Thread.objects.get(), Offer.objects.get()
    assert (thread.status, thread.outcome, closed.status) == ("lapsed", ThreadOutcome.LOAD_GONE, OfferStatus.LAPSED)
    assert seen_by(deal.carrier.organization, "thread.closed") == 1


def test_the_seller_offers_first_to_a_truck_that_it_sees(deal: Deal) -> None:
    offer = invite_carrier(
        actor=deal.shipper,
        load_id=deal.load.public_id,
        leg_id=deal.leg.public_id,
        terms=terms(deal.load, 2_200),
        load_version=1,
    )
    assert offer.made_for == deal.shipper.organization
    assert offer.thread.taker == deal.carrier.organization
    assert _counter(deal.carrier, offer, 2_300).number == 2


def test_others_find_neither_thread_nor_offer(deal: Deal) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    stranger = make_actor(make_organization("Stranger", hauls=True))
    for actor in (deal.rival, stranger):
        with pytest.raises(NotFound):
            decline_offer(actor=actor, offer_id=offer.public_id)
        with pytest.raises(NotFound):
            _counter(actor, offer, 2_100)
    with pytest.raises(Forbidden):
        invite_carrier(
            actor=deal.rival,
            load_id=deal.load.public_id,
            leg_id=deal.leg.public_id,
            terms=terms(deal.load),
            load_version=1,
        )


def test_one_truck_has_one_open_thread_about_a_load(deal: Deal) -> None:
    offer_by(deal.carrier, deal.leg, deal.load)
    with pytest.raises(Conflict, match="already"):
        offer_by(deal.carrier, deal.leg, deal.load)
    assert offer_by(deal.rival, deal.rival_leg, deal.load).number == 1


@pytest.mark.parametrize(
    ("dollars", "code"),
    [(0, "too_low"), (100_001, "too_high"), (60_000, "needs_confirmation"), (90, "needs_confirmation")],
)
def test_a_rate_that_nobody_means_is_refused_at_its_field(deal: Deal, dollars: int, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        offer_by(deal.carrier, deal.leg, deal.load, dollars)
    assert [(problem.field, problem.code) for problem in refused.value.problems] == [("linehaul_cents", code)]
    if code == "needs_confirmation":
        assert offer_by(deal.carrier, deal.leg, deal.load, dollars, confirmed=True).rate_cents == dollars * 100
