"""Who only looks at a load is told at once that it changed, never how or by whom, and only what is in sight."""

from collections.abc import Iterator
from typing import Any

import pytest

from backhaul.watching import WATCHING, may_watch
from backhaul.wiring import FACTS, LISTS, WATCHED
from foundation.accounts.models import Market, Organization, Person, Relationship, RelationshipKind
from foundation.accounts.services import end_relationship, set_relationship
from foundation.events import live, streams
from foundation.events.models import FeedEntry
from foundation.events.relay import Relay
from foundation.events.watching import CHANGED, GREW, MOST_WATCHED, asked
from foundation.trade.posting import Audience, Status
from loads.models import Load
from loads.services import open_load as post_again
from loads.services import post_load, withdraw_load
from loads.terms import terms_of
from tests.brokers.booked import claim, going_home, open_load
from tests.builders import make_actor, make_load, make_organization, make_person, make_relationship
from tests.events.listening import PATIENCE_SECONDS, Listener

pytestmark = pytest.mark.django_db(transaction=True)


def _relay() -> None:
    Relay(wiring=FACTS, periodic={}, watched=WATCHED, lists=LISTS).place_and_send()


@pytest.fixture
def listener() -> Iterator[Listener]:
    found = Listener(WATCHING)
    yield found
    found.close()


@pytest.fixture
def shipper() -> Organization:
    return make_organization("Prairie Paper")


@pytest.fixture
def looking() -> Person:
    return make_person(make_organization("Only Looking", hauls=True))


def _open(listener: Listener, person: Person, *loads: Load) -> Any:
    stream = listener.open(person, query=f"watch={','.join(load.public_id for load in loads)}")
    assert stream.next()[0] == "stream.opened"
    return stream


def test_who_only_looks_at_a_load_is_told_that_it_changed_when_another_books_it(
    listener: Listener, shipper: Organization, looking: Person
) -> None:
    load, other, leg = open_load(shipper), open_load(shipper), going_home(make_organization(hauls=True))
    stream = _open(listener, looking, load)
    claim(leg.organization, load, leg)
    withdraw_load(actor=make_actor(shipper), load_id=other.public_id)
    _relay()
    name, identity, said = stream.next()
    assert (name, said["subject"]) == (CHANGED, load.public_id)
    assert said == {"name": CHANGED, "subject": load.public_id, "position": int(identity or 0)}
    assert stream.hears_nothing()  # of the load that it does not show


def test_the_word_is_the_same_whatever_happened(listener: Listener, shipper: Organization, looking: Person) -> None:
    taken, withdrawn, leg = open_load(shipper), open_load(shipper), going_home(make_organization(hauls=True))
    stream = _open(listener, looking, taken, withdrawn)
    withdraw_load(actor=make_actor(shipper), load_id=withdrawn.public_id)
    claim(leg.organization, taken, leg)
    _relay()
    heard = [stream.next() for _ in range(2)]
    assert [(name, said["name"]) for name, _, said in heard] == [(CHANGED, CHANGED)] * 2
    assert [said["subject"] for _, _, said in heard] == [withdrawn.public_id, taken.public_id]


def test_what_redis_has_lost_and_what_happened_while_the_page_loaded_is_told_from_the_rows(
    listener: Listener, shipper: Organization, looking: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "BEAT_SECONDS", 0.3)
    early, late = open_load(shipper), open_load(shipper)
    withdraw_load(actor=make_actor(shipper), load_id=early.public_id)
    _relay()
    stream = _open(listener, looking, early, late)
    assert stream.subjects(1) == [early.public_id]
    with monkeypatch.context() as away:
        away.setattr(live, "send", lambda messages: False)
        withdraw_load(actor=make_actor(shipper), load_id=late.public_id)
        _relay()
    assert stream.subjects(1) == [late.public_id]


def test_who_hears_the_fact_itself_gets_no_second_word(listener: Listener, shipper: Organization) -> None:
    agent, load = make_organization(brokers=True, ships=False), open_load(shipper)
    make_relationship(shipper, agent, RelationshipKind.REPRESENTS)
    stream = _open(listener, make_person(agent), load)
    withdraw_load(actor=make_actor(shipper), load_id=load.public_id)
    _relay()
    assert FeedEntry.objects.filter(organization_id=agent.public_id, event__name="load.withdrawn").exists()
    assert stream.next()[0] == "load.withdrawn"
    assert stream.hears_nothing()


def test_a_load_that_one_may_not_see_says_nothing(listener: Listener, shipper: Organization, looking: Person) -> None:
    partners = make_load(shipper, audience=Audience.PARTNERS)
    market = make_load(shipper)
    blocked, sandbox = make_person(make_organization(hauls=True)), make_person(make_organization(market=Market.SANDBOX))
    unverified = make_person(make_organization(verified=False))
    _block(shipper, blocked)
    open_streams = [_open(listener, person, partners, market) for person in (looking, blocked, sandbox, unverified)]
    for load in (partners, market):
        withdraw_load(actor=make_actor(shipper), load_id=load.public_id)
    _relay()
    assert open_streams[0].subjects(1) == [market.public_id]
    assert all(stream.hears_nothing() for stream in open_streams)


