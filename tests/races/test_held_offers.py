"""An acceptance that waits, settled and touched at the same moment: one counts; and what happens without the guards."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest
from django.db import connection

from brokers.models import Booking, BookingStatus, Claim, ClaimedLoad, ClaimStatus, Offer, OfferStatus
from brokers.services import acceptance, held_offers, reserving
from brokers.services.claims import settle_claim
from brokers.services.offers import accept_offer, withdraw_offer
from brokers.services.table import fresh_thread
from brokers.trust import Judgement, RuleResult
from foundation.accounts.actor import Actor
from foundation.trade.errors import Busy, Conflict
from loads.models import Load
from tests.brokers.bargains import Deal, make_deal, offer_by, seen_by
from tests.brokers.booked import claim
from tests.builders import make_actor, make_record
from tests.matching.conftest import straight_roads
from tests.races.at_once import at_once

__all__ = ["straight_roads"]

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 3
WAITS = Judgement(results=(RuleResult(rule="record", result="hold", sentence="We are asking."),))
PASSES = Judgement(results=(RuleResult(rule="record", result="pass"),))
BLOCKS = Judgement(results=(RuleResult(rule="authority", result="block", sentence="You have no authority."),))


@pytest.fixture
def deal(monkeypatch: pytest.MonkeyPatch, straight_roads: None) -> Deal:
    """Return two sides whose carrier has to be checked first; the check passes when it repeats."""
    monkeypatch.setattr(acceptance, "judge_claim", lambda **_: WAITS)
    monkeypatch.setattr(held_offers, "judge_claim", lambda **_: PASSES)
    return make_deal()


def _accept(actor: Actor, offer: Offer) -> object:
    return accept_offer(actor=actor, offer_id=offer.public_id, number=offer.number, load_version=offer.load_version)


def _are_refusals(failures: Sequence[Exception], count: int) -> bool:
    return len(failures) == count and all(isinstance(error, Conflict | Busy) for error in failures)


def _held(deal: Deal) -> tuple[Offer, Claim]:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    hold = _accept(deal.shipper, offer)
    assert isinstance(hold, Claim)
    return offer, hold


def _live_bookings() -> int:
    return Booking.objects.filter(status=BookingStatus.BOOKED).count()


def _colleagues(deal: Deal, offer: Offer, count: int) -> list[Callable[[], object]]:
    people = [make_actor(deal.shipper.organization) for _ in range(count)]
    return [lambda who=who: _accept(who, offer) for who in people]  # type: ignore[misc]


def test_accepted_by_many_at_once_it_is_held_once(deal: Deal) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    failures = at_once(*_colleagues(deal, offer, 6))
    assert _are_refusals(failures, 5), failures
    assert Claim.objects.filter(status=ClaimStatus.PENDING).count() == 1
    assert ClaimedLoad.objects.filter(is_held=True).count() == 1
    assert seen_by(deal.carrier.organization, "offer.held") == 1


@contextmanager
def _without_guards(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take away the locks, the counted update and the constraints that let one acceptance be held."""
    everybody_read = threading.Barrier(4)

    def reading(key: int) -> Load:
        return Load.objects.select_related("organization", "seller").prefetch_related("stops").get(pk=key)

    def bookable(*args: object, **fields: object) -> None:
        everybody_read.wait(timeout=20)

    names = ("one_pending_claim_per_load", "one_hold_per_offer")
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = ANY(%s)", [list(names)])
        made = [row[0] for row in cursor.fetchall()]
        for name in names:
            cursor.execute(f"DROP INDEX {name}")
    with monkeypatch.context() as patched:
        patched.setattr(acceptance, "locked_load", reading)
        patched.setattr(acceptance, "held_thread", fresh_thread)
        patched.setattr(acceptance, "take_hold", lambda **_: None)
        patched.setattr(reserving, "check_bookable", bookable)
        patched.setattr(reserving, "change_status", lambda *_, **__: None)
        yield
    ClaimedLoad.objects.all().delete()
    Claim.objects.all().delete()
    with connection.cursor() as cursor:
        for text in made:
            cursor.execute(text)


