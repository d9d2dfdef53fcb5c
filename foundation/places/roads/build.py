"""Builds the road graph: the US freeways of scgraph joined with a surface layer over ZIP centres.

Freeway edges keep their mapped length. The surface layer is a Delaunay triangulation over thinned ZIP centres and
freeway nodes; its edges count great circle x 1.20. Freeway nodes of degree 2 off the surface layer are contracted.
"""

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from importlib.metadata import version as package_version

import numpy as np
from numpy.typing import NDArray
from scgraph.geographs.us_freeway import us_freeway_geograph
from scipy.spatial import Delaunay, cKDTree

from foundation.places.gazetteer import gazetteer
from foundation.places.geometry import EARTH_RADIUS_MILES, great_circle_miles, unit_vectors
from foundation.places.roads.barriers import BARRIERS, crosses_barrier

FREEWAY_MPH = 62.0
SURFACE_MPH = 50.0
SURFACE_FACTOR = 1.20
FREEWAY_FACTOR = 0.989
KILOMETERS_PER_MILE = 1.609344
FREEWAY_SPACING_MILES = 5.0
ZIP_SPACING_MILES = 20.0
LONGEST_SURFACE_EDGE_MILES = 80.0
WESTERNMOST = -125.0
"""Longitude that parts the 48 states from Alaska and Hawaii."""
MILLIS = 1000
"""Weights count thousandths of a mile and of a minute."""
SHIFT = float(2**23)
"""A weight is minutes x SHIFT + miles, both in thousandths: an exact integer in float64 up to 8,388 miles.

Shortest paths then choose by time, carry their miles along, and come out the same in both directions.
"""

Floats = NDArray[np.float64]
Integers = NDArray[np.int32]
Edges = dict[tuple[int, int], tuple[float, list[int]]]
"""From a lower to a higher node: the weight, and the chain of nodes from end to end."""


@dataclass(frozen=True, slots=True)
class RoadGraph:
    """The graph as arrays in compressed rows: the edges of node i are `[starts[i], starts[i + 1])`."""

    lats: Floats
    lons: Floats
    starts: Integers
    targets: Integers
    weights: Floats
    access: Integers
    """The nodes where a trip may enter or leave the network."""
    chain_starts: Integers
    """Edge e runs through the points `[chain_starts[e], chain_starts[e + 1])` of the two arrays below."""
    chain_lats: Floats
    chain_lons: Floats


def road_version() -> str:
    """Name the data and method: it changes whenever the same question might get another answer."""
    parts = (
        *(package_version(name) for name in ("scgraph", "zipcodes")),
        *(FREEWAY_MPH, SURFACE_MPH, SURFACE_FACTOR, FREEWAY_FACTOR),
        *(FREEWAY_SPACING_MILES, ZIP_SPACING_MILES, LONGEST_SURFACE_EDGE_MILES, WESTERNMOST),
        sorted(BARRIERS.items()),
    )
    return f"roads-1-{hashlib.sha256(repr(parts).encode()).hexdigest()[:8]}"


def weight(miles: Floats, mph: float) -> Floats:
    """Turn miles at a speed into weights, at least one thousandth each: a zero would vanish from a sparse matrix."""
    minutes = np.maximum(np.rint(miles * (60 * MILLIS / mph)), 1)
    return np.asarray(minutes * SHIFT + np.maximum(np.rint(miles * MILLIS), 1), dtype=np.float64)


def freeway_neighbours() -> list[dict[int, float]]:
    """Return for each freeway node its neighbours and the kilometers to them, without the data's loops.

    Nodes in Alaska and Hawaii have none.
    """
    return [
        {target: float(kilometers) for target, kilometers in row.items() if target != node}
        if us_freeway_geograph.nodes[node][1] > WESTERNMOST
        else {}
        for node, row in enumerate(us_freeway_geograph.graph)
    ]


def build_graph() -> RoadGraph:
    """Build the graph from the installed packages; takes a few seconds."""
    nodes = np.array(us_freeway_geograph.nodes, dtype=np.float64)
    neighbours = freeway_neighbours()
    degrees = np.array([len(row) for row in neighbours])
    on_surface = _thin_freeways(nodes, degrees) & (degrees > 0)
    zips = np.array([(entry.lat, entry.lon) for entry in gazetteer() if entry.active])
    zips = zips[_spaced(zips, ZIP_SPACING_MILES)]
    kept = on_surface | ((degrees != 2) & (degrees > 0))
    chains = contract(neighbours, kept)
    points = np.vstack((nodes, zips))
    surface = np.concatenate((np.flatnonzero(on_surface), np.arange(len(nodes), len(points))))
    edges = _join(chains, points, surface)
    number = np.full(len(points), -1, dtype=np.int32)
    used = np.concatenate((np.flatnonzero(kept), np.arange(len(nodes), len(points))))
    number[used] = np.arange(len(used))
    return _pack(points, used, number, edges, number[surface])


