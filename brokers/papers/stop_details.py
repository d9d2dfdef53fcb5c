"""What an amendment may change at a stop beside its times: facility, street address, instructions. Its place stays."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from foundation.places.areas import centroid
from loads.models import Load
from loads.terms import StopTerms
from loads.terms import terms_of as load_terms_of

STOP_FIELDS = ("facility", "address", "instructions")
_STOPS = "stops."


def details_before(load: Load) -> dict[str, str]:
    """Return what stands at each stop, named as an amendment names it: `stops.<sequence>.<field>`."""
    return {f"{_STOPS}{stop.sequence}.{name}": getattr(stop, name) for stop in load.stops.all() for name in STOP_FIELDS}


def is_of_stop(name: str) -> bool:
    """Say whether a field that an amendment names is one of a stop."""
    return name.startswith(_STOPS)


def as_terms(load: Load, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a load that an amendment changes as fields of its terms, details of stops put together."""
    terms = {name: value for name, value in values.items() if not is_of_stop(name)}
    before = load_terms_of(load).stops
    after = tuple(_changed(stop, _details_of(sequence, values)) for sequence, stop in enumerate(before))
    return terms if after == before else terms | {"stops": after}


def _details_of(sequence: int, values: Mapping[str, Any]) -> dict[str, Any]:
    names = {name: f"{_STOPS}{sequence}.{name}" for name in STOP_FIELDS}
    return {name: values[field] for name, field in names.items() if field in values}


def _changed(stop: StopTerms, details: Mapping[str, Any]) -> StopTerms:
    """Return a stop with other details; the exact point of an old address is not that of a new one."""
    place = stop.place
    if details.get("address", stop.address) != stop.address and place.precision in ("address", "coordinates"):
        point = centroid(place)
        place = replace(place, lat=point.lat, lon=point.lon, precision="zip")
    return replace(stop, place=place, **details)
