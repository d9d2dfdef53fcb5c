"""The whole market at once: the bulk core beside its rivals, and the full engine beside the core.

Prints the rows of the table in `docs/performance.md` that are the bulk engine's. Read the ratios: each is made of
medians of rounds in which all sides took turns, by the clock and (in brackets) in processor time, which other work on
the machine hardly touches. SQL and the Python loop answer for a sample of the legs, and their time is scaled to all of
them: each leg is a question of its own there.

Run: `OPENBLAS_NUM_THREADS=1 uv run python -m benchmarks.bulk` (or `--quick`, a tenth of the market)
"""

import argparse
import os
import pickle
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from backhaul.servers import PostgresServer
from benchmarks.bulk_rivals import CIRCUITY, MPH, SHOWN, by_loop, by_sql, fill, leg_rows, load_rows
from benchmarks.market_columns import SEED, bench_market
from foundation.places.roads import RoadNetwork
from matching.engine.bulk import Best, best_by_great_circle, feasible_pairs
from matching.engine.columns import CARRIES
from matching.engine.policy import DEFAULT_POLICY
from matching.engine.problem import Legs, Loads
from matching.engine.rank import best
from matching.engine.routes import between_stops, straight_homes
from matching.engine.score import score_leg
from matching.engine.travel import GreatCircleTravel

NO_DUTY_DAY = replace(DEFAULT_POLICY, duty=None)
SQL_LEGS, LOOP_LEGS = 500, 20
MEBIBYTE = 1024


def core(legs: Legs, loads: Loads) -> Best:
    """Answer the question of the comparison."""
    return best_by_great_circle(legs, loads, count=SHOWN, circuity=CIRCUITY, mph=MPH, policy=DEFAULT_POLICY)


def wrong_legs(legs: Legs, loads: Loads, answer: Best, rows: list[int]) -> int:
    """Count the legs whose best differ from ranking every load in double precision."""
    wrong, travel = 0, GreatCircleTravel(CIRCUITY, MPH)
    for row in rows:
        scores = score_leg(legs, row, loads, travel, NO_DUTY_DAY)
        top = best(scores.own_gain_cents, scores.feasible, scores.load_key, SHOWN)
        found = answer.load_row[row]
        gains = answer.own_gain_cents[row, : top.size].tolist()
        same = found[: top.size].tolist() == top.tolist() and bool((found[top.size :] == -1).all())
        wrong += not (same and gains == scores.own_gain_cents[top].tolist())
    return wrong


def differing(loads: Loads, answer: Best, legs: Legs, rival: dict[int, list[int]]) -> int:
    """Count the rival's legs for which the core shows other loads."""
    keys = {int(key): row for row, key in enumerate(legs.key)}
    return sum(
        loads.key[[load for load in answer.load_row[keys[number]].tolist() if load >= 0]].tolist() != shown
        for number, shown in rival.items()
    )


def with_ways(legs: Legs, loads: Loads, roads: RoadNetwork) -> tuple[Legs, Loads]:
    """Return the market with the ways that belong to one posting alone known, as they are stored in the product."""
    between, home = (
        between_stops(loads, np.arange(len(loads)), roads),
        straight_homes(legs, np.arange(len(legs)), roads),
    )
    return (
        replace(
            legs, home_miles=home.miles, home_minutes=home.minutes.astype(np.float64), home_estimated=home.estimated
        ),
        replace(
            loads,
            stop_miles=between.miles,
            stop_minutes=between.minutes.astype(np.float64),
            stop_estimated=between.estimated,
        ),
    )


def full(legs: Legs, loads: Loads, roads: RoadNetwork, workers: int) -> int:
    """Run the full engine; return how many pairs are feasible."""
    return sum(len(block) for block in feasible_pairs(legs, loads, roads, DEFAULT_POLICY, workers=workers))


def peak_kibibytes() -> int:
    """Return the most memory that this process has held so far (Linux: a parent's is not counted)."""
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


def measure_memory(market: Path, cache: Path) -> None:
    """In a process of its own: run core and full engine on a market from a file, and print what that took at most."""
    before = peak_kibibytes()
    legs, loads = pickle.loads(market.read_bytes())
    core(legs, loads)
    after_core = peak_kibibytes()
    full(legs, loads, RoadNetwork.load(cache), 1)
    print(f"{(after_core - before) / MEBIBYTE:.0f} {(peak_kibibytes() - before) / MEBIBYTE:.0f}")


def memory_of_a_run(legs: Legs, loads: Loads, cache: Path) -> tuple[float, float]:
    """Return the mebibytes of the core, and of core and full engine, above those of the imports."""
    file = cache / "market.pickle"
    file.write_bytes(pickle.dumps((legs, loads)))
    command = [sys.executable, "-m", "benchmarks.bulk", "--memory-of", str(file), str(cache)]
    core_mebibytes, both = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(core_mebibytes), float(both)


def row(words: str, measured: str, gate: str, aim: str) -> None:
    """Print a row of the table."""
    print(f"| {words} | {measured} | {gate} | {aim} |", flush=True)


Seconds = tuple[float, float]
"""By the clock, and of the processors that worked for it."""


