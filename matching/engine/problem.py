"""The problem: return legs and loads as immutable columns.

Every row has a `key`, its order key: unique, and ties break by it. Instants are whole minutes since 1970-01-01T00:00Z.
A window allows a beginning from `opens_at` through `closes_at`, both included, so that a window of no width is an
appointment to the minute.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from matching.engine import columns
from matching.engine.columns import Bools, Floats, Ints

PICKUP = 0
DELIVERY = 1
OPEN_TO_OFFERS = -1
DEFAULT_SERVICE = -1

# What a 53 ft van holds: the truck of which a partial load takes its share when it has no rate.
TRUCK_FEET = 53
TRUCK_POUNDS = 45_000
TRUCK_PALLETS = 26

_NO_COLUMN = np.zeros(0)


@dataclass(frozen=True, eq=False, kw_only=True)
class Legs:
    """n empty trips home, each column of shape (n,).

    `equipment` indexes `columns.TRUCK_CODES`, `attributes` is a bit set of `trade.equipment.Attribute`. Limits in
    miles: NaN in the two deadheads is no limit, NaN in `max_out_of_route_miles` offers no pickup along the way beyond
    the deadhead limit. `drive_left`, `shift_left`, `break_left`, `cycle_left` are the driver's clock in minutes at
    `ready_at`; NaN is unknown: the driver is assumed rested. The carrier's own costs are in cents; NaN takes the
    policy's. `home_miles` and `home_minutes` are the empty run home; NaN (or left out) asks the oracle.
    """

    key: Ints
    empty_lat: Floats
    empty_lon: Floats
    home_lat: Floats
    home_lon: Floats
    ready_at: Ints
    home_by: Ints
    equipment: Ints
    attributes: Ints
    weight_pounds: Ints
    length_feet: Ints
    pallets: Ints
    max_pickup_deadhead_miles: Floats
    max_home_deadhead_miles: Floats
    max_out_of_route_miles: Floats
    drive_left: Floats
    shift_left: Floats
    break_left: Floats
    cycle_left: Floats
    loaded_cents_per_mile: Floats
    empty_cents_per_mile: Floats
    hour_cents: Floats
    delay_hour_cents: Floats
    home_miles: Floats = field(default_factory=lambda: _NO_COLUMN)
    home_minutes: Floats = field(default_factory=lambda: _NO_COLUMN)
    home_estimated: Bools = field(default_factory=lambda: _NO_COLUMN.astype(np.bool_))

    def __post_init__(self) -> None:
        n = np.size(self.key)
        for name in ("home_miles", "home_minutes"):
            if np.size(getattr(self, name)) == 0:
                object.__setattr__(self, name, np.full(n, np.nan))
        if np.size(self.home_estimated) == 0:
            object.__setattr__(self, "home_estimated", np.zeros(n, dtype=np.bool_))
        for name in ("ready_at", "home_by"):
            _set_ints(self, name, columns.INSTANT)
        _set_ints(self, "key", columns.ANY)
        _set_ints(self, "equipment", columns.TRUCK)
        for name in ("attributes", "weight_pounds", "length_feet", "pallets"):
            _set_ints(self, name, columns.AMOUNT)
        for end in ("empty", "home"):
            _set_floats(self, f"{end}_lat", columns.LATITUDE)
            _set_floats(self, f"{end}_lon", columns.LONGITUDE)
        for name in _LEG_FIGURES:
            _set_floats(self, name, columns.FIGURE, unknown=True)
        object.__setattr__(self, "home_estimated", columns.bools("home_estimated", self.home_estimated))
        columns.unique("key", self.key)
        columns.same_length("legs", {item.name: getattr(self, item.name) for item in fields(self)}, n)

    def __len__(self) -> int:
        return int(self.key.shape[0])

    def take(self, rows: ArrayLike) -> "Legs":
        """Return the legs at these positions, in this order."""
        where = np.asarray(rows, dtype=np.int64)
        columns.unique("key", self.key[where])
        return _as_checked(self, {name: getattr(self, name)[where] for name in _LEG_COLUMNS})

    def with_homes(self, miles: Floats, minutes: Floats, estimated: Bools) -> "Legs":
        """Return the legs with these ways straight home."""
        return _with_ways(self, "home", miles, minutes, estimated)


_LEG_FIGURES = (
    "max_pickup_deadhead_miles",
    "max_home_deadhead_miles",
    "max_out_of_route_miles",
    "drive_left",
    "shift_left",
    "break_left",
    "cycle_left",
    "loaded_cents_per_mile",
    "empty_cents_per_mile",
    "hour_cents",
    "delay_hour_cents",
    "home_miles",
    "home_minutes",
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Loads:
    """n loads, columns of shape (n,), and their s stops in order, columns of shape (s,).

    Load i has the stops `stop_offsets[i]` up to, not including, `stop_offsets[i + 1]`: at least two, a pickup first
    and a delivery last. `equipment` indexes `columns.LOAD_CODES`. `rate_cents` is the all-in rate; -1 is open to
    offers. `temperature_min_f` and `temperature_max_f` are the range that the load wants, NaN (or left out) where it
    names none. `stop_service_minutes` -1 takes the policy's. `stop_miles` and `stop_minutes` are the stretch from the
    load's stop before (of no account for the first); NaN (or left out) asks the oracle.
    """

    key: Ints
    equipment: Ints
    attributes: Ints
    weight_pounds: Ints
    length_feet: Ints
    pallets: Ints
    rate_cents: Ints
    is_partial: Bools
    stop_offsets: Ints
    stop_kind: Ints
    stop_lat: Floats
    stop_lon: Floats
    stop_opens_at: Ints
    stop_closes_at: Ints
    stop_service_minutes: Ints
    temperature_min_f: Floats = field(default_factory=lambda: _NO_COLUMN)
    temperature_max_f: Floats = field(default_factory=lambda: _NO_COLUMN)
    stop_miles: Floats = field(default_factory=lambda: _NO_COLUMN)
    stop_minutes: Floats = field(default_factory=lambda: _NO_COLUMN)
    stop_estimated: Bools = field(default_factory=lambda: _NO_COLUMN.astype(np.bool_))

    def __post_init__(self) -> None:
        stops = np.size(self.stop_lat)
        for name in ("temperature_min_f", "temperature_max_f"):
            if np.size(getattr(self, name)) == 0:
                object.__setattr__(self, name, np.full(np.size(self.key), np.nan))
        for name in ("stop_miles", "stop_minutes"):
            if np.size(getattr(self, name)) == 0:
                object.__setattr__(self, name, np.full(stops, np.nan))
        if np.size(self.stop_estimated) == 0:
            object.__setattr__(self, "stop_estimated", np.zeros(stops, dtype=np.bool_))
        _set_ints(self, "key", columns.ANY)
        _set_ints(self, "equipment", columns.LOAD)
        for name in ("attributes", "weight_pounds", "length_feet", "pallets", "stop_offsets"):
            _set_ints(self, name, columns.AMOUNT)
        _set_ints(self, "rate_cents", columns.CENTS_OR_NONE)
        for name in ("temperature_min_f", "temperature_max_f"):
            _set_floats(self, name, columns.FAHRENHEIT, unknown=True)
        _set_ints(self, "stop_kind", (PICKUP, DELIVERY))
        _set_floats(self, "stop_lat", columns.LATITUDE)
        _set_floats(self, "stop_lon", columns.LONGITUDE)
        _set_ints(self, "stop_opens_at", columns.INSTANT)
        _set_ints(self, "stop_closes_at", columns.INSTANT)
        _set_ints(self, "stop_service_minutes", (DEFAULT_SERVICE, 100_000.0))
        for name in ("stop_miles", "stop_minutes"):
            _set_floats(self, name, columns.FIGURE, unknown=True)
        for name in ("is_partial", "stop_estimated"):
            object.__setattr__(self, name, columns.bools(name, getattr(self, name)))
        columns.unique("key", self.key)
        names = [item.name for item in fields(self) if item.name != "stop_offsets"]
        columns.same_length("loads", {n: getattr(self, n) for n in names if not n.startswith("stop_")}, self.key.size)
        columns.same_length("stops", {n: getattr(self, n) for n in names if n.startswith("stop_")}, stops)
        self._check_stops(stops)

    def _check_stops(self, stops: int) -> None:
        offsets = self.stop_offsets
        if offsets.size != self.key.size + 1 or offsets[0] != 0 or offsets[-1] != stops:
            raise ValueError("stop_offsets must run from 0 to the number of stops, with one entry more than loads.")
        if (np.diff(offsets) < 2).any():
            raise ValueError("stop_offsets must give each load two stops or more.")
        if self.key.size:
            if (self.stop_kind[offsets[:-1]] != PICKUP).any() or (self.stop_kind[offsets[1:] - 1] != DELIVERY).any():
                raise ValueError("stop_kind must begin with a pickup and end with a delivery in each load.")
            if (self.stop_closes_at < self.stop_opens_at).any():
                raise ValueError("stop_closes_at must not be before stop_opens_at.")

    def __len__(self) -> int:
        return int(self.key.shape[0])

    @property
    def truck_share(self) -> Floats:
        """What part of a truck each load takes by feet, pounds or pallets, whichever is most; a full load all of it."""
        parts = (self.length_feet / TRUCK_FEET, self.weight_pounds / TRUCK_POUNDS, self.pallets / TRUCK_PALLETS)
        return np.where(self.is_partial, np.minimum(np.maximum.reduce(parts), 1.0), 1.0)

    @property
    def first_stop(self) -> Ints:
        """The position of each load's first pickup among the stops, shape (n,)."""
        return self.stop_offsets[:-1]

    @property
    def last_stop(self) -> Ints:
        """The position of each load's last delivery among the stops, shape (n,)."""
        return self.stop_offsets[1:] - 1

    def take(self, rows: ArrayLike) -> "Loads":
        """Return the loads at these positions, in this order, with their stops."""
        where = np.asarray(rows, dtype=np.int64)
        columns.unique("key", self.key[where])
        counts = np.diff(self.stop_offsets)[where]
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        stops = np.repeat(self.stop_offsets[:-1][where] - offsets[:-1], counts) + np.arange(offsets[-1])
        chosen = {name: getattr(self, name)[where] for name in _LOAD_COLUMNS}
        chosen |= {name: getattr(self, name)[stops] for name in _STOP_COLUMNS}
        return _as_checked(self, chosen | {"stop_offsets": offsets})

    def with_stretches(self, miles: Floats, minutes: Floats, estimated: Bools) -> "Loads":
        """Return the loads with these ways before each stop."""
        return _with_ways(self, "stop", miles, minutes, estimated)


