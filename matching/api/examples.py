"""Examples of matches as they stand in the API's documentation: the sum is the one worked out in `docs/matching.md`."""

from typing import Any

_LOAD: dict[str, Any] = {
    "id": "load_06hx2k4a8m0q3v5y7z9c1e2g3j",
    "version": 1,
    "organization": {"id": "org_06hx2k4a8m0q3v5y7z9c1e2g3k", "name": "Prairie Paper Co."},
    "equipment": "V",
    "size": "full",
    "attributes": [],
    "weight_pounds": 38000,
    "length_feet": 53,
    "commodity": "Paper products",
    "rate": {"amount": "1250.00", "currency": "USD"},
    "stops": [
        {
            "kind": kind,
            "place": place,
            "time_zone": "America/Chicago",
            "opens_at": f"2026-11-{day}T14:00:00Z",
            "opens_at_local": f"2026-11-{day}T08:00",
            "closes_at": f"2026-11-{day}T22:00:00Z",
            "closes_at_local": f"2026-11-{day}T16:00",
            "by_appointment": False,
            "service_minutes": 120,
        }
        for kind, place, day in (
            ("pickup", {"city": "Joliet", "state": "IL", "zip3": "604"}, 24),
            ("delivery", {"city": "Memphis", "state": "TN", "zip3": "381"}, 25),
        )
    ],
}
_LEG: dict[str, Any] = {
    "id": "leg_06hx2k4a8m0q3v5y7z9c1e2g3n",
    "organization": {"id": "org_06hx2k4a8m0q3v5y7z9c1e2g3p", "name": "Ruiz Trucking"},
    "equipment": "V",
    "attributes": [],
    "empty": {"city": "Chicago", "state": "IL", "zip3": "606", "time_zone": "America/Chicago"},
    "ready_at": "2026-11-24T14:00:00Z",
    "home": {"state": "TN", "zip3": "380"},
    "home_by": "2026-11-26T22:00:00Z",
    "home_miles": 500.0,
}


def _line(
    label: str, quantity: float | None, unit: str | None, unit_cents: float | None, amount: str
) -> dict[str, Any]:
    return {
        "label": label,
        "quantity": quantity,
        "unit": unit,
        "unit_cents": unit_cents,
        "amount": {"amount": amount, "currency": "USD"},
    }


MATCH: dict[str, Any] = {
    "id": "match_4rdxw2h0vn5s7k9c3m6q8t1y5z",
    "load": _LOAD,
    "leg": _LEG,
    "market_gain": {"amount": "948.00", "currency": "USD"},
    "rate": {"amount": "1250.00", "currency": "USD"},
    "rate_is_estimated": False,
    "rate_low": None,
    "rate_high": None,
    "rate_basis": "posted",
    "pickup_deadhead_miles": 40.0,
    "loaded_miles": 470.0,
    "home_deadhead_miles": 30.0,
    "avoided_miles": 500.0,
    "empty_miles_saved": 430.0,
    "miles_are_estimated": False,
    "co2_saved_kg": 675.4,
    "pickup_slack_minutes": 432,
    "home_slack_minutes": 1764,
    "stops": [
        {
            "kind": "pickup",
            "opens_at": "2026-11-24T14:00:00Z",
            "closes_at": "2026-11-24T22:00:00Z",
            "arrive_at": "2026-11-24T14:48:00Z",
            "begin_at": "2026-11-24T14:48:00Z",
            "end_at": "2026-11-24T16:48:00Z",
        },
        {
            "kind": "delivery",
            "opens_at": "2026-11-25T14:00:00Z",
            "closes_at": "2026-11-25T22:00:00Z",
            "arrive_at": "2026-11-25T14:00:00Z",
            "begin_at": "2026-11-25T14:00:00Z",
            "end_at": "2026-11-25T16:00:00Z",
        },
    ],
    "home_at": "2026-11-25T16:36:00Z",
    "sum": [
        _line("Rate", None, None, None, "1250.00"),
        _line("Loaded miles", 470.0, "mile", 226.0, "-1062.20"),
        _line("Deadhead miles", 70.0, "mile", 214.0, "-149.80"),
        _line("Empty run home avoided", 500.0, "mile", 214.0, "1070.00"),
        _line("Loading, unloading, waiting", 240, "minute", 66.66666666666667, "-160.00"),
    ],
    "is_being_updated": False,
    "policy_version": "2026-11.2",
    "road_version": "roads-2-5f3c",
    "etag": '"pD1c7mJk2vQe0XyZa9LwRt5B"',
}
OWN_MATCH: dict[str, Any] = {
    **{name: value for name, value in MATCH.items() if name != "etag"},
    "own_gain": {"amount": "995.00", "currency": "USD"},
    "worth_from": {"amount": "255.00", "currency": "USD"},
    "own_sum": [
        _line("Rate", None, None, None, "1250.00"),
        _line("Loaded miles", 470.0, "mile", 216.0, "-1015.20"),
        _line("Deadhead miles", 70.0, "mile", 214.0, "-149.80"),
        _line("Empty run home avoided", 500.0, "mile", 214.0, "1070.00"),
        _line("Loading, unloading, waiting", 240, "minute", 66.66666666666667, "-160.00"),
    ],
    "timeline": [
        {
            "kind": "drive",
            "start_at": "2026-11-24T14:00:00Z",
            "end_at": "2026-11-24T14:48:00Z",
            "minutes": 48,
            "stop": None,
        }
    ],
    "clock_is_assumed": True,
    "scored_at": "2026-11-22T15:04:05Z",
    "etag": '"9vLk3QmX7cTnB1sYd0RwZe2H"',
}
