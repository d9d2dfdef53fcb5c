"""How finely a place may be known: the centre of its ZIP code for figures, the centre of its city for searches."""

from functools import cache

from foundation.places.gazetteer import gazetteer
from foundation.places.place import Place, PlaceNotFound
from foundation.places.queries import find_place


def centroid(place: Place) -> Place:
    """Return the centre of the place's ZIP code, from which figures are made; the place itself where it has none."""
    return find_place(place.zip) if place.zip else place


def area_centre(place: Place) -> Place:
    """Return the centre of the place's city: the finest point by which strangers may search."""
    try:
        return find_place(f"{place.city}, {place.state}")
    except PlaceNotFound:
        return centroid(place)


@cache
def zip3_centre(zip3: str) -> tuple[float, float]:
    """Return the middle of a 3-digit ZIP area as (lat, lon) in degrees: as near as strangers may come to a home.

    Raises `KeyError` for an area without ZIP codes.
    """
    points = [(entry.lat, entry.lon) for entry in gazetteer() if entry.zip.startswith(zip3)]
    if not points:
        raise KeyError(zip3)
    lats, lons = zip(*points, strict=True)
    return sum(lats) / len(points), sum(lons) / len(points)
