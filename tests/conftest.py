"""Fixtures that every room's tests may use."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from playwright.sync_api import expect

from tests.databases import copy_one_database
from tests.embedded import WORKER, find_chromium, owns_postgres

PATIENCE_MS = 30_000  # what a page shows in the end it shows within this, on a machine that does much else meanwhile


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: Any) -> None:
    """Migrate one database for all workers of a run (pytest-django asks for this fixture before it makes its own)."""
    if WORKER and owns_postgres():
        with django_db_blocker.unblock():
            copy_one_database()


@pytest.fixture
def empty_cache() -> Iterator[None]:
    """Begin and end with an empty cache (rate limits and computed figures live there)."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of the system's Chromium; skip the test where there is none."""
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium found")
    expect.set_options(timeout=PATIENCE_MS)
    return path
