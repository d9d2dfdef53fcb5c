"""Claim to answer: 16 clients claim over HTTP on a full market, beside a bare INSERT into the same database.

Every client is a carrier with a key of its own; every claim is a load with a return leg that goes its way, booked for
good. It is measured twice, and each time beside a committed INSERT of one short row by as many clients, in the same
rhythm:

- **open**: as people and TMSs claim, each client every `--pause` seconds from a phase of its own. Time counts from the
  instant at which a claim was due, also where the client still waited for the one before: no queue is hidden.
- **closed**: each client claims again the moment it is answered. That is what the server can do at most, and how long
  one waits then: as many times a claim's work as there are clients, shared by the processors.

Processor time is that of the web server's processes and of PostgreSQL's, per claim: it says the same on a busy machine.
Read the ratios; the milliseconds are this machine's. A folder's second run finds its market as the first left it.

Run: `uv run python -m benchmarks.own_database --folder DIR benchmarks.claims`
"""

import argparse
import http.client
import json
import os
import random
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
from benchmarks.full_market import LEGS, fill, open_legs  # noqa: E402
from benchmarks.processor_time import processor_seconds  # noqa: E402
from carriers.models import ReturnLeg, Truck  # noqa: E402
from carriers.terms import LegTerms  # noqa: E402
from foundation.accounts.actor import ALL_SCOPES, KEY_SCOPES, Actor  # noqa: E402
from foundation.accounts.models import Membership, Organization, Person, Role  # noqa: E402
from foundation.accounts.services import create_key  # noqa: E402
from foundation.places.place import Place  # noqa: E402
from foundation.trade.ids import new_id  # noqa: E402
from foundation.trade.money import decimal_text  # noqa: E402
from foundation.trade.posting import Status  # noqa: E402
from loads.models import Load, Stop  # noqa: E402

GATE_MS = 150.0
WARM_UPS = 6
STARTS_WITHIN_SECONDS = 60.0

Deed = Callable[[], bool]
"""Do something once, and say whether it went well."""


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


@dataclass(frozen=True)
class Measured:
    """How long each deed took, in milliseconds, and all of them, in seconds; how many went wrong."""

    taken: Sequence[float]
    seconds: float
    refused: int

    @property
    def middle(self) -> float:
        """The median."""
        return statistics.median(self.taken)

    @property
    def worst(self) -> float:
        """The 95th percentile."""
        return sorted(self.taken)[min(len(self.taken) - 1, int(len(self.taken) * 0.95))]


