"""How finely a place may be known: the centre of its ZIP code for figures, the centre of its city for searches."""

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
