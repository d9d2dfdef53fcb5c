"""Who blocks another, takes a permission back or loses its verification: what cannot go on ends; nobody reads why."""

import json
from datetime import timedelta

import pytest

from brokers.models import (
    Booking,
    BookingStatus,
    Claim,
    ClaimedLoad,
    ClaimStatus,
    Offer,
    OfferStatus,
    Thread,
    ThreadOutcome,
    ThreadStatus,
)
from brokers.services import acceptance, held_offers, lapse_due, propose_line
from brokers.services import claims as claims_service
from brokers.services.offers import accept_offer, withdraw_offer
from brokers.services.tenders import tender_load
from brokers.trust import Judgement, RuleResult
from foundation.accounts.actor import Actor
from foundation.accounts.models import Organization, Relationship, RelationshipKind
from foundation.accounts.services import end_relationship, set_relationship
from foundation.accounts.services.organizations import revoke_verification, verify_organization
from foundation.accounts.services.people import remove_member
from foundation.events.models import AuditEntry, FeedEntry, Mail, Notice, Reaction
from foundation.trade.errors import Conflict, NotFound
from foundation.trade.posting import Status
from loads.models import Load
from loads.services import sell_load
from tests.brokers.bargains import Deal, make_deal, offer_by, seen_by, terms
from tests.brokers.booked import claim, going_home, open_load
from tests.brokers.plans import make_line, make_plan
from tests.builders import make_actor, make_organization, make_person, make_relationship, now
from tests.events.pump import pump, run_task
from tests.matching.pairs import make_pair

pytestmark = pytest.mark.usefixtures("straight_roads")

OVER = (ThreadStatus.LAPSED, ThreadOutcome.CANNOT_DEAL)
TELLING = ("block", "verif", "relationship")


