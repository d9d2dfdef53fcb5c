"""The search: what the index finds for many legs at once, less what cannot be feasible, in blocks."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from matching.engine.bulk.bounds import ROUNDED_MILES, Bounds
from matching.engine.bulk.index import Runs, Singles, index_of, unit_vectors
from matching.engine.columns import Bools, Floats, Ints
from matching.engine.problem import Legs, Loads
from matching.engine.travel import EARTH_RADIUS_MILES

LEGS_AT_ONCE = 4096
"""For so many legs are the index's runs found in one call."""

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """The candidates of some legs: pairs of positions in `Legs` and `Loads`, the legs' pairs one after the other.

    `first` and `last` are the positions, in the rows asked about, of the first leg of the block and the one after.
    """

    leg: Ints
    load: Ints
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
        self._near, self._around, self._home = (_reach(miles, per_mile) for miles in (near, around, home))
        self._reaches = np.maximum(self._near, self._around), self._home
        self._chords = tuple(_longest_chord(miles) for miles in self._reaches)
        self._places = (
            unit_vectors(legs.empty_lat, legs.empty_lon),
            unit_vectors(legs.home_lat, legs.home_lon),
        )
        self._ends = (
            unit_vectors(loads.stop_lat[pickup], loads.stop_lon[pickup]),
            unit_vectors(loads.stop_lat[delivery], loads.stop_lon[delivery]),
        )
        # Round each end, the other end in the index's order; tested first on the axis that tells most apart.
        self._far = tuple(
            tuple(axis[index.order] for axis in self._ends[1 - end]) for end, index in enumerate(self._indexes)
        )
        self._axes = tuple(_axes_by_spread(self._ends[1 - end]) for end in (0, 1))
        # The same times as in the bounds, in half the memory; no minute of the calendar is cut off.
        self._times = tuple(
            (_narrow(bounds.latest_at[index.order]), _narrow(bounds.done_at[index.order])) for index in self._indexes
        )
        self._ready_at, self._home_by = _narrow(legs.ready_at), _narrow(legs.home_by)
        self._plain_fit = _capacities(legs, loads)
        self._needs_attributes = bool(loads.attributes.any())

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

    def candidates(self, rows: Ints, chosen: tuple[Runs, Runs], first: int, last: int) -> tuple[Ints, Ints]:
        """Return the pairs of the legs at positions `first` up to `last` of `rows`; a leg's pairs together."""
        parts = [self._at_end(end, rows, runs, first, last) for end, runs in enumerate(chosen)]
        position = np.concatenate([part[0] for part in parts])
        load = np.concatenate([part[1] for part in parts])
        if parts[0][0].size and parts[1][0].size:
            order = np.argsort(position, kind="stable")
            position, load = position[order], load[order]
        return rows[position], load

    def _at_end(self, end: int, rows: Ints, runs: Runs, first: int, last: int) -> tuple[Ints, Ints]:
        """Filter the runs of one index by the other end's distance, then by all that is known of the pair."""
        here = slice(*np.searchsorted(runs.leg, (first, last)).tolist())
        position, start, size = runs.leg[here], runs.start[here], runs.stop[here] - runs.start[here]
        leg = rows[position]
        # Where each candidate stands in the index.
        where = np.repeat(start - np.cumsum(size) + size, size)
        where += np.arange(where.size)
        bounded = bool(np.isfinite(self._reaches[1 - end][leg]).any())
        if bounded:
            axis, *others = self._axes[end]
            chord, place = self._chords[1 - end][leg], self._places[1 - end]
            gap = np.take(self._far[end][axis], where)
            gap -= np.repeat(place[axis][leg], size)
            np.abs(gap, out=gap)
            kept = np.flatnonzero(gap <= np.repeat(chord, size))
            where, run = where[kept], np.repeat(np.arange(size.size), size)[kept]
            squared = np.square(gap[kept])
            for axis in others:
                squared += np.square(self._far[end][axis][where] - place[axis][leg][run])
            kept = np.flatnonzero(squared <= np.square(chord)[run])
            where, run = where[kept], run[kept]
            kept = np.flatnonzero(self._in_time(end, where, leg[run]))
            where, run = where[kept], run[kept]
        else:
            latest_at, done_at = self._times[end]
            in_time = np.take(latest_at, where) >= np.repeat(self._ready_at[leg], size)
            in_time &= np.take(done_at, where) <= np.repeat(self._home_by[leg], size)
            kept = np.flatnonzero(in_time)
            run = np.repeat(np.arange(size.size), size)[kept]
            where = where[kept]
        load = self._indexes[end].order[where]
        position, leg = position[run], leg[run]
        could = self._could_be_feasible(leg, load)
        return position[could], load[could]

    def _in_time(self, end: int, where: Ints, leg: Ints) -> Bools:
        latest_at, done_at = self._times[end]
        in_time = latest_at[where] >= self._ready_at[leg]
        in_time &= done_at[where] <= self._home_by[leg]
        return np.asarray(in_time)

    def _could_be_feasible(self, leg: Ints, load: Ints) -> Ints:
        legs, loads, bounds = self.legs, self.loads, self.bounds
        suits = bounds.passable[load]
        for has, needs in self._plain_fit:
            suits &= needs[load] <= has[leg]
        if self._needs_attributes:
            suits &= (loads.attributes[load] & ~legs.attributes[leg]) == 0
        kept = np.flatnonzero(suits)
        leg, load = leg[kept], load[kept]
        to_pickup, to_home = (self._chord_miles(end, leg, load) for end in (0, 1))
        suits = to_pickup <= self._near[leg]
        along = self._along[leg]
        if along.any():
            straight = bounds.straight_per_mile
            suits |= along & (to_pickup + to_home + bounds.loaded_miles[load] * straight <= self._around[leg])
        suits &= to_home <= self._home[leg]
        per_mile = bounds.minutes_per_straight_mile
        at_pickup = legs.ready_at[leg] + per_mile * to_pickup
        suits &= at_pickup <= bounds.latest_at[load] + 1.0
        done_at = np.maximum(at_pickup + bounds.spent[load], bounds.done_at[load])
        suits &= done_at + per_mile * to_home <= legs.home_by[leg] + 1.0
        return kept[suits]

    def _chord_miles(self, end: int, leg: Ints, load: Ints) -> Floats:
        """Return miles straight through the earth, less what single precision may have added: never too long."""
        squared = np.zeros(leg.size, dtype=np.float32)
        for place, point in zip(self._places[end], self._ends[end], strict=True):
            squared += np.square(place[leg] - point[load])
        return np.asarray(np.sqrt(squared) * (EARTH_RADIUS_MILES * (1 - 1e-5)) - 0.002, dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    search: Search
    rows: Ints
    chosen: tuple[Runs, Runs]
    first: int
    last: int
    offset: int

    def __call__(self) -> Block:
        leg, load = self.search.candidates(self.rows, self.chosen, self.first, self.last)
        return Block(leg, load, self.offset + self.first, self.offset + self.last)


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


def _axes_by_spread(points: tuple[Singles, Singles, Singles]) -> NDArray[np.intp]:
    spread = [float(axis.std()) if axis.size else 0.0 for axis in points]
    return np.argsort(spread)[::-1]


def _runs_of(runs: Runs, chosen: Bools) -> Runs:
    kept = chosen[runs.leg]
    return Runs(runs.leg[kept], runs.start[kept], runs.stop[kept])


def _narrow(minutes: Ints) -> NDArray[np.int32]:
    return np.clip(minutes, -(2**31), 2**31 - 1).astype(np.int32)


def _capacities(legs: Legs, loads: Loads) -> list[tuple[Ints, Ints]]:
    """Return (what the legs have, what the loads need) of weight, length and pallets, where it can matter at all."""
    pairs = (
        (legs.weight_pounds, loads.weight_pounds),
        (legs.length_feet, loads.length_feet),
        (legs.pallets, loads.pallets),
    )
    return [(has, needs) for has, needs in pairs if has.size and needs.size and int(needs.max()) > int(has.min())]
