"""A table of the ways between a few points, asked of an oracle once, for many orders of the same stops."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from matching.engine.columns import Floats, Ints
from matching.engine.travel import Figures, TravelFigures, TravelOracle


@dataclass(frozen=True, eq=False, kw_only=True)
class TravelTable:
    """An oracle that answers from a table where it holds both points, and asks the oracle behind it otherwise.

    `points` (p,) are complex: latitude and longitude, in order; `miles`, `minutes`, `estimated` are (p, p).
    """

    behind: TravelOracle
    points: NDArray[np.complex128]
    miles: Floats
    minutes: Floats
    estimated: NDArray[np.bool_]

    @classmethod
    def of(cls, travel: TravelOracle, lats: ArrayLike, lons: ArrayLike) -> Self:
        """Ask the way from each of these points to each other."""
        points = np.unique(_complex(lats, lons))
        rows = [travel.one_to_many(float(point.real), float(point.imag), points.real, points.imag) for point in points]
        shape = (points.size, points.size)
        return cls(
            behind=travel,
            points=points,
            miles=np.array([row.miles for row in rows], dtype=np.float64).reshape(shape),
            minutes=np.array([row.minutes for row in rows], dtype=np.float64).reshape(shape),
            estimated=np.array([row.estimated for row in rows], dtype=np.bool_).reshape(shape),
        )

    @property
    def version(self) -> str:
        """That of the oracle behind: the figures are its own."""
        return self.behind.version

    def one_to_many(self, lat: float, lon: float, lats: ArrayLike, lons: ArrayLike) -> TravelFigures:
        """Travel from one point to each of n."""
        return self.pairs(np.full(np.size(lats), lat), np.full(np.size(lats), lon), lats, lons)

    def many_to_one(self, lats: ArrayLike, lons: ArrayLike, lat: float, lon: float) -> TravelFigures:
        """Travel from each of n points to one."""
        return self.pairs(lats, lons, np.full(np.size(lats), lat), np.full(np.size(lats), lon))

    def pairs(self, lats_a: ArrayLike, lons_a: ArrayLike, lats_b: ArrayLike, lons_b: ArrayLike) -> TravelFigures:
        """Travel from the i-th point of a to the i-th of b."""
        start, end = self._find(lats_a, lons_a), self._find(lats_b, lons_b)
        if start is None or end is None:
            return self.behind.pairs(lats_a, lons_a, lats_b, lons_b)
        return Figures(self.miles[start, end], self.minutes[start, end], self.estimated[start, end])

    def _find(self, lats: ArrayLike, lons: ArrayLike) -> Ints | None:
        wanted = _complex(lats, lons)
        at = np.minimum(np.searchsorted(self.points, wanted), self.points.size - 1)
        return at if (self.points[at] == wanted).all() else None


def _complex(lats: ArrayLike, lons: ArrayLike) -> NDArray[np.complex128]:
    found = np.empty(np.size(lats), dtype=np.complex128)
    found.real, found.imag = lats, lons
    return found
