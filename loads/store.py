"""Writing terms into rows: the columns of a load, its stops, and what is derived from them."""

from collections.abc import Sequence
from typing import Any

from foundation.places.areas import area_centre, centroid
from loads.models import Load, Stop
from loads.road import Stretch
from loads.rules import capacity, needs_by_nature, truck_codes
from loads.terms import LoadTerms, SaleTerms, StopTerms

_SAME_NAME = (
    "equipment",
    "size",
    "weight_pounds",
    "pallets",
    "commodity",
    "hazmat_class",
    "temperature_min_f",
    "temperature_max_f",
    "reserve_cents",
    "audience",
    "partners_first_until",
    "reference",
    "notes",
    "private_notes",
    "instructions",
)
_DERIVED = frozenset(
    f"{end}_{name}" for end in ("pickup", "delivery") for name in ("lat", "lon", "area_lat", "area_lon", "state")
) | {"pickup_opens_at", "pickup_closes_at", "delivery_closes_at", "loaded_miles", "truck_codes", "expires_at"}


def columns(terms: LoadTerms, roads: Sequence[Stretch]) -> dict[str, Any]:
    """Return the load's columns for valid terms."""
    first, last = terms.stops[0], terms.stops[-1]
    values: dict[str, Any] = {name: getattr(terms, name) for name in _SAME_NAME}
    values |= {
        "attributes": terms.attributes | needs_by_nature(terms),
        "length_feet": terms.length_feet if terms.length_feet is not None else capacity(terms.equipment)[1],
        **SaleTerms.of(terms).columns(),
        "pickup_opens_at": first.opens_at,
        "pickup_closes_at": first.closes_at,
        "delivery_closes_at": last.closes_at,
        "expires_at": first.closes_at,
        "loaded_miles": round(sum(stretch.miles for stretch in roads), 1),
        "truck_codes": truck_codes(terms),
    }
    for end, stop in (("pickup", first), ("delivery", last)):
        point, area = centroid(stop.place), area_centre(stop.place)
        values |= {
            f"{end}_lat": point.lat,
            f"{end}_lon": point.lon,
            f"{end}_area_lat": area.lat,
            f"{end}_area_lon": area.lon,
            f"{end}_state": stop.place.state,
        }
    return values


def stop_columns(sequence: int, stop: StopTerms) -> dict[str, Any]:
    """Return a stop's columns for valid terms."""
    point = centroid(stop.place)
    exact = stop.place.precision in ("address", "coordinates")
    return {
        "sequence": sequence,
        "kind": stop.kind,
        "city": stop.place.city,
        "state": stop.place.state,
        "zip": stop.place.zip or "",
        "lat": point.lat,
        "lon": point.lon,
        "time_zone": stop.place.time_zone,
        "opens_at": stop.opens_at,
        "closes_at": stop.closes_at,
        "by_appointment": stop.by_appointment,
        "service_minutes": stop.service_minutes,
        "facility": stop.facility,
        "address": stop.address,
        "exact_lat": stop.place.lat if exact else None,
        "exact_lon": stop.place.lon if exact else None,
        "instructions": stop.instructions,
    }


def write_stops(load: Load, terms: LoadTerms) -> None:
    """Replace a load's stops by those of the terms."""
    load.stops.all().delete()
    Stop.objects.bulk_create(
        Stop(load=load, **stop_columns(sequence, stop)) for sequence, stop in enumerate(terms.stops)
    )


def changes(load: Load, terms: LoadTerms, values: dict[str, Any]) -> dict[str, list[Any]]:
    """Return what the terms change of a stored load, field by field, as [before, after] in plain JSON values."""
    found = {
        name: [_plain(getattr(load, name)), _plain(value)]
        for name, value in values.items()
        if name not in _DERIVED and getattr(load, name) != value
    }
    before = [_stop_values(stop) for stop in load.stops.all()]
    after = [stop_columns(sequence, stop) for sequence, stop in enumerate(terms.stops)]
    if len(before) != len(after):
        found["stops"] = [_plain_stops(before), _plain_stops(after)]
        return found
    for sequence, (old, new) in enumerate(zip(before, after, strict=True)):
        for name, value in new.items():
            if old[name] != value:
                found[f"stops.{sequence}.{name}"] = [_plain(old[name]), _plain(value)]
    return found


def _stop_values(stop: Stop) -> dict[str, Any]:
    return {field.attname: getattr(stop, field.attname) for field in Stop._meta.concrete_fields}


def _plain_stops(stops: list[dict[str, Any]]) -> list[str]:
    return [f"{stop['kind']} {stop['city']}, {stop['state']} {stop['zip']}" for stop in stops]


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
