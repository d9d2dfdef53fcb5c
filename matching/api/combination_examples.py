"""Examples of combinations as they stand in the API's documentation: two loads in a row, the second open to offers."""

from typing import Any

from matching.api import examples

_FIRST, _SECOND = "load_06hx2k4a8m0q3v5y7z9c1e2g3j", "load_06hx2k4a8m0q3v5y7z9c1e2g3s"


def _dollars(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


def _line(
    label: str, amount: str, quantity: float | None = None, unit: str | None = None, unit_cents: float | None = None
) -> dict[str, Any]:
    amounts = {"quantity": quantity, "unit": unit, "unit_cents": unit_cents, "amount": _dollars(amount)}
    return {"label": label, **amounts}


def _load(public_id: str, rate: str | None, *stops: dict[str, Any]) -> dict[str, Any]:
    """Return the load of a match with other stops: place and window in UTC, the local ones six hours behind."""
    like = examples.MATCH["load"]["stops"]
    written = [
        {**base, "place": stop["place"]}
        | {f"{end}_at": f"2026-11-{stop[end]}:00:00Z" for end in ("opens", "closes")}
        | {f"{end}_at_local": f"2026-11-{stop[end + '_local']}:00" for end in ("opens", "closes")}
        for base, stop in zip(like, stops, strict=True)
    ]
    return {**examples.MATCH["load"], "id": public_id, "rate": rate and _dollars(rate), "stops": written}


_JOLIET = {
    "place": {"city": "Joliet", "state": "IL", "zip3": "604"},
    "opens": "24T14",
    "opens_local": "24T08",
    "closes": "24T22",
    "closes_local": "24T16",
}
_ST_LOUIS = {
    "place": {"city": "Saint Louis", "state": "MO", "zip3": "631"},
    "opens": "24T20",
    "opens_local": "24T14",
    "closes": "25T04",
    "closes_local": "24T22",
}
_EDWARDSVILLE = {
    "place": {"city": "Edwardsville", "state": "IL", "zip3": "620"},
    "opens": "25T14",
    "opens_local": "25T08",
    "closes": "25T22",
    "closes_local": "25T16",
}
_MEMPHIS = {
    "place": {"city": "Memphis", "state": "TN", "zip3": "381"},
    "opens": "25T14",
    "opens_local": "25T08",
    "closes": "26T04",
    "closes_local": "25T22",
}


def _stop(
    load: int, kind: str, window: dict[str, Any], times: tuple[str, str, str], pounds: int, feet: int
) -> dict[str, Any]:
    arrive, begin, end = (f"2026-11-{time}:00Z" for time in times)
    return {
        "kind": kind,
        "opens_at": f"2026-11-{window['opens']}:00:00Z",
        "closes_at": f"2026-11-{window['closes']}:00:00Z",
        "arrive_at": arrive,
        "begin_at": begin,
        "end_at": end,
        "load": load,
        "loads_on_board": int(kind == "pickup"),
        "weight_pounds_on_board": pounds,
        "length_feet_on_board": feet,
        "pallets_on_board": 0,
    }


CHAIN: dict[str, Any] = {
    "id": "combination_4rdxw2h0vn5s7k9c3m6q8t1y5z",
    "kind": "chain",
    "leg": examples.MATCH["leg"],
    "loads": [_load(_FIRST, "700.00", _JOLIET, _ST_LOUIS), _load(_SECOND, None, _EDWARDSVILLE, _MEMPHIS)],
    "market_gain": _dollars("836.55"),
    "rate": _dollars("1489.45"),
    "rate_is_estimated": True,
    "rate_low": _dollars("1290.00"),
    "rate_high": _dollars("1685.00"),
    "rate_basis": "default",
    "pickup_deadhead_miles": 40.0,
    "loaded_miles": 545.0,
    "between_deadhead_miles": 10.0,
    "home_deadhead_miles": 30.0,
    "avoided_miles": 500.0,
    "empty_miles": 80.0,
    "empty_miles_saved": 420.0,
    "miles_are_estimated": False,
    "co2_saved_kg": 659.7,
    "home_slack_minutes": 1302,
    "stops": [
        _stop(0, "pickup", _JOLIET, ("24T14:48", "24T14:48", "24T16:48"), 38000, 53),
        _stop(0, "delivery", _ST_LOUIS, ("24T22:00", "24T22:00", "25T00:00"), 0, 0),
        _stop(1, "pickup", _EDWARDSVILLE, ("25T14:00", "25T14:00", "25T16:00"), 38000, 53),
        _stop(1, "delivery", _MEMPHIS, ("25T21:42", "25T21:42", "25T23:42"), 0, 0),
    ],
    "home_at": "2026-11-26T00:18:00Z",
    "sum": [
        _line("Rate of load 1", "700.00"),
        _line("Rate of load 2, estimated", "789.45"),
        _line("Loaded miles", "-1231.70", 545.0, "mile", 226.0),
        _line("Deadhead miles", "-171.20", 80.0, "mile", 214.0),
        _line("Empty run home avoided", "1070.00", 500.0, "mile", 214.0),
        _line("Loading, unloading, waiting", "-320.00", 480, "minute", 66.66666666666667),
    ],
    "policy_version": "2026-11.2",
    "road_version": "roads-2-5f3c",
    "etag": '"Lq1c7mJk2vQe0XyZa9LwRt5B"',
}
