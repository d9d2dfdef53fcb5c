"""Proposals: who is asked what, how they end, and what each side reads."""

import json
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from brokers.models import PROPOSAL_MOVES, Proposal, ProposalParty, ProposalStatus
from brokers.services import answer_proposal, lapse_due, propose_line, withdraw_proposal
from carriers.services.legs import withdraw_leg
from foundation.accounts.models import RelationshipKind
from foundation.events.models import FeedEntry, Notice
from foundation.trade import clock
from foundation.trade.errors import Conflict, Forbidden, Invalid, NotFound
from loads.services import edit_load, withdraw_load
from matching.models import PlanLine
from tests.brokers.plans import chain_of_two, make_line, make_plan
from tests.builders import load_terms, make_actor, make_leg, make_load, make_organization, make_relationship
from tests.events.pump import pump
from tests.matching.pairs import make_pair, set_costs
from tests.reading import stands_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def line(broker, shipper, carrier) -> PlanLine:
    return make_line(make_plan(broker), *make_pair(shipper, carrier))


def propose(line: PlanLine) -> Proposal:
    return propose_line(actor=make_actor(line.plan.organization), plan_id=line.plan.public_id, line_id=line.public_id)


def heard(organization, name: str) -> list[dict]:
    rows = FeedEntry.objects.filter(organization_id=organization.public_id, event__name=name)
    return [row.payload for row in rows.order_by("pk")]


def test_a_broker_that_represents_nobody_makes_a_suggestion_of_a_day_to_both(line, shipper, carrier):
    found = propose(line)
    assert (found.kind, found.status) == ("suggestion", "open")
    assert found.expires_at - found.made_at == timedelta(hours=24)
    parties = {party.organization: party for party in found.parties.all()}
    assert set(parties) == {shipper, carrier}
    assert all(party.is_asked and not party.is_represented for party in parties.values())
    assert [party.role for party in (parties[carrier], parties[shipper])] == ["carrier", "shipper"]
    assert found.loads.get().rate_cents == 2_400_00


def test_a_broker_that_represents_a_side_makes_an_offer_of_half_an_hour_and_asks_the_other(
    line, broker, shipper, carrier
):
    make_relationship(shipper, broker, RelationshipKind.REPRESENTS)
    found = propose(line)
    assert found.kind == "offer"
    assert found.expires_at - found.made_at == timedelta(minutes=30)
    parties = {party.organization: party for party in found.parties.all()}
    assert (parties[shipper].is_represented, parties[shipper].is_asked) == (True, False)
    assert (parties[carrier].is_represented, parties[carrier].is_asked) == (False, True)


def test_a_broker_that_represents_both_is_shown_so_to_both_and_asks_both(line, broker, shipper, carrier, sign_in):
    for giver in (shipper, carrier):
        make_relationship(giver, broker, RelationshipKind.REPRESENTS)
    found = propose(line)
    assert all(party.is_asked and party.is_represented for party in found.parties.all())
    for party in (shipper, carrier):
        page = sign_in(party).get(f"/proposals/{found.public_id}/").content.decode()
        assert "Lakeside Brokers represents both sides" in page


def test_everybody_asked_is_interested_and_so_it_is_welcomed(line, broker, shipper, carrier):
    found = propose(line)
    answered = answer_proposal(actor=make_actor(carrier), proposal_id=found.public_id, answer="interested")
    assert answered.status == "open"
    answered = answer_proposal(actor=make_actor(shipper), proposal_id=found.public_id, answer="interested")
    assert answered.status == "welcomed"
    assert [len(heard(who, "proposal.closed")) for who in (broker, shipper, carrier)] == [1, 1, 1]
    assert len(heard(broker, "proposal.answered")) == 2
    assert len(heard(carrier, "proposal.answered")) == len(heard(shipper, "proposal.answered")) == 1


def test_one_refusal_closes_it_and_tells_the_others_no_name(line, broker, shipper, carrier):
    found = propose(line)
    answer_proposal(actor=make_actor(carrier), proposal_id=found.public_id, answer="declined")
    found.refresh_from_db()
    assert found.status == "declined"
    told = heard(shipper, "proposal.closed")[0]
    assert told["status"] == "declined"
    assert carrier.name not in json.dumps(told)
    assert "parties" not in told
    assert Notice.objects.filter(organization_id=broker.public_id, text__contains="Ruiz Trucking declined").exists()


