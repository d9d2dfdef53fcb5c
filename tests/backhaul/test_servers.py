"""The embedded servers: started for whoever we are, stopped with us, leaving nothing behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import redis

from backhaul import home
from backhaul.servers import PostgresServer, ServerFailed, ValkeyServer, postgres, privileges

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="concerns root only")

LAUNCHER = """
import sys, time
from pathlib import Path
from backhaul.servers import PostgresServer, ValkeyServer
root = Path(sys.argv[1])
database = PostgresServer(data=root / "postgresql", sockets=root, log=root / "postgresql.log", durable=False)
queue = ValkeyServer(sockets=root, log=root / "valkey.log")
database.start()
queue.start()
print(database.process.pid, queue.process.pid, flush=True)
time.sleep(600)
"""


def server_in(folder: Path) -> PostgresServer:
    return PostgresServer(data=folder / "postgresql", sockets=folder, log=folder / "postgresql.log", durable=False)


@pytest.fixture
def short_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("s")
    assert len(str(folder)) < 80
    return folder


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until_gone(*pids: int) -> None:
    deadline = time.monotonic() + 30
    while any(map(alive, pids)):
        assert time.monotonic() < deadline, "a server outlived its launcher"
        time.sleep(0.05)


def test_postgresql_keeps_its_data_over_a_restart_and_opens_no_port(short_path: Path) -> None:
    first = server_in(short_path)
    first.start()
    assert first.process is not None
    owner = (short_path / "postgresql").stat().st_uid
    assert owner == os.geteuid(), "no file changes hands"
    with first.connect("backhaul") as connection:
        connection.execute("CREATE TABLE kept (n int)")
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    first.stop()
    again = server_in(short_path)
    again.start()
    with again.connect("backhaul") as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    again.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's word to orphans is Linux's")
def test_servers_of_a_killed_launcher_end_too(short_path: Path) -> None:
    launcher = subprocess.Popen([sys.executable, "-c", LAUNCHER, str(short_path)], stdout=subprocess.PIPE, text=True)
    assert launcher.stdout is not None
    pids = [int(word) for word in launcher.stdout.readline().split()]
    assert len(pids) == 2
    assert all(map(alive, pids))
    launcher.send_signal(signal.SIGKILL)
    launcher.communicate()
    wait_until_gone(*pids)


@as_root
def test_without_user_namespaces_postgresql_runs_as_nobody(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(privileges, "user_namespaces_work", lambda: False)
    short_path.chmod(0o700)
    server = server_in(short_path)
    server.start()
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    assert "\nUid:\t65534\t65534" in status
    with server.connect("backhaul") as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    server.stop()
    monkeypatch.undo()
    with_namespace = server_in(short_path)
    with_namespace.start()
    with_namespace.stop()


def test_an_initialisation_that_was_cut_short_is_begun_anew(short_path: Path) -> None:
    (short_path / "postgresql").mkdir()
    (short_path / "postgresql" / "PG_VERSION").write_text("18\n")
    (short_path / "postgresql.unfinished").touch()
    server = server_in(short_path)
    assert not server.initialised
    server.start()
    server.stop()
    assert server.initialised


def test_a_folder_with_something_else_in_it_is_left_alone(short_path: Path) -> None:
    (short_path / "postgresql").mkdir()
    (short_path / "postgresql" / "letters.txt").write_text("dear")
    with pytest.raises(ServerFailed, match="not a PostgreSQL cluster"):
        server_in(short_path).start()
    assert (short_path / "postgresql" / "letters.txt").read_text() == "dear"


def test_a_server_that_cannot_start_says_what_it_wrote(short_path: Path) -> None:
    server = server_in(short_path)
    server.start()
    server.stop()
    with (short_path / "postgresql" / "postgresql.conf").open("a") as file:
        file.write("no_such_setting = 1\n")
    with pytest.raises(ServerFailed, match="no_such_setting"):
        server.start()


def test_named_binaries_win(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    initdb = tmp_path / "initdb"
    initdb.write_text("#!/bin/sh\n")
    initdb.chmod(0o755)
    assert postgres.find_binaries() != tmp_path
    monkeypatch.setenv("POSTGRES_BIN", str(tmp_path))
    assert postgres.find_binaries() == tmp_path


def test_valkey_answers_on_its_socket_only(short_path: Path) -> None:
    server = ValkeyServer(sockets=short_path, log=short_path / "valkey.log")
    server.start()
    with redis.Redis.from_url(server.url()) as client:
        assert client.ping()
        assert client.config_get("port") == {"port": "0"} or client.config_get("port") == {b"port": b"0"}
    assert (short_path / "redis.sock").stat().st_mode & 0o777 == 0o700
    server.stop()
    assert not server.alive


def test_a_long_home_gets_short_sockets_that_only_its_owner_reaches(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    monkeypatch.setenv("BACKHAUL_HOME", str(deep))
    folder = home.sockets()
    try:
        assert len(str(folder)) < 80
        assert folder.stat().st_mode & 0o777 == 0o700
        assert home.sockets() == folder, "settings and supervisor must agree on it"
        folder.chmod(0o777)
        with pytest.raises(PermissionError, match="open to others"):
            home.sockets()
    finally:
        folder.rmdir()


def test_the_home_and_its_secrets_are_closed_to_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BACKHAUL_HOME", str(tmp_path / "home"))
    first = home.secret("some_key")
    assert home.secret("some_key") == first
    assert len(first) >= 50
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "home" / "secrets" / "some_key").stat().st_mode & 0o777 == 0o600


def test_the_test_run_has_its_own_postgresql() -> None:
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
