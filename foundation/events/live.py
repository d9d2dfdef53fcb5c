"""What goes over Redis to open pages: channels, messages, and a publisher that never waits long."""

import json
import logging
from collections.abc import Iterable
from functools import cache

import redis
from django.conf import settings

logger = logging.getLogger(__name__)

PREFIX = "backhaul:live:"
CONTROL_CHANNEL = f"{PREFIX}control"


def channel_of(organization_id: str) -> str:
    """Return the channel that one organization's streams listen on."""
    return f"{PREFIX}organization:{organization_id}"


def watchers_of(subject: str) -> str:
    """Return the channel of those who watch a thing that is not theirs, or a whole list."""
    return f"{PREFIX}subject:{subject}"


@cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=2)


def send(messages: Iterable[tuple[str, dict[str, object]]]) -> bool:
    """Publish (channel, message) pairs in one round trip; say whether Redis took them (without it pages poll)."""
    try:
        pipeline = _client().pipeline(transaction=False)
        for channel, message in messages:
            pipeline.publish(channel, json.dumps(message, separators=(",", ":")))
        pipeline.execute()
    except (redis.RedisError, OSError) as error:
        logger.warning("Live pages were not told (%s: %s); they poll meanwhile", type(error).__name__, error)
        return False
    return True