def test_a_represented_party_that_is_not_asked_may_decline_all_the_same(line, broker, shipper):
    make_relationship(shipper, broker, RelationshipKind.REPRESENTS)
    found = propose(line)
    answer_proposal(actor=make_actor(shipper), proposal_id=found.public_id, answer="declined")
    found.refresh_from_db()
    assert found.status == "declined"


def test_the_word_of_a_represented_side_does_not_stand_for_the_asked_one(line, broker, shipper, carrier):
    make_relationship(shipper, broker, RelationshipKind.REPRESENTS)
    found = propose(line)
    answer_proposal(actor=make_actor(shipper), proposal_id=found.public_id, answer="interested")
    found.refresh_from_db()
    assert found.status == "open"
    answer_proposal(actor=make_actor(carrier), proposal_id=found.public_id, answer="interested")
    found.refresh_from_db()
    assert found.status == "welcomed"


def test_the_same_word_twice_is_once_and_interest_may_turn_into_a_refusal(line, broker, carrier):
    found = propose(line)
    for _ in range(2):
        answer_proposal(actor=make_actor(carrier), proposal_id=found.public_id, answer="interested")
    assert len(heard(broker, "proposal.answered")) == 1
    answer_proposal(actor=make_actor(carrier), proposal_id=found.public_id, answer="declined")
    answer_proposal(actor=make_actor(carrier), proposal_id=found.public_id, answer="declined")
    with pytest.raises(Conflict):
        answer_proposal(actor=make_actor(carrier), proposal_id=found.public_id, answer="interested")


def test_a_word_after_the_end_is_refused_by_the_databases_clock(line, carrier, monkeypatch):
    found = propose(line)
    late = found.expires_at
    monkeypatch.setattr(clock, "now", lambda: late)
    with pytest.raises(Conflict, match="not open any more"):
        answer_proposal(actor=make_actor(carrier), proposal_id=found.public_id, answer="interested")
    assert lapse_due() == 1
    assert lapse_due() == 0
    found.refresh_from_db()
    assert found.status == "lapsed"


def test_what_a_stranger_may_not_do(line, broker):
    found = propose(line)
    stranger = make_organization("Stranger", brokers=True)
    for deed in (
        lambda: answer_proposal(actor=make_actor(stranger), proposal_id=found.public_id, answer="interested"),
        lambda: withdraw_proposal(actor=make_actor(stranger), proposal_id=found.public_id),
        lambda: propose_line(actor=make_actor(stranger), plan_id=line.plan.public_id, line_id=line.public_id),
        # the broker made it: it has no word on it
        lambda: answer_proposal(actor=make_actor(broker), proposal_id=found.public_id, answer="interested"),
    ):
        with pytest.raises(NotFound):
            deed()


def test_roles_that_only_read_do_not_answer_propose_or_withdraw(line, carrier, broker):
    found = propose(line)
    for deed in (
        lambda: answer_proposal(actor=make_actor(carrier, "viewer"), proposal_id=found.public_id, answer="declined"),
        lambda: withdraw_proposal(actor=make_actor(broker, "viewer"), proposal_id=found.public_id),
        lambda: propose_line(actor=make_actor(broker, "viewer"), plan_id=line.plan.public_id, line_id=line.public_id),
    ):
        with pytest.raises(Forbidden):
            deed()


def test_an_unknown_word_names_the_field(line, carrier):
    with pytest.raises(Invalid) as refusal:
        answer_proposal(actor=make_actor(carrier), proposal_id=propose(line).public_id, answer="maybe")
    assert refusal.value.problems[0].field == "answer"


def test_a_line_is_proposed_once_at_a_time(line):
    found = propose(line)
    with pytest.raises(Conflict, match="open proposal for this truck"):
        propose(line)
    withdraw_proposal(actor=make_actor(found.broker), proposal_id=found.public_id)
    assert propose(line).status == "open"


def test_what_the_parties_declined_is_not_put_before_them_again_also_from_a_newer_plan(line, broker, shipper, carrier):
    answer_proposal(actor=make_actor(carrier), proposal_id=propose(line).public_id, answer="declined")
    with pytest.raises(Conflict, match="declined just this already"):
        propose(line)
    load = line.loads.get().load
    with pytest.raises(Conflict, match="declined just this already"):
        propose(make_line(make_plan(broker), line.leg, load))
    edit_load(
        actor=make_actor(shipper), load_id=load.public_id, version=load.version, terms=load_terms(rate_cents=2_700_00)
    )
    load.refresh_from_db()
    assert propose(make_line(make_plan(broker), line.leg, load)).status == "open"


