"""Candidates: which open loads could suit a leg, and which open legs a load, by indexed SQL.

The statements only leave out pairs that the engine would refuse: equipment, capacity, windows that cannot meet, and
places out of reach by great
circle, which no road is shorter than. What remains is scored with road miles. Boxes come first, so that the GiST
indexes over points serve.
"""

import math
from collections.abc import Sequence
from typing import Any

from django.db import connection

from carriers.models import ReturnLeg, reach
from foundation.trade.equipment import loads_for
from loads.models import Load

MILES_PER_DEGREE = 69.0
# A road may be a little shorter than our great circle: the sphere is not the earth. Nothing within this factor is left
# out.
SAFETY = 1.02
EARTH_RADIUS_MILES = 3958.7613


def great_circle(lat_a: str, lon_a: str, lat_b: str, lon_b: str) -> str:
    """Return SQL for the great-circle miles between two points given as SQL (haversine)."""
    return (
        f"(2 * {EARTH_RADIUS_MILES} * asin(least(1, sqrt("
        f"sin(radians({lat_b} - {lat_a}) / 2) ^ 2 + cos(radians({lat_a})) * cos(radians({lat_b}))"
        f" * sin(radians({lon_b} - {lon_a}) / 2) ^ 2))))"
    )


_EMPTY_TO_PICKUP = great_circle("leg.empty_lat", "leg.empty_lon", "load.pickup_lat", "load.pickup_lon")
_DELIVERY_TO_HOME = great_circle("load.delivery_lat", "load.delivery_lon", "leg.home_lat", "leg.home_lon")

# The pair test, the same from both sides. `NULL` limits are no limits. The engine counts whole minutes, hence the
# minute.
_SUITS = f"""
    load.truck_codes @> ARRAY[leg.equipment]::varchar[]
    AND load.attributes & ~leg.attributes = 0
    AND load.weight_pounds <= leg.weight_pounds + leg.part_way_weight_pounds
    AND load.length_feet <= leg.length_feet + leg.part_way_length_feet
    AND load.pallets <= leg.pallets + leg.part_way_pallets
    AND load.pickup_closes_at >= leg.ready_at
    AND load.pickup_opens_at <= leg.home_by
    AND (leg.max_home_deadhead_miles IS NULL OR {_DELIVERY_TO_HOME} <= leg.max_home_deadhead_miles * {SAFETY})
    AND (
        leg.max_pickup_deadhead_miles IS NULL
        OR {_EMPTY_TO_PICKUP} <= leg.max_pickup_deadhead_miles * {SAFETY}
        OR {_EMPTY_TO_PICKUP} + load.loaded_miles / {SAFETY} + {_DELIVERY_TO_HOME}
            <= (leg.home_miles + leg.max_out_of_route_miles) * {SAFETY}
    )
"""
_SAME_MARKET = """
    JOIN accounts_organization AS shipper ON shipper.id = load.organization_id
    JOIN accounts_organization AS carrier ON carrier.id = leg.organization_id AND carrier.market = shipper.market
"""

# A leg by its values, so that one that is not stored asks the same question.
_LEG_COLUMNS = {
    "organization_id": "bigint",
    "equipment": "varchar",
    "attributes": "integer",
    "weight_pounds": "integer",
    "length_feet": "integer",
    "pallets": "integer",
    "part_way_weight_pounds": "integer",
    "part_way_length_feet": "integer",
    "part_way_pallets": "integer",
    "empty_lat": "double precision",
    "empty_lon": "double precision",
    "home_lat": "double precision",
    "home_lon": "double precision",
    "ready_at": "timestamptz",
    "home_by": "timestamptz",
    "home_miles": "double precision",
    "max_pickup_deadhead_miles": "integer",
    "max_home_deadhead_miles": "integer",
    "max_out_of_route_miles": "integer",
}
_GIVEN_LEG = f"(SELECT {', '.join(f'%({name})s::{kind} AS {name}' for name, kind in _LEG_COLUMNS.items())}) AS leg"

