"""Fault drills: each process and Redis dies while loads are posted; no load and no match is lost, none comes twice."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
import requests
from django.db import connection, transaction

from carriers.models import ReturnLeg
from foundation.accounts.models import Market as Where
from foundation.accounts.models import Organization
from foundation.events.models import Event, Reaction
from foundation.trade.ids import new_id
from loads.models import Load
from matching.models import Match, MatchRun
from matching.services import match_loads
from tests.builders import make_leg, make_organization, now
from tests.flows.api import Tms, load_body
from tests.installation import Installation

RECOVERY_SECONDS = 150
LANES = (("60601", "75201"), ("60601", "30301"), ("64101", "75201"), ("62701", "38101"))


@dataclass
class Poster:
    """A shipper whose system posts until it is answered, with one Idempotency-Key for each load."""

    shipper: Organization
    tms: Tms
    answered: dict[str, str] = field(default_factory=dict)  # the load's commodity -> its id
    failures: list[str] = field(default_factory=list)
    tries: int = 0

    def post(self, seconds: float = 60) -> None:
        """Post one load; ask again when nobody answers, or the server says that it is busy with this very one."""
        number = self.tries
        self.tries += 1
        name = f"Paper {number}"
        pickup, delivery = LANES[number % len(LANES)]
        body, key = load_body(pickup, delivery, dollars=1900 + 10 * number, commodity=name), new_id("try")
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                answer = self.tms.send("/loads", body, key=key)
            except requests.RequestException:
                time.sleep(0.1)
                continue
            if answer.status_code == 201:
                self.answered[name] = answer.json()["id"]
                return
            if "Retry-After" not in answer.headers:
                self.failures.append(f"{name}: {answer.status_code} {answer.text}")
                return
            time.sleep(0.2)
        self.failures.append(f"{name}: no answer in {seconds:.0f} s")


@pytest.fixture
def poster(installation: Installation) -> Poster:
    """Return a shipper of the sandbox, beside carriers with trucks that empty where its loads are."""
    carrier = make_organization(hauls=True, market=Where.SANDBOX)
    ready = now() + timedelta(hours=1)
    for empty, home in (("60601", "75201"), ("60601", "30301"), ("64101", "75201"), ("62701", "38101")):
        make_leg(carrier, empty=empty, home=home, ready_at=ready, hours=150)
    shipper = make_organization(market=Where.SANDBOX)
    return Poster(shipper, Tms(installation.url, shipper))


@contextmanager
def _posting(poster: Poster, loads: int, pause: float = 0.0) -> Iterator[None]:
    """Post loads beside what the test does, and wait until each is answered."""

    def run() -> None:
        for _ in range(loads):
            poster.post()
            time.sleep(pause)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        thread.join(240)
    assert not thread.is_alive(), "a post is still without an answer"


def _wait(holds: Callable[[], bool], seconds: float, said: Callable[[], str]) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, said()
        time.sleep(0.3)


def _all_matched(shipper: Organization) -> bool:
    """Say whether nothing is on its way any more, and a run stands for every load."""
    return (
        not Event.objects.filter(position=None).exists()
        and not Reaction.objects.filter(done_at=None).exists()
        and not shipper.loads.filter(match_run=None).exists()
    )


def _left() -> str:
    undone = Reaction.objects.filter(done_at=None).values(
        "task", "subject", "sends", "attempts", "last_error", "dead_at"
    )
    return f"without a position: {Event.objects.filter(position=None).count()}, undone: {list(undone[:5])}"


def _stored(shipper: Organization) -> dict[str, tuple[int, int, bool, int, int]]:
    rows = Match.objects.filter(load__organization=shipper)
    return {
        row.public_id: (
            row.market_gain_cents,
            row.own_gain_cents,
            row.is_for_carrier,
            row.load_version,
            row.leg_version,
        )
        for row in rows
    }


def _hold_that_nothing_is_lost_or_doubled(poster: Poster) -> None:
    shipper = poster.shipper
    assert poster.failures == []
    _wait(lambda: _all_matched(shipper), RECOVERY_SECONDS, _left)
    assert not Reaction.objects.filter(dead_at__isnull=False).exists()
    posted = sorted(shipper.loads.values_list("commodity", "public_id"))
    assert posted == sorted(poster.answered.items()), "a load is there twice, or one that was answered is not there"
    opened = Event.objects.filter(name="load.opened", subject__in=poster.answered.values())
    assert opened.count() == len(poster.answered)
    grown = _stored(shipper)
    assert len(grown) >= len(poster.answered), "a truck fits each of these lanes"
    _rebuild(shipper)
    assert grown == _stored(shipper), "what grew through faults is not what a rebuild finds"


def _rebuild(shipper: Organization) -> None:
    """Delete the shipper's matches and make them anew from nothing."""
    with transaction.atomic():
        Match.objects.filter(load__organization=shipper).delete()
        MatchRun.objects.filter(load__organization=shipper).delete()
        MatchRun.objects.filter(leg__in=ReturnLeg.objects.filter(organization__market=shipper.market)).delete()
    subjects = list(shipper.loads.order_by("id").values_list("public_id", flat=True))
    match_loads(subjects=subjects, settle=lambda _subject: None)


def test_a_web_server_killed_in_the_middle_of_a_post_makes_one_load_when_the_post_comes_again(
    installation: Installation, poster: Poster
) -> None:
    with _posting(poster, 1):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE loads_load IN SHARE MODE")  # the request waits here, in its transaction
            _wait(_somebody_waits_for_loads, 60, lambda: "the post never came to its insert")
            installation.kill("web")
        installation.bring_back("web")
    assert Load.objects.filter(organization=poster.shipper).count() == 1
    _hold_that_nothing_is_lost_or_doubled(poster)


def _somebody_waits_for_loads() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'loads_load'::regclass")
        return cursor.fetchone() is not None


def test_worker_relay_and_redis_may_die_while_loads_are_posted(installation: Installation, poster: Poster) -> None:
    with _posting(poster, 3):
        installation.kill("worker")
    with _posting(poster, 3):
        installation.kill("relay")
    assert poster.shipper.loads.count() == 6
    with _posting(poster, 3):
        installation.kill("redis")
    # Posting needs none of the three.
    began = time.monotonic()
    poster.post()
    assert time.monotonic() - began < 15, "posting waits for something that is away"
    for name in ("redis", "relay", "worker"):
        installation.bring_back(name)
    _hold_that_nothing_is_lost_or_doubled(poster)


@pytest.mark.soak
def test_whatever_dies_whenever_while_hundreds_of_loads_are_posted(installation: Installation, poster: Poster) -> None:
    chance = random.Random(7)
    ends_at = time.monotonic() + 75
    deaths: list[str] = []
    while time.monotonic() < ends_at:
        with _posting(poster, 12, pause=0.02):
            time.sleep(chance.random())
            deaths.append(chance.choice(["web", "worker", "relay", "redis"]))
            installation.lose(deaths[-1])
    _hold_that_nothing_is_lost_or_doubled(poster)
    print(f"{len(poster.answered)} loads, {len(deaths)} deaths: {', '.join(deaths)}")
