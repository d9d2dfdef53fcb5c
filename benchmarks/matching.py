"""The incremental path of matching: one fresh posting against a full market, beside its bare candidate SQL.

Fills a database of its own with a market of many times the demo's size, matches all of it, and then measures runs for
single postings. Read the ratios; the seconds are this machine's.

Run: `uv run python -m benchmarks.matching --times 10`
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import django

from backhaul.servers import PostgresServer

LEGS, LOADS = 300, 2_000
SEED = 7
CARRIERS, SHIPPERS = 40, 40


@contextmanager
def own_database() -> Iterator[None]:
    """Run an embedded PostgreSQL in a temporary folder, with Django on it."""
    with tempfile.TemporaryDirectory(prefix="backhaul-bench-") as folder:
        root = Path(folder)
        server = PostgresServer(data=root / "postgresql", sockets=root, log=root / "postgresql.log")
        server.start()
        os.environ |= {"DATABASE_URL": server.url(), "BACKHAUL_HOME": folder, "DATABASE_POOL": "0"}
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backhaul.settings")
        try:
            django.setup()
            yield
        finally:
            server.stop()


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


def fill(leg_count: int, load_count: int) -> None:
    """Write the market straight into the tables; road miles of the oracle."""
    from backhaul.demo.market import EQUIPMENT, MarketGenerator
    from backhaul.demo.postings import Writer
    from carriers.choices import choose
    from carriers.models import ReturnLeg, Truck
    from carriers.road import way
    from carriers.store import columns as leg_columns
    from foundation.accounts.models import Organization
    from foundation.trade.posting import Status
    from foundation.trade.rules import Problems
    from loads.models import Load, Stop
    from loads.road import stretches
    from loads.store import columns, stop_columns

    start = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    on_market = {
        "status": Status.OPEN,
        "created_at": start,
        "updated_at": start,
        "opened_at": start - timedelta(days=1),
    }
    on_market["confirmed_at"] = start
    named = {"verified_at": start - timedelta(days=30), "contact_email": "office@example.com"}
    shippers = [Organization.objects.create(name=f"Shipper {n}", ships=True, **named) for n in range(SHIPPERS)]
    carriers = [Organization.objects.create(name=f"Carrier {n}", hauls=True, **named) for n in range(CARRIERS)]
    for number in range(3):
        Organization.objects.create(name=f"Broker {number}", brokers=True, **named)
    generator = MarketGenerator(SEED)
    writer = Writer(generator, SEED)
    loads, stops = [], []
    for number, terms in enumerate(writer.loads(load_count, start)):
        roads = stretches([stop.place for stop in terms.stops])
        load = Load(organization=shippers[number % SHIPPERS], **on_market, **columns(terms, roads))
        loads.append(load)
        stops += [Stop(load=load, **stop_columns(position, stop)) for position, stop in enumerate(terms.stops)]
    Load.objects.bulk_create(loads, batch_size=2_000)
    Stop.objects.bulk_create(stops, batch_size=5_000)
    rows = generator.legs(leg_count)
    legs = []
    for number, home in enumerate(writer.homes(rows)):
        owner = carriers[number % CARRIERS]
        truck = Truck.objects.create(
            organization=owner,
            number=str(number),
            equipment=EQUIPMENT[rows.equipment[number]],
            weight_pounds=int(rows.weight_pounds[number]),
            length_feet=53,
            pallets=26,
        )
        terms = writer.leg(rows, number, truck.public_id, start)
        terms = type(terms)(**{name: getattr(terms, name) for name in terms.__slots__} | {"home": home})
        chosen = choose(owner, terms, Problems())
        assert chosen is not None
        legs.append(ReturnLeg(organization=owner, **on_market, **leg_columns(terms, chosen, way(terms.empty, home))))
    ReturnLeg.objects.bulk_create(legs, batch_size=2_000)


def match_everything() -> None:
    """Match every leg once, so that all lists stand."""
    from carriers.models import ReturnLeg
    from matching.services import match_legs

    start = time.perf_counter()
    ids = list(ReturnLeg.objects.order_by("id").values_list("public_id", flat=True))
    for number, public_id in enumerate(ids):
        match_legs(subjects=[public_id], settle=_settle_nothing)
        if (number + 1) % 500 == 0:
            print(f"  {number + 1:,} legs matched, {time.perf_counter() - start:,.0f} s", flush=True)


def _settle_nothing(subject: str) -> None:
    """No fact waits for these runs."""


def measure(rows: list[Any], candidates: Callable[[Any], list[int]], match: Callable[..., None], noun: str) -> None:
    """Print the bare SQL, a run for a posting that is new, one for it again, and one for an edit."""
    from matching.models import Match, MatchRun

    counts, taken = [], {"bare": [], "new": [], "again": [], "edited": []}
    mine = "leg" if noun == "leg" else "load"
    for row in rows:
        Match.objects.filter(**{mine: row}).delete()
        MatchRun.objects.filter(**{mine: row}).delete()
        found: list[int] = []
        taken["bare"].append(milliseconds(lambda row=row, found=found: found.extend(candidates(row))))
        counts.append(len(found))

        def run(row: Any = row) -> None:
            match(subjects=[row.public_id], settle=_settle_nothing)

        taken["new"].append(milliseconds(run))
        taken["again"].append(milliseconds(run))
        type(row).objects.filter(pk=row.pk).update(version=row.version + 1)
        taken["edited"].append(milliseconds(run))
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
    parser.add_argument("--sample", type=int, default=100, help="how many postings are measured")
    asked = parser.parse_args()
    with own_database():
        from django.core.management import call_command
        from django.db import connection

        from carriers.models import ReturnLeg
        from loads.models import Load
        from matching.candidates import legs_for_load, loads_for_leg
        from matching.models import Match
        from matching.services import match_legs, match_loads

        call_command("migrate", verbosity=0)
        legs, loads = int(LEGS * asked.times), int(LOADS * asked.times)
        print(f"{legs:,} legs and {loads:,} loads: {milliseconds(lambda: fill(legs, loads)) / 1000:,.0f} s to write")
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        match_everything()
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        print(f"{Match.objects.count():,} matches stand")
        step = max(1, loads // asked.sample)
        some_loads = list(Load.objects.order_by("id")[::step][: asked.sample])
        some_legs = list(ReturnLeg.objects.order_by("id")[:: max(1, legs // asked.sample)][: asked.sample])
        measure(some_loads, legs_for_load, match_loads, "load")
        measure(some_legs, loads_for_leg, match_legs, "leg")


if __name__ == "__main__":
    main()
