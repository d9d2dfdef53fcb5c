"""Statements that are asked again and again: the server plans each once a connection, and is then told the values only.

A run of matching has much to ask and always asks the same: planning it would take longer than answering.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import psycopg
from django.db import connection
from django.db.backends.utils import CursorWrapper
from psycopg.adapt import AdaptersMap
from psycopg.pq import ExecStatus
from psycopg.types.numeric import Int8Dumper

Statement = tuple[str, Mapping[str, Any]]
"""SQL with named places, and what belongs there. The text is kept with its plan, so no value may be a part of it."""
Rows = list[tuple[Any, ...]]


class _KeptCursor(psycopg.Cursor[Any]):
    """A cursor whose statements the server keeps with their plans, apart from the values."""

    def execute(
        self, query: Any, params: Any = None, *, prepare: bool | None = True, binary: bool | None = None
    ) -> "_KeptCursor":
        """Run a statement; it is planned when it comes first (never, where `DATABASE_PREPARED` is off)."""
        return super().execute(query, params, prepare=prepare, binary=binary)

    def fetchall(self) -> Rows:
        """Return the rows, none for a statement that returns nothing."""
        answered = self.pgresult is not None and self.pgresult.status == ExecStatus.TUPLES_OK
        return super().fetchall() if answered else []

    @property
    def adapters(self) -> AdaptersMap:
        """How values are written: whole numbers in one width, since each width would make another statement."""
        return _adapters(self._conn.adapters)


@lru_cache(maxsize=4)
def _adapters(of_connection: AdaptersMap) -> AdaptersMap:
    adapters = AdaptersMap(of_connection)
    adapters.register_dumper(int, Int8Dumper)
    return adapters


def rows_of(text: str, values: Mapping[str, Any]) -> Rows:
    """Run a statement; return its rows, none if it returns nothing."""
    return rows_of_each([(text, values)])[0]


def rows_of_each(statements: Sequence[Statement]) -> list[Rows]:
    """Run statements one after the other; return the rows of each, none for one that returns nothing.

    Within a transaction each sees what was committed before it begins.
    """
    if connection.queries_logged:
        return [_logged(statement) for statement in statements]
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    answers = []
    with CursorWrapper(_KeptCursor(connection.connection), connection) as cursor:
        for text, values in statements:
            cursor.execute(text, values)
            answers.append(cursor.fetchall())
    return answers


def _logged(statement: Statement) -> Rows:
    """Run a statement as any other: whoever reads the log or counts in it wants to see it, with its values."""
    with connection.cursor() as cursor:
        cursor.execute(*statement)
        return cursor.fetchall() if cursor.description else []
