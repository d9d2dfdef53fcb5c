"""The search: what the index finds for many legs at once, less what cannot be feasible, in blocks."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import numpy as np

from matching.engine.bulk.bounds import ROUNDED_MILES, Bounds
from matching.engine.bulk.boxes import Boxes
from matching.engine.bulk.index import Runs, Singles, Vectors, index_of, unit_vectors
from matching.engine.columns import Bools, Floats, Ints
from matching.engine.problem import Legs, Loads
from matching.engine.travel import EARTH_RADIUS_MILES

LEGS_AT_ONCE = 4096
"""For so many legs are the index's runs found in one call."""

COUNTED = 1 << 18
"""Whole numbers kept ready: as many as a block of the usual size has candidates in an index."""
SHORT_BY = 0.1
"""Miles by which the straight miles of a block may be too short."""

Answer = TypeVar("Answer")
Found = tuple[Ints, Ints, Floats, Floats]
"""Of pairs: legs, loads, straight miles to the pickup and home."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """The candidates of some legs: pairs of positions in `Legs` and `Loads`, the legs' pairs one after the other.

    `first` and `last` are the positions, in the rows asked about, of the first leg of the block and the one after.
    `to_pickup` and `to_home` are miles straight through the earth, too short by at most `SHORT_BY` and never too long.
    """

    leg: Ints
    load: Ints
    to_pickup: Floats
    to_home: Floats
    first: int
    last: int


class Search:
    """A market made ready: both indexes, and in single precision what filters the candidates."""

    def __init__(self, legs: Legs, loads: Loads, bounds: Bounds) -> None:
        self.legs, self.loads, self.bounds = legs, loads, bounds
        pickup, delivery = loads.first_stop, loads.last_stop
        self._indexes = index_of(loads, pickup), index_of(loads, delivery)
        per_mile = bounds.straight_per_mile
        # NaN in a limit is no limit; in the out-of-route limit it offers nothing.
        around = np.nan_to_num(bounds.home_miles + legs.max_out_of_route_miles, nan=-1.0, posinf=np.inf)
        near = np.nan_to_num(legs.max_pickup_deadhead_miles, nan=np.inf, posinf=np.inf)
        home = np.nan_to_num(legs.max_home_deadhead_miles, nan=np.inf, posinf=np.inf)
        self._along = around > near
        self._any_along = bool(self._along.any())
        self._near, self._around, self._home = (_reach(miles, per_mile) for miles in (near, around, home))
        self._reaches = np.maximum(self._near, self._around), self._home
        self._chords = tuple(_longest_chord(miles) for miles in self._reaches)
        self._squared_chords = tuple(np.square(chord) for chord in self._chords)
        self._places = (
            unit_vectors(legs.empty_lat, legs.empty_lon),
            unit_vectors(legs.home_lat, legs.home_lon),
        )
        ends = (
            unit_vectors(loads.stop_lat[pickup], loads.stop_lon[pickup]),
            unit_vectors(loads.stop_lat[delivery], loads.stop_lon[delivery]),
        )
        self._counting = np.arange(COUNTED)
        self._fits = _capacities(legs, loads)
        self._needs_attributes = bool(loads.attributes.any())
        # In the order of each index, so that neighbours there are neighbours in memory.
        self._rows = tuple(
            _Rows.of(loads, bounds, index.order, ends, [needs for _, needs in self._fits]) for index in self._indexes
        )
        self._boxes = tuple(
            Boxes.of(self._places[1 - end], self._chords[1 - end], ends[1 - end], index.order, legs, bounds)
            for end, index in enumerate(self._indexes)
        )

    def blocks(self, leg_rows: Ints, block_pairs: int) -> Iterator[Callable[[], Block]]:
        """Yield work for blocks of at most about so many pairs in the index, leg by leg in order of `leg_rows`.

        A single leg's pairs are never parted.
        """
        for start in range(0, leg_rows.size, LEGS_AT_ONCE):
            rows = leg_rows[start : start + LEGS_AT_ONCE]
            chosen = self._choose(rows)
            sizes = np.cumsum(chosen[0].sizes(rows.size) + chosen[1].sizes(rows.size))
            first = 0
            while first < rows.size:
                before = int(sizes[first - 1]) if first else 0
                last = max(int(np.searchsorted(sizes, before + block_pairs, side="right")), first + 1)
                yield _Work(self, rows, chosen, first, last, start)
                first = last

    def _choose(self, rows: Ints) -> tuple[Runs, Runs]:
        """Return the runs of the legs by pickup and by delivery, each leg in the one that has fewer candidates."""
        legs = self.legs
        points = (legs.empty_lat, legs.empty_lon), (legs.home_lat, legs.home_lon)
        found = tuple(
            index.near(lat[rows], lon[rows], reach[rows], legs.equipment[rows])
            for index, (lat, lon), reach in zip(self._indexes, points, self._reaches, strict=True)
        )
        by_delivery = found[1].sizes(rows.size) < found[0].sizes(rows.size)
        return _runs_of(found[0], ~by_delivery), _runs_of(found[1], by_delivery)

    def candidates(self, rows: Ints, chosen: tuple[Runs, Runs], first: int, last: int) -> Found:
        """Return the pairs of the legs at positions `first` up to `last` of `rows`; a leg's pairs together."""
        parts = [self._at_end(end, rows, runs, first, last) for end, runs in enumerate(chosen)]
        position, load, to_pickup, to_home = (np.concatenate(column) for column in zip(*parts, strict=True))
        if parts[0][0].size and parts[1][0].size:
            order = np.argsort(position, kind="stable")
            position, load, to_pickup, to_home = position[order], load[order], to_pickup[order], to_home[order]
        return rows[position], load, to_pickup, to_home

    def _at_end(self, end: int, rows: Ints, runs: Runs, first: int, last: int) -> Found:
        """Filter the runs of one index by the boxes of the other end and of time, then by all that is known."""
        here = slice(*np.searchsorted(runs.leg, (first, last)).tolist())
        position, start, size = runs.leg[here], runs.start[here], runs.stop[here] - runs.start[here]
        leg = rows[position]
        # Where each candidate stands in the index.
        ends = np.cumsum(size)
        where = np.repeat(start - ends + size, size)
        where += self._counting[: where.size] if where.size <= self._counting.size else np.arange(where.size)
        kept = self._boxes[end].holding(leg, size, where)
        run = np.repeat(np.arange(size.size), np.diff(np.searchsorted(kept, ends), prepend=0))
        where = where[kept]
        could, to_pickup, to_home = self._could_be_feasible(end, leg[run], where)
        return position[run[could]], self._indexes[end].order[where[could]], to_pickup, to_home

    def _could_be_feasible(self, end: int, leg: Ints, where: Ints) -> tuple[Ints, Floats, Floats]:
        """Return which of the pairs of legs and rows of an index could be, and their straight miles to either end."""
        legs, bounds, loads = self.legs, self.bounds, self._rows[end]
        # Round the index's own end all are near already: the other one tells more.
        beyond = _squares(self._places[1 - end], leg, loads.ends[1 - end], where)
        suits = beyond <= self._squared_chords[1 - end][leg]
        suits &= loads.passable[where]
        for (has, _), needs in zip(self._fits, loads.needs, strict=True):
            suits &= needs[where] <= has[leg]
        if self._needs_attributes:
            suits &= (loads.attributes[where] & ~legs.attributes[leg]) == 0
        kept = np.flatnonzero(suits)
        leg, where = leg[kept], where[kept]
        miles = [_miles(_squares(self._places[end], leg, loads.ends[end], where)), _miles(beyond[kept])]
        to_pickup, to_home = miles if end == 0 else miles[::-1]
        suits = to_pickup <= self._near[leg]
        if self._any_along:
            straight = bounds.straight_per_mile
            around = to_pickup + to_home + loads.loaded_miles[where] * straight <= self._around[leg]
            suits |= self._along[leg] & around
        suits &= to_home <= self._home[leg]
        per_mile = bounds.minutes_per_straight_mile
        at_pickup = legs.ready_at[leg] + per_mile * to_pickup
        suits &= at_pickup <= loads.latest_at[where] + 1.0
        done_at = np.maximum(at_pickup + loads.spent[where], loads.done_at[where])
        suits &= done_at + per_mile * to_home <= legs.home_by[leg] + 1.0
        could = np.flatnonzero(suits)
        return kept[could], to_pickup[could], to_home[could]


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """What the filters ask of each load, in the order of an index."""

    ends: tuple[Vectors, Vectors]
    passable: Bools
    needs: list[Ints]
    attributes: Ints
    loaded_miles: Floats
    latest_at: Ints
    spent: Ints
    done_at: Ints

    @classmethod
    def of(cls, loads: Loads, bounds: Bounds, order: Ints, ends: tuple[Vectors, Vectors], needs: list[Ints]) -> "_Rows":
        """Put the columns of loads and bounds in order."""
        pickup, delivery = ((x[order], y[order], z[order]) for x, y, z in ends)
        return cls(
            (pickup, delivery),
            bounds.passable[order],
            [column[order] for column in needs],
            loads.attributes[order],
            bounds.loaded_miles[order],
            bounds.latest_at[order],
            bounds.spent[order],
            bounds.done_at[order],
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    search: Search
    rows: Ints
    chosen: tuple[Runs, Runs]
    first: int
    last: int
    offset: int

    def __call__(self) -> Block:
        found = self.search.candidates(self.rows, self.chosen, self.first, self.last)
        return Block(*found, self.offset + self.first, self.offset + self.last)


def in_order(work: Iterator[Callable[[], Answer]], workers: int) -> Iterator[Answer]:
    """Yield what each piece of work returns, in order; up to so many threads work ahead by a block each.

    Threads, because NumPy lets them run side by side, the columns are shared as they are, and a task that may have no
    child processes can have them.
    """
    if workers <= 1:
        for piece in work:
            yield piece()
        return
    with ThreadPoolExecutor(max_workers=workers) as pool:
        running = [pool.submit(piece) for piece in islice(work, workers + 1)]
        try:
            while running:
                answer = running.pop(0).result()
                running.extend(pool.submit(piece) for piece in islice(work, 1))
                yield answer
        finally:
            for rest in running:
                rest.cancel()


def _reach(miles: Floats, straight_per_mile: float) -> Floats:
    """Return great-circle miles within which all lies that is within so many oracle miles; infinite for no limit."""
    return np.asarray((miles + ROUNDED_MILES) * straight_per_mile + 0.01)


def _longest_chord(miles: Floats) -> Singles:
    """Return the chord of an arc on the unit sphere, longer by more than single precision may lose; at most 2.1."""
    arc = np.clip(miles / EARTH_RADIUS_MILES, 0.0, np.pi)
    return np.asarray(2.0 * np.sin(arc / 2.0) * (1 + 1e-5) + 1e-6, dtype=np.float32) + np.where(
        miles / EARTH_RADIUS_MILES >= np.pi, np.float32(0.1), np.float32(0.0)
    )


def _runs_of(runs: Runs, chosen: Bools) -> Runs:
    kept = chosen[runs.leg]
    return Runs(runs.leg[kept], runs.start[kept], runs.stop[kept])


def _squares(places: Vectors, leg: Ints, ends: Vectors, where: Ints) -> Singles:
    """Return the squared chords on the unit sphere between legs' places and loads' ends."""
    squared = np.zeros(leg.size, dtype=np.float32)
    for place, point in zip(places, ends, strict=True):
        gap = place[leg]
        gap -= point[where]
        gap *= gap
        squared += gap
    return squared


def _miles(squared: Singles) -> Floats:
    """Return miles straight through the earth, less what single precision may have added: never too long."""
    return np.asarray(np.sqrt(squared) * (EARTH_RADIUS_MILES * (1 - 1e-5)) - 0.002, dtype=np.float64)


def _capacities(legs: Legs, loads: Loads) -> list[tuple[Ints, Ints]]:
    """Return (what the legs have, what the loads need) of weight, length and pallets, where it can matter at all."""
    pairs = (
        (legs.weight_pounds, loads.weight_pounds),
        (legs.length_feet, loads.length_feet),
        (legs.pallets, loads.pallets),
    )
    return [(has, needs) for has, needs in pairs if has.size and needs.size and int(needs.max()) > int(has.min())]
