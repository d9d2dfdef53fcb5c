"""Addresses and the cache that outlives Redis."""

from pathlib import Path

from backhaul.cache import SoftRedisCache
from backhaul.network import allowed_hosts, celery_broker_url, local_base_url


def test_a_unix_socket_is_spelled_as_celery_wants_it() -> None:
    assert celery_broker_url("unix:///run/redis.sock?db=3") == "redis+socket:///run/redis.sock?virtual_host=3"
    assert celery_broker_url("redis://cache:6379/1") == "redis://cache:6379/1"


def test_the_server_answers_to_its_public_name_and_not_to_any_name() -> None:
    hosts = allowed_hosts(host="0.0.0.0", base_url="https://freight.example.com")
    assert "freight.example.com" in hosts
    assert "localhost" in hosts
    assert "*" not in hosts
    assert "0.0.0.0" not in hosts


def test_an_address_bound_everywhere_is_reached_by_loopback() -> None:
    assert local_base_url("0.0.0.0", 8000) == "http://127.0.0.1:8000"
    assert local_base_url("::1", 81) == "http://[::1]:81"


def test_the_cache_remembers_while_redis_is_away(tmp_path: Path) -> None:
    cache = SoftRedisCache(f"unix://{tmp_path}/nobody-listens.sock", {"KEY_PREFIX": tmp_path.name})
    assert cache.get("key") is None
    cache.set("key", 7)
    assert cache.get("key") == 7
    assert cache.incr("key") == 8
    assert cache.get_many(["key", "other"]) == {"key": 8}
    assert cache.get_or_set("new", lambda: 1) == 1
