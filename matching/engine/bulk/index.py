"""The index: loads ordered by (equipment, half-degree band of latitude, longitude), once by pickup, once by delivery.

All loads within so many great-circle miles of a point are then a few runs of neighbours, one for each band and
equipment: two look-ups in a sorted column find each run, and one call finds those of many legs.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.engine.columns import CARRIES, LOAD_CODES, Floats, Ints
from matching.engine.problem import Loads
from matching.engine.travel import EARTH_RADIUS_MILES

Singles = NDArray[np.float32]
Vectors = tuple[Singles, Singles, Singles]
"""x, y and z of points."""

BANDS_PER_DEGREE = 2
_BANDS = 180 * BANDS_PER_DEGREE + 1
_WIDTH = 512.0
"""More than all longitudes: a key is (equipment x bands + band) x width + longitude + 180."""
_SLACK_DEGREES = 1e-5
"""About three feet: more than all rounding in the angles here, so no load on the edge of a circle is lost."""
WHOLE_EARTH_MILES = 12_500.0
"""Nothing is farther away."""


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """Runs of neighbours in an index: legs (r,), then the first position and the one after the last."""

    leg: Ints
    start: Ints
    stop: Ints

    def sizes(self, legs: int) -> Ints:
        """Return how many loads each of so many legs finds."""
        found = np.bincount(self.leg, weights=self.stop - self.start, minlength=legs)
        return np.asarray(found, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """Loads ordered round one of their ends; `order` are their positions, `keys` the sorted keys."""

    order: Ints
    keys: Floats
    codes: Ints

    def near(self, lat: Floats, lon: Floats, miles: Floats, trucks: Ints) -> Runs:
        """Return where the loads that trucks (equipment codes) may carry lie within great-circle miles of points."""
        carried = [np.flatnonzero(row) for row in CARRIES[:, self.codes]]
        counts = np.array([row.size for row in carried], dtype=np.int64)
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        listed = self.codes[np.concatenate(carried)] if self.codes.size else np.zeros(0, dtype=np.int64)

        whole = ~(miles < WHOLE_EARTH_MILES)
        reach = np.degrees(np.where(whole, 0.0, miles) / EARTH_RADIUS_MILES) + _SLACK_DEGREES
        first = np.where(whole, 0, _band(np.maximum(lat - reach, -90.0)))
        last = np.where(whole, 0, _band(np.minimum(lat + reach, 90.0)))
        bands = last - first + 1
        leg = np.repeat(np.arange(lat.size), bands)
        band = np.arange(leg.size) - np.repeat(np.cumsum(bands) - bands, bands) + first[leg]
        width = _half_width(lat[leg], reach[leg], band)
        middle = lon[leg] + 180.0
        around = whole[leg] | (width >= 180.0)
        west = np.where(around, 0.0, np.maximum(middle - width, 0.0))
        east = np.where(around, 360.0, np.minimum(middle + width, 360.0))
        # What reaches over the edge of the map goes on at the other edge.
        over = np.flatnonzero(~around & ((middle - width < 0.0) | (middle + width > 360.0)))
        beyond_west = middle[over] < width[over]
        leg = np.concatenate([leg, leg[over]])
        band = np.concatenate([band, band[over]])
        west = np.concatenate([west, np.where(beyond_west, middle[over] - width[over] + 360.0, 0.0)])
        east = np.concatenate([east, np.where(beyond_west, 360.0, middle[over] + width[over] - 360.0)])

        times = counts[trucks[leg]]
        row = np.repeat(np.arange(leg.size), times)
        nth = np.arange(row.size) - np.repeat(np.cumsum(times) - times, times)
        leg, band = leg[row], band[row]
        code = listed[starts[trucks[leg]] + nth]
        base = (code * _BANDS + band) * _WIDTH
        low, high = base + west[row], base + east[row]
        everything = whole[leg]
        low[everything] = (code[everything] * _BANDS) * _WIDTH
        high[everything] = ((code[everything] + 1) * _BANDS) * _WIDTH - 1.0
        start = np.searchsorted(self.keys, low, side="left")
        stop = np.maximum(np.searchsorted(self.keys, high, side="right"), start)
        some = np.flatnonzero(stop > start)
        by_leg = some[np.argsort(leg[some], kind="stable")]
        return Runs(leg[by_leg], start[by_leg], stop[by_leg])


def index_of(loads: Loads, stops: Ints) -> Index:
    """Return the index round one stop of each load."""
    key = (loads.equipment * _BANDS + _band(loads.stop_lat[stops])) * _WIDTH + (loads.stop_lon[stops] + 180.0)
    order = np.argsort(key)
    present = np.flatnonzero(np.bincount(loads.equipment, minlength=len(LOAD_CODES)))
    return Index(order, key[order], present)


def unit_vectors(lat: Floats, lon: Floats) -> Vectors:
    """Return x, y and z of points on the unit sphere in single precision: right to 0.0005 miles."""
    phi, lam = np.radians(lat), np.radians(lon)
    ring = np.cos(phi)
    x, y, z = ring * np.cos(lam), ring * np.sin(lam), np.sin(phi)
    return x.astype(np.float32), y.astype(np.float32), z.astype(np.float32)


def _band(lat: Floats) -> Ints:
    return np.floor((lat + 90.0) * BANDS_PER_DEGREE).astype(np.int64)


def _half_width(lat: Floats, reach: Floats, band: Ints) -> Floats:
    """Return how many degrees of longitude a circle (degrees round a latitude) takes within a band, at the widest.

    The circle's edge at latitude p is where cos(width) = (cos r - sin lat sin p) / (cos lat cos p); it is widest at
    sin p = sin lat / cos r. A circle that holds a pole takes them all.
    """
    south = band / BANDS_PER_DEGREE - 90.0
    centre, radius = np.radians(lat), np.radians(reach)
    polar = (np.abs(lat) + reach) >= 89.9
    widest = np.degrees(np.arcsin(np.clip(np.sin(centre) / np.maximum(np.cos(radius), 1e-9), -1.0, 1.0)))
    south_edge, north_edge = np.maximum(south, lat - reach), np.minimum(south + 1 / BANDS_PER_DEGREE, lat + reach)
    at = np.radians(np.clip(widest, south_edge, north_edge))
    below = np.where(polar, 1.0, np.cos(centre) * np.cos(at))
    cosine = (np.cos(radius) - np.sin(centre) * np.sin(at)) / below
    width = np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))) + _SLACK_DEGREES / np.where(polar, 1.0, np.cos(at))
    return np.asarray(np.where(polar, 180.0, np.minimum(width, 180.0)))
