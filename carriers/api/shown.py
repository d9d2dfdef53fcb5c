"""How the fleet, its costs and return legs are written in answers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from carriers.costs import Costs
from carriers.models import Driver, HomeBase, Trailer, Truck
from foundation.rest.fields import attribute_names, instant, money, named, numbered


def _unit(row: Truck | Trailer | Driver | HomeBase, **fields: Any) -> dict[str, Any]:
    return {"id": row.public_id, "version": row.version, **fields, "archived_at": instant(row.archived_at)}


def _capacity(row: Truck | Trailer) -> dict[str, Any]:
    return {
        "number": row.number,
        "equipment": row.equipment,
        "attributes": attribute_names(row.attributes),
        "weight_pounds": row.weight_pounds,
        "length_feet": row.length_feet,
        "pallets": row.pallets,
    }


def shown_truck(row: Truck) -> dict[str, Any]:
    """Return a truck as its owner sees it; nobody else does."""
    return _unit(
        row,
        **_capacity(row),
        home_base=named(row.home_base),
        usual_driver=named(row.usual_driver),
        usual_trailer=numbered(row.usual_trailer),
        external_id=row.external_id,
    )


def shown_trailer(row: Trailer) -> dict[str, Any]:
    """Return a trailer as its owner sees it; nobody else does."""
    return _unit(row, **_capacity(row))


def shown_driver(row: Driver) -> dict[str, Any]:
    """Return a driver as the carrier sees him; nobody else does."""
    person = {"id": row.person.public_id, "name": str(row.person)} if row.person else None
    return _unit(row, name=row.name, phone=row.phone, hazmat_endorsed=row.hazmat_endorsed, person=person)


def shown_base(row: HomeBase) -> dict[str, Any]:
    """Return a home base as its owner sees it; nobody else does."""
    place = {"city": row.city, "state": row.state, "zip": row.zip, "time_zone": row.time_zone}
    return _unit(row, name=row.name, place=place)


def shown_costs(costs: Costs) -> dict[str, Any]:
    """Return the carrier's own costs; only its owners see them."""
    return {
        "valid_from": costs.valid_from.isoformat(),
        "loaded_mile": money(costs.loaded_cents_per_mile),
        "empty_mile": money(costs.empty_cents_per_mile),
        "hour": money(costs.hour_cents),
        "delay_hour": money(costs.delay_hour_cents),
        "is_default": costs.is_default,
        "source": costs.source,
    }


def shown_leg(seen: Mapping[str, Any]) -> dict[str, Any]:
    """Return a leg's view (`carriers.visibility.view`) as the API writes it."""
    written = {name: _plain(value) for name, value in seen.items()}
    return {**written, "attributes": attribute_names(seen["attributes"])}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return value
