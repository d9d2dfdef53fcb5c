"""`backhaul up` from nothing to a page, through the death of each part, and back to nothing."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from backhaul.home import PROJECT_ROOT
from backhaul.supervisor import front_end, run

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
    pytest.mark.skipif(not front_end.installed(), reason="needs the front-end packages (make front-end)"),
]


def parents() -> dict[int, int]:
    """Return each living process's parent."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError):
            state, parent = path.read_text(errors="replace").rpartition(")")[2].split()[:2]
            if state != "Z":
                found[int(path.parent.name)] = int(parent)
    return found


def descendants(pid: int) -> set[int]:
    """Return the processes below one."""
    tree = parents()
    found: set[int] = set()
    level = {pid}
    while level:
        level = {child for child, parent in tree.items() if parent in level} - found
        found |= level
    return found


def wait_for(condition: Callable[[], object], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} took longer than {seconds:g} s"
        time.sleep(0.05)


class Up:
    """A running `backhaul up` in a folder and on a port of its own."""

    def __init__(self, home: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.home = home
        self.out = home.with_name("out.txt")
        env = {
            key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "REDIS_URL", "STATIC_ROOT")
        }
        env |= {"BACKHAUL_HOME": str(home), "PORT": str(self.port), "DJANGO_SETTINGS_MODULE": "backhaul.settings"}
        with self.out.open("wb") as out:
            command = [str(Path(sys.executable).parent / "backhaul"), "up"]
            self.process = subprocess.Popen(command, env=env, cwd=PROJECT_ROOT, stdout=out, stderr=out)

    def said(self, pattern: str) -> bool:
        return re.search(pattern, self.out.read_text()) is not None

    def status(self) -> str:
        with (
            suppress(OSError, ValueError),
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=30) as got,
        ):
            return str(json.loads(got.read())["status"])
        return "away"

    def child(self, words: str) -> int:
        """Return the process directly below the supervisor whose command line has the words."""
        tree = parents()
        for pid, parent in tree.items():
            if parent == self.process.pid:
                with suppress(OSError):
                    if words in Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " "):
                        return pid
        return 0


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    running = Up(tmp_path / "home")
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.process.wait()


def test_up_serves_mends_what_dies_and_leaves_nothing(up: Up) -> None:
    wait_for(lambda: up.said("Ready after") or up.process.poll() is not None, 300, "the start")
    assert up.said("Ready after"), up.out.read_text()
    wait_for(lambda: up.status() == "ready", 120, "the worker's first canary")

    for words, name in (
        ("celery", "worker"),
        ("valkey-server", "Valkey"),
        ("bin/postgres", "PostgreSQL"),
        ("granian", "web"),
    ):
        pid = up.child(words)
        assert pid, f"{name} runs below the supervisor"
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda name=name: up.said(f"! {name} ended"), 60, f"seeing that {name} ended")
        wait_for(lambda words=words, pid=pid: up.child(words) not in (0, pid), 60, f"starting {name} again")
    wait_for(lambda: up.status() == "ready", 120, "recovering")

    below = descendants(up.process.pid)
    assert len(below) > 8
    up.process.send_signal(signal.SIGTERM)
    assert up.process.wait(30) == 0
    # What it waits for ends within 5 s, whatever hangs; what the machine takes besides is the machine's.
    assert run.CHILDREN_STOP_SECONDS + run.SERVERS_STOP_SECONDS < 5.0
    assert up.said("Stopped after")
    assert not below & parents().keys(), "no process is left behind"


def test_an_up_that_is_killed_without_a_word_leaves_nothing_either(up: Up) -> None:
    wait_for(lambda: up.said("Database schema") or up.process.poll() is not None, 300, "the start")
    below = descendants(up.process.pid)
    assert below
    up.process.kill()
    up.process.wait()
    wait_for(lambda: not below & parents().keys(), 60, "the end of the orphans")
