"""Legs and loads from files: the documented columns, the checks of each row, and the engine's columns made of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from foundation.trade.equipment import EQUIPMENT, Attribute, Equipment
from matching.engine.columns import INSTANT, TRUCK_CODES
from matching.engine.policy import DutyLimits
from matching.engine.problem import DEFAULT_SERVICE, DELIVERY, OPEN_TO_OFFERS, PICKUP, Legs, Loads
from matching.files import cells
from matching.files.cells import Column, number
from matching.files.spots import place_columns, point_of
from matching.files.tables import Problem, Table, Unreadable, read_table

NO_HOME_BY = int(INSTANT[1])
_LIMITS = DutyLimits()
_MILES, _DOLLARS = 100_000, 1_000

LEG_COLUMNS: tuple[Column, ...] = (
    Column("leg_id", cells.word, "your name for the leg; left out, its line", ("id", "leg", "truck_id", "truck")),
    *place_columns("empty", "where the truck empties", "empty_at", "from", "origin"),
    *place_columns("home", "where it must be in the end", "home_at", "to", "destination"),
    Column("ready_at", cells.earliest, "when it is empty, with offset", ("empty_from", "available_at"), True),
    Column("home_by", cells.latest, "when it must be home, with offset; empty: no limit"),
    Column("equipment", cells.truck_equipment, "V, R, F, SD, ... or its name", ("trailer", "equipment_type"), True),
    Column("attributes", cells.attributes, "hazmat; team; tarps; food_grade; temperature; liftgate"),
    Column("weight_pounds", number(0, 1_000_000, whole=True), "what it takes, lb; empty: the usual", ("weight",)),
    Column("length_feet", number(0, 1_000, whole=True), "its length, ft; empty: usual for its kind", ("length",)),
    Column("pallets", number(0, 1_000, whole=True), "its pallets; empty: usual for its kind"),
    Column("max_pickup_deadhead_miles", cells.limit(_MILES), "empty miles to a pickup at most; empty: no limit"),
    Column("max_home_deadhead_miles", cells.limit(_MILES), "empty miles home at most; empty: no limit"),
    Column("max_out_of_route_miles", cells.limit(_MILES), "miles out of route for a pickup along the way; empty: none"),
    Column("drive_minutes_left", number(0, _LIMITS.drive_minutes), "of the driver's 11 h when ready; empty: rested"),
    Column("shift_minutes_left", number(0, _LIMITS.shift_minutes), "of his 14 h"),
    Column("break_minutes_left", number(0, _LIMITS.drive_minutes_before_break), "of his 8 h before a break"),
    Column("cycle_minutes_left", number(0, _LIMITS.cycle_minutes), "of his 70 h"),
    Column("loaded_cost_per_mile", number(0, _DOLLARS, factor=100), "your $ a loaded mile; empty: 2.26"),
    Column("empty_cost_per_mile", number(0, _DOLLARS, factor=100), "your $ an empty mile; empty: 2.14"),
    Column("hour_cost", number(0, _DOLLARS, factor=100), "your $ an hour of loading and waiting; empty: 40"),
    Column("delay_hour_cost", number(0, _DOLLARS, factor=100), "your $ an hour home later than empty; empty: 0"),
)  # fmt: skip

LOAD_COLUMNS: tuple[Column, ...] = (
    Column("load_id", cells.word, "your name for it; left out, its line", ("id", "load", "load_number", "reference")),
    *place_columns("pickup", "where it is picked up", "pickup_at", "from", "origin"),
    Column("pickup_opens_at", cells.earliest, "earliest begin, with offset", ("pickup_from", "pickup_early"), True),
    Column("pickup_closes_at", cells.latest, "latest begin", ("pickup_until", "pickup_late"), True),
    Column("pickup_service_minutes", number(0, 20_160, whole=True), "to load; empty: 120"),
    *place_columns("delivery", "where it is delivered", "delivery_at", "to", "destination"),
    Column("delivery_opens_at", cells.earliest, "earliest begin", ("delivery_from", "delivery_early"), True),
    Column("delivery_closes_at", cells.latest, "latest begin", ("delivery_until", "delivery_late"), True),
    Column("delivery_service_minutes", number(0, 20_160, whole=True), "to unload; empty: 120"),
    Column("equipment", cells.load_equipment, "V, R, F, ..., VR, FS or its name", ("trailer", "equipment_type"), True),
    Column("attributes", cells.attributes, "what the truck must have, as above"),
    Column("weight_pounds", number(0, 1_000_000, whole=True), "lb", ("weight",), True),
    Column("length_feet", number(0, 1_000, whole=True), "ft of the deck; empty: not asked", ("length",)),
    Column("pallets", number(0, 1_000, whole=True), "on the floor; empty: not asked"),
    Column("rate", cells.rate, "all-in $; empty: open to offers, reckoned at the default rate", ("rate_dollars",)),
    Column("partial", cells.truth, "yes if other freight may share the truck; empty: no", ("is_partial", "size")),
    Column("temperature_min_f", number(-100, 200), "coldest that it may be, °F"),
    Column("temperature_max_f", number(-100, 200), "warmest that it may be, °F"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LegsFile:
    """The legs that could be read, their names, and the problems of the others."""

    legs: Legs
    names: list[str]
    table: Table
    problems: list[Problem]


@dataclass(frozen=True, slots=True)
class LoadsFile:
    """The loads that could be read, their names, and the problems of the others."""

    loads: Loads
    names: list[str]
    table: Table
    problems: list[Problem]


Check = Callable[[dict[str, Any]], None]
"""Looks at a row's values together, and may add to them; raises `ValueError` with (column, end of a sentence)."""


