"""Examples of the fleet and its return legs as they stand in the API's documentation."""

from typing import Any

TRUCK_ID = "trk_06hx2k4a8m0q3v5y7z9c1e2g3j"
BASE_ID = "base_06hx2k4a8m0q3v5y7z9c1e2g3k"

NEW_TRUCK: dict[str, Any] = {"number": "104", "equipment": "V", "home_base": BASE_ID, "external_id": "UNIT-104"}
TRUCK: dict[str, Any] = {
    "id": TRUCK_ID,
    "version": 1,
    "number": "104",
    "equipment": "V",
    "attributes": [],
    "weight_pounds": 45000,
    "length_feet": 53,
    "pallets": 26,
    "home_base": {"id": BASE_ID, "name": "Yard"},
    "usual_driver": None,
    "usual_trailer": None,
    "external_id": "UNIT-104",
    "archived_at": None,
    "etag": '"pD1c7mJk2vQe0XyZa9LwRt5B"',
}
NEW_TRAILER: dict[str, Any] = {"number": "T-7", "equipment": "R"}
TRAILER: dict[str, Any] = {
    "id": "trl_06hx2k4a8m0q3v5y7z9c1e2g3j",
    "version": 1,
    "number": "T-7",
    "equipment": "R",
    "attributes": ["temperature"],
    "weight_pounds": 43500,
    "length_feet": 53,
    "pallets": 26,
    "archived_at": None,
    "etag": '"pD1c7mJk2vQe0XyZa9LwRt5B"',
}
NEW_DRIVER: dict[str, Any] = {"name": "Dana Whitfield", "phone": "312 555 0142", "hazmat_endorsed": True}
DRIVER: dict[str, Any] = {
    "id": "drv_06hx2k4a8m0q3v5y7z9c1e2g3j",
    "version": 1,
    **NEW_DRIVER,
    "person": None,
    "archived_at": None,
    "etag": '"pD1c7mJk2vQe0XyZa9LwRt5B"',
}
NEW_BASE: dict[str, Any] = {"name": "Yard", "place": {"zip": "60608"}}
BASE: dict[str, Any] = {
    "id": BASE_ID,
    "version": 1,
    "name": "Yard",
    "place": {"city": "Chicago", "state": "IL", "zip": "60608", "time_zone": "America/Chicago"},
    "archived_at": None,
    "etag": '"pD1c7mJk2vQe0XyZa9LwRt5B"',
}
NEW_COSTS: dict[str, Any] = {
    "loaded_mile": {"amount": "2.31", "currency": "USD"},
    "empty_mile": {"amount": "2.05", "currency": "USD"},
    "hour": {"amount": "42.00", "currency": "USD"},
}
COSTS: dict[str, Any] = {
    "valid_from": "2026-11-01",
    **NEW_COSTS,
    "delay_hour": {"amount": "0.00", "currency": "USD"},
    "is_default": False,
    "source": "own figures",
    "etag": '"pD1c7mJk2vQe0XyZa9LwRt5B"',
}
EDITED_LEG: dict[str, Any] = {
    "truck": TRUCK_ID,
    "empty": {"city": "Dallas", "state": "TX"},
    "ready_at": "2026-11-24T15:00:00-06:00",
    "home": {"zip": "60608"},
    "home_by": "2026-11-27T20:00:00-06:00",
    "max_pickup_deadhead_miles": 120,
    "drive_minutes_left": 420,
}
NEW_LEG: dict[str, Any] = {
    **EDITED_LEG,
    "external_id": "TRIP-5512-R",
    "trip": {"from": {"zip": "60608"}, "departs_at": "2026-11-22T06:00:00-06:00", "reference": "5512"},
}
MARKET_LEG: dict[str, Any] = {
    "id": "leg_06hx2k4a8m0q3v5y7z9c1e2g3j",
    "status": "open",
    "organization": {"id": "org_06hx2k4a8m0q3v5y7z9c1e2g3k", "name": "Lakeshore Freight"},
    "equipment": "V",
    "attributes": [],
    "weight_pounds": 45000,
    "length_feet": 53,
    "pallets": 26,
    "part_way": None,
    "empty": {"city": "Dallas", "state": "TX", "zip3": "752", "time_zone": "America/Chicago"},
    "ready_at": "2026-11-24T21:00:00Z",
    "ready_at_local": "2026-11-24T15:00",
    "home": {"state": "IL", "zip3": "606"},
    "home_by": "2026-11-28T02:00:00Z",
    "home_miles": 920.0,
    "max_pickup_deadhead_miles": 120,
    "max_home_deadhead_miles": None,
    "max_out_of_route_miles": None,
    "opened_at": "2026-11-22T15:04:05Z",
    "confirmed_at": "2026-11-22T15:04:05Z",
    "etag": '"pD1c7mJk2vQe0XyZa9LwRt5B"',
}
OWN_LEG: dict[str, Any] = {
    **MARKET_LEG,
    "on_board": {"weight_pounds": 0, "length_feet": 0, "pallets": 0},
    "version": 1,
    "external_id": "TRIP-5512-R",
    "truck": {"id": TRUCK_ID, "number": "104"},
    "trailer": None,
    "driver": None,
    "empty": {"city": "Dallas", "state": "TX", "zip": "75201", "time_zone": "America/Chicago"},
    "home": {"city": "Chicago", "state": "IL", "zip": "60608", "time_zone": "America/Chicago", "base": None},
    "home_by_local": "2026-11-27T20:00",
    "home_miles": 921.4,
    "drive_minutes_left": 420,
    "shift_minutes_left": None,
    "break_minutes_left": None,
    "cycle_minutes_left": None,
    "trip": {
        "id": "trip_06hx2k4a8m0q3v5y7z9c1e2g3j",
        "from": {"city": "Chicago", "state": "IL", "zip": "60608"},
        "to": {"city": "Dallas", "state": "TX", "zip": "75201"},
        "departs_at": "2026-11-22T12:00:00Z",
        "empties_at": "2026-11-24T21:00:00Z",
        "reference": "5512",
    },
    "reference": "",
    "notes": "",
    "private_notes": "",
    "audience": "market",
    "partners_first_until": None,
    "created_at": "2026-11-22T15:04:05Z",
    "updated_at": "2026-11-22T15:04:05Z",
    "expires_at": "2026-11-26T18:00:00Z",
}
BULK_RESULT: dict[str, Any] = {"items": [{"index": 0, "status": 201, "outcome": "created", "leg": OWN_LEG}]}
