"""Places in files: a ZIP code, "City, ST" or coordinates, in one column or as latitude and longitude in two."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from foundation.places.gazetteer import FORMS, gazetteer
from foundation.places.place import PlaceNotFound
from matching.files.cells import Column, number, word
from matching.files.instants import quoted

Point = tuple[float, float]


def place_columns(name: str, words: str, *also: str) -> tuple[Column, ...]:
    """Return the three columns of one place."""
    return (
        Column(name, word, f"{words}: ZIP code, City, ST or lat,lon", also),
        Column(f"{name}_lat", number(-180, 180), "latitude in degrees, instead", (f"{name}_latitude",)),
        Column(f"{name}_lon", number(-180, 180), "longitude in degrees, instead", (f"{name}_lng", f"{name}_longitude")),
    )


def point_of(values: Mapping[str, Any], name: str, *, on_roads: bool) -> Point:
    """Return where a place is. Raises `ValueError` with (column, end of a sentence).

    Coordinates count before words. `on_roads`: must lie in the 48 states or DC, where roads are known.
    """
    lat, lon, text = (values.get(key) for key in (f"{name}_lat", f"{name}_lon", name))
    if lat is None and lon is None:
        if text is None:
            raise ValueError(name, f"is missing; {FORMS[0].lower()}{FORMS[1:-1]}, or fill {name}_lat and {name}_lon")
        return _find(text, name)
    for value, end in ((lat, "lat"), (lon, "lon")):
        if value is None:
            raise ValueError(f"{name}_{end}", "is missing; give both coordinates, or none and a place")
    assert isinstance(lat, float) and isinstance(lon, float)  # noqa: PT018
    if -125 < lat < -66 and 24 < lon < 50:
        raise ValueError(
            f"{name}_lat", f"{lat:g} and longitude {lon:g} look swapped; latitude is the one from 24 to 50"
        )
    if not -90 <= lat <= 90:
        raise ValueError(
            f"{name}_lat", f"must be from -90 to 90, not “{lat:g}”; see that latitude and longitude are not swapped"
        )
    if 24 < lat < 50 and 66 < lon < 125:
        raise ValueError(f"{name}_lon", f"“{lon:g}” lies in the east; western longitudes are negative: -{lon:g}")
    if on_roads:
        try:
            gazetteer().at(lat, lon)
        except PlaceNotFound as refusal:
            raise ValueError(f"{name}_lat", f"and longitude: {refusal.sentence.rstrip('.')}") from None
    return lat, lon


def _find(text: str, name: str) -> Point:
    found = _look_up(text)
    if isinstance(found, str):
        raise ValueError(name, f"{quoted(text)} is not a place that is known: {found.rstrip('.')}")
    return found


@lru_cache(maxsize=100_000)
def _look_up(text: str) -> Point | str:
    # Spreadsheets take a ZIP code for a number: 07102 becomes 7102, 60601 may become 60601.0.
    digits = re.fullmatch(r"(\d{3,5})(\.0+)?", text)
    try:
        place = gazetteer().find(digits[1].zfill(5) if digits else text)
    except PlaceNotFound as refusal:
        return refusal.sentence
    return place.lat, place.lon