def test_a_block_ends_the_watching_at_once(listener: Listener, shipper: Organization, looking: Person) -> None:
    load = make_load(shipper)
    stream = _open(listener, looking, load)
    blocking = _block(shipper, looking)
    assert stream.ended.wait(PATIENCE_SECONDS)
    again = _open(listener, looking, load)
    withdraw_load(actor=make_actor(shipper), load_id=load.public_id)
    _relay()
    assert again.hears_nothing()
    end_relationship(actor=make_actor(shipper), relationship_id=blocking.public_id)
    assert again.ended.wait(PATIENCE_SECONDS)
    assert _open(listener, looking, load).subjects(1) == [load.public_id]  # in sight again, also what it missed


def _list(listener: Listener, person: Person, *loads: Load) -> Any:
    names = ["loads.market", *(load.public_id for load in loads)]
    stream = listener.open(person, query=f"watch={','.join(names)}")
    assert stream.next()[0] == "stream.opened"
    return stream


def test_a_list_says_once_that_it_grew_whatever_came_within_a_second(
    listener: Listener, shipper: Organization, looking: Person
) -> None:
    load = make_load(shipper)
    stream, other = _list(listener, looking, load), _open(listener, looking, load)
    for _ in range(3):
        post_load(actor=make_actor(shipper), terms=terms_of(load))
    _relay()
    assert stream.next() == (GREW, None, {"name": GREW, "subject": "loads.market"})
    withdraw_load(actor=make_actor(shipper), load_id=load.public_id)
    _relay()
    assert stream.subjects(1) == [load.public_id]
    assert other.subjects(1) == [load.public_id]  # a page that shows one load hears nothing of the list
    assert stream.hears_nothing(1.2)
    post_again(actor=make_actor(shipper), load_id=load.public_id)
    _relay()
    assert [stream.next()[0] for _ in range(2)] == [CHANGED, GREW]


def test_a_list_says_nothing_of_what_one_may_not_see(
    listener: Listener, shipper: Organization, looking: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "LIST_SECONDS", 0.1)
    blocked, sandbox = make_person(make_organization(hauls=True)), make_person(make_organization(market=Market.SANDBOX))
    unverified = make_person(make_organization(verified=False))
    _block(shipper, blocked)
    market, partners = make_load(shipper), make_load(shipper, audience=Audience.PARTNERS)
    seeing = _list(listener, looking)
    without = [_list(listener, person) for person in (blocked, sandbox, unverified)]
    for load in (partners, market):
        withdraw_load(actor=make_actor(shipper), load_id=load.public_id)
    _relay()
    post_again(actor=make_actor(shipper), load_id=partners.public_id)
    _relay()
    assert seeing.hears_nothing(0.5)
    post_again(actor=make_actor(shipper), load_id=market.public_id)
    _relay()
    assert seeing.next()[0] == GREW
    assert all(stream.hears_nothing() for stream in without)


def test_what_redis_has_lost_of_a_list_is_told_from_the_rows(
    listener: Listener, shipper: Organization, looking: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "BEAT_SECONDS", 0.3)
    monkeypatch.setattr(streams, "LIST_SECONDS", 0.1)
    load = make_load(shipper)
    stream = _list(listener, looking)
    with monkeypatch.context() as away:
        away.setattr(live, "send", lambda messages: False)
        post_load(actor=make_actor(shipper), terms=terms_of(load))
        _relay()
    assert stream.next()[0] == GREW
    assert stream.hears_nothing(0.8)  # what was told is not told again


def test_what_may_be_watched_goes_by_sight(shipper: Organization) -> None:
    carrier, broker = make_organization(hauls=True), make_organization(brokers=True)
    drafted, posted = make_load(shipper, status=Status.DRAFT), make_load(shipper)
    covered, partners = make_load(shipper, status=Status.COVERED), make_load(shipper, audience=Audience.PARTNERS)
    sold = make_load(shipper)
    Load.objects.filter(pk=sold.pk).update(seller=broker, shipper_rate_cents=2_000_00, rate_cents=None)
    every = [load.public_id for load in (drafted, posted, covered, partners, sold)]

    def watched(organization: Organization) -> set[str]:
        return set(may_watch(organization.public_id, every))

    seen = {posted.public_id, covered.public_id, sold.public_id}
    assert watched(carrier) == seen
    assert watched(broker) == seen
    assert watched(shipper) == set()  # of its own it hears, and of a sold one nothing that its broker tells carriers
    make_relationship(broker, carrier, RelationshipKind.BLOCKED)
    assert watched(carrier) == seen - {sold.public_id}
    assert may_watch("org_nobody", every) == []


def test_an_address_asks_for_so_many_things_and_no_nonsense() -> None:
    names = [f"load_{number:026d}" for number in range(MOST_WATCHED + 6)]
    assert asked(",".join(names)) == set(names[:MOST_WATCHED])
    assert asked("") == asked("*") == asked("load_1,';--,organization:org_1,") == frozenset()
    assert asked(f"nonsense,{names[0]}") == {names[0]}
    assert asked("loads.market,loads.market.x,Loads.market") == {"loads.market"}
    assert WATCHED.issubset(FACTS)
    assert all(facts.issubset(FACTS) for facts in LISTS.values())


def _block(shipper: Organization, person: Person) -> Relationship:
    return set_relationship(
        actor=make_actor(shipper),
        taker_public_id=person.memberships.get().organization.public_id,
        kind=RelationshipKind.BLOCKED,
    )
