"""Claim to answer: 16 clients claim over HTTP at once on a full market, beside a bare INSERT of the same database.

Fills its database with open loads, posts a return leg for each load that is to be claimed, starts the web server with
one worker for each core and a Redis of its own, and lets every client claim its loads one after the other. The bare
INSERT is a committed row of one table, by as many clients. Read the ratio; the milliseconds are this machine's.

Run: `uv run python -m benchmarks.own_database benchmarks.claims`
"""

import argparse
import http.client
import itertools
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import django

django.setup()

from allauth.account.models import EmailAddress  # noqa: E402
from django.db import connection, connections  # noqa: E402

from backhaul.servers import ValkeyServer  # noqa: E402
from backhaul.supervisor import commands  # noqa: E402
from benchmarks.full_market import LEGS, fill  # noqa: E402
from carriers.models import Truck  # noqa: E402
from carriers.services import post_leg  # noqa: E402
from carriers.terms import LegTerms  # noqa: E402
from foundation.accounts.actor import ALL_SCOPES, KEY_SCOPES, Actor  # noqa: E402
from foundation.accounts.models import Membership, Organization, Person, Role  # noqa: E402
from foundation.accounts.services import create_key  # noqa: E402
from foundation.places.place import Place  # noqa: E402
from foundation.places.services import warm_up  # noqa: E402
from foundation.trade.ids import new_id  # noqa: E402
from foundation.trade.money import decimal_text  # noqa: E402
from loads.models import Load, Stop  # noqa: E402

GATE_MS = 150.0
WARM_UPS = 2
STARTS_WITHIN_SECONDS = 60.0


@dataclass(frozen=True)
class Claiming:
    """One claim to make: the address and the body."""

    path: str
    body: bytes


@dataclass
class Carrier:
    """A client: its key and what it claims."""

    key: str
    claims: list[Claiming]


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which this share lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def line(words: str, taken: Sequence[float]) -> float:
    """Print median and 95th percentile of milliseconds; return the median."""
    middle = statistics.median(taken)
    print(f"{words:58} p50 {middle:8.1f} ms   p95 {percentile(taken, 0.95):8.1f} ms", flush=True)
    return middle


