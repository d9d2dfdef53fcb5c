"""The engine on the incremental path: one leg against 500 loads, one load against 500 legs, and one pair explained.

Run: `uv run python -m benchmarks.engine`. The oracle's time is taken out and printed apart. Seed 2026.
"""

import statistics
import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from matching.engine.explain import explain_row
from matching.engine.policy import DEFAULT_POLICY
from matching.engine.problem import DELIVERY, PICKUP, Legs, Loads
from matching.engine.score import Scores, score_leg, score_load
from matching.engine.travel import Figures, GreatCircleTravel

DAY = 24 * 60
ROUNDS = 41


@dataclass
class Stopwatch:
    """An oracle that adds up the time spent in it."""

    oracle: GreatCircleTravel = field(default_factory=GreatCircleTravel)
    seconds: float = 0.0
    version: str = "stopwatch"

    def one_to_many(self, lat: float, lon: float, lats: ArrayLike, lons: ArrayLike) -> Figures:
        return self.pairs(lat, lon, lats, lons)

    def many_to_one(self, lats: ArrayLike, lons: ArrayLike, lat: float, lon: float) -> Figures:
        return self.pairs(lats, lons, lat, lon)

    def pairs(self, lats_a: ArrayLike, lons_a: ArrayLike, lats_b: ArrayLike, lons_b: ArrayLike) -> Figures:
        start = time.perf_counter()
        figures = self.oracle.pairs(lats_a, lons_a, lats_b, lons_b)
        self.seconds += time.perf_counter() - start
        return figures


def make_legs(rng: np.random.Generator, count: int) -> Legs:
    """Return trucks that empty round Chicago within three days and live round Atlanta."""
    unknown = np.full(count, np.nan)
    ready_at = rng.integers(0, 3 * DAY, count)
    return Legs(
        key=np.arange(count),
        empty_lat=41.9 + rng.normal(0, 0.7, count),
        empty_lon=-87.6 + rng.normal(0, 0.9, count),
        home_lat=33.7 + rng.normal(0, 0.7, count),
        home_lon=-84.4 + rng.normal(0, 0.9, count),
        ready_at=ready_at,
        home_by=ready_at + rng.integers(2 * DAY, 4 * DAY, count),
        equipment=np.zeros(count),
        attributes=np.zeros(count),
        weight_pounds=np.full(count, 45_000),
        length_feet=np.full(count, 53),
        pallets=np.full(count, 26),
        max_pickup_deadhead_miles=np.full(count, 150.0),
        max_home_deadhead_miles=np.full(count, 150.0),
        max_out_of_route_miles=np.full(count, 100.0),
        drive_left=unknown,
        shift_left=unknown,
        break_left=unknown,
        cycle_left=unknown,
        loaded_cents_per_mile=rng.integers(145, 206, count),
        empty_cents_per_mile=unknown,
        hour_cents=unknown,
        delay_hour_cents=unknown,
    )


def make_loads(rng: np.random.Generator, count: int) -> Loads:
    """Return loads from round Chicago to round Atlanta, windows of 1 to 24 hours over five days."""
    opens_at = rng.integers(0, 5 * DAY, count)
    deliver_at = opens_at + 120 + rng.integers(900, 1_500, count)
    first = np.stack([opens_at, deliver_at], axis=1)
    width = np.stack([rng.integers(60, DAY, count), rng.integers(120, DAY, count)], axis=1)
    lat = np.stack([41.9 + rng.normal(0, 0.7, count), 33.7 + rng.normal(0, 0.7, count)], axis=1)
    lon = np.stack([-87.6 + rng.normal(0, 0.9, count), -84.4 + rng.normal(0, 0.9, count)], axis=1)
    return Loads(
        key=np.arange(count),
        equipment=np.zeros(count),
        attributes=np.zeros(count),
        weight_pounds=rng.integers(3_000, 45_000, count),
        length_feet=np.full(count, 53),
        pallets=np.zeros(count),
        rate_cents=rng.integers(80_000, 220_000, count),
        is_partial=np.zeros(count),
        stop_offsets=np.arange(0, 2 * count + 1, 2),
        stop_kind=np.tile([PICKUP, DELIVERY], count),
        stop_lat=lat.ravel(),
        stop_lon=lon.ravel(),
        stop_opens_at=first.ravel(),
        stop_closes_at=(first + width).ravel(),
        stop_service_minutes=np.full(2 * count, 120),
        stop_miles=np.full(2 * count, 700.0),
        stop_minutes=np.full(2 * count, 700.0),
    )


def main() -> None:
    """Print the figures."""
    rng = np.random.default_rng(2026)
    legs, loads = make_legs(rng, 500), make_loads(rng, 500)

    def measure(name: str, of_one: bool, planned: float) -> None:
        taken, asked = [], []
        for number in range(ROUNDS):
            watch = Stopwatch()
            start = time.perf_counter()
            scores: Scores = (
                score_leg(legs, number, loads, watch, DEFAULT_POLICY)
                if of_one
                else score_load(loads, number, legs, watch, DEFAULT_POLICY)
            )
            taken.append((time.perf_counter() - start - watch.seconds) * 1000)
            asked.append(watch.seconds * 1000)
            planned += float(scores.feasible.sum()) / ROUNDS
        ranks = statistics.quantiles(taken, n=20)
        print(
            f"{name:32} p50 {statistics.median(taken):6.2f} ms   p95 {ranks[-1]:6.2f} ms"
            f"   oracle {statistics.median(asked):6.2f} ms   feasible {planned:5.0f}"
        )

    measure("one leg x 500 loads", True, 0.0)
    measure("one load x 500 legs", False, 0.0)
    scores = score_leg(legs, 0, loads, GreatCircleTravel(), DEFAULT_POLICY)
    row = int(np.flatnonzero(scores.feasible)[0])
    start = time.perf_counter()
    for _ in range(ROUNDS):
        explain_row(scores, row, legs, loads, "great circle", DEFAULT_POLICY)
    print(f"{'one pair explained':32}     {(time.perf_counter() - start) * 1000 / ROUNDS:6.2f} ms")


if __name__ == "__main__":
    main()
