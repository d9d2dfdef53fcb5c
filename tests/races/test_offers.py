"""Answers to offers at the same moment: one counts, the others hear so; and what happens without the guards."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from brokers.models import Booking, BookingStatus, Offer, OfferStatus, Thread, ThreadStatus
from brokers.services import acceptance, table
from brokers.services.offers import accept_offer, counter_offer, expire_due_offers, withdraw_offer
from foundation.accounts.actor import Actor
from foundation.trade import clock
from foundation.trade.errors import Busy, Conflict
from foundation.trade.posting import Status
from loads.models import Load
from loads.services import edit_load
from loads.terms import terms_of as load_terms_of
from tests.brokers.bargains import Deal, make_deal, offer_by, seen_by, terms
from tests.builders import make_actor, make_load, make_organization
from tests.matching.conftest import straight_roads
from tests.races.at_once import at_once

__all__ = ["straight_roads"]

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 3


@pytest.fixture
def deal() -> Deal:
    return make_deal()


def _accept(actor: Actor, offer: Offer) -> object:
    return accept_offer(actor=actor, offer_id=offer.public_id, number=offer.number, load_version=offer.load_version)


def _edit(deal: Deal, pounds: int = 30_000) -> Load:
    load = Load.objects.prefetch_related("stops").get(pk=deal.load.pk)
    changed = replace(load_terms_of(load), weight_pounds=pounds)
    return edit_load(actor=deal.shipper, load_id=load.public_id, version=load.version, terms=changed)


def _booked() -> int:
    return Booking.objects.filter(status=BookingStatus.BOOKED).count()


def _are_refusals(failures: Sequence[Exception], count: int) -> bool:
    return len(failures) == count and all(isinstance(error, Conflict | Busy) for error in failures)


def test_of_two_offers_that_are_accepted_at_once_one_books(deal: Deal) -> None:
    one, two = offer_by(deal.carrier, deal.leg, deal.load), offer_by(deal.rival, deal.rival_leg, deal.load)
    colleagues = [make_actor(deal.shipper.organization) for _ in range(4)]
    failures = at_once(
        *[lambda who=who, offer=offer: _accept(who, offer) for who in colleagues for offer in (one, two)]
    )
    assert _are_refusals(failures, 7), failures
    assert _booked() == 1
    assert sorted(Offer.objects.values_list("status", flat=True)) == [OfferStatus.ACCEPTED, OfferStatus.LAPSED]
    assert sorted(Thread.objects.values_list("status", flat=True)) == [ThreadStatus.AGREED, ThreadStatus.LAPSED]
    for side in (deal.carrier, deal.rival):
        assert seen_by(side.organization, "thread.closed") == 1


def test_one_truck_that_is_accepted_for_two_loads_at_once_takes_one(deal: Deal) -> None:
    other = make_load(make_organization(), opens_at=deal.load.first_stop.opens_at)
    pairs = [(deal.shipper, deal.load), (make_actor(other.organization), other)]
    made = [(seller, offer_by(deal.carrier, deal.leg, load)) for seller, load in pairs]
    failures = at_once(*[lambda seller=seller, offer=offer: _accept(seller, offer) for seller, offer in made])
    assert _are_refusals(failures, 1), failures
    assert _booked() == 1
    assert sorted(Thread.objects.values_list("status", flat=True)) == [ThreadStatus.AGREED, ThreadStatus.LAPSED]


@pytest.mark.parametrize("number", range(ROUNDS))
def test_of_acceptance_and_withdrawal_at_once_one_counts(deal: Deal, number: int) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    failures = at_once(
        lambda: _accept(deal.shipper, offer), lambda: withdraw_offer(actor=deal.carrier, offer_id=offer.public_id)
    )
    assert _are_refusals(failures, 1), failures
    offer.refresh_from_db()
    assert (offer.status, _booked()) in [(OfferStatus.ACCEPTED, 1), (OfferStatus.WITHDRAWN, 0)]
    assert seen_by(deal.shipper.organization, "offer.closed") == 1


@pytest.mark.parametrize("number", range(ROUNDS))
def test_of_acceptance_and_edit_at_once_the_terms_agreed_are_the_loads(deal: Deal, number: int) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    failures = at_once(lambda: _accept(deal.shipper, offer), lambda: _edit(deal))
    assert _are_refusals(failures, 1), failures
    load = Load.objects.get(pk=deal.load.pk)
    assert (load.status, load.weight_pounds, _booked()) in [
        (Status.COVERED, 38_000, 1),
        (Status.OPEN, 30_000, 0),
    ]


def test_of_acceptance_and_expiry_at_once_one_counts(deal: Deal, monkeypatch: pytest.MonkeyPatch) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    real, edge = clock.now, offer.expires_at - clock.now() - timedelta(milliseconds=150)
    monkeypatch.setattr(clock, "now", lambda: real() + edge)
    failures = at_once(lambda: _accept(deal.shipper, offer), _sweep, _sweep)
    offer.refresh_from_db()
    expired = offer.status in (OfferStatus.EXPIRED, OfferStatus.LIVE)
    assert _are_refusals(failures, int(expired)), failures
    assert _booked() == int(not expired)


def _sweep() -> None:
    for _ in range(20):
        expire_due_offers()


def test_of_two_counters_at_once_one_stands(deal: Deal) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    colleagues = [make_actor(deal.shipper.organization) for _ in range(3)]
    named = {"thread_id": offer.thread.public_id, "on_number": 1, "load_version": 1}
    failures = at_once(
        *[lambda who=who: counter_offer(actor=who, terms=terms(deal.load, 2_350), **named) for who in colleagues]
    )
    assert _are_refusals(failures, 2), failures
    assert list(Offer.objects.order_by("number").values_list("number", "status")) == [
        (1, OfferStatus.COUNTERED),
        (2, OfferStatus.LIVE),
    ]


def _edited_just_before_the_lock(deal: Deal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Edit the load after the acceptance has looked at it, and before it holds it."""
    held = table.locked_load

    def too_late(key: int) -> Load:
        monkeypatch.setattr(acceptance, "locked_load", held)
        _edit(deal)
        return held(key)

    monkeypatch.setattr(acceptance, "locked_load", too_late)


