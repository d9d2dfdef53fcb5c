"""Every benchmark in turn: `make bench`, or some of them: `make bench ARGS="road_oracle engine"`.

Figures are to be read as ratios within one run: machines are noisy. Nothing here fails a build.
"""

import subprocess
import sys

# name: the module with its arguments
BENCHMARKS: dict[str, tuple[str, ...]] = {
    "road_oracle": ("benchmarks.road_oracle",),
    "engine": ("benchmarks.engine",),
    "bulk": ("benchmarks.bulk",),
    "tours": ("benchmarks.tours",),
    "plan": ("benchmarks.plan",),
    "matching": ("benchmarks.own_database", "benchmarks.matching", "--times", "3"),
    "preview": ("benchmarks.own_database", "benchmarks.preview", "--times", "10"),
    "claims": ("benchmarks.own_database", "benchmarks.claims"),
    "start_up": ("benchmarks.start_up",),
    "post_to_desk": ("benchmarks.own_market", "--times", "10", "benchmarks.post_to_desk"),
}


def main() -> int:
    """Run those that are named, or all; return how many did not finish."""
    names = sys.argv[1:] or list(BENCHMARKS)
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"There is no benchmark called {', '.join(unknown)}. There are: {', '.join(BENCHMARKS)}.")
        return 2
    failed = 0
    for name in names:
        print(f"\n== {name}", flush=True)
        failed += subprocess.run([sys.executable, "-m", *BENCHMARKS[name]], check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
