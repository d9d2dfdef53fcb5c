"""The market generator's loads and legs as the engine's columns: the same market for every benchmark, by its seed.

A: both deadheads limited, each to 50, 75, 100, 125 or 150 miles. B: only the pickup's.
"""

from typing import Literal

import numpy as np

from backhaul.demo.market import EQUIPMENT, SERVICE_MINUTES, MarketGenerator
from matching.engine.columns import LOAD_CODES, TRUCK_CODES
from matching.engine.problem import DELIVERY, PICKUP, Legs, Loads

SEED = 2026
STARTS_AT = 29_389_080
"""2025-11-17T06:00Z in minutes: the market's first minute."""


def bench_market(seed: int, legs: int, loads: int, *, limits: Literal["A", "B"] = "A") -> tuple[Legs, Loads]:
    """Draw a market of so many legs and loads; `limits` changes nothing but the home deadhead limit."""
    generator = MarketGenerator(seed)
    return _legs(generator, legs, limits), _loads(generator, loads)


def _loads(generator: MarketGenerator, count: int) -> Loads:
    drawn = generator.loads(count)
    opens = np.stack([drawn.pickup_opens, drawn.delivery_opens], axis=1)
    closes = np.stack([drawn.pickup_closes, drawn.delivery_closes], axis=1)
    codes = np.array([LOAD_CODES.index(code) for code in EQUIPMENT])
    return Loads(
        key=np.arange(count) + 1,
        equipment=codes[drawn.equipment],
        attributes=np.zeros(count, dtype=np.int64),
        weight_pounds=drawn.weight_pounds,
        length_feet=np.full(count, 48),
        pallets=np.zeros(count, dtype=np.int64),
        rate_cents=drawn.rate_cents,
        is_partial=np.zeros(count, dtype=np.bool_),
        stop_offsets=np.arange(0, 2 * count + 1, 2),
        stop_kind=np.tile([PICKUP, DELIVERY], count),
        stop_lat=np.stack([drawn.pickup_lat, drawn.delivery_lat], axis=1).ravel(),
        stop_lon=np.stack([drawn.pickup_lon, drawn.delivery_lon], axis=1).ravel(),
        stop_opens_at=STARTS_AT + np.ceil(opens).astype(np.int64).ravel(),
        stop_closes_at=STARTS_AT + np.ceil(closes).astype(np.int64).ravel(),
        stop_service_minutes=np.full(2 * count, SERVICE_MINUTES),
    )


def _legs(generator: MarketGenerator, count: int, limits: Literal["A", "B"]) -> Legs:
    drawn = generator.legs(count)
    codes = np.array([TRUCK_CODES.index(code) for code in EQUIPMENT])
    unknown = np.full(count, np.nan)
    cents = drawn.cents_per_mile.astype(np.float64)
    return Legs(
        key=np.arange(count) + 1,
        empty_lat=drawn.empty_lat,
        empty_lon=drawn.empty_lon,
        home_lat=drawn.home_lat,
        home_lon=drawn.home_lon,
        ready_at=STARTS_AT + np.ceil(drawn.ready).astype(np.int64),
        home_by=STARTS_AT + np.floor(drawn.home_by).astype(np.int64),
        equipment=codes[drawn.equipment],
        attributes=np.zeros(count, dtype=np.int64),
        weight_pounds=drawn.weight_pounds,
        length_feet=np.full(count, 53),
        pallets=np.full(count, 26),
        max_pickup_deadhead_miles=drawn.pickup_radius_miles.astype(np.float64),
        max_home_deadhead_miles=drawn.home_radius_miles.astype(np.float64) if limits == "A" else unknown,
        max_out_of_route_miles=unknown,
        drive_left=unknown,
        shift_left=unknown,
        break_left=unknown,
        cycle_left=unknown,
        loaded_cents_per_mile=cents,
        empty_cents_per_mile=cents,
        hour_cents=unknown,
        delay_hour_cents=unknown,
    )
