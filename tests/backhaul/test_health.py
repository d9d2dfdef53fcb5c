"""The health endpoints."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.test import Client

from backhaul import health
from foundation.events.models import Canary, Event


def test_a_process_that_answers_is_healthy(client: Client) -> None:
    assert client.get("/healthz").content == b"ok\n"
    assert client.post("/healthz").status_code == 405


@pytest.mark.django_db
def test_a_migrated_installation_without_a_worker_serves_but_says_so(client: Client) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    found = answer.json()
    assert found["status"] == "degraded"
    assert found["database"] == {"reachable": True, "migrated": True}
    assert found["queue"] == {"reachable": True}
    assert found["worker"] == {"ok": False, "seconds_since_canary": None}


@pytest.mark.django_db
def test_an_installation_whose_worker_answers_is_ready(client: Client) -> None:
    Canary.objects.create(subject="operator", heard_at=Now())
    assert client.get("/readyz").json()["status"] == "ready"


@pytest.mark.django_db
def test_a_worker_that_stopped_consuming_is_seen() -> None:
    Canary.objects.create(subject="operator", heard_at=Now() - timedelta(minutes=5))
    found = health.check()
    assert not found.worker.ok
    assert found.ready, "posting goes on without a worker"


def test_without_its_database_the_installation_is_not_ready(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_database", lambda: health.Database(reachable=False, migrated=False))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["status"] == "not_ready"


@pytest.mark.django_db
def test_missing_redis_is_degraded_and_answers_quickly(client: Client, settings: object) -> None:
    settings.REDIS_URL = "unix:///nowhere.sock"  # type: ignore[attr-defined]
    found = client.get("/readyz")
    assert found.status_code == 200
    assert found.json()["queue"] == {"reachable": False}


@pytest.mark.django_db
def test_a_fact_that_waits_too_long_for_the_relay_is_seen() -> None:
    Event.objects.create(name="load.opened", subject="load_1", created_at=Now() - timedelta(minutes=5))
    found = health.check()
    assert not found.outbox.ok
    assert found.outbox.oldest_waiting_seconds == pytest.approx(300, abs=30)
