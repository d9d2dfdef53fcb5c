"""The time: the database's, read once at the edge of a request or task."""

from datetime import UTC, datetime

from foundation.trade.statements import rows_of


def now() -> datetime:
    """Return the database's time as an aware UTC instant, moving also within a transaction.

    Callers write `clock.now()`, so that tests can replace this one function.
    """
    instant: datetime = rows_of("SELECT clock_timestamp()", {})[0][0]
    return instant.astimezone(UTC)
