"""A road that remembers what it was asked: one question for a whole plan, then its lines one by one from memory."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from matching.engine.travel import Figures, TravelFigures, TravelOracle

Points = NDArray[np.float64]


class RememberedTravel:
    """Answers as another oracle does, and asks it only for ways that it has not told before."""

    def __init__(self, travel: TravelOracle) -> None:
        self._travel = travel
        self._known: dict[tuple[float, float, float, float], tuple[float, float, bool]] = {}

    @property
    def version(self) -> str:
        """Name data and method."""
        return self._travel.version

    def one_to_many(self, lat: float, lon: float, lats: ArrayLike, lons: ArrayLike) -> TravelFigures:
        """Travel from one point to each of n."""
        to_lat, to_lon = _points(lats), _points(lons)
        start = np.full(to_lat.size, lat), np.full(to_lat.size, lon)
        return self._answer(
            *start, to_lat, to_lon, lambda rows: self._travel.one_to_many(lat, lon, to_lat[rows], to_lon[rows])
        )

    def many_to_one(self, lats: ArrayLike, lons: ArrayLike, lat: float, lon: float) -> TravelFigures:
        """Travel from each of n points to one."""
        from_lat, from_lon = _points(lats), _points(lons)
        end = np.full(from_lat.size, lat), np.full(from_lat.size, lon)
        return self._answer(
            from_lat, from_lon, *end, lambda rows: self._travel.many_to_one(from_lat[rows], from_lon[rows], lat, lon)
        )

    def pairs(self, lats_a: ArrayLike, lons_a: ArrayLike, lats_b: ArrayLike, lons_b: ArrayLike) -> TravelFigures:
        """Travel from the i-th point of a to the i-th of b."""
        lat_a, lon_a, lat_b, lon_b = (_points(column) for column in (lats_a, lons_a, lats_b, lons_b))

        def ask(rows: NDArray[np.int64]) -> TravelFigures:
            return self._travel.pairs(lat_a[rows], lon_a[rows], lat_b[rows], lon_b[rows])

        return self._answer(lat_a, lon_a, lat_b, lon_b, ask)

    def _answer(
        self, lat_a: Points, lon_a: Points, lat_b: Points, lon_b: Points,
        ask: Callable[[NDArray[np.int64]], TravelFigures],
    ) -> Figures:  # fmt: skip
        keys = list(zip(lat_a.tolist(), lon_a.tolist(), lat_b.tolist(), lon_b.tolist(), strict=True))
        unknown = np.array([row for row, key in enumerate(keys) if key not in self._known], dtype=np.int64)
        if unknown.size:
            found = ask(unknown)
            told = zip(found.miles.tolist(), found.minutes.tolist(), found.estimated.tolist(), strict=True)
            self._known.update(zip((keys[row] for row in unknown.tolist()), told, strict=True))
        answers = [self._known[key] for key in keys]
        return Figures(
            miles=np.array([answer[0] for answer in answers], dtype=np.float64),
            minutes=np.array([answer[1] for answer in answers], dtype=np.float64),
            estimated=np.array([answer[2] for answer in answers], dtype=np.bool_),
        )


def _points(column: ArrayLike) -> Points:
    return np.asarray(column, dtype=np.float64).reshape(-1)