def test_without_the_guards_it_is_held_several_times(deal: Deal, monkeypatch: pytest.MonkeyPatch) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    with _without_guards(monkeypatch):
        at_once(*_colleagues(deal, offer, 4))
        assert Claim.objects.filter(status=ClaimStatus.PENDING).count() > 1


@pytest.mark.parametrize("number", range(ROUNDS))
def test_settled_by_many_at_once_it_books_once(deal: Deal, number: int) -> None:
    offer, hold = _held(deal)
    failures = at_once(*[lambda: settle_claim(claim_id=hold.public_id) for _ in range(4)])
    assert _are_refusals(failures, len(failures)), failures
    offer.refresh_from_db()
    hold.refresh_from_db()
    assert (_live_bookings(), offer.status, hold.status) == (1, OfferStatus.ACCEPTED, ClaimStatus.BOOKED)
    for side in (deal.shipper, deal.carrier):
        assert seen_by(side.organization, "booking.made") == 1
        assert seen_by(side.organization, "offer.released") == 0


@pytest.mark.parametrize("number", range(ROUNDS))
def test_released_by_many_at_once_it_is_released_once(deal: Deal, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    offer, hold = _held(deal)
    monkeypatch.setattr(held_offers, "judge_claim", lambda **_: BLOCKS)
    assert not at_once(*[lambda: settle_claim(claim_id=hold.public_id) for _ in range(4)])
    offer.refresh_from_db()
    hold.refresh_from_db()
    assert (_live_bookings(), offer.status, hold.status) == (0, OfferStatus.LIVE, ClaimStatus.RELEASED)
    assert not ClaimedLoad.objects.filter(is_held=True).exists()
    for side in (deal.shipper, deal.carrier):
        assert seen_by(side.organization, "offer.released") == 1


@pytest.mark.parametrize("number", range(ROUNDS))
def test_booked_and_released_at_once_one_counts(deal: Deal, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    offer, hold = _held(deal)
    words = iter([PASSES, BLOCKS, PASSES, BLOCKS])
    one_at_a_time = threading.Lock()

    def judge(**_: object) -> Judgement:
        with one_at_a_time:
            return next(words)

    monkeypatch.setattr(held_offers, "judge_claim", judge)
    failures = at_once(*[lambda: settle_claim(claim_id=hold.public_id) for _ in range(4)])
    assert _are_refusals(failures, len(failures)), failures
    offer.refresh_from_db()
    hold.refresh_from_db()
    booked = (1, OfferStatus.ACCEPTED, ClaimStatus.BOOKED)
    released = (0, OfferStatus.LIVE, ClaimStatus.RELEASED)
    assert (_live_bookings(), offer.status, hold.status) in (booked, released)
    told = seen_by(deal.carrier.organization, "booking.made") + seen_by(deal.carrier.organization, "offer.released")
    assert told == 1


@pytest.mark.parametrize("number", range(ROUNDS))
def test_of_an_acceptance_that_waits_and_a_withdrawal_at_once_one_counts(deal: Deal, number: int) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    failures = at_once(
        lambda: _accept(deal.shipper, offer), lambda: withdraw_offer(actor=deal.carrier, offer_id=offer.public_id)
    )
    assert _are_refusals(failures, 1), failures
    offer.refresh_from_db()
    held = Claim.objects.filter(status=ClaimStatus.PENDING).count()
    assert (offer.status, held) in [(OfferStatus.HELD, 1), (OfferStatus.WITHDRAWN, 0)]


@pytest.mark.parametrize("number", range(ROUNDS))
def test_of_an_acceptance_that_waits_and_a_rivals_claim_at_once_one_has_the_load(deal: Deal, number: int) -> None:
    make_record(deal.rival.organization)
    Load.objects.filter(pk=deal.load.pk).update(book_now=True)
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    failures = at_once(
        lambda: _accept(deal.shipper, offer),
        lambda: claim(deal.rival.organization, deal.load, deal.rival_leg, actor=deal.rival),
    )
    assert _are_refusals(failures, 1), failures
    offer.refresh_from_db()
    held = ClaimedLoad.objects.filter(is_held=True).count()
    assert (_live_bookings(), held, offer.status) in [(1, 0, OfferStatus.LAPSED), (0, 1, OfferStatus.HELD)]
    assert all(isinstance(error, Conflict) for error in failures)
