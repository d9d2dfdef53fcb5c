"""Examples of threads and offers for the documentation."""

from typing import Any

LOAD = "load_06hx2k4a8m0q3v5y7z9c1e2g3r"
THREAD = "thread_06hx2k4a8m0q3v5y7z9c1e2g3r"
OFFER = "offer_06hx2k4a8m0q3v5y7z9c1e2g3r"
_CARRIER = {"id": "org_06hx2k4a8m0q3v5y7z9c1e2g4s", "name": "Ruiz Trucking"}
_SHIPPER = {"id": "org_06hx2k4a8m0q3v5y7z9c1e2g5t", "name": "Prairie Paper"}


def _money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


_TIMES: list[dict[str, Any]] = [
    {"sequence": 0, "opens_at": "2026-11-24T14:00:00Z", "closes_at": "2026-11-24T22:00:00Z", "by_appointment": False},
    {"sequence": 1, "opens_at": "2026-11-27T14:00:00Z", "closes_at": "2026-11-27T22:00:00Z", "by_appointment": True},
]
_TERMS: dict[str, Any] = {
    "linehaul": _money("2150.00"),
    "fuel_surcharge": _money("200.00"),
    "free_minutes": 120,
    "detention_per_hour": _money("60.00"),
    "tonu": _money("250.00"),
    "layover": _money("300.00"),
    "payment_days": 30,
    "notes": "Call an hour ahead of the delivery.",
}
NEW_THREAD = {
    "truck": "trk_06hx2k4a8m0q3v5y7z9c1e2g3r",
    "leg": "leg_06hx2k4a8m0q3v5y7z9c1e2g3r",
    "rate": _money("2300.00"),
    "load_version": 1,
    "expires_in_minutes": 30,
}
INVITATION = {
    "side": "seller",
    "leg": "leg_06hx2k4a8m0q3v5y7z9c1e2g3r",
    "rate": _money("2200.00"),
    "load_version": 1,
}
TENDER = {"rate": _money("2650.00"), "load_version": 1, "expires_in_minutes": 120}
COUNTER = {**_TERMS, "on_number": 1, "load_version": 1, "expires_in_minutes": 30}
ACCEPTANCE = {"number": 2, "load_version": 1}
_SHOWN_TIMES: list[dict[str, Any]] = [
    {
        **time,
        "time_zone": "America/Chicago",
        "opens_at_local": f"{time['opens_at'][:10]}T08:00",
        "closes_at_local": f"{time['closes_at'][:10]}T16:00",
    }
    for time in _TIMES
]
OFFER_SHOWN: dict[str, Any] = {
    "id": OFFER,
    "thread": THREAD,
    "kind": "carriage",
    "load": LOAD,
    "lane": "Chicago, IL to Dallas, TX",
    "number": 2,
    "load_version": 1,
    "status": "live",
    "version": 1,
    "made_for": _SHIPPER,
    "made_by": _SHIPPER,
    "made_by_person": None,
    "is_yours": False,
    "represents_both_sides": False,
    "rate": _money("2350.00"),
    **_TERMS,
    "stop_times": _SHOWN_TIMES,
    "changes": [
        {"field": "rate", "before": _money("2300.00"), "after": _money("2350.00")},
        {"field": "payment_days", "before": 21, "after": 30},
    ],
    "made_at": "2026-11-23T15:04:05Z",
    "expires_at": "2026-11-23T15:34:05Z",
    "closed_at": None,
    "closed_for": None,
    "closed_by": None,
    "reason": "",
    "booking": None,
    "hold": None,
    "etag": '"1dC7mJk2vQe0XyZa9LwRt5Bp"',
}
OFFER_HELD: dict[str, Any] = OFFER_SHOWN | {
    "status": "held",
    "version": 2,
    "hold": {
        "status": "pending",
        "accepted_for": _CARRIER,
        "accepted_at": "2026-11-23T15:09:05Z",
        "held_until": "2026-11-23T15:19:05Z",
        "closed_at": None,
        "sentence": "Ruiz Trucking accepted $2,350.00. We wait for the federal registry's word on the carrier, until "
        "Mon Nov 23, 09:19 CST at the latest. It is booked then, or released: nothing to do.",
    },
}
_OFFER_IN_THREAD = {name: value for name, value in OFFER_SHOWN.items() if name != "etag"}
THREAD_SHOWN: dict[str, Any] = {
    "id": THREAD,
    "kind": "carriage",
    "status": "open",
    "version": 3,
    "load": {
        "id": LOAD,
        "is_open": True,
        "version": 1,
        "equipment": "V",
        "size": "full",
        "weight_pounds": 38000,
        "commodity": "Paper products",
        "loaded_miles": 967.0,
        "stops": [
            {
                "sequence": number,
                "kind": kind,
                "city": city,
                "state": state,
                "zip3": zip3,
                "time_zone": "America/Chicago",
                **{name: _TIMES[number][name] for name in ("opens_at", "closes_at", "by_appointment")},
            }
            for number, kind, city, state, zip3 in (
                (0, "pickup", "Chicago", "IL", "606"),
                (1, "delivery", "Dallas", "TX", "752"),
            )
        ],
    },
    "lane": "Chicago, IL to Dallas, TX",
    "seller": {
        **_SHIPPER,
        "is_you": False,
        "contact_name": "Pat Prairie",
        "contact_phone": "+1 312 555 0100",
        "contact_email": "dock@example.com",
    },
    "taker": {
        **_CARRIER,
        "is_you": True,
        "contact_name": "Rosa Ruiz",
        "contact_phone": "+1 214 555 0100",
        "contact_email": "dispatch@example.com",
    },
    "your_side": "taker",
    "represents_both_sides": False,
    "both_sides_sentence": "",
    "truck": {
        "equipment": "V",
        "weight_pounds": 45000,
        "length_feet": 53,
        "pallets": 26,
        "id": "trk_06hx2k4a8m0q3v5y7z9c1e2g3r",
        "number": "17",
        "trailer": None,
        "driver": None,
        "home_base": None,
        "return_home_by": None,
    },
    "leg": "leg_06hx2k4a8m0q3v5y7z9c1e2g3r",
    "opened_at": "2026-11-23T15:00:00Z",
    "moved_at": "2026-11-23T15:04:05Z",
    "closed_at": None,
    "outcome": None,
    "outcome_sentence": "",
    "live_offer": OFFER,
    "held_offer": None,
    "waits_for_you": True,
    "counters_left": 9,
    "offers": [_OFFER_IN_THREAD],
    "next_terms": {
        "on_number": 2,
        "load_version": 1,
        "rate": _money("2350.00"),
        **_TERMS,
        "notes": "",
        "stop_times": _SHOWN_TIMES,
    },
    "etag": '"9vQe0XyZa9LwRt5Bp1dC7mJk2"',
}
