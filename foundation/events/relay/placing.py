"""Positions: committed facts get the next numbers, in one transaction with the reactions that they call for."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Max

from foundation.events.models import Event, Reaction, RelayState
from foundation.trade import clock

logger = logging.getLogger(__name__)

BATCH = 500
_NO_LISTS: Mapping[str, Collection[str]] = {}

Wiring = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Heard:
    """One organization's copy of a fact that has just been placed."""

    organization_id: str
    position: int
    name: str
    subject: str


@dataclass(frozen=True, slots=True)
class Placed:
    """What one transaction placed: the copies to announce, the reactions to send, where (position, subject) something
    has changed that others may watch, and where (position, list, subject) something was added to a list.
    """

    names: list[str]
    heard: list[Heard]
    reactions: list[Reaction]
    watched: list[tuple[int, str]]
    added: list[tuple[int, str, str]]

    @property
    def count(self) -> int:
        """How many facts were placed."""
        return len(self.names)


NOTHING = Placed([], [], [], [], [])


def _lock_state() -> RelayState:
    """Lock the one row of the relay's state, making it first in a new database."""
    state = RelayState.objects.select_for_update().filter(pk=1).first()
    if state is None:
        last = Event.objects.aggregate(last=Max("position"))["last"] or 0
        RelayState.objects.bulk_create([RelayState(pk=1, last_position=last)], ignore_conflicts=True)
        state = RelayState.objects.select_for_update().get(pk=1)
    return state


def place_batch(
    wiring: Wiring,
    limit: int = BATCH,
    *,
    watched: Collection[str] = (),
    lists: Mapping[str, Collection[str]] = _NO_LISTS,
) -> Placed:
    """Give the next positions to committed facts and write a reaction for each task that the wiring names.

    The state's row is locked until the commit, so positions become visible in their order and a fact that commits late
    comes after everything that a reader may have seen. `watched` names the facts that watchers are told of, `lists` for
    each list those that add to it.
    """
    if not Event.objects.filter(position__isnull=True).exists():
        return NOTHING
    with transaction.atomic():
        state = _lock_state()
        events = list(Event.objects.filter(position__isnull=True).order_by("id")[:limit])
        if not events:
            return NOTHING
        first, now = state.last_position + 1, clock.now()
        by_id = {event.pk: event for event in events}
        copies = _write_positions([event.pk for event in events], first)
        reactions = [
            Reaction(event=event, task=task, subject=event.subject, position=position, due_at=now)
            for position, event in enumerate(events, first)
            for task in _tasks_of(event.name, wiring)
        ]
        Reaction.objects.bulk_create(reactions)
        state.last_position = first + len(events) - 1
        state.save(update_fields=["last_position"])
    heard = [
        Heard(organization_id, position, by_id[event_id].name, by_id[event_id].subject)
        for event_id, organization_id, position in copies
    ]
    heard.sort(key=lambda copy: copy.position)
    changed = [(position, event.subject) for position, event in enumerate(events, first) if event.name in watched]
    added = [
        (position, name, event.subject)
        for position, event in enumerate(events, first)
        for name, facts in lists.items()
        if event.name in facts
    ]
    return Placed([event.name for event in events], heard, reactions, changed, added)


def _tasks_of(name: str, wiring: Wiring) -> Sequence[str]:
    if name not in wiring:
        logger.error("The wiring does not know the fact %s: nobody reacts to it", name)
    return wiring.get(name, ())


def _write_positions(event_ids: list[int], first: int) -> list[tuple[int, str, int]]:
    """Number facts and their copies from `first` on; return (event, organization, position) of each copy."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE events_event SET position = %s - 1 + given.place, placed_at = statement_timestamp()
            FROM unnest(%s::bigint[]) WITH ORDINALITY AS given (id, place) WHERE events_event.id = given.id
            """,
            [first, event_ids],
        )
        cursor.execute(
            """
            UPDATE events_feedentry SET position = %s - 1 + given.place
            FROM unnest(%s::bigint[]) WITH ORDINALITY AS given (id, place) WHERE event_id = given.id
            RETURNING event_id, organization_id, events_feedentry.position
            """,
            [first, event_ids],
        )
        copies: list[tuple[int, str, int]] = cursor.fetchall()
    return copies