def test_the_same_truck_of_a_newer_plan_has_to_wait_too(line, broker):
    propose(line)
    again = make_line(make_plan(broker), line.leg, *(each.load for each in line.loads.all()))
    with pytest.raises(Conflict, match="open proposal for this truck"):
        propose(again)


def test_the_database_itself_refuses_a_second_open_proposal_of_a_line(line):
    found = propose(line)
    found.pk, found.public_id = None, "prop_other"
    with pytest.raises(IntegrityError, match="one_open_proposal_per_line"), transaction.atomic():
        found.save(force_insert=True)


def test_a_line_whose_posting_left_or_changed_is_not_proposed(line, shipper, carrier):
    load = line.loads.get().load
    edit_load(
        actor=make_actor(shipper), load_id=load.public_id, version=load.version, terms=load_terms(rate_cents=2_100_00)
    )
    with pytest.raises(Conflict, match="edited"):
        propose(line)
    withdraw_load(actor=make_actor(shipper), load_id=load.public_id)
    with pytest.raises(Conflict, match="left the market"):
        propose(line)


def test_sides_that_do_not_see_each_other_are_not_put_in_touch(line, shipper, carrier):
    make_relationship(shipper, carrier, RelationshipKind.BLOCKED)
    with pytest.raises(Conflict, match="cannot be put in touch") as refusal:
        propose(line)
    assert "block" not in refusal.value.sentence


@pytest.mark.parametrize("side", ["load", "leg"])
def test_a_proposal_lapses_when_one_of_its_postings_leaves_the_market(line, shipper, carrier, broker, side):
    found = propose(line)
    if side == "load":
        withdraw_load(actor=make_actor(shipper), load_id=line.loads.get().load.public_id)
    else:
        withdraw_leg(actor=make_actor(carrier), leg_id=line.leg.public_id)
    pump()
    found.refresh_from_db()
    assert found.status == "lapsed"
    assert Notice.objects.filter(organization_id=broker.public_id, text__contains="lapsed").exists()


def test_what_concerns_another_posting_lapses_nothing(line, shipper):
    found = propose(line)
    other = make_load(shipper)
    withdraw_load(actor=make_actor(shipper), load_id=other.public_id)
    pump()
    found.refresh_from_db()
    assert found.status == "open"


def test_every_move_is_in_the_table_and_closed_is_closed(line):
    assert set(PROPOSAL_MOVES) == set(ProposalStatus.values)
    found = propose(line)
    withdraw_proposal(actor=make_actor(found.broker), proposal_id=found.public_id)
    with pytest.raises(Conflict):
        withdraw_proposal(actor=make_actor(found.broker), proposal_id=found.public_id)
    assert all(not targets for status, targets in PROPOSAL_MOVES.items() if status != "open")


@pytest.fixture
def chain(broker, shipper, carrier):
    """Two loads of different shippers on one truck of a carrier with costs and a name of its own."""
    set_costs(carrier, loaded=131, empty=127)
    other = make_organization("Gateway Foods")
    posted = chain_of_two(shipper, other)
    loads = [make_load(owner, **fields) for owner, fields in posted.values()]
    leg = make_leg(carrier, hours=180)
    return propose(make_line(make_plan(broker, longest=2), leg, *loads)), loads, other


def test_a_shipper_of_one_of_two_loads_reads_nothing_of_the_other(chain, shipper, carrier, sign_in):
    proposal, (mine, others), _ = chain
    client = sign_in(shipper)
    seen = [
        client.get(f"/proposals/{proposal.public_id}/").content.decode(),
        client.get("/proposals/").content.decode(),
        client.get("/proposals/waiting/").content.decode(),
        client.get(f"/proposals/about/{mine.public_id}/").content.decode(),
        client.get(f"/api/v1/proposals/{proposal.public_id}").content.decode(),
        client.get("/api/v1/proposals").content.decode(),
        json.dumps(heard(shipper, "proposal.made")),
        *Notice.objects.filter(organization_id=shipper.public_id).values_list("text", flat=True),
    ]
    gain = f"{proposal.market_gain_cents / 100:.2f}"
    for text in seen:
        assert others.public_id not in text
        assert "Gateway" not in text
        assert "1,500.00" not in text
        assert "1500.00" not in text
        assert not stands_in(gain, text.replace(",", ""))
        assert proposal.plan_public_id not in text
    assert mine.public_id in seen[0]
    whole = sign_in(carrier).get(f"/proposals/{proposal.public_id}/").content.decode()
    assert others.public_id in whole
    assert f"{proposal.market_gain_cents / 100:,.2f}" in whole


