"""Fixtures that every room's tests may use."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache

from tests.embedded import find_chromium


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
    return path
