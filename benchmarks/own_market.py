"""Run benchmarks on a demo of their own: started in a temporary folder, ended afterwards.

Run: `uv run python -m benchmarks.own_market --times 10 benchmarks.post_to_desk`
"""

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LEGS, LOADS = 300, 2_000  # what `backhaul demo` seeds


@contextmanager
def own_market(times: float) -> Iterator[Path]:
    """Run a demo market of so many times its size in a folder of its own, and end it."""
    with tempfile.TemporaryDirectory(prefix="backhaul-bench-") as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        command = [str(Path(sys.executable).with_name("backhaul")), "demo"]
        command += ["--legs", str(int(LEGS * times)), "--loads", str(int(LOADS * times))]
        process = subprocess.Popen(command, env={**os.environ, "BACKHAUL_HOME": folder, "PORT": str(port)})
        try:
            while not _answers(f"http://127.0.0.1:{port}/healthz"):
                if process.poll() is not None:
                    raise SystemExit("The demo did not start.")
                time.sleep(0.5)
            yield Path(folder)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except OSError:
        return False


def main() -> int:
    """Read the command line; return the benchmark's exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=float, default=1.0, help="how many times the demo's size the market has")
    parser.add_argument("module", help="the benchmark, such as benchmarks.post_to_desk")
    parser.add_argument("words", nargs=argparse.REMAINDER, help="its own arguments")
    asked = parser.parse_args()
    with own_market(asked.times) as home:
        command = [sys.executable, "-m", asked.module, *asked.words]
        return subprocess.run(command, env={**os.environ, "BACKHAUL_HOME": str(home)}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
