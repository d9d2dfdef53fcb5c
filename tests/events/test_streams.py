"""Live streams: one's own news only, without gap or duplicate, and only as long as one may listen."""

import threading
import time

import pytest
from django.db import connection, connections, transaction
from django.test import Client

from foundation.accounts.models import Membership, Organization, Person, Role
from foundation.events import live, streams
from foundation.events.models import Event
from foundation.events.relay import Relay
from foundation.events.services import end_streams, publish
from tests.builders import make_organization, make_person
from tests.events.listening import PATIENCE_SECONDS, Listener, cookie_of

pytestmark = pytest.mark.django_db(transaction=True)
WIRING = {"load.opened": (), "load.edited": ()}


def _tell(organization: Organization, *subjects: str, relayed: bool = True) -> None:
    for subject in subjects:
        with transaction.atomic():
            publish(name="load.opened", subject=subject, audience={organization.public_id: {"secret": "payload"}})
    if relayed:
        Relay(wiring=WIRING, periodic={}).place_and_send()


@pytest.fixture
def ours() -> Organization:
    return make_organization("Ours")


@pytest.fixture
def owner(ours: Organization) -> Person:
    return make_person(ours)


@pytest.fixture
def stranger() -> Person:
    return make_person(make_organization("Stranger"))


def test_news_come_with_name_id_and_position_and_without_the_payload(listener: Listener, ours, owner) -> None:
    stream = listener.open(owner)
    assert stream.answer() == 200
    assert stream.headers["content-type"] == "text/event-stream"
    assert "no-store" in stream.headers["cache-control"]
    assert stream.next() == ("stream.opened", "0", {"position": 0, "organization": ours.public_id})
    _tell(ours, "load_1")
    position = Event.objects.get().position
    assert stream.next() == (
        "load.opened",
        str(position),
        {"name": "load.opened", "subject": "load_1", "position": position},
    )


def test_another_organizations_news_are_never_heard(listener: Listener, ours, owner, stranger) -> None:
    stream, other = listener.open(owner), listener.open(stranger)
    stream.next(), other.next()
    _tell(ours, "load_1")
    assert stream.subjects(1) == ["load_1"]
    assert other.hears_nothing()


def test_a_stream_resumes_where_it_broke_off_without_gap_or_duplicate(listener: Listener, ours, owner) -> None:
    cookie = cookie_of(owner)
    first = listener.open(cookie=cookie)
    first.next()
    _tell(ours, "load_1")
    last_id = first.next()[1]
    first.hang_up()
    _tell(ours, "load_2", "load_3")
    for how in ({"after": last_id}, {"query": f"after={last_id}"}):
        again = listener.open(cookie=cookie, **how)
        assert again.next()[0] == "stream.opened"
        assert again.subjects(2) == ["load_2", "load_3"]
        assert again.hears_nothing()
        again.hang_up()


def test_what_happens_while_a_stream_opens_comes_once(listener: Listener, ours, owner) -> None:
    cookie = cookie_of(owner)
    _tell(ours, "first")
    after = str(Event.objects.get().position)
    done = threading.Event()

    def keep_telling() -> None:
        for number in range(150):
            _tell(ours, f"load_{number}")
        connections.close_all()
        done.set()

    teller = threading.Thread(target=keep_telling)
    teller.start()
    opened = [listener.open(cookie=cookie, after=after) for _ in range(5)]
    for stream in opened:
        assert stream.next()[0] == "stream.opened"
        assert stream.subjects(150) == [f"load_{number}" for number in range(150)]
    teller.join()
    assert all(stream.hears_nothing(0.1) for stream in opened)


def test_a_new_page_hears_what_happened_while_it_loaded(listener: Listener, ours, owner) -> None:
    _tell(ours, "just now")
    Event.objects.update(placed_at="2026-01-01T00:00:00Z")
    _tell(ours, "while it loaded")
    stream = listener.open(owner)
    stream.next()
    assert stream.subjects(1) == ["while it loaded"]


def test_what_redis_has_lost_is_told_at_the_next_beat(
    listener: Listener, ours, owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "BEAT_SECONDS", 0.3)
    stream = listener.open(owner)
    stream.next()
    with monkeypatch.context() as away:
        away.setattr(live, "send", lambda messages: False)
        _tell(ours, "load_1")
    assert stream.subjects(1) == ["load_1"]


def test_a_page_that_is_far_behind_is_told_so_instead_of_everything(
    listener: Listener, ours, owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "MOST_REPLAYED", 3)
    _tell(ours, *(f"load_{number}" for number in range(5)))
    stream = listener.open(owner, after="0")
    stream.next()
    name, identity, data = stream.next()
    assert (name, identity, data) == ("stream.behind", "5", {"position": 5})
    _tell(ours, "the next")
    assert stream.subjects(1) == ["the next"]


