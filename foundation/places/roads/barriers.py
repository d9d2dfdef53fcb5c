"""Waters, canyons and ranges that no road crosses: the surface layer may not pass through these lines.

Drawn by hand, coarsely, along the middle of each barrier and ending short of its bridges and passes.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

BARRIERS: dict[str, list[tuple[float, float]]] = {
    "Lake Michigan": [
        (41.75, -87.3), (42.5, -87.1), (43.5, -87.1), (44.5, -86.7), (45.3, -86.0), (45.75, -85.3),
    ],
    "Green Bay": [(44.6, -87.95), (45.0, -87.5), (45.4, -86.9), (45.3, -86.0)],
    "Saginaw Bay": [(43.72, -83.8), (44.0, -83.3), (44.4, -82.8)],
    "western Lake Erie": [(41.76, -83.35), (41.75, -82.9), (42.0, -82.7)],
    "Lake Superior": [(46.72, -91.9), (47.0, -91.2), (47.3, -90.0), (47.7, -88.5)],
    "Long Island Sound": [(40.86, -73.74), (41.0, -73.4), (41.08, -72.9), (41.2, -72.3), (41.22, -71.9), (41.1, -71.3)],
    "Lower New York Bay": [(40.49, -74.2), (40.53, -74.0), (40.53, -73.6)],
    "Delaware Bay": [(39.62, -75.56), (39.2, -75.25), (38.85, -75.0)],
    "upper Chesapeake Bay": [(39.45, -76.1), (39.2, -76.3), (39.02, -76.38)],
    "lower Chesapeake Bay": [(38.96, -76.4), (38.5, -76.45), (38.0, -76.2), (37.4, -76.1), (37.08, -76.2)],
    "Potomac": [(38.32, -76.95), (38.15, -76.7), (37.95, -76.25)],
    "Pamlico Sound": [(35.75, -75.65), (35.4, -75.8), (35.1, -76.2), (34.95, -76.4)],
    "Mobile Bay": [(30.62, -88.0), (30.2, -88.0)],
    "Galveston Bay": [(29.66, -94.93), (29.4, -94.8)],
    "Tampa Bay": [(27.84, -82.52), (27.68, -82.6)],
    "Lake Okeechobee from north to south": [(27.15, -80.8), (26.75, -80.8)],
    "Lake Okeechobee from west to east": [(26.95, -81.0), (26.95, -80.66)],
    "Puget Sound": [(47.3, -122.54), (47.5, -122.46), (47.8, -122.43), (48.1, -122.65), (48.25, -123.2)],
    "Possession Sound": [(47.8, -122.43), (48.02, -122.32), (48.15, -122.45), (48.3, -122.5)],
    "Monterey Bay": [(36.8, -122.3), (36.8, -121.81)],
    "Great Salt Lake": [(40.85, -112.25), (41.2, -112.4), (41.65, -112.75)],
    "Grand Canyon": [
        (36.75, -111.75), (36.3, -111.9), (36.1, -112.2), (36.35, -112.7), (36.2, -113.2), (35.85, -113.4),
        (36.1, -114.0), (36.05, -114.65),
    ],
    "Lake Powell": [(37.0, -111.38), (37.3, -110.9), (37.75, -110.5)],
    "Hells Canyon": [(45.0, -116.85), (45.5, -116.5), (46.0, -116.9)],
    "River of No Return Wilderness": [(44.6, -114.9), (45.4, -114.9), (46.3, -114.9)],
    "High Sierra": [(38.15, -119.5), (37.75, -119.2), (37.2, -118.75), (36.5, -118.3), (35.8, -118.05)],
}  # fmt: skip

_SEGMENTS = np.array([[*start, *end] for line in BARRIERS.values() for start, end in pairwise(line)])
"""Shape (s, 4): from lat, lon to lat, lon."""


_MANY_LINES = 1_000
_TOUCH_DEGREES = 1e-6


def crosses_barrier(lat1: ArrayLike, lon1: ArrayLike, lat2: ArrayLike, lon2: ArrayLike) -> NDArray[np.bool_]:
    """Tell for each straight line between two points in degrees, shape (n,), whether it crosses a barrier.

    Of many lines only those are reckoned for a piece of a barrier whose box meets that piece's box.
    """
    lines = np.column_stack([np.asarray(value, dtype=np.float64) for value in (lat1, lon1, lat2, lon2)])
    if len(lines) < _MANY_LINES:
        return np.asarray(_crosses(lines, _SEGMENTS).any(axis=1))
    low = np.minimum(lines[:, :2], lines[:, 2:]) - _TOUCH_DEGREES
    high = np.maximum(lines[:, :2], lines[:, 2:]) + _TOUCH_DEGREES
    south, west, north, east = (np.ascontiguousarray(column) for column in (*low.T, *high.T))
    crossed = np.zeros(len(lines), dtype=np.bool_)
    for segment in _SEGMENTS:
        (bottom, top), (left, right) = sorted(segment[::2]), sorted(segment[1::2])
        near = np.flatnonzero((south <= top) & (north >= bottom) & (west <= right) & (east >= left))
        if near.size:
            crossed[near] |= _crosses(lines[near], segment[None])[:, 0]
    return crossed


def _crosses(lines: NDArray[np.float64], segments: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which of n lines cross which of s segments, both as from lat, lon to lat, lon; shape (n, s)."""
    ay, ax, by, bx = (lines[:, column, None] for column in range(4))
    cy, cx, dy, dx = (segments[None, :, column] for column in range(4))
    c_side = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    d_side = (bx - ax) * (dy - ay) - (by - ay) * (dx - ax)
    a_side = (dx - cx) * (ay - cy) - (dy - cy) * (ax - cx)
    b_side = (dx - cx) * (by - cy) - (dy - cy) * (bx - cx)
    return np.asarray((c_side * d_side < 0) & (a_side * b_side < 0))


def barrier_points(spacing_degrees: float = 0.1) -> NDArray[np.float64]:
    """Return points along all barriers, shape (n, 2), to find what lies near one."""
    pieces = []
    for start_lat, start_lon, end_lat, end_lon in _SEGMENTS:
        count = 2 + int(np.hypot(end_lat - start_lat, end_lon - start_lon) / spacing_degrees)
        pieces.append(np.column_stack((np.linspace(start_lat, end_lat, count), np.linspace(start_lon, end_lon, count))))
    return np.vstack(pieces)
