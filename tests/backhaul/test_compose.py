"""The container installation: its very commands, run against PostgreSQL and Redis over TCP."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from backhaul.home import PROJECT_ROOT
from backhaul.servers import PostgresServer, ValkeyServer

COMPOSE = yaml.safe_load((PROJECT_ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "backhaul"}
GIVEN = {"POSTGRES_PASSWORD": "secret"}


def interpolate(text: str) -> str:
    """Do what Compose does with `${NAME}`, `${NAME:-default}` and `${NAME:?message}`."""

    def value(match: re.Match[str]) -> str:
        name, default = match.group(1), match.group(2) or ""
        return GIVEN.get(name) or default.removeprefix(":-") if not default.startswith(":?") else GIVEN[name]

    return re.sub(r"\$\{(\w+)(:[-?][^}]*)?\}", value, text)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """PostgreSQL and Redis on loopback ports, as replacements of the hosts that the file names."""
    folder = tmp_path_factory.mktemp("c")
    database = PostgresServer(
        data=folder / "postgresql", sockets=folder, log=folder / "pg.log", durable=False, tcp_port=free_port()
    )
    queue = ValkeyServer(sockets=folder, log=folder / "valkey.log", tcp_port=free_port())
    database.start()
    queue.start()
    yield {"postgres:5432": f"127.0.0.1:{database.tcp_port}", "redis:6379": f"127.0.0.1:{queue.tcp_port}"}
    queue.stop()
    database.stop()


class Installation:
    """Runs the file's services as processes of this machine."""

    def __init__(self, servers: dict[str, str], home: Path) -> None:
        self.servers = servers
        self.home = home
        self.port = free_port()
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def environment(self, name: str) -> dict[str, str]:
        """The service's environment; only addresses differ: loopback instead of the container's network."""
        given = {key: interpolate(str(value)) for key, value in OURS[name]["environment"].items()}
        for host, address in self.servers.items():
            given = {key: value.replace(host, address) for key, value in given.items()}
        kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
        kept["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
        ours = {"BACKHAUL_HOME": str(self.home), "STATIC_ROOT": str(self.home / "static")}
        if "HOST" in given:
            assert given["HOST"] == "0.0.0.0", "in its container the web server listens to the network"
            given |= {"HOST": "127.0.0.1", "PORT": str(self.port)}
        return kept | given | ours

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """Run the service's command as the file has it."""
        with (self.home / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                OURS[name]["command"], env=self.environment(name), cwd=PROJECT_ROOT, stdout=log, stderr=log
            )
        self.running[name] = process
        return process

    def log(self, name: str) -> str:
        return (self.home / f"{name}.log").read_text()

    def ask(self, path: str) -> tuple[int, bytes]:
        """Ask the web server."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""

    def stop(self) -> None:
        for process in self.running.values():
            process.send_signal(signal.SIGTERM)
        for name, process in self.running.items():
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                pytest.fail(f"{name} did not stop within 60 s of SIGTERM")


@pytest.fixture
def installation(servers: dict[str, str], tmp_path: Path) -> Iterator[Installation]:
    home = tmp_path / "data"
    home.mkdir(mode=0o700)
    found = Installation(servers, home)
    yield found
    found.stop()


def test_the_commands_of_the_file_make_a_working_installation(installation: Installation) -> None:
    assert installation.start("prepare").wait(300) == 0, installation.log("prepare")
    for name in sorted(OURS.keys() - {"prepare"}):
        installation.start(name)
    deadline = time.monotonic() + 180
    found: dict[str, Any] = {}
    while time.monotonic() < deadline:
        _, body = installation.ask("/readyz")
        found = json.loads(body) if body.startswith(b"{") else {}
        if found.get("status") == "ready":
            break
        time.sleep(0.3)
    logs = "\n".join(f"--- {name}\n{installation.log(name)[-1500:]}" for name in installation.running)
    assert found.get("status") == "ready", f"{found}\n{logs}"
    assert installation.ask("/healthz") == (200, b"ok\n")


def test_each_of_our_processes_has_a_service() -> None:
    assert set(OURS) == {"prepare", "web", "worker", "relay"}
    assert {service["image"].partition(":")[0] for service in SERVICES.values()} == {"backhaul", "postgres", "redis"}


def test_every_process_waits_for_the_schema_and_shares_secrets() -> None:
    for name in OURS.keys() - {"prepare"}:
        assert OURS[name]["depends_on"] == {"prepare": {"condition": "service_completed_successfully"}}
    assert all(service["volumes"] == ["home:/data"] for service in OURS.values())


def test_no_password_is_written_down_and_no_port_is_open_to_the_network() -> None:
    text = (PROJECT_ROOT / "docker-compose.yml").read_text()
    assert "${POSTGRES_PASSWORD:?" in text
    assert [port for service in SERVICES.values() for port in service.get("ports", [])] == ["127.0.0.1:8000:8000"]


def test_the_image_has_the_programs_that_the_services_call() -> None:
    dockerfile = (PROJECT_ROOT / "Dockerfile").read_text()
    assert "ENV PATH=/app/.venv/bin:$PATH BACKHAUL_HOME=/data" in dockerfile
    assert "USER backhaul" in dockerfile
    for service in OURS.values():
        program = service["command"][0]
        assert program == "backhaul"
        assert (Path(sys.executable).parent / program).exists() or shutil.which(program)
