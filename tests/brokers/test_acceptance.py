"""Accepting: the handshake, who may give it, and what becomes of everybody else."""

from dataclasses import replace
from datetime import timedelta

import pytest

from brokers.models import Booking, Claim, Offer, OfferStatus, Thread, ThreadOutcome, ThreadStatus
from brokers.services import acceptance, held_offers
from brokers.services.claims import settle_claim
from brokers.services.offers import accept_offer, counter_offer, withdraw_offer
from brokers.services.tenders import tender_load
from brokers.trust import Judgement, RuleResult
from foundation.accounts.models import Organization, RelationshipKind
from foundation.trade import clock
from foundation.trade.errors import Conflict, Forbidden, Invalid, NotFound
from foundation.trade.posting import Status
from loads.services import edit_load
from loads.terms import terms_of as load_terms_of
from tests.brokers.bargains import Deal, make_deal, offer_by, seen_by, terms
from tests.builders import make_actor, make_load, make_organization, make_relationship, make_truck, now


@pytest.fixture
def deal(db: None) -> Deal:
    return make_deal()


def _accept(actor, offer: Offer, **fields):
    fields.setdefault("number", offer.number)
    fields.setdefault("load_version", offer.load_version)
    return accept_offer(actor=actor, offer_id=offer.public_id, **fields)


def test_accepting_books_the_load_on_the_offers_terms_and_lapses_the_rivals(deal: Deal) -> None:
    offer, rival = offer_by(deal.carrier, deal.leg, deal.load), offer_by(deal.rival, deal.rival_leg, deal.load, 2_250)
    booking = _accept(deal.shipper, offer)
    assert isinstance(booking, Booking)
    assert (booking.rate_cents, booking.offer, booking.carrier) == (2_300_00, offer, deal.carrier.organization)
    deal.load.refresh_from_db()
    assert deal.load.status == Status.COVERED
    offer.refresh_from_db()
    rival.refresh_from_db()
    assert (offer.status, rival.status) == (OfferStatus.ACCEPTED, OfferStatus.LAPSED)
    assert (Thread.objects.get(pk=offer.thread_id).status, Thread.objects.get(pk=rival.thread_id).outcome) == (
        ThreadStatus.AGREED,
        ThreadOutcome.BOOKED_ELSEWHERE,
    )
    for side in (deal.shipper, deal.carrier):
        assert seen_by(side.organization, "booking.made") == 1
    assert seen_by(deal.rival.organization, "thread.closed") == 1
    assert seen_by(deal.rival.organization, "booking.made") == 0
    with pytest.raises(Conflict, match="has been accepted already"):
        _accept(deal.shipper, offer)
    with pytest.raises(Conflict, match="lapsed"):
        _accept(deal.shipper, rival)


def test_one_does_not_accept_ones_own_offer(deal: Deal) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    with pytest.raises(Conflict, match="your own offer"):
        _accept(deal.carrier, offer)


def test_another_companys_offer_is_not_there(deal: Deal) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    with pytest.raises(NotFound):
        _accept(deal.rival, offer)


def test_an_offer_that_expired_a_second_ago_is_not_accepted(deal: Deal, monkeypatch: pytest.MonkeyPatch) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    late = offer.expires_at + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: late)
    with pytest.raises(Conflict, match="Offer 1 expired") as refused:
        _accept(deal.shipper, offer)
    assert refused.value.code == "offer_expired"
    assert not Booking.objects.exists()


def test_what_runs_out_while_waiting_for_locks_is_not_accepted(deal: Deal, monkeypatch: pytest.MonkeyPatch) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    booked = acceptance.book

    def slowly(**fields):
        booking = booked(**fields)
        monkeypatch.setattr(clock, "now", lambda: offer.expires_at)
        return booking

    monkeypatch.setattr(acceptance, "book", slowly)
    with pytest.raises(Conflict, match="expired"):
        _accept(deal.shipper, offer)
    assert not Booking.objects.exists()


