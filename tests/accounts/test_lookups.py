"""When the registry is asked, by whom, and how it is left alone when it is away."""

from contextlib import nullcontext
from datetime import timedelta

import pytest
from django.db import connection

from backhaul.supervisor.commands import worker
from foundation.accounts import tasks
from foundation.accounts.federal.lookups import due_numbers, pause_after, refresh_record
from foundation.accounts.federal.turn import registry_turn
from foundation.accounts.models import FederalRecord, Market
from foundation.accounts.services import verify_organization
from foundation.events.relay.sending import queue_of
from tests.builders import make_organization, make_record, now
from tests.events.pump import pump

pytestmark = pytest.mark.django_db


@pytest.fixture
def answers(settings, tmp_path):
    settings.FEDERAL_ANSWERS = str(tmp_path)
    return tmp_path


def carrier(number, **columns):
    return make_organization(f"Carrier {number}", hauls=True, usdot_number=number, **columns)


def test_verified_numbers_are_due_when_they_are_missing_or_old(answers):
    carrier("1")
    make_record(carrier("2"), fetched_at=now() - timedelta(hours=11))
    make_record(carrier("3"), fetched_at=now() - timedelta(hours=13))
    make_record(carrier("4"), fetched_at=None, outcome="failed")
    carrier("5", verified=False)
    make_organization("Shipper", usdot_number="6")
    carrier("7", market=Market.SANDBOX)
    make_record(carrier("8", verified=False), fetched_at=now() - timedelta(days=9))
    assert due_numbers(now(), limit=10) == [("live", "1"), ("sandbox", "7"), ("live", "4"), ("live", "3")]
    assert due_numbers(now(), limit=1) == [("live", "1")]


def test_without_a_registry_only_the_sandbox_is_due():
    carrier("1")
    carrier("7", market=Market.SANDBOX)
    assert due_numbers(now(), limit=10) == [("sandbox", "7")]
    assert refresh_record(market="live", usdot_number="1") is None
    assert not FederalRecord.objects.exists()


def test_a_number_that_failed_is_left_alone_for_longer_and_longer(answers):
    assert [pause_after(n).total_seconds() / 60 for n in (0, 1, 2, 3, 6, 50)] == [0, 1, 2, 4, 30, 30]
    who = carrier("1")
    make_record(who, fetched_at=now() - timedelta(hours=20), failures=3, tried_at=now() - timedelta(minutes=3))
    assert due_numbers(now(), limit=10) == []
    FederalRecord.objects.update(tried_at=now() - timedelta(minutes=5))
    assert due_numbers(now(), limit=10) == [("live", "1")]


def test_the_task_asks_about_what_is_due(answers):
    (answers / "1.json").write_text(
        '{"carrier": {"content": {"carrier": {"allowedToOperate": "Y", "bipdInsuranceOnFile": "750"}}},'
        ' "census": [{"email_address": "boss@one.example", "telephone": "1 (214) 555-0101"}]}'
    )
    carrier("1")
    carrier("2")
    tasks.refresh_records()
    one, two = FederalRecord.objects.order_by("usdot_number")
    assert (one.outcome, one.bipd_on_file_cents, one.phone_digits) == ("found", 750_000_00, "2145550101")
    assert (one.email_domain, one.source) == ("one.example", "recorded")
    assert two.outcome == "not_found"


def test_verifying_a_carrier_has_its_record_asked_for(answers):
    who = carrier("1", verified=False)
    verify_organization(public_id_or_name=who.public_id, decided_by="operator")
    pump()
    assert FederalRecord.objects.get().usdot_number == "1"


def test_the_network_is_asked_outside_every_transaction(answers, monkeypatch):
    in_block = []

    class Watching:
        name = "watching"

        def ask(self, usdot_number):
            in_block.append(list(connection.savepoint_ids))
            return {"carrier": {"content": None}}

    monkeypatch.setattr("foundation.accounts.federal.lookups.source_for", lambda market: Watching())
    refresh_record(market="live", usdot_number="1")
    assert in_block == [[]]  # the test's own transaction has none


def test_one_worker_at_a_time_asks(answers, monkeypatch):
    carrier("1")
    monkeypatch.setattr("foundation.accounts.tasks.registry_turn", lambda: nullcontext(False))
    tasks.refresh_records()
    assert not FederalRecord.objects.exists()
    with registry_turn() as mine:
        assert mine


@pytest.mark.parametrize(
    "task",
    ["accounts.ask_registry", "accounts.refresh_records", "brokers.check_claims", "brokers.check_waiting_claims"],
)
def test_what_waits_for_the_registry_has_a_queue_of_its_own_that_workers_serve(task, monkeypatch):
    assert queue_of(task) == "federal"
    assert "default,bulk,plans,federal" in worker()
    monkeypatch.setenv("WORKER_QUEUES", "federal")
    assert worker()[worker().index("--queues") + 1] == "federal"
