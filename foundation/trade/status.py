"""The counted status change: the only way by which a status moves."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.db import models, transaction
from django.db.models import F

from foundation.trade.errors import Conflict
from foundation.trade.kept import update

Row = TypeVar("Row", bound=models.Model)
Moves = Mapping[str, frozenset[str]]  # from a status to the statuses that may follow it


def sources_of(moves: Moves, target: str) -> list[str]:
    """Return the statuses from which a table of moves allows the target."""
    return sorted(source for source, targets in moves.items() if target in targets)


def change_status(
    row: Row,
    *,
    to: str,
    moves: Moves,
    fact: Callable[[Row], None],
    sentence: str,
    in_hand: bool = False,
    **changes: Any,
) -> None:
    """Move a row to a status by one conditional UPDATE, raise its version, and record the fact in the same transaction.

    `moves` is the model's table of allowed moves; `changes` are further columns to set; `fact` publishes. The row
    in hand is refreshed first, so `fact` sees what was stored. Raises `Conflict` with `sentence` when zero rows
    changed: somebody was first.

    `in_hand` says that the caller, in its own transaction, has locked the row and read it then: it is not read again,
    and the same is written to it as to the table, which must still be at its version. `changes` are plain values there.
    """
    manager = type(row)._default_manager
    if in_hand:
        _change_in_hand(row, {"status": to, **changes}, sources_of(moves, to), sentence)
        fact(row)
        return
    with transaction.atomic():
        changed = manager.filter(pk=row.pk, status__in=sources_of(moves, to)).update(
            status=to, version=F("version") + 1, **changes
        )
        if not changed:
            raise Conflict("status_moved_on", sentence)
        row.refresh_from_db()
        fact(row)


def _change_in_hand(row: models.Model, values: dict[str, Any], sources: list[str], sentence: str) -> None:
    version = int(getattr(row, "version"))  # noqa: B009 - every model with a status has a version
    values["version"] = version + 1
    if not update(row, values, where={"status": sources, "version": version}):
        raise Conflict("status_moved_on", sentence)
