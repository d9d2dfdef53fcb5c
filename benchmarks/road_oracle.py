"""The road oracle: accuracy on published pairs, time to build and load, one to 5,000, and 10,000 pairs.

Run: `uv run python -m benchmarks.road_oracle`
"""

import csv
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from foundation.places.gazetteer import gazetteer
from foundation.places.roads import RoadNetwork

PAIRS = Path(__file__).parent.parent / "tests" / "places" / "road_pairs.csv"


def milliseconds(work: Callable[[], object], *, times: int = 1) -> float:
    """Return the median time of a piece of work."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken)


def main() -> None:
    """Print the figures."""
    print(f"gazetteer               {milliseconds(gazetteer):10.0f} ms")
    with tempfile.TemporaryDirectory() as folder:
        print(f"network, built          {milliseconds(lambda: RoadNetwork.build(folder)):10.0f} ms")
        print(f"network, loaded         {milliseconds(lambda: RoadNetwork.load(folder), times=5):10.1f} ms")
        network = RoadNetwork.load(folder)
    print(f"version {network.version}, {len(network.graph.lats):,} nodes, {len(network.graph.targets):,} edges")
    with PAIRS.open() as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    for kind in ("interstate", "off_freeway"):
        values = np.array(
            [
                [float(row[name]) for name in ("from_lat", "from_lon", "to_lat", "to_lon", "miles")]
                for row in rows
                if row["kind"] == kind
            ]
        )
        errors = np.abs(network.pairs(*values.T[:4]).miles / values[:, 4] - 1) * 100
        print(f"{kind:12} {len(values):3} pairs: mean error {errors.mean():.2f} %, worst {errors.max():.2f} %")
    entries = [entry for entry in gazetteer() if entry.active]
    chosen = np.random.default_rng(1).choice(len(entries), 20_000, replace=False)
    points = np.array([(entries[index].lat, entries[index].lon) for index in chosen])
    ends = points[:5000]
    origins = iter(points[5000:].tolist())
    moved = iter(range(1, 100))

    def unseen_ends() -> None:
        lat, lon = next(origins)
        network.one_to_many(lat, lon, ends[:, 0] + next(moved) * 1e-7, ends[:, 1])

    def seen_ends() -> None:
        lat, lon = next(origins)
        network.one_to_many(lat, lon, ends[:, 0], ends[:, 1])

    seen_ends()
    print(f"one to 5,000, all new   {milliseconds(unseen_ends, times=30):10.2f} ms")
    print(f"one to 5,000, same ends {milliseconds(seen_ends, times=30):10.2f} ms")
    a, b = points[:10_000], points[10_000:]
    few = points[np.random.default_rng(2).integers(0, 1000, 10_000)]
    by_origin = milliseconds(lambda: RoadNetwork(network.graph, network.version).pairs(*few.T, *b.T))
    print(f"10,000 pairs of 1,000 origins {by_origin / 1000:10.2f} s")
    print(f"10,000 pairs, all distinct    {milliseconds(lambda: network.pairs(*a.T, *b.T)) / 1000:10.2f} s")


if __name__ == "__main__":
    main()