@pytest.mark.parametrize("after", ["999999", "-1", "1; DROP TABLE", "9" * 30, "²"])
def test_a_position_that_cannot_be_is_taken_as_a_new_page(listener: Listener, ours, owner, after: str) -> None:
    stream = listener.open(owner, query=f"after={after.encode('latin-1', 'ignore').hex() if after == '²' else after}")
    assert stream.next()[0] == "stream.opened"
    _tell(ours, "load_1")
    assert stream.subjects(1) == ["load_1"]


def test_nobody_listens_without_signing_in(listener: Listener) -> None:
    stream = listener.open()
    assert stream.answer() == 401
    assert stream.headers["content-type"] == "application/json"


def test_a_driver_does_not_listen(listener: Listener, ours) -> None:
    assert listener.open(make_person(ours, Role.DRIVER)).answer() == 403


def test_a_stream_ends_at_the_word_that_ends_it_and_others_go_on(listener: Listener, ours, owner, stranger) -> None:
    colleague = make_person(ours, Role.VIEWER)
    mine, hers, other = listener.open(owner), listener.open(colleague), listener.open(stranger)
    for stream in (mine, hers, other):
        stream.next()
    with transaction.atomic():
        end_streams(person_id=owner.public_id)
    assert mine.ended.wait(PATIENCE_SECONDS)
    with transaction.atomic():
        end_streams(organization_id=ours.public_id, person_id=owner.public_id)
    assert not hers.ended.wait(0.3)
    with transaction.atomic():
        end_streams(organization_id=ours.public_id)
    assert hers.ended.wait(PATIENCE_SECONDS)
    assert not other.ended.is_set()


def test_a_rolled_back_change_ends_no_stream(listener: Listener, owner) -> None:
    stream = listener.open(owner)
    stream.next()
    with transaction.atomic():
        end_streams(person_id=owner.public_id)
        transaction.set_rollback(True)
    assert not stream.ended.wait(0.3)


@pytest.mark.parametrize("change", ["signed out", "other role", "removed", "password", "disabled"])
def test_a_stream_ends_by_itself_when_its_listener_may_no_longer_listen(
    listener: Listener, ours, owner, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "BEAT_SECONDS", 0.15)
    client = Client()
    client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    stream = listener.open(cookie=f"sessionid={client.cookies['sessionid'].value}")
    stream.next()
    assert not stream.ended.wait(0.8), "while nothing changes it goes on"
    if change == "signed out":
        client.session.flush()
    elif change == "other role":
        Membership.objects.update(role=Role.VIEWER)
    elif change == "removed":
        Membership.objects.all().delete()
    elif change == "password":
        owner.set_password("another one entirely")
        owner.save()
    else:
        Person.objects.update(is_active=False)
    assert stream.ended.wait(PATIENCE_SECONDS)


def test_a_stream_lives_ten_minutes_at_most(listener: Listener, owner, monkeypatch: pytest.MonkeyPatch) -> None:
    assert streams.LONGEST_SECONDS == 600
    monkeypatch.setattr(streams, "LONGEST_SECONDS", 1.0)
    monkeypatch.setattr(streams, "BEAT_SECONDS", 0.2)
    stream = listener.open(owner)
    assert stream.ended.wait(PATIENCE_SECONDS), "by itself, and far sooner than after ten minutes"


def test_a_person_has_eight_streams_at_most_and_an_ended_one_makes_room(listener: Listener, owner) -> None:
    cookie = cookie_of(owner)
    opened = [listener.open(cookie=cookie) for _ in range(8)]
    assert {stream.answer() for stream in opened} == {200}
    refused = listener.open(cookie=cookie)
    assert refused.answer() == 429
    assert refused.headers["retry-after"] == "30"
    opened[0].hang_up()
    assert listener.open(cookie=cookie).answer() == 200


def test_without_redis_the_answer_is_503_at_once(listener: Listener, owner, settings, tmp_path) -> None:
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    began = time.monotonic()
    stream = listener.open(owner)
    assert stream.answer() == 503
    assert time.monotonic() - began < 10
    assert stream.ended.wait(PATIENCE_SECONDS)


def test_fifty_streams_hold_no_database_connection_and_hardly_a_thread(listener: Listener, ours) -> None:
    threads_before = threading.active_count()
    people = [make_person(ours, Role.VIEWER) for _ in range(10)]
    opened = [listener.open(cookie=cookie) for cookie in map(cookie_of, people) for _ in range(5)]
    for stream in opened:
        assert stream.next()[0] == "stream.opened"
    assert threading.active_count() - threads_before <= 8, "four read for all of them; none waits with its stream"
    deadline = time.monotonic() + PATIENCE_SECONDS
    while _connections_in_use() > 1 and time.monotonic() < deadline:
        time.sleep(0.05)  # the last of them still look for what they missed
    assert _connections_in_use() <= 1, "the test's own"
    _tell(ours, "load_1")
    for stream in opened:
        assert stream.subjects(1) == ["load_1"]


def _connections_in_use() -> int:
    pool = connection.pool.get_stats()
    return pool["pool_size"] - pool["pool_available"]


def test_where_nothing_carries_streams_the_page_is_sent_to_the_feed(owner) -> None:
    client = Client()
    client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/events/stream").status_code == 503
    assert client.post("/events/stream").status_code == 405