LOADS_FOR_GIVEN_LEG = f"""
    SELECT load.id
    FROM {_GIVEN_LEG}
    JOIN loads_load AS load ON load.status = 'open'
    {_SAME_MARKET}
    WHERE {_SUITS}
        AND load.equipment = ANY(%(codes)s)
        AND point(load.pickup_lon, load.pickup_lat) <@ %(pickup_box)s::box
        AND point(load.delivery_lon, load.delivery_lat) <@ %(delivery_box)s::box
    ORDER BY load.id
"""  # noqa: S608 - put together from this page's constants

LOADS_FOR_LEG = LOADS_FOR_GIVEN_LEG.replace(_GIVEN_LEG, "carriers_returnleg AS leg").replace(
    "WHERE", "WHERE leg.id = %(leg)s AND", 1
)
"""The same for a leg that is stored: `stored_leg` gives its parameters."""

LEGS_FOR_LOAD = f"""
    SELECT leg.id
    FROM loads_load AS load
    JOIN carriers_returnleg AS leg ON leg.status = 'open'
    {_SAME_MARKET}
    WHERE load.id = %(load)s AND {_SUITS}
        AND box(
            point(leg.reach_west, leg.reach_south), point(leg.reach_east, leg.reach_north)
        ) @> box(point(load.pickup_lon, load.pickup_lat), point(load.pickup_lon, load.pickup_lat))
    ORDER BY leg.id
"""  # noqa: S608 - put together from this page's constants


def _box(lat: float, lon: float, miles: float | None) -> str:
    """Return the box that holds every point within great-circle miles of a point; None is the whole earth."""
    if miles is None:
        return "((-180,-90),(180,90))"
    reach = miles * SAFETY / MILES_PER_DEGREE + 0.01
    nearest_pole = min(abs(lat) + reach, 89.0)
    sideways = reach / math.cos(math.radians(nearest_pole))
    return f"(({lon - sideways},{lat - reach}),({lon + sideways},{lat + reach}))"


def given_leg(leg: ReturnLeg) -> dict[str, Any]:
    """Return the parameters of `LOADS_FOR_GIVEN_LEG`: the leg's own values, stored or not."""
    south, west, north, east = reach.box(
        (leg.empty_lat, leg.empty_lon),
        (leg.home_lat, leg.home_lon),
        home_miles=leg.home_miles,
        max_pickup_deadhead_miles=leg.max_pickup_deadhead_miles,
        max_out_of_route_miles=leg.max_out_of_route_miles,
    )
    return {
        **{name: getattr(leg, name) for name in _LEG_COLUMNS},
        "codes": sorted(loads_for(leg.equipment)),
        "pickup_box": f"(({west},{south}),({east},{north}))",
        "delivery_box": _box(leg.home_lat, leg.home_lon, leg.max_home_deadhead_miles),
    }


def stored_leg(
    key: int, *, equipment: str, reach_box: Sequence[float], home: tuple[float, float], max_home_miles: float | None
) -> dict[str, Any]:
    """Return the parameters of `LOADS_FOR_LEG`; the box of its reach is west, south, east, north in degrees."""
    west, south, east, north = reach_box
    return {
        "leg": key,
        "codes": sorted(loads_for(equipment)),
        "pickup_box": f"(({west},{south}),({east},{north}))",
        "delivery_box": _box(*home, max_home_miles),
    }


def loads_for_leg(leg: ReturnLeg) -> list[int]:
    """Return the keys of the open loads that could suit a leg as it stands here, stored or not, in order."""
    with connection.cursor() as cursor:
        cursor.execute(LOADS_FOR_GIVEN_LEG, given_leg(leg))
        return [row[0] for row in cursor.fetchall()]


def legs_for_load(load: Load) -> list[int]:
    """Return the keys of the open legs that an open load could suit, in order."""
    with connection.cursor() as cursor:
        cursor.execute(LEGS_FOR_LOAD, {"load": load.pk})
        return [row[0] for row in cursor.fetchall()]
