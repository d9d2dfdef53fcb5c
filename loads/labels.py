"""The words for what changed: of the audit, and of two versions side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from foundation.trade.equipment import ATTRIBUTE_NAMES, COMBINATIONS, EQUIPMENT, equipment_name
from foundation.trade.money import dollars
from foundation.trade.posting import Audience
from foundation.trade.windows import instant_words
from loads.models import LoadSize, StopKind

FIELD_LABELS: Mapping[str, str] = {
    "equipment": "Equipment",
    "size": "Takes",
    "attributes": "Truck or driver must have",
    "weight_pounds": "Weight",
    "length_feet": "Length",
    "pallets": "Pallets",
    "commodity": "Commodity",
    "hazmat_class": "Hazardous",
    "temperature_min_f": "Lowest temperature",
    "temperature_max_f": "Highest temperature",
    "rate_cents": "Offered rate",
    "book_now": "Book now",
    "reserve_cents": "Most you would pay",
    "free_minutes": "Free time",
    "detention_cents_per_hour": "Detention an hour",
    "tonu_cents": "Truck ordered, not used",
    "layover_cents": "Layover a day",
    "payment_days": "Days to pay",
    "reopened": "Because",
    "seller": "Sold by",
    "shipper_rate_cents": "You pay",
    "audience": "Who may see it",
    "partners_first_until": "Partners only until",
    "reference": "Reference",
    "notes": "Notes",
    "private_notes": "Private notes",
    "instructions": "Instructions",
    "stops": "Stops",
    "kind": "what happens",
    "city": "city",
    "state": "state",
    "zip": "ZIP",
    "time_zone": "time zone",
    "opens_at": "opens",
    "closes_at": "closes",
    "by_appointment": "by appointment",
    "service_minutes": "time there",
    "facility": "facility",
    "address": "address",
}
_UNSAID = frozenset({"lat", "lon", "exact_lat", "exact_lon", "sequence", "time_zone"})
_UNITS = {
    "weight_pounds": "lb",
    "length_feet": "ft",
    "free_minutes": "min",
    "payment_days": "days",
    "service_minutes": "min",
    "temperature_min_f": "°F",
    "temperature_max_f": "°F",
}
ACTIONS: Mapping[str, str] = {
    "load.drafted": "Saved as a draft",
    "load.opened": "Posted",
    "load.edited": "Edited",
    "load.noted": "Edited",
    "load.confirmed": "Confirmed",
    "load.withdrawn": "Withdrawn",
    "load.covered": "Booked by a carrier",
    "load.amended": "Amended by both parties of its booking",
    "load.sold": "Given to a broker to sell",
    "load.taken_back": "No longer sold by a broker",
    "load.priced": "Priced towards carriers",
    "load.expired": "Taken off the market: over or unconfirmed",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One changed field in words."""

    label: str
    before: str
    after: str


def describe(changes: Mapping[str, Sequence[Any]], time_zone: str) -> list[Change]:
    """Return what changed ({field: [before, after]} as the audit keeps it) in words, instants in a zone."""
    described = []
    for path, pair in changes.items():
        name = path.rpartition(".")[2]
        if name in _UNSAID or len(pair) != 2:
            continue
        label = FIELD_LABELS.get(name, name)
        if path.startswith("stops."):
            label = f"Stop {int(path.split('.')[1]) + 1}, {label}"
        described.append(Change(label, say(name, pair[0], time_zone), say(name, pair[1], time_zone)))
    return described


def say(name: str, value: Any, time_zone: str) -> str:
    """Return one value of a field in words; a dash for none."""
    if value is None or value in ("", []):
        return "–"
    if name == "attributes":
        return ", ".join(word for bit, word in ATTRIBUTE_NAMES.items() if value & bit) or "–"
    if name.endswith(("_cents", "_cents_per_hour")):
        return dollars(value)
    if name.endswith(("_at", "_until")):
        instant = datetime.fromisoformat(value) if isinstance(value, str) else value
        return instant_words(instant, time_zone)
    if name == "equipment" and (value in EQUIPMENT or value in COMBINATIONS):
        return equipment_name(value)
    for known, choices in (("size", LoadSize), ("audience", Audience), ("kind", StopKind)):
        if name == known and value in choices.values:
            return str(choices(value).label)
    if isinstance(value, list):
        return "; ".join(str(item) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = f"{value:,}" if isinstance(value, int) else str(value)
    return f"{text} {_UNITS[name]}" if name in _UNITS else text