@pytest.fixture
def deal(db: None) -> Deal:
    return make_deal()


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no claim be judged for now, so that each is put on hold."""
    waits = Judgement(results=(RuleResult(rule="record", result="hold", sentence="We wait for the registry."),))
    monkeypatch.setattr(claims_service, "judge_claim", lambda **_: waits)


def _block(who: Actor, whom: Organization) -> Relationship:
    return set_relationship(actor=who, taker_public_id=whom.public_id, kind=RelationshipKind.BLOCKED)


def _stands(offer: Offer) -> tuple[str, str, str]:
    offer.refresh_from_db()
    thread = Thread.objects.get(pk=offer.thread_id)
    return thread.status, thread.outcome, offer.status


def _read_by(organization: Organization) -> str:
    """Return all that an organization can read of what happened, save its own relationships."""
    theirs = {"organization_id": organization.public_id}
    facts = FeedEntry.objects.filter(**theirs).exclude(event__name="relationship.changed")
    audit = AuditEntry.objects.filter(**theirs).exclude(action__startswith="relationship.")
    return json.dumps(
        [
            list(Notice.objects.filter(**theirs).values_list("text", flat=True)),
            list(Mail.objects.filter(**theirs).values_list("text", flat=True)),
            list(facts.values_list("payload", flat=True)),
            list(audit.values_list("action", "changes")),
        ]
    ).lower()


@pytest.mark.parametrize("by_seller", [True, False])
def test_a_block_ends_the_open_negotiations_of_the_two_and_no_others(deal: Deal, by_seller: bool) -> None:
    theirs, rivals = offer_by(deal.carrier, deal.leg, deal.load), offer_by(deal.rival, deal.rival_leg, deal.load)
    blocker, blocked = (deal.shipper, deal.carrier) if by_seller else (deal.carrier, deal.shipper)
    pump()
    _block(blocker, blocked.organization)
    with pytest.raises(Conflict) as refusal:  # from the first moment on, also before the task has run
        accept_offer(actor=deal.shipper, offer_id=theirs.public_id, number=1, load_version=1)
    assert refusal.value.code == "cannot_deal"
    pump()
    assert _stands(theirs) == (*OVER, OfferStatus.LAPSED)
    assert _stands(rivals) == (ThreadStatus.OPEN, "", OfferStatus.LIVE)
    said = {}
    for side in (deal.shipper.organization, deal.carrier.organization):
        assert seen_by(side, "thread.closed") == 1
        notice = Notice.objects.get(organization_id=side.public_id, event__name="thread.closed")
        said[side.pk] = notice.text.partition(": ")[2]
        assert not any(word in _read_by(side) for word in TELLING), "it reads why"
    assert len(set(said.values())) == 1
    assert "Thank you" in said[deal.carrier.organization.pk]
    assert seen_by(deal.rival.organization, "thread.closed") == 0
    assert not Booking.objects.exists()


def test_what_ends_by_a_block_ends_once_however_often_its_task_runs(deal: Deal) -> None:
    offer_by(deal.carrier, deal.leg, deal.load)
    block = _block(deal.shipper, deal.carrier.organization)
    pump()
    told = Notice.objects.count(), Mail.objects.count(), FeedEntry.objects.count()
    Reaction.objects.filter(task="brokers.part_related").update(done_at=None)
    run_task("brokers.part_related", [block.public_id], 10**9)
    pump()
    assert (Notice.objects.count(), Mail.objects.count(), FeedEntry.objects.count()) == told


def test_a_shipper_that_blocks_a_carrier_ends_what_its_broker_negotiates_with_it(deal: Deal) -> None:
    broker = make_actor(make_organization("Lakeside", brokers=True))
    tender = tender_load(actor=broker, load_id=deal.load.public_id, terms=terms(deal.load, 2_600), load_version=1)
    load = accept_offer(actor=deal.shipper, offer_id=tender.public_id, number=1, load_version=1)
    offer = offer_by(deal.carrier, deal.leg, load)
    _block(deal.shipper, deal.carrier.organization)
    with pytest.raises(Conflict) as refusal:
        accept_offer(actor=broker, offer_id=offer.public_id, number=1, load_version=load.version)
    assert refusal.value.code == "cannot_deal"
    pump()
    assert _stands(offer) == (*OVER, OfferStatus.LAPSED)
    load.refresh_from_db()
    assert (load.seller, load.status) == (broker.organization, Status.OPEN), "the sale stands"
    for each in (broker.organization, deal.carrier.organization):
        assert not any(word in _read_by(each) for word in TELLING)


def test_a_block_ends_an_open_tender_and_leaves_a_booking_as_it_is(deal: Deal) -> None:
    broker = make_actor(make_organization("Lakeside", brokers=True))
    tender = tender_load(actor=broker, load_id=deal.load.public_id, terms=terms(deal.load, 2_600), load_version=1)
    other = open_load(deal.shipper.organization)
    booking = claim(deal.carrier.organization, other, going_home(deal.carrier.organization)).loads.get().booking
    _block(deal.shipper, broker.organization)
    _block(deal.shipper, deal.carrier.organization)
    pump()
    assert _stands(tender) == (*OVER, OfferStatus.LAPSED)
    booking.refresh_from_db()
    assert booking.status == BookingStatus.BOOKED


def test_a_block_releases_a_claim_on_hold_and_the_load_is_free(
    shipper: Organization, carrier: Organization, held: None
) -> None:
    load = open_load(shipper)
    made = claim(carrier, load, going_home(carrier))
    assert made.status == ClaimStatus.PENDING
    _block(make_actor(shipper), carrier)
    pump()
    made.refresh_from_db()
    assert (made.status, made.outcome) == (ClaimStatus.RELEASED, "The load is not in your sight any more.")
    assert not ClaimedLoad.objects.filter(is_held=True).exists()
    load.refresh_from_db()
    assert load.status == Status.OPEN
    assert not any(word in _read_by(carrier) for word in TELLING)


@pytest.mark.parametrize("is_blocked", [True, False])
def test_a_load_whose_broker_is_suspended_or_blocked_cannot_be_claimed_nor_stays_on_hold(
    shipper: Organization,
    carrier: Organization,
    broker: Organization,
    monkeypatch: pytest.MonkeyPatch,
    is_blocked: bool,
) -> None:
    load = open_load(shipper, rate_cents=None, book_now=False)
    sell_load(load=load, seller=broker, shipper_rate_cents=2_700_00, actor="system", now=now())
    Load.objects.filter(pk=load.pk).update(rate_cents=2_400_00, book_now=True)
    load.refresh_from_db()
    waits = Judgement(results=(RuleResult(rule="record", result="hold", sentence="We wait for the registry."),))
    with monkeypatch.context() as held:
        held.setattr(claims_service, "judge_claim", lambda **_: waits)
        made = claim(carrier, load, going_home(carrier))
        assert made.status == ClaimStatus.PENDING
        if is_blocked:
            _block(make_actor(broker), carrier)
        else:
            revoke_verification(public_id_or_name=broker.public_id, decided_by="operator")
        pump()
    made.refresh_from_db()
    assert made.status == ClaimStatus.RELEASED
    with pytest.raises(NotFound):
        claim(carrier, load, going_home(carrier))
    assert not Booking.objects.exists()


def test_a_block_ends_what_was_accepted_and_waits_for_a_check(deal: Deal, monkeypatch: pytest.MonkeyPatch) -> None:
    waits = Judgement(results=(RuleResult(rule="record", result="hold", sentence="We wait for the registry."),))
    for module in (acceptance, held_offers):
        monkeypatch.setattr(module, "judge_claim", lambda **_: waits)
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    hold = accept_offer(actor=deal.shipper, offer_id=offer.public_id, number=1, load_version=1)
    assert isinstance(hold, Claim)
    pump()
    _block(deal.carrier, deal.shipper.organization)
    pump()
    hold.refresh_from_db()
    assert hold.status == ClaimStatus.RELEASED
    assert _stands(offer) == (*OVER, OfferStatus.LAPSED)
    assert not ClaimedLoad.objects.filter(is_held=True).exists()
    assert not Booking.objects.exists()
    for side in (deal.shipper.organization, deal.carrier.organization):
        assert not any(word in _read_by(side) for word in TELLING[:1])


def test_a_permission_that_ends_lapses_the_brokers_proposal_and_its_claim_and_leaves_the_side_its_thread(
    deal: Deal, broker: Organization, held: None
) -> None:
    carrier, agent = deal.carrier.organization, make_actor(broker)
    given = make_relationship(carrier, broker, RelationshipKind.REPRESENTS)
    line = make_line(make_plan(broker), *make_pair(make_organization("Shipper"), carrier))
    proposal = propose_line(actor=agent, plan_id=line.plan.public_id, line_id=line.public_id)
    offer = offer_by(agent, deal.leg, deal.load)
    made = claim(carrier, open_load(make_organization()), going_home(carrier), actor=agent)
    pump()
    proposal.refresh_from_db()
    assert (proposal.status, made.status) == ("open", ClaimStatus.PENDING)
    end_relationship(actor=deal.carrier, relationship_id=given.public_id)
    pump()
    proposal.refresh_from_db()
    made.refresh_from_db()
    assert (proposal.status, made.status) == ("lapsed", ClaimStatus.RELEASED)
    assert _stands(offer) == (ThreadStatus.OPEN, "", OfferStatus.LIVE)
    with pytest.raises(NotFound):
        withdraw_offer(actor=agent, offer_id=offer.public_id)
    assert withdraw_offer(actor=deal.carrier, offer_id=offer.public_id).status == OfferStatus.WITHDRAWN


def test_a_permission_that_runs_out_by_itself_lapses_the_proposal_with_the_next_sweep(
    shipper: Organization, carrier: Organization, broker: Organization
) -> None:
    given = make_relationship(carrier, broker, RelationshipKind.REPRESENTS)
    line = make_line(make_plan(broker), *make_pair(shipper, carrier))
    proposal = propose_line(actor=make_actor(broker), plan_id=line.plan.public_id, line_id=line.public_id)
    assert lapse_due() == 0
    Relationship.objects.filter(pk=given.pk).update(valid_until=now() - timedelta(seconds=1))
    assert lapse_due() == 1
    proposal.refresh_from_db()
    assert proposal.status == "lapsed"
    assert lapse_due() == 0


@pytest.mark.parametrize(
    "pair", [("carrier", "shipper"), ("shipper", "carrier"), ("broker", "shipper"), ("carrier", "broker")]
)
def test_a_block_between_any_two_of_a_proposal_that_have_to_deal_lapses_it(
    shipper: Organization, carrier: Organization, broker: Organization, pair: tuple[str, str]
) -> None:
    cast = {"shipper": shipper, "carrier": carrier, "broker": broker}
    line = make_line(make_plan(broker), *make_pair(shipper, carrier))
    proposal = propose_line(actor=make_actor(broker), plan_id=line.plan.public_id, line_id=line.public_id)
    pump()
    _block(make_actor(cast[pair[0]]), cast[pair[1]])
    pump()
    proposal.refresh_from_db()
    assert proposal.status == "lapsed"


@pytest.mark.parametrize("who", ["carrier", "shipper"])
def test_who_is_not_verified_any_more_has_nothing_left_on_the_table_and_may_begin_anew_later(
    deal: Deal, who: str
) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    suspended = {"carrier": deal.carrier, "shipper": deal.shipper}[who].organization
    revoke_verification(public_id_or_name=suspended.public_id, decided_by="operator", reason="A look is due.")
    pump()
    assert _stands(offer) == (*OVER, OfferStatus.LAPSED)
    other = deal.shipper.organization if who == "carrier" else deal.carrier.organization
    assert not any(word in _read_by(other) for word in TELLING)
    Organization.objects.filter(pk=suspended.pk).update(usdot_number="4444444")
    verify_organization(public_id_or_name=suspended.public_id, decided_by="operator")
    for actor in (deal.carrier, deal.shipper):
        actor.organization.refresh_from_db()
    again = offer_by(deal.carrier, deal.leg, deal.load)
    assert again.status == OfferStatus.LIVE


@pytest.mark.parametrize("who", ["carrier", "shipper"])
def test_a_claim_on_hold_is_released_when_a_side_is_not_verified_any_more(
    shipper: Organization, carrier: Organization, held: None, who: str
) -> None:
    made = claim(carrier, open_load(shipper), going_home(carrier))
    suspended = {"carrier": carrier, "shipper": shipper}[who]
    revoke_verification(public_id_or_name=suspended.public_id, decided_by="operator")
    pump()
    assert Claim.objects.get(pk=made.pk).status == ClaimStatus.RELEASED


def test_an_offer_stands_when_the_person_who_made_it_leaves_for_it_binds_the_company(deal: Deal) -> None:
    company = deal.carrier.organization
    owner = make_actor(company)
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    gone = deal.carrier.person
    pump()
    before = Mail.objects.filter(recipient=gone.email).count()
    remove_member(actor=owner, person_public_id=gone.public_id)
    booking = accept_offer(actor=deal.shipper, offer_id=offer.public_id, number=1, load_version=1)
    pump()
    assert isinstance(booking, Booking)
    assert Mail.objects.filter(recipient=gone.email).count() == before, "news of a company that is not theirs any more"
    assert Notice.objects.filter(organization_id=company.public_id, event__name="booking.made").count() == 1


def test_the_last_answer_to_a_blocked_side_is_that_the_negotiation_is_over(deal: Deal) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    make_person(deal.carrier.organization)
    _block(deal.shipper, deal.carrier.organization)
    pump()
    with pytest.raises(Conflict) as refusal:
        withdraw_offer(actor=deal.carrier, offer_id=offer.public_id)
    assert refusal.value.code == "offer_lapsed"
    assert "block" not in refusal.value.sentence
