"""Live streams: server-sent events to open pages, carried beside Django so that none holds a thread or a connection.

Django's own view says who may listen (with every middleware, as for any page) and is asked again every half minute;
`LiveStreams` wraps the ASGI application and carries what that organization hears.
"""

import asyncio
import json
import logging
import math
import random
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import redis.asyncio as redis
from django.conf import settings
from django.db import DatabaseError
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from foundation.events import live
from foundation.events.listening import (
    MOST_ADDED,
    MOST_REPLAYED,
    Rows,
    Ticket,
    added_after,
    first_position,
    grown,
    last_position,
    rows_after,
    watchable,
)
from foundation.events.watching import GREW, NOTHING, Watching

logger = logging.getLogger(__name__)

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

PATH = "/events/stream"
DOOR = "backhaul.stream"  # the key of the scope under which the view finds where to put its ticket

BEAT_SECONDS = 15.0
BEATS_PER_CHECK = 2
LONGEST_SECONDS = 600.0
MOST_PER_PERSON = 8
RETRY_MILLISECONDS = 2_000
LIST_SECONDS = 1.0  # what is added to a list meanwhile is told as one


@dataclass(slots=True)
class Door:
    """Where the view leaves its ticket."""

    ticket: Ticket | None = None


def _event(name: str, data: object, position: int | None = None) -> bytes:
    identity = f"id: {position}\n" if position is not None else ""
    return f"event: {name}\n{identity}data: {json.dumps(data, separators=(',', ':'))}\n\n".encode()


class _Full(Exception):
    """The person has as many streams open as one may."""


class LiveStreams:
    """The ASGI application with live streams at `/events/stream`; everything else goes to Django."""

    def __init__(self, application: Application, *, watching: Watching = NOTHING) -> None:
        """Wrap Django's application; `watching` says what pages may watch beyond their organization's news."""
        self.application = application
        self.watching = watching
        self._redis: redis.Redis | None = None
        # Few threads for all streams: each uses one for milliseconds, now and then.
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="live-streams")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry a stream, or pass the request on."""
        if scope["type"] != "http" or scope["path"] != PATH:
            await self.application(scope, receive, send)
            return
        ticket, messages = await self._ask(scope)
        if ticket is None or messages[0]["status"] != 200:
            for message in messages:
                await send(message)
            return
        answer = _Answer(send, [pair for pair in messages[0]["headers"] if pair[0].lower() != b"content-length"])
        try:
            watched = await self.in_thread(watchable, self.watching, ticket)
            lists = ticket.watch.intersection(self.watching.lists)
            async with self._seat(ticket) as client, _listening(client, ticket, watched | lists) as channel:
                stream = _Stream(
                    self, scope=scope, ticket=ticket, watched=watched, lists=lists, channel=channel, answer=answer
                )
                await _first_of(stream.carry(), _gone(receive))
        except (RedisError, DatabaseError, OSError) as error:
            logger.warning("A live stream broke off (%s: %s)", type(error).__name__, error)
            await answer.refuse(503, "Live news are away; poll the feed.")
        except _Full:
            await answer.refuse(429, "Too many pages are open at once; this one polls the feed.")
        await answer.end()

    async def close(self) -> None:
        """Let go of Redis and of the threads, once every stream has ended."""
        if self._redis is not None:
            await self._redis.aclose()
        self._threads.shutdown()

    async def _ask(self, scope: Scope) -> tuple[Ticket | None, list[Message]]:
        """Let Django answer the request; return the ticket that its view left, and its answer."""
        door = Door()
        messages: list[Message] = []
        asked = False

        async def receive() -> Message:
            nonlocal asked
            if asked:
                await asyncio.Event().wait()  # the client is still there; Django stops waiting by itself
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}

        async def keep(message: Message) -> None:
            messages.append(message)

        await self.application({**scope, DOOR: door}, receive, keep)
        return door.ticket, messages

    async def still_may(self, scope: Scope, ticket: Ticket, watched: frozenset[str]) -> bool:
        """Say whether the same person still works for the same organization in the same role, and what is watched may
        be watched as when the stream began.
        """
        again, _ = await self._ask(scope)
        return again == ticket and await self.in_thread(watchable, self.watching, ticket) == watched

    async def in_thread(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Run a database read outside the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    @asynccontextmanager
    async def _seat(self, ticket: Ticket) -> AsyncIterator[redis.Redis]:
        """Count the person's streams, over all web processes; raise `_Full` when there are too many."""
        if self._redis is None:
            self._redis = redis.Redis.from_url(
                settings.REDIS_URL, socket_connect_timeout=1, max_connections=100_000, retry=Retry(NoBackoff(), 0)
            )
        client, key, name = self._redis, f"{live.PREFIX}streams:{ticket.person_id}", secrets.token_hex(8)
        now = time.time()
        async with client.pipeline(transaction=True) as pipeline:
            pipeline.zremrangebyscore(key, "-inf", now)
            pipeline.zadd(key, {name: now + LONGEST_SECONDS})
            pipeline.zcard(key)
            pipeline.expire(key, int(LONGEST_SECONDS))
            _, _, count, _ = await pipeline.execute()
        try:
            if count > MOST_PER_PERSON:
                raise _Full
            yield client
        finally:
            with suppress(RedisError, OSError):
                await client.zrem(key, name)


@asynccontextmanager
async def _listening(client: redis.Redis, ticket: Ticket, watched: frozenset[str]) -> AsyncIterator[Any]:
    """Subscribe to the organization's channel, to what is watched and to the ends of streams; leave when the
    subscription stands.
    """
    channels = [live.channel_of(ticket.organization_id), live.CONTROL_CHANNEL, *map(live.watchers_of, watched)]
    async with client.pubsub() as channel:
        await channel.subscribe(*channels)
        for _ in channels:
            if await channel.get_message(timeout=2) is None:
                raise RedisError("The subscription was not confirmed")
        yield channel


