"""A tiny named market on a table of road miles, for sums that can be worked out by hand."""

from dataclasses import dataclass

import numpy as np

from matching.engine.columns import LOAD_CODES, TRUCK_CODES
from matching.engine.problem import DELIVERY, PICKUP, Legs, Loads
from matching.engine.travel import Figures

HOUR = 60
DAY = 24 * HOUR

# Places are numbered by their latitude: the table of miles below is all that is known of them.
EMPTY, PICK, DROP, HOME, FAR, ISLAND = (float(number) for number in range(6))

MILES = {
    (EMPTY, PICK): 40.0,
    (PICK, DROP): 470.0,
    (DROP, HOME): 30.0,
    (EMPTY, HOME): 500.0,
    (EMPTY, FAR): 300.0,
    (FAR, DROP): 250.0,
    (PICK, HOME): 480.0,
    (FAR, HOME): 240.0,
    (EMPTY, DROP): 480.0,
    (PICK, FAR): 290.0,
}


@dataclass(frozen=True)
class TableTravel:
    """Miles from a table, both ways; 50 mph; infinite to where no road leads."""

    mph: float = 50.0
    version: str = "table-1"

    def pairs(self, lats_a, lons_a, lats_b, lons_b) -> Figures:
        starts, ends = np.broadcast_arrays(np.atleast_1d(lats_a), np.atleast_1d(lats_b))
        miles = np.array([self.miles(a, b) for a, b in zip(starts.tolist(), ends.tolist(), strict=True)])
        return Figures(miles, miles * 60 / self.mph, np.zeros(miles.shape, dtype=bool))

    def one_to_many(self, lat, lon, lats, lons) -> Figures:
        return self.pairs(lat, lon, lats, lons)

    def many_to_one(self, lats, lons, lat, lon) -> Figures:
        return self.pairs(lats, lons, lat, lon)

    def miles(self, a: float, b: float) -> float:
        if a == b:
            return 0.0
        if ISLAND in (a, b):
            return np.inf
        return MILES.get((a, b), MILES.get((b, a), 999.0))


def make_legs(*rows: dict) -> Legs:
    """Return legs: a rested van at EMPTY, ready at 0, home within three days, limits of 100 miles at both ends."""
    usual = {
        "empty": EMPTY,
        "home": HOME,
        "ready_at": 0,
        "home_by": 3 * DAY,
        "equipment": "V",
        "attributes": 0,
        "weight_pounds": 44_000,
        "length_feet": 53,
        "pallets": 26,
        "max_pickup_deadhead_miles": 100,
        "max_home_deadhead_miles": 100,
        "max_out_of_route_miles": np.nan,
    }
    unknown = (
        "drive_left", "shift_left", "break_left", "cycle_left",
        "loaded_cents_per_mile", "empty_cents_per_mile", "hour_cents", "delay_hour_cents", "home_miles", "home_minutes",
    )  # fmt: skip
    full = [usual | {"key": number} | dict.fromkeys(unknown, np.nan) | row for number, row in enumerate(rows)]
    columns = {name: [row[name] for row in full] for name in ("key", *usual, *unknown)}
    columns["empty_lat"] = columns.pop("empty")
    columns["home_lat"] = columns.pop("home")
    columns["empty_lon"] = columns["home_lon"] = [0.0] * len(rows)
    columns["equipment"] = [TRUCK_CODES.index(code) for code in columns["equipment"]]
    return Legs(**columns)


def make_stop(
    place: float, kind: int = PICKUP, opens_at: int = 0, closes_at: int = 3 * DAY, service: int = 120
) -> dict:
    """Return one stop."""
    return {"lat": place, "kind": kind, "opens_at": opens_at, "closes_at": closes_at, "service": service}


def make_loads(*rows: dict) -> Loads:
    """Return loads: a full van from PICK to DROP for $1,250.00, open for three days at both ends, 2 h at each stop."""
    usual = {
        "equipment": "V",
        "attributes": 0,
        "weight_pounds": 40_000,
        "length_feet": 53,
        "pallets": 24,
        "rate_cents": 125_000,
        "is_partial": False,
        "stops": (make_stop(PICK), make_stop(DROP, DELIVERY)),
    }
    full = [usual | {"key": number} | row for number, row in enumerate(rows)]
    columns = {name: [row[name] for row in full] for name in ("key", *usual) if name != "stops"}
    columns["equipment"] = [LOAD_CODES.index(code) for code in columns["equipment"]]
    stops = [stop for row in full for stop in row["stops"]]
    return Loads(
        **columns,
        stop_offsets=np.concatenate([[0], np.cumsum([len(row["stops"]) for row in full])]).astype(np.int64),
        stop_kind=np.array([stop["kind"] for stop in stops], dtype=np.int64),
        stop_lat=[stop["lat"] for stop in stops],
        stop_lon=[0.0] * len(stops),
        stop_opens_at=np.array([stop["opens_at"] for stop in stops], dtype=np.int64),
        stop_closes_at=np.array([stop["closes_at"] for stop in stops], dtype=np.int64),
        stop_service_minutes=np.array([stop["service"] for stop in stops], dtype=np.int64),
    )
