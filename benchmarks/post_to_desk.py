"""Post to desk: from the answer to a shipper's POST to the match's event in a broker's open stream, beside a no-op.

Both are measured in turns on the same running demo. The no-op is a canary sung for the broker's own organization: a
fact that a task hears and answers with another, through the same outbox, relay, queue, worker and stream.

Run against the demo that runs in BACKHAUL_HOME: `uv run python -m benchmarks.post_to_desk`; or with a demo of its own:
`uv run python -m benchmarks.own_market --times 10 benchmarks.post_to_desk`.
"""

import argparse
import http.cookiejar
import itertools
import json
import os
import queue
import re
import statistics
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import django

from backhaul.home import home

os.environ["DATABASE_POOL"] = "2"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backhaul.settings")
django.setup()

from django.db import transaction  # noqa: E402

from carriers.models import ReturnLeg  # noqa: E402
from foundation.events.models import Reaction  # noqa: E402
from foundation.events.services import publish  # noqa: E402
from loads.models import Load  # noqa: E402
from matching.models import Match  # noqa: E402

LONGEST_WAIT_SECONDS = 15.0
LONGEST_SETTLING_SECONDS = 1_800.0
NOOP_FACT, NOOP_ANSWER, MATCH_FACT = "canary.sung", "canary.heard", "matches.changed"
AIM = "aim: p50 <= 500 ms, p95 <= 1000 ms, at most 5 times the no-op"


class Api:
    """The REST API with one person's key."""

    def __init__(self, base_url: str, key: str) -> None:
        self.base_url = base_url
        self.key = key

    def call(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        request = urllib.request.Request(
            path if path.startswith("http") else f"{self.base_url}/api/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/json", **headers},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{method} {path}: {error.code} {error.read().decode()[:1000]}") from None


class Desk:
    """A signed-in broker's open stream; notes when each event arrived."""

    def __init__(self, base_url: str, person: dict[str, str]) -> None:
        self.base_url = base_url
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        self._sign_in(person)
        self._waiting: dict[tuple[str, str], float] = {}
        self._news = threading.Condition()
        self.organization = ""
        opened: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, args=(opened,), daemon=True).start()
        self.organization = opened.get(timeout=10)

    def _sign_in(self, person: dict[str, str]) -> None:
        url = f"{self.base_url}/accounts/login/"
        page = self._opener.open(url, timeout=10).read().decode()
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        fields = {
            "csrfmiddlewaretoken": found[1] if found else "",
            "login": person["email"],
            "password": person["password"],
        }
        request = urllib.request.Request(url, data=urllib.parse.urlencode(fields).encode(), headers={"Referer": url})
        self._opener.open(request, timeout=10).read()

    def _listen(self, opened: queue.Queue[str]) -> None:
        position = ""
        while True:
            stream = self._opener.open(f"{self.base_url}/events/stream{position}", timeout=60)
            name = ""
            for raw in stream:
                line = raw.decode().rstrip("\n")
                if line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("data: "):
                    arrived = time.perf_counter()
                    said = json.loads(line[6:])
                    position = f"?after={said['position']}"
                    if name == "stream.opened":
                        opened.put(said["organization"])
                    elif "subject" in said:
                        with self._news:
                            self._waiting.setdefault((name, said["subject"]), arrived)
                            self._news.notify_all()

    def forget(self, name: str, subject: str) -> None:
        with self._news:
            self._waiting.pop((name, subject), None)

    def arrival(self, name: str, subject: str) -> float | None:
        """Wait for an event and return when it arrived, None when it does not come."""
        with self._news:
            self._news.wait_for(lambda: (name, subject) in self._waiting, LONGEST_WAIT_SECONDS)
            return self._waiting.get((name, subject))


def matched_loads(shipper: Api, wanted: int) -> list[dict[str, Any]]:
    """Return open loads of the shipper's that have matches."""
    found: list[dict[str, Any]] = []
    path: str | None = "/loads?scope=own&status=open&limit=100"
    while path and len(found) < wanted:
        page = shipper.call("GET", path)
        ids = [load["id"] for load in page["items"]]
        matched = set(Match.objects.filter(load__public_id__in=ids).values_list("load__public_id", flat=True))
        found += [load for load in page["items"] if load["id"] in matched]
        path = page["next"]
    return found[:wanted]


