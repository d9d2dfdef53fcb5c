"""Fixtures of the events room."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
import redis
from django.db import connections

from foundation.events import live
from foundation.events.relay import run_relay
from tests.events.listening import Listener
from tests.installation import Installation


@pytest.fixture
def run_relay_in_thread() -> Iterator[Callable[[Mapping[str, Sequence[str]]], None]]:
    """Run relays in threads of their own until the test ends."""
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def start(wiring: Mapping[str, Sequence[str]]) -> None:
        def run() -> None:
            run_relay(wiring=wiring, stop=stop)
            connections.close_all()

        threads.append(threading.Thread(target=run))
        threads[-1].start()

    yield start
    stop.set()
    for thread in threads:
        thread.join(60)


@pytest.fixture
def listener(transactional_db: None) -> Iterator[Listener]:
    """A listener that hangs up when the test ends."""
    found = Listener()
    yield found
    found.close()


@pytest.fixture
def site(transactional_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    """A real web server; what the test publishes reaches its Redis."""
    found = Installation(tmp_path, ["web"])
    own = redis.Redis.from_url(found.redis.url(), socket_connect_timeout=1)
    monkeypatch.setattr(live, "_client", lambda: own)
    yield found
    found.stop()
