"""The embedded servers: started for whoever we are, stopped with us."""

import os

import psycopg
import redis
from django.conf import settings


def test_the_test_run_has_its_own_postgresql() -> None:
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_the_test_run_has_its_own_redis() -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        assert client.ping()
