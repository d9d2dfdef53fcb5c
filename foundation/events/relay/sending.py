"""Messages: a reaction is sent when its fact is placed, and again by the sweep until it is done or given up."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from functools import cache
from typing import Any

from celery import current_app
from django.db.models import Case, DurationField, ExpressionWrapper, F, Value, When
from django.db.models.functions import Least, Now
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from foundation.events import live
from foundation.events.models import Reaction
from foundation.events.reactions import LEASE, MOST_ATTEMPTS
from foundation.events.relay.placing import Heard
from foundation.events.watching import CHANGED, GREW

logger = logging.getLogger(__name__)

CHUNK = 20  # subjects in one message: a single posting may have to wait until a worker is through with one
MOST_AT_ONCE = 5_000  # reactions that one sweep sends
BULK_FROM = 10  # a message with so many subjects goes to the bulk queue, where it holds up no single posting
LONGEST_RESEND = timedelta(minutes=5)
LONG_QUEUE = 50  # messages: with so many waiting, what was sent and not begun is waiting too, not lost


@cache
def _broker() -> Any:
    """Return a connection to the broker that fails at once: Celery's own tries for 6 s, and all facts would wait."""
    options = {**current_app.conf.broker_transport_options, "max_retries": 0}
    return current_app.connection_for_write(transport_options=options)


def announce(
    heard: Iterable[Heard], watched: Iterable[tuple[int, str]] = (), added: Iterable[tuple[int, str, str]] = ()
) -> bool:
    """Tell each organization's open pages that something happened to it, those who watch a thing (position, subject)
    that it changed, and the streams of those who watch a list (position, list, subject) what was added; say
    whether Redis took it.

    By position, since a stream tells nothing that lies before what it told; the organization's own word comes first.
    """
    told = [(each.position, live.channel_of(each.organization_id), each.name, each.subject) for each in heard]
    told += [(position, live.watchers_of(subject), CHANGED, subject) for position, subject in watched]
    messages: list[tuple[str, dict[str, object]]] = [
        (channel, {"name": name, "subject": subject, "position": position})
        for position, channel, name, subject in sorted(told, key=lambda each: (each[0], each[2] == CHANGED))
    ]
    messages += [
        (live.watchers_of(name), {"name": GREW, "list": name, "subject": subject, "position": position})
        for position, name, subject in added
    ]
    return live.send(messages) if messages else True


def send_task(name: str, arguments: list[object], *, queue: str, expires_seconds: float | None = None) -> bool:
    """Send one Celery message without retrying; say whether the broker took it."""
    try:
        current_app.send_task(
            name, args=arguments, queue=queue, expires=expires_seconds, retry=False, connection=_broker()
        )
    except (OperationalError, RedisError, OSError) as error:
        _broker().close()
        _broker.cache_clear()
        logger.warning("%s was not sent (%s: %s); the sweep sends it again", name, type(error).__name__, error)
        return False
    return True


def chunks(reactions: Iterable[Reaction]) -> Iterator[tuple[str, list[Reaction]]]:
    """Yield (task, reactions) for each message: coalesced by subject, and alone where an attempt has failed already."""
    by_task: dict[str, dict[str, list[Reaction]]] = defaultdict(lambda: defaultdict(list))
    for reaction in reactions:
        by_task[reaction.task][reaction.subject].append(reaction)
    for task, by_subject in by_task.items():
        fresh: list[list[Reaction]] = []
        for same in by_subject.values():
            if any(reaction.attempts for reaction in same):
                yield task, same  # whatever broke, it must not take others along
            else:
                fresh.append(same)
        for start in range(0, len(fresh), CHUNK):
            yield task, [reaction for same in fresh[start : start + CHUNK] for reaction in same]


def send_reactions(reactions: Iterable[Reaction]) -> bool:
    """Send the messages of reactions and lease them; stop at the first that the broker refuses, and say so."""
    for task, rows in chunks(reactions):
        subjects = list(dict.fromkeys(row.subject for row in rows))
        queue = queue_of(task) or ("bulk" if len(subjects) >= BULK_FROM else "default")
        if not send_task(task, [subjects, max(row.position for row in rows)], queue=queue):
            return False
        _lease(rows)
    return True


def queue_of(task: str) -> str:
    """Return the queue that the settings keep for a task, "" for none: long work does not wait behind all postings."""
    routes: Mapping[str, Mapping[str, str]] = current_app.conf.task_routes or {}
    return routes.get(task, {}).get("queue", "")


def _lease(rows: list[Reaction]) -> None:
    """Note that rows were sent: they are due again after a minute, later with each time that nobody took them up.

    A row that a worker has begun meanwhile keeps the time that its attempt has set.
    """
    longer = ExpressionWrapper(Value(LEASE) * (F("sends") + 1), output_field=DurationField())
    pause = Least(longer, Value(LONGEST_RESEND))
    due_at = Case(When(due_at__lte=Now(), then=Now() + pause), default=F("due_at"))
    Reaction.objects.filter(pk__in=[row.pk for row in rows], done_at__isnull=True).update(
        sends=F("sends") + 1, due_at=due_at
    )


def _queue_is_long() -> bool:
    """Say whether workers are behind; a broker that does not answer is not asked twice."""
    try:
        client = _broker().default_channel.client
        return any(client.llen(queue) >= LONG_QUEUE for queue in ("default", "bulk"))
    except (OperationalError, RedisError, OSError):
        return False


def sweep() -> bool:
    """Send again what is undone and due, and give up what has failed too often; say whether the broker took it all.

    While the queue is long only what was never sent and what has failed is sent: the rest stands in the queue.
    """
    due = Reaction.objects.filter(done_at__isnull=True, dead_at__isnull=True, due_at__lte=Now())
    given_up = due.filter(attempts__gte=MOST_ATTEMPTS).update(dead_at=Now())
    if given_up:
        logger.error("%s reactions were given up after %s attempts", given_up, MOST_ATTEMPTS)
    if _queue_is_long():
        due = due.exclude(sends__gt=0, attempts=0)
    return send_reactions(due.order_by("position")[:MOST_AT_ONCE])
