"""The road network, built once for the run, and a local HTTP server that says what a test tells it to."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import pytest

from foundation.places.oracle import road_network
from foundation.places.roads import RoadNetwork


@pytest.fixture(scope="session")
def network() -> RoadNetwork:
    """Return the road network of the installation that the tests run in."""
    return road_network()


class FakeServer:
    """A server whose answer is a function of the path; it keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer: Callable[[str], tuple[int, Any]] = lambda path: (404, {})
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                fake.asked.append(unquote(self.path))
                status, body = fake.answer(unquote(self.path))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop listening: the next request is refused."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def fake_server() -> Iterator[FakeServer]:
    """Return a running fake server."""
    server = FakeServer()
    yield server
    server.close()
