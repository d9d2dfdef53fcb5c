"""Reactions: Celery tasks that act on facts, at least once, and mark them done in the transaction of their effect."""

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial, wraps
from typing import Any

from celery import shared_task
from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.db.transaction import TransactionManagementError

from foundation.events.models import Reaction
from foundation.trade.statements import rows_of

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 8
LEASE = timedelta(seconds=60)

# An attempt that a crash forgets is only made sooner: its note need not wait for the disk.
_BEGIN = """
    UPDATE events_reaction
    SET attempts = attempts + 1, due_at = statement_timestamp() + make_interval(secs => %(lease)s)
    FROM (SELECT set_config('synchronous_commit', 'off', true)) AS quickly
    WHERE task = %(task)s AND subject = ANY(%(subjects)s) AND done_at IS NULL AND dead_at IS NULL
    RETURNING subject, position
"""
_SETTLE = """
    UPDATE events_reaction SET done_at = statement_timestamp(), dead_at = NULL
    WHERE task = %(task)s AND subject = %(subject)s AND position <= %(up_to)s AND done_at IS NULL
"""


class Settle:
    """Marks a task's reactions to a subject as done; called inside the transaction of the task's effect."""

    def __init__(self, task: str, up_to: int) -> None:
        self.task = task
        self.up_to = up_to
        self.committed: set[str] = set()

    def __call__(self, subject: str) -> None:
        """Mark the subject's reactions as done; raises `TransactionManagementError` outside a transaction."""
        if not connection.in_atomic_block:
            raise TransactionManagementError("Settle a subject in the transaction of the effect")
        rows_of(_SETTLE, {"task": self.task, "subject": subject, "up_to": self.up_to})
        transaction.on_commit(partial(self.committed.add, subject))


Body = Callable[[list[str], Settle], None]


def wait_after(attempts: int) -> timedelta:
    """Return how long to wait before an attempt follows this many failed ones: 5 s, 20 s, 80 s, ... at most 6 h."""
    return timedelta(seconds=min(5 * 4 ** max(attempts - 1, 0), 6 * 3600))


def _begin(task: str, subjects: Sequence[str]) -> dict[str, int]:
    """Note an attempt at what is undone of these subjects; return the last position of each that waits."""
    found = rows_of(_BEGIN, {"lease": LEASE.total_seconds(), "task": task, "subjects": list(subjects)})
    return dict(sorted(found, key=lambda row: row[1]))


def _undone(task: str, subjects: Sequence[str]) -> Q:
    return Q(task=task, subject__in=subjects, done_at__isnull=True, dead_at__isnull=True)


def perform(task: str, body: Body, subjects: Sequence[str]) -> None:
    """Run a reaction's body for those subjects that still wait for it, and note a failure for the sweep.

    What a duplicate message brings again is passed over. A subject counts as done only when the body settles it.
    """
    found = _begin(task, subjects)
    waiting = [subject for subject in dict.fromkeys(subjects) if subject in found]
    if not waiting:
        return
    # Facts up to here were committed before the body reads, so one run answers them all.
    up_to = max(found.values())
    begun = _undone(task, waiting) & Q(position__lte=up_to)
    settle = Settle(task, up_to)
    try:
        body(waiting, settle)
    except Exception as error:
        _note_failure(begun, f"{type(error).__name__}: {error}")
        raise
    if settle.committed.issuperset(waiting):
        return
    if _note_failure(begun, "The task ended without settling this subject"):
        logger.error("%s ended without settling all of %s", task, waiting)


def _note_failure(begun: Q, sentence: str) -> int:
    """Write down why the rest is undone, and when to try again; return how many reactions that are."""
    left = 0
    for attempts in list(Reaction.objects.filter(begun).values_list("attempts", flat=True).distinct()):
        given_up = {"dead_at": Now()} if attempts >= MOST_ATTEMPTS else {}
        left += Reaction.objects.filter(begun, attempts=attempts).update(
            last_error=sentence.replace("\0", "")[:500], due_at=Now() + wait_after(attempts), **given_up
        )
    return left


def reaction(name: str) -> Callable[[Body], Any]:
    """Make a Celery task of a body that takes subjects and `settle`.

    The body does its work, subject by subject or all at once, and calls `settle(subject)` inside the transaction of
    each effect. It may run twice for the same subject, also at the same time.
    """

    def decorate(body: Body) -> Any:
        @wraps(body)
        def run(subjects: list[str], up_to: int) -> None:
            perform(name, body, subjects)

        return shared_task(name=name, ignore_result=True)(run)

    return decorate