def read_legs(name: str, *, on_roads: bool) -> LegsFile:
    """Read the file of legs. Raises Unreadable when nothing of it can be used."""

    def check(row: dict[str, Any]) -> None:
        row["empty"] = point_of(row, "empty", on_roads=on_roads)
        row["home"] = point_of(row, "home", on_roads=on_roads)
        if row.get("home_by") is not None and row["home_by"] < row["ready_at"]:
            raise ValueError("home_by", "is before ready_at; correct one of the two, or leave home_by empty")

    table = read_table(name, cells.spellings(LEG_COLUMNS))
    rows, names, problems = _rows(table, LEG_COLUMNS, "leg_id", check)
    return LegsFile(_legs(rows), names, table, problems)


def read_loads(name: str, *, on_roads: bool) -> LoadsFile:
    """Read the file of loads. Raises Unreadable when nothing of it can be used."""

    def check(row: dict[str, Any]) -> None:
        for stop in ("pickup", "delivery"):
            row[stop] = point_of(row, stop, on_roads=on_roads)
            opens_at, closes_at = row[f"{stop}_opens_at"], row[f"{stop}_closes_at"]
            if closes_at < opens_at:
                raise ValueError(f"{stop}_closes_at", f"is before {stop}_opens_at; swap or correct them")
        coldest, warmest = row.get("temperature_min_f"), row.get("temperature_max_f")
        if coldest is not None and warmest is not None and warmest < coldest:
            raise ValueError("temperature_max_f", "is below temperature_min_f; swap them")
        if coldest is not None or warmest is not None:  # as for a posted load: who asks for a range needs it kept
            row["attributes"] = row.get("attributes", 0) | int(Attribute.TEMPERATURE)

    table = read_table(name, cells.spellings(LOAD_COLUMNS))
    rows, names, problems = _rows(table, LOAD_COLUMNS, "load_id", check)
    return LoadsFile(_loads(rows), names, table, problems)


def _rows(
    table: Table, columns: tuple[Column, ...], key: str, check: Check
) -> tuple[list[dict[str, Any]], list[str], list[Problem]]:
    """Return the good rows, their names, and every problem in order of line."""
    there = {column for _, row in table.rows for column in row}
    missing = [column.name for column in columns if column.needed and column.name not in there]
    if missing and table.rows:
        raise Unreadable(f"{table.file} lacks the columns {', '.join(missing)}; docs/files.md describes all of them.")
    rows: list[dict[str, Any]] = []
    seen: dict[str, int] = {}
    problems = list(table.problems)
    for line, row in table.rows:
        values, wrong = _values(row, columns, table.comma_decimals)
        name = values.get(key) or f"line {line}"
        if not wrong:
            if name in seen:
                wrong.append((key, f"“{name}” stands in line {seen[name]} already; give each row its own"))
            try:
                check(values)
            except ValueError as problem:
                wrong.append(problem.args)
        if wrong:
            problems.extend(Problem(table.file, line, column, f"{sentence}.") for column, sentence in wrong)
        else:
            seen[name] = line
            rows.append(values)
    if problems and not rows:
        first = min(problems, key=lambda problem: problem.line)
        raise Unreadable(f"{table.file} has no row that can be used; the first problem: {first}")
    return rows, list(seen), sorted(problems, key=lambda problem: problem.line)


