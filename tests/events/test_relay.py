"""Positions, reactions and their messages: nothing lost, nothing out of order, duplicates absorbed."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest
from celery import current_app
from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now

from foundation.events import queries, upkeep
from foundation.events.models import Event, FeedEntry, Reaction, RelayState
from foundation.events.reactions import MOST_ATTEMPTS, Settle, perform
from foundation.events.relay import Relay, loop, sending
from foundation.events.relay.loop import LOCK
from foundation.events.relay.placing import place_batch
from foundation.events.services import publish

OWNER, OTHER = "org_owner", "org_other"
WIRING = {"load.opened": ("matching.match_load",), "load.edited": ("matching.match_load",), "load.seen": ()}


def _publish(name: str = "load.opened", subject: str = "load_1", *, to: str = OWNER) -> Event:
    with transaction.atomic():
        return publish(name=name, subject=subject, audience={to: {"id": subject}})


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[str], int, str]]:
    """Stand where the broker stands and keep what is sent to it."""
    messages: list[tuple[str, list[str], int, str]] = []

    def take(name: str, arguments: list, *, queue: str, expires_seconds: float | None = None) -> bool:
        messages.append((name, *arguments, queue))
        return True

    monkeypatch.setattr(sending, "send_task", take)
    return messages


def _settling(calls: list[list[str]]) -> Callable[[list[str], Settle], None]:
    def body(subjects: list[str], settle: Settle) -> None:
        calls.append(subjects)
        with transaction.atomic():
            for subject in subjects:
                settle(subject)

    return body


@pytest.mark.django_db
def test_facts_get_positions_in_order_and_every_copy_carries_them() -> None:
    first, second = _publish(), _publish(subject="load_2", to=OTHER)
    placed = place_batch(WIRING)
    assert placed.count == 2
    assert [(copy.organization_id, copy.position, copy.subject) for copy in placed.heard] == [
        (OWNER, 1, "load_1"),
        (OTHER, 2, "load_2"),
    ]
    assert list(Event.objects.order_by("pk").values_list("pk", "position")) == [(first.pk, 1), (second.pk, 2)]
    assert list(FeedEntry.objects.order_by("pk").values_list("position", flat=True)) == [1, 2]
    assert place_batch(WIRING).count == 0


@pytest.mark.django_db(transaction=True)
def test_a_fact_that_commits_late_comes_after_what_readers_have_seen() -> None:
    with psycopg.connect(**connection.get_connection_params()) as slow:
        slow.execute(
            "INSERT INTO events_event (public_id, name, subject, version) VALUES ('evt_slow', 'load.opened', 'slow', 0)"
        )
        quick = _publish(subject="quick")
        place_batch(WIRING)
        slow.commit()
    place_batch(WIRING)
    late = Event.objects.get(subject="slow")
    quick.refresh_from_db()
    assert late.pk < quick.pk, "the slow one took its row id first"
    assert (quick.position, late.position) == (1, 2)


@pytest.mark.django_db(transaction=True)
def test_two_relays_at_once_never_give_one_position_twice() -> None:
    for number in range(200):
        _publish(subject=f"load_{number}")
    barrier = threading.Barrier(4)

    def place() -> None:
        barrier.wait()
        while place_batch(WIRING, limit=7).count:
            pass
        connection.close()

    threads = [threading.Thread(target=place) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(Event.objects.order_by("position").values_list("position", flat=True)) == list(range(1, 201))
    assert Reaction.objects.count() == 200
    assert RelayState.objects.get().last_position == 200


@pytest.mark.django_db
def test_a_fact_that_nobody_declared_is_placed_and_complained_about(caplog: pytest.LogCaptureFixture) -> None:
    _publish(name="load.invented")
    assert place_batch(WIRING).count == 1
    assert "load.invented" in caplog.text


@pytest.mark.django_db
def test_a_burst_is_sent_in_messages_of_twenty_with_each_subject_once(sent: list) -> None:
    for number in range(25):
        _publish(subject=f"load_{number}")
        _publish(name="load.edited", subject=f"load_{number}")
    Relay(wiring=WIRING, periodic={}).place_and_send()
    assert [(name, len(subjects), up_to, queue) for name, subjects, up_to, queue in sent] == [
        ("matching.match_load", 20, 40, "bulk"),
        ("matching.match_load", 5, 50, "default"),
    ]
    assert len({subject for message in sent for subject in message[1]}) == 25
    assert set(Reaction.objects.values_list("sends", flat=True)) == {1}


@pytest.mark.django_db
def test_a_single_posting_goes_to_the_default_queue(sent: list) -> None:
    _publish()
    Relay(wiring=WIRING, periodic={}).place_and_send()
    assert sent == [("matching.match_load", ["load_1"], 1, "default")]


@pytest.mark.django_db
def test_a_relay_that_died_between_commit_and_send_loses_nothing(sent: list) -> None:
    _publish()
    place_batch(WIRING)  # ... and the relay is killed here
    assert sent == []
    assert sending.sweep()
    assert sent == [("matching.match_load", ["load_1"], 1, "default")]


@pytest.mark.django_db
def test_what_was_sent_is_not_sent_again_before_its_lease_ends(sent: list) -> None:
    _publish()
    Relay(wiring=WIRING, periodic={}).place_and_send()
    sending.sweep()
    assert len(sent) == 1
    Reaction.objects.update(due_at=Now() - timedelta(seconds=1))
    sending.sweep()
    assert len(sent) == 2


@pytest.mark.django_db
def test_what_stands_in_a_long_queue_is_not_put_there_again_but_what_failed_is(sent: list) -> None:
    with current_app.connection_for_write() as broker:
        queue = broker.default_channel.client
        queue.lpush("bulk", *range(sending.LONG_QUEUE))
        try:
            for number in range(3):
                _publish(subject=f"load_{number}")
            place_batch(WIRING)
            Reaction.objects.filter(subject="load_1").update(sends=1)
            Reaction.objects.filter(subject="load_2").update(sends=1, attempts=1)
            sending.sweep()
            assert sorted(message[1] for message in sent) == [["load_0"], ["load_2"]]
        finally:
            queue.delete("bulk")
    sending.sweep()
    assert sorted(message[1] for message in sent) == [["load_0"], ["load_1"], ["load_2"]]


@pytest.mark.django_db
def test_without_redis_facts_are_placed_and_sent_once_it_is_back(sent: list, monkeypatch: pytest.MonkeyPatch) -> None:
    _publish()
    with monkeypatch.context() as away:
        away.setattr(sending, "send_task", lambda *args, **kwargs: False)
        away.setattr(sending.live, "send", lambda messages: False)
        relay = Relay(wiring=WIRING, periodic={})
        relay.place_and_send()
        assert not sending.sweep()
    assert Event.objects.get().position == 1
    assert sending.sweep()
    assert len(sent) == 1


def test_a_dead_broker_refuses_a_message_quickly_and_softly(
    monkeypatch: pytest.MonkeyPatch, tmp_path, caplog: pytest.LogCaptureFixture
) -> None:
    sending._broker.cache_clear()
    with monkeypatch.context() as away:
        away.setattr(current_app.conf, "broker_write_url", f"redis+socket://{tmp_path}/nobody.sock")
        began = time.monotonic()
        assert not sending.send_task("events.prune", [], queue="nobody")
        assert time.monotonic() - began < 10, "the relay must not stand still while the broker is away"
    assert "was not sent" in caplog.text
    assert sending.send_task("events.prune", [], queue="nobody")


@pytest.mark.django_db
def test_a_task_settles_its_subjects_and_a_duplicate_message_does_nothing(sent: list) -> None:
    calls: list[list[str]] = []
    for subject in ("load_1", "load_2", "load_1"):
        _publish(subject=subject)
    place_batch(WIRING)
    for _ in range(3):
        perform("matching.match_load", _settling(calls), ["load_1", "load_2"])
    assert calls == [["load_1", "load_2"]]
    assert not Reaction.objects.filter(done_at=None).exists()
    sending.sweep()
    assert sent == []


@pytest.mark.django_db
def test_a_run_answers_every_fact_that_was_placed_before_it_began() -> None:
    calls: list[list[str]] = []
    _publish()
    place_batch(WIRING)
    _publish(name="load.edited")
    place_batch(WIRING)
    perform("matching.match_load", _settling(calls), ["load_1"])
    perform("matching.match_load", _settling(calls), ["load_1"])
    assert calls == [["load_1"]]


@pytest.mark.django_db
def test_a_fact_that_is_placed_while_the_task_runs_is_not_settled_by_it() -> None:
    _publish()
    place_batch(WIRING)

    def body(subjects: list[str], settle: Settle) -> None:
        _publish(name="load.edited")
        place_batch(WIRING)
        with transaction.atomic():
            settle("load_1")

    perform("matching.match_load", body, ["load_1"])
    assert [row.done_at is None for row in Reaction.objects.order_by("position")] == [False, True]


@pytest.mark.django_db(transaction=True)
def test_an_effect_that_rolls_back_leaves_its_reaction_undone() -> None:
    _publish()
    place_batch(WIRING)

    def body(subjects: list[str], settle: Settle) -> None:
        with transaction.atomic():
            settle("load_1")
            raise RuntimeError("no road to there")

    with pytest.raises(RuntimeError):
        perform("matching.match_load", body, ["load_1"])
    reaction = Reaction.objects.get()
    assert (reaction.done_at, reaction.attempts, reaction.last_error) == (None, 1, "RuntimeError: no road to there")


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_died_in_the_middle_is_followed_by_another_run(sent: list) -> None:
    _publish()
    place_batch(WIRING)

    def killed(subjects: list[str], settle: Settle) -> None:
        raise SystemExit  # nothing after the begin is written, as after SIGKILL

    with pytest.raises(SystemExit):
        perform("matching.match_load", killed, ["load_1"])
    sending.sweep()
    assert sent == [], "it may still run: its lease holds"
    Reaction.objects.update(due_at=Now())
    sending.sweep()
    assert [message[1] for message in sent] == [["load_1"]]
    perform("matching.match_load", _settling([]), ["load_1"])
    assert Reaction.objects.get().done_at is not None


@pytest.mark.django_db
def test_settling_outside_a_transaction_is_refused_and_a_silent_task_is_found_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    _publish()
    place_batch(WIRING)
    perform("matching.match_load", lambda subjects, settle: None, ["load_1"])
    assert Reaction.objects.get().last_error == "The task ended without settling this subject"
    assert "without settling" in caplog.text


@pytest.mark.django_db
def test_what_failed_once_is_sent_alone_so_that_it_takes_no_others_along(sent: list) -> None:
    for number in range(3):
        _publish(subject=f"load_{number}")
    place_batch(WIRING)
    Reaction.objects.filter(subject="load_1").update(attempts=1)
    sending.sweep()
    assert sorted(message[1] for message in sent) == [["load_0", "load_2"], ["load_1"]]


@pytest.mark.django_db
def test_after_eight_attempts_a_reaction_is_dead_visible_and_can_be_replayed(sent: list) -> None:
    _publish()
    place_batch(WIRING)
    for _ in range(MOST_ATTEMPTS):
        with pytest.raises(RuntimeError):
            perform("matching.match_load", _failing, ["load_1"])
        Reaction.objects.update(due_at=Now())
    sending.sweep()
    assert sent == []
    assert [(row.subject, row.last_error) for row in queries.dead_reactions()] == [("load_1", "RuntimeError: broken")]
    assert queries.pulse().dead_reactions == 1
    assert upkeep.replay() == 1
    sending.sweep()
    assert len(sent) == 1
    perform("matching.match_load", _settling([]), ["load_1"])
    assert not queries.dead_reactions().exists()


def _failing(subjects: list[str], settle: Settle) -> None:
    raise RuntimeError("broken")


@pytest.mark.django_db
def test_a_worker_that_dies_eight_times_over_a_subject_does_not_meet_it_again(sent: list) -> None:
    _publish()
    place_batch(WIRING)
    Reaction.objects.update(attempts=MOST_ATTEMPTS, due_at=Now())
    sending.sweep()
    assert sent == []
    assert queries.dead_reactions().count() == 1


@pytest.mark.django_db
def test_periodic_tasks_are_sent_each_period_and_expire_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    messages: list[tuple[str, float]] = []

    def take(name: str, arguments: list, *, queue: str, expires_seconds: float) -> bool:
        messages.append((name, expires_seconds))
        return True

    monkeypatch.setattr("foundation.events.relay.loop.send_task", take)
    monkeypatch.setattr(sending, "send_task", lambda *args, **kwargs: True)
    relay = Relay(wiring={"canary.sung": ()}, periodic={"loads.expire_due": 3600})
    relay.tick()
    relay.tick()
    assert messages == [("loads.expire_due", 3600)]
    assert Event.objects.filter(name="canary.sung").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_second_relay_waits_until_the_first_has_ended(run_relay_in_thread) -> None:
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as first:
        first.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        run_relay_in_thread(WIRING)
        _publish()
        threading.Event().wait(1.5)
        assert Event.objects.get(name="load.opened").position is None
    _wait_until(lambda: Event.objects.get(name="load.opened").position is not None)


@pytest.mark.django_db(transaction=True)
def test_a_commit_wakes_the_relay_at_once(run_relay_in_thread, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as asleep:
        asleep.setattr(loop, "POLL_SECONDS", 600.0)  # left to itself it would look again in ten minutes
        run_relay_in_thread(WIRING)
        _wait_until(lambda: Event.objects.filter(name="canary.sung", position__isnull=False).exists())
        _publish()
        _wait_until(lambda: Event.objects.get(name="load.opened").position is not None)
    _publish()  # wakes it once more, so that it sees that it shall end


def _wait_until(holds: Callable[[], bool], *, seconds: float = 30) -> None:
    pause = threading.Event()
    for _ in range(int(seconds * 100)):
        if holds():
            return
        pause.wait(0.01)
    raise AssertionError(f"not within {seconds} s")


@pytest.mark.django_db(transaction=True)
def test_the_relay_outlives_a_lost_database_connection(run_relay_in_thread) -> None:
    run_relay_in_thread(WIRING)
    _wait_until(lambda: Event.objects.filter(name="canary.sung", position__isnull=False).exists())
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database"
            " WHERE locktype = 'advisory' AND objid = %s AND datname = current_database()",
            [LOCK & 0xFFFFFFFF],
        )
    _publish()
    _wait_until(lambda: Event.objects.get(name="load.opened").position is not None)


def test_the_lease_is_longer_than_a_poke_and_the_longest_task_fits_the_queue() -> None:
    options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    assert options["visibility_timeout"] > settings.CELERY_TASK_TIME_LIMIT
