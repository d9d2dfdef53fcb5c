"""How facts and audit entries are written: each at once, or all of a block together at its end.

A claim tells of a dozen things; two statements write them all as well as a dozen.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

from foundation.events.models import AuditEntry, Event
from foundation.trade.statements import rows_of

WAKE_CHANNEL = "backhaul_events"

# Rows get their keys in the order in which they are told: that is the order in which the relay places them.
_FACTS = """
    WITH fact AS (
        INSERT INTO events_event (public_id, name, subject, version)
        SELECT public_id, name, subject, version
        FROM unnest(%(public_ids)s::text[], %(names)s::text[], %(subjects)s::text[], %(versions)s::int[])
            WITH ORDINALITY AS told (public_id, name, subject, version, at)
        ORDER BY at
        RETURNING id, public_id, created_at
    ), told AS (
        INSERT INTO events_feedentry (event_id, organization_id, payload)
        SELECT fact.id, reader.organization_id, reader.payload::jsonb
        FROM unnest(%(of)s::text[], %(readers)s::text[], %(payloads)s::text[])
            AS reader (public_id, organization_id, payload)
        JOIN fact USING (public_id)
    )
    SELECT public_id, id, created_at, pg_notify(%(channel)s, '') FROM fact
"""

_AUDIT = """
    INSERT INTO events_auditentry
        (public_id, organization_id, actor, action, subject, changes, previous_hash, hash)
    SELECT public_id, organization_id, actor, action, subject, changes::jsonb, '', ''
    FROM unnest(%(public_id)s::text[], %(organization_id)s::text[], %(actor)s::text[], %(action)s::text[],
            %(subject)s::text[], %(changes)s::text[])
        WITH ORDINALITY AS noted (public_id, organization_id, actor, action, subject, changes, at)
    ORDER BY at
    RETURNING public_id, id, created_at
"""

_NOTED = ("public_id", "organization_id", "actor", "action", "subject")


Fact = tuple[Event, Sequence[str], Sequence[str]]


class _Savepoint:
    """A savepoint of a block, as long as what was told or written in it stands.

    The database layer forgets what waits for the commit with the savepoint that it was registered in, or with one
    around that: so it knows which savepoints were undone, and asks the database nothing.
    """

    def __init__(self) -> None:
        transaction.on_commit(self)

    def __call__(self) -> None:
        """Nothing is left to do at the commit."""

    def stands(self) -> bool:
        """Say whether neither it nor one around it was undone."""
        return any(kept[1] is self for kept in connection.run_on_commit)


@dataclass(slots=True, eq=False)
class _Told:
    """A fact with who reads what of it, or an audit entry; in which savepoint of the block it was told, and in which it
    was written before the block's end.
    """

    what: Fact | AuditEntry
    told_in: _Savepoint | None
    written_in: _Savepoint | None = None

    def stands(self) -> bool:
        return self.told_in is None or self.told_in.stands()

    def is_written(self) -> bool:
        return self.written_in is not None and self.written_in.stands()


@dataclass(slots=True)
class _Waiting:
    """What a block has told so far, in order; `depth` counts the savepoints that it began in."""

    depth: int
    told: list[_Told] = field(default_factory=list)

    def savepoint(self) -> _Savepoint | None:
        """Return the present savepoint within the block; None where an undoing would undo the block."""
        return _Savepoint() if _savepoints() > self.depth else None


_waiting: ContextVar[_Waiting | None] = ContextVar("facts that wait to be written", default=None)


@contextmanager
def together() -> Iterator[None]:
    """Write the facts and audit entries of a block together at its end, in their order, within its transaction.

    Until then they have no keys; a mail or notice about one of them has all written first. What is told inside a
    savepoint waits as well, and is dropped where that savepoint is undone. A block that raises writes nothing, and one
    inside another leaves it to that.
    """
    if _waiting.get() is not None:
        yield
        return
    token = _waiting.set(_Waiting(_savepoints()))
    try:
        yield
        write_what_waits()
    finally:
        _waiting.reset(token)


def write_fact(event: Event, readers: Sequence[str], payloads: Sequence[str]) -> None:
    """Write a fact with the payload, as JSON, that each of its readers may read; now, or with its block's others."""
    waiting = _waiting.get()
    if waiting is not None:
        waiting.told.append(_Told((event, readers, payloads), waiting.savepoint()))
    else:
        _write_facts([(event, readers, payloads)])


def write_audit(entry: AuditEntry) -> None:
    """Write an audit entry; now, or with its block's others."""
    waiting = _waiting.get()
    if waiting is not None:
        waiting.told.append(_Told(entry, waiting.savepoint()))
    else:
        _write_entries([entry])


def _savepoints() -> int:
    return sum(1 for savepoint in connection.savepoint_ids if savepoint)


def write_what_waits() -> None:
    """Write what the block under way has told so far; without one there is nothing.

    What is written inside a savepoint is kept until the block's end, and written again where that was undone.
    """
    waiting = _waiting.get()
    if waiting is None:
        return
    waiting.told = [each for each in waiting.told if each.stands()]
    left = [each for each in waiting.told if not each.is_written()]
    if not left:
        return
    facts = [each.what for each in left if not isinstance(each.what, AuditEntry)]
    entries = [each.what for each in left if isinstance(each.what, AuditEntry)]
    if facts:
        _write_facts(facts)
    if entries:
        _write_entries(entries)
    inside = waiting.savepoint()
    for each in left:
        each.written_in = inside
    if inside is None:
        waiting.told = []


def _write_facts(facts: Sequence[Fact]) -> None:
    told = {
        "public_ids": [event.public_id for event, _, _ in facts],
        "names": [event.name for event, _, _ in facts],
        "subjects": [event.subject for event, _, _ in facts],
        "versions": [event.version for event, _, _ in facts],
        "of": [event.public_id for event, readers, _ in facts for _ in readers],
        "readers": [reader for _, readers, _ in facts for reader in readers],
        "payloads": [payload for _, _, payloads in facts for payload in payloads],
        "channel": WAKE_CHANNEL,
    }
    _know([event for event, _, _ in facts], rows_of(_FACTS, told))


def _write_entries(entries: Sequence[AuditEntry]) -> None:
    noted: dict[str, Any] = {name: [getattr(entry, name) for entry in entries] for name in _NOTED}
    noted["changes"] = [json.dumps(entry.changes) for entry in entries]
    _know(entries, rows_of(_AUDIT, noted))


def _know(rows: Sequence[Event] | Sequence[AuditEntry], made: Sequence[tuple[Any, ...]]) -> None:
    """Let rows know the keys and instants that the database gave them."""
    found = {public_id: (key, created_at) for public_id, key, created_at, *_ in made}
    for row in rows:
        row.pk, row.created_at = found[row.public_id]
        row._state.adding = False