def test_no_own_figure_of_the_carrier_is_in_anything_that_is_said_of_a_proposal(chain, shipper, broker, sign_in):
    proposal, _, other = chain
    for who in (shipper, broker, other):
        client = sign_in(who)
        for path in (f"/proposals/{proposal.public_id}/", f"/api/v1/proposals/{proposal.public_id}"):
            text = client.get(path).content.decode()
            for secret in ("own_gain", "worth_from", "1.31", "1.27", "timeline"):
                assert not stands_in(secret, text), (who, path, secret)


def test_a_proposal_is_a_404_for_others_also_for_another_broker(line, sign_in):
    found = propose(line)
    stranger = sign_in(make_organization("Stranger", brokers=True))
    for path in (f"/proposals/{found.public_id}/", f"/api/v1/proposals/{found.public_id}"):
        assert stranger.get(path).status_code == 404
    assert found.public_id not in stranger.get("/proposals/").content.decode()
    assert stranger.get("/api/v1/proposals").json()["items"] == []


def test_interested_and_decline_stand_on_top_of_every_page_until_they_are_pressed(line, carrier, broker, sign_in):
    found = propose(line)
    client = sign_in(carrier)
    waiting = client.get("/proposals/waiting/").content.decode()
    assert "Lakeside Brokers suggests" in waiting
    assert "Interested" in waiting
    assert "Decline" in waiting
    done = client.post(f"/proposals/{found.public_id}/answer/", {"answer": "interested"}, follow=True)
    assert "You said" in done.content.decode()
    assert "Lakeside" not in client.get("/proposals/waiting/").content.decode()
    assert "interested" in sign_in(broker).get(f"/proposals/{found.public_id}/").content.decode()


def test_a_viewer_reads_a_proposal_and_has_no_buttons(line, carrier, sign_in):
    found = propose(line)
    client = sign_in(carrier, "viewer")
    assert "Interested</button>" not in client.get(f"/proposals/{found.public_id}/").content.decode()
    assert client.post(f"/proposals/{found.public_id}/answer/", {"answer": "interested"}).status_code == 403


def test_a_hidden_name_stays_hidden_from_the_broker(line, broker, carrier, sign_in):
    carrier.hides_name = True
    carrier.save()
    found = propose(line)
    answer_proposal(actor=make_actor(carrier), proposal_id=found.public_id, answer="interested")
    client = sign_in(broker)
    texts = [client.get(f"/proposals/{found.public_id}/"), client.get(f"/api/v1/proposals/{found.public_id}")]
    said = "".join(response.content.decode() for response in texts) + json.dumps(heard(broker, "proposal.answered"))
    said += "".join(Notice.objects.filter(organization_id=broker.public_id).values_list("text", flat=True))
    assert "Ruiz" not in said
    assert carrier.public_id not in said


def test_proposing_by_rest_needs_a_key_and_is_done_once(line, broker, sign_in):
    client = sign_in(broker)
    path = f"/api/v1/plans/{line.plan.public_id}/lines/{line.public_id}/proposals"
    assert client.post(path, {}, "application/json").status_code == 400
    first = client.post(path, {}, "application/json", headers={"Idempotency-Key": "one"})
    assert first.status_code == 201, first.content
    again = client.post(path, {}, "application/json", headers={"Idempotency-Key": "one"})
    assert again.json() == first.json()
    assert again["Idempotent-Replayed"] == "true"
    assert client.post(path, {}, "application/json", headers={"Idempotency-Key": "two"}).status_code == 409
    assert Proposal.objects.count() == 1
    assert ProposalParty.objects.count() == 2
    shown = client.get(first["Location"].split("testserver")[-1].split(".com")[-1])
    assert shown["ETag"] == first["ETag"]


def test_a_list_of_proposals_asks_no_more_of_the_database_the_longer_it_is(
    broker, shipper, carrier, sign_in, django_assert_max_num_queries
):
    client = sign_in(carrier)
    for _ in range(4):
        propose(make_line(make_plan(broker), *make_pair(shipper, carrier)))
    with django_assert_max_num_queries(30):
        assert len(client.get("/api/v1/proposals").json()["items"]) == 4
    with django_assert_max_num_queries(40):
        client.get("/proposals/")
