"""Locks that are not to be had, deadlocks and serialization failures, each provoked for real by a second connection.

What gave way is done again, three times at most; what could not be done then is a 503 that says when to come again, has
saved nothing, and leaves the Idempotency-Key free for the next try.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.db import connection

from brokers import retrying
from brokers.models import Booking, Claim, Offer, OfferStatus
from brokers.retrying import MOST_RETRIES
from brokers.services.offers import accept_offer
from carriers.models import ReturnLeg
from foundation.accounts.models import Organization
from foundation.trade.errors import Busy
from foundation.trade.locks import LOCK_TIMEOUT_SECONDS
from loads.models import Load
from tests.brokers.bargains import Deal, make_deal, offer_by
from tests.brokers.booked import claim, going_home, open_load
from tests.builders import make_organization
from tests.matching.conftest import straight_roads
from tests.rest.clients import ApiClient

__all__ = ["straight_roads"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("straight_roads")]

RATE = {"amount": "2400.00", "currency": "USD"}
DEADLOCK_SECONDS = 1.0
"""So long we wait for a lock before we look for a deadlock; the other connection waits longer, so we give way."""


@pytest.fixture
def load() -> Load:
    return open_load(make_organization("Prairie Paper"))


@pytest.fixture
def leg() -> ReturnLeg:
    return going_home(make_organization("Ruiz Trucking", hauls=True))


class InTheWay:
    """A second connection that comes between us and a row, so many times in a row.

    Before each of our next tries we wait until it is in the way again, or is done: in place of the pause of a few
    hundredths of a second, in which it would mostly get there.
    """

    def __init__(self, times: int, deed: Callable[["InTheWay"], None]) -> None:
        self.times, self.done = times, 0
        self._deed = deed
        self._turn = threading.Condition()
        self._placed, self._is_over, self._tries = 0, False, 1
        self.failures: list[Exception] = []
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            self._ours = cursor.fetchone()[0]
        self.db = psycopg.connect(**_parameters(), autocommit=True)
        self._thread = threading.Thread(target=self._run)
        self._patch = pytest.MonkeyPatch()

    def _run(self) -> None:
        try:
            for _ in range(self.times):
                self._deed(self)
                self.done += 1
        except Exception as error:
            self.failures.append(error)
        finally:
            with self._turn:
                self._is_over = True
                self._turn.notify_all()

    def in_place(self) -> None:
        """Say that the row is held."""
        with self._turn:
            self._placed += 1
            self._turn.notify_all()

    def _wait_for(self, number: int) -> None:
        with self._turn:
            assert self._turn.wait_for(lambda: self._is_over or self._placed >= number, timeout=60)

    def sleep(self, _: float) -> None:
        """Stand in for the pause before our next try."""
        self._tries += 1
        self._wait_for(self._tries)

    def wait_until_we_wait(self) -> None:
        """Return once our own connection waits for a lock."""
        deadline = time.monotonic() + 60
        while not self.db.execute("SELECT 1 FROM pg_locks WHERE pid = %s AND NOT granted", [self._ours]).fetchone():
            assert time.monotonic() < deadline, "we never waited"
            time.sleep(0.005)

    def __enter__(self) -> "InTheWay":
        self._patch.setattr(retrying, "time", self)
        self._thread.start()
        self._wait_for(1)
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(60)
        self._patch.undo()
        self.db.close()
        assert self.failures == []


def _parameters() -> dict[str, object]:
    info = connection.connection.info if connection.connection else None
    if info is None:
        connection.ensure_connection()
        info = connection.connection.info
    return {"host": info.host, "port": info.port, "dbname": info.dbname, "user": info.user, "password": info.password}


def _crossing(load: Load, leg: ReturnLeg) -> Callable[[InTheWay], None]:
    """Hold the leg, and once we hold the load and wait for the leg, want the load: the wrong way round."""

    def deed(self: InTheWay) -> None:
        self.db.execute("SET deadlock_timeout = '20s'")
        self.db.execute("BEGIN")
        self.db.execute("SELECT 1 FROM carriers_returnleg WHERE id = %s FOR UPDATE", [leg.pk])
        self.in_place()
        self.wait_until_we_wait()
        self.db.execute("SELECT 1 FROM loads_load WHERE id = %s FOR UPDATE", [load.pk])
        self.db.execute("ROLLBACK")

    return deed


def _changing(load: Load) -> Callable[[InTheWay], None]:
    """Change the load while we wait for it: our snapshot is older than what we then hold."""

    def deed(self: InTheWay) -> None:
        self.db.execute("BEGIN")
        self.db.execute("UPDATE loads_load SET notes = notes || '.' WHERE id = %s", [load.pk])
        self.in_place()
        self.wait_until_we_wait()
        self.db.execute("COMMIT")

    return deed


@contextmanager
def _session(name: str, value: str) -> Iterator[None]:
    """Let our own connection run with a setting."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET {name} = '{value}'")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"RESET {name}")


