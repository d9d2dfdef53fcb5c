"""The handler of the web server: one thread for all of a request, the answers of Django's own."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponse

from backhaul.handler import ThreadHandler


class Noting:
    """Middleware that notes in which thread it runs."""

    threads: list[str] = []

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        self.threads.append(threading.current_thread().name)
        return self.get_response(request)


def ask(handler: ASGIHandler, path: str) -> tuple[int, dict[bytes, bytes], bytes]:
    """Return status, headers and body of the answer to a GET."""
    told: list[dict[str, Any]] = []
    asked = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if asked:
            return asked.pop()
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        told.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": [(b"host", b"testserver")]}
    asyncio.run(handler(scope, receive, send))
    return told[0]["status"], dict(told[0]["headers"]), b"".join(each.get("body", b"") for each in told[1:])


@pytest.mark.parametrize("path", ["/api/v1/loads", "/no/such/page/", "/"])
def test_an_answer_is_that_of_djangos_own_handler(transactional_db, path):
    status, headers, body = ask(ThreadHandler(), path)
    own = ask(ASGIHandler(), path)
    assert (status, headers.keys()) == (own[0], own[1].keys())
    assert len(body) == pytest.approx(len(own[2]), abs=200)


def test_all_of_a_request_runs_in_one_thread_beside_the_event_loop(transactional_db, settings):
    noting = f"{__name__}.Noting"
    settings.MIDDLEWARE = [noting, *settings.MIDDLEWARE, noting]
    Noting.threads.clear()
    assert ask(ThreadHandler(), "/no/such/page/")[0] == 404
    assert len(Noting.threads) == 2
    assert len(set(Noting.threads)) == 1
    assert Noting.threads[0] != threading.main_thread().name
