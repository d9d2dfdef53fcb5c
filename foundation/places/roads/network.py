"""The road network in use: loads or builds the graph, answers miles and minutes, draws ways."""

import os
import sys
import tempfile
import threading
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path as FilePath

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from foundation.places.geometry import EARTH_RADIUS_MILES, great_circle_miles, unit_vectors
from foundation.places.roads.barriers import barrier_points, crosses_barrier
from foundation.places.roads.build import (
    FREEWAY_MPH,
    MILLIS,
    SHIFT,
    SURFACE_FACTOR,
    SURFACE_MPH,
    RoadGraph,
    build_graph,
    road_version,
    weight,
)
from foundation.places.roads.many import NEAR_MILES, NEAR_WEIGHT, Ends, NearNodes, between_by_nodes, distinct
from foundation.places.travel import Path, Travel

if sys.platform != "win32":
    import fcntl

ACCESS_NODES = 6
DIRECT_MILES = 30.0
"""Up to this great-circle distance a trip may go straight over the surface, without entering the network."""
ESTIMATED_SURFACE_MILES = 10.0
ESTIMATED_SURFACE_SHARE = 0.25
DETOUR = 1.3
"""A trip is estimated when more than 10 of its miles, and more than a quarter of them, are off the mapped freeways, or
when it is more than 30 miles long and over 1.3 times the great circle: a road that is not mapped may be shorter."""
MANY_PAIRS = 2_000
"""From so many pairs on, searches start from the network's nodes, which many points share."""
ROWS_KEPT = 256
TABLES_KEPT = 16
BARRIER_SLACK_MILES = 5.0
"""Barriers are sampled every 0.1 degrees, so a distance to one may be too long by so much."""

Floats = NDArray[np.float64]


