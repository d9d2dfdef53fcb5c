"""The relay's loop: one relay at a time, woken by each commit, looking by itself when nobody wakes it."""

import logging
import time
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from threading import Event as StopEvent

import psycopg
from django.db import DatabaseError, InterfaceError, close_old_connections, connection, transaction

from foundation.events.chain import chain_batch
from foundation.events.relay.placing import BATCH, place_batch
from foundation.events.relay.sending import announce, queue_of, send_reactions, send_task, sweep
from foundation.events.services import WAKE_CHANNEL, publish

logger = logging.getLogger(__name__)

LOCK = 0x6261636B6861756C  # "backhaul": the advisory lock that the one relay holds
POLL_SECONDS = 1.0
SWEEP_SECONDS = 30.0
SWEEP_AFTER_FAILURE_SECONDS = 2.0
CANARY_SECONDS = 30.0
CHAIN_SECONDS = 10.0
OPERATOR = "operator"


class Relay:
    """One relay's round: what it does each time that it wakes, and what it does now and then."""

    def __init__(
        self,
        *,
        wiring: Mapping[str, Sequence[str]],
        periodic: Mapping[str, float],
        watched: Collection[str] = (),
        lists: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        """Begin with everything due."""
        self.wiring = wiring
        self.periodic = periodic
        self.watched = watched
        self.lists = lists or {}
        self._next: dict[str, float] = {}

    def _is_due(self, what: str, period: float) -> bool:
        now = time.monotonic()
        if now < self._next.get(what, 0.0):
            return False
        self._next[what] = now + period
        return True

    def _look_again(self, what: str, seconds: float) -> None:
        self._next[what] = min(self._next.get(what, 0.0), time.monotonic() + seconds)

    def place_and_send(self) -> int:
        """Place what has been committed, announce it, and send its reactions; return how many facts that were."""
        total = 0
        while True:
            placed = place_batch(self.wiring, watched=self.watched, lists=self.lists)
            total += placed.count
            announce(placed.heard, placed.watched, placed.added)
            if placed.reactions and not send_reactions(placed.reactions):
                self._look_again("sweep", SWEEP_AFTER_FAILURE_SECONDS)
            if placed.count < BATCH:
                return total

    def tick(self) -> None:
        """Do one round: new facts at once, everything else when its time has come."""
        self.place_and_send()
        if self._is_due("sweep", SWEEP_SECONDS) and not sweep():
            self._look_again("sweep", SWEEP_AFTER_FAILURE_SECONDS)
        if self._is_due("canary", CANARY_SECONDS):
            with transaction.atomic():
                publish(name="canary.sung", subject=OPERATOR, audience={})
        if self._is_due("chain", CHAIN_SECONDS):
            while chain_batch():
                pass
        for task, seconds in self.periodic.items():
            # A message that no worker took within its period makes way for the next one.
            if self._is_due(f"task {task}", seconds):
                send_task(task, [], queue=queue_of(task) or "default", expires_seconds=seconds)


def _serve(relay: Relay, listener: psycopg.Connection[tuple[object, ...]], stop: StopEvent) -> None:
    """Be the relay on a connection that holds the lock, until told to stop or the connection breaks."""
    listener.execute(f"LISTEN {WAKE_CHANNEL}")
    while not stop.is_set():
        try:
            relay.tick()
        finally:
            close_old_connections()
        deque(listener.notifies(timeout=POLL_SECONDS, stop_after=1), maxlen=0)
        deque(listener.notifies(timeout=0), maxlen=0)  # one round answers all that have arrived


def _takes_the_lock(listener: psycopg.Connection[tuple[object, ...]]) -> bool:
    row = listener.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()
    return bool(row and row[0])


def run_relay(
    *,
    wiring: Mapping[str, Sequence[str]],
    stop: StopEvent,
    periodic: Mapping[str, float] | None = None,
    watched: Collection[str] = (),
    lists: Mapping[str, Collection[str]] | None = None,
) -> None:
    """Run until `stop` is set. Of several relays one works; the others wait for its lock and take over when it ends.

    `wiring` names the tasks that hear each fact, `periodic` the tasks that are sent every so many seconds, `watched`
    the facts of which those are told who only look at their subject, `lists` those that add to a list that others look
    at. A lost database is waited for.
    """
    relay = Relay(wiring=wiring, periodic=periodic or {}, watched=watched, lists=lists)
    waiting = False
    while not stop.is_set():
        try:
            # A connection of its own, outside the pool: the lock and LISTEN live as long as it does.
            with psycopg.connect(**connection.get_connection_params(), autocommit=True) as listener:
                if _takes_the_lock(listener):
                    waiting = False
                    logger.info("This relay works")
                    _serve(relay, listener, stop)
                elif not waiting:
                    waiting = True
                    logger.info("Another relay works; this one waits")
        except (DatabaseError, InterfaceError, psycopg.Error) as error:
            logger.warning("The relay lost the database (%s: %s); it tries again", type(error).__name__, error)
        stop.wait(POLL_SECONDS)
