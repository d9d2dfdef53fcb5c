"""One migrated database for the whole run: those of the workers and of the flows are copies of it."""

import os

import psycopg
from django.conf import settings
from django.db import connection
from psycopg import sql

TEMPLATE = "test_template"
UNFINISHED = "test_template_unfinished"
_MAKING = 7_226_001  # the number of the lock that the workers take in the run's first database


def copy_one_database() -> None:
    """Have each database that Django makes for tests copied from the run's migrated one, which who comes first makes.

    For the run's own server only: on a server that outlives the run the copy could be of another day's schema.
    """
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as first:
        first.execute("SELECT pg_advisory_lock(%s)", [_MAKING])
        if first.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone() is None:
            _migrate()
            rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
            first.execute(rename.format(sql.Identifier(UNFINISHED), sql.Identifier(TEMPLATE)))
    connection.settings_dict["TEST"]["TEMPLATE"] = TEMPLATE


def _migrate() -> None:
    """Make the database with its schema, and hang up: what somebody is connected to cannot be copied."""
    test, outer = connection.settings_dict["TEST"], connection.settings_dict["NAME"]
    own = test["NAME"]
    test["NAME"] = UNFINISHED
    try:
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        connection.close()
        connection.close_pool()
    finally:
        test["NAME"] = own
        settings.DATABASES[connection.alias]["NAME"] = connection.settings_dict["NAME"] = outer
