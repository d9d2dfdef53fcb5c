"""The processes that the supervisor keeps alive, and the end of everything it started."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from backhaul.servers import privileges
from backhaul.servers.base import open_log

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0  # a process that lived so long starts again without a pause


class Child:
    """One process of the installation: started, watched, restarted with growing pauses."""

    def __init__(
        self, name: str, command: Sequence[str], *, env: dict[str, str], log: Path, orphan_signal: int = signal.SIGTERM
    ) -> None:
        """Describe the process. `orphan_signal` is what it gets when the supervisor dies without a word."""
        self.name = name
        self.command = list(command)
        self.env = env
        self.log = log
        self.orphan_signal = orphan_signal
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.start_again_at = 0.0
        self.deaths = 0
        self._pause = FIRST_PAUSE_SECONDS

    def start(self) -> None:
        """Start the process in a session of its own: a Ctrl-C in the terminal reaches the supervisor alone."""
        orphan_signal = self.orphan_signal
        descriptor = open_log(self.log)
        try:
            self.process = subprocess.Popen(
                self.command,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                start_new_session=True,
                preexec_fn=lambda: privileges.die_with_parent(orphan_signal),
            )
        finally:
            os.close(descriptor)
        self.started_at = time.monotonic()

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def died(self) -> str | None:
        """Say how the process ended if it just did, and set when it starts again; None while it runs or waits."""
        if self.process is None or self.process.poll() is None:
            return None
        code = self.process.returncode
        self.end_group()  # what it may have left behind
        self.process = None
        self.deaths += 1
        if time.monotonic() - self.started_at > STEADY_SECONDS:
            self._pause = FIRST_PAUSE_SECONDS
        self.start_again_at = time.monotonic() + self._pause
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        words = f"{self.name} ended ({how}); starting it again in {self._pause:g} s. Its log: {self.log}"
        self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)
        return words

    def start_if_due(self) -> bool:
        """Start the process again when its pause is over."""
        if self.process is not None or time.monotonic() < self.start_again_at:
            return False
        self.start()
        return True

    def ask_to_stop(self) -> None:
        """Send SIGTERM."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def end_group(self) -> None:
        """Kill the process and all that it started in its session."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)


def stop_all(children: Sequence[Child], seconds: float) -> None:
    """Ask all to stop at once; kill those that have not within `seconds`."""
    for child in children:
        child.ask_to_stop()
    deadline = time.monotonic() + seconds
    while any(child.alive for child in children) and time.monotonic() < deadline:
        time.sleep(0.02)
    for child in children:
        child.end_group()
        if child.process is not None:
            child.process.wait()
            child.process = None


def own_children() -> list[int]:
    """Return the processes whose parent is this one, orphans that it adopted included (Linux; elsewhere none)."""
    found = []
    me = os.getpid()
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            state, parent = path.read_text(errors="replace").rpartition(")")[2].split()[:2]
            if int(parent) == me and state != "Z":
                found.append(int(path.parent.name))
    return found


def end_stragglers(rounds: int = 20) -> None:
    """Kill whatever is still there: a child of a child that outlived it comes to us and ends here."""
    for _ in range(rounds):
        left = own_children()
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if not left:
            return
        time.sleep(0.02)
