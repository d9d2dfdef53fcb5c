"""One program per installation: a lock that the kernel lets go when its holder dies."""

import fcntl
import json
import os
from pathlib import Path
from types import TracebackType

from backhaul.home import home


class AlreadyRunning(Exception):
    """Another program holds the installation; the message says which and what to do."""


class Lock:
    """Holds the installation's folder for this process."""

    def __init__(self, folder: Path | None = None) -> None:
        """Prepare the lock of a folder, the installation's by default."""
        self.path = (folder or home()) / "lock"
        self._descriptor: int | None = None

    def __enter__(self) -> "Lock":
        """Take the lock.

        Raises AlreadyRunning when another process has it.
        """
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 1000, 0).decode(errors="replace")
            os.close(descriptor)
            raise AlreadyRunning(_message(self.path.parent, holder)) from None
        self._descriptor = descriptor
        self.tell({"pid": os.getpid()})
        return self

    def tell(self, facts: dict[str, object]) -> None:
        """Write down who holds the lock, for the next one's message."""
        assert self._descriptor is not None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, json.dumps({"pid": os.getpid()} | facts).encode(), 0)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the lock go."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None


def _message(folder: Path, holder: str) -> str:
    try:
        facts = json.loads(holder)
        who = f" (process {facts['pid']}" + (f", {facts['base_url']})" if "base_url" in facts else ")")
    except (ValueError, KeyError, TypeError):
        who = ""
    return (
        f"Backhaul already runs on {folder}{who}.\n"
        "Stop it there with Ctrl-C, or give this one a folder and a port of its own: BACKHAUL_HOME=... PORT=..."
    )
