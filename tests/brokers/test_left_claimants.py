"""Who claimed or accepted, and may not book any more while the carrier is checked: nothing is booked in that name."""

from collections.abc import Callable

import pytest

from brokers.models import Booking, Claim, ClaimedLoad, ClaimStatus, Offer, OfferStatus
from brokers.services import acceptance, claims, held_offers
from brokers.services.claims import settle_claim
from brokers.services.offers import accept_offer
from brokers.trust import Judgement, RuleResult
from foundation.accounts.actor import Actor
from foundation.accounts.models import ApiKey, Organization, Role
from foundation.trade.posting import Status
from tests.brokers.bargains import make_deal, offer_by
from tests.brokers.booked import claim, going_home, open_load
from tests.builders import make_actor, now
from tests.rest.clients import ApiClient

pytestmark = pytest.mark.usefixtures("db", "straight_roads")

WAITS = Judgement(results=(RuleResult(rule="record", result="hold", sentence="We are asking."),))
PASSES = Judgement(results=(RuleResult(rule="record", result="pass"),))
Word = Callable[[Judgement], None]
Leaving = Callable[[Actor], object]


@pytest.fixture
def word(monkeypatch: pytest.MonkeyPatch) -> Word:
    """Return what sets the rules' answer; they ask the registry first."""

    def says(judgement: Judgement) -> None:
        for module in (acceptance, claims, held_offers):
            monkeypatch.setattr(module, "judge_claim", lambda **_: judgement)

    says(WAITS)
    return says


def _leaves(actor: Actor) -> None:
    assert actor.person is not None
    actor.person.memberships.all().delete()


def _is_shut_out(actor: Actor) -> None:
    assert actor.person is not None
    actor.person.is_active = False
    actor.person.save()


def _only_reads(actor: Actor) -> None:
    assert actor.person is not None
    actor.person.memberships.update(role=Role.VIEWER)


def _works_elsewhere(actor: Actor) -> None:
    assert actor.person is not None
    elsewhere = Organization.objects.create(name="Elsewhere", ships=True)
    actor.person.memberships.update(organization=elsewhere)


LEAVINGS = pytest.mark.parametrize("leave", [_leaves, _is_shut_out, _only_reads, _works_elsewhere])


@LEAVINGS
def test_a_claim_whose_claimant_may_not_book_any_more_is_released(
    leave: Leaving, word: Word, shipper: Organization, carrier: Organization
) -> None:
    actor, load = make_actor(carrier), open_load(shipper)
    held = claim(carrier, load, going_home(carrier), actor=actor)
    leave(actor)
    word(PASSES)
    settled = settle_claim(claim_id=held.public_id)
    assert (settled.status, Booking.objects.count()) == (ClaimStatus.RELEASED, 0)
    assert settled.outcome == (
        f"Who decided this for {carrier} may not book for it any more. A colleague who may can decide anew."
    )
    load.refresh_from_db()
    assert (load.status, ClaimedLoad.objects.get().is_held) == (Status.OPEN, False)


def test_it_does_not_wait_for_the_check_to_be_released(
    word: Word, shipper: Organization, carrier: Organization
) -> None:
    actor = make_actor(carrier)
    held = claim(carrier, open_load(shipper), going_home(carrier), actor=actor)
    assert settle_claim(claim_id=held.public_id).status == ClaimStatus.PENDING
    _leaves(actor)
    assert settle_claim(claim_id=held.public_id).status == ClaimStatus.RELEASED


@pytest.mark.parametrize("role", [Role.OWNER, Role.DISPATCHER])
def test_whoever_may_book_still_has_it_booked(
    role: str, word: Word, shipper: Organization, carrier: Organization
) -> None:
    actor = make_actor(carrier)
    held = claim(carrier, open_load(shipper), going_home(carrier), actor=actor)
    assert actor.person is not None
    actor.person.memberships.update(role=role)
    word(PASSES)
    assert settle_claim(claim_id=held.public_id).status == ClaimStatus.BOOKED
    assert Booking.objects.get().booked_by == actor.person


def _revoke(key: ApiKey) -> None:
    key.revoked_at = now()
    key.save()


def _let_it_read(key: ApiKey) -> None:
    key.scopes = ["loads:read", "bookings:read"]
    key.save()


def _demote_its_maker(key: ApiKey) -> None:
    key.created_by.memberships.update(role=Role.VIEWER)


def _lose_its_maker(key: ApiKey) -> None:
    key.created_by.memberships.all().delete()


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda key: None, ClaimStatus.BOOKED),
        (_revoke, ClaimStatus.RELEASED),
        (_let_it_read, ClaimStatus.RELEASED),
        (_demote_its_maker, ClaimStatus.RELEASED),
        (_lose_its_maker, ClaimStatus.RELEASED),
    ],
)
def test_a_claim_by_a_key_is_booked_only_where_the_key_may_still_book(
    change: Callable[[ApiKey], object], status: str, word: Word, shipper: Organization, carrier: Organization
) -> None:
    load, leg = open_load(shipper), going_home(carrier)
    answer = ApiClient(carrier).post(
        f"/api/v1/loads/{load.public_id}/claims",
        {"truck": leg.truck.public_id, "leg": leg.public_id, "rate": {"amount": "2400.00", "currency": "USD"}}
        | {"load_version": load.version},
        headers={"Idempotency-Key": "k1"},
    )
    held = Claim.objects.get()
    assert held.status == ClaimStatus.PENDING, answer.content
    change(ApiKey.objects.get())
    word(PASSES)
    settled = settle_claim(claim_id=held.public_id)
    assert settled.status == status
    assert Booking.objects.count() == (status == ClaimStatus.BOOKED)


@LEAVINGS
def test_an_acceptance_whose_accepter_may_not_book_any_more_is_released_and_the_offer_stands(
    leave: Leaving, word: Word
) -> None:
    deal = make_deal()
    offer: Offer = offer_by(deal.carrier, deal.leg, deal.load)
    held = accept_offer(actor=deal.shipper, offer_id=offer.public_id, number=1, load_version=offer.load_version)
    assert isinstance(held, Claim)
    leave(deal.shipper)
    word(PASSES)
    settled = settle_claim(claim_id=held.public_id)
    offer.refresh_from_db()
    assert (settled.status, offer.status, Booking.objects.count()) == (ClaimStatus.RELEASED, OfferStatus.LIVE, 0)
    assert settled.told.startswith(f"Who decided this for {deal.shipper.organization} may not book for it any more.")
    assert settled.told.endswith("The accepted offer was not booked. The offer stands again as before.")
