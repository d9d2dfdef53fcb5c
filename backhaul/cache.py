"""A cache on Redis that outlives Redis: while it is away each process remembers for itself."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

_METHODS = ("add", "get", "set", "touch", "delete", "get_many", "has_key", "incr", "set_many", "delete_many", "clear")


def _soft(name: str) -> Callable[..., Any]:
    """Return a cache method that asks Redis and, when Redis does not answer, the process's own memory."""

    def method(self: "SoftRedisCache", *args: Any, **kwargs: Any) -> Any:
        try:
            return getattr(RedisCache, name)(self, *args, **kwargs)
        except (RedisError, OSError) as error:
            logger.warning("The cache is away (%s: %s); this process remembers for itself", type(error).__name__, error)
            return getattr(self.own_memory, name)(*args, **kwargs)

    method.__name__ = name
    return method


class SoftRedisCache(RedisCache):
    """Django's Redis cache; rate limits and cached answers go on, per process, while Redis is away."""

    def __init__(self, server: str, params: Mapping[str, Any]) -> None:
        """Prepare both caches; nothing connects yet."""
        options = {"socket_connect_timeout": 1, "socket_timeout": 2} | dict(params.get("OPTIONS", {}))
        super().__init__(server, {**params, "OPTIONS": options})
        self.own_memory = LocMemCache("while-redis-is-away", dict(params))


for _name in _METHODS:
    setattr(SoftRedisCache, _name, _soft(_name))
