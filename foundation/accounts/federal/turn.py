"""One worker at a time waits for the registry: a slow service never holds up the workers' other slots."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

_LOCK = 0x66656465  # "fede"


@contextmanager
def registry_turn() -> Iterator[bool]:
    """Take the turn to ask the registry, or say False when another worker has it; it ends with the block.

    The lock belongs to the connection: a worker that dies gives it back.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        (mine,) = cursor.fetchone() or (False,)
    try:
        yield bool(mine)
    finally:
        if mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
