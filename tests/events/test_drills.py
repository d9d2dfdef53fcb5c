"""Fault drills: relays, workers and Redis are killed while facts are published, and nothing is lost."""

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import transaction

from foundation.events.models import Event, FeedEntry, Reaction
from foundation.events.services import publish
from tests.installation import Installation

pytestmark = [pytest.mark.soak, pytest.mark.django_db(transaction=True)]
ROUNDS = 40
FACTS_PER_ROUND = 8
LONGEST_RECOVERY_SECONDS = 240


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    found = Installation(tmp_path, ["relay 1", "relay 2", "worker"], workers=2)
    yield found
    found.stop()


def _wait(holds: Callable[[], bool], seconds: float) -> float:
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, _left()
        time.sleep(0.2)
    return time.monotonic() - began


def _left() -> str:
    undone = Reaction.objects.filter(done_at=None)
    return f"undone: {list(undone.values('subject', 'sends', 'attempts', 'last_error', 'dead_at')[:5])}"


def test_killing_relays_workers_and_redis_loses_no_fact_and_no_reaction(installation: Installation) -> None:
    chance = random.Random(2)
    _wait(lambda: FeedEntry.objects.filter(event__name="canary.heard").exists(), 60)
    subjects = []
    for number in range(ROUNDS):
        for each in range(FACTS_PER_ROUND):
            subjects.append(f"org_{number}_{each}")
            with transaction.atomic():
                publish(name="canary.sung", subject=subjects[-1], audience={})
        if chance.random() < 0.5:
            installation.lose(chance.choice(["relay 1", "relay 2", "worker", "redis"]))
        time.sleep(chance.random())

    def all_done() -> bool:
        return (
            Reaction.objects.filter(subject__in=subjects, done_at__isnull=False).count() == len(subjects)
            and not Event.objects.filter(position=None).exists()
        )

    seconds = _wait(all_done, LONGEST_RECOVERY_SECONDS)
    heard = FeedEntry.objects.filter(event__name="canary.heard", organization_id__in=subjects)
    times = heard.count()
    assert set(heard.values_list("organization_id", flat=True)) == set(subjects)
    positions = list(Event.objects.order_by("position").values_list("position", flat=True))
    assert positions == list(range(1, len(positions) + 1)), "a gap or a double"
    assert not Reaction.objects.filter(dead_at__isnull=False).exists()
    print(f"{len(subjects)} facts, {times - len(subjects)} effects twice, all done {seconds:.0f} s after the last")