def joined_loads(parts: Sequence[Loads]) -> Loads:
    """Return the loads of several columns as one, in their order."""
    columns = {
        item.name: np.concatenate([getattr(part, item.name) for part in parts])
        for item in fields(Loads)
        if item.name != "stop_offsets"
    }
    counts = np.concatenate([np.diff(part.stop_offsets) for part in parts])
    return Loads(stop_offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), **columns)


Rows = TypeVar("Rows", Legs, Loads)

_LEG_COLUMNS = tuple(item.name for item in fields(Legs))
_LOAD_COLUMNS = tuple(item.name for item in fields(Loads) if not item.name.startswith("stop_"))
_STOP_COLUMNS = tuple(item.name for item in fields(Loads) if item.name not in (*_LOAD_COLUMNS, "stop_offsets"))


def _as_checked(rows: Rows, chosen: Mapping[str, NDArray[np.generic]]) -> Rows:
    """Return rows of these columns, which were checked when `rows` were made: checking takes longer than taking."""
    made = object.__new__(type(rows))
    for name, column in chosen.items():
        column.setflags(write=False)
        object.__setattr__(made, name, column)
    return made


def _with_ways(rows: Rows, name: str, miles: Floats, minutes: Floats, estimated: Bools) -> Rows:
    """Return the same rows with other ways: these alone are checked."""
    known = {item.name: getattr(rows, item.name) for item in fields(rows)}
    ways = {
        f"{name}_miles": columns.floats(f"{name}_miles", miles, columns.FIGURE, unknown=True),
        f"{name}_minutes": columns.floats(f"{name}_minutes", minutes, columns.FIGURE, unknown=True),
        f"{name}_estimated": columns.bools(f"{name}_estimated", estimated),
    }
    columns.same_length("columns of ways", ways, known[f"{name}_miles"].size)
    return _as_checked(rows, known | ways)


def _set_ints(row: Legs | Loads, name: str, bounds: columns.Bounds) -> None:
    object.__setattr__(row, name, columns.ints(name, getattr(row, name), bounds))


def _set_floats(row: Legs | Loads, name: str, bounds: columns.Bounds, *, unknown: bool = False) -> None:
    object.__setattr__(row, name, columns.floats(name, getattr(row, name), bounds, unknown=unknown))