def carriers(count: int, each: int) -> list[Carrier]:
    """Return so many carriers with a key, and a leg for each of the loads that they claim."""
    found = []
    ready = datetime.now(UTC) + timedelta(hours=8)
    rows = Load.objects.filter(equipment="V", attributes=0, book_now=True, pickup_opens_at__gt=ready)
    keys = rows.order_by("pk").values_list("pk", flat=True)
    chosen = list(keys[:: max(1, len(keys) // (count * each))])[: count * each]
    loads = iter(Load.objects.filter(pk__in=chosen).prefetch_related("stops"))
    for organization in Organization.objects.filter(hauls=True).order_by("pk")[:count]:
        email = f"office{organization.pk}@example.com"
        person = Person.objects.create_user(email)
        EmailAddress.objects.create(user=person, email=email, verified=True, primary=True)
        Membership.objects.create(organization=organization, person=person, role=Role.OWNER)
        actor = Actor(organization=organization, scopes=ALL_SCOPES, person=person, role=Role.OWNER)
        _, key = create_key(actor=actor, name="Benchmark", scopes=KEY_SCOPES)
        claims = [_claiming(actor, load, number) for number, load in enumerate(itertools.islice(loads, each))]
        found.append(Carrier(key=key, claims=claims))
    return found


def _claiming(actor: Actor, load: Load, number: int) -> Claiming:
    """Post the leg that goes the load's way, with a truck of its own, and return the claim."""
    truck = Truck.objects.create(
        organization=actor.organization,
        number=f"C{number}",
        equipment="V",
        weight_pounds=45_000,
        length_feet=53,
        pallets=26,
    )
    first, last = load.first_stop, load.last_stop
    terms = LegTerms(
        truck=truck.public_id,
        empty=_place(first),
        home=_place(last),
        ready_at=first.opens_at - timedelta(hours=4),
        home_by=last.closes_at + timedelta(days=3),
    )
    leg = post_leg(actor=actor, terms=terms)
    rate = {"amount": decimal_text(load.rate_cents or 0), "currency": "USD"}
    body = {"truck": truck.public_id, "leg": leg.public_id, "load_version": load.version, "rate": rate}
    return Claiming(path=f"/api/v1/loads/{load.public_id}/claims", body=json.dumps(body).encode())


def _place(stop: Stop) -> Place:
    return Place(stop.zip, stop.city, stop.state, stop.lat, stop.lon, stop.time_zone, "zip")


@contextmanager
def web_server(workers: int) -> Iterator[int]:
    """Run the web server with a Redis of its own; yield its port."""
    with tempfile.TemporaryDirectory(prefix="backhaul-bench-web-") as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
        probe.close()
        redis = ValkeyServer(sockets=Path(folder), log=Path(folder) / "valkey.log")
        redis.start()
        env = {**os.environ, "REDIS_URL": redis.url(), "PORT": str(port), "DATABASE_POOL": "8"}
        log = Path(folder) / "web.log"
        with log.open("wb") as written:
            command = commands.web(host="127.0.0.1", port=port, workers=workers)
            process = subprocess.Popen(command, env=env, stdout=written, stderr=written)
        try:
            _wait_for(port, process, log)
            yield port
            errors = [words for words in log.read_text().splitlines() if "Error" in words]
            if errors:
                print(f"The web server wrote {len(errors)} errors, such as: {errors[-1][:300]}", file=sys.stderr)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
            redis.stop()


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit(f"The web server did not start:\n{log.read_text()[-2000:]}")


def at_once(works: Sequence[Callable[[], list[float]]]) -> tuple[list[float], float]:
    """Do all works in threads begun together; return their milliseconds, and how many seconds all took."""
    start, taken, lock = threading.Barrier(len(works) + 1), [], threading.Lock()

    def begin(work: Callable[[], list[float]]) -> None:
        start.wait()
        found = work()
        with lock:
            taken.extend(found)

    threads = [threading.Thread(target=begin, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.monotonic()
    for thread in threads:
        thread.join()
    return taken, time.monotonic() - began


def claim_all(port: int, carrier: Carrier, claims: Sequence[Claiming]) -> list[float]:
    """Claim these loads one after the other on one connection; return the milliseconds to each answer."""
    server = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    taken = []
    for each in claims:
        headers = {
            "Authorization": f"Bearer {carrier.key}",
            "Content-Type": "application/json",
            "Idempotency-Key": new_id("try"),
        }
        began = time.perf_counter()
        server.request("POST", each.path, each.body, headers)
        answer = server.getresponse()
        text = answer.read()
        taken.append((time.perf_counter() - began) * 1000)
        if answer.status != 201:
            print(f"{answer.status}: {text.decode()[:300]}", file=sys.stderr)
            taken.pop()
    server.close()
    return taken


def insert_all(count: int) -> list[float]:
    """Insert so many rows, each committed by itself; return the milliseconds of each."""
    taken = []
    with connection.cursor() as cursor:
        for number in range(count):
            began = time.perf_counter()
            cursor.execute("INSERT INTO bench_bare (number, words) VALUES (%s, %s)", [number, "a short row"])
            taken.append((time.perf_counter() - began) * 1000)
    connections.close_all()
    return taken


def main() -> int:
    """Print the figures; return 1 where the gate is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loads", type=int, default=100_000, help="how many open loads the market has")
    parser.add_argument("--clients", type=int, default=16, help="how many claim at once")
    parser.add_argument("--each", type=int, default=15, help="how many loads each of them claims")
    parser.add_argument("--workers", type=int, default=2, help="how many worker processes the web server has")
    asked = parser.parse_args()
    began = time.monotonic()
    fill(LEGS, asked.loads)
    Load.objects.filter(rate_cents__isnull=False).update(book_now=True)
    Organization.objects.update(verified_at=datetime.now(UTC) - timedelta(days=400))  # a new account claims less
    warm_up()
    clients = carriers(asked.clients, asked.each + WARM_UPS)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_bare (id bigserial PRIMARY KEY, number integer, words text)")
        cursor.execute("ANALYZE")
    print(f"{asked.loads:,} loads in {time.monotonic() - began:,.0f} s; load average {os.getloadavg()[0]:.1f}")
    with web_server(asked.workers) as port:
        at_once([lambda who=who: claim_all(port, who, who.claims[:WARM_UPS]) for who in clients])  # type: ignore[misc]
        bare, _ = at_once([lambda: insert_all(asked.each) for _ in clients])
        taken, seconds = at_once(
            [lambda who=who: claim_all(port, who, who.claims[WARM_UPS:]) for who in clients]  # type: ignore[misc]
        )
    if not taken:
        raise SystemExit("No claim was booked.")
    least = line(f"  bare INSERT, {asked.clients} clients", bare)
    whole = line(f"  claim to answer, {asked.clients} clients", taken)
    worst = percentile(taken, 0.95)
    print(f"{'':58} {whole / least:8.1f} times the bare INSERT at the median")
    print(f"{len(taken)} booked in {seconds:.1f} s: {len(taken) / seconds:.0f} a second; load {os.getloadavg()[0]:.1f}")
    print(f"gate: p95 <= {GATE_MS:.0f} ms: {'met' if worst <= GATE_MS else f'missed by {worst - GATE_MS:.0f} ms'}")
    return 0 if worst <= GATE_MS else 1


if __name__ == "__main__":
    sys.exit(main())
