"""A pytest plugin, loaded before Django's settings: the servers that the tests run against.

PostgreSQL: the one that DATABASE_URL names, else an embedded one, started once for the run and shared by its workers
(each has a database of its own). Redis: an embedded one for each worker, so that workers hear nothing of each other.
The installation's folder is a temporary one: tests never read the developer's.
"""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from backhaul.servers import PostgresServer, ValkeyServer

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
OWNER = "BACKHAUL_TESTS_OWN_POSTGRES"  # what workers inherit says that the run's PostgreSQL is its own
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def _only_asks() -> bool:
    """Whether this call only prints something and runs no test."""
    return not {"--help", "-h", "--version", "-V", "--fixtures", "--markers"}.isdisjoint(sys.argv)


def _start_postgres(root: Path) -> None:
    """Start the run's PostgreSQL and name it in the environment, which the workers inherit."""
    server = PostgresServer(data=root / "postgresql", sockets=root, log=root / "postgresql.log", durable=False)
    server.start()
    atexit.register(server.stop)
    os.environ["DATABASE_URL"] = os.environ[OWNER] = server.url()


def owns_postgres() -> bool:
    """Whether the run started its PostgreSQL itself, which ends with it."""
    return os.environ.get(OWNER) == os.environ["DATABASE_URL"]


def _start_valkey(root: Path) -> None:
    server = ValkeyServer(sockets=root, log=root / "valkey.log")
    server.start()
    atexit.register(server.stop)
    os.environ["REDIS_URL"] = server.url()


def _prepare() -> None:
    root = Path(tempfile.mkdtemp(prefix="backhaul-tests-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    os.environ["BACKHAUL_HOME"] = str(root / "home")
    os.environ["STATIC_ROOT"] = str(root / "static")
    (root / "static").mkdir()
    for name in ("HOST", "PORT", "DEBUG", "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS"):
        os.environ.pop(name, None)
    if _only_asks():
        os.environ["DATABASE_URL"] = "postgres://nobody@localhost/none"
        return
    if not WORKER and not os.environ.get("DATABASE_URL"):
        _start_postgres(root)
    _start_valkey(root)


def find_chromium() -> str | None:
    """Return the path of the system's Chromium (or the one that CHROMIUM names)."""
    named = os.environ.get("CHROMIUM")
    return named or next((path for path in map(shutil.which, CHROMIUM_NAMES) if path), None)


class OneWorkerForFlows(LoadScopeScheduling):
    """Hands out tests one by one, those over a whole installation first and all to one worker, which starts it once."""

    def _split_scope(self, nodeid: str) -> str:
        return "tests/flows" if nodeid.startswith("tests/flows/") else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneWorkerForFlows | None:
    """Schedule for `--dist loadgroup` (xdist's own reads marks in a way that pytest 9.2 no longer offers)."""
    return OneWorkerForFlows(config, log) if config.getvalue("dist") == "loadgroup" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip browser tests where there is no Chromium."""
    if find_chromium():
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason="no Chromium found"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many browser tests ran, and how many could not."""
    passed = sum("browser" in report.keywords for report in terminalreporter.stats.get("passed", []))
    failed = sum("browser" in report.keywords for report in terminalreporter.stats.get("failed", []))
    skipped = sum("browser" in report.keywords for report in terminalreporter.stats.get("skipped", []))
    if passed or failed or skipped:
        line = f"browser tests: {passed + failed} ran, {skipped} skipped"
        if skipped and not find_chromium():
            line += " (no Chromium found: install Debian's package `chromium` or set CHROMIUM)"
        terminalreporter.write_line(line)


_prepare()
