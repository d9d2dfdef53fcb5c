"""What every source of road miles answers, whether it is the built-in road network or a routing server."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

Path = list[tuple[float, float]]
"""A line on the map: (lat, lon) in degrees from start to end."""


@dataclass(frozen=True, slots=True)
class Travel:
    """Road miles and driving minutes (no rest, no traffic), one element a trip.

    `estimated` marks trips whose figures rest on assumptions more than on mapped roads: expect +-15 %.
    """

    miles: NDArray[np.float64]
    minutes: NDArray[np.float64]
    estimated: NDArray[np.bool_]


class TravelOracle(Protocol):
    """Answers road miles and minutes between points in degrees. Arrays are of one dimension."""

    @property
    def version(self) -> str:
        """Name the data and method behind the figures; a result computed from them stores it."""

    def one_to_many(self, lat: float, lon: float, lats: ArrayLike, lons: ArrayLike) -> Travel:
        """Travel from one point to each of n."""

    def many_to_one(self, lats: ArrayLike, lons: ArrayLike, lat: float, lon: float) -> Travel:
        """Travel from each of n points to one."""

    def pairs(self, lats_a: ArrayLike, lons_a: ArrayLike, lats_b: ArrayLike, lons_b: ArrayLike) -> Travel:
        """Travel from the i-th point of a to the i-th of b; quick when origins repeat."""

    def path(self, lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> Path:
        """Return the way from a to b as a line for the map."""
