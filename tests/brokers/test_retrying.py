"""Work that the database undid is done again, three times at most; a lock that is not to be had is said to be busy."""

import threading
from collections.abc import Callable

import pytest
from django.db import OperationalError, connection, connections
from psycopg import errors as pg

from brokers import retrying
from brokers.retrying import MOST_RETRIES, retried
from foundation.accounts.models import Organization
from foundation.rest.problems import problem_of
from foundation.trade.errors import Busy, Conflict
from tests.builders import make_organization


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "PAUSE_SECONDS", 0.0)


def _failing(times: int, cause: type[Exception]) -> tuple[Callable[[], str], list[int]]:
    """Return work that fails so often before it succeeds, and how often it was begun."""
    begun: list[int] = []

    def work() -> str:
        begun.append(1)
        if len(begun) <= times:
            raise OperationalError("given way") from cause("given way")
        return "done"

    return work, begun


@pytest.mark.django_db
@pytest.mark.parametrize("cause", [pg.DeadlockDetected, pg.SerializationFailure])
def test_what_gave_way_is_done_again(cause: type[Exception]) -> None:
    work, begun = _failing(MOST_RETRIES, cause)
    assert retried(work) == "done"
    assert len(begun) == MOST_RETRIES + 1


@pytest.mark.django_db
def test_after_three_more_times_it_is_busy_and_rest_says_when_to_come_again() -> None:
    work, begun = _failing(99, pg.DeadlockDetected)
    with pytest.raises(Busy) as refusal:
        retried(work)
    assert len(begun) == MOST_RETRIES + 1
    problem = problem_of(refusal.value)
    assert problem is not None
    assert (problem.status, problem.headers) == (503, {"Retry-After": "1"})


@pytest.mark.django_db
def test_a_refusal_and_any_other_failure_go_through_at_once() -> None:
    for failure in (Conflict("load_gone", "Gone."), OperationalError("the server went away")):
        begun: list[int] = []

        def work(failure: Exception = failure, begun: list[int] = begun) -> None:
            begun.append(1)
            raise failure

        with pytest.raises(type(failure)):
            retried(work)
        assert len(begun) == 1


@pytest.mark.django_db
def test_what_was_undone_left_nothing() -> None:
    begun: list[int] = []

    def work() -> int:
        begun.append(1)
        make_organization(f"Try {len(begun)}")
        if len(begun) == 1:
            raise OperationalError("given way") from pg.DeadlockDetected("given way")
        return Organization.objects.filter(name__startswith="Try").count()

    assert retried(work) == 1


@pytest.mark.django_db(transaction=True)
def test_a_real_deadlock_ends_with_both_done() -> None:
    one, other = make_organization("One"), make_organization("Other")
    met, failures = threading.Barrier(2), []

    def cross(first: Organization, second: Organization) -> None:
        tries: list[int] = []

        def work() -> None:
            tries.append(1)
            Organization.objects.filter(pk=first.pk).update(contact_name="held")
            if len(tries) == 1:
                met.wait(30)
            Organization.objects.filter(pk=second.pk).update(contact_name="held")

        try:
            with connection.cursor() as cursor:
                cursor.execute("SET deadlock_timeout = '100ms'")
            retried(work)
        except Exception as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=cross, args=pair) for pair in ((one, other), (other, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert Organization.objects.filter(contact_name="held").count() == 2
