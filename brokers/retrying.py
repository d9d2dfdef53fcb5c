"""Doing a piece of work again when the database chose it as the one to give way."""

import time
from collections.abc import Callable
from typing import TypeVar

from django.db import OperationalError, transaction
from psycopg import errors as pg

from foundation.trade.errors import Busy
from foundation.trade.locks import limit_lock_waits

MOST_RETRIES = 3
PAUSE_SECONDS = 0.02

Result = TypeVar("Result")


class Overtaken(Exception):
    """What the work rests on was written by another while it waited for a lock: it is to begin anew."""


_GIVES_WAY = (pg.DeadlockDetected, pg.SerializationFailure)
_BUSY = "Others are changing the same load or truck just now. Nothing was saved: try again in a moment."


def retried(work: Callable[[], Result]) -> Result:
    """Do the work in one transaction (a savepoint of the caller's, if there is one) and return what it returns.

    A statement waits 3 s for a lock at most. What a deadlock or a serialization failure undid, or what was `Overtaken`,
    is done again, three times at most, each from its beginning: the work reads all that it decides on inside. Raises
    `Busy` (503) when that was not enough, or when a lock was not to be had; what the work itself raises goes through.
    """
    for attempt in range(MOST_RETRIES + 1):
        try:
            with transaction.atomic():
                limit_lock_waits()
                return work()
        except (OperationalError, Overtaken) as error:
            if isinstance(error.__cause__, pg.LockNotAvailable):
                raise Busy(_BUSY) from error
            if not isinstance(error, Overtaken) and not isinstance(error.__cause__, _GIVES_WAY):
                raise
            if attempt == MOST_RETRIES:
                raise Busy(_BUSY) from error
            time.sleep(PAUSE_SECONDS * 2**attempt)
    raise AssertionError("the last attempt returns or raises")