def carriers(count: int, each: int) -> list[Carrier]:
    """Return so many carriers with a key, and a leg for each of the loads that they claim. Raises `SystemExit`."""
    ready = datetime.now(UTC) + timedelta(hours=8)
    free = Load.objects.filter(status=Status.OPEN, equipment="V", attributes=0, rate_cents__isnull=False)
    keys = free.filter(pickup_opens_at__gt=ready).order_by("pk").values_list("pk", flat=True)
    chosen = list(keys[:: max(1, len(keys) // (count * each))])[: count * each]
    if len(chosen) < count * each:
        raise SystemExit(f"This market has only {len(chosen)} loads left to claim: fill another folder.")
    loads = list(Load.objects.filter(pk__in=chosen).prefetch_related("stops"))
    organizations = Organization.objects.filter(hauls=True).order_by("pk")[:count]
    return [_carrier(one, loads[number::count]) for number, one in enumerate(organizations)]


def _carrier(organization: Organization, loads: Sequence[Load]) -> Carrier:
    """Give a carrier a key, and for each load a truck of its own that goes the load's way."""
    email = f"{new_id('office')}@example.com"
    person = Person.objects.create_user(email)
    EmailAddress.objects.create(user=person, email=email, verified=True, primary=True)
    Membership.objects.create(organization=organization, person=person, role=Role.OWNER)
    actor = Actor(organization=organization, scopes=ALL_SCOPES, person=person, role=Role.OWNER)
    _, key = create_key(actor=actor, name=new_id("Benchmark"), scopes=KEY_SCOPES)
    trucks = [
        Truck(
            organization=organization,
            number=new_id("C")[-12:],
            equipment="V",
            weight_pounds=45_000,
            length_feet=53,
            pallets=26,
        )
        for _ in loads
    ]
    Truck.objects.bulk_create(trucks)
    terms = [_going_the_way_of(load, truck) for load, truck in zip(loads, trucks, strict=True)]
    legs = open_legs([organization] * len(terms), terms)
    return Carrier(key=key, claims=[_claiming(load, leg) for load, leg in zip(loads, legs, strict=True)])


def _going_the_way_of(load: Load, truck: Truck) -> LegTerms:
    first, last = load.first_stop, load.last_stop
    return LegTerms(
        truck=truck.public_id,
        empty=_place(first),
        home=_place(last),
        ready_at=first.opens_at - timedelta(hours=4),
        home_by=last.closes_at + timedelta(days=3),
    )


def _claiming(load: Load, leg: ReturnLeg) -> Claiming:
    rate = {"amount": decimal_text(load.rate_cents or 0), "currency": "USD"}
    body = {"truck": leg.truck.public_id, "leg": leg.public_id, "load_version": load.version, "rate": rate}
    return Claiming(path=f"/api/v1/loads/{load.public_id}/claims", body=json.dumps(body).encode())


def _place(stop: Stop) -> Place:
    return Place(stop.zip, stop.city, stop.state, stop.lat, stop.lon, stop.time_zone, "zip")


@contextmanager
def web_server(workers: int) -> Iterator[tuple[int, int]]:
    """Run the web server with a Redis of its own; yield its port and its process."""
    with tempfile.TemporaryDirectory(prefix="backhaul-bench-web-") as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
        probe.close()
        redis = ValkeyServer(sockets=Path(folder), log=Path(folder) / "valkey.log")
        redis.start()
        env = {**os.environ, "REDIS_URL": redis.url(), "PORT": str(port)}
        del env["DATABASE_POOL"]  # as an installation has it
        log = Path(folder) / "web.log"
        with log.open("wb") as written:
            command = commands.web(host="127.0.0.1", port=port, workers=workers)
            process = subprocess.Popen(command, env=env, stdout=written, stderr=written)
        try:
            _wait_for(port, process, log)
            yield port, process.pid
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


def measured(clients: Sequence[Sequence[Deed]], *, pause: float) -> Measured:
    """Let every client do its deeds one after the other: each `pause` seconds from its own phase, or at once where 0.

    With a pause a deed's time counts from the instant at which it was due, however late the client came to it.
    """
    phase, taken, refused = random.Random(2026), [], 0
    begins, lock = time.perf_counter() + 0.2, threading.Lock()

    def work(deeds: Sequence[Deed], due: float) -> None:
        nonlocal refused
        for deed in deeds:
            time.sleep(max(0.0, due - time.perf_counter()))
            began = due if pause else time.perf_counter()
            went_well = deed()
            milliseconds = (time.perf_counter() - began) * 1000
            due += pause
            with lock:
                taken.append(milliseconds)
                refused += not went_well

    threads = [threading.Thread(target=work, args=(deeds, begins + phase.random() * pause)) for deeds in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Measured(taken, time.perf_counter() - begins, refused)


def claiming_deeds(port: int, carrier: Carrier, count: int) -> list[Deed]:
    """Return the client's next claims, on one connection."""
    server = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    chosen, carrier.claims = carrier.claims[:count], carrier.claims[count:]

    def deed(each: Claiming) -> bool:
        headers = {
            "Authorization": f"Bearer {carrier.key}",
            "Content-Type": "application/json",
            "Idempotency-Key": new_id("try"),
        }
        server.request("POST", each.path, each.body, headers)
        answer = server.getresponse()
        text = answer.read()
        if answer.status != 201:
            print(f"{answer.status}: {text.decode()[:300]}", file=sys.stderr)
        return answer.status == 201

    return [lambda each=each: deed(each) for each in chosen]  # type: ignore[misc]


def inserting_deeds(count: int) -> list[Deed]:
    """Return so many INSERTs, each committed by itself, on one connection."""

    def deed(number: int) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO bench_bare (number, words) VALUES (%s, %s)", [number, "a short row"])
        return True

    def last() -> bool:
        deed(count)
        connections.close_all()
        return True

    return [*(lambda number=number: deed(number) for number in range(count - 1)), last]  # type: ignore[misc]


def compared(rhythm: str, clients: Sequence[Carrier], port: int, web: int, *, each: int, pause: float) -> Measured:
    """Measure and print bare INSERTs and claims in one rhythm; return the claims."""
    bare = measured([inserting_deeds(each) for _ in clients], pause=pause)
    deeds = [claiming_deeds(port, who, each) for who in clients]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        postgres = _parent_of(cursor.fetchone()[0])
    before = [processor_seconds(web), processor_seconds(postgres)]
    claims = measured(deeds, pause=pause)
    web_ms, postgres_ms = (
        1000 * (processor_seconds(process) - then) / len(claims.taken)
        for process, then in zip((web, postgres), before, strict=True)
    )
    print(f"{rhythm}:")
    for words, found in (("bare INSERT", bare), ("claim to answer", claims)):
        print(f"  {words:<24} p50 {found.middle:8.1f} ms   p95 {found.worst:8.1f} ms")
    ratios = f"p50 {claims.middle / bare.middle:8.1f}      p95 {claims.worst / bare.worst:8.1f}"
    print(f"  {'claim / bare INSERT':<24} {ratios}")
    made = len(claims.taken) - claims.refused
    print(
        f"  {made} booked, {claims.refused} refused in {claims.seconds:.1f} s: {made / claims.seconds:.1f} a second; "
        f"processor time a claim {web_ms + postgres_ms:.1f} ms (web {web_ms:.1f}, PostgreSQL {postgres_ms:.1f}); "
        f"load average {os.getloadavg()[0]:.1f}"
    )
    worst = claims.worst
    verdict = "met" if worst <= GATE_MS and not claims.refused else f"not met: {worst:.0f} ms"
    print(f"  p95 <= {GATE_MS:.0f} ms: {verdict}", flush=True)
    return claims


def _parent_of(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[1])


def main() -> int:
    """Print the figures; return 1 where the gate is missed in the rhythm of people and TMSs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loads", type=int, default=100_000, help="how many open loads a new market has")
    parser.add_argument("--clients", type=int, default=16, help="how many claim at once")
    parser.add_argument("--each", type=int, default=40, help="how many loads each claims by its clock")
    parser.add_argument("--pause", type=float, default=1.0, help="seconds from one claim of a client to its next")
    parser.add_argument("--each-closed", type=int, default=20, help="how many it claims without a pause; 0: none")
    parser.add_argument("--workers", type=int, default=4, help="how many worker processes the web server has")
    asked = parser.parse_args()
    began = time.monotonic()
    if not Load.objects.exists():
        fill(LEGS, asked.loads)
    Load.objects.filter(rate_cents__isnull=False, book_now=False).update(book_now=True)
    Organization.objects.update(verified_at=datetime.now(UTC) - timedelta(days=400))  # a new account claims less
    clients = carriers(asked.clients, asked.each + asked.each_closed + WARM_UPS)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS bench_bare (id bigserial PRIMARY KEY, number integer, words text)")
        cursor.execute("VACUUM ANALYZE")
    held = Load.objects.filter(status=Status.OPEN).count()
    print(f"{held:,} open loads, ready after {time.monotonic() - began:,.0f} s; load average {os.getloadavg()[0]:.1f}")
    with web_server(asked.workers) as (port, web):
        measured([claiming_deeds(port, who, WARM_UPS) for who in clients], pause=0.0)
        by_the_clock = compared(
            f"open: {asked.clients} clients, each a claim every {asked.pause:g} s",
            clients, port, web, each=asked.each, pause=asked.pause,
        )  # fmt: skip
        if asked.each_closed:
            compared(
                f"closed: {asked.clients} clients without a pause",
                clients, port, web, each=asked.each_closed, pause=0.0,
            )  # fmt: skip
    return 0 if by_the_clock.worst <= GATE_MS and not by_the_clock.refused else 1


if __name__ == "__main__":
    sys.exit(main())
