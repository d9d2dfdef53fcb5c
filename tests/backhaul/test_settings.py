"""Settings that a mistake would make dangerous."""

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection


@pytest.mark.django_db
def test_the_database_is_reached_through_a_pool() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    assert connection.pool is not None
    assert connection.settings_dict["CONN_MAX_AGE"] == 0


def test_the_broker_hears_again_of_a_task_only_after_it_must_have_ended() -> None:
    assert settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"] > settings.CELERY_TASK_TIME_LIMIT


def test_tests_use_a_home_and_a_cache_of_their_own() -> None:
    assert "backhaul-tests-" in str(settings.HOME)
    cache.set("seen", 1)
    assert cache.get("seen") == 1


def test_nothing_is_open_that_should_not_be() -> None:
    assert settings.DEBUG is False
    assert settings.ADMIN_ENABLED is False
    assert "*" not in settings.ALLOWED_HOSTS
    assert len(settings.SECRET_KEY) >= 50
