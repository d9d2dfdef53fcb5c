"""Rows that are read and written again and again: Django puts each statement together once, the server plans it once.

A claim has some forty statements in it, always the same. Putting one together takes Django longer than PostgreSQL
takes to answer it, so the hottest are kept: a query as its SQL with the way from a row to objects, an INSERT by its
model. What is read and written is what the ORM would read and write.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

from django.db import connection, models
from django.db.models import QuerySet, Value
from django.db.models.query import get_related_populators  # type: ignore[attr-defined]
from django.db.transaction import TransactionManagementError

from foundation.trade.statements import rows_of

Row = TypeVar("Row", bound=models.Model)


class _Place(Value):
    """Where a value belongs in a kept query; it is compiled to itself."""

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        """Return a place for one value, and this place as its value."""
        return "%s", [self]


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A query's SQL, the values that are always the same, and what makes objects of its rows."""

    sql: str
    constants: dict[str, Any]
    places: dict[str, str]
    model: type[models.Model]
    first: int
    beyond: int
    names: list[str]
    related: list[Any]
    annotations: dict[str, int]
    converters: list[tuple[int, list[Any], Any]]
    locks: bool


class Kept(Generic[Row]):
    """A query that differs by its values only.

    `build` takes each value by its name and returns the queryset; it is called once, with places in their stead, so it
    may compare them with columns and do nothing else with them. Related objects come by `select_related`.
    """

    def __init__(self, build: Callable[..., QuerySet[Row]]) -> None:
        self._build = build
        self._compiled: _Compiled | None = None

    def all(self, **values: Any) -> list[Row]:
        """Return the rows for these values. Raises `TransactionManagementError` for locks outside a transaction."""
        kept = self._compiled or self._compile(values)
        if kept.locks and not connection.in_atomic_block:
            raise TransactionManagementError("Rows are held in a transaction only.")
        given = {place: values[name] for place, name in kept.places.items()}
        return [_object(kept, row) for row in rows_of(kept.sql, kept.constants | given)]

    def first(self, **values: Any) -> Row | None:
        """Return the first row for these values, or None."""
        return next(iter(self.all(**values)), None)

    def _compile(self, values: Iterable[str]) -> _Compiled:
        query = self._build(**{name: _Place(name) for name in values}).query
        compiler = query.get_compiler(using=connection.alias)
        sql, params = compiler.as_sql()
        names = [f"p{number}" for number in range(len(params))]
        text = sql.replace("%%", "%%%%") % tuple(f"%({name})s" for name in names)
        places = {name: param.value for name, param in zip(names, params, strict=True) if isinstance(param, _Place)}
        select, info = compiler.select, compiler.klass_info
        fields = [column for column, _, _ in select]
        first, beyond = info["select_fields"][0], info["select_fields"][-1] + 1
        self._compiled = _Compiled(
            sql=text,
            constants={n: p for n, p in zip(names, params, strict=True) if not isinstance(p, _Place)},
            places=places,
            model=info["model"],
            first=first,
            beyond=beyond,
            names=[column.target.attname for column in fields[first:beyond]],
            related=get_related_populators(info, select, connection.alias),
            annotations=dict(compiler.annotation_col_map or {}),
            converters=[(at, *found) for at, found in compiler.get_converters(fields).items()],
            locks=bool(query.select_for_update),
        )
        return self._compiled


def _object(kept: _Compiled, row: Sequence[Any]) -> Any:
    """Return a row's object with its related ones, as the ORM makes them."""
    values = list(row)
    for at, converters, column in kept.converters:
        for convert in converters:
            values[at] = convert(values[at], column, connection)
    found = kept.model.from_db(connection.alias, kept.names, values[kept.first : kept.beyond])
    for populator in kept.related:
        populator.populate(values, found)
    for name, at in kept.annotations.items():
        setattr(found, name, values[at])
    return found


def with_rows(row: models.Model, name: str, rows: Sequence[models.Model]) -> None:
    """Let a row in hand know the rows on the other side of a foreign key, as if they had been prefetched."""
    manager = getattr(row, name)
    for each in rows:
        setattr(each, manager.field.name, row)
    known = manager.get_queryset()
    known._result_cache, known._prefetch_done = list(rows), True
    cache = getattr(row, "_prefetched_objects_cache", {})
    row._prefetched_objects_cache = cache | {name: known}  # type: ignore[attr-defined]


def insert(*rows: models.Model) -> None:
    """Insert new rows of one model, in this order, by one statement; they know their keys then.

    For models of whose columns the database reckons none but the key. Raises `IntegrityError` by the constraint that is
    broken.
    """
    fields = [field for field in rows[0]._meta.local_concrete_fields if not field.primary_key]
    values = {
        f"v{at}_{field.column}": field.get_db_prep_save(field.pre_save(row, add=True), connection)
        for at, row in enumerate(rows)
        for field in fields
    }
    for row, (key,) in zip(rows, rows_of(_insert(type(rows[0]), len(rows)), values), strict=True):
        row.pk = key
        row._state.adding, row._state.db = False, connection.alias


def update(row: models.Model, values: Mapping[str, Any], *, where: Mapping[str, Any]) -> bool:
    """Write plain values into a stored row and the row in hand, where its columns are as said (a list: one of these).

    Say whether they were; raises `IntegrityError` by the constraint that is broken.
    """
    fields: list[Any] = [row._meta.get_field(name) for name in values]
    given = {f"v_{field.column}": field.get_db_prep_save(values[field.name], connection) for field in fields}
    asked = {f"w_{name}": value for name, value in where.items()}
    lists = tuple(name for name, value in where.items() if isinstance(value, list))
    text = _update(type(row), tuple(field.column for field in fields), tuple(where), lists)
    if not rows_of(text, given | asked | {"key": row.pk}):
        return False
    for name, value in values.items():
        setattr(row, name, value)
    return True


@lru_cache(maxsize=256)
def _update(model: type[models.Model], columns: tuple[str, ...], where: tuple[str, ...], lists: tuple[str, ...]) -> str:
    quote = connection.ops.quote_name
    key = quote(model._meta.pk.column)
    written = ", ".join(f"{quote(column)} = %(v_{column})s" for column in columns)
    asked = "".join(
        f" AND {quote(name)} = " + (f"ANY(%(w_{name})s::text[])" if name in lists else f"%(w_{name})s")
        for name in where
    )
    return f"UPDATE {quote(model._meta.db_table)} SET {written} WHERE {key} = %(key)s{asked} RETURNING {key}"  # noqa: S608


@lru_cache(maxsize=256)
def _insert(model: type[models.Model], count: int) -> str:
    """Return the INSERT of so many rows; those of one statement get their keys in the order of its values."""
    quote, meta = connection.ops.quote_name, model._meta
    columns = [field.column for field in meta.local_concrete_fields if not field.primary_key]
    places = ", ".join(f"({', '.join(f'%(v{at}_{column})s' for column in columns)})" for at in range(count))
    named = ", ".join(map(quote, columns))
    return f"INSERT INTO {quote(meta.db_table)} ({named}) VALUES {places} RETURNING {quote(meta.pk.column)}"  # noqa: S608
