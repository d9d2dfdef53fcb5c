"""Which holds count among a carrier's three of a day: not those of loads that their own side took away."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from brokers.models import Claim, ClaimStatus
from brokers.services import acceptance, claims, held_offers
from brokers.services.bundles import claim_bundle
from brokers.services.claiming import Wanted
from brokers.services.claims import settle_claim
from brokers.services.offers import accept_offer
from brokers.trust import Judgement, RuleResult, take_hold
from brokers.trust.queries import held_lately
from carriers.models import ReturnLeg
from carriers.services import withdraw_leg
from foundation.accounts.models import Organization, RelationshipKind
from foundation.accounts.services import set_relationship
from foundation.accounts.services.organizations import revoke_verification
from foundation.trade.errors import Conflict
from loads.models import Load
from loads.queries import locked_load
from loads.services import edit_load, expire_due_loads, sell_load, withdraw_load
from loads.terms import terms_of
from tests.brokers.bargains import Deal, make_deal, offer_by
from tests.brokers.booked import claim, going_home, local_load, open_load
from tests.builders import make_actor, make_organization, make_truck, now
from tests.events.pump import pump

pytestmark = pytest.mark.usefixtures("db", "straight_roads")

WAITS = Judgement(results=(RuleResult(rule="record", result="hold", sentence="We are asking."),))
FORBIDS = Judgement(results=(RuleResult(rule="authority", result="block", sentence="Its authority was revoked."),))
PASSES = Judgement(results=(RuleResult(rule="record", result="pass"),))


@pytest.fixture(autouse=True)
def judged(monkeypatch: pytest.MonkeyPatch):
    """Let every check wait, until the test says how it ends."""

    def to(judgement: Judgement) -> None:
        for module in (claims, held_offers, acceptance):
            monkeypatch.setattr(module, "judge_claim", lambda **_: judgement)

    to(WAITS)
    return to


def _is_withdrawn(load: Load, carrier: Organization) -> None:
    withdraw_load(actor=make_actor(load.organization), load_id=load.public_id)


def _is_edited(load: Load, carrier: Organization) -> None:
    terms = replace(terms_of(load), rate_cents=2_600_00)
    edit_load(actor=make_actor(load.organization), load_id=load.public_id, version=load.version, terms=terms)


def _is_sold(load: Load, carrier: Organization) -> None:
    broker = make_organization("Lakeside Brokers", brokers=True)
    sell_load(load=locked_load(pk=load.pk), seller=broker, shipper_rate_cents=2_700_00, actor="system", now=now())


def _blocks(one: Organization, other: Organization) -> None:
    actor = make_actor(one, "owner")
    set_relationship(actor=actor, taker_public_id=other.public_id, kind=RelationshipKind.BLOCKED)


def _seller_blocks(load: Load, carrier: Organization) -> None:
    _blocks(load.organization, carrier)


def _seller_is_not_verified(load: Load, carrier: Organization) -> None:
    revoke_verification(public_id_or_name=load.organization.public_id, decided_by="op", reason="A look-alike.")


def _carrier_blocks(load: Load, carrier: Organization) -> None:
    _blocks(carrier, load.organization)


def _both_block(load: Load, carrier: Organization) -> None:
    _blocks(carrier, load.organization)
    _blocks(load.organization, carrier)


def _runs_out(load: Load, carrier: Organization) -> None:
    Load.objects.filter(pk=load.pk).update(expires_at=now() - timedelta(seconds=1))
    expire_due_loads()


def _leg_is_withdrawn(load: Load, carrier: Organization) -> None:
    leg = ReturnLeg.objects.get(organization=carrier)
    withdraw_leg(actor=make_actor(carrier), leg_id=leg.public_id)


def _time_is_over(load: Load, carrier: Organization) -> None:
    Claim.objects.update(made_at=now() - timedelta(minutes=11), held_until=now() - timedelta(seconds=1))


def _counts(carrier: Organization) -> bool:
    return len(held_lately(carrier, now())) == 1


ENDS = pytest.mark.parametrize(
    ("end", "counts"),
    [
        (_is_withdrawn, False),
        (_is_edited, False),
        (_is_sold, False),
        (_seller_blocks, False),
        (_seller_is_not_verified, False),
        (_carrier_blocks, True),
        (_both_block, True),
        (_runs_out, True),
        (_time_is_over, True),
    ],
)


@ENDS
def test_a_claim_on_hold_counts_unless_its_load_was_taken_away_by_its_own_side(
    end, counts: bool, shipper: Organization, carrier: Organization
) -> None:
    load = open_load(shipper)
    held = claim(carrier, load, going_home(carrier))
    assert _counts(carrier), "while it waits it counts"
    end(load, carrier)
    pump()
    settled = settle_claim(claim_id=held.public_id)
    assert settled.status == ClaimStatus.RELEASED
    assert (_counts(carrier), settled.spared) == (counts, not counts)


@ENDS
def test_so_does_an_acceptance_on_hold(end, counts: bool) -> None:
    deal = make_deal()
    _accepted(deal)
    carrier = deal.carrier.organization
    assert _counts(carrier)
    end(deal.load, carrier)
    pump()
    settled = settle_claim(claim_id=Claim.objects.get().public_id)
    assert settled.status == ClaimStatus.RELEASED
    assert (_counts(carrier), settled.spared) == (counts, not counts)


def _accepted(deal: Deal) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    accept_offer(actor=deal.shipper, offer_id=offer.public_id, number=1, load_version=1)


def test_an_acceptance_whose_carrier_takes_its_leg_away_counts() -> None:
    deal = make_deal()
    _accepted(deal)
    withdraw_leg(actor=deal.carrier, leg_id=deal.leg.public_id)
    pump()
    assert Claim.objects.get().status == ClaimStatus.RELEASED
    assert _counts(deal.carrier.organization)


def test_a_check_that_fails_counts_and_one_that_passes_does_not(
    judged, shipper: Organization, carrier: Organization
) -> None:
    first = claim(carrier, open_load(shipper), going_home(carrier))
    second = claim(carrier, open_load(shipper), going_home(carrier, truck=make_truck(carrier)))
    judged(FORBIDS)
    assert settle_claim(claim_id=first.public_id).status == ClaimStatus.RELEASED
    judged(PASSES)
    assert settle_claim(claim_id=second.public_id).status == ClaimStatus.BOOKED
    assert held_lately(carrier, now()) == [Claim.objects.get(pk=first.pk).made_at]


def test_a_friend_who_withdraws_his_loads_gives_no_hold_back_that_was_had_on_others(
    shipper: Organization, carrier: Organization
) -> None:
    friend = make_organization("A friend")
    for _ in range(2):
        held = claim(carrier, open_load(shipper), going_home(carrier, truck=make_truck(carrier)))
        Claim.objects.filter(pk=held.pk).update(
            made_at=now() - timedelta(minutes=11), held_until=now() - timedelta(seconds=1)
        )
        settle_claim(claim_id=held.public_id)
    for _ in range(3):
        load = open_load(friend)
        held = claim(carrier, load, going_home(carrier, truck=make_truck(carrier)))
        with pytest.raises(Conflict, match="put on hold within a day"), transaction.atomic():
            take_hold(carrier=carrier, now=now())  # while the friend's load waits it is the third
        _is_withdrawn(load, carrier)
        settle_claim(claim_id=held.public_id)
    assert len(held_lately(carrier, now())) == 2, "those of others stay counted"
    claim(carrier, open_load(shipper), going_home(carrier, truck=make_truck(carrier)))
    with pytest.raises(Conflict, match="put on hold within a day"):
        claim(carrier, open_load(shipper), going_home(carrier, truck=make_truck(carrier)))


def test_a_friends_load_among_strangers_does_not_spare_the_hold_of_the_bundle(
    shipper: Organization, carrier: Organization
) -> None:
    friend, first = make_organization("A friend"), now() + timedelta(days=6)
    out = local_load(shipper)
    back = open_load(friend, from_place="77002", to_place="75201", opens_at=first, rate_cents=900_00)
    loads = [Wanted(load_id=each.public_id, load_version=each.version) for each in (out, back)]
    truck, by = make_truck(carrier), now() + timedelta(days=14)
    held = claim_bundle(actor=make_actor(carrier), loads=loads, truck_id=truck.public_id, return_home_by=by)
    _is_withdrawn(back, carrier)
    assert settle_claim(claim_id=held.public_id).status == ClaimStatus.RELEASED
    assert _counts(carrier)


def test_a_bundle_of_which_both_loads_were_taken_away_does_not_count(
    shipper: Organization, carrier: Organization
) -> None:
    first = now() + timedelta(days=6)
    out = local_load(shipper)
    back = open_load(shipper, from_place="77002", to_place="75201", opens_at=first, rate_cents=900_00)
    loads = [Wanted(load_id=each.public_id, load_version=each.version) for each in (out, back)]
    truck, by = make_truck(carrier), now() + timedelta(days=14)
    held = claim_bundle(actor=make_actor(carrier), loads=loads, truck_id=truck.public_id, return_home_by=by)
    for load in (out, back):
        _is_withdrawn(load, carrier)
    assert settle_claim(claim_id=held.public_id).status == ClaimStatus.RELEASED
    assert not held_lately(carrier, now())


def test_only_what_was_released_is_spared(shipper: Organization, carrier: Organization) -> None:
    claim(carrier, open_load(shipper), going_home(carrier))
    with pytest.raises(IntegrityError), transaction.atomic():
        Claim.objects.update(spared=True)
