"""What a booking does to its load: covered, open again, amended. Called in the booking's transaction."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from foundation.events.services import HasLabel
from foundation.trade.errors import Conflict
from foundation.trade.life_cycle import raise_version, reopen_posting
from foundation.trade.posting import MOVES, Status
from foundation.trade.status import change_status
from loads.facts import tell
from loads.models import Load
from loads.queries import locked_load
from loads.road import Stretch, stretches
from loads.rules import validate
from loads.store import changes as changes_of
from loads.store import columns, write_stops
from loads.terms import SALE_COLUMNS, LoadTerms, terms_of

NOUN = "load"


def cover_load(*, load: Load, actor: HasLabel | str, now: datetime) -> None:
    """Take an open load off the market, because a carrier has booked it.

    Belongs in the transaction of the booking, on the locked row. Raises `Conflict` when it is not open: somebody was
    first.
    """
    change_status(
        load,
        to=Status.COVERED,
        moves=MOVES,
        fact=lambda row: tell("load.covered", row, actor),
        sentence="This load is gone: it was booked, withdrawn or has expired.",
        in_hand=True,
        updated_at=now,
    )


def reopen_load(
    *, load: Load, actor: HasLabel | str, now: datetime, was_covered_because: str = "its booking was cancelled"
) -> None:
    """Put a covered load back on the market, confirmed as of now, with the terms that it has.

    A load whose pickup window is over leaves the market again with the next sweep. Belongs in the transaction of the
    cancellation, on the locked row. Raises `Conflict` when it is not covered.
    """
    changed = {"reopened": [None, was_covered_because]}
    reopen_posting(load, now=now, noun=NOUN, fact=lambda row: tell("load.opened", row, actor, changed=changed))


def amend_load(
    *,
    load: Load,
    actor: HasLabel | str,
    now: datetime,
    terms: LoadTerms | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Load:
    """Write the new terms of a covered load that both parties of its booking accepted; return it, read anew.

    `changes` names fields of `LoadTerms` that differ from what is stored; its `stop_times` are values with `sequence`,
    `opens_at`, `closes_at` and `by_appointment`. Rate and accessorial terms are the booking's and stay as posted.
    Belongs in the transaction of the amendment, on the locked row. Raises `Conflict` when it is not covered, `Invalid`.
    """
    if load.status != Status.COVERED:
        raise Conflict("not_covered", f"This load is {load.status}: it is edited, not amended.")
    new = terms if terms is not None else _changed(terms_of(load), changes or {})
    roads = _roads(load, new)
    validate(new, now=now, roads=roads, draft=True)
    values = {name: value for name, value in columns(new, roads).items() if name not in SALE_COLUMNS}
    changed = changes_of(load, new, values)
    if not changed:
        return load
    for name, value in values.items():
        setattr(load, name, value)
    raise_version(load, now=now, confirmed=False)
    load.save()
    write_stops(load, new)
    load = locked_load(pk=load.pk)  # with the new stops
    tell("load.amended", load, actor, changed=changed)
    return load


def _changed(terms: LoadTerms, changes: Mapping[str, Any]) -> LoadTerms:
    fields = dict(changes)
    times = {time.sequence: time for time in fields.pop("stop_times", ())}
    stops = tuple(
        replace(
            stop,
            opens_at=times[sequence].opens_at,
            closes_at=times[sequence].closes_at,
            by_appointment=times[sequence].by_appointment,
        )
        if sequence in times
        else stop
        for sequence, stop in enumerate(fields.pop("stops", terms.stops))
    )
    return replace(terms, stops=stops, **fields)


def _roads(load: Load, terms: LoadTerms) -> list[Stretch]:
    """Return the stretches between the stops; where no stop moves, none is asked for: the miles stay as they are."""
    before = [stop.zip for stop in load.stops.all()]
    after = [stop.place.zip or "" for stop in terms.stops]
    if before == after:
        return [Stretch(load.loaded_miles, 0.0, 0.0)]
    return stretches([stop.place for stop in terms.stops]) if all(after) else []
