"""The windows at the stops are the shipper's: no sale, no broker and no amendment that is silent of them moves them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from brokers.models import Booking, Contention, Offer, RateConfirmation, Tour
from brokers.services.acceptance import accept_offer
from brokers.services.amendments import accept_amendment, propose_amendment
from brokers.services.cancelling import cancel_booking
from brokers.services.contending import answer_contention
from brokers.services.offers import counter_offer
from brokers.services.tenders import tender_load
from brokers.terms import BargainTerms, terms_of
from foundation.accounts.actor import Actor
from foundation.trade import clock
from foundation.trade.errors import Invalid
from loads.models import Load
from loads.services import give_back_load
from tests.brokers.bargains import Deal, make_deal, offer_by, terms
from tests.builders import make_actor, make_organization

pytestmark = pytest.mark.usefixtures("db", "straight_roads", "empty_cache")


@pytest.fixture
def deal() -> Deal:
    return make_deal()


@pytest.fixture
def broker() -> Actor:
    """Return somebody of a broker's."""
    return make_actor(make_organization("Fullway", brokers=True))


def anew(load: Load) -> Load:
    return Load.objects.prefetch_related("stops").get(pk=load.pk)


def moved(given: BargainTerms, by: timedelta, *, closes_by: timedelta | None = None) -> BargainTerms:
    """Return the terms with every window so much later."""
    ends = by if closes_by is None else closes_by
    times = (replace(t, opens_at=t.opens_at + by, closes_at=t.closes_at + ends) for t in given.stop_times)
    return replace(given, stop_times=tuple(times))


def sold(deal: Deal, broker: Actor, *, tonu_cents: int = 0) -> Load:
    """Let the shipper accept the broker's tender of $2,600."""
    load = anew(deal.load)
    given = terms(load, 2_600, tonu_cents=tonu_cents)
    offer = tender_load(actor=broker, load_id=load.public_id, terms=given, load_version=load.version)
    accept(deal.shipper, offer, load)
    return anew(load)


def accept(actor: Actor, offer: Offer, load: Load) -> Any:
    return accept_offer(actor=actor, offer_id=offer.public_id, number=offer.number, load_version=load.version)


def problem_in(work: Callable[[], object]) -> tuple[str, str]:
    """Return field and code of what a piece of work is refused for."""
    with pytest.raises(Invalid) as refusal:
        work()
    return refusal.value.problems[0].field, refusal.value.problems[0].code


def test_a_tender_and_its_counters_keep_the_times_of_the_posting(deal: Deal, broker: Actor) -> None:
    load = anew(deal.load)
    posted, later = terms(load, 2_600), moved(terms(load, 2_600), timedelta(hours=20))

    def tender(given: BargainTerms) -> Offer:
        return tender_load(actor=broker, load_id=load.public_id, terms=given, load_version=load.version)

    assert problem_in(lambda: tender(later)) == ("stop_times", "as_posted")
    offer = tender(posted)

    def counter(given: BargainTerms) -> Offer:
        thread_id = offer.thread.public_id
        return counter_offer(
            actor=deal.shipper, thread_id=thread_id, terms=given, on_number=1, load_version=load.version
        )

    assert problem_in(lambda: counter(later)) == ("stop_times", "as_posted")
    assert counter(replace(posted, linehaul_cents=2_500_00)).number == 2


def test_what_a_broker_agrees_with_a_carrier_lies_within_the_shippers_windows(deal: Deal, broker: Actor) -> None:
    load = sold(deal, broker)
    for by, closes_by in ((20, 20), (-1, 0), (0, 1)):
        outside = moved(terms(load), timedelta(hours=by), closes_by=timedelta(hours=closes_by))
        refused = problem_in(lambda outside=outside: offer_by(deal.carrier, deal.leg, load, terms=outside))
        assert refused == ("stop_times.0.opens_at", "outside_the_window")
    within = moved(terms(load), timedelta(hours=1), closes_by=timedelta(hours=-1))
    booking = accept(broker, offer_by(deal.carrier, deal.leg, load, terms=within), load)
    assert terms_of(booking).stop_times == within.stop_times


def test_an_amendment_writes_into_the_load_only_the_times_that_it_shows(deal: Deal, broker: Actor) -> None:
    load = sold(deal, broker)
    narrower = moved(terms(load), timedelta(hours=1), closes_by=timedelta(hours=-1))
    booking = accept(broker, offer_by(deal.carrier, deal.leg, load, terms=narrower), load)
    row = propose_amendment(
        actor=deal.shipper, booking_id=booking.public_id, subject="freight", load_changes={"pallets": 20}
    )
    accept_amendment(actor=broker, amendment_id=row.public_id)
    accept_amendment(actor=deal.carrier, amendment_id=row.public_id)
    assert [stop.opens_at for stop in anew(load).stops.all()] == [stop.opens_at for stop in load.stops.all()]
    sale = RateConfirmation.objects.get(agreement="sale", superseded_at__isnull=True)
    opens = [datetime.fromisoformat(stop["opens_at"]) for stop in sale.content["stops"]]
    assert (opens, sale.content["freight"]["pallets"]) == ([stop.opens_at for stop in load.stops.all()], 20)


def test_an_amended_rate_leaves_the_posted_windows_for_the_day_it_falls_through(deal: Deal) -> None:
    load = anew(deal.load)
    later = moved(terms(load), timedelta(hours=2))
    booking = accept(deal.shipper, offer_by(deal.carrier, deal.leg, load, terms=later), load)
    dearer = replace(terms_of(Booking.objects.get(pk=booking.pk)), linehaul_cents=2_400_00)
    row = propose_amendment(actor=deal.shipper, booking_id=booking.public_id, subject="carriage", terms=dearer)
    accept_amendment(actor=deal.carrier, amendment_id=row.public_id)
    assert [stop.opens_at for stop in anew(load).stops.all()] == [stop.opens_at for stop in load.stops.all()]
    assert terms_of(Booking.objects.get(pk=booking.pk)).stop_times == later.stop_times


def test_a_later_sale_to_the_same_broker_leaves_what_was_owed_by_the_first(
    deal: Deal, broker: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = sold(deal, broker, tonu_cents=100_00)
    offer = offer_by(deal.carrier, deal.leg, load, terms=terms(load, tonu_cents=50_00))
    booking = accept(broker, offer, load)
    first = Tour.objects.get().stops.order_by("sequence")[0]
    waited = max(first.arrives_at, terms_of(booking).stop_times[0].opens_at)
    monkeypatch.setattr(clock, "now", lambda: waited + timedelta(minutes=booking.free_minutes))
    cancel_booking(actor=deal.carrier, booking_id=booking.public_id, version=None, reason="load_not_ready")
    give_back_load(actor=broker, load_id=load.public_id)
    sold(deal, broker, tonu_cents=999_00)
    said = Contention.objects.get()
    answer_contention(actor=broker, contention_id=said.public_id, version=said.version, agrees=True)
    assert Contention.objects.get(agreement="sale").tonu_cents == 100_00
