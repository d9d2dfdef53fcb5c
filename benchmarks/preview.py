"""What waits for a leg that is being written: `matching.services.preview` beside its bare candidate SQL.

Fills its database with a market of many times the demo's size, notes the loads' own ways as their first matching does,
and previews the terms of legs spread over it. Read the ratio; the milliseconds are this machine's.

Run: `uv run python -m benchmarks.own_database benchmarks.preview --times 10`
"""

import argparse
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime

import django

django.setup()

from django.db import connection  # noqa: E402

from benchmarks.full_market import LEGS, LOADS, fill  # noqa: E402
from carriers.models import ReturnLeg  # noqa: E402
from carriers.store import terms_of  # noqa: E402
from foundation.places.services import travel_oracle, warm_up  # noqa: E402
from loads.models import Load  # noqa: E402
from matching.candidates import loads_for_leg  # noqa: E402
from matching.models import MatchRun  # noqa: E402
from matching.rows import stretches_of  # noqa: E402
from matching.services import preview  # noqa: E402


def milliseconds(work: Callable[[], object]) -> float:
    """Return how long a piece of work took."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def line(words: str, taken: list[float]) -> float:
    """Print median and 95th percentile; return the median."""
    values = sorted(taken)
    middle = statistics.median(values)
    print(f"{words:58} p50 {middle:8.1f} ms   p95 {values[int(len(values) * 0.95)]:8.1f} ms", flush=True)
    return middle


def note_ways(keys: set[int]) -> None:
    """Note the way between the stops of these loads."""
    travel, now = travel_oracle(), datetime.now(UTC)
    runs = [
        MatchRun(
            load=load,
            version=load.version,
            policy_version="",
            road_version=travel.version,
            candidates=0,
            feasible=0,
            stretches=stretches_of(load, travel),
            ran_at=now,
        )
        for load in Load.objects.filter(pk__in=keys).prefetch_related("stops")
    ]
    MatchRun.objects.bulk_create(runs, batch_size=2_000)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=float, default=10.0, help="how many times the demo's size the market has")
    parser.add_argument("--sample", type=int, default=100, help="how many legs are previewed")
    asked = parser.parse_args()
    legs, loads = int(LEGS * asked.times), int(LOADS * asked.times)
    print(f"{legs:,} legs and {loads:,} loads: {milliseconds(lambda: fill(legs, loads)) / 1000:,.0f} s to write")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    warm_up()
    rows = ReturnLeg.objects.select_related("organization", "truck", "trailer", "driver", "home_base").order_by("id")
    bare, whole, computing, candidates = [], [], [], []
    chosen = list(rows[:: max(1, legs // asked.sample)][: asked.sample])
    note_ways({key for leg in chosen for key in loads_for_leg(leg)})
    for leg in chosen:
        terms = terms_of(leg)
        bare.append(milliseconds(lambda leg=leg: loads_for_leg(leg)))  # type: ignore[misc]
        start, busy = time.perf_counter(), time.process_time()
        found = preview(organization=leg.organization, leg_terms=terms)
        whole.append((time.perf_counter() - start) * 1000)
        computing.append((time.process_time() - busy) * 1000)
        candidates.append(found.candidates)
    middle = statistics.median(candidates)
    print(f"{len(whole)} legs, {middle:,.0f} candidates at the median, {max(candidates):,} at most")
    least = line("  bare candidate SQL of a leg that is not stored", bare)
    most = line("  preview: terms judged, loads scored, the best ten shown", whole)
    line("    of it computing in this process", computing)
    print(f"{'':58} {most / least:8.1f} times the bare SQL")


if __name__ == "__main__":
    main()
