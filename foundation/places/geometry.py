"""Geometry on the globe, vectorised: great circles and nearest points."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

EARTH_RADIUS_MILES = 3958.7613

Floats = NDArray[np.float64]


def great_circle_miles(lat1: ArrayLike, lon1: ArrayLike, lat2: ArrayLike, lon2: ArrayLike) -> Any:
    """Return great-circle miles between points in degrees; shapes broadcast (haversine, mean earth radius)."""
    phi1, lambda1 = np.radians(np.asarray(lat1, np.float64)), np.radians(np.asarray(lon1, np.float64))
    phi2, lambda2 = np.radians(np.asarray(lat2, np.float64)), np.radians(np.asarray(lon2, np.float64))
    h = np.sin((phi2 - phi1) / 2) ** 2 + np.cos(phi1) * np.cos(phi2) * np.sin((lambda2 - lambda1) / 2) ** 2
    return 2 * EARTH_RADIUS_MILES * np.arcsin(np.sqrt(np.minimum(h, 1.0)))


def unit_vectors(lats: ArrayLike, lons: ArrayLike) -> Floats:
    """Return points on the unit sphere, shape (n, 3): their straight-line order is their great-circle order."""
    phi, lam = np.radians(np.asarray(lats, dtype=np.float64)), np.radians(np.asarray(lons, dtype=np.float64))
    return np.column_stack((np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)))


def chord_to_miles(chord: ArrayLike) -> Floats:
    """Turn straight-line distances on the unit sphere into great-circle miles."""
    half = np.minimum(np.asarray(chord, dtype=np.float64) / 2, 1.0)
    return np.asarray(2 * EARTH_RADIUS_MILES * np.arcsin(half), dtype=np.float64)
