"""Road miles for many pairs at once: searches start from the network's access nodes, not from every point.

A way between two points leaves by one of six nodes and arrives by one of six, so the best of 36 sums is the very weight
that a search from the point itself finds: weights are whole numbers, and their sums are exact.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from foundation.places.roads.build import FREEWAY_MPH, MILLIS, SHIFT, RoadGraph

NEAR_MINUTES = 240
"""Weights between nodes at most so far apart are kept: farther than nearly every deadhead."""
NEAR_WEIGHT = NEAR_MINUTES * MILLIS * SHIFT
NEAR_MILES = NEAR_MINUTES * FREEWAY_MPH / 60 * 1.03
"""No two points farther apart than this are so near, whatever the earth's true shape."""
SOURCES_AT_ONCE = 128

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Ends:
    """Distinct points and which of them each of n pairs has: the nodes of a point and the weights to them, (m, 6)."""

    point: Ints
    nodes: NDArray[np.int32]
    access: Floats


@dataclass(frozen=True, slots=True, eq=False)
class NearNodes:
    """For each access node, those within NEAR_MINUTES: `targets[starts[i] : starts[i + 1]]` and the weights to them.

    Nodes are counted by `position`, their place among the access nodes.
    """

    position: Ints
    starts: Ints
    targets: NDArray[np.int16]
    weights: Floats

    @classmethod
    def of(cls, graph: RoadGraph) -> "NearNodes":
        """Search from every access node; takes about half a second."""
        position = np.full(len(graph.lats), -1, dtype=np.int64)
        position[graph.access] = np.arange(len(graph.access))
        counts, targets, weights = [], [], []
        for first in range(0, len(graph.access), SOURCES_AT_ONCE):
            sources = graph.access[first : first + SOURCES_AT_ONCE]
            found = dijkstra(_matrix(graph), indices=sources, limit=NEAR_WEIGHT)[:, graph.access]
            rows, columns = np.nonzero(np.isfinite(found))
            counts.append(np.bincount(rows, minlength=len(sources)))
            targets.append(columns.astype(np.int16))
            weights.append(found[rows, columns])
        starts = np.concatenate([[0], np.cumsum(np.concatenate(counts))]).astype(np.int64)
        return cls(position, starts, np.concatenate(targets), np.concatenate(weights))

    def between(self, a: Ends, b: Ends) -> Floats:
        """Return the weights of pairs; infinite, or above NEAR_WEIGHT, where there may be a shorter way."""
        found = np.full(a.point.size, np.inf)
        order = np.argsort(a.point, kind="stable")
        used, first = np.unique(a.point[order], return_index=True)
        bounds = np.append(first, order.size)
        leave, arrive = self.position[a.nodes], self.position[b.nodes]
        for start in range(0, used.size, SOURCES_AT_ONCE):
            points = used[start : start + SOURCES_AT_ONCE]
            rows = self._rows(leave[points], a.access[points])
            pairs = order[bounds[start] : bounds[start + points.size]]
            row, end = np.searchsorted(points, a.point[pairs]), b.point[pairs]
            best = np.full(pairs.size, np.inf)
            for way in range(arrive.shape[1]):
                np.minimum(best, rows[row, arrive[end, way]] + b.access[end, way], out=best)
            found[pairs] = best
        return found

    def from_point(self, node: NDArray[np.int32], way: Floats, nodes: NDArray[np.int32], access: Floats) -> Floats:
        """Return the weights from one point (its nodes and the weights to them, (6,)) to n others, (n, 6) each; as
        `between` does.
        """
        row = self._rows(self.position[node][None], way[None])[0]
        return np.asarray((row[self.position[nodes]] + access).min(axis=1))

    def _rows(self, leave: Ints, access: Floats) -> Floats:
        """Return the weights from points to every access node that is near, one row a point."""
        rows = np.full((leave.shape[0], self.starts.size - 1), np.inf)
        for way in range(leave.shape[1]):
            starts = self.starts[leave[:, way]]
            sizes = self.starts[leave[:, way] + 1] - starts
            row = np.repeat(np.arange(leave.shape[0]), sizes)
            where = np.arange(row.size) + np.repeat(starts - np.cumsum(sizes) + sizes, sizes)
            target = self.targets[where]
            rows[row, target] = np.minimum(rows[row, target], self.weights[where] + access[row, way])
        return rows


def between_by_nodes(graph: RoadGraph, a: Ends, b: Ends) -> Floats:
    """Return the weights of pairs however far apart: one search for each node by which the points of `a` leave."""
    found = np.full(a.point.size, np.inf)
    matrix = _matrix(graph)
    leave = a.nodes[a.point]
    order = np.argsort(leave.ravel(), kind="stable")
    entry = leave.ravel()[order]
    sources, first = np.unique(entry, return_index=True)
    bounds = np.append(first, entry.size)
    ways = leave.shape[1]
    for start in range(0, sources.size, SOURCES_AT_ONCE):
        batch = sources[start : start + SOURCES_AT_ONCE]
        rows = dijkstra(matrix, indices=batch)
        entries = order[bounds[start] : bounds[start + batch.size]]
        pairs, way = entries // ways, entries % ways
        row, end = np.searchsorted(batch, leave.ravel()[entries]), b.point[pairs]
        best = np.full(entries.size, np.inf)
        for arrival in range(b.nodes.shape[1]):
            np.minimum(best, rows[row, b.nodes[end, arrival]] + b.access[end, arrival], out=best)
        best += a.access[a.point[pairs], way]
        np.minimum.at(found, pairs, best)
    return found


def distinct(points: Floats) -> tuple[Floats, Ints]:
    """Return the different ones of n points, shape (n, 2), and which of them each is."""
    whole = points[:, 0] + 1j * points[:, 1]
    changes = np.flatnonzero(np.concatenate([[True], whole[1:] != whole[:-1]]))
    some, which = np.unique(whole[changes], return_inverse=True)
    lengths = np.diff(np.append(changes, len(whole)))
    return np.column_stack((some.real, some.imag)), np.repeat(which.ravel(), lengths)


def _matrix(graph: RoadGraph) -> csr_matrix:
    count = len(graph.lats)
    return csr_matrix((graph.weights, graph.targets, graph.starts), shape=(count, count))
