"""Row locks in the one order of the house: loads, legs, tours, trucks, drivers, trailers, offers, each by id.

Whoever locks rows of several kinds goes through them in this order, so that no two transactions wait for each other in
a circle. Locks are of the kind that leaves foreign keys alone: a row that only points to a locked one need not wait.
"""

from collections.abc import Iterable
from typing import TypeVar

from django.db import models

from foundation.trade.statements import rows_of

LOCK_TIMEOUT_SECONDS = 3
"""So long a statement waits for a lock; then somebody else has it for too long."""

Row = TypeVar("Row", bound=models.Model)


def limit_lock_waits(seconds: int = LOCK_TIMEOUT_SECONDS) -> None:
    """Let no statement of the transaction under way wait longer for a lock."""
    rows_of("SELECT set_config('lock_timeout', %(limit)s, true)", {"limit": f"{seconds}s"})


def locked(rows: models.QuerySet[Row], keys: Iterable[int] | None = None) -> dict[int, Row]:
    """Hold rows until the transaction ends, one after the other by key, and return them by key as they stand now."""
    chosen = rows if keys is None else rows.filter(pk__in=sorted(set(keys)))
    return {row.pk: row for row in held(chosen)}


def held(rows: models.QuerySet[Row]) -> models.QuerySet[Row]:
    """Return the query that holds these rows, one after the other by key."""
    return rows.select_for_update(of=("self",), no_key=True).order_by("pk")
