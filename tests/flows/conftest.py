"""The whole installation, running: web server, worker, relay and a Redis over a database of their own."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from tests.installation import Installation


@pytest.fixture(scope="package")
def own_database(django_db_blocker: Any) -> Iterator[None]:
    """Give the tests of this folder a database that lasts from one to the next, as an installation's does."""
    test, outer = connection.settings_dict["TEST"], connection.settings_dict["NAME"]
    name_before = test["NAME"]
    test["NAME"] = f"flows_{os.getpid()}"
    with django_db_blocker.unblock():
        connection.close()
        connection.close_pool()  # it knows one database only, and closing a connection makes a new one
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            yield
        finally:
            with connection.cursor() as cursor:  # what was killed may not have hung up yet
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            connection.creation.destroy_test_db(outer, verbosity=0)
            connection.close_pool()
            test["NAME"] = name_before


@pytest.fixture(scope="package")
def installation(own_database: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Run everything once for the tests of this folder, which one xdist worker runs in a row.

    Rows stay from test to test: each brings organizations of its own.
    """
    found = Installation(tmp_path_factory.mktemp("flows"))
    yield found
    found.stop()
