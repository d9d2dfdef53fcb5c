"""How tours lie in rows: the stops of each in driving order, and what is on board on the way to each."""

from dataclasses import dataclass

import numpy as np

from matching.engine.columns import Bools, Ints
from matching.engine.problem import Loads
from matching.engine.tours.problem import NO_LOAD, Tours


@dataclass(frozen=True, eq=False, kw_only=True)
class Layout:
    """n tours of at most w stops: `stops` (n,) how many, all others (n, w), of no account beyond a tour's stops.

    `where` is the stop's position in `Loads`, `load` its load's row; `begins` and `ends` say that it is the load's
    first or last stop: the whole load is on board from the one to the other. `aboard` counts the loads on board when
    the truck leaves the stop, `aboard_before` when it arrives.
    """

    stops: Ints
    used: Bools
    where: Ints
    load: Ints
    begins: Bools
    ends: Bools
    aboard: Ints
    aboard_before: Ints

    def take(self, rows: Ints) -> "Layout":
        """Return the tours at these positions."""
        return Layout(
            stops=self.stops[rows],
            used=self.used[rows],
            where=self.where[rows],
            load=self.load[rows],
            begins=self.begins[rows],
            ends=self.ends[rows],
            aboard=self.aboard[rows],
            aboard_before=self.aboard_before[rows],
        )

    def on_board(self, amounts: Ints) -> Ints:
        """Return what is on board when the truck leaves each stop, given the amount of each load, (n, w)."""
        amount = amounts[self.load]
        return np.asarray(np.cumsum(amount * self.begins - amount * self.ends, axis=1))


def lay_out(loads: Loads, tours: Tours) -> Layout:
    """Return the rows of tours."""
    stops = np.diff(tours.stop_offsets)
    position = np.arange(int(stops.max(initial=1)))[None, :]
    used = position < stops[:, None]
    entry = np.where(used, tours.stop_offsets[:-1, None] + position, 0)
    where = np.where(used, tours.stops[entry] if tours.stops.size else 0, 0)
    owner = np.repeat(np.arange(len(loads)), np.diff(loads.stop_offsets))
    begins_at, ends_at = np.zeros(owner.size, dtype=np.bool_), np.zeros(owner.size, dtype=np.bool_)
    begins_at[loads.first_stop], ends_at[loads.last_stop] = True, True
    empty = not owner.size
    begins = used & (False if empty else begins_at[where])
    ends = used & (False if empty else ends_at[where])
    aboard = np.cumsum(begins.astype(np.int64) - ends, axis=1)
    return Layout(
        stops=stops,
        used=used,
        where=where,
        load=np.zeros_like(where) if empty else owner[where],
        begins=begins,
        ends=ends,
        aboard=aboard,
        aboard_before=aboard - begins + ends,
    )


def loads_named(tours: Tours) -> tuple[Bools, Ints]:
    """Return which entries of `load_rows` name a load, and the rows with 0 where none is named; both (n, k)."""
    named = tours.load_rows != NO_LOAD
    return named, np.where(named, tours.load_rows, 0)


def any_stop(table: Bools) -> Bools:
    """Say for which tours something is so at any stop, given a table of shape (n, w)."""
    return np.asarray(table.any(axis=1), dtype=np.bool_)
