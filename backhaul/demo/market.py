"""The market generator: freight and empty trucks between US cities, from a seed alone.

Where freight starts follows population^0.85 times a production factor of the state; where it goes follows gravity
with (distance + 60)^-1.1. Minutes count from the market's start. Coordinates are degrees, miles great-circle unless
said otherwise. The demo turns these rows into postings; the benchmarks use them as they are.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foundation.places.gazetteer import read_cities
from foundation.places.geometry import great_circle_miles

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

CIRCUITY = 1.17
MPH = 50.0
SERVICE_MINUTES = 60
EQUIPMENT = ("V", "R", "F")
_EQUIPMENT_SHARES = (0.6, 0.2, 0.2)
_DOLLARS_PER_MILE = np.array([1.75, 2.05, 2.15])
_PICKUP_DAY_SHARES = (0.30, 0.27, 0.20, 0.13, 0.10)
_MINUTES_PER_DAY = 1440
_MILES_PER_DEGREE = 69.0


@dataclass(frozen=True, slots=True)
class Loads:
    """Generated loads, one element each; `equipment` indexes EQUIPMENT, `*_city` indexes the list of cities."""

    pickup_city: Integers
    pickup_lat: Floats
    pickup_lon: Floats
    delivery_city: Integers
    delivery_lat: Floats
    delivery_lon: Floats
    equipment: Integers
    weight_pounds: Integers
    pickup_opens: Floats
    pickup_closes: Floats
    delivery_opens: Floats
    delivery_closes: Floats
    rate_cents: Integers


@dataclass(frozen=True, slots=True)
class Legs:
    """Generated return legs, one element each."""

    home_city: Integers
    home_lat: Floats
    home_lon: Floats
    empty_city: Integers
    empty_lat: Floats
    empty_lon: Floats
    equipment: Integers
    weight_pounds: Integers
    ready: Floats
    home_by: Floats
    pickup_radius_miles: Integers
    home_radius_miles: Integers
    cents_per_mile: Integers


def driving_minutes(miles: Floats) -> Floats:
    """Return the minutes on the road with 10 h of rest after each 11 h driven, at the market's speed."""
    driving = miles * CIRCUITY / MPH * 60
    rests = np.maximum(np.ceil(driving / 660) - 1, 0)
    return np.asarray(driving + rests * 600)


