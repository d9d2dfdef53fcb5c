"""Carries facts to their tasks within a test, without Redis and without a worker."""

from collections.abc import Mapping, Sequence

from celery import current_app

from backhaul.wiring import FACTS
from foundation.events.models import Reaction
from foundation.events.relay.placing import place_batch
from foundation.events.relay.sending import chunks

MOST_ROUNDS = 30


def run_task(name: str, subjects: list[str], up_to: int) -> None:
    """Run a task as a worker would, here and now."""
    current_app.loader.import_default_modules()
    current_app.tasks[name](subjects, up_to)


def pump(wiring: Mapping[str, Sequence[str]] = FACTS) -> list[str]:
    """Place facts and run the tasks that hear them until no news is left; return the names of the facts placed."""
    names: list[str] = []
    for _ in range(MOST_ROUNDS):
        placed = place_batch(wiring)
        if not placed.count:
            return names
        names += placed.names
        for task, rows in chunks(placed.reactions):
            run_task(task, list(dict.fromkeys(row.subject for row in rows)), max(row.position for row in rows))
    raise AssertionError(f"News without an end: {names[-5:]}, {Reaction.objects.count()} reactions")