def _ask(carrier: Organization, load: Load, leg: ReturnLeg) -> Callable[[], object]:
    client = ApiClient(carrier)
    body = {"truck": leg.truck.public_id, "leg": leg.public_id, "rate": RATE}
    path = f"/api/v1/loads/{load.public_id}/claims"
    return lambda: client.post(path, body, headers={"Idempotency-Key": "one-claim"})


def _nothing_was_saved(load: Load) -> None:
    assert not Claim.objects.exists()
    assert not Booking.objects.exists()
    assert Load.objects.get(pk=load.pk).status == "open"


def test_a_lock_that_is_not_to_be_had_is_a_503_after_three_seconds(load: Load, leg: ReturnLeg) -> None:
    ask = _ask(leg.organization, load, leg)

    def hold(self: InTheWay) -> None:
        self.db.execute("BEGIN")
        self.db.execute("SELECT 1 FROM loads_load WHERE id = %s FOR UPDATE", [load.pk])
        self.in_place()
        self.wait_until_we_wait()
        began.append(time.monotonic())
        answered.wait(30)
        self.db.execute("ROLLBACK")

    answered, began = threading.Event(), list[float]()
    with InTheWay(1, hold):
        try:
            answer = ask()
        finally:
            answered.set()
        seconds = time.monotonic() - began[0]
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert LOCK_TIMEOUT_SECONDS - 0.5 < seconds < 2 * LOCK_TIMEOUT_SECONDS, "once, and not once for each try"
    assert "Nothing was saved" in answer.json()["detail"]
    _nothing_was_saved(load)
    assert ask().status_code == 201


@pytest.mark.parametrize("times", [1, MOST_RETRIES])
def test_a_claim_that_deadlocks_is_made_all_the_same(load: Load, leg: ReturnLeg, times: int) -> None:
    ask = _ask(leg.organization, load, leg)
    with _session("deadlock_timeout", f"{DEADLOCK_SECONDS}s"), InTheWay(times, _crossing(load, leg)) as other:
        answer = ask()
    assert answer.status_code == 201, answer.json()
    assert other.done == times
    assert Booking.objects.get().load == load


def test_a_claim_that_deadlocks_once_more_than_that_is_a_503_and_may_come_again(load: Load, leg: ReturnLeg) -> None:
    ask = _ask(leg.organization, load, leg)
    times = MOST_RETRIES + 1
    with _session("deadlock_timeout", f"{DEADLOCK_SECONDS}s"), InTheWay(times, _crossing(load, leg)) as other:
        answer = ask()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert other.done == times
    _nothing_was_saved(load)
    answer = ask()
    assert (answer.status_code, answer.headers.get("Idempotent-Replayed")) == (201, None)


@pytest.mark.parametrize(("times", "is_booked"), [(1, True), (MOST_RETRIES, True), (MOST_RETRIES + 1, False)])
def test_a_claim_that_the_database_cannot_serialize_is_made_again(
    load: Load, leg: ReturnLeg, times: int, is_booked: bool
) -> None:
    with _session("default_transaction_isolation", "repeatable read"), InTheWay(times, _changing(load)) as other:
        if is_booked:
            claim(leg.organization, load, leg)
        else:
            with pytest.raises(Busy):
                claim(leg.organization, load, leg)
    assert other.done == times
    assert Booking.objects.count() == int(is_booked)
    if not is_booked:
        _nothing_was_saved(load)


@pytest.fixture
def deal() -> Deal:
    return make_deal()


@pytest.mark.parametrize(("times", "is_booked"), [(MOST_RETRIES, True), (MOST_RETRIES + 1, False)])
def test_an_acceptance_that_deadlocks_is_given_again_and_then_refused_with_the_offer_as_it_was(
    deal: Deal, times: int, is_booked: bool
) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    word = {"actor": deal.shipper, "offer_id": offer.public_id, "number": 1, "load_version": 1}
    with _session("deadlock_timeout", f"{DEADLOCK_SECONDS}s"), InTheWay(times, _crossing(deal.load, deal.leg)) as other:
        if is_booked:
            accept_offer(**word)
        else:
            with pytest.raises(Busy):
                accept_offer(**word)
    assert other.done == times
    assert Booking.objects.count() == int(is_booked)
    assert Offer.objects.get().status == (OfferStatus.ACCEPTED if is_booked else OfferStatus.LIVE)
