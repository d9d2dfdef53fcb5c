"""Run a benchmark on an embedded PostgreSQL of its own: started in a temporary folder, migrated, ended afterwards.

The benchmark is a child process, so that it imports Django's models only once their database is named.

Run: `uv run python -m benchmarks.own_database benchmarks.matching --times 10`
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backhaul.servers import PostgresServer


@contextmanager
def own_database(folder: Path) -> Iterator[dict[str, str]]:
    """Run a server over a folder; yield the environment of processes that use its database, which is migrated."""
    server = PostgresServer(data=folder / "postgresql", sockets=folder, log=folder / "postgresql.log")
    server.start()
    env = {
        **os.environ,
        "DATABASE_URL": server.url(),
        "BACKHAUL_HOME": str(folder),
        "DATABASE_POOL": "0",
        "DJANGO_SETTINGS_MODULE": "backhaul.settings",
    }
    # What NumPy gains by threads on arrays of this size is less than what they take from the server.
    env.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], env=env, check=True)
        yield env
    finally:
        server.stop()


def main() -> int:
    """Read the command line; return the benchmark's exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="keep the database in this folder, and use what stands there")
    parser.add_argument("module", help="the benchmark, such as benchmarks.matching")
    parser.add_argument("words", nargs=argparse.REMAINDER, help="its own arguments")
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="backhaul-bench-") as own,
        own_database(asked.folder or Path(own)) as env,
    ):
        return subprocess.run([sys.executable, "-m", asked.module, *asked.words], env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
