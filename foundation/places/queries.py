"""Reads of places, which belong to nobody: no organization asks."""

from foundation.places.gazetteer import gazetteer
from foundation.places.models import ZipCode
from foundation.places.place import OutsideCoverage, Place, PlaceNotFound

__all__ = ["OutsideCoverage", "Place", "PlaceNotFound", "find_place", "suggest_places", "zip_code"]


def find_place(text: str) -> Place:
    """Return the place that a ZIP code, "City, ST" or "lat,lon" names; no database is read.

    Raises PlaceNotFound with a sentence and suggestions that say what would do instead.
    """
    return gazetteer().find(text)


def suggest_places(text: str, limit: int = 8) -> list[Place]:
    """Return places whose name or ZIP code begins with the text, bigger cities first; no database is read."""
    return gazetteer().suggest(text, limit)


def zip_code(code: str) -> ZipCode | None:
    """Return the row of the ZIP table for a foreign key or a join, or None."""
    return ZipCode.objects.filter(pk=code).first()