def test_an_acceptance_names_the_number_and_the_version_that_stand(deal: Deal) -> None:
    first = offer_by(deal.carrier, deal.leg, deal.load)
    second = counter_offer(
        actor=deal.shipper,
        thread_id=first.thread.public_id,
        terms=terms(deal.load, 2_350),
        on_number=1,
        load_version=1,
    )
    with pytest.raises(Conflict, match=r"answered by another offer. What stands now is offer 2 of \$2,350.00"):
        _accept(deal.shipper, first)
    with pytest.raises(Conflict, match="You accepted offer 1, but this is offer 2"):
        _accept(deal.carrier, second, number=1)
    with pytest.raises(Conflict, match="version 7, it is now version 1"):
        _accept(deal.carrier, second, load_version=7)
    assert _accept(deal.carrier, second).rate_cents == 2_350_00


def test_an_edited_load_is_not_accepted_on_the_old_offer_before_any_task_has_run(deal: Deal) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    changed = replace(load_terms_of(deal.load), weight_pounds=30_000)
    edit_load(actor=deal.shipper, load_id=deal.load.public_id, version=1, terms=changed)
    for version, words in ((1, "it is now version 2"), (2, "was made on version 1 of the load")):
        with pytest.raises(Conflict, match=words):
            _accept(deal.shipper, offer, load_version=version)


def test_a_withdrawn_offer_is_not_accepted(deal: Deal) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    withdraw_offer(actor=deal.carrier, offer_id=offer.public_id)
    with pytest.raises(Conflict, match="withdrawn by Ruiz Trucking"):
        _accept(deal.shipper, offer)


def test_a_rate_of_ten_times_the_lane_is_accepted_once_confirmed(deal: Deal) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load, 30_000, confirmed=True)
    with pytest.raises(Invalid) as refused:
        _accept(deal.shipper, offer)
    assert refused.value.problems[0].code == "needs_confirmation"
    assert _accept(deal.shipper, offer, confirmed=True).rate_cents == 30_000_00


def test_trust_refuses_and_the_offer_stays(deal: Deal, monkeypatch: pytest.MonkeyPatch) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    secret = RuleResult(rule="same_bank", result="block", sentence="Your bank account is another carrier's.")
    monkeypatch.setattr(acceptance, "judge_claim", lambda **_: Judgement(results=(secret,)))
    with pytest.raises(Conflict, match=r"offer still stands") as refused:
        _accept(deal.shipper, offer)
    assert "bank" not in refused.value.sentence
    assert refused.value.code == "not_trusted"
    offer.refresh_from_db()
    assert offer.status == OfferStatus.LIVE


def test_the_seller_does_not_read_why_the_truck_cannot_come(deal: Deal) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    other = make_load(make_organization(), opens_at=deal.load.first_stop.opens_at)
    taken = offer_by(deal.carrier, deal.leg, other)
    _accept(make_actor(other.organization), taken)
    assert Thread.objects.get(pk=offer.thread_id).outcome == ThreadOutcome.TRUCK_TAKEN
    with pytest.raises(Conflict, match="lapsed"):
        _accept(deal.shipper, offer)


def test_a_tender_that_the_shipper_accepts_makes_the_broker_the_seller(deal: Deal) -> None:
    broker, other = (make_actor(make_organization(name, brokers=True)) for name in ("Lakeside", "Riverside"))
    carriage = offer_by(deal.carrier, deal.leg, deal.load)
    tenders = [
        tender_load(actor=actor, load_id=deal.load.public_id, terms=terms(deal.load, 2_600), load_version=1)
        for actor in (broker, other)
    ]
    with pytest.raises(NotFound):
        _accept(other, tenders[0])
    load = _accept(deal.shipper, tenders[0])
    assert (load.seller, load.shipper_rate_cents, load.status) == (broker.organization, 2_600_00, Status.OPEN)
    outcomes = dict(Thread.objects.values_list("pk", "outcome"))
    assert outcomes[tenders[0].thread_id] == ThreadOutcome.AGREED
    assert outcomes[tenders[1].thread_id] == ThreadOutcome.SOLD_ELSEWHERE
    assert outcomes[carriage.thread_id] == ThreadOutcome.SOLD
    assert not Booking.objects.exists()
    again = offer_by(deal.carrier, deal.leg, load)
    assert again.thread.seller == broker.organization
    booking = _accept(broker, again)
    assert (booking.seller, booking.shipper_rate_cents) == (broker.organization, 2_600_00)


