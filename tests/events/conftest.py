"""Fixtures of the events room."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest
from django.db import connections

from foundation.events.relay import run_relay
from tests.events.listening import Listener


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
        thread.join(10)


@pytest.fixture
def listener(transactional_db: None) -> Iterator[Listener]:
    """A listener that hangs up when the test ends."""
    found = Listener()
    yield found
    found.close()
