"""A listener for live streams: drives the ASGI application in a loop of its own while the test runs beside it."""

import asyncio
import json
import queue
import threading
import time
from typing import Any

from django.core.asgi import get_asgi_application
from django.test import Client

from foundation.accounts.models import Person
from foundation.events.streams import PATH, LiveStreams
from foundation.events.watching import NOTHING, Watching

PATIENCE_SECONDS = 30.0  # what comes in the end comes within this, on a machine that does much else meanwhile


def cookie_of(person: Person) -> str:
    """Sign a person in and return the Cookie header."""
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return f"sessionid={client.cookies['sessionid'].value}"


class OpenStream:
    """One open stream: what it was answered, and the events as they come."""

    def __init__(self, listener: "Listener", headers: dict[str, str], query: str) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        self.events: queue.Queue[tuple[str, str | None, dict[str, Any]]] = queue.Queue()
        self.ended = threading.Event()
        self.answered = threading.Event()
        self._hung_up = asyncio.Event()
        self._listener = listener
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": PATH,
            "raw_path": PATH.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [
                (name.lower().encode(), value.encode()) for name, value in {"host": "localhost", **headers}.items()
            ],
            "client": ("127.0.0.1", 1),
            "server": ("localhost", 80),
        }
        self._run = asyncio.run_coroutine_threadsafe(self._drive(scope), listener.loop)

    async def _drive(self, scope: dict[str, Any]) -> None:
        asked = False

        async def receive() -> dict[str, Any]:
            nonlocal asked
            if not asked:
                asked = True
                return {"type": "http.request", "body": b"", "more_body": False}
            await self._hung_up.wait()
            return {"type": "http.disconnect"}

        try:
            await self._listener.application(scope, receive, self._take)
        finally:
            self.ended.set()
            self.answered.set()

    async def _take(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode().lower(): value.decode() for name, value in message["headers"]}
            self.answered.set()
            return
        self.body += message.get("body", b"")
        while b"\n\n" in self.body and self.headers["content-type"].startswith("text/event-stream"):
            block, _, self.body = self.body.partition(b"\n\n")
            fields = dict(line.split(": ", 1) for line in block.decode().split("\n"))
            if "event" in fields:
                self.events.put((fields["event"], fields.get("id"), json.loads(fields["data"])))

    def answer(self) -> int:
        """Wait for the answer's status."""
        assert self.answered.wait(PATIENCE_SECONDS), "no answer"
        return self.status

    def next(self, seconds: float = PATIENCE_SECONDS) -> tuple[str, str | None, dict[str, Any]]:
        """Return the next event (name, id, data) that is not a beat."""
        deadline = time.monotonic() + seconds
        while True:
            event = self.events.get(timeout=max(deadline - time.monotonic(), 0.01))
            if event[0] != "stream.beat":
                return event

    def subjects(self, count: int) -> list[str]:
        """Return the subjects of the next events."""
        return [self.next()[2]["subject"] for _ in range(count)]

    def hears_nothing(self, seconds: float = 0.3) -> bool:
        """Say whether nothing comes for a while."""
        try:
            self.next(seconds)
        except queue.Empty:
            return True
        return False

    def hang_up(self) -> None:
        """Disconnect, and wait until the server has noticed."""
        self._listener.loop.call_soon_threadsafe(self._hung_up.set)
        assert self.ended.wait(PATIENCE_SECONDS), "the stream outlived its client"
        self._run.result(PATIENCE_SECONDS)


class Listener:
    """Opens streams on an application of its own."""

    def __init__(self, watching: Watching = NOTHING) -> None:
        self.loop = asyncio.new_event_loop()
        self.application = LiveStreams(get_asgi_application(), watching=watching)
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()
        self._streams: list[OpenStream] = []

    def open(self, person: Person | None = None, *, cookie: str = "", after: str = "", query: str = "") -> OpenStream:
        """Open a stream as a person (or with a cookie), resuming after a position if one is given."""
        headers = {"cookie": cookie or (cookie_of(person) if person else "")}
        if after:
            headers["last-event-id"] = after
        self._streams.append(OpenStream(self, headers, query))
        return self._streams[-1]

    def close(self) -> None:
        """Hang up everywhere."""
        for stream in self._streams:
            if not stream.ended.is_set():
                stream.hang_up()
        asyncio.run_coroutine_threadsafe(self.application.close(), self.loop).result(PATIENCE_SECONDS)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(PATIENCE_SECONDS)
        self.loop.close()
