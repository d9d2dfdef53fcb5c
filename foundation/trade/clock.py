"""The time: the database's, read once at the edge of a request or task."""

from datetime import UTC, datetime

from django.db import connection


def now() -> datetime:
    """Return the database's time as an aware UTC instant, moving also within a transaction.

    Callers write `clock.now()`, so that tests can replace this one function.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        instant: datetime = cursor.fetchone()[0]
    return instant.astimezone(UTC)
