"""The installation's folder: where data, sockets, logs, caches and secrets lie.

Nothing here imports Django, so that settings and the command line can both use it.
"""

import os
import secrets
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent


def home() -> Path:
    """Return the installation's folder (`BACKHAUL_HOME`, default `.backhaul/`), made with mode 0700."""
    path = Path(os.environ.get("BACKHAUL_HOME") or PROJECT_ROOT / ".backhaul").resolve()
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def secret(name: str) -> str:
    """Return this installation's random secret of that name, made on first use with mode 0600."""
    path = home() / "secrets" / name
    path.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text()
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(48))
    return path.read_text()
