"""Several statements in one message to the database: each way there and back costs, and a run has much to ask."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

Statement = tuple[str, Mapping[str, Any]]
"""SQL with named places, and what belongs there."""
Rows = list[tuple[Any, ...]]


def rows_of_each(statements: Sequence[Statement]) -> list[Rows]:
    """Run statements one after the other; return the rows of each, none for one that returns nothing.

    Within a transaction each sees what was committed before it begins, as if it had been sent by itself.
    """
    if not statements:
        return []
    with connection.cursor() as cursor:
        cursor.execute(";".join(cursor.mogrify(text, values) for text, values in statements))
        answers: list[Rows] = []
        while True:
            answers.append(cursor.fetchall() if cursor.description else [])
            if not cursor.nextset():
                return answers
