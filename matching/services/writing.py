"""Writing many rows of one table in one statement and one JSON document: in a tenth of the time that models take."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import Model

from foundation.trade.statements import Statement


@lru_cache(maxsize=64)
def _statement(model: type[Model], names: tuple[str, ...], key: tuple[str, ...], kept: frozenset[str]) -> str:
    kinds = {field.column: field.db_type(connection) or "" for field in model._meta.local_concrete_fields}
    columns = ", ".join(f"{name} {kinds[name]}" for name in names)
    updated = ", ".join(f"{name} = excluded.{name}" for name in names if name not in kept and name not in key)
    return (
        f"INSERT INTO {model._meta.db_table} ({', '.join(names)})"  # noqa: S608
        f" SELECT {', '.join(names)} FROM jsonb_to_recordset(%(rows)s::jsonb) AS row ({columns})"
        f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {updated}"
    )


def writing_of(
    model: type[Model],
    rows: Sequence[Mapping[str, Any]],
    *,
    key: tuple[str, ...],
    kept: Collection[str] = frozenset(),
) -> Statement:
    """Return the statement that inserts rows, each by column name and all with the same columns; one at least.

    A row that stands with this key is updated; `kept` names columns that an update leaves alone. Raises `ValueError`
    for a figure that is not finite.
    """
    document = json.dumps(rows, default=_plain, allow_nan=False, separators=(",", ":"))
    return _statement(model, tuple(rows[0]), key, frozenset(kept)), {"rows": document}


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} has no place in a row")
