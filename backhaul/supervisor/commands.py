"""The command line of each process of an installation, written once: the supervisor and `backhaul web` share them."""

import os
import sys
from pathlib import Path

ALL_QUEUES = "default,bulk,plans,federal"
STREAM_STOP_SECONDS = 2  # an open live stream holds a web worker back; after this it is cut


def beside_python(name: str) -> str:
    """Return a program of this environment, also when its folder is not on PATH."""
    path = Path(sys.executable).parent / name
    return str(path) if path.exists() else name


def web(*, host: str, port: int, workers: int | None = None) -> list[str]:
    """Return the web server's command line."""
    count = workers or int(os.environ.get("WEB_WORKERS") or 1)
    return [
        beside_python("granian"),
        *("--interface", "asginl", "--host", host, "--port", str(port)),
        *("--workers", str(count), "--workers-kill-timeout", str(STREAM_STOP_SECONDS)),
        *("--respawn-failed-workers", "--no-ws", "--http", "1", "--backlog", "1024"),
        "backhaul.asgi:application",
    ]


def worker(*, concurrency: int | None = None) -> list[str]:
    """Return the Celery worker's command line; `WORKER_QUEUES` gives a worker some of the queues only."""
    count = concurrency or int(os.environ.get("WORKERS") or 2)
    queues = os.environ.get("WORKER_QUEUES") or ALL_QUEUES
    return [
        *(sys.executable, "-m", "celery", "--app", "backhaul", "--quiet", "worker"),
        *("--concurrency", str(count), "--queues", queues, "--loglevel", "INFO"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat", "-O", "fair"),
    ]


def django(*words: str) -> list[str]:
    """Return the command line of one of our Django commands."""
    return [sys.executable, "-m", "django", *words]
