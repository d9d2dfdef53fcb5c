"""Examples of loads as they stand in the API's documentation; a test posts and compares them."""

from typing import Any

CHICAGO_IN = {
    "kind": "pickup",
    "place": {"zip": "60601"},
    "opens_at": "2026-11-24T08:00:00-06:00",
    "closes_at": "2026-11-24T16:00:00-06:00",
    "facility": "Lake Street dock",
}
DALLAS_IN = {
    "kind": "delivery",
    "place": {"city": "Dallas", "state": "TX"},
    "opens_at": "2026-11-27T06:00:00-06:00",
    "closes_at": "2026-11-27T14:00:00-06:00",
    "by_appointment": True,
}
NEW_LOAD: dict[str, Any] = {
    "external_id": "TMS-88213",
    "equipment": "V",
    "weight_pounds": 38000,
    "commodity": "Paper products",
    "rate": {"amount": "2400.00", "currency": "USD"},
    "book_now": True,
    "tonu": {"amount": "150.00", "currency": "USD"},
    "layover": {"amount": "250.00", "currency": "USD"},
    "payment_days": 21,
    "stops": [CHICAGO_IN, DALLAS_IN],
}
EDITED_LOAD = {name: value for name, value in NEW_LOAD.items() if name != "external_id"}


def _stop(
    kind: str, place: dict[str, Any], zone: str, opens: tuple[str, str], closes: tuple[str, str]
) -> dict[str, Any]:
    return {
        "kind": kind,
        "place": place,
        "time_zone": zone,
        "opens_at": opens[0],
        "opens_at_local": opens[1],
        "closes_at": closes[0],
        "closes_at_local": closes[1],
        "by_appointment": kind == "delivery",
        "service_minutes": 120,
    }


_CHICAGO = _stop(
    "pickup",
    {"city": "Chicago", "state": "IL", "zip3": "606"},
    "America/Chicago",
    ("2026-11-24T14:00:00Z", "2026-11-24T08:00"),
    ("2026-11-24T22:00:00Z", "2026-11-24T16:00"),
)
_DALLAS = _stop(
    "delivery",
    {"city": "Dallas", "state": "TX", "zip3": "752"},
    "America/Chicago",
    ("2026-11-27T12:00:00Z", "2026-11-27T06:00"),
    ("2026-11-27T20:00:00Z", "2026-11-27T14:00"),
)
MARKET_LOAD: dict[str, Any] = {
    "id": "load_06hx2k4a8m0q3v5y7z9c1e2g3j",
    "status": "open",
    "version": 1,
    "organization": {"id": "org_06hx2k4a8m0q3v5y7z9c1e2g3k", "name": "Prairie Paper Co."},
    "equipment": "V",
    "size": "full",
    "attributes": [],
    "weight_pounds": 38000,
    "length_feet": 53,
    "pallets": 0,
    "commodity": "Paper products",
    "hazmat_class": "",
    "temperature_min_f": None,
    "temperature_max_f": None,
    "rate": {"amount": "2400.00", "currency": "USD"},
    "book_now": True,
    "free_minutes": 120,
    "detention_per_hour": {"amount": "0.00", "currency": "USD"},
    "tonu": {"amount": "150.00", "currency": "USD"},
    "layover": {"amount": "250.00", "currency": "USD"},
    "payment_days": 21,
    "loaded_miles": 921.4,
    "opened_at": "2026-11-22T15:04:05Z",
    "confirmed_at": "2026-11-22T15:04:05Z",
    "stops": [_CHICAGO, _DALLAS],
    "etag": '"pD1c7mJk2vQe0XyZa9LwRt5B"',
}
OWN_LOAD: dict[str, Any] = {
    **MARKET_LOAD,
    "stops": [
        {
            **_CHICAGO,
            "place": {"city": "Chicago", "state": "IL", "zip": "60601", "zip3": "606"},
            "facility": "Lake Street dock",
            "address": "",
            "instructions": "",
        },
        {
            **_DALLAS,
            "place": {"city": "Dallas", "state": "TX", "zip": "75201", "zip3": "752"},
            "facility": "",
            "address": "",
            "instructions": "",
        },
    ],
    "external_id": "TMS-88213",
    "reference": "",
    "notes": "",
    "private_notes": "",
    "instructions": "",
    "reserve": None,
    "audience": "market",
    "partners_first_until": None,
    "created_at": "2026-11-22T15:04:05Z",
    "updated_at": "2026-11-22T15:04:05Z",
    "expires_at": "2026-11-24T22:00:00Z",
}
SOLD_LOAD: dict[str, Any] = {
    **{
        name: value
        for name, value in OWN_LOAD.items()
        if name not in ("rate", "book_now", "free_minutes", "detention_per_hour", "tonu", "layover", "payment_days")
    },
    "seller": {"id": "org_06hx2k4a8m0q3v5y7z9c1e2g3n", "name": "Lakeside Brokers"},
    "shipper_rate": {"amount": "2600.00", "currency": "USD"},
}
LOAD_TO_SELL: dict[str, Any] = {
    **MARKET_LOAD,
    "version": 4,
    "reference": "PO 7",
    "notes": "",
    "audience": "market",
    "partners_first_until": None,
    "expires_at": "2026-11-24T22:00:00Z",
    "shipper_rate": {"amount": "2600.00", "currency": "USD"},
}
SALE: dict[str, Any] = {
    "rate": {"amount": "2400.00", "currency": "USD"},
    "book_now": True,
    "layover": {"amount": "250.00", "currency": "USD"},
    "payment_days": 21,
}
BULK_RESULT = {
    "items": [
        {"index": 0, "status": 201, "outcome": "created", "load": OWN_LOAD},
        {
            "index": 1,
            "status": 422,
            "problem": {
                "type": "/api/v1/problems/invalid",
                "title": "Breaks a rule",
                "status": 422,
                "detail": "Give the weight in pounds, at least 1 lb.",
                "code": "invalid",
                "request_id": "req_06hx2k4a8m0q3v5y7z9c1e2g3m",
                "errors": [
                    {
                        "pointer": "/items/1/weight_pounds",
                        "code": "out_of_range",
                        "detail": "Give the weight in pounds, at least 1 lb.",
                    }
                ],
            },
        },
    ]
}