async def _first_of(*works: Any) -> None:
    """Run until one of the works ends, and end the others; raise what the first raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


async def _gone(receive: Receive) -> None:
    """Wait until the client has hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass


class _Answer:
    """The HTTP answer: begun once, ended once."""

    def __init__(self, send: Send, headers: Headers) -> None:
        self.send = send
        self.headers = headers
        self.begun = False

    async def begin(self) -> None:
        self.begun = True
        await self.send({"type": "http.response.start", "status": 200, "headers": self.headers})

    async def write(self, body: bytes) -> None:
        await self.send({"type": "http.response.body", "body": body, "more_body": True})

    async def refuse(self, status: int, sentence: str) -> None:
        """Answer with a refusal, unless the stream has begun already: then it just ends."""
        if self.begun:
            return
        self.begun = True
        kept = [pair for pair in self.headers if pair[0].lower() != b"content-type"]
        plain = [(b"content-type", b"text/plain; charset=utf-8"), (b"retry-after", b"30")]
        await self.send({"type": "http.response.start", "status": status, "headers": [*kept, *plain]})
        await self.write(sentence.encode())

    async def end(self) -> None:
        if self.begun:
            with suppress(Exception):  # the client may have gone
                await self.send({"type": "http.response.body", "body": b"", "more_body": False})


@dataclass(slots=True)
class _Stream:
    """One open stream."""

    streams: LiveStreams
    scope: Scope
    ticket: Ticket
    watched: frozenset[str]
    lists: frozenset[str]
    channel: Any
    answer: _Answer
    position: int = 0
    lists_position: int = 0
    added: dict[str, set[str]] = field(default_factory=dict)
    lists_due: float = math.inf

    async def carry(self) -> None:
        """Send what was missed, then what comes, until the time is over or the listener may no longer listen."""
        self.position = self.lists_position = await self.streams.in_thread(first_position, self.ticket)
        await self.answer.begin()
        said = {"position": self.position, "organization": self.ticket.organization_id}
        opened = _event("stream.opened", said, self.position)
        await self.answer.write(f"retry: {RETRY_MILLISECONDS}\n\n".encode() + opened)
        await self._catch_up()
        # Not all at the same moment: pages that were opened together would all come back together.
        end = time.monotonic() + LONGEST_SECONDS * random.uniform(0.9, 1.0)  # noqa: S311 - no secret
        beats = 0
        while time.monotonic() < end:
            beat = time.monotonic() + BEAT_SECONDS
            while (now := time.monotonic()) < beat:
                left = max(min(beat, self.lists_due) - now, 0.0)
                message = await self.channel.get_message(ignore_subscribe_messages=True, timeout=left)
                if message is not None and not await self._hear(message):
                    return
                if time.monotonic() >= self.lists_due:
                    await self._tell_lists()
            beats += 1
            if beats % BEATS_PER_CHECK == 0 and not await self._still_may():
                return
            await self._catch_up()
            await self.answer.write(_event("stream.beat", {"position": self.position}))

    async def _still_may(self) -> bool:
        return await self.streams.still_may(self.scope, self.ticket, self.watched)

    async def _hear(self, message: dict[str, Any]) -> bool:
        """Pass a message on; False when it says that this stream ends."""
        said = json.loads(message["data"])
        if message["channel"] == live.CONTROL_CHANNEL.encode():
            return not self._is_meant(said)
        if said["name"] == GREW:
            self.lists_position = max(self.lists_position, said["position"])
            self._note(said["list"], {said["subject"]})
            return True
        await self._tell(said["position"], said["name"], said["subject"])
        return True

    def _is_meant(self, said: dict[str, str]) -> bool:
        ours = {"organization_id": self.ticket.organization_id, "person_id": self.ticket.person_id}
        return all(value in ("", ours[key]) for key, value in said.items())

    async def _tell(self, position: int, name: str, subject: str) -> None:
        if position > self.position:
            self.position = position
            await self.answer.write(_event(name, {"name": name, "subject": subject, "position": position}, position))

    def _note(self, name: str, subjects: set[str]) -> None:
        """Keep what was added to a list until it is told; of very much the first will do."""
        added = self.added.setdefault(name, set())
        if len(added) < MOST_ADDED:
            added |= subjects
        self.lists_due = min(self.lists_due, time.monotonic() + LIST_SECONDS)

    async def _tell_lists(self) -> None:
        """Say which lists have grown, if by anything that the listener may see; what it was is never said."""
        added, self.added, self.lists_due = self.added, {}, math.inf
        for name in await self.streams.in_thread(grown, self.streams.watching, self.ticket, added):
            await self.answer.write(_event(GREW, {"name": GREW, "subject": name}))

    async def _catch_up(self) -> None:
        """Send what stands in the rows and was not sent yet: Redis may have lost it.

        When there is too much of it, say that the page is behind, and go on from the present.
        """
        if self.lists:
            watching = self.streams.watching
            found = await self.streams.in_thread(added_after, watching, self.lists, self.lists_position)
            self.lists_position, added = found
            for name, subjects in added.items():
                self._note(name, subjects)
        facts = self.streams.watching.facts
        missed: Rows = await self.streams.in_thread(rows_after, self.ticket, self.watched, facts, self.position)
        if len(missed) <= MOST_REPLAYED:
            for row in missed:
                await self._tell(*row)
            return
        self.position = await self.streams.in_thread(last_position, self.ticket)
        await self.answer.write(_event("stream.behind", {"position": self.position}, self.position))
