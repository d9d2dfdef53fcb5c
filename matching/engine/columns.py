"""Columns: how the engine takes in arrays, checks them by name and makes them read-only."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foundation.trade.equipment import COMBINATIONS, EQUIPMENT, may_carry

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

TRUCK_CODES: tuple[str, ...] = tuple(EQUIPMENT)
"""A truck's `equipment` is an index into this."""
LOAD_CODES: tuple[str, ...] = (*EQUIPMENT, *COMBINATIONS)
"""A load's `equipment` is an index into this."""

CARRIES: Bools = np.array([[may_carry(truck, load) for load in LOAD_CODES] for truck in TRUCK_CODES])
"""`CARRIES[truck, load]`: whether a truck with this equipment may carry a load that asks for that one."""
CARRIES.setflags(write=False)

# The year 5000 in minutes: beyond it a time is a mistake in its unit (seconds, for one).
_LATEST_MINUTE = 1_593_000_000

Bounds = tuple[float, float]

LATITUDE: Bounds = (-90.0, 90.0)
LONGITUDE: Bounds = (-180.0, 180.0)
INSTANT: Bounds = (-_LATEST_MINUTE, _LATEST_MINUTE)
AMOUNT: Bounds = (0.0, 1e9)
FIGURE: Bounds = (0.0, 1e5)
"""Miles, minutes of driving or of a clock, cents a mile or an hour."""
FAHRENHEIT: Bounds = (-460.0, 1000.0)
CENTS_OR_NONE: Bounds = (-1.0, 1e11)
TRUCK: Bounds = (0.0, len(TRUCK_CODES) - 1.0)
LOAD: Bounds = (0.0, len(LOAD_CODES) - 1.0)
ANY: Bounds = (-(2.0**62), 2.0**62)


def floats(name: str, values: ArrayLike, bounds: Bounds, *, unknown: bool = False) -> Floats:
    """Return a read-only float column; NaN stands for "not known" or "no limit" where `unknown` allows it.

    Raises `ValueError` naming the column for values that are not finite or out of bounds.
    """
    column = np.array(values, dtype=np.float64)
    _check_shape(name, column)
    known = ~np.isnan(column) if unknown else np.ones(column.shape, dtype=np.bool_)
    if not np.isfinite(column[known]).all():
        raise ValueError(f"{name} must be a finite number.")
    _check_bounds(name, column[known], bounds)
    column.setflags(write=False)
    return column


def ints(name: str, values: ArrayLike, bounds: Bounds) -> Ints:
    """Return a read-only column of whole numbers; raises `ValueError` naming the column otherwise."""
    given = np.asarray(values)
    if given.dtype.kind == "f":
        if not np.isfinite(given).all():
            raise ValueError(f"{name} must be a finite number.")
        if (given != np.floor(given)).any():
            raise ValueError(f"{name} must be a whole number.")
        _check_bounds(name, given, ANY)
    elif given.dtype.kind not in "iub" and given.size:
        raise ValueError(f"{name} must be a number.")
    column = np.array(given, dtype=np.int64)
    _check_shape(name, column)
    _check_bounds(name, column, bounds)
    column.setflags(write=False)
    return column


def bools(name: str, values: ArrayLike) -> Bools:
    """Return a read-only column of truth values."""
    column = np.array(values, dtype=np.bool_)
    _check_shape(name, column)
    column.setflags(write=False)
    return column


def unique(name: str, column: Ints) -> None:
    """Raise `ValueError` when two rows share a value."""
    if np.unique(column).size != column.size:
        raise ValueError(f"{name} must be different in each row.")


def same_length(what: str, columns: Mapping[str, NDArray[np.generic]], length: int) -> None:
    """Raise `ValueError` naming the first column that is not as long as the others."""
    for name, column in columns.items():
        if column.shape[0] != length:
            raise ValueError(f"{name} has {column.shape[0]} rows where the {what} have {length}.")


def _check_shape(name: str, column: NDArray[np.generic]) -> None:
    if column.ndim != 1:
        raise ValueError(f"{name} must have one dimension.")


def _check_bounds(name: str, column: NDArray[np.generic], bounds: Bounds) -> None:
    low, high = bounds
    if column.size and (float(column.min()) < low or float(column.max()) > high):
        raise ValueError(f"{name} must be between {low:,.0f} and {high:,.0f}.")
