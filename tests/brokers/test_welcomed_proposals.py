"""What a welcomed proposal leads to: a negotiation or a claim with its truck; and its end when that is booked."""

from collections.abc import Callable

import pytest
from django.test import Client

from brokers.models import Proposal, ProposalStatus
from brokers.services import accept_offer, answer_proposal, propose_line
from brokers.services.threads import open_thread
from brokers.terms import posted_terms
from foundation.accounts.models import Organization
from foundation.trade import clock
from matching.models import PlanLine
from tests.brokers.plans import make_line, make_plan
from tests.builders import make_actor
from tests.events.pump import pump
from tests.matching.pairs import make_pair
from tests.rest.clients import ApiClient

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]


@pytest.fixture
def line(broker: Organization, shipper: Organization, carrier: Organization) -> PlanLine:
    return make_line(make_plan(broker), *make_pair(shipper, carrier))


def _propose(line: PlanLine) -> Proposal:
    return propose_line(actor=make_actor(line.plan.organization), plan_id=line.plan.public_id, line_id=line.public_id)


def _threads(viewer: Organization, proposal: Proposal) -> list[str]:
    answer = ApiClient(viewer).get(f"/api/v1/proposals/{proposal.public_id}")
    assert answer.status_code == 200, answer.content
    found: list[str] = answer.json()["threads"]
    return found


def test_a_welcomed_proposal_lists_the_negotiations_it_led_to_for_those_who_may_read_them(
    line: PlanLine,
    broker: Organization,
    shipper: Organization,
    carrier: Organization,
    sign_in: Callable[..., Client],
) -> None:
    proposal = _propose(line)
    for party in (carrier, shipper):
        answer_proposal(actor=make_actor(party), proposal_id=proposal.public_id, answer="interested")
    proposal.refresh_from_db()
    assert proposal.status == ProposalStatus.WELCOMED
    load = line.loads.get().load
    page = sign_in(carrier).get(f"/proposals/{proposal.public_id}/").content.decode()
    assert f"/bargain/loads/{load.public_id}/?leg={line.leg.public_id}" in page
    offer = open_thread(
        actor=make_actor(carrier),
        load_id=load.public_id,
        leg_id=line.leg.public_id,
        terms=posted_terms(load, rate_cents=2_300_00),
        load_version=load.version,
    )
    assert _threads(carrier, proposal) == [offer.thread.public_id]
    assert _threads(shipper, proposal) == [offer.thread.public_id]
    assert _threads(broker, proposal) == []


def test_an_open_proposal_lapses_when_its_load_is_booked(
    line: PlanLine, shipper: Organization, carrier: Organization
) -> None:
    proposal = _propose(line)
    load = line.loads.get().load
    offer = open_thread(
        actor=make_actor(carrier),
        load_id=load.public_id,
        leg_id=line.leg.public_id,
        terms=posted_terms(load, rate_cents=2_300_00),
        load_version=load.version,
    )
    accept_offer(actor=make_actor(shipper), offer_id=offer.public_id, number=1, load_version=load.version)
    wiring = {"load.covered": ("brokers.lapse_proposals",), "leg.covered": ("brokers.lapse_proposals",)}
    pump(wiring)
    proposal.refresh_from_db()
    assert proposal.status == ProposalStatus.LAPSED
    assert proposal.closed_at is not None
    assert proposal.closed_at <= clock.now()