class RoadNetwork:
    """Miles and minutes by road between points of the 48 states; safe to share between threads."""

    def __init__(self, graph: RoadGraph, version: str) -> None:
        self.graph = graph
        self.version = version
        self._access_lats, self._access_lons = graph.lats[graph.access], graph.lons[graph.access]
        self._tree = cKDTree(unit_vectors(self._access_lats, self._access_lons))
        barriers = barrier_points()
        distances, _ = cKDTree(unit_vectors(barriers[:, 0], barriers[:, 1])).query(self._tree.data)
        self._barrier_miles = distances * EARTH_RADIUS_MILES - BARRIER_SLACK_MILES
        self._lock = threading.Lock()
        self._rows: OrderedDict[tuple[float, float], tuple[Floats, float]] = OrderedDict()
        self._tables: OrderedDict[tuple[bytes, bytes], tuple[NDArray[np.int32], Floats]] = OrderedDict()
        self._near: NearNodes | None = None

    @classmethod
    def load(cls, cache_dir: FilePath | str) -> "RoadNetwork":
        """Return the network cached in that folder, built first if there is none; one process at a time builds."""
        folder = FilePath(cache_dir)
        file = folder / f"{road_version()}.npz"
        graph = _read(file)
        if graph is None:
            with _building(folder):
                graph = _read(file)
                if graph is None:
                    return cls.build(folder)
        return cls(graph, road_version())

    @classmethod
    def build(cls, cache_dir: FilePath | str) -> "RoadNetwork":
        """Build the network anew and cache it; readers see the old file or the whole new one."""
        graph, folder = build_graph(), FilePath(cache_dir)
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(dir=folder, suffix=".npz.part")
        try:
            with os.fdopen(descriptor, "wb") as file:
                np.savez(file, **asdict(graph))
            os.replace(draft, folder / f"{road_version()}.npz")
        except BaseException:
            FilePath(draft).unlink(missing_ok=True)
            raise
        return cls(graph, road_version())

    def one_to_many(self, lat: float, lon: float, lats: ArrayLike, lons: ArrayLike) -> Travel:
        """Travel from one point to each of n; a repeated origin costs no second search."""
        to_lats, to_lons = _points(lats, lons)
        if not len(to_lats):
            return _travel(np.empty(0), np.empty(0))
        return self._arrive(float(lat), float(lon), to_lats, to_lons)

    def many_to_one(self, lats: ArrayLike, lons: ArrayLike, lat: float, lon: float) -> Travel:
        """Travel from each of n points to one: the network is the same in both directions."""
        return self.one_to_many(lat, lon, lats, lons)

    def pairs(self, lats_a: ArrayLike, lons_a: ArrayLike, lats_b: ArrayLike, lons_b: ArrayLike) -> Travel:
        """Travel from the i-th point of a to the i-th of b: a search for each distinct point of the side with fewer.

        Many pairs are answered from the network's nodes, with the same figures.
        """
        a, b = np.column_stack(_points(lats_a, lons_a)), np.column_stack(_points(lats_b, lons_b))
        if len(a) != len(b):
            raise ValueError(f"{len(a)} origins and {len(b)} destinations do not make pairs")
        weights, straights = self._many(a, b) if len(a) >= MANY_PAIRS else self._few(a, b)
        return _travel(weights, straights)

    def _many(self, a: Floats, b: Floats) -> tuple[Floats, Floats]:
        """Return the weights and the straight miles of pairs: near ones by the nodes' table, then far ones by nodes."""
        (points_a, which_a), (points_b, which_b) = distinct(a), distinct(b)
        if len(points_b) < len(points_a):
            points_a, which_a, points_b, which_b = points_b, which_b, points_a, which_a
        ends = [Ends(which, *self._enter(*points.T)) for points, which in ((points_a, which_a), (points_b, which_b))]
        weights, straights = self._direct_pairs(points_a[which_a], points_b[which_b], ends[0])
        near = np.flatnonzero(straights <= NEAR_MILES)
        if len(near):
            found = self._near_nodes().between(*(Ends(end.point[near], end.nodes, end.access) for end in ends))
            weights[near] = np.minimum(weights[near], found)
        # Beyond the table's reach another way might be shorter.
        far = np.flatnonzero(~(weights < NEAR_WEIGHT))
        if not len(far):
            return weights, straights
        far_ends = [Ends(end.point[far], end.nodes, end.access) for end in ends]
        if np.unique(far_ends[0].point).size < np.unique(ends[0].nodes[far_ends[0].point]).size:
            weights[far] = self._few(points_a[which_a[far]], points_b[which_b[far]])[0]
        else:
            weights[far] = np.minimum(weights[far], between_by_nodes(self.graph, *far_ends))
        return weights, straights

    def _direct_pairs(self, a: Floats, b: Floats, ends: Ends) -> tuple[Floats, Floats]:
        """Return `_direct` of pairs; a barrier is looked for only where one is near enough to the first point."""
        straights = np.asarray(great_circle_miles(*a.T, *b.T))
        weights = np.where(straights <= DIRECT_MILES, weight(straights * SURFACE_FACTOR, SURFACE_MPH), np.inf)
        weights[straights == 0] = 0.0
        near = np.flatnonzero(straights <= DIRECT_MILES)
        node = np.searchsorted(self.graph.access, ends.nodes[ends.point[near], 0])
        to_node = great_circle_miles(a[near, 0], a[near, 1], self._access_lats[node], self._access_lons[node])
        near = near[straights[near] > self._barrier_miles[node] - to_node]
        weights[near[crosses_barrier(*a[near].T, *b[near].T)]] = np.inf
        return weights, straights

    def prepare(self) -> None:
        """Work out the table of near nodes now, in half a second, which later answers for near places come from."""
        self._near_nodes()

    def _near_nodes(self) -> NearNodes:
        near = self._near
        if near is None:
            near = self._near = NearNodes.of(self.graph)
        return near

    def _few(self, a: Floats, b: Floats) -> tuple[Floats, Floats]:
        """Return the weights and the straight miles of pairs, a search for each distinct point."""
        weights, straights = np.empty(len(a)), np.empty(len(a))
        origins_a, group_a = np.unique(a, axis=0, return_inverse=True)
        origins_b, group_b = np.unique(b, axis=0, return_inverse=True)
        if len(origins_b) < len(origins_a):
            origins, group, ends = origins_b, group_b.ravel(), a
        else:
            origins, group, ends = origins_a, group_a.ravel(), b
        order = np.argsort(group, kind="stable")
        nodes, access = self._table(ends[:, 0], ends[:, 1]) if len(ends) else (np.empty(0, np.int32), np.empty(0))
        bounds = np.searchsorted(group[order], np.arange(len(origins) + 1))
        for index, (lat, lon) in enumerate(origins.tolist()):
            members = order[bounds[index] : bounds[index + 1]]
            direct, straight = self._direct(lat, lon, ends[members, 0], ends[members, 1])
            found = self._found(lat, lon, straight, direct, nodes[members], access[members], keep=False)
            weights[members], straights[members] = found, straight
        return weights, straights

    def path(self, lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> Path:
        """Return the way from a to b as a line for the map: freeways as mapped, surface legs straight."""
        start, end = (float(lat_a), float(lon_a)), (float(lat_b), float(lon_b))
        weights, parents = self._search(*start, parents=True)
        nodes, access = self._table(np.array([end[0]]), np.array([end[1]]))
        offers = weights[nodes[0]] + access[0]
        direct, _ = self._direct(*start, np.array([end[0]]), np.array([end[1]]))
        if direct[0] <= offers.min():
            return [start, end]
        graph, line, node = self.graph, [end], int(nodes[0, int(offers.argmin())])
        source = len(graph.lats)
        while node != source:
            line.append((float(graph.lats[node]), float(graph.lons[node])))
            parent = int(parents[node])
            if parent != source:
                edges = slice(graph.starts[parent], graph.starts[parent + 1])
                edge = int(graph.starts[parent]) + int(np.flatnonzero(graph.targets[edges] == node)[0])
                inner = slice(graph.chain_starts[edge], graph.chain_starts[edge + 1])
                between = np.column_stack((graph.chain_lats[inner], graph.chain_lons[inner]))[::-1]
                line += [(lat, lon) for lat, lon in between.tolist()]
            node = parent
        return [*([] if line[-1] == start else [start]), *line[::-1]]

    def _found(
        self, lat: float, lon: float, straight: Floats, direct: Floats, nodes: NDArray[np.int32], access: Floats,
        *, keep: bool,
    ) -> Floats:  # fmt: skip
        """Return the least weights from a point to others: straight over the surface, or by their nodes.

        Near ones stand in the nodes' table, once there is one. The search goes no further than they should be away;
        whatever is not found within it is searched for farther.
        """
        if self._near is not None and (lat, lon) not in self._rows and straight.max() <= NEAR_MILES:
            (node,), (way,) = self._enter(np.array([lat]), np.array([lon]))
            found: Floats = np.minimum(self._near.from_point(node, way, nodes, access), direct)
            if (found < NEAR_WEIGHT).all():
                return found
        expected = (60 + float(straight.max()) * 1.3 * 60 / SURFACE_MPH) * MILLIS * SHIFT
        row, limit = self._row(lat, lon, expected, keep=keep)
        found = np.minimum((row[nodes] + access).min(axis=1), direct)
        # A node beyond the limit is farther than all that was found within it.
        if (found > limit).any():
            row, _ = self._row(lat, lon, np.inf, keep=keep)
            found = np.minimum((row[nodes] + access).min(axis=1), direct)
        return found

    def _row(self, lat: float, lon: float, limit: float, *, keep: bool) -> tuple[Floats, float]:
        """Return the weights from a point to every node, and up to which weight they are known: so far at least."""
        with self._lock:
            kept = self._rows.get((lat, lon))
            if kept is not None and kept[1] >= limit:
                self._rows.move_to_end((lat, lon))
                return kept
        if kept is not None:
            limit = np.inf  # asked for more than once: likely again
        row = self._search(lat, lon, limit=limit)[0], limit
        if keep:
            with self._lock:
                self._rows[lat, lon] = row
                self._rows.move_to_end((lat, lon))
                while len(self._rows) > ROWS_KEPT:
                    self._rows.popitem(last=False)
        return row

    def _search(
        self, lat: float, lon: float, *, limit: float = np.inf, parents: bool = False
    ) -> tuple[Floats, NDArray[np.int32]]:
        """Run Dijkstra from a point, which joins the graph as its last node."""
        graph, source = self.graph, len(self.graph.lats)
        nodes, access = self._enter(np.array([lat]), np.array([lon]))
        open_way = np.isfinite(access[0])
        matrix = csr_matrix(
            (
                np.concatenate((graph.weights, access[0][open_way])),
                np.concatenate((graph.targets, nodes[0][open_way])),
                np.concatenate((graph.starts, [len(graph.targets) + int(open_way.sum())])).astype(np.int32),
            ),
            shape=(source + 1, source + 1),
        )
        if parents:
            weights, before = dijkstra(matrix, indices=source, limit=limit, return_predecessors=True)
            return weights, before
        return np.asarray(dijkstra(matrix, indices=source, limit=limit)), np.empty(0, np.int32)

    def _arrive(self, lat: float, lon: float, lats: Floats, lons: Floats) -> Travel:
        nodes, access = self._table(lats, lons)
        direct, straight = self._direct(lat, lon, lats, lons)
        return _travel(self._found(lat, lon, straight, direct, nodes, access, keep=True), straight)

    def _table(self, lats: Floats, lons: Floats) -> tuple[NDArray[np.int32], Floats]:
        """Return `_enter` of the points, remembered for the arrays that were asked about last."""
        key = lats.tobytes(), lons.tobytes()
        with self._lock:
            if key in self._tables:
                self._tables.move_to_end(key)
                return self._tables[key]
        table = self._enter(lats, lons)
        with self._lock:
            self._tables[key] = table
            while len(self._tables) > TABLES_KEPT:
                self._tables.popitem(last=False)
        return table

    def _enter(self, lats: Floats, lons: Floats) -> tuple[NDArray[np.int32], Floats]:
        """Return the nearest nodes of each point and the weights to them, both (n, 6); infinite across a barrier."""
        chords, found = self._tree.query(unit_vectors(lats, lons), k=ACCESS_NODES)
        miles = chords * (EARTH_RADIUS_MILES * (1 + chords**2 / 24))  # the arc of a short chord, to a millionth
        weights = weight(miles * SURFACE_FACTOR, SURFACE_MPH)
        points, ways = np.nonzero(miles > self._barrier_miles[found])
        if len(points):
            ends = found[points, ways]
            blocked = np.zeros(found.shape, dtype=bool)
            blocked[points, ways] = crosses_barrier(
                lats[points], lons[points], self._access_lats[ends], self._access_lons[ends]
            )
            blocked[blocked.all(axis=1)] = False
            weights[blocked] = np.inf
        return self.graph.access[found], weights

    def _direct(self, lat: float, lon: float, lats: Floats, lons: Floats) -> tuple[Floats, Floats]:
        """Return the weights of going straight over the surface, infinite where that is too far, and straight miles."""
        miles = great_circle_miles(lat, lon, lats, lons)
        weights = np.where(miles <= DIRECT_MILES, weight(miles * SURFACE_FACTOR, SURFACE_MPH), np.inf)
        weights[miles == 0] = 0.0
        near = np.flatnonzero(miles <= DIRECT_MILES)
        if len(near):
            count = len(near)
            blocked = crosses_barrier(np.full(count, lat), np.full(count, lon), lats[near], lons[near])
            weights[near[blocked]] = np.inf
        return weights, np.asarray(miles)


def _points(lats: ArrayLike, lons: ArrayLike) -> tuple[Floats, Floats]:
    flat_lats, flat_lons = np.ravel(np.asarray(lats, np.float64)), np.ravel(np.asarray(lons, np.float64))
    if len(flat_lats) != len(flat_lons):
        raise ValueError(f"{len(flat_lats)} latitudes and {len(flat_lons)} longitudes do not make points")
    return flat_lats, flat_lons


def _travel(weights: Floats, straight_miles: Floats) -> Travel:
    """Take weights apart into miles and minutes; how much was surface follows from the two."""
    minutes = np.floor(weights / SHIFT)
    miles = (weights - minutes * SHIFT) / MILLIS
    minutes = minutes / MILLIS
    surface_miles = (minutes - miles * 60 / FREEWAY_MPH) / (60 / SURFACE_MPH - 60 / FREEWAY_MPH)
    estimated = (surface_miles > ESTIMATED_SURFACE_MILES) & (surface_miles > ESTIMATED_SURFACE_SHARE * miles)
    estimated |= (miles > DIRECT_MILES) & (miles > DETOUR * straight_miles)
    return Travel(miles, minutes, estimated)


def _read(file: FilePath) -> RoadGraph | None:
    """Read a cached graph, or None where there is none or it is damaged."""
    try:
        with file.open("rb") as handle, np.load(handle, allow_pickle=False) as arrays:
            return RoadGraph(**{name: arrays[name] for name in arrays.files})
    except (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile):
        return None


@contextmanager
def _building(folder: FilePath) -> Iterator[None]:
    """Hold the folder's build lock; another process that wants the network waits for this one's file."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "roads.lock").open("a") as lock:
        if sys.platform != "win32":
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
