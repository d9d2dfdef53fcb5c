"""Columns that share legs and loads: prices and their bound, and a choice that is improved move by move."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from matching.engine.columns import Bools, Floats, Ints
from matching.engine.plan.problem import Columns
from matching.engine.tours.problem import NO_LOAD

NOBODY = -1


@dataclass(frozen=True, eq=False, kw_only=True)
class Packing:
    """n columns by leg, each worth something and the best of its leg for its loads.

    `where` (n,) are their positions among the columns given, `leg` (n,), `loads` (n, 3) padded with -1, `gain` (n,).
    `starts` and `legs` say where the columns of each leg that has any begin, and which leg that is.
    """

    leg_count: int
    load_count: int
    where: Ints
    leg: Ints
    loads: Ints
    gain: Ints
    starts: Ints
    legs: Ints

    @classmethod
    def of(cls, leg_count: int, load_count: int, columns: Columns) -> Self:
        """Return the packing; raises `ValueError` for rows outside the counts, no load, or a load twice in a column."""
        leg, loads, gain = columns.leg_row, columns.load_rows, columns.gain_cents
        if len(columns):
            if leg.min() < 0 or leg.max() >= leg_count:
                raise ValueError(f"leg_row must be from 0 to {leg_count - 1}.")
            if loads.min() < NO_LOAD or loads.max() >= load_count:
                raise ValueError(f"load_rows must be from 0 to {load_count - 1}, or -1.")
        alike = np.sort(loads, axis=1)
        if (alike[:, -1:] == NO_LOAD).any():
            raise ValueError("load_rows must name a load in each row.")
        if ((alike[:, 1:] == alike[:, :-1]) & (alike[:, 1:] != NO_LOAD)).any():
            raise ValueError("load_rows must not name a load twice in a row.")
        order = np.lexsort((loads[:, 1], loads[:, 0], -gain, *alike.T[::-1], leg))
        order = order[gain[order] > 0]
        again = np.zeros(order.size, dtype=np.bool_)
        again[1:] = (leg[order[1:]] == leg[order[:-1]]) & (alike[order[1:]] == alike[order[:-1]]).all(axis=1)
        order = order[~again]
        legs, starts = np.unique(leg[order], return_index=True)
        return cls(
            leg_count=leg_count,
            load_count=load_count,
            where=order,
            leg=leg[order],
            loads=loads[order],
            gain=gain[order],
            starts=starts,
            legs=legs,
        )

    def __len__(self) -> int:
        return int(self.leg.size)

    def reduced(self, price: Ints) -> Ints:
        """Return what each column gains after paying for its loads; `price` (loads,)."""
        paid = np.append(price, 0)
        return np.asarray(self.gain - paid[self.loads].sum(axis=1))

    def profits(self, reduced: Ints) -> Ints:
        """Return what each leg keeps at best, none less than 0, shape (legs,)."""
        profit = np.zeros(self.leg_count, dtype=np.int64)
        if len(self):
            profit[self.legs] = np.maximum(np.maximum.reduceat(reduced, self.starts), 0)
        return profit

    def bound(self, price: Ints) -> int:
        """Return prices plus profits: no choice gains more, whatever the prices, so long as none is negative."""
        return int(price.sum()) + int(self.profits(self.reduced(price)).sum())

    def best_per_leg(self, rows: Ints, worth: Ints | Floats, count: int) -> Ints:
        """Return those of the rows that are among the `count` of highest worth (rows,) of their leg, ascending."""
        order = np.lexsort((rows, -worth, self.leg[rows]))
        leg = self.leg[rows][order]
        rank = np.arange(order.size) - np.searchsorted(leg, leg)
        return np.asarray(np.sort(rows[order[rank < count]]))


class Choice:
    """A choice that may be changed: the column of each leg and the leg of each load, -1 for none."""

    def __init__(self, packing: Packing, rows: Ints) -> None:
        self.packing = packing
        self.column = np.full(packing.leg_count, NOBODY, dtype=np.int64)
        # One more than there are loads, so that the padding of columns finds nobody at -1.
        self.leg = np.full(packing.load_count + 1, NOBODY, dtype=np.int64)
        for row in rows.tolist():
            if self._is_free(row):
                self._take(row)

    @property
    def rows(self) -> Ints:
        """The columns chosen, ascending."""
        return np.asarray(np.sort(self.column[self.column != NOBODY]))

    @property
    def gain(self) -> int:
        """What the choice gains, in cents."""
        return int(self.packing.gain[self.rows].sum())

    def improve(self, sweeps: int) -> None:
        """Bring in columns that gain more than what they drive out, best first, until none does."""
        for _ in range(sweeps):
            worth = self._worth()
            rows = np.flatnonzero(worth > 0)
            if not rows.size:
                return
            rows = self.packing.best_per_leg(rows, worth[rows], 4)
            rows = rows[np.lexsort((rows, -worth[rows]))]
            for row in rows.tolist():
                out = self._driven_out(row)
                if self.packing.gain[row] > sum(int(self.packing.gain[other]) for other in out):
                    for other in out:
                        self._drop(other)
                    self._take(row)

    def _worth(self) -> Ints:
        """Return for each column what the choice would gain by it, those driven out taken off."""
        packing = self.packing
        held = np.append(np.where(self.column == NOBODY, 0, packing.gain[self.column]) if len(packing) else [], 0)
        owners = self.leg[packing.loads]
        lost = held[packing.leg]
        for place in range(owners.shape[1]):
            counted = owners[:, place] == packing.leg
            for before in range(place):
                counted |= owners[:, place] == owners[:, before]
            lost = lost + np.where(counted, 0, held[owners[:, place]])
        return np.asarray(np.where(self.column[packing.leg] == np.arange(len(packing)), 0, packing.gain - lost))

    def _driven_out(self, row: int) -> list[int]:
        legs = {int(self.packing.leg[row]), *self.leg[self.packing.loads[row]].tolist()} - {NOBODY}
        return [column for column in self.column[sorted(legs)].tolist() if column != NOBODY]

    def free(self) -> Bools:
        """Return which columns drive nothing out, shape (n,)."""
        packing = self.packing
        return np.asarray((self.column[packing.leg] == NOBODY) & (self.leg[packing.loads] == NOBODY).all(axis=1))

    def _is_free(self, row: int) -> bool:
        return not self._driven_out(row)

    def _take(self, row: int) -> None:
        loads = self.packing.loads[row]
        self.column[self.packing.leg[row]] = row
        self.leg[loads[loads != NO_LOAD]] = self.packing.leg[row]

    def _drop(self, row: int) -> None:
        loads = self.packing.loads[row]
        self.column[self.packing.leg[row]] = NOBODY
        self.leg[loads[loads != NO_LOAD]] = NOBODY
