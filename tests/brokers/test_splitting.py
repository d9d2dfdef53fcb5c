"""Splitting the difference: in silence until both sides asked, then the middle to both at once."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from brokers.models import Offer, Thread
from brokers.services.offers import counter_offer
from brokers.services.splitting import ask_split
from brokers.splits import midpoint, split_of
from brokers.thread_queries import thread_of
from foundation.accounts.actor import Actor
from foundation.accounts.models import Decision, RelationshipKind, Role
from foundation.events.models import AuditEntry, Event, FeedEntry, Mail, Notice
from foundation.trade.errors import Conflict, Forbidden, NotFound
from tests.brokers.bargains import Deal, make_deal, offer_by, terms
from tests.builders import make_actor, make_organization, make_relationship
from tests.events.pump import pump

pytestmark = pytest.mark.django_db

_THE_CLOCK = re.compile(r' data-now="[^"]*"')
"""When the page was drawn, which a countdown is told: it moves with each look, whoever asked."""


@pytest.fixture
def deal(straight_roads: None) -> Deal:
    return make_deal()


@pytest.fixture
def thread(deal: Deal) -> Thread:
    """The carrier asks $2,500, the shipper answers with $2,301."""
    offer = offer_by(deal.carrier, deal.leg, deal.load, 2_500)
    _answer(deal.shipper, offer, deal, 2_301)
    pump()
    return offer.thread


def _answer(actor: Actor, offer: Offer, deal: Deal, dollars: int, *, number: int = 1) -> Offer:
    return counter_offer(
        actor=actor,
        thread_id=offer.thread.public_id,
        terms=terms(deal.load, dollars),
        on_number=number,
        load_version=deal.load.version,
    )


def _client(actor: Actor) -> Client:
    client = Client()
    client.force_login(actor.person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def _everything_that(actor: Actor, thread: Thread) -> list[tuple[str, int, str, str]]:
    """Return all that an organization can obtain about a thread: pages, REST with ETags, the feed."""
    client, name = _client(actor), thread.public_id
    paths = [
        f"/threads/{name}/benchmark/",
        f"/threads/{name}/",
        "/threads/",
        f"/bargain/loads/{thread.load.public_id}/benchmark/",
        f"/api/v1/threads/{name}",
        "/api/v1/threads",
        f"/api/v1/threads/{name}/split",
        "/api/v1/events?after=0",
        "/events/feed?after=0",
        "/events/notices",
        "/events/mails/",
    ]
    found = []
    for path in paths:
        answer = client.get(path)
        tokens = ("csrfmiddlewaretoken", "X-CSRFToken", "data-left", "request_id")
        lines = [line for line in answer.content.decode().splitlines() if not any(each in line for each in tokens)]
        shown = _THE_CLOCK.sub("", "\n".join(lines))
        found.append((path, answer.status_code, answer.headers.get("ETag", ""), shown))
    return found


@pytest.mark.parametrize(
    ("one", "other", "middle"),
    [
        (2_500_00, 2_301_00, 2_401_00),  # 2,400.50 goes up
        (2_301_00, 2_500_00, 2_401_00),
        (2_400_00, 2_300_00, 2_350_00),
        (2_400_33, 2_300_00, 2_350_00),  # 2,350.165
        (1_00, 3_00, 2_00),
    ],
)
def test_the_middle_is_in_whole_dollars_and_half_a_dollar_goes_up(one: int, other: int, middle: int) -> None:
    assert midpoint(one, other) == middle


@pytest.mark.parametrize("first", ["shipper", "carrier"])
def test_the_first_ask_changes_nothing_that_the_other_side_can_obtain(deal: Deal, thread: Thread, first: str) -> None:
    asks, other = (deal.shipper, deal.carrier) if first == "shipper" else (deal.carrier, deal.shipper)
    stored = Thread.objects.values("version", "moved_at", "status", "split_cents").get(pk=thread.pk)
    before = (_everything_that(other, thread), _everything_that(deal.rival, thread), Event.objects.count())
    ask_split(actor=asks, thread_id=thread.public_id)
    assert pump() == []
    assert (_everything_that(other, thread), _everything_that(deal.rival, thread), Event.objects.count()) == before
    assert Thread.objects.values("version", "moved_at", "status", "split_cents").get(pk=thread.pk) == stored
    noted = AuditEntry.objects.filter(action="split.asked")
    assert {entry.organization_id for entry in noted} == {asks.organization.public_id}
    page = _client(asks).get(f"/threads/{thread.public_id}/benchmark/").content.decode()
    assert "You asked to split the difference" in page
    assert "2,401" not in page, "not even the middle of what both know, before both asked"


def test_when_both_asked_both_are_told_the_same_at_once(deal: Deal, thread: Thread) -> None:
    agent = make_organization("Agent Brokers", brokers=True)
    make_relationship(deal.carrier.organization, agent, RelationshipKind.REPRESENTS)
    ask_split(actor=deal.shipper, thread_id=thread.public_id)
    ask_split(actor=deal.shipper, thread_id=thread.public_id)
    assert not Event.objects.filter(name="thread.split").exists()
    told = ask_split(actor=deal.carrier, thread_id=thread.public_id)
    assert split_of(told) == 2_401_00
    copies = FeedEntry.objects.filter(event__name="thread.split")
    hearers = {deal.shipper.organization.public_id, deal.carrier.organization.public_id, agent.public_id}
    assert {copy.organization_id for copy in copies} == hearers
    assert {copy.payload["split"]["amount"] for copy in copies} == {"2401.00"}
    pump()
    notices = Notice.objects.filter(text__startswith="You both asked to split")
    assert {notice.organization_id for notice in notices} == hearers
    for side in (deal.shipper, deal.carrier):
        assert "$2,401" in _client(side).get(f"/threads/{thread.public_id}/benchmark/").content.decode()
    before = thread.version
    assert Thread.objects.get(pk=thread.pk).version > before
    ask_split(actor=deal.carrier, thread_id=thread.public_id)
    assert FeedEntry.objects.filter(event__name="thread.split").count() == 3


def test_a_new_offer_takes_asks_and_suggestion_back(deal: Deal, thread: Thread) -> None:
    ask_split(actor=deal.shipper, thread_id=thread.public_id)
    offer = thread.offers.get(number=1)
    _answer(deal.carrier, offer, deal, 2_450, number=2)
    ask_split(actor=deal.carrier, thread_id=thread.public_id)
    assert split_of(thread_of(deal.carrier.organization, thread.public_id)) is None
    ask_split(actor=deal.shipper, thread_id=thread.public_id)
    assert split_of(thread_of(deal.shipper.organization, thread.public_id)) == 2_376_00  # 2,450 and 2,301
    _answer(deal.shipper, offer, deal, 2_350, number=3)
    assert split_of(thread_of(deal.shipper.organization, thread.public_id)) is None
    page = _client(deal.carrier).get(f"/threads/{thread.public_id}/benchmark/").content.decode()
    assert "You both asked" not in page
    stored = Thread.objects.get(pk=thread.pk)
    assert (stored.seller_splits_at, stored.taker_splits_at, stored.split_cents) == (None, None, None)


def _one_offer(deal: Deal) -> Thread:
    return offer_by(deal.rival, deal.rival_leg, deal.load, 2_500).thread


def _too_close(deal: Deal) -> Thread:
    offer = offer_by(deal.rival, deal.rival_leg, deal.load, 2_302)
    _answer(deal.shipper, offer, deal, 2_301)
    return offer.thread


def _over(deal: Deal) -> Thread:
    thread = _too_close(deal)
    Thread.objects.filter(pk=thread.pk).update(
        status="lapsed", outcome="load_gone", closed_at=thread.opened_at + timedelta(minutes=1)
    )
    return thread


@pytest.mark.parametrize(
    ("make", "sentence"),
    [(_one_offer, "Both sides have to name a rate"), (_too_close, "less than \\$2.00 apart"), (_over, "is over")],
)
def test_what_cannot_be_split_is_refused_in_a_sentence(
    deal: Deal, make: Callable[[Deal], Thread], sentence: str
) -> None:
    thread = make(deal)
    with pytest.raises(Conflict, match=sentence):
        ask_split(actor=deal.shipper, thread_id=thread.public_id)


def test_strangers_viewers_and_rivals_cannot_ask(deal: Deal, thread: Thread) -> None:
    for actor in (deal.rival, make_actor(make_organization(brokers=True))):
        with pytest.raises(NotFound):
            ask_split(actor=actor, thread_id=thread.public_id)
    with pytest.raises(Forbidden):
        ask_split(actor=make_actor(deal.shipper.organization, Role.VIEWER), thread_id=thread.public_id)


def test_a_broker_asks_for_the_side_that_lets_it_and_for_neither_where_it_stands_on_both(
    deal: Deal, thread: Thread
) -> None:
    agent = make_actor(make_organization("Agent Brokers", brokers=True))
    rel = make_relationship(
        deal.carrier.organization, agent.organization, RelationshipKind.REPRESENTS, keeps=[Decision.OFFERS]
    )
    with pytest.raises(Forbidden, match="keeps making offers"):
        ask_split(actor=agent, thread_id=thread.public_id)
    rel.keeps = []
    rel.save()
    ask_split(actor=agent, thread_id=thread.public_id)
    stored = Thread.objects.get(pk=thread.pk)
    assert (stored.taker_splits_at is not None, stored.seller_splits_at) == (True, None)
    make_relationship(deal.shipper.organization, agent.organization, RelationshipKind.REPRESENTS)
    with pytest.raises(Forbidden, match="both sides"):
        ask_split(actor=agent, thread_id=thread.public_id)
    page = _client(agent).get(f"/threads/{thread.public_id}/benchmark/").content.decode()
    assert "You asked" not in page
    assert "You act for both sides" in page


def test_over_rest_each_reads_its_own_ask_and_a_page_asks_by_a_form(deal: Deal, thread: Thread) -> None:
    path = f"/api/v1/threads/{thread.public_id}/split"
    carrier = _client(deal.carrier)
    asked = carrier.post(path, "{}", "application/json", headers={"Idempotency-Key": "one"})
    assert (asked.status_code, asked.json()["asked"], asked.json()["split"]) == (200, True, None)
    assert carrier.post(path, "{}", "application/json").status_code == 400
    assert _client(deal.shipper).get(path).json()["asked"] is False
    assert _client(deal.rival).get(path).status_code == 404
    answer = _client(deal.shipper).post(f"/threads/{thread.public_id}/split/", headers={"HX-Request": "true"})
    assert "You both asked to split the difference" in answer.content.decode()
    assert carrier.get(path).json()["split"] == {"amount": "2401.00", "currency": "USD"}
    again = _client(deal.shipper).post(f"/threads/{thread.public_id}/split/")
    assert again.headers["Location"] == f"/threads/{thread.public_id}/benchmark/"
    pump()
    assert Mail.objects.filter(kind="offer", text__contains="split the difference").count() == 2
