"""Who listens to a live stream, and what stands in the rows for them: read in threads, beside the event loop.

Every read lets go of its connection at once: a stream waits for minutes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import connection

from foundation.events import queries
from foundation.events.watching import CHANGED, Watching

MOST_REPLAYED = 500
MOST_ADDED = 200  # things added to a list that are looked at to say whether it grew for the listener
Rows = list[tuple[int, str, str]]


@dataclass(frozen=True, slots=True)
class Ticket:
    """What the view found: who listens, for which organization, in which role, what else the page asks to watch, and
    from where on.
    """

    organization_id: str
    person_id: str
    role: str
    watch: frozenset[str] = frozenset()
    after: int | None = field(default=None, compare=False)


def rows_after(ticket: Ticket, watched: frozenset[str], facts: frozenset[str], position: int) -> Rows:
    """Return what was heard and what changed of the watched after a position, one more than is replayed at most."""
    try:
        entries = queries.feed_of(ticket.organization_id, after=position)[: MOST_REPLAYED + 1]
        rows = {entry.position or 0: (entry.event.name, entry.event.subject) for entry in entries.defer("payload")}
        if watched:
            changes = queries.changes_of(watched, facts, after=position)[: MOST_REPLAYED + 1]
            for place, subject in changes.values_list("position", "subject"):
                rows.setdefault(place or 0, (CHANGED, subject))  # who hears the fact itself needs no second word
        return [(place, *rows[place]) for place in sorted(rows)]
    finally:
        connection.close()


def watchable(watching: Watching, ticket: Ticket) -> frozenset[str]:
    """Return what the listener may watch of what the page asks for."""
    if not ticket.watch:
        return frozenset()
    try:
        return ticket.watch.intersection(watching.may_watch(ticket.organization_id, ticket.watch))
    finally:
        connection.close()


def grown(watching: Watching, ticket: Ticket, added: Mapping[str, set[str]]) -> list[str]:
    """Return the lists to which something was added that the listener may see."""
    try:
        may = set(watching.may_watch(ticket.organization_id, set().union(*added.values())))
        return sorted(name for name, subjects in added.items() if may & subjects)
    finally:
        connection.close()


def added_after(watching: Watching, names: frozenset[str], position: int) -> tuple[int, dict[str, set[str]]]:
    """Return what was added to lists after a position, and the position of the last of it."""
    try:
        rows = queries.newest_of(watching.additions_to(names), after=position, most=MOST_ADDED)
    finally:
        connection.close()
    added = {name: {subject for _, fact, subject in rows if fact in watching.lists[name]} for name in names}
    return max([position, *(place for place, _, _ in rows)]), {name: found for name, found in added.items() if found}


def first_position(ticket: Ticket) -> int:
    """Return where the stream begins: where the page left off, or, for a new page, a few seconds ago."""
    try:
        new = queries.position_for_new_page(ticket.organization_id)
        if ticket.after is None or ticket.after > queries.last_position(ticket.organization_id):
            return new  # a position from the future belongs to another database
        return ticket.after
    finally:
        connection.close()


def last_position(ticket: Ticket) -> int:
    """Return where the present is, for a stream that has missed too much."""
    try:
        return queries.last_position(ticket.organization_id)
    finally:
        connection.close()
