"""What the embedded servers have in common: one child process, a log file, readiness and an orderly end."""

import os
import shutil
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path

LOG_BYTES = 10_000_000


class ServerFailed(Exception):
    """An embedded server did not start; the message says what it wrote last."""


def open_log(path: Path) -> int:
    """Open a log file for appending, setting one that grew large aside first."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_name(path.name + ".1"))
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def last_lines(path: Path, count: int = 8) -> str:
    """Return the end of a log, for an error message."""
    if not path.exists():
        return ""
    return "\n".join(path.read_text(errors="replace").splitlines()[-count:])


def first_executable(candidates: Sequence[Path | str | None]) -> Path | None:
    """Return the first of the candidates that is an executable file."""
    for candidate in candidates:
        if candidate and os.access(candidate, os.X_OK) and Path(candidate).is_file():
            return Path(candidate)
    return None


def on_path(*names: str) -> list[str | None]:
    """Return where PATH has each of the programs."""
    return [shutil.which(name) for name in names]


class Server(ABC):
    """One embedded server, running as a child of this process in a session of its own."""

    name = "server"
    stop_signal: signal.Signals = signal.SIGTERM

    def __init__(self, log: Path) -> None:
        """Prepare a server that writes to `log`."""
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def start(self) -> None:
        """Start the server and wait until it answers.

        Raises ServerFailed.
        """

    @property
    def alive(self) -> bool:
        """Whether the server's process runs."""
        return self.process is not None and self.process.poll() is None

    def launch(self, command: Sequence[str | Path], before_exec: Callable[[], None], cwd: Path) -> None:
        """Start the process. Must be called from a thread that lives as long as the server shall (the main one)."""
        descriptor = open_log(self.log)
        try:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                cwd=cwd,
                start_new_session=True,
                preexec_fn=before_exec,
            )
        except OSError as error:
            raise ServerFailed(f"{self.name} could not be started: {error}") from error
        finally:
            os.close(descriptor)

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> bool:
        """Wait until `ready()` holds; False when the process ended or the time is over."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if ready():
                return True
            if not self.alive:
                return False
            time.sleep(0.02)
        return False

    def failed(self) -> ServerFailed:
        """Return the error that tells what the server wrote last."""
        return ServerFailed(f"{self.name} did not start. Its log ({self.log}) ends:\n{last_lines(self.log)}")

    def stop(self, seconds: float = 3.0) -> None:
        """Stop the server, by force when it takes longer."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.end_by_force()
        self.process = None

    def end_by_force(self) -> None:
        """End the process and what it started without waiting for it to tidy up."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
