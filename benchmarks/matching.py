"""The incremental path of matching: one fresh posting against a full market, beside its bare candidate SQL.

Fills its database with a market of many times the demo's size, matches the part of it that the measured postings meet
(`--lists met`; all of it with `all`), and then measures runs for single postings. With `--lists none` nothing is
matched first, only each leg's way home is noted, as its own run would: then every list is empty and takes every pair,
so a run writes the most that it can. What is timed is the task of the posting's fact, from its message to the commit
of its matches and on to the task's end. Read the ratios; the seconds are this machine's.

Run: `uv run python -m benchmarks.own_database benchmarks.matching --times 10`
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import django
import numpy as np

django.setup()

from django.db import connection  # noqa: E402
from django.db.models import F  # noqa: E402

from backhaul.celery import spare_what_stays  # noqa: E402
from benchmarks.full_market import LEGS, LOADS, fill  # noqa: E402
from carriers.models import ReturnLeg  # noqa: E402
from foundation.events.models import Event, Reaction  # noqa: E402
from foundation.places.services import travel_oracle, warm_up  # noqa: E402
from loads.models import Load  # noqa: E402
from matching.candidates import legs_for_load, loads_for_leg  # noqa: E402
from matching.models import Match, MatchRun  # noqa: E402
from matching.policies import current_policy  # noqa: E402
from matching.services import match_legs  # noqa: E402
from matching.tasks import match_legs as legs_task  # noqa: E402
from matching.tasks import match_loads as loads_task  # noqa: E402


def milliseconds(work: Callable[[], object]) -> float:
    """Return how long a piece of work took."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def line(words: str, taken: Iterable[float]) -> float:
    """Print median and 95th percentile; return the median."""
    values = sorted(taken)
    middle = statistics.median(values)
    print(f"{words:58} p50 {middle:8.1f} ms   p95 {values[int(len(values) * 0.95)]:8.1f} ms", flush=True)
    return middle


def analyze() -> None:
    """Tell the database what its tables hold."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def match_all(keys: Iterable[int]) -> None:
    """Match these legs, so that their lists stand."""
    start = time.perf_counter()
    ids = list(ReturnLeg.objects.filter(pk__in=list(keys)).order_by("id").values_list("public_id", flat=True))
    for number, public_id in enumerate(ids):
        match_legs(subjects=[public_id], settle=_settle_nothing)
        if (number + 1) % 500 == 0:
            print(f"  {number + 1:,} legs matched, {time.perf_counter() - start:,.0f} s", flush=True)


def _settle_nothing(subject: str) -> None:
    """No fact waits for these runs."""


def note_ways() -> None:
    """Note each leg's way home, which its own run would have done."""
    legs = list(ReturnLeg.objects.filter(match_run__isnull=True).order_by("id"))
    if not legs:
        return
    ends = np.array([[leg.empty_lat, leg.empty_lon, leg.home_lat, leg.home_lon] for leg in legs])
    found = travel_oracle().pairs(*ends.T)
    ways = zip(found.miles.tolist(), found.minutes.tolist(), found.estimated.tolist(), strict=True)
    rests_on = {"policy_version": current_policy().version, "road_version": travel_oracle().version}
    counted = {"candidates": 0, "feasible": 0, "ran_at": datetime.now(UTC)}
    MatchRun.objects.bulk_create(
        [
            MatchRun(leg=leg, version=leg.version, stretches=[way], **rests_on, **counted)
            for leg, way in zip(legs, ways, strict=True)
        ],
        batch_size=2_000,
    )
    analyze()


def told(row: Any, task: Any) -> None:
    """Let a fact about a posting wait for its task, as the relay leaves it when it sends the message."""
    event = Event.objects.create(name="benchmark.told", subject=row.public_id)
    Reaction.objects.create(
        event=event, task=task.name, subject=row.public_id, position=event.pk, due_at=datetime.now(UTC)
    )


def measure(rows: list[Any], candidates: Callable[[Any], list[int]], task: Any, noun: str) -> None:
    """Print the bare SQL, the task for a posting that is new, for it again, and for an edit."""
    counts: list[int] = []
    taken: dict[str, list[float]] = {"bare": [], "new": [], "again": [], "edited": []}
    mine = "leg" if noun == "leg" else "load"
    for row in rows:
        Match.objects.filter(**{mine: row}).delete()
        MatchRun.objects.filter(**{mine: row}).delete()
        counts.append(len(candidates(row)))
        taken["bare"].append(milliseconds(partial(candidates, row)))
        for which in ("new", "again", "edited"):
            if which == "edited":
                type(row).objects.filter(pk=row.pk).update(version=F("version") + 1)
            told(row, task)
            taken[which].append(milliseconds(partial(task, [row.public_id], 0)))
    middle = statistics.median(counts)
    print(f"{noun}: {len(rows)} of them, {middle:,.0f} candidates at the median, {max(counts):,} at most")
    bare = line(f"  bare candidate SQL for a {noun}", taken["bare"])
    for name, words in (
        ("new", f"  a new {noun}: matched, stored, announced"),
        ("again", f"  the same {noun} again: nothing changes"),
        ("edited", f"  an edited {noun}: every match is written anew"),
    ):
        print(f"{'':62}{line(words, taken[name]) / bare:6.1f} times the bare SQL")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=float, default=10.0, help="how many times the demo's size the market has")
    parser.add_argument("--legs", type=int, help="how many legs, instead")
    parser.add_argument("--loads", type=int, help="how many loads, instead")
    parser.add_argument("--sample", type=int, default=100, help="how many postings are measured")
    parser.add_argument("--lists", choices=("met", "all", "none"), default="met", help="which legs are matched first")
    asked = parser.parse_args()
    legs, loads = asked.legs or int(LEGS * asked.times), asked.loads or int(LOADS * asked.times)
    if not Load.objects.exists():
        print(f"{legs:,} legs and {loads:,} loads: {milliseconds(lambda: fill(legs, loads)) / 1000:,.0f} s to write")
        analyze()
    some_loads = list(Load.objects.order_by("id")[:: max(1, loads // asked.sample)][: asked.sample])
    some_legs = list(ReturnLeg.objects.order_by("id")[:: max(1, legs // asked.sample)][: asked.sample])
    done = set(MatchRun.objects.filter(leg__isnull=False).values_list("leg", flat=True))
    warm_up()  # as each worker does when it starts
    spare_what_stays()
    if asked.lists == "none":
        note_ways()
        measure(some_loads, legs_for_load, loads_task, "load")
        measure(some_legs, loads_for_leg, legs_task, "leg")
        return
    met = {key for load in some_loads for key in legs_for_load(load)} | {leg.pk for leg in some_legs}
    match_all((set(ReturnLeg.objects.values_list("pk", flat=True)) if asked.lists == "all" else met) - done)
    analyze()
    print(f"{Match.objects.count():,} matches stand")
    measure(some_loads, legs_for_load, loads_task, "load")
    measure(some_legs, loads_for_leg, legs_task, "leg")


if __name__ == "__main__":
    main()
