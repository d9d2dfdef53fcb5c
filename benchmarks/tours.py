"""Tours: chains of two scored without and with hours of service, and the best order of two, three and four partials.

Run: `uv run python -m benchmarks.tours`. Great circle, no deadhead limits, so that nothing is refused for its distance.
Seed 2026.
"""

import statistics
import time
from dataclasses import replace

import numpy as np

from benchmarks.engine import DAY, make_legs, make_loads
from matching.engine.policy import DEFAULT_POLICY
from matching.engine.tours import best_insertions, chain_tours, score_tours
from matching.engine.travel import GreatCircleTravel

LEGS, LOADS, CHAINS, ROUNDS = 50, 400, 20_000, 5
SETS = 40


def main() -> None:
    """Print the figures."""
    rng = np.random.default_rng(2026)
    travel = GreatCircleTravel()
    no_limit = np.full(LEGS, np.nan)
    legs = replace(make_legs(rng, LEGS), max_pickup_deadhead_miles=no_limit, max_home_deadhead_miles=no_limit)
    loads = make_loads(rng, LOADS)
    leg, first = rng.integers(0, LEGS, CHAINS), rng.integers(0, LOADS, CHAINS)
    second = (first + rng.integers(1, LOADS, CHAINS)) % LOADS
    tours = chain_tours(loads, leg, np.stack([first, second], axis=1))
    for name, policy in (("without hours", replace(DEFAULT_POLICY, duty=None)), ("with hours", DEFAULT_POLICY)):
        taken = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            scores = score_tours(legs, loads, tours, travel, policy)
            taken.append(time.perf_counter() - start)
        rate = CHAINS / statistics.median(taken)
        print(
            f"chains of two, {name:14} {rate:10,.0f} a second   feasible {int(scores.feasible.sum()):,} of {CHAINS:,}"
        )
    partial = replace(
        loads,
        is_partial=np.ones(LOADS, dtype=np.bool_),
        weight_pounds=np.full(LOADS, 10_000),
        length_feet=np.full(LOADS, 13),
        stop_opens_at=np.zeros(2 * LOADS, dtype=np.int64),
        stop_closes_at=np.full(2 * LOADS, 6 * DAY),
    )
    for count in (2, 3, 4):
        taken, orders = [], []
        for number in range(SETS):
            rows = rng.choice(LOADS, count, replace=False)
            start = time.perf_counter()
            found = best_insertions(legs, number % LEGS, partial, rows.tolist(), travel, DEFAULT_POLICY)
            taken.append((time.perf_counter() - start) * 1000)
            orders.append((found.orders, found.scored))
        stood, scored = np.mean(orders, axis=0)
        median = statistics.median(taken)
        print(f"best order of {count} partials   p50 {median:6.1f} ms   orders {stood:6,.0f}, scored {scored:5,.0f}")


if __name__ == "__main__":
    main()
