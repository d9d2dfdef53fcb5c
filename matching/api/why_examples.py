"""Examples of what waits and why not, as they stand in the API's documentation."""

from typing import Any

from matching.api import examples


def _dollars(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


EMPTY_RUN: dict[str, Any] = {
    "miles": 500.0,
    "market_cost": _dollars("1070.00"),
    "own_cost": _dollars("750.00"),
    "drive_minutes": 600,
    "minutes": 630,
    "home_at": "2026-11-25T00:30:00Z",
    "home_slack_minutes": 2730,
    "miles_are_estimated": False,
    "clock_is_assumed": True,
}
_PAIR: dict[str, Any] = {
    "leg": "leg_06hx2k4a8m0q3v5y7z9c1e2g3n",
    "load": "load_06hx2k4a8m0q3v5y7z9c1e2g3j",
}
_POSTED: dict[str, Any] = {
    "rate": _dollars("1250.00"),
    "rate_is_estimated": False,
    "rate_low": None,
    "rate_high": None,
    "rate_basis": "posted",
}
_ESTIMATED: dict[str, Any] = {
    "rate": _dollars("1050.00"),
    "rate_is_estimated": True,
    "rate_low": _dollars("790.00"),
    "rate_high": _dollars("1315.00"),
    "rate_basis": "default",
}
_NOT_RANKED: dict[str, Any] = {"rank": None, "gaining": None, "shown": 20, "bar": None, "match": None}
REFUSED: dict[str, Any] = {
    **_PAIR,
    "feasible": False,
    "rule": "pickup_closes",
    "sentence": "reaches the pickup 42 min after it closes",
    "remedy": "feasible if the pickup closed 42 min later",
    "changes": [
        {
            "what": "closes_at",
            "stop": 0,
            "by": 42,
            "to": None,
            "to_at": "2026-11-24T22:42:00Z",
            "words": "the pickup closed 42 min later",
        }
    ],
    "own_gain": None,
    "worth_from": _dollars("302.00"),
    "own_gain_if_changed": _dollars("948.00"),
    "market_gain": None,
    "market_worth_from": _dollars("302.00"),
    "market_gain_if_changed": _dollars("948.00"),
    **_NOT_RANKED,
    "clock_is_assumed": True,
    **_POSTED,
}
LOSES: dict[str, Any] = {
    **_PAIR,
    "feasible": True,
    "rule": None,
    "sentence": "",
    "remedy": "",
    "changes": [],
    "market_gain": _dollars("-130.00"),
    "market_worth_from": _dollars("1180.00"),
    "market_gain_if_changed": None,
    **_NOT_RANKED,
    **_ESTIMATED,
}
PREVIEW: dict[str, Any] = {
    "items": [
        {
            "load": examples.MATCH["load"],
            "own_gain": _dollars("948.00"),
            "market_gain": _dollars("948.00"),
            "worth_from": _dollars("302.00"),
            **_POSTED,
            "pickup_deadhead_miles": 40.0,
            "loaded_miles": 470.0,
            "home_deadhead_miles": 30.0,
            "empty_miles_saved": 430.0,
            "pickup_slack_minutes": 432,
            "home_at": "2026-11-25T15:18:00Z",
        }
    ],
    "count": 1,
    "candidates": 12,
    "feasible": 3,
    "refusals": {"pickup_closes": 7, "hours": 2},
    "empty_run": EMPTY_RUN,
}