def _spaced(points: Floats, miles: float) -> NDArray[np.int64]:
    """Choose points in order, each at least so far from all chosen before; return their indices."""
    tree = cKDTree(unit_vectors(points[:, 0], points[:, 1]))
    free = np.ones(len(points), dtype=bool)
    chosen = []
    for index in range(len(points)):
        if free[index]:
            chosen.append(index)
            free[tree.query_ball_point(tree.data[index], miles / EARTH_RADIUS_MILES)] = False
    return np.array(chosen)


def _thin_freeways(nodes: Floats, degrees: NDArray[np.int64]) -> NDArray[np.bool_]:
    order = np.argsort(-degrees, kind="stable")  # junctions first: they are where trucks change roads
    thinned = np.zeros(len(nodes), dtype=bool)
    thinned[order[_spaced(nodes[order], FREEWAY_SPACING_MILES)]] = True
    return thinned


def contract(neighbours: list[dict[int, float]], kept: NDArray[np.bool_]) -> Edges:
    """Walk from kept node to kept node; return each pair's shortest chain as (weight, nodes), lower index first."""
    chains: Edges = {}
    for start in np.flatnonzero(kept).tolist():
        for first in neighbours[start]:
            chain, kilometers = [start, first], neighbours[start][first]
            while not kept[chain[-1]]:
                onward = next(node for node in neighbours[chain[-1]] if node != chain[-2])
                kilometers += neighbours[chain[-1]][onward]
                chain.append(onward)
            if start >= chain[-1]:
                continue
            miles = np.array(kilometers / KILOMETERS_PER_MILE * FREEWAY_FACTOR)
            offer = float(weight(miles, FREEWAY_MPH)), chain
            chains[start, chain[-1]] = min(chains.get((start, chain[-1]), offer), offer)
    return chains


def _join(chains: Edges, points: Floats, surface: NDArray[np.int64]) -> Edges:
    """Add the surface edges to the freeways; of two edges between the same nodes the quicker stays."""
    lats, lons = points[surface, 0], points[surface, 1]
    triangles = Delaunay(np.column_stack((lons * np.cos(np.radians(38.0)), lats))).simplices
    pairs = np.vstack([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [0, 2]]])
    pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    a, b = pairs[:, 0], pairs[:, 1]
    miles = great_circle_miles(lats[a], lons[a], lats[b], lons[b])
    passable = (miles <= LONGEST_SURFACE_EDGE_MILES) & ~crosses_barrier(lats[a], lons[a], lats[b], lons[b])
    weights = weight(miles * SURFACE_FACTOR, SURFACE_MPH)
    edges: Edges = defaultdict(lambda: (np.inf, []), chains)
    ends = np.column_stack((surface[a], surface[b]))[passable].tolist()
    for (from_node, to_node), cost in zip(ends, weights[passable].tolist(), strict=True):
        pair = min(from_node, to_node), max(from_node, to_node)
        edges[pair] = min(edges[pair], (cost, list(pair)))
    return edges


def _pack(
    points: Floats,
    used: NDArray[np.int64],
    number: Integers,
    edges: Edges,
    access: Integers,
) -> RoadGraph:
    """Lay the edges out in rows, both ways, each with the points that it runs through between its ends."""
    rows = sorted(
        (int(number[pair[way]]), int(number[pair[1 - way]]), cost, chain[1:-1][:: 1 - 2 * way])
        for pair, (cost, chain) in edges.items()
        for way in (0, 1)
    )
    between = [node for *_, inner in rows for node in inner]
    counts = np.bincount([row[0] for row in rows], minlength=len(used))
    return RoadGraph(
        lats=points[used, 0],
        lons=points[used, 1],
        starts=np.concatenate(([0], np.cumsum(counts))).astype(np.int32),
        targets=np.array([row[1] for row in rows], dtype=np.int32),
        weights=np.array([row[2] for row in rows], dtype=np.float64),
        access=np.sort(access).astype(np.int32),
        chain_starts=np.concatenate(([0], np.cumsum([len(row[3]) for row in rows]))).astype(np.int32),
        chain_lats=points[between, 0],
        chain_lons=points[between, 1],
    )
