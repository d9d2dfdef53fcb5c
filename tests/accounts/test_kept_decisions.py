"""What a party keeps for itself when it lets a broker act for it: given, changed, told to both, shown to both."""

import pytest
from django.test import Client

from foundation.accounts.models import Decision, Relationship
from foundation.accounts.services import answer_request, ask_for_relationship, keep_decisions, set_relationship
from foundation.events.models import AuditEntry, FeedEntry
from foundation.trade.errors import Forbidden, Invalid, NotFound
from tests.builders import make_actor, make_organization, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def carrier():
    return make_actor(make_organization("Prairie Freight", hauls=True))


@pytest.fixture
def broker():
    return make_actor(make_organization("Lakeside Brokers", brokers=True))


def give(carrier, broker, **fields):
    return set_relationship(actor=carrier, taker_public_id=broker.organization.public_id, kind="represents", **fields)


def told(organization):
    rows = FeedEntry.objects.filter(organization_id=organization.public_id, event__name="relationship.changed")
    return [row.payload["keeps"] for row in rows.order_by("id")]


def test_a_giver_keeps_decisions_and_both_sides_hear_which(carrier, broker):
    given = give(carrier, broker, keeps=["claims", "acceptance", "claims"])
    assert given.keeps == ["acceptance", "claims"]  # in the order of the list, each once
    assert told(carrier.organization) == told(broker.organization) == [["acceptance", "claims"]]
    again = give(carrier, broker)  # says nothing of them, so they stay
    assert (again, again.keeps, len(told(broker.organization))) == (given, ["acceptance", "claims"], 1)
    give(carrier, broker, keeps=[])
    assert told(broker.organization)[-1] == []
    entry = AuditEntry.objects.filter(organization_id=carrier.organization.public_id).order_by("-id").first()
    assert entry.changes["keeps"] == [["acceptance", "claims"], []]


def test_only_the_giver_changes_what_it_keeps(carrier, broker):
    given = give(carrier, broker)
    keep_decisions(actor=carrier, relationship_id=given.public_id, keeps=[Decision.OFFERS])
    for other in (broker, make_actor(make_organization("Stranger"))):
        with pytest.raises(NotFound):
            keep_decisions(actor=other, relationship_id=given.public_id, keeps=[])
    dispatcher = make_actor(carrier.organization, "dispatcher")
    with pytest.raises(Forbidden):
        keep_decisions(actor=dispatcher, relationship_id=given.public_id, keeps=[])
    assert Relationship.objects.get().keeps == ["offers"]


def test_there_is_nothing_to_keep_from_a_partner_and_no_unknown_decision(carrier, broker):
    for kind, keeps, code in (("partner", ["claims"], "nothing_to_keep"), ("represents", ["dreams"], "unknown")):
        with pytest.raises(Invalid) as refusal:
            set_relationship(actor=carrier, taker_public_id=broker.organization.public_id, kind=kind, keeps=keeps)
        assert [(each.field, each.code) for each in refusal.value.problems] == [("keeps", code)]


def test_who_grants_a_request_says_what_stays_its_own(carrier, broker):
    request = ask_for_relationship(actor=broker, giver_public_id=carrier.organization.public_id, kind="represents")
    answer_request(actor=carrier, request_id=request.public_id, grant=True, keeps=["cancellation"])
    assert Relationship.objects.get().keeps == ["cancellation"]


def test_the_pages_of_both_show_it_and_the_givers_changes_it(carrier, broker):
    owner, agent = Client(), Client()
    owner.force_login(make_person(carrier.organization))
    agent.force_login(make_person(broker.organization))
    page = "/organization/relationships/"
    answer = owner.post(
        page, {"kind": "represents", "taker": broker.organization.public_id, "keeps": ["claims", "acceptance"]}
    )
    assert answer.status_code == 302
    given = Relationship.objects.get()
    mine, theirs = owner.get(page).content.decode(), agent.get(page).content.decode()
    for text in (mine, theirs):
        assert "accepting and declining offers" in text
        assert "claiming loads" in text
    assert "cancelling and amending bookings" not in theirs
    assert f"/organization/relationships/{given.public_id}/kept/" in mine
    assert f"/organization/relationships/{given.public_id}/kept/" not in theirs
    owner.post(f"/organization/relationships/{given.public_id}/kept/", {"keeps": ["cancellation"]})
    assert "cancelling and amending bookings" in agent.get(page).content.decode()
    assert agent.post(f"/organization/relationships/{given.public_id}/kept/", {}).status_code == 404
    assert Relationship.objects.get().keeps == ["cancellation"]
    wrong = owner.post(page, {"kind": "partner", "taker": broker.organization.public_id, "keeps": ["claims"]})
    assert wrong.status_code == 422
    assert "Only where a broker may act for you" in wrong.content.decode()