def _values(
    row: Mapping[str, str], columns: tuple[Column, ...], comma_decimals: bool
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    values: dict[str, Any] = {}
    wrong: list[tuple[str, str]] = []
    for column in columns:
        cell = row.get(column.name, "")
        if not cell:
            if column.needed:
                wrong.append((column.name, f"is missing; it holds: {column.words}"))
            continue
        try:
            values[column.name] = column.parse(cell, comma_decimals)
        except ValueError as problem:
            wrong.append((column.name, str(problem)))
    return values, wrong


def _by_nature(kind: Equipment) -> int:
    """Return what a trailer offers without saying so: a reefer keeps a temperature."""
    return int(Attribute.TEMPERATURE) if kind.temperature_range_f else 0


def _legs(rows: list[dict[str, Any]]) -> Legs:
    usual = [EQUIPMENT[TRUCK_CODES[row["equipment"]]] for row in rows]

    def ints(values: list[Any]) -> Any:
        return np.array(values, dtype=np.int64)

    def known(name: str) -> Any:
        return np.array([np.nan if row.get(name) is None else row[name] for row in rows], dtype=np.float64)

    def room(name: str) -> Any:
        pairs = zip(rows, usual, strict=True)
        return ints([getattr(item, name) if row.get(name) is None else row[name] for row, item in pairs])

    return Legs(
        key=np.arange(len(rows)),
        empty_lat=np.array([row["empty"][0] for row in rows], dtype=np.float64),
        empty_lon=np.array([row["empty"][1] for row in rows], dtype=np.float64),
        home_lat=np.array([row["home"][0] for row in rows], dtype=np.float64),
        home_lon=np.array([row["home"][1] for row in rows], dtype=np.float64),
        ready_at=ints([row["ready_at"] for row in rows]),
        home_by=ints([NO_HOME_BY if row.get("home_by") is None else row["home_by"] for row in rows]),
        equipment=ints([row["equipment"] for row in rows]),
        attributes=ints([row.get("attributes", 0) | _by_nature(kind) for row, kind in zip(rows, usual, strict=True)]),
        weight_pounds=room("weight_pounds"),
        length_feet=room("length_feet"),
        pallets=room("pallets"),
        max_pickup_deadhead_miles=known("max_pickup_deadhead_miles"),
        max_home_deadhead_miles=known("max_home_deadhead_miles"),
        max_out_of_route_miles=known("max_out_of_route_miles"),
        drive_left=np.floor(known("drive_minutes_left")),
        shift_left=np.floor(known("shift_minutes_left")),
        break_left=np.floor(known("break_minutes_left")),
        cycle_left=np.floor(known("cycle_minutes_left")),
        loaded_cents_per_mile=known("loaded_cost_per_mile"),
        empty_cents_per_mile=known("empty_cost_per_mile"),
        hour_cents=known("hour_cost"),
        delay_hour_cents=known("delay_hour_cost"),
    )


def _loads(rows: list[dict[str, Any]]) -> Loads:
    def ints(name: str, default: int = 0) -> Any:
        values = [default if row.get(name) is None else row[name] for row in rows]
        return np.array(values, dtype=np.int64)

    def known(name: str) -> Any:
        return np.array([np.nan if row.get(name) is None else row[name] for row in rows], dtype=np.float64)

    def both(pickup: Any, delivery: Any) -> Any:
        return np.stack([pickup, delivery], axis=1).reshape(-1)

    def stops(name: str, default: int = 0) -> Any:
        return both(ints(f"pickup_{name}", default), ints(f"delivery_{name}", default))

    points = np.array([(*row["pickup"], *row["delivery"]) for row in rows], dtype=np.float64).reshape(-1, 4)
    return Loads(
        key=np.arange(len(rows)),
        equipment=ints("equipment"),
        attributes=ints("attributes"),
        weight_pounds=ints("weight_pounds"),
        length_feet=ints("length_feet"),
        pallets=ints("pallets"),
        rate_cents=ints("rate", OPEN_TO_OFFERS),
        is_partial=np.array([bool(row.get("partial", False)) for row in rows], dtype=np.bool_),
        temperature_min_f=known("temperature_min_f"),
        temperature_max_f=known("temperature_max_f"),
        stop_offsets=np.arange(len(rows) + 1) * 2,
        stop_kind=np.tile(np.array([PICKUP, DELIVERY], dtype=np.int64), len(rows)),
        stop_lat=both(points[:, 0], points[:, 2]),
        stop_lon=both(points[:, 1], points[:, 3]),
        stop_opens_at=stops("opens_at"),
        stop_closes_at=stops("closes_at"),
        stop_service_minutes=stops("service_minutes", DEFAULT_SERVICE),
    )
