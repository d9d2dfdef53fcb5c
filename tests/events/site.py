"""The product's web server over the test's database, with a Redis of its own that can go away and come back."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.db import connection

from backhaul.servers import ValkeyServer
from backhaul.supervisor.commands import web


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Site:
    """`backhaul web` with the tests' settings; `redis` is this site's own."""

    def __init__(self, folder: Path) -> None:
        self.redis = ValkeyServer(sockets=folder, log=folder / "valkey.log")
        self.redis.start()
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
        self._log = (folder / "web.log").open("w")
        self._process = subprocess.Popen(
            web(host="127.0.0.1", port=self.port),
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "tests.settings",
                "DATABASE_URL": urlunsplit(database),
                "REDIS_URL": self.redis.url(),
                "PORT": str(self.port),
                "PYTHONPATH": os.pathsep.join(sys.path),
            },
            stdout=self._log,
            stderr=self._log,
        )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with suppress(OSError), urllib.request.urlopen(f"{self.url}/healthz", timeout=1):
                return
            time.sleep(0.1)
        raise AssertionError(Path(self._log.name).read_text())

    @property
    def pid(self) -> int:
        """The web server's process."""
        return self._process.pid

    def stop(self) -> float:
        """Stop both; return how long the web server took."""
        began = time.monotonic()
        self._process.terminate()
        try:
            self._process.wait(10)
        finally:
            self._process.kill()
            self.redis.stop()
            self._log.close()
        return time.monotonic() - began
