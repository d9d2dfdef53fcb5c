"""Web, worker and relay over the test's database, with a Redis of their own; each can be killed and comes back."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.db import connection

from backhaul.servers import ValkeyServer, privileges
from backhaul.supervisor import commands

FIRST_ANSWER_SECONDS = 120


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Installation:
    """`web`, `worker`, `relay` (and further relays by other names) with the tests' settings; `redis` is their own."""

    def __init__(self, folder: Path, names: Sequence[str] = ("web", "worker", "relay"), workers: int = 1) -> None:
        self.redis = ValkeyServer(sockets=folder, log=folder / "valkey.log")
        self.redis.start()
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
        self._env = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "DATABASE_URL": urlunsplit(database),
            "REDIS_URL": self.redis.url(),
            "PORT": str(self.port),
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        self._folder = folder
        self._workers = workers
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        for name in names:
            self.start(name)
        if "web" in names:
            self.wait_for_web()

    def _command(self, name: str) -> list[str]:
        if name == "web":
            return commands.web(host="127.0.0.1", port=self.port)
        if name == "worker":
            return commands.worker(concurrency=self._workers)
        return commands.django("relay")

    def start(self, name: str) -> None:
        """Start a process in a session of its own; it does not outlive the test run."""
        with self.log(name).open("ab") as log:
            self._processes[name] = subprocess.Popen(
                self._command(name),
                env=self._env,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=privileges.die_with_parent,
            )

    def log(self, name: str) -> Path:
        """Return where a process writes what it has to say."""
        return self._folder / f"{name}.log"

    def pid(self, name: str) -> int:
        """Return the id of a process."""
        return self._processes[name].pid

    def wait_for_web(self) -> None:
        """Wait until the web server answers."""
        deadline = time.monotonic() + FIRST_ANSWER_SECONDS
        while time.monotonic() < deadline:
            with suppress(OSError), urllib.request.urlopen(f"{self.url}/healthz", timeout=10):
                return
            time.sleep(0.1)
        raise AssertionError(self.log("web").read_text())

    def kill(self, name: str) -> None:
        """Kill a process and its children without a word."""
        if name == "redis":
            self.redis.end_by_force()
            return
        with suppress(ProcessLookupError):
            os.killpg(self._processes[name].pid, signal.SIGKILL)
        self._processes[name].wait()

    def bring_back(self, name: str) -> None:
        """Start again what was killed; Redis has forgotten everything that was queued."""
        if name == "redis":
            self.redis.start()
        else:
            self.start(name)
        if name == "web":
            self.wait_for_web()

    def lose(self, name: str) -> None:
        """Kill something and start it again."""
        self.kill(name)
        self.bring_back(name)

    def stop(self) -> float:
        """End everything, the web server in an orderly way; return how long it took."""
        began = time.monotonic()
        web = self._processes.get("web")
        if web is not None:
            web.terminate()
            with suppress(subprocess.TimeoutExpired):
                web.wait(30)
        took = time.monotonic() - began
        for name in self._processes:
            self.kill(name)
        self.redis.stop()
        return took
