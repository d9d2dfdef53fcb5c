"""The network plan: how near to the best, how fast, and what it is worth; great circle x 1.17 at 50 mph, with hours.

Run: `uv run python -m benchmarks.plan [--legs 10000 --loads 100000] [--fleet 5000]`. First single loads, A (both
deadheads limited): the gap to the auction's own bound, and its time against scoring the whole market with the full
engine in one thread. Then chains of two in markets with as many loads as legs, three seeds.
"""

import argparse
import statistics
import time
from dataclasses import dataclass

from benchmarks.market_columns import SEED, bench_market
from matching.engine.plan import Columns, MarketPlan, assign, find_pairs, plan_market
from matching.engine.policy import DEFAULT_POLICY
from matching.engine.travel import GreatCircleTravel

ROUNDS = 5
SEEDS = (SEED, SEED + 1, SEED + 2)
TRAVEL = GreatCircleTravel()


@dataclass
class Steps:
    """When each step of a plan began."""

    began: dict[str, float]

    def hear(self, words: str, share: float) -> None:
        self.began.setdefault(words, time.perf_counter())

    def seconds(self, step: str, following: str) -> float:
        return self.began[following] - self.began[step]


def singles_of(legs: int, loads: int) -> tuple[Columns, float]:
    """Score the whole market once; return what gains something, and the seconds it took."""
    market = bench_market(SEED, legs, loads)
    start = time.perf_counter()
    singles = find_pairs(*market, TRAVEL, DEFAULT_POLICY)
    return singles, time.perf_counter() - start


def measure_singles(legs: int, loads: int) -> None:
    """Print the gap of the assignment and what it takes next to scoring."""
    columns, scored = singles_of(legs, loads)
    taken = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        best = assign(legs, loads, columns.leg_row, columns.load_rows[:, 0], columns.gain_cents)
        taken.append(time.perf_counter() - start)
    solved = statistics.median(taken)
    print(f"singles, {legs:,} x {loads:,} (A), seed {SEED}: {len(columns):,} pairs that gain something")
    print(f"  gain ${best.gain_cents / 100:,.0f}, bound ${best.bound_cents / 100:,.0f}, gap {best.gap_ppm:.2f} ppm")
    print(
        f"  solve {solved:.2f} s (median of {ROUNDS}), full re-score {scored:.1f} s: {solved / scored:.3f};"
        f" {best.rounds} rounds of bids",
        flush=True,
    )


def measure_chains(fleet: int) -> None:
    """Print what chains of two gain over single loads, and how near to the best of the columns they are."""
    ratios, gaps = [], []
    for seed in SEEDS:
        market = bench_market(seed, fleet, fleet)
        single = plan_market(*market, TRAVEL, DEFAULT_POLICY, longest=1)
        steps = Steps({})
        start = time.perf_counter()
        plan = plan_market(*market, TRAVEL, DEFAULT_POLICY, longest=2, progress=steps.hear)
        total = time.perf_counter() - start
        chosen = steps.seconds("Choosing the best plan", "Adding up")
        ratios.append(plan.plan.gain_cents / single.plan.gain_cents)
        gaps.append(plan.gap_ppm)
        print(f"chains of two, {fleet:,} x {fleet:,} (A), seed {seed}: {ratios[-1]:.3f} x the best single loads")
        print(f"  gap {gaps[-1]:.1f} ppm over {len(plan.search.columns):,} columns; {plan.search.words}")
        print(f"  whole plan {total:.1f} s, of it the choice {chosen:.1f} s; {shares_empty(single, plan)}", flush=True)
    mean = statistics.mean(ratios)
    print(f"chains of two over single loads, mean of {len(SEEDS)} seeds: {mean:.3f}; worst gap {max(gaps):.1f} ppm")


def shares_empty(single: MarketPlan, chains: MarketPlan) -> str:
    """Return in words how much of the empty miles each way removes."""
    of = single.empty.empty_miles
    removed = [100 * (1 - part.empty_miles / of) for part in (single.board, single.plan, chains.plan)]
    worth = 100 * (single.plan.gain_cents / single.board.gain_cents - 1)
    return (
        f"empty miles removed: board {removed[0]:.1f} %, plan {removed[1]:.1f} %, chains {removed[2]:.1f} %;"
        f" the plan of single loads gains {worth:.1f} % over the board"
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--legs", type=int, default=10_000)
    parser.add_argument("--loads", type=int, default=100_000)
    parser.add_argument("--fleet", type=int, default=5_000)
    sizes = parser.parse_args()
    measure_singles(sizes.legs, sizes.loads)
    measure_chains(sizes.fleet)


if __name__ == "__main__":
    main()