def test_a_load_edited_between_looking_and_locking_is_not_booked_on_the_old_offer(
    deal: Deal, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    _edited_just_before_the_lock(deal, monkeypatch)
    with pytest.raises(Conflict, match="it is now version 2"):
        _accept(deal.shipper, offer)
    assert _booked() == 0


def test_without_the_look_under_the_lock_the_edited_load_is_booked_on_the_old_offer(
    deal: Deal, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    _edited_just_before_the_lock(deal, monkeypatch)
    looks = iter([acceptance._check])
    monkeypatch.setattr(acceptance, "_check", lambda *words: next(looks, lambda *_: None)(*words))
    _accept(deal.shipper, offer)
    found = Booking.objects.get()
    assert (found.load_version, offer.load_version) == (2, 1)


def _withdrawn_while_it_is_booked(deal: Deal, offer: Offer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Close the offer elsewhere after the booking is made, as a truck that is booked on another load does."""
    book = acceptance.book

    def and_closed(**fields: object) -> Booking:
        made = book(**fields)
        Offer.objects.filter(pk=offer.pk).update(
            status=OfferStatus.WITHDRAWN, version=2, closed_at=made.booked_at, closed_by_organization=made.carrier
        )
        return made

    monkeypatch.setattr(acceptance, "book", and_closed)


def test_an_offer_that_was_closed_while_its_truck_was_locked_books_nothing(
    deal: Deal, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    _withdrawn_while_it_is_booked(deal, offer, monkeypatch)
    with pytest.raises(Conflict, match="Nothing was booked"):
        _accept(deal.shipper, offer)
    assert _booked() == 0


def test_without_the_counted_change_a_closed_offer_is_booked(deal: Deal, monkeypatch: pytest.MonkeyPatch) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    _withdrawn_while_it_is_booked(deal, offer, monkeypatch)
    monkeypatch.setattr(acceptance, "close_offer", lambda *_, **__: None)
    _accept(deal.shipper, offer)
    offer.refresh_from_db()
    assert (offer.status, _booked()) == (OfferStatus.WITHDRAWN, 1)
