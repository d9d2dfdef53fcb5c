"""The installation's folder: where data, sockets, logs, caches and secrets lie.

Nothing here imports Django, so that settings and the command line can both use it.
"""

import hashlib
import os
import secrets
import stat
import sys
import tempfile
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent

# The kernel keeps a socket's path in 108 bytes (104 on macOS), the last of them a NUL.
SOCKET_PATH_BYTES = 103 if sys.platform == "darwin" else 107
LONGEST_SOCKET_NAME = ".s.PGSQL.5432.lock"


def home() -> Path:
    """Return the installation's folder (`BACKHAUL_HOME`, default `.backhaul/`), made with mode 0700."""
    path = Path(os.environ.get("BACKHAUL_HOME") or PROJECT_ROOT / ".backhaul").resolve()
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def folder(name: str) -> Path:
    """Return a folder of the installation, made with mode 0700."""
    path = home() / name
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def sockets() -> Path:
    """Return the folder of the Unix sockets: below the home, or a short one where the home's path is too long."""
    path = home() / "sockets"
    if len(os.fsencode(path / LONGEST_SOCKET_NAME)) <= SOCKET_PATH_BYTES:
        path.mkdir(mode=0o700, exist_ok=True)
        return path
    name = hashlib.sha256(os.fsencode(home())).hexdigest()[:16]
    base = Path(tempfile.gettempdir())
    if len(os.fsencode(base)) > 40:
        base = Path("/tmp")  # noqa: S108 - who owns what we find there is checked below
    short = base / f"backhaul-{os.getuid()}-{name}"
    short.mkdir(mode=0o700, exist_ok=True)
    found = short.lstat()
    # The folder's name can be guessed: one that somebody else made in a shared place must not be trusted.
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise PermissionError(f"{short} belongs to somebody else or is open to others; remove it and start again")
    return short


def secret(name: str) -> str:
    """Return this installation's random secret of that name, made on first use with mode 0600.

    The value is written aside and linked into place, so that of two processes that start together both read the
    same, whole value.
    """
    path = folder("secrets") / name
    if not path.exists():
        descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{name}-")
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            os.unlink(draft)
    return path.read_text()
