"""Proposals, answers and withdrawals at the same moment: one truck is proposed once, and a refusal always wins."""

import pytest

from brokers.models import Proposal, ProposalStatus
from brokers.services import answer_proposal, proposals, propose_line, withdraw_proposal
from foundation.accounts.models import Organization
from foundation.trade.errors import Conflict
from loads.services import withdraw_load
from matching.models import PlanLine
from matching.plans import InSight
from tests.brokers.plans import make_line, make_plan
from tests.builders import make_actor, make_organization
from tests.events.pump import pump
from tests.matching.pairs import make_pair
from tests.races.at_once import at_once

ROUNDS = 5


@pytest.fixture
def line(db: None) -> PlanLine:
    broker = make_organization("Lakeside Brokers", brokers=True)
    return make_line(make_plan(broker), *make_pair(make_organization(), make_organization(hauls=True)))


def _propose(line: PlanLine) -> Proposal:
    actor = make_actor(line.plan.organization)
    return propose_line(actor=actor, plan_id=line.plan.public_id, line_id=line.public_id)


def _withdraw_load(line: PlanLine) -> None:
    load = line.loads.get().load
    withdraw_load(actor=make_actor(load.organization), load_id=load.public_id)


def _withdrawn_just_before_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Withdraw the load, and let that news be heard, after the line was read and before its postings are locked."""
    locked = proposals._locked

    def too_late(line: PlanLine) -> object:
        _withdraw_load(line)
        pump()
        return locked(line)

    monkeypatch.setattr(proposals, "_locked", too_late)


@pytest.mark.django_db
def test_what_left_the_market_between_reading_and_locking_is_not_proposed(
    line: PlanLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    _withdrawn_just_before_the_lock(monkeypatch)
    with pytest.raises(Conflict, match="left the market"):
        _propose(line)
    assert not Proposal.objects.exists()


@pytest.mark.django_db
def test_without_the_look_under_the_lock_a_withdrawn_load_stays_proposed(
    line: PlanLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    _withdrawn_just_before_the_lock(monkeypatch)
    monkeypatch.setattr(InSight, "why_dropped", lambda _sight, _line: "")
    assert _propose(line).status == ProposalStatus.OPEN
    pump()
    assert Proposal.objects.get().status == ProposalStatus.OPEN


@pytest.mark.django_db(transaction=True)
def test_a_line_that_two_colleagues_propose_at_once_is_proposed_once(line: PlanLine) -> None:
    actors = [make_actor(line.plan.organization) for _ in range(4)]
    names = {"plan_id": line.plan.public_id, "line_id": line.public_id}
    for number in range(ROUNDS):
        failures = at_once(*[lambda actor=actor: propose_line(actor=actor, **names) for actor in actors])
        assert [type(error) for error in failures] == [Conflict] * 3
        proposal = Proposal.objects.get(status=ProposalStatus.OPEN)
        assert Proposal.objects.count() == number + 1
        withdraw_proposal(actor=actors[0], proposal_id=proposal.public_id)


@pytest.mark.django_db(transaction=True)
def test_a_load_withdrawn_while_it_is_proposed_is_not_proposed_in_the_end(line: PlanLine) -> None:
    actor, owner = make_actor(line.plan.organization), make_actor(line.loads.get().load.organization)
    names = {"plan_id": line.plan.public_id, "line_id": line.public_id}
    load_id = line.loads.get().load.public_id
    failures = at_once(
        *[lambda: propose_line(actor=actor, **names), lambda: withdraw_load(actor=owner, load_id=load_id)]
    )
    assert all(isinstance(error, Conflict) for error in failures)
    pump()
    assert not Proposal.objects.filter(status=ProposalStatus.OPEN).exists()


@pytest.mark.django_db(transaction=True)
def test_of_interest_and_refusal_at_once_the_refusal_stands(line: PlanLine) -> None:
    carrier, shipper = line.leg.organization, line.loads.get().load.organization
    proposal = _propose(line)
    words: list[tuple[Organization, str]] = [(carrier, "interested"), (shipper, "declined")]
    actors = {organization.pk: make_actor(organization) for organization, _ in words}
    failures = at_once(
        *[
            lambda who=who, word=word: answer_proposal(
                actor=actors[who.pk], proposal_id=proposal.public_id, answer=word
            )
            for who, word in words
        ]
    )
    assert all(isinstance(error, Conflict) for error in failures)
    proposal.refresh_from_db()
    assert proposal.status == ProposalStatus.DECLINED
