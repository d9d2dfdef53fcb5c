"""Who sees which field of a return leg: the one place that pages, REST and event payloads take their fields from.

Others see where the truck empties by city and 3-digit ZIP area, and home by state and 3-digit ZIP area only: an
owner-operator's home base is his house. Nobody but the carrier sees driver, clock, trip, truck number or private notes.
The carrier reads what the truck holds in all, as it is written, and what is on board; others what is free all the way.
Both read what is free on part of the way, where that is more.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from carriers.models import ReturnLeg
from foundation.accounts.models import Organization
from foundation.rest.fields import instant, named, numbered
from foundation.trade.windows import wall_text


class Viewer(StrEnum):
    """How an organization stands to a leg."""

    OWNER = "owner"
    REPRESENTATIVE = "representative"  # a broker that may act for the owner
    MARKET = "market"  # anybody else in the posting's audience


_MARKET_LEG = frozenset(
    {
        "id",
        "status",
        "organization",
        "equipment",
        "attributes",
        "weight_pounds",
        "length_feet",
        "pallets",
        "part_way",
        "empty",
        "ready_at",
        "ready_at_local",
        "home",
        "home_by",
        "home_miles",
        "max_pickup_deadhead_miles",
        "max_home_deadhead_miles",
        "max_out_of_route_miles",
        "opened_at",
        "confirmed_at",
    }
)
_OWN_LEG = _MARKET_LEG | {
    "on_board",
    "version",
    "external_id",
    "reference",
    "notes",
    "private_notes",
    "audience",
    "partners_first_until",
    "truck",
    "trailer",
    "driver",
    "trip",
    "home_by_local",
    "drive_minutes_left",
    "shift_minutes_left",
    "break_minutes_left",
    "cycle_minutes_left",
    "created_at",
    "updated_at",
    "expires_at",
}
LEG_FIELDS: Mapping[Viewer, frozenset[str]] = MappingProxyType(
    {
        Viewer.OWNER: _OWN_LEG,
        Viewer.REPRESENTATIVE: _MARKET_LEG | {"version", "expires_at"},
        Viewer.MARKET: _MARKET_LEG,
    }
)
_EMPTY_FIELDS: Mapping[Viewer, tuple[str, ...]] = MappingProxyType(
    {
        Viewer.OWNER: ("city", "state", "zip", "time_zone"),
        Viewer.REPRESENTATIVE: ("city", "state", "zip3", "time_zone"),
        Viewer.MARKET: ("city", "state", "zip3", "time_zone"),
    }
)
_HOME_FIELDS: Mapping[Viewer, tuple[str, ...]] = MappingProxyType(
    {
        Viewer.OWNER: ("city", "state", "zip", "time_zone"),
        Viewer.REPRESENTATIVE: ("state", "zip3"),
        Viewer.MARKET: ("state", "zip3"),
    }
)


class Standing:
    """How one organization stands to the legs it looks at; asks for the represented once, then nothing."""

    def __init__(self, viewer: Organization, represented_ids: Iterable[int]) -> None:
        self.viewer = viewer
        self._represented = frozenset(represented_ids)

    def of(self, leg: ReturnLeg) -> Viewer:
        """Return how the organization stands to a leg that it may see."""
        if leg.organization_id == self.viewer.pk:
            return Viewer.OWNER
        return Viewer.REPRESENTATIVE if leg.organization_id in self._represented else Viewer.MARKET


def company(leg: ReturnLeg, viewer: Viewer) -> dict[str, str] | None:
    """Return the carrier's id and name, or None where it hides its name from this viewer."""
    owner = leg.organization
    if owner.hides_name and viewer is Viewer.MARKET:
        return None
    return named(owner)


def view(leg: ReturnLeg, viewer: Viewer) -> dict[str, Any]:
    """Return a leg as this viewer may see it: plain values, instants aware.

    Expects the organization to be loaded, and for the owner truck, trailer, driver, trip and home base too.
    """
    return {name: _value(leg, name, viewer) for name in sorted(LEG_FIELDS[viewer])}


_CAPACITY = ("weight_pounds", "length_feet", "pallets")


def _value(leg: ReturnLeg, name: str, viewer: Viewer) -> Any:
    if name in _CAPACITY and viewer is Viewer.OWNER:
        return getattr(leg, name) + getattr(leg, f"taken_{name}")
    if name == "part_way":
        return {part: getattr(leg, f"most_{part}") for part in _CAPACITY} if leg.has_more_part_way else None
    if name == "on_board":
        return {part: getattr(leg, f"taken_{part}") for part in _CAPACITY}
    if name == "id":
        return leg.public_id
    if name == "organization":
        return company(leg, viewer)
    if name == "empty":
        return {part: _place_value(leg, "empty", part) for part in _EMPTY_FIELDS[viewer]}
    if name == "home":
        return _home(leg, viewer)
    if name == "home_miles":
        # Miles of several legs from several places would draw circles round the house.
        return round(leg.home_miles, 1) if viewer is Viewer.OWNER else float(round(leg.home_miles, -1))
    if name in ("truck", "trailer"):
        return numbered(getattr(leg, name))
    if name == "driver":
        return named(leg.driver)
    if name == "trip":
        return _trip(leg)
    if name.endswith("_local"):
        zone = leg.empty_time_zone if name.startswith("ready") else leg.home_time_zone
        return wall_text(getattr(leg, name.removesuffix("_local")), zone)
    return getattr(leg, name)


def _place_value(leg: ReturnLeg, end: str, part: str) -> Any:
    if part == "zip3":
        return getattr(leg, f"{end}_zip")[:3]
    return getattr(leg, f"{end}_{part}")


def _home(leg: ReturnLeg, viewer: Viewer) -> dict[str, Any]:
    home = {part: _place_value(leg, "home", part) for part in _HOME_FIELDS[viewer]}
    if viewer is Viewer.OWNER:
        home["base"] = named(leg.home_base)
    return home


def _trip(leg: ReturnLeg) -> dict[str, Any] | None:
    trip = leg.trip
    if trip is None:
        return None
    return {
        "id": trip.public_id,
        "from": {"city": trip.from_city, "state": trip.from_state, "zip": trip.from_zip},
        "to": {"city": trip.to_city, "state": trip.to_state, "zip": trip.to_zip},
        "departs_at": trip.departs_at,
        "empties_at": trip.empties_at,
        "reference": trip.reference,
    }


def payload(leg: ReturnLeg, viewer: Viewer) -> dict[str, Any]:
    """Return the view as plain JSON for an event: instants in UTC; long texts stay behind the link."""
    seen = view(leg, viewer)
    for name in ("notes", "private_notes"):
        seen.pop(name, None)
    return {name: _plain(value) for name, value in seen.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value
