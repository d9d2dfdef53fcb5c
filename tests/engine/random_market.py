"""Small random markets with what is awkward in them, on the great circle."""

import numpy as np

from matching.engine.columns import LOAD_CODES, TRUCK_CODES
from matching.engine.problem import DELIVERY, OPEN_TO_OFFERS, PICKUP, Legs, Loads

DAY = 24 * 60

CENTRES = {
    "the prairie": (41.0, -95.0),
    "the date line": (-17.0, 180.0),
    "the North Pole": (89.8, 0.0),
    "the South Pole": (-89.9, 120.0),
    "where the map begins": (0.0, -180.0),
}


def points(random: np.random.Generator, centre: tuple[float, float], count: int, degrees: float) -> np.ndarray:
    """Return points round a centre, shape (count, 2), with longitudes brought back to -180 through 180."""
    lat = centre[0] + random.normal(0, degrees, count)
    lat = np.where(lat > 90, 180 - lat, np.where(lat < -90, -180 - lat, lat))
    spread = degrees / max(np.cos(np.radians(centre[0])), 0.02)
    lon = (centre[1] + random.normal(0, spread, count) + 180.0) % 360.0 - 180.0
    lon[: count // 10] = 180.0 if abs(centre[1]) == 180.0 else lon[: count // 10]
    return np.column_stack([lat, lon])


def limits(random: np.random.Generator, count: int, share: float, longest: float) -> np.ndarray:
    """Return limits in miles, none for a share, now and then 0."""
    found = random.uniform(0, longest, count).round(1)
    found[random.random(count) < 0.05] = 0.0
    return np.where(random.random(count) < share, np.nan, found)


def random_legs(
    random: np.random.Generator, count: int, centre: tuple[float, float], *, degrees: float = 2.0, **columns: object
) -> Legs:
    """Return legs of all equipment, some without limits, some along the way, some with D = O."""
    empty, home = (points(random, centre, count, degrees) for _ in range(2))
    home[::11] = empty[::11]
    ready_at = random.integers(0, DAY, count)
    unknown = np.full(count, np.nan)
    known = {
        "key": random.permutation(count) * 3,
        "empty_lat": empty[:, 0],
        "empty_lon": empty[:, 1],
        "home_lat": home[:, 0],
        "home_lon": home[:, 1],
        "ready_at": ready_at,
        "home_by": ready_at + random.integers(-60, 5 * DAY, count),
        "equipment": random.choice(len(TRUCK_CODES), count, p=np.r_[0.4, 0.4, np.full(14, 0.2 / 14)]),
        "attributes": random.choice([0, 5, 63, 63], count),
        "weight_pounds": random.integers(35_000, 50_000, count),
        "length_feet": random.choice([48, 53], count),
        "pallets": random.choice([0, 26, 26], count),
        "max_pickup_deadhead_miles": limits(random, count, 0.15, 300),
        "max_home_deadhead_miles": limits(random, count, 0.3, 300),
        "max_out_of_route_miles": limits(random, count, 0.5, 400),
        "drive_left": np.where(random.random(count) < 0.3, random.integers(0, 660, count), np.nan),
        "shift_left": unknown,
        "break_left": unknown,
        "cycle_left": np.where(random.random(count) < 0.2, random.integers(0, 4200, count), np.nan),
        "loaded_cents_per_mile": np.where(random.random(count) < 0.5, random.uniform(100, 250, count), np.nan),
        "empty_cents_per_mile": unknown,
        "hour_cents": unknown,
        "delay_hour_cents": np.where(random.random(count) < 0.3, 1234.5, np.nan),
    }
    return Legs(**(known | columns))


def random_loads(
    random: np.random.Generator, count: int, centre: tuple[float, float], *, degrees: float = 2.0, **columns: object
) -> Loads:
    """Return loads of two to four stops and all equipment, some of the same place, some open to offers, many alike."""
    stops = random.choice([2, 2, 2, 3, 4], count)
    offsets = np.concatenate([[0], np.cumsum(stops)])
    place = points(random, centre, int(offsets[-1]), degrees)
    place[offsets[1:-1:7] - 1] = place[offsets[0:-2:7]]
    which = np.repeat(np.arange(count), stops)
    position = np.arange(offsets[-1]) - offsets[which]
    opens_at = random.integers(0, DAY, count)[which] + position * random.integers(100, 1500, offsets[-1])
    last = position == stops[which] - 1
    kind = np.where(position == 0, PICKUP, np.where(last, DELIVERY, random.integers(0, 2, offsets[-1])))
    known = {
        "key": random.permutation(count) * 7 + 1,
        "equipment": random.choice(len(LOAD_CODES), count, p=np.r_[0.35, 0.2, np.full(14, 0.15 / 14), 0.2, 0.1]),
        "attributes": random.choice([0, 0, 0, 1, 4], count),
        "weight_pounds": random.integers(1_000, 48_000, count),
        "length_feet": random.choice([20, 48, 53], count),
        "pallets": random.choice([0, 10, 26], count),
        "rate_cents": random.choice([OPEN_TO_OFFERS, 0, 40_000, 90_000, 150_000, 150_001], count),
        "is_partial": np.zeros(count),
        "stop_offsets": offsets,
        "stop_kind": kind,
        "stop_lat": place[:, 0],
        "stop_lon": place[:, 1],
        "stop_opens_at": opens_at,
        "stop_closes_at": opens_at + random.choice([0, 720, 2000, 5000], offsets[-1]),
        "stop_service_minutes": random.choice([-1, 0, 30, 120], offsets[-1]),
    }
    return Loads(**(known | columns))
