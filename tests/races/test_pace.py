"""A new account that accepts many offers at the same moment: three an hour are booked, and more without the lock."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from brokers.models import Booking, Claim, ClaimStatus, Offer
from brokers.services import acceptance
from brokers.services.claims import settle_claim
from brokers.services.offers import accept_offer
from brokers.services.threads import invite_carrier
from brokers.trust import Judgement, RuleResult, judge_claim
from foundation.accounts.actor import Actor
from foundation.trade.errors import Conflict
from tests.brokers.bargains import terms
from tests.brokers.booked import going_home, open_load
from tests.builders import make_actor, make_organization, now
from tests.matching.conftest import straight_roads
from tests.races.at_once import at_once

__all__ = ["straight_roads"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("straight_roads")]

AT_ONCE = 5
WAITS = Judgement(results=(RuleResult(rule="record", result="hold", sentence="We are asking."),))
Judge = Callable[..., Judgement]


def _passes(**words: Any) -> Judgement:
    return judge_claim(**words)


def _waits(**_: Any) -> Judgement:
    return WAITS


@pytest.fixture
def seller() -> Actor:
    return make_actor(make_organization("Prairie Paper"))


@pytest.fixture
def carrier() -> Actor:
    """Return a carrier that was verified three days ago."""
    return make_actor(make_organization("Ruiz Trucking", hauls=True, verified_at=now() - timedelta(days=3)))


def _invitations(seller: Actor, carrier: Actor) -> list[Offer]:
    """Invite a carrier's trucks, one load each."""
    made = []
    for _ in range(AT_ONCE):
        leg, load = going_home(carrier.organization), open_load(seller.organization)
        made.append(
            invite_carrier(
                actor=seller,
                load_id=load.public_id,
                leg_id=leg.public_id,
                terms=terms(load),
                load_version=load.version,
                confirmed=True,
            )
        )
    return made


def _accepted_at_once(
    actor: Actor, offers: list[Offer], monkeypatch: pytest.MonkeyPatch, judge: Judge
) -> list[Exception]:
    """Accept all offers at the same moment, each judged before the first of them books."""
    all_are_judged = threading.Barrier(len(offers))

    def judged(**words: Any) -> Judgement:
        judgement = judge(**words)
        all_are_judged.wait(timeout=20)
        return judgement

    monkeypatch.setattr(acceptance, "judge_claim", judged)

    def accept(offer: Offer) -> object:
        return accept_offer(
            actor=actor, offer_id=offer.public_id, number=1, load_version=offer.load_version, confirmed=True
        )

    return at_once(*[lambda offer=offer: accept(offer) for offer in offers])  # type: ignore[misc]


@pytest.mark.parametrize("judge", [_passes, _waits])
def test_of_many_offers_that_a_new_account_accepts_at_once_three_are_taken(
    judge: Judge, seller: Actor, carrier: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    offers = _invitations(seller, carrier)
    failures = _accepted_at_once(carrier, offers, monkeypatch, judge)
    assert [type(error) for error in failures] == [Conflict] * (AT_ONCE - 3), failures
    assert {error.code for error in failures} == {"pace"}  # type: ignore[attr-defined]
    assert Booking.objects.count() + Claim.objects.filter(status=ClaimStatus.PENDING).count() == 3


def test_without_the_lock_more_are_booked(seller: Actor, carrier: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    offers = _invitations(seller, carrier)
    monkeypatch.setattr(acceptance, "take_pace", lambda **_: None)
    assert _accepted_at_once(carrier, offers, monkeypatch, _passes) == []
    assert Booking.objects.count() == AT_ONCE


def test_three_that_wait_are_settled_at_once_and_none_counts_against_itself(
    seller: Actor, carrier: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    _accepted_at_once(carrier, _invitations(seller, carrier)[:3], monkeypatch, _waits)
    held = list(Claim.objects.values_list("public_id", flat=True))
    assert at_once(*[lambda claim_id=each: settle_claim(claim_id=claim_id) for each in held]) == []  # type: ignore[misc]
    assert Booking.objects.count() == 3
