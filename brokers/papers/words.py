"""A confirmation's content in words, the same on its document and on its page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from foundation.accounts.models import PaymentKind
from foundation.trade.money import dollars


@dataclass(frozen=True, slots=True)
class Words:
    """How an agreement calls its paper and its two sides."""

    title: str
    payer: str
    payee: str


LABELS: Mapping[str, Words] = {
    "carriage": Words("Rate Confirmation", "Pays", "Carrier"),
    "sale": Words("Sale Confirmation", "Shipper", "Broker"),
}
ACCOUNT_NOTE = (
    "As the carrier had it on file when this was made. Before you pay, see on the booking's page whether it has "
    "changed since."
)
SUBJECT_WORDS = {"carriage": "Change the terms", "sale": "Change the sale", "freight": "Change freight or times"}


def window_words(stop: Mapping[str, Any]) -> list[str]:
    """Return a stop's window in its own wall time, its zone, and how it is served."""
    opens, closes = str(stop["opens_local"]), str(stop["closes_local"])
    day, _, clock = opens.rpartition(", ")
    other_day, _, other_clock = closes.rpartition(", ")
    hour, _, zone = clock.partition(" ")
    other_hour, _, other_zone = other_clock.partition(" ")
    same_day, same_zone = day == other_day, zone == other_zone
    first = f"{day}, {hour}" + ("" if same_zone else f" {zone}")
    last = f"{other_hour} {other_zone}" if same_day else f"{other_day}, {other_hour} {other_zone}"
    manner = "By appointment" if stop["by_appointment"] else "First come, first served"
    return [f"{first} to {last}", f"{manner} · {stop['service_minutes']} min at the stop · {stop['time_zone']}"]


def account_words(kind: str, name: str, last_four: str) -> str:
    """Return where a carrier is paid in words: no number but its end."""
    if kind == PaymentKind.FACTOR:
        return f"{name}, a factoring company, by notice of assignment"
    return f"account of {name} ending in {last_four}"


def paid_to_words(content: Mapping[str, Any]) -> str:
    """Return where a paper says that the carrier is paid, "" where it does not: it had not said so, or the paper is of
    the first form.
    """
    account = content.get("pays_to")
    return account_words(account["kind"], account["name"], account["last_four"]) if account else ""


def equipment_words(equipment: Mapping[str, Any]) -> str:
    """Return the trailer, what else is needed, and which truck comes."""
    size = "full truckload" if equipment["size"] == "full" else "partial"
    needs = [str(need).replace("_", " ") for need in equipment["requirements"]]
    units = f"truck {equipment['truck']}" + (f", trailer {equipment['trailer']}" if equipment["trailer"] else "")
    return "; ".join([f"{equipment['name']} ({equipment['code']}), {size}", *needs, units])


def freight_rows(freight: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the freight's figures, those that it has."""
    low, high = freight["temperature_min_f"], freight["temperature_max_f"]
    rows = [
        ("Commodity", freight["commodity"]),
        ("Weight", f"{freight['weight_pounds']:,} lb"),
        ("Length", f"{freight['length_feet']} ft"),
    ]
    if freight["pallets"]:
        rows.append(("Pallets", str(freight["pallets"])))
    if freight["hazmat_class"]:
        rows.append(("Hazard class", freight["hazmat_class"]))
    if low is not None or high is not None:
        rows.append(("Temperature", " to ".join(f"{value} °F" for value in (low, high) if value is not None)))
    rows.append(("Loaded miles", f"{freight['loaded_miles']:,}"))
    return rows


def accessorial_rows(terms: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what waiting, staying overnight and a truck not used cost."""
    hours, minutes = divmod(terms["free_minutes"], 60)
    free = " ".join(filter(None, [f"{hours} h" if hours else "", f"{minutes} min" if minutes else ""])) or "none"
    return [
        ("Free time at each stop", free),
        ("Detention after that, an hour", _or_none(terms["detention_cents_per_hour"])),
        ("Layover, a day", _or_none(terms["layover_cents"])),
        ("Truck ordered, not used", _or_none(terms["tonu_cents"])),
    ]


def _or_none(cents: int) -> str:
    return dollars(cents) if cents else "none agreed"
