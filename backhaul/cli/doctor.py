"""`backhaul doctor`: what this machine has, what it lacks, and how to mend it. Changes nothing."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from backhaul.home import LONGEST_SOCKET_NAME, PROJECT_ROOT, SOCKET_PATH_BYTES, home, sockets
from backhaul.servers import postgres, privileges, valkey
from backhaul.supervisor import commands, front_end
from backhaul.supervisor.lock import AlreadyRunning, Lock
from backhaul.supervisor.options import Options, Refused

ENOUGH_DISK_BYTES = 1_000_000_000
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `ok` is None where it only matters to some."""

    name: str
    ok: bool | None
    words: str
    remedy: str = ""


def _machine() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("Python", sys.version_info >= (3, 11), version, "Install Python 3.11 or newer.")
    folder = home()
    free = shutil.disk_usage(folder).free
    remedy = "Free some space, or set BACKHAUL_HOME to a folder on another disk."
    yield Finding("Disk", free >= ENOUGH_DISK_BYTES, f"{free / 1e9:.1f} GB free in {folder}", remedy)
    mode = folder.stat().st_mode & 0o777
    yield Finding("Home", mode & 0o077 == 0, f"{folder}, mode {mode:04o}", f"Run: chmod 700 {folder}")
    try:
        front_end.find_npm()
        have_npm = True
    except front_end.NoNpm:
        have_npm = False
    done = front_end.installed()
    words = "front-end packages installed" if done else "found" if have_npm else "not found"
    yield Finding("npm", done or have_npm, words, "Install Node.js, or run `uv sync`, which brings it.")
    browser = next((path for path in map(shutil.which, CHROMIUM_NAMES) if path), None)
    remedy = "Only the browser tests need it. On Debian: apt install chromium"
    yield Finding("Chromium", True if browser else None, browser or "not found", remedy)


def _embedded_servers() -> Iterator[Finding]:
    if os.environ.get("DATABASE_URL"):
        yield Finding("PostgreSQL", True, "DATABASE_URL names it; no embedded one is needed")
    else:
        found = postgres.find_binaries()
        remedy = "Run `uv sync`, install PostgreSQL 15 or newer, set POSTGRES_BIN to its programs, or set DATABASE_URL."
        yield Finding("PostgreSQL", found is not None, str(found or "programs not found"), remedy)
        if os.geteuid() == 0 and privileges.ON_LINUX:
            works = privileges.user_namespaces_work()
            words = "allowed" if works else "not allowed: PostgreSQL will run as `nobody`"
            yield Finding("User namespaces", True if works else None, words)
    if os.environ.get("REDIS_URL"):
        yield Finding("Redis", True, "REDIS_URL names it; no embedded one is needed")
    else:
        program = valkey.find_binary()
        remedy = "Run `uv sync`, install Valkey or Redis, set VALKEY_BIN to its server, or set REDIS_URL."
        yield Finding("Valkey", program is not None, str(program or "program not found"), remedy)
    try:
        folder = sockets()
    except PermissionError as error:
        yield Finding("Sockets", False, str(error))
        return
    length = len(os.fsencode(folder / LONGEST_SOCKET_NAME))
    words = f"{folder} ({length} of {SOCKET_PATH_BYTES} bytes)"
    yield Finding("Sockets", length <= SOCKET_PATH_BYTES, words, "Set BACKHAUL_HOME to a shorter path.")


def _running() -> Iterator[Finding]:
    """Ask the installation itself, when it runs; else ask whether it could."""
    runs = False
    try:
        with Lock():
            pass
    except AlreadyRunning as error:
        runs = True
        yield Finding("Running", True, str(error).splitlines()[0])
    try:
        options = Options(demo=False)
        if not runs:
            options.check()
            yield Finding("Port", True, f"{options.port} on {options.host} is free")
    except Refused as error:
        first, _, rest = str(error).partition("\n")
        yield Finding("Port", False, first, rest)
    if not runs and not os.environ.get("DATABASE_URL"):
        yield Finding("Database", None, "not running; `backhaul up` or `backhaul demo` starts it")
        return
    yield from _ask_django()


def _ask_django() -> Iterator[Finding]:
    """Run our readiness command, which prints one finding on a line: name, tab, ok or not, tab, words, tab, remedy."""
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "backhaul.settings", "LOG_LEVEL": "CRITICAL", "DATABASE_POOL": "0"}
    answer = subprocess.run(
        commands.django("readiness"), env=env, cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    lines = [line.split("\t") for line in answer.stdout.splitlines() if line.count("\t") == 3]
    if not lines:
        words = (answer.stderr.strip().splitlines() or ["no answer"])[-1]
        yield Finding("Installation", False, words, "Run `uv sync`, then try again.")
    for name, state, words, remedy in lines:
        yield Finding(name, state == "ok", words, remedy)


def doctor() -> int:
    """Print every finding; the exit status is 1 when something must be mended."""
    wrong = 0
    for findings in (_machine(), _embedded_servers(), _running()):
        for finding in findings:
            mark = {True: "✓", False: "✗", None: "-"}[finding.ok]
            print(f"  {mark} {finding.name:<16} {finding.words}")
            if not finding.ok and finding.remedy:
                print(f"      {finding.remedy}")
            wrong += finding.ok is False
    print("\nAll is well." if not wrong else f"\n{wrong} thing{'s' if wrong > 1 else ''} to mend.")
    return 1 if wrong else 0
