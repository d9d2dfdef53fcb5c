"""Start-up: `make demo` from a clean clone with empty caches to the first page, then once more, warm.

Run: `uv run python -m benchmarks.start_up`. It clones what is committed; packages come from the registries.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_SECONDS = 900.0
COLD_LIMIT_SECONDS, COLD_AIM_SECONDS, WARM_LIMIT_SECONDS = 180, 60, 15


def free_port() -> int:
    """Return a port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(address: str) -> bool:
    """Say whether a page is served."""
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def seconds_to_first_page(clone: Path, caches: Path) -> float:
    """Run `make demo` in a clone until the sign-in page answers, end it, and return how long that took."""
    port = free_port()
    fresh = {name: str(caches / name.lower()) for name in ("UV_CACHE_DIR", "PIP_CACHE_DIR", "XDG_CACHE_HOME")}
    left_out = ("VIRTUAL_ENV", "DATABASE_URL", "REDIS_URL", "BACKHAUL_HOME", "HOST", "PYTHONPATH")
    env = {name: value for name, value in os.environ.items() if name not in left_out}
    env |= fresh | {"npm_config_cache": str(caches / "npm"), "PORT": str(port)}
    began = time.monotonic()
    process = subprocess.Popen(["make", "demo"], cwd=clone, env=env, stdout=sys.stderr, start_new_session=True)
    try:
        while not answers(f"http://127.0.0.1:{port}/accounts/login/"):
            if process.poll() is not None or time.monotonic() - began > PATIENCE_SECONDS:
                raise SystemExit("The demo did not start.")
            time.sleep(0.1)
        return time.monotonic() - began
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="backhaul-start-") as folder:
        clone, caches = Path(folder) / "clone", Path(folder) / "caches"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        cold = seconds_to_first_page(clone, caches)
        warm = seconds_to_first_page(clone, caches)
    print(f"cold `make demo`, empty caches   {cold:6.1f} s   (limit {COLD_LIMIT_SECONDS}, aim {COLD_AIM_SECONDS})")
    print(f"warm `make demo`                 {warm:6.1f} s   (limit {WARM_LIMIT_SECONDS})")


if __name__ == "__main__":
    main()
