"""The two rivals of the bulk core, answering the same question: one SQL statement, and a plain Python loop.

Great circle x 1.17 at 50 mph, windows, capacity, both deadhead limits, the gain at the carrier's own costs; no duty
day. Of the market's loads of two stops each rival is given what the core works out once: the loaded miles, and when a
truck must be there and will be done. The market's legs offer no pickups along the way and are not paid for delay.
"""

import math
from collections.abc import Sequence
from heapq import nlargest
from typing import Any

import numpy as np
import psycopg

from matching.engine.bulk.bounds import chain_times
from matching.engine.policy import DEFAULT_POLICY
from matching.engine.problem import Legs, Loads
from matching.engine.routes import between_stops, own_ways, straight_homes
from matching.engine.travel import EARTH_RADIUS_MILES, GreatCircleTravel

CIRCUITY, MPH, SHOWN = 1.17, 50.0, 20
SERVICE_CENTS = DEFAULT_POLICY.hour_cents / 60
_TRAVEL = GreatCircleTravel(CIRCUITY, MPH)

LoadRow = tuple[int, int, float, float, float, float, int, int, float, int, int, int, int]
LegRow = tuple[int, list[int], float, float, float, float, int, int, int, float, float, float, float, float]


def load_rows(loads: Loads) -> list[LoadRow]:
    """Return loads as tuples, in the order of the columns of `_TABLES`."""
    between = between_stops(loads, np.arange(len(loads)), _TRAVEL)
    spent, done_at, latest_at = chain_times(loads, between.minutes, loads.stop_service_minutes)
    service = np.add.reduceat(loads.stop_service_minutes, loads.first_stop)
    first, last = loads.first_stop, loads.last_stop
    columns: Sequence[Any] = (
        loads.key, loads.equipment, loads.stop_lat[first], loads.stop_lon[first], loads.stop_lat[last],
        loads.stop_lon[last], loads.weight_pounds, loads.rate_cents, own_ways(loads, between).miles, spent, done_at,
        latest_at, service,
    )  # fmt: skip
    return list(zip(*(column.tolist() for column in columns), strict=True))


def leg_rows(legs: Legs, carries: Sequence[Sequence[int]]) -> list[LegRow]:
    """Return legs as tuples, in the order of the columns of `_TABLES`; `carries` by the leg's equipment."""
    home = straight_homes(legs, np.arange(len(legs)), _TRAVEL).miles
    near, homeward = (
        np.nan_to_num(limit, nan=1e6) for limit in (legs.max_pickup_deadhead_miles, legs.max_home_deadhead_miles)
    )
    rows = zip(
        legs.key.tolist(), [list(carries[code]) for code in legs.equipment.tolist()], legs.empty_lat.tolist(),
        legs.empty_lon.tolist(), legs.home_lat.tolist(), legs.home_lon.tolist(), legs.weight_pounds.tolist(),
        legs.ready_at.tolist(), legs.home_by.tolist(), near.tolist(), homeward.tolist(), home.tolist(),
        legs.loaded_cents_per_mile.tolist(), legs.empty_cents_per_mile.tolist(), strict=True,
    )  # fmt: skip
    return list(rows)


_TABLES = """
    CREATE TABLE load (
        key bigint, equipment int, pickup_lat float8, pickup_lon float8, delivery_lat float8, delivery_lon float8,
        weight int, rate bigint, miles float8, spent int, done_at int, latest_at int, service int
    );
    CREATE TABLE leg (
        key bigint, codes int[], empty_lat float8, empty_lon float8, home_lat float8, home_lon float8, weight int,
        ready_at int, home_by int, near float8, homeward float8, home_miles float8, loaded_cents float8,
        empty_cents float8
    )
"""
_INDEX = """
    CREATE INDEX ON load
    USING gist (point(pickup_lon, pickup_lat), point(delivery_lon, delivery_lat));
    ANALYZE
"""


def fill(connection: psycopg.Connection, loads: list[LoadRow], legs: list[LegRow]) -> None:
    """Write the market into tables of its own and index it."""
    with connection.cursor() as cursor:
        for statement in _TABLES.split(";"):
            cursor.execute(statement)
        for table, rows in (("load", loads), ("leg", legs)):
            with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        for statement in _INDEX.split(";"):
            cursor.execute(statement)
    connection.commit()


def _miles(lat_a: str, lon_a: str, lat_b: str, lon_b: str) -> str:
    return (
        f"{CIRCUITY} * 2 * {EARTH_RADIUS_MILES} * asin(least(1, sqrt("
        f"sin(radians({lat_b} - {lat_a}) / 2) ^ 2 + cos(radians({lat_a})) * cos(radians({lat_b}))"
        f" * sin(radians({lon_b} - {lon_a}) / 2) ^ 2)))"
    )


def _box(lat: str, lon: str, miles: str) -> str:
    reach = f"({miles} / {CIRCUITY} / 69.0 + 0.01)"
    wide = f"({reach} / cos(radians(least(abs({lat}) + {reach}, 89))))"
    return f"box(point({lon} - {wide}, {lat} - {reach}), point({lon} + {wide}, {lat} + {reach}))"


