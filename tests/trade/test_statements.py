"""Statements whose plans the server keeps: what comes back, and how many plans that makes."""

import pytest
from django.db import DataError, connection, transaction
from django.test.utils import CaptureQueriesContext

from foundation.trade.statements import rows_of, rows_of_each

pytestmark = pytest.mark.django_db

KEPT = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %(like)s"


def plans_of(words: str) -> int:
    """Return how many plans this connection keeps of statements with these words."""
    with connection.cursor() as cursor:
        cursor.execute(KEPT, {"like": f"%{words}%"})
        return cursor.fetchone()[0]


def test_a_statement_is_planned_once_whatever_the_width_of_its_numbers():
    asked = "SELECT %(number)s::bigint + 1 AS one_more, %(keys)s::bigint[]"
    for number in (1, 70_000, 1 << 40):
        assert rows_of(asked, {"number": number, "keys": [number]}) == [(number + 1, [number])]
    assert plans_of("one_more") == 1


def test_each_statement_has_its_rows_and_one_that_returns_nothing_has_none():
    with transaction.atomic():
        answers = rows_of_each(
            [
                ("CREATE TEMPORARY TABLE noted (word text) ", {}),
                ("INSERT INTO noted VALUES (%(word)s)", {"word": "100 % 'sure'"}),
                ("SELECT word FROM noted", {}),
                ("UPDATE noted SET word = '' WHERE word = %(word)s", {"word": None}),
            ]
        )
    assert answers == [[], [], [("100 % 'sure'",)], []]
    assert rows_of_each([]) == []


def test_an_error_is_djangos_and_undoes_the_transaction_alone():
    with pytest.raises(DataError, match="division by zero"), transaction.atomic():
        rows_of("SELECT 1 / %(number)s::int", {"number": 0})
    assert rows_of("SELECT 1 / %(number)s::int", {"number": 1}) == [(1,)]


def test_what_counts_queries_counts_these_and_shows_their_values():
    with CaptureQueriesContext(connection) as captured:
        assert rows_of_each([("SELECT %(number)s::int", {"number": 7}), ("SET LOCAL TIME ZONE 'UTC'", {})]) == [
            [(7,)],
            [],
        ]
    assert [query["sql"] for query in captured] == ["SELECT 7::int", "SET LOCAL TIME ZONE 'UTC'"]
