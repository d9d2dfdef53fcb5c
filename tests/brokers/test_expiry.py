"""An offer ends at its instant, by the database's clock: alive a microsecond before, over at it, whoever looks."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import time_machine
from django.db import connection, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from brokers.models import Booking, Offer, OfferStatus
from brokers.offer_visibility import before_of, offer_fields
from brokers.outcomes import status_at
from brokers.services.offers import accept_offer, counter_offer, decline_offer, expire_due_offers, withdraw_offer
from brokers.sights import sight_of
from brokers.thread_queries import offer_of
from brokers.thread_visibility import thread_fields
from foundation.trade import clock
from foundation.trade.errors import Conflict
from tests.brokers.bargains import Deal, make_deal, offer_by, terms
from tests.builders import now

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("straight_roads")]

OFFSETS = st.integers(-2_000_000, 2_000_000)
MOVES = ("accept", "counter", "decline", "withdraw")
PROPERTY = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture
def deal(straight_roads: None) -> Deal:
    return make_deal()


@contextmanager
def _taken_back() -> Iterator[None]:
    """Undo what is done inside."""
    point = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(point)


def _move(deal: Deal, offer: Offer, move: str) -> None:
    """Let the side whose move it is make it: the carrier made the offer."""
    if move == "accept":
        accept_offer(actor=deal.shipper, offer_id=offer.public_id, number=1, load_version=1)
    elif move == "decline":
        decline_offer(actor=deal.shipper, offer_id=offer.public_id)
    elif move == "withdraw":
        withdraw_offer(actor=deal.carrier, offer_id=offer.public_id)
    else:
        named = {"thread_id": offer.thread.public_id, "on_number": 1, "load_version": 1}
        counter_offer(actor=deal.shipper, terms=terms(deal.load, 2_400), **named)


@PROPERTY
@given(microseconds=OFFSETS, move=st.sampled_from(("accept", "decline", "withdraw")))
@example(microseconds=-1, move="accept")
@example(microseconds=0, move="accept")
@example(microseconds=1, move="accept")
@example(microseconds=1_000_000, move="accept")
def test_every_move_on_an_offer_counts_before_its_instant_and_not_at_it(
    deal: Deal, monkeypatch: pytest.MonkeyPatch, microseconds: int, move: str
) -> None:
    with _taken_back(), monkeypatch.context() as patched:
        offer = offer_by(deal.carrier, deal.leg, deal.load)
        moment = offer.expires_at + timedelta(microseconds=microseconds)
        patched.setattr(clock, "now", lambda: moment)
        if microseconds < 0:
            _move(deal, offer, move)
            offer.refresh_from_db()
            assert offer.status not in (OfferStatus.LIVE, OfferStatus.EXPIRED)
        else:
            with pytest.raises(Conflict) as refusal:
                _move(deal, offer, move)
            assert refusal.value.code == "offer_expired"
            assert not Booking.objects.exists()
            offer.refresh_from_db()
            assert offer.status == OfferStatus.LIVE, "a refusal changes nothing: the sweep says it"


@PROPERTY
@given(microseconds=OFFSETS)
@example(microseconds=-1)
@example(microseconds=0)
def test_sweep_page_and_rest_say_the_same_at_every_instant(
    deal: Deal, monkeypatch: pytest.MonkeyPatch, microseconds: int
) -> None:
    with _taken_back(), monkeypatch.context() as patched:
        offer = offer_by(deal.carrier, deal.leg, deal.load)
        moment = offer.expires_at + timedelta(microseconds=microseconds)
        patched.setattr(clock, "now", lambda: moment)
        is_over = microseconds >= 0
        read = offer_of(deal.shipper.organization, offer.public_id)
        status = OfferStatus.EXPIRED if is_over else OfferStatus.LIVE
        assert status_at(read, moment) == status
        sight = sight_of(read.thread, deal.shipper.organization)
        assert offer_fields(read, before_of(read), sight)["status"] == status
        thread = thread_fields(read.thread, sight)
        assert (thread["live_offer"], thread["waits_for_you"]) == (None if is_over else offer.public_id, not is_over)
        assert expire_due_offers() == int(is_over)
        offer.refresh_from_db()
        assert offer.status == status


def test_a_new_offer_follows_at_the_instant_at_which_the_last_one_ends(
    deal: Deal, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    monkeypatch.setattr(clock, "now", lambda: offer.expires_at)
    _move(deal, offer, "counter")
    assert list(Offer.objects.order_by("number").values_list("status", flat=True)) == [
        OfferStatus.EXPIRED,
        OfferStatus.LIVE,
    ]


def _ended_a_second_ago(offer: Offer) -> None:
    """Set an offer's end to a second before the database's present; a trigger keeps everybody else from that."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            "UPDATE brokers_offer SET made_at = clock_timestamp() - interval '31 minutes',"
            " expires_at = clock_timestamp() - interval '1 second' WHERE id = %s",
            [offer.pk],
        )
        cursor.execute("SET session_replication_role = origin")


@pytest.mark.parametrize("hours", [-48, 0, 48])
def test_what_the_web_servers_own_clock_says_does_not_matter(deal: Deal, hours: int) -> None:
    over, stands = offer_by(deal.carrier, deal.leg, deal.load), offer_by(deal.rival, deal.rival_leg, deal.load)
    _ended_a_second_ago(over)
    with time_machine.travel(now() + timedelta(hours=hours), tick=True):
        with pytest.raises(Conflict) as refusal:
            _move(deal, over, "accept")
        assert refusal.value.code == "offer_expired"
        booking = accept_offer(actor=deal.shipper, offer_id=stands.public_id, number=1, load_version=1)
    assert isinstance(booking, Booking)


@pytest.mark.parametrize("move", MOVES)
def test_one_that_expired_a_second_ago_is_said_to_have_expired_and_when(deal: Deal, move: str) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    _ended_a_second_ago(offer)
    if move == "counter":  # what is answered is over: the answer is a new offer
        _move(deal, offer, move)
        assert Offer.objects.get(number=2).status == OfferStatus.LIVE
        return
    with pytest.raises(Conflict, match=r"Offer 1 expired, .* No offer stands now: make a new one to go on\."):
        _move(deal, offer, move)