def test_only_brokers_tender_and_nobody_is_represented_in_a_tender(deal: Deal) -> None:
    with pytest.raises(Forbidden):
        tender_load(actor=deal.carrier, load_id=deal.load.public_id, terms=terms(deal.load), load_version=1)
    broker, agent = (make_actor(make_organization(name, brokers=True)) for name in ("Lakeside", "Agent"))
    make_relationship(deal.shipper.organization, agent.organization, RelationshipKind.REPRESENTS)
    make_relationship(deal.shipper.organization, broker.organization, RelationshipKind.REPRESENTS)
    tender = tender_load(actor=broker, load_id=deal.load.public_id, terms=terms(deal.load), load_version=1)
    with pytest.raises(NotFound):
        _accept(agent, tender)
    with pytest.raises(Conflict, match="own offer"):
        _accept(broker, tender)


def _has_claimed(who: Organization, *, times: int) -> None:
    """Let a carrier have claimed so many loads ten minutes ago."""
    at, truck = now() - timedelta(minutes=10), make_truck(who)
    for _ in range(times):
        Claim.objects.create(
            carrier=who, truck=truck, status="released", made_at=at, closed_at=at, made_by_organization=who
        )


def _is_new(who: Organization) -> None:
    Organization.objects.filter(pk=who.pk).update(verified_at=now() - timedelta(days=3))


def test_a_new_account_that_claimed_three_times_while_it_was_judged_is_refused_under_the_lock(
    deal: Deal, monkeypatch: pytest.MonkeyPatch
) -> None:
    _is_new(deal.carrier.organization)
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    _has_claimed(deal.carrier.organization, times=3)
    monkeypatch.setattr(acceptance, "judge_claim", lambda **_: Judgement(results=()))
    with pytest.raises(Conflict, match="rules of trust") as refused:
        _accept(deal.shipper, offer)
    assert refused.value.code == "not_trusted", "how often the carrier claims is not the seller's to read"
    offer.refresh_from_db()
    assert (offer.status, Booking.objects.count()) == (OfferStatus.LIVE, 0)
    counter = counter_offer(
        actor=deal.shipper,
        thread_id=offer.thread.public_id,
        terms=terms(deal.load, 2_350),
        on_number=1,
        load_version=1,
    )
    with pytest.raises(Conflict, match="books 3 loads an hour at most") as refused:
        _accept(deal.carrier, counter)
    assert refused.value.code == "pace"


@pytest.mark.parametrize(("times", "status"), [(2, "booked"), (3, "released")])
def test_an_acceptance_on_hold_is_booked_at_a_new_accounts_pace(
    times: int, status: str, deal: Deal, monkeypatch: pytest.MonkeyPatch
) -> None:
    _is_new(deal.carrier.organization)
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    waits = Judgement(results=(RuleResult(rule="record", result="hold", sentence="We are asking."),))
    monkeypatch.setattr(acceptance, "judge_claim", lambda **_: waits)
    monkeypatch.setattr(held_offers, "judge_claim", lambda **_: Judgement(results=()))
    hold = _accept(deal.shipper, offer)
    assert isinstance(hold, Claim)
    _has_claimed(deal.carrier.organization, times=times)
    settled = settle_claim(claim_id=hold.public_id)
    assert (settled.status, Booking.objects.count()) == (status, times == 2)
    if status == "released":
        assert "books 3 loads an hour at most" in settled.outcome
        assert "rules of trust" in settled.told
        offer.refresh_from_db()
        assert offer.status == OfferStatus.LIVE
