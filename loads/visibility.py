"""Who sees which field of a load: the one place that pages, REST and event payloads take their fields from."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from foundation.accounts.models import Organization
from foundation.rest.fields import instant, money, named
from foundation.trade.windows import wall_text
from loads.models import Load, Stop


class Viewer(StrEnum):
    """How an organization stands to a load."""

    OWNER = "owner"
    CONSIGNOR = "consignor"  # the owner of a load that a broker sells
    SELLER = "seller"  # the broker that sells it
    REPRESENTATIVE = "representative"  # a broker that may act for the owner
    MARKET = "market"  # anybody else in the posting's audience


_MARKET_LOAD = frozenset(
    {
        "id",
        "status",
        "version",  # what offers and claims name: it says no more than that the posting changed
        "organization",
        "equipment",
        "size",
        "attributes",
        "weight_pounds",
        "length_feet",
        "pallets",
        "commodity",
        "hazmat_class",
        "temperature_min_f",
        "temperature_max_f",
        "rate",
        "book_now",
        "free_minutes",
        "detention_per_hour",
        "tonu",
        "layover",
        "payment_days",
        "loaded_miles",
        "opened_at",
        "confirmed_at",
        "stops",
    }
)
_OWN_LOAD = _MARKET_LOAD | {
    "external_id",
    "reference",
    "notes",
    "private_notes",
    "instructions",
    "reserve",
    "audience",
    "partners_first_until",
    "created_at",
    "updated_at",
    "expires_at",
}
TOWARDS_CARRIERS = frozenset(
    {"rate", "book_now", "free_minutes", "detention_per_hour", "tonu", "layover", "payment_days"}
)
"""The fields that are the seller's word to carriers: where a broker sells, its owner reads none of them."""
_MARKET_STOP = frozenset(
    {
        "kind",
        "city",
        "state",
        "zip3",
        "time_zone",
        "opens_at",
        "closes_at",
        "opens_at_local",
        "closes_at_local",
        "by_appointment",
        "service_minutes",
    }
)
_OWN_STOP = _MARKET_STOP | {"zip", "facility", "address", "instructions"}

LOAD_FIELDS: Mapping[Viewer, frozenset[str]] = MappingProxyType(
    {
        Viewer.OWNER: _OWN_LOAD,
        Viewer.CONSIGNOR: _OWN_LOAD - TOWARDS_CARRIERS | {"seller", "shipper_rate"},
        # The seller reads what it is paid and what it offers; a margin is computed in the booking's record only.
        Viewer.SELLER: _MARKET_LOAD
        | {"expires_at", "audience", "partners_first_until", "reference", "notes", "shipper_rate"},
        # A broker may search trucks for those it represents; what belongs to a booking it learns with the booking.
        Viewer.REPRESENTATIVE: _MARKET_LOAD | {"expires_at"},
        Viewer.MARKET: _MARKET_LOAD,
    }
)
STOP_FIELDS: Mapping[Viewer, frozenset[str]] = MappingProxyType(
    {
        Viewer.OWNER: _OWN_STOP,
        Viewer.CONSIGNOR: _OWN_STOP,
        Viewer.SELLER: _MARKET_STOP,
        Viewer.REPRESENTATIVE: _MARKET_STOP,
        Viewer.MARKET: _MARKET_STOP,
    }
)


def stands(load: Load, organization: Organization, *, represents: bool = False) -> Viewer:
    """Return how an organization that may see a load stands to it; `represents`: it may act for the owner.

    Where a broker sells, another broker that acts for the owner reads what everybody on the market reads.
    """
    if load.organization_id == organization.pk:
        return Viewer.OWNER if load.seller_id is None else Viewer.CONSIGNOR
    if load.seller_id == organization.pk:
        return Viewer.SELLER
    return Viewer.REPRESENTATIVE if represents and load.seller_id is None else Viewer.MARKET


class Standing:
    """How one organization stands to the loads it looks at; asks for the represented once, then nothing."""

    def __init__(self, viewer: Organization, represented_ids: Iterable[int]) -> None:
        self.viewer = viewer
        self._represented = frozenset(represented_ids)

    def of(self, load: Load) -> Viewer:
        """Return how the organization stands to a load that it may see."""
        return stands(load, self.viewer, represents=load.organization_id in self._represented)


def company(load: Load, viewer: Viewer) -> dict[str, str] | None:
    """Return the id and name of who sells the load to carriers, or None where it hides its name from this viewer.

    The owner and the seller itself read the owner's there: whose load it is.
    """
    shown = load.sold_by if viewer is Viewer.MARKET else load.organization
    if shown.hides_name and viewer is Viewer.MARKET:
        return None
    return named(shown)


def view(load: Load, viewer: Viewer) -> dict[str, Any]:
    """Return a load as this viewer may see it: instants aware, money in cents (the names in `MONEY`).

    Expects `organization`, `seller` and `stops` to be loaded.
    """
    fields = LOAD_FIELDS[viewer]
    return {name: _value(load, name, viewer) for name in sorted(fields)}


_NAMED_OTHERWISE = {
    "id": "public_id",
    "rate": "rate_cents",
    "reserve": "reserve_cents",
    "tonu": "tonu_cents",
    "detention_per_hour": "detention_cents_per_hour",
    "layover": "layover_cents",
    "shipper_rate": "shipper_rate_cents",
}
MONEY = frozenset({"rate", "shipper_rate", "reserve", "tonu", "detention_per_hour", "layover"})
"""The fields of a view that are cents; outside they are an amount with its currency."""


def _value(load: Load, name: str, viewer: Viewer) -> Any:
    if name == "organization":
        return company(load, viewer)
    if name == "seller":
        return named(load.seller)
    if name == "version" and viewer in (Viewer.OWNER, Viewer.CONSIGNOR):
        return load.owners_version
    if name == "stops":
        return [view_stop(stop, viewer) for stop in load.stops.all()]
    return getattr(load, _NAMED_OTHERWISE.get(name, name))


def view_stop(stop: Stop, viewer: Viewer) -> dict[str, Any]:
    """Return a stop as this viewer may see it."""
    return {name: _stop_value(stop, name) for name in sorted(STOP_FIELDS[viewer])}


def _stop_value(stop: Stop, name: str) -> Any:
    if name == "zip3":
        return stop.zip[:3]
    if name.endswith("_local"):
        return wall_text(getattr(stop, name.removesuffix("_local")), stop.time_zone)
    return getattr(stop, name)


def payload(load: Load, viewer: Viewer) -> dict[str, Any]:
    """Return the view as plain JSON for an event: instants in UTC, money as an amount with its currency."""
    seen = view(load, viewer)
    # Long texts stay behind the link: a payload holds what a list shows.
    for name in ("instructions", "notes", "private_notes"):
        seen.pop(name, None)
    for stop in seen["stops"]:
        stop.pop("instructions", None)
    return {name: _plain(value, is_money=name in MONEY) for name, value in seen.items()}


def _plain(value: Any, *, is_money: bool = False) -> Any:
    if isinstance(value, datetime):
        return instant(value)
    if is_money:
        return money(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value
