"""The `backhaul` command: it says what hinders it, keeps its processes alive, and leaves none behind."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest

from backhaul.cli import main, parser
from backhaul.steps import Steps
from backhaul.supervisor import children, demo_file
from backhaul.supervisor.children import Child, stop_all
from backhaul.supervisor.lock import AlreadyRunning, Lock
from backhaul.supervisor.options import Options, Refused


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("BACKHAUL_HOME", str(folder))
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def child_running(code: str, log: Path) -> Child:
    return Child("child", [sys.executable, "-c", code], env=dict(os.environ), log=log)


def wait_for(condition: Callable[[], object], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


# --- what hinders a start ---


def test_a_taken_port_is_told_with_the_remedy(
    own_home: Path, taken_port: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", str(taken_port))
    assert main(["up"]) == 1
    told = capsys.readouterr().err
    assert f"Port {taken_port} on 127.0.0.1 is taken" in told
    assert "PORT=" in told.splitlines()[1]
    assert not (own_home / "postgresql").exists(), "nothing was started"


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1", "80 "])
def test_a_port_that_is_none_is_refused(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", port)
    with pytest.raises(Refused, match="from 1 to 65535"):
        Options(demo=False)


def test_the_demo_is_not_opened_to_the_network_unasked() -> None:
    port = free_port()
    with pytest.raises(Refused, match="--expose"):
        Options(demo=True, host="0.0.0.0", port=port).check()
    Options(demo=True, host="127.0.0.1", port=port).check()
    Options(demo=True, host="0.0.0.0", port=port, expose=True).check()


def test_a_host_of_another_machine_is_told() -> None:
    with pytest.raises(Refused, match="not an address of this machine"):
        Options(demo=False, host="192.0.2.1", port=free_port()).check()


def test_a_second_start_says_that_it_runs_and_where(
    own_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", str(free_port()))
    with Lock() as lock:
        lock.tell({"base_url": "http://127.0.0.1:1234"})
        assert main(["up"]) == 1
        told = capsys.readouterr().err
        assert f"process {os.getpid()}, http://127.0.0.1:1234" in told
        assert "BACKHAUL_HOME=" in told
    with Lock():
        pass


def test_the_lock_of_a_killed_program_is_free(own_home: Path) -> None:
    code = (
        "import time; from backhaul.supervisor.lock import Lock\n"
        "Lock().__enter__(); print(1, flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert holder.stdout
    holder.stdout.readline()
    with pytest.raises(AlreadyRunning), Lock():
        pass
    holder.kill()
    holder.communicate()
    with Lock():
        pass


# --- the processes ---


def test_a_dead_process_starts_again_with_growing_pauses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "time", SimpleNamespace(monotonic=lambda: 1_000.0))
    child = child_running("raise SystemExit(3)", tmp_path / "log")
    pauses = []
    for _ in range(3):
        child.start()
        assert child.process is not None
        child.process.wait()
        words = child.died()
        assert words is not None
        assert "exit code 3" in words
        assert str(tmp_path / "log") in words
        pauses.append(child.start_again_at - 1_000.0)
    first = children.FIRST_PAUSE_SECONDS
    assert pauses == [first, 2 * first, 4 * first]
    assert child.deaths == 3


def test_stopping_asks_first_and_then_insists(tmp_path: Path) -> None:
    polite = child_running("import time; time.sleep(60)", tmp_path / "polite")
    deaf = child_running(
        "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(60)",
        tmp_path / "deaf",
    )
    polite.start()
    deaf.start()
    wait_for(lambda: (tmp_path / "deaf").read_text())
    began = time.monotonic()
    stop_all([polite, deaf], seconds=0.5)
    assert time.monotonic() - began < 20, "the deaf one would sleep for a minute"
    assert not polite.alive
    assert not deaf.alive


@pytest.mark.skipif(sys.platform != "linux", reason="adopting orphans is Linux's")
def test_a_grandchild_that_outlived_its_parent_is_ended_too(tmp_path: Path) -> None:
    script = tmp_path / "adopts.py"
    script.write_text(
        "import subprocess, sys, time\n"
        "from backhaul.servers import privileges\n"
        "from backhaul.supervisor.children import end_stragglers, own_children\n"
        "privileges.adopt_orphans()\n"
        "quiet = 'stdout=-3, stderr=-3, start_new_session=True'\n"
        "code = 'import subprocess; print(subprocess.Popen([\\'sleep\\', \\'600\\'], ' + quiet + ').pid)'\n"
        "pid = int(subprocess.run([sys.executable, '-c', code], capture_output=True, text=True).stdout)\n"
        "assert pid in own_children(), 'the orphan did not come to us'\n"
        "end_stragglers()\n"
        "assert not own_children()\n"
    )
    subprocess.run([sys.executable, str(script)], check=True, timeout=60)


# --- files ---


def test_the_demo_file_is_its_owners_alone_and_keeps_its_people(own_home: Path) -> None:
    person = demo_file.DemoPerson(role="broker", email="b@example.com", password="p", organization="B", api_key="k")
    (own_home / "demo.json").touch(mode=0o644)
    demo_file.write_people(base_url="http://127.0.0.1:8000", people=[person])
    assert (own_home / "demo.json").stat().st_mode & 0o777 == 0o600
    demo_file.write_base_url("http://127.0.0.1:9000")
    assert json.loads((own_home / "demo.json").read_text()) == {"base_url": "http://127.0.0.1:9000", "people": [person]}
    assert demo_file.read_people() == [person]


def test_reset_deletes_only_what_is_ours_and_only_when_told(
    own_home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", StringIO(""))
    for name in ("postgresql", "secrets", "cache"):
        (own_home / name).mkdir()
    (own_home / "letters.txt").touch()
    assert main(["reset"]) == 1
    assert "--yes" in capsys.readouterr().err
    assert (own_home / "postgresql").exists()
    assert main(["reset", "--yes"]) == 0
    assert {path.name for path in own_home.iterdir()} == {"cache", "letters.txt", "lock"}


def test_reset_refuses_while_the_installation_runs(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (own_home / "postgresql").mkdir()
    with Lock():
        assert main(["reset", "--yes"]) == 1
    assert "already runs" in capsys.readouterr().err
    assert (own_home / "postgresql").exists()


# --- words ---


def test_help_names_every_verb_and_setting() -> None:
    text = parser().format_help()
    for word in (
        "demo",
        "up",
        "doctor",
        "reset",
        "verify",
        "miles",
        "PORT",
        "BACKHAUL_HOME",
        "DATABASE_URL",
        "REDIS_URL",
    ):
        assert word in text


def test_doctor_says_what_is_there(
    own_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", str(free_port()))
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.delenv("REDIS_URL")
    main(["doctor"])
    told = capsys.readouterr().out
    for name in ("Python", "Disk", "npm", "PostgreSQL", "Valkey", "Sockets", "Port", "Database"):
        assert name in told


def test_doctor_tells_what_to_do_about_an_open_home(
    own_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", str(free_port()))
    monkeypatch.delenv("DATABASE_URL")
    own_home.chmod(0o755)
    assert main(["doctor"]) == 1
    assert f"chmod 700 {own_home}" in capsys.readouterr().out


def test_a_step_tells_its_name_its_last_words_and_its_time() -> None:
    out = StringIO()
    with Steps(out).step("ZIP table") as report:
        report("half")
        report("42,000 ZIP codes")
    line = out.getvalue()
    assert line.startswith("  ✓ ZIP table: 42,000 ZIP codes")
    assert line.endswith(" s\n")
    with pytest.raises(ZeroDivisionError), Steps(out).step("Sums"):
        _ = 1 / 0
    assert "✗ Sums" in out.getvalue()