_STATEMENT = f"""
    SELECT leg.key, array_agg(best.key ORDER BY best.gain DESC, best.key), sum(best.gain)::bigint
    FROM (
        SELECT *, {_box("empty_lat", "empty_lon", "near")} AS pickup_box,
            {_box("home_lat", "home_lon", "homeward")} AS delivery_box
        FROM leg WHERE key % %(step)s = 0 OFFSET 0
    ) AS leg
    CROSS JOIN LATERAL (
        SELECT load.key,
            load.rate - floor(load.miles * leg.loaded_cents + 0.5)
            - floor(round((round((way.a + way.b) * 10) / 10 * leg.empty_cents)::numeric, 6)::float8 + 0.5)
            + floor(leg.home_miles * leg.empty_cents + 0.5)
            - floor(({SERVICE_CENTS} * (
                load.service + greatest(leg.ready_at + way.out + load.spent, load.done_at)
                - leg.ready_at - way.out - load.spent
            )) + 0.5) AS gain
        FROM load
        CROSS JOIN LATERAL (
            SELECT {_miles("leg.empty_lat", "leg.empty_lon", "load.pickup_lat", "load.pickup_lon")} AS out,
                {_miles("load.delivery_lat", "load.delivery_lon", "leg.home_lat", "leg.home_lon")} AS home OFFSET 0
        ) AS raw
        CROSS JOIN LATERAL (
            SELECT round(raw.out * 10) / 10 AS a, round(raw.home * 10) / 10 AS b,
                ceil(round(raw.out * {60 / MPH} * 1000) / 1000) AS out,
                ceil(round(raw.home * {60 / MPH} * 1000) / 1000) AS home OFFSET 0
        ) AS way
        WHERE point(load.pickup_lon, load.pickup_lat) <@ leg.pickup_box
            AND point(load.delivery_lon, load.delivery_lat) <@ leg.delivery_box
            AND load.equipment = ANY(leg.codes) AND load.weight <= leg.weight
            AND load.latest_at >= leg.ready_at AND load.done_at <= leg.home_by
            AND way.a <= leg.near AND way.b <= leg.homeward
            AND leg.ready_at + way.out <= load.latest_at
            AND greatest(leg.ready_at + way.out + load.spent, load.done_at) + way.home <= leg.home_by
        ORDER BY gain DESC, load.key LIMIT {SHOWN}
    ) AS best
    GROUP BY leg.key ORDER BY leg.key
"""


def by_sql(connection: psycopg.Connection, step: int) -> dict[int, list[int]]:
    """Return the best loads' keys of the legs whose key is a multiple of `step`; legs without any are left out."""
    with connection.cursor() as cursor:
        cursor.execute(_STATEMENT.replace("%(step)s", str(int(step))))
        return {row[0]: row[1] for row in cursor.fetchall()}


def by_loop(legs: list[LegRow], loads: list[LoadRow], *, boxes: bool = False) -> dict[int, list[int]]:
    """Return the best loads' keys of these legs in plain Python, the cheap filters first; with `boxes` by latitude too.

    Cheap are equipment, weight and windows: comparisons that need no sine.
    """
    answer = {}
    radians, sin, cos, asin, sqrt, ceil, floor = (
        math.radians, math.sin, math.cos, math.asin, math.sqrt, math.ceil, math.floor,
    )  # fmt: skip

    def miles(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
        half = (
            sin(radians(lat_b - lat_a) / 2) ** 2
            + cos(radians(lat_a)) * cos(radians(lat_b)) * sin(radians(lon_b - lon_a) / 2) ** 2
        )
        return CIRCUITY * 2 * EARTH_RADIUS_MILES * asin(min(1.0, sqrt(half)))

    for leg in legs:
        (number, codes, empty_lat, empty_lon, home_lat, home_lon, capacity, ready_at, home_by, near, homeward) = leg[
            :11
        ]
        home_miles, loaded_cents, empty_cents = leg[11:]
        near_degrees, home_degrees = near / CIRCUITY / 69.0 + 0.01, homeward / CIRCUITY / 69.0 + 0.01
        found = []
        for load in loads:
            if load[1] not in codes:
                continue
            if boxes and (abs(load[2] - empty_lat) > near_degrees or abs(load[4] - home_lat) > home_degrees):
                continue
            (key, _, pickup_lat, pickup_lon, delivery_lat, delivery_lon, weight, rate, loaded) = load[:9]
            spent, done_at, latest_at, service = load[9:]
            if weight > capacity or latest_at < ready_at or done_at > home_by:
                continue
            out = miles(empty_lat, empty_lon, pickup_lat, pickup_lon)
            if round(out, 1) > near:
                continue
            back = miles(delivery_lat, delivery_lon, home_lat, home_lon)
            if round(back, 1) > homeward:
                continue
            at_pickup = ready_at + ceil(round(out * 60 / MPH, 3))
            finish = max(at_pickup + spent, done_at)
            if at_pickup > latest_at or finish + ceil(round(back * 60 / MPH, 3)) > home_by:
                continue
            empty = round(round(out, 1) + round(back, 1), 1)
            gain = (
                rate
                - floor(round(loaded * loaded_cents, 6) + 0.5)
                - floor(round(empty * empty_cents, 6) + 0.5)
                + floor(round(home_miles * empty_cents, 6) + 0.5)
                - floor(round((service + finish - at_pickup - spent) * SERVICE_CENTS, 6) + 0.5)
            )
            found.append((gain, -key))
        if found:
            answer[number] = [-key for _, key in nlargest(SHOWN, found)]
    return answer
