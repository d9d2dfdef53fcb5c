"""`backhaul reset`: delete an installation's data."""

import os
import shutil
import sys
from pathlib import Path

from backhaul.home import home, sockets
from backhaul.supervisor.lock import Lock

# What we made ourselves: a folder that holds anything else is not deleted whole.
OURS = ("postgresql", "postgresql.unfinished", "sockets", "logs", "mail", "secrets", "staticfiles", "demo.json")
KEPT = "cache"  # downloaded and computed things that hold nobody's data


def _what_goes(folder: Path) -> list[Path]:
    return [path for path in (folder / name for name in OURS) if path.exists()]


def reset(*, sure: bool) -> int:
    """Delete the installation's data after asking; the exit status says whether it is gone.

    Raises AlreadyRunning while the installation runs.
    """
    folder = home()
    with Lock():
        doomed = _what_goes(folder)
        if not doomed:
            print(f"There is nothing to delete in {folder}.")
            return 0
        print(f"This deletes the database, files, logs and secrets in {folder}:")
        print("  " + ", ".join(path.name for path in doomed))
        if os.environ.get("DATABASE_URL"):
            print("The database that DATABASE_URL names is not touched.")
        if not sure:
            if not sys.stdin.isatty():
                sys.stderr.write("Nothing was deleted: without a terminal, confirm with `backhaul reset --yes`.\n")
                return 1
            if input("Type `yes` to delete it: ").strip().lower() != "yes":
                print("Nothing was deleted.")
                return 1
        outside = sockets()
        for path in doomed:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        shutil.rmtree(outside, ignore_errors=True)  # a short one lies outside the folder
    print("Deleted. The next start begins anew.")
    return 0