def twin(load: dict[str, Any], number: int) -> dict[str, Any]:
    """Return the body that posts a load like another: it suits the same trucks."""
    kept = (
        "equipment",
        "size",
        "attributes",
        "length_feet",
        "commodity",
        "rate",
        "temperature_min_f",
        "temperature_max_f",
    )
    body = {name: load[name] for name in kept if load.get(name) is not None}
    body["weight_pounds"] = max(load["weight_pounds"] - number % 50, 1)
    body["external_id"] = f"bench-{os.getpid()}-{number}"
    body["stops"] = [
        {
            "kind": stop["kind"],
            "place": {"zip": stop["place"]["zip"]},
            "opens_at": stop["opens_at"],
            "closes_at": stop["closes_at"],
            "by_appointment": stop["by_appointment"],
        }
        for stop in load["stops"]
    ]
    return body


def measure_post(shipper: Api, desk: Desk, body: dict[str, Any]) -> tuple[str, float | None]:
    load = shipper.call("POST", "/loads", body)
    answered = time.perf_counter()
    arrived = desk.arrival(MATCH_FACT, load["id"])
    return load["id"], None if arrived is None else arrived - answered


def measure_noop(desk: Desk) -> float | None:
    desk.forget(NOOP_ANSWER, desk.organization)
    with transaction.atomic():
        publish(name=NOOP_FACT, subject=desk.organization, audience={})
    committed = time.perf_counter()
    arrived = desk.arrival(NOOP_ANSWER, desk.organization)
    return None if arrived is None else arrived - committed


def show(name: str, seconds: list[float]) -> None:
    p95 = statistics.quantiles(seconds, n=20, method="inclusive")[18]
    figures = {"p50": statistics.median(seconds), "p95": p95, "max": max(seconds)}
    words = "   ".join(f"{key} {value * 1000:6.0f} ms" for key, value in figures.items())
    print(f"{name:<14} n={len(seconds):<4} {words}")


def wait_for_the_market() -> None:
    """Wait until everything that was seeded has been matched."""
    began = time.monotonic()
    undone = Reaction.objects.filter(done_at=None, dead_at=None).exclude(task="events.hear_canary")
    while waiting := undone.count():
        if time.monotonic() - began > LONGEST_SETTLING_SECONDS:
            raise SystemExit(f"{waiting} reactions still wait")
        failed = undone.exclude(last_error="").first()
        if failed is not None:
            raise SystemExit(f"{failed.task} failed: {failed.last_error}")
        if sys.stderr.isatty():
            print(f"\r{waiting} postings wait to be matched ", end="", file=sys.stderr, flush=True)
        time.sleep(2)
    legs, loads = ReturnLeg.objects.filter(status="open").count(), Load.objects.filter(status="open").count()
    print(f"Market: {legs} open return legs, {loads} open loads")


def run(posts: int, pause_seconds: float) -> None:
    """Measure on the installation that runs in BACKHAUL_HOME."""
    wait_for_the_market()
    demo = json.loads((home() / "demo.json").read_text())
    people = demo["people"]
    desk = Desk(demo["base_url"], next(person for person in people if person["role"] == "broker"))
    shipper = Api(demo["base_url"], next(person for person in people if person["role"] == "shipper")["api_key"])
    patterns = matched_loads(shipper, wanted=12)
    if not patterns:
        raise SystemExit("The shipper has no load with a match; the market is too small.")
    posted: list[str] = []
    matches: list[float] = []
    noops: list[float] = []
    unheard = 0
    for number, pattern in zip(range(posts), itertools.cycle(patterns), strict=False):
        public_id, seconds = measure_post(shipper, desk, twin(pattern, number))
        posted.append(public_id)
        if seconds is None:
            unheard += 1
        else:
            matches.append(seconds)
        time.sleep(pause_seconds)
        noop = measure_noop(desk)
        if noop is not None:
            noops.append(noop)
        time.sleep(pause_seconds)
    for public_id in posted:
        shipper.call("POST", f"/loads/{public_id}/withdrawal", {})
    show("post to desk", matches)
    show("no-op task", noops)
    print(f"ratio of the medians: {statistics.median(matches) / statistics.median(noops):.1f}   {AIM}")
    if unheard:
        print(f"{unheard} posts were not heard of within {LONGEST_WAIT_SECONDS:.0f} s (their truck had better loads)")


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=60)
    parser.add_argument("--pause", type=float, default=0.5, help="seconds between measurements")
    asked = parser.parse_args()
    run(asked.posts, asked.pause)


if __name__ == "__main__":
    main()