class MarketGenerator:
    """Draws loads and legs; the same seed draws the same market, however it is cut into calls of the same sizes."""

    def __init__(self, seed: int) -> None:
        """Read the cities and fix the states' factors and every distance between cities."""
        self._random = np.random.default_rng(seed)
        cities = read_cities()
        self.names = [(city["city"], city["state"]) for city in cities]
        self.lat = np.array([float(city["lat"]) for city in cities])
        self.lon = np.array([float(city["lon"]) for city in cities])
        self.population = np.array([float(city["population"]) for city in cities])
        states, state_of = np.unique([city["state"] for city in cities], return_inverse=True)
        self._production = np.exp(self._random.normal(0, 0.45, len(states)))[state_of]
        self._attraction = np.exp(self._random.normal(0, 0.45, len(states)))[state_of]
        self._miles = great_circle_miles(self.lat[:, None], self.lon[:, None], self.lat[None], self.lon[None])
        self._supply = self.population**0.85 * self._production
        self._demand = self.population**0.85 * self._attraction

    def _jitter(self, city: Integers) -> tuple[Floats, Floats]:
        """Return facilities round the cities' centres: Gaussian, wider in bigger cities."""
        spread = (4 + np.sqrt(self.population[city]) / 200) / _MILES_PER_DEGREE
        lat = self.lat[city] + self._random.normal(0, 1, len(city)) * spread
        lon = self.lon[city] + self._random.normal(0, 1, len(city)) * spread / np.cos(np.radians(self.lat[city]))
        return lat, lon

    def _gravity(self, start: Integers, pull: Floats, nearest: float, farthest: float) -> Integers:
        """Return a far end for each start, drawn by gravity among the cities between two distances."""
        weights = np.where((self._miles >= nearest) & (self._miles <= farthest), (self._miles + 60) ** -1.1, 0) * pull
        totals = np.cumsum(weights, axis=1)
        drawn = self._random.random(len(start))
        ends = np.empty(len(start), dtype=np.int64)
        for city in np.unique(start):
            mine = start == city
            ends[mine] = np.searchsorted(totals[city], drawn[mine] * totals[city, -1], side="right")
        return ends

    def _pick(self, weights: Floats, count: int) -> Integers:
        return np.asarray(self._random.choice(len(weights), size=count, p=weights / weights.sum()), dtype=np.int64)

    def loads(self, count: int) -> Loads:
        """Draw loads: 75 to 2,800 miles, windows over five days, rates with the lane's imbalance."""
        random = self._random
        pickup = self._pick(self._supply, count)
        delivery = self._gravity(pickup, self._demand, 75, 2800)
        pickup_lat, pickup_lon = self._jitter(pickup)
        delivery_lat, delivery_lon = self._jitter(delivery)
        miles = great_circle_miles(pickup_lat, pickup_lon, delivery_lat, delivery_lon)
        equipment = random.choice(3, size=count, p=_EQUIPMENT_SHARES)
        day = random.choice(5, size=count, p=_PICKUP_DAY_SHARES)
        opens = day * _MINUTES_PER_DAY + random.uniform(0, _MINUTES_PER_DAY, count)
        closes = opens + random.uniform(60, 1440, count)
        earliest = opens + SERVICE_MINUTES + driving_minutes(miles)
        delivery_opens = earliest + random.exponential(240, count)
        delivery_closes = delivery_opens + random.uniform(120, 1440, count)
        imbalance = np.sqrt(
            self._production[pickup]
            * self._attraction[delivery]
            / self._attraction[pickup]
            / self._production[delivery]
        )
        imbalance = np.clip(imbalance, 0.75, 1.35)
        rate = miles * CIRCUITY * _DOLLARS_PER_MILE[equipment] * imbalance * np.exp(random.normal(0, 0.16, count)) + 150
        return Loads(
            pickup_city=pickup,
            pickup_lat=pickup_lat,
            pickup_lon=pickup_lon,
            delivery_city=delivery,
            delivery_lat=delivery_lat,
            delivery_lon=delivery_lon,
            equipment=equipment,
            weight_pounds=np.clip(random.normal(34_000, 9_000, count), 3_000, 48_000).astype(np.int64),
            pickup_opens=opens,
            pickup_closes=closes,
            delivery_opens=delivery_opens,
            delivery_closes=delivery_closes,
            rate_cents=(np.maximum(rate, 350) * 100).astype(np.int64) // 500 * 500,
        )

    def legs(self, count: int) -> Legs:
        """Draw return legs: empty 150 to 1,400 miles from home within three days, with 6 to 48 h of slack over driving
        home empty.
        """
        random = self._random
        home = self._pick(self.population**0.6, count)
        empty = self._gravity(home, self._demand, 150, 1400)
        home_lat, home_lon = self._jitter(home)
        empty_lat, empty_lon = self._jitter(empty)
        miles = great_circle_miles(home_lat, home_lon, empty_lat, empty_lon)
        ready = random.uniform(0, 3 * _MINUTES_PER_DAY, count)
        return Legs(
            home_city=home,
            home_lat=home_lat,
            home_lon=home_lon,
            empty_city=empty,
            empty_lat=empty_lat,
            empty_lon=empty_lon,
            equipment=random.choice(3, size=count, p=_EQUIPMENT_SHARES),
            weight_pounds=random.integers(42, 49, count) * 1000,
            ready=ready,
            home_by=ready + driving_minutes(miles) + random.uniform(360, 2880, count),
            pickup_radius_miles=random.integers(2, 7, count) * 25,
            home_radius_miles=random.integers(2, 7, count) * 25,
            cents_per_mile=random.integers(145, 206, count),
        )
