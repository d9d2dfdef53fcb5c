"""Street addresses into coordinates, by the geocoder that the operator has chosen; without one, the ZIP code's centre.

The network is asked outside transactions only. What a geocoder answered is kept, so that it is asked once.
"""

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from geopy.exc import GeopyError
from geopy.geocoders import Nominatim, Photon

from foundation.places.geometry import great_circle_miles
from foundation.places.models import GeocodedAddress
from foundation.places.place import Place
from foundation.trade import clock

TIMEOUT_SECONDS = 4.0
FOUND_KEPT = timedelta(days=180)
MISSED_KEPT = timedelta(days=7)
BELIEVABLE_MILES = 40.0
"""An address is believed when it lies so near the centre of its own ZIP code or city."""
USER_AGENT = "backhaul/0.1 (https://github.com/backhaul/backhaul)"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Geocoded:
    """The best place known for an address, and what to tell the user where that is not the address itself."""

    place: Place
    note: str = ""


def geocode_address(*, street: str, near: Place) -> Geocoded:
    """Return the place of a street address in or around a ZIP code or city; it falls back to that place, with a note.

    Raises RuntimeError inside a transaction: a slow geocoder would hold its locks.
    """
    if connection.in_atomic_block:
        raise RuntimeError("Addresses are geocoded outside transactions.")
    street = " ".join(street.split())
    if not street:
        return Geocoded(near)
    if not settings.GEOCODER:
        return Geocoded(near, f"Measured from the centre of {near.name}.")
    query, now = f"{street}, {near.name}"[:300], clock.now()
    held = GeocodedAddress.objects.filter(query=query.casefold(), geocoder=_label()).first()
    if held is None or not _is_fresh(held, now):
        try:
            held = _remember(query, _ask(query), now)
        except GeopyError as problem:
            log.warning("The geocoder failed: %s", problem)
            if held is None:
                return Geocoded(
                    near, f"The address could not be looked up now; measured from the centre of {near.name}."
                )
    if held.lat is None or held.lon is None:
        return Geocoded(near, f"The address was not found; measured from the centre of {near.name}.")
    if float(great_circle_miles(near.lat, near.lon, held.lat, held.lon)) > BELIEVABLE_MILES:
        return Geocoded(near, f"The address was found far from {near.name}; measured from that centre. Check both.")
    return Geocoded(replace(near, lat=held.lat, lon=held.lon, precision="address"))


def _is_fresh(held: GeocodedAddress, now: datetime) -> bool:
    return now - held.answered_at < (MISSED_KEPT if held.lat is None else FOUND_KEPT)


def _label() -> str:
    return f"{settings.GEOCODER}:{settings.GEOCODER_DOMAIN}"[:120]


def _ask(query: str) -> tuple[float, float] | None:
    name = settings.GEOCODER
    options = {"country_codes": "us"} if name == "nominatim" else {}
    found = _geocoder(name, settings.GEOCODER_DOMAIN).geocode(query, exactly_one=True, **options)
    return (float(found.latitude), float(found.longitude)) if found else None


@lru_cache(maxsize=2)
def _geocoder(name: str, domain: str) -> Any:
    kinds = {"nominatim": Nominatim, "photon": Photon}
    if name not in kinds:
        raise ImproperlyConfigured(f"GEOCODER is “{name}”; it may be {' or '.join(kinds)}, or empty.")
    parts = urlsplit(domain if "//" in domain else f"//{domain}")
    where = {"domain": f"{parts.netloc}{parts.path}".rstrip("/"), "scheme": parts.scheme or "https"} if domain else {}
    return kinds[name](user_agent=USER_AGENT, timeout=TIMEOUT_SECONDS, **where)


def _remember(query: str, point: tuple[float, float] | None, now: datetime) -> GeocodedAddress:
    lat, lon = point or (None, None)
    held, _ = GeocodedAddress.objects.update_or_create(
        query=query.casefold(), defaults={"geocoder": _label(), "lat": lat, "lon": lon, "answered_at": now}
    )
    return held
