"""Road miles from an OSRM-compatible routing server, with the built-in network where it fails."""

import hashlib
import logging
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import requests
from django.db import connection
from numpy.typing import ArrayLike, NDArray

from foundation.places.travel import Path, Travel, TravelOracle

METERS_PER_MILE = 1609.344
CHUNK = 90
"""Destinations a request: OSRM refuses tables of more than 100 points unless told otherwise."""
PAUSE_SECONDS = 30.0
"""After a failure the server is left alone so long."""

log = logging.getLogger(__name__)


class RoutingFailed(Exception):
    """The routing server did not answer, or answered something that is no table of miles."""


class NotAsked(RoutingFailed):
    """The routing server is not asked here: nothing failed."""


class OsrmTravel:
    """Asks `/table` and `/route` of an OSRM-compatible server; what it cannot answer `fallback` does, as estimated.

    Inside a database transaction (a request with an Idempotency-Key is one from end to end) the fallback answers at
    once: locks must not wait for the network.
    """

    def __init__(
        self,
        url: str,
        *,
        fallback: Callable[[], TravelOracle],
        profile: str = "driving",
        timeout_seconds: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.url = url.rstrip("/")
        self.version = f"osrm-{hashlib.sha256(self.url.encode()).hexdigest()[:8]}"
        self._fallback = fallback
        self._profile = profile
        self._timeout = timeout_seconds
        self._clock = clock
        self._resting_until = -np.inf
        self._session = requests.Session()

    def one_to_many(self, lat: float, lon: float, lats: ArrayLike, lons: ArrayLike) -> Travel:
        """Travel from one point to each of n, in requests of 90."""
        return self._fan(lat, lon, lats, lons, outward=True)

    def many_to_one(self, lats: ArrayLike, lons: ArrayLike, lat: float, lon: float) -> Travel:
        """Travel from each of n points to one, in requests of 90."""
        return self._fan(lat, lon, lats, lons, outward=False)

    def pairs(self, lats_a: ArrayLike, lons_a: ArrayLike, lats_b: ArrayLike, lons_b: ArrayLike) -> Travel:
        """Travel from the i-th point of a to the i-th of b: one table for each distinct origin."""
        a = np.column_stack((np.ravel(np.asarray(lats_a, float)), np.ravel(np.asarray(lons_a, float))))
        b = np.column_stack((np.ravel(np.asarray(lats_b, float)), np.ravel(np.asarray(lons_b, float))))
        if len(a) != len(b):
            raise ValueError(f"{len(a)} origins and {len(b)} destinations do not make pairs")
        travel = _empty(len(a))
        origins, group = np.unique(a, axis=0, return_inverse=True)
        for index, (lat, lon) in enumerate(origins.tolist()):
            members = np.flatnonzero(group.ravel() == index)
            _put(travel, members, self.one_to_many(lat, lon, b[members, 0], b[members, 1]))
        return travel

    def path(self, lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> Path:
        """Return the way from a to b as a line for the map."""
        try:
            where = f"{lon_a:.6f},{lat_a:.6f};{lon_b:.6f},{lat_b:.6f}"
            answer = self._get(f"route/v1/{self._profile}/{where}", {"overview": "simplified", "geometries": "geojson"})
            line = [(float(lat), float(lon)) for lon, lat in answer["routes"][0]["geometry"]["coordinates"]]
            if len(line) < 2:
                raise RoutingFailed("a way of fewer than two points")
            return line
        except (RoutingFailed, KeyError, IndexError, TypeError, ValueError) as problem:
            log.warning("The routing server gave no way, the built-in road network does: %s", problem)
            return self._fallback().path(lat_a, lon_a, lat_b, lon_b)

    def _fan(self, lat: float, lon: float, lats: ArrayLike, lons: ArrayLike, *, outward: bool) -> Travel:
        far_lats, far_lons = np.ravel(np.asarray(lats, float)), np.ravel(np.asarray(lons, float))
        travel = _empty(len(far_lats))
        for start in range(0, len(far_lats), CHUNK):
            part = np.arange(start, min(start + CHUNK, len(far_lats)))
            try:
                miles, minutes = self._table(lat, lon, far_lats[part], far_lons[part], outward=outward)
            except RoutingFailed as problem:
                level = logging.DEBUG if isinstance(problem, NotAsked) else logging.WARNING
                log.log(level, "The routing server gave no table, the built-in road network answers: %s", problem)
                miles = minutes = np.full(len(part), np.nan)
            travel.miles[part], travel.minutes[part] = miles, minutes
        missing = np.flatnonzero(~(np.isfinite(travel.miles) & np.isfinite(travel.minutes)))
        if len(missing):
            _put(travel, missing, self._fallback().one_to_many(lat, lon, far_lats[missing], far_lons[missing]))
            travel.estimated[missing] = True
        return travel

    def _table(
        self, lat: float, lon: float, lats: NDArray[np.float64], lons: NDArray[np.float64], *, outward: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        points = [(lat, lon), *zip(lats.tolist(), lons.tolist(), strict=True)]
        where = ";".join(f"{point_lon:.6f},{point_lat:.6f}" for point_lat, point_lon in points)
        others = ";".join(str(index) for index in range(1, len(points)))
        ends = {"sources": "0", "destinations": others} if outward else {"sources": others, "destinations": "0"}
        answer = self._get(f"table/v1/{self._profile}/{where}", {**ends, "annotations": "duration,distance"})
        try:
            meters = np.array(answer["distances"], dtype=np.float64).ravel()
            seconds = np.array(answer["durations"], dtype=np.float64).ravel()
        except (KeyError, TypeError, ValueError) as problem:
            raise RoutingFailed(f"the table has no distances and durations ({problem!r})") from problem
        if len(meters) != len(lats) or len(seconds) != len(lats):
            raise RoutingFailed(f"{len(lats)} trips asked for, {len(meters)} and {len(seconds)} answered")
        return meters / METERS_PER_MILE, seconds / 60

    def _get(self, path: str, parameters: dict[str, str]) -> dict[str, Any]:
        if self._clock() < self._resting_until:
            raise RoutingFailed("it failed a moment ago and is left alone")
        if connection.in_atomic_block:
            raise NotAsked("it is not asked inside a transaction")
        try:
            response = self._session.get(
                f"{self.url}/{path}", params=parameters, timeout=self._timeout, allow_redirects=False
            )
            response.raise_for_status()
            answer = response.json()
        except (requests.RequestException, ValueError) as problem:
            self._resting_until = self._clock() + PAUSE_SECONDS
            raise RoutingFailed(str(problem)) from problem
        if not isinstance(answer, dict) or answer.get("code") != "Ok":
            raise RoutingFailed("its answer is not marked Ok")
        return answer


def _empty(count: int) -> Travel:
    return Travel(np.full(count, np.nan), np.full(count, np.nan), np.zeros(count, dtype=bool))


def _put(travel: Travel, at: NDArray[np.int64], part: Travel) -> None:
    travel.miles[at], travel.minutes[at], travel.estimated[at] = part.miles, part.minutes, part.estimated
