"""Where road miles and driving minutes come from: an oracle handed in; the great circle for tests and files."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

EARTH_RADIUS_MILES = 3958.7613


class TravelFigures(Protocol):
    """Road miles and driving minutes (no rest) of n trips, and which are estimates; arrays of shape (n,)."""

    @property
    def miles(self) -> NDArray[np.float64]:
        """Statute miles."""

    @property
    def minutes(self) -> NDArray[np.float64]:
        """Driving minutes."""

    @property
    def estimated(self) -> NDArray[np.bool_]:
        """Whether the figures are estimates."""


class TravelOracle(Protocol):
    """Answers miles and minutes between points in degrees; the road rooms' oracle satisfies it.

    `one_to_many` and `many_to_one` of the same pair agree to better than a thousandth of a mile and of a minute: the
    engine rounds, so a leg against many loads and a load against many legs give the same figures.
    """

    @property
    def version(self) -> str:
        """Name data and method; stored with every score."""

    def one_to_many(self, lat: float, lon: float, lats: ArrayLike, lons: ArrayLike) -> TravelFigures:
        """Travel from one point to each of n."""

    def many_to_one(self, lats: ArrayLike, lons: ArrayLike, lat: float, lon: float) -> TravelFigures:
        """Travel from each of n points to one."""

    def pairs(self, lats_a: ArrayLike, lons_a: ArrayLike, lats_b: ArrayLike, lons_b: ArrayLike) -> TravelFigures:
        """Travel from the i-th point of a to the i-th of b."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Miles, minutes and whether estimated, of n trips."""

    miles: NDArray[np.float64]
    minutes: NDArray[np.float64]
    estimated: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class GreatCircleTravel:
    """Great circle times a factor for the bends of roads, at one speed; every figure is an estimate.

    1.17 errs by 6.3 % on average (12.5 % at worst) over 32 interstate city pairs.
    """

    circuity: float = 1.17
    mph: float = 50.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.circuity) and self.circuity >= 1):
            raise ValueError("circuity must be 1 or more.")
        if not (np.isfinite(self.mph) and self.mph > 0):
            raise ValueError("mph must be above 0.")

    @property
    def version(self) -> str:
        """Name the method with its two figures."""
        return f"great-circle-{self.circuity:g}-{self.mph:g}"

    def one_to_many(self, lat: float, lon: float, lats: ArrayLike, lons: ArrayLike) -> Figures:
        """Travel from one point to each of n."""
        return self.pairs(lat, lon, lats, lons)

    def many_to_one(self, lats: ArrayLike, lons: ArrayLike, lat: float, lon: float) -> Figures:
        """Travel from each of n points to one."""
        return self.pairs(lats, lons, lat, lon)

    def pairs(self, lats_a: ArrayLike, lons_a: ArrayLike, lats_b: ArrayLike, lons_b: ArrayLike) -> Figures:
        """Travel from the i-th point of a to the i-th of b."""
        miles = self.circuity * great_circle_miles(lats_a, lons_a, lats_b, lons_b)
        return Figures(miles, miles * (60.0 / self.mph), np.ones(miles.shape, dtype=np.bool_))


def great_circle_miles(
    lats_a: ArrayLike, lons_a: ArrayLike, lats_b: ArrayLike, lons_b: ArrayLike
) -> NDArray[np.float64]:
    """Return great-circle miles between points in degrees, at least of shape (1,) (haversine, mean earth radius)."""
    lat_a, lon_a, lat_b, lon_b = (
        np.radians(np.atleast_1d(np.asarray(value, dtype=np.float64))) for value in (lats_a, lons_a, lats_b, lons_b)
    )
    half = np.sin((lat_b - lat_a) / 2.0) ** 2 + np.cos(lat_a) * np.cos(lat_b) * np.sin((lon_b - lon_a) / 2.0) ** 2
    return np.asarray(2.0 * EARTH_RADIUS_MILES * np.arcsin(np.sqrt(np.minimum(1.0, half))), dtype=np.float64)
