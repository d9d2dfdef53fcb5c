"""Writing terms into rows: the columns of a return leg, what is derived from them, and what changed."""

from typing import Any

from carriers.choices import Chosen
from carriers.models import ReturnLeg
from carriers.road import Way
from carriers.rules import last_departure
from carriers.terms import LegTerms
from foundation.places.areas import area_centre, centroid
from foundation.places.place import Place
from foundation.trade.hours import DutyClock

_SAME_NAME = (
    "ready_at",
    "home_by",
    "max_pickup_deadhead_miles",
    "max_home_deadhead_miles",
    "max_out_of_route_miles",
    "audience",
    "partners_first_until",
    "reference",
    "notes",
    "private_notes",
)
_FROM_FLEET = (
    "truck",
    "trailer",
    "driver",
    "home_base",
    "equipment",
    "attributes",
    "weight_pounds",
    "length_feet",
    "pallets",
)
CAPACITY = ("weight_pounds", "length_feet", "pallets")
_DERIVED = frozenset(
    {"empty_lat", "empty_lon", "empty_area_lat", "empty_area_lon", "empty_time_zone"}
    | {"home_lat", "home_lon", "home_time_zone", "home_miles", "expires_at"}
)


def free_columns(leg: ReturnLeg, values: dict[str, Any]) -> dict[str, Any]:
    """Return a leg's new columns with the capacity that is free: the terms say what the truck holds in all, and booked
    partial loads keep what they have taken.
    """
    return values | {name: values[name] - getattr(leg, f"taken_{name}") for name in CAPACITY}


def columns(terms: LegTerms, chosen: Chosen, way_home: Way) -> dict[str, Any]:
    """Return the leg's columns for valid terms."""
    values: dict[str, Any] = {name: getattr(terms, name) for name in _SAME_NAME}
    values |= {name: getattr(chosen, name) for name in _FROM_FLEET}
    values |= _place_columns("empty", terms.empty) | _place_columns("home", chosen.home)
    area = area_centre(terms.empty)
    return values | {
        "empty_area_lat": area.lat,
        "empty_area_lon": area.lon,
        "drive_minutes_left": terms.clock.drive_minutes,
        "shift_minutes_left": terms.clock.shift_minutes,
        "break_minutes_left": terms.clock.break_minutes,
        "cycle_minutes_left": terms.clock.cycle_minutes,
        "home_miles": round(way_home.miles, 1),
        "expires_at": last_departure(terms, way_home, team=chosen.team),
    }


def _place_columns(end: str, place: Place) -> dict[str, Any]:
    point = centroid(place)
    return {
        f"{end}_city": place.city,
        f"{end}_state": place.state,
        f"{end}_zip": place.zip or "",
        f"{end}_lat": point.lat,
        f"{end}_lon": point.lon,
        f"{end}_time_zone": place.time_zone,
    }


def changes(leg: ReturnLeg, values: dict[str, Any]) -> dict[str, list[Any]]:
    """Return what new columns change of a stored leg, field by field, as [before, after] in plain JSON values."""
    return {
        name: [_plain(getattr(leg, name)), _plain(value)]
        for name, value in values.items()
        if name not in _DERIVED and getattr(leg, name) != value
    }


def terms_of(leg: ReturnLeg) -> LegTerms:
    """Return the stored terms of a leg: to edit, to post again, to judge anew. Expects its units to be loaded.

    The capacity is what the truck holds in all, also where partial loads have taken of it.
    """
    return LegTerms(
        truck=leg.truck.public_id,
        trailer=leg.trailer.public_id if leg.trailer else "",
        driver=leg.driver.public_id if leg.driver else "",
        home_base=leg.home_base.public_id if leg.home_base else "",
        home=None if leg.home_base else place_of(leg, "home"),
        empty=place_of(leg, "empty"),
        ready_at=leg.ready_at,
        home_by=leg.home_by,
        equipment=leg.equipment,
        attributes=leg.attributes,
        weight_pounds=leg.weight_pounds + leg.taken_weight_pounds,
        length_feet=leg.length_feet + leg.taken_length_feet,
        pallets=leg.pallets + leg.taken_pallets,
        max_pickup_deadhead_miles=leg.max_pickup_deadhead_miles,
        max_home_deadhead_miles=leg.max_home_deadhead_miles,
        max_out_of_route_miles=leg.max_out_of_route_miles,
        clock=DutyClock(
            drive_minutes=leg.drive_minutes_left,
            shift_minutes=leg.shift_minutes_left,
            break_minutes=leg.break_minutes_left,
            cycle_minutes=leg.cycle_minutes_left,
        ),
        audience=leg.audience,
        partners_first_until=leg.partners_first_until,
        reference=leg.reference,
        notes=leg.notes,
        private_notes=leg.private_notes,
    )


def place_of(leg: ReturnLeg, end: str) -> Place:
    """Return where a leg empties ("empty") or ends ("home")."""
    return Place(
        getattr(leg, f"{end}_zip"),
        getattr(leg, f"{end}_city"),
        getattr(leg, f"{end}_state"),
        getattr(leg, f"{end}_lat"),
        getattr(leg, f"{end}_lon"),
        getattr(leg, f"{end}_time_zone"),
        "zip",
    )


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return getattr(value, "public_id", value)
