"""The freeways as GeoJSON for the map: simplified, rounded, small."""

import gzip
import json
import os
import tempfile
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scgraph.geographs.us_freeway import us_freeway_geograph

from foundation.places.roads.build import contract, freeway_neighbours, road_version

TOLERANCE_DEGREES = 0.003
DECIMALS = 3
"""Three decimals are 0.07 miles, as exact as the data itself."""


@lru_cache(maxsize=2)
def freeways_gzipped(cache_dir: Path) -> bytes:
    """Return the freeways' GeoJSON, gzipped; made on first use and kept in the cache folder."""
    file = Path(cache_dir) / f"freeways-{road_version()}.json.gz"
    try:
        return file.read_bytes()
    except OSError:
        body = gzip.compress(json.dumps(freeways(), separators=(",", ":")).encode(), compresslevel=9, mtime=0)
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=file.parent, suffix=".part")
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(body)
    os.replace(draft, file)
    return body


def freeways() -> dict[str, object]:
    """Return one GeoJSON feature, a MultiLineString of all freeways from junction to junction."""
    nodes = np.array(us_freeway_geograph.nodes, dtype=np.float64)
    neighbours = freeway_neighbours()
    junctions = np.array([len(row) != 2 for row in neighbours])
    lines = []
    for _, chain in contract(neighbours, junctions).values():
        points = simplified(nodes[chain], TOLERANCE_DEGREES)
        rounded = [(round(lon, DECIMALS), round(lat, DECIMALS)) for lat, lon in points.tolist()]
        line = [point for index, point in enumerate(rounded) if index == 0 or point != rounded[index - 1]]
        if len(line) > 1:
            lines.append(line)
    return {
        "type": "Feature",
        "properties": {"name": "Freeways"},
        "geometry": {"type": "MultiLineString", "coordinates": lines},
    }


def simplified(points: NDArray[np.float64], tolerance: float) -> NDArray[np.float64]:
    """Drop the points of a line, shape (n, 2), that lie within the tolerance of what remains (Douglas and Peucker)."""
    keep = np.zeros(len(points), dtype=bool)
    keep[[0, -1]] = True
    spans = [(0, len(points) - 1)]
    while spans:
        start, end = spans.pop()
        if end - start < 2:
            continue
        along = points[end] - points[start]
        offsets = points[start + 1 : end] - points[start]
        length = float(np.hypot(*along))
        if length == 0:
            away = np.hypot(offsets[:, 0], offsets[:, 1])
        else:
            away = np.abs(along[0] * offsets[:, 1] - along[1] * offsets[:, 0]) / length
        farthest = int(away.argmax())
        if away[farthest] > tolerance:
            middle = start + 1 + farthest
            keep[middle] = True
            spans += [(start, middle), (middle, end)]
    return points[keep]