def rounds_of(
    sides: dict[str, Callable[[], object]], rounds: int, server: Callable[[], float] = lambda: 0.0
) -> dict[str, Seconds]:
    """Let the sides take turns; return each one's medians. `server` tells the processor seconds spent elsewhere."""
    taken: dict[str, list[Seconds]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, work in sides.items():
            start, worked = time.perf_counter(), time.process_time() + server()
            work()
            taken[name].append((time.perf_counter() - start, time.process_time() + server() - worked))
    return {
        name: (statistics.median(clock for clock, _ in seconds), statistics.median(worked for _, worked in seconds))
        for name, seconds in taken.items()
    }


def processor_seconds(process: int) -> float:
    """Return the processor seconds that another process has used (Linux)."""
    figures = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(figures[11]) + int(figures[12])) / os.sysconf("SC_CLK_TCK")


def ratio(words: str, side: Seconds, other: Seconds, gate: str, aim: str, scale: float = 1.0) -> None:
    """Print a row: how many times longer one side takes, by the clock and in processor time."""
    clock, worked = (scale * one / two for one, two in zip(side, other, strict=True))
    row(words, f"{clock:,.1f} ({worked:,.1f})", gate, aim)


def run(leg_count: int, load_count: int, rounds: int, workers: int, folder: Path) -> None:
    """Measure everything and print the rows."""
    legs, loads = bench_market(SEED, leg_count, load_count)
    legs_b = replace(legs, max_home_deadhead_miles=np.full(leg_count, np.nan))
    answer = core(legs, loads)
    few = bench_market(SEED, 1_000, 10_000)
    wrong = wrong_legs(*few, core(*few), list(range(1_000)))
    chosen = np.random.default_rng(SEED).choice(leg_count, min(500, leg_count), replace=False).tolist()
    row("wrong legs, all of 1,000 x 10,000 / 500 sampled at full size", f"{wrong} / "
        f"{wrong_legs(legs, loads, answer, chosen)}", "0", "0")  # fmt: skip

    server = PostgresServer(data=folder / "postgresql", sockets=folder, log=folder / "postgresql.log")
    server.start()
    roads = RoadNetwork.load(folder)
    known_legs, known_loads = with_ways(legs, loads, roads)
    try:
        with server.connect() as connection:
            carried = [np.flatnonzero(codes).tolist() for codes in CARRIES]
            all_legs, all_loads = leg_rows(legs, carried), load_rows(loads)
            fill(connection, all_loads, all_legs)
            connection.execute("SET max_parallel_workers_per_gather = 0")  # one process against one thread
            sql_step, loop_step = max(leg_count // SQL_LEGS, 1), max(leg_count // LOOP_LEGS, 1)
            sampled = [leg for leg in all_legs if leg[0] % loop_step == 0]
            for name, rival in (("SQL", by_sql(connection, sql_step)), ("loop", by_loop(sampled, all_loads))):
                print(f"{name}: {differing(loads, answer, legs, rival)} of {len(rival)} legs answered otherwise")
            backend = connection.info.backend_pid
            taken = rounds_of(
                {
                    "core": lambda: core(legs, loads),
                    "core B": lambda: core(legs_b, loads),
                    "SQL": lambda: by_sql(connection, sql_step),
                    "loop": lambda: by_loop(sampled, all_loads),
                    "boxes": lambda: by_loop(sampled, all_loads, boxes=True),
                    "full": lambda: full(known_legs, known_loads, roads, workers),
                },
                rounds,
                lambda: processor_seconds(backend),
            )
    finally:
        server.stop()
    once = taken["core"]
    print(f"on {workers} workers the full engine; by the clock (processor time), seconds: "
          + ", ".join(f"{name} {clock:.2f} ({worked:.2f})" for name, (clock, worked) in taken.items()))  # fmt: skip
    by_leg = leg_count / len(sampled)
    ratio("best single SQL statement / core A", taken["SQL"], once, ">= 15", ">= 30", sql_step)
    ratio("plain Python loop / core A", taken["loop"], once, ">= 400", ">= 700", by_leg)
    ratio("the same loop with boxes of latitude / core A", taken["boxes"], once, "", "", by_leg)
    ratio("core B / A", taken["core B"], once, "<= 5", "<= 3")
    ratio("full engine / core", taken["full"], once, "<= 10", "<= 3")
    core_mebibytes, both = memory_of_a_run(known_legs, known_loads, folder)
    row(
        "memory of the bulk run above its imports (core alone)",
        f"{both:.0f} MiB ({core_mebibytes:.0f})",
        "<= 400",
        "<= 150",
    )
    many = bench_market(SEED, leg_count, load_count * 10)
    taken = rounds_of({"few": lambda: core(legs, loads), "many": lambda: core(*many)}, rounds)
    ratio(f"core at {load_count * 10:,} / {load_count:,} loads", taken["many"], taken["few"], "<= 13", "<= 10")


def main() -> None:
    """Read the command line and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="1,000 legs x 10,000 loads instead of ten times as many")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="threads of the full engine")
    parser.add_argument("--memory-of", nargs=2, type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.memory_of:
        measure_memory(*asked.memory_of)
        return
    legs, loads = (1_000, 10_000) if asked.quick else (10_000, 100_000)
    print(f"{legs:,} legs x {loads:,} loads, seed {SEED}; {os.cpu_count()} processors, {platform.machine()}, "
          f"load {os.getloadavg()[0]:.1f}; Python {platform.python_version()}, NumPy {np.__version__}")  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="backhaul-bench-") as folder:
        run(legs, loads, asked.rounds, asked.workers, Path(folder))


if __name__ == "__main__":
    main()
