"""What is next best for a carrier that lost a load: its trucks' other matches by its own gain, and loads like it."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from carriers.models import ReturnLeg
from carriers.queries import own_legs
from foundation.accounts.models import Organization
from foundation.trade.life_cycle import on_the_market
from loads.models import Load
from loads.queries import carrier_facing_loads
from loads.queries import near as near_loads
from matching.models import Match
from matching.queries import matches_of_leg, matches_of_own_legs

MATCHES_SHOWN = 5
LOADS_SHOWN = 5
LIKE_WITHIN_MILES = 75.0


def next_best(viewer: Organization, load: Load, now: datetime, *, leg_id: str = "") -> dict[str, Any]:
    """Return what a page shows a carrier that lost a load: `matches` of its own trucks, and `loads` like it."""
    matches = next_matches(viewer, load, now, leg_id=leg_id)
    return {"matches": matches, "loads": loads_like(viewer, load, now, but=[match.load_id for match in matches])}


def next_matches(viewer: Organization, load: Load, now: datetime, *, leg_id: str = "") -> list[Match]:
    """Return the best other matches of the viewer's own leg that would have taken the load, or of all its legs.

    One match a load: two trucks that could take the same one are no choice. Nothing for who does not haul.
    """
    if not viewer.hauls:
        return []
    leg = _own(viewer, leg_id, now)
    rows = matches_of_own_legs(viewer, now) if leg is None else matches_of_leg(viewer, leg, now)
    best: dict[int, Match] = {}
    for match in rows.filter(own_gain_cents__gt=0).exclude(load=load)[: 4 * MATCHES_SHOWN]:
        best.setdefault(match.load_id, match)
    return list(best.values())[:MATCHES_SHOWN]


def loads_like(viewer: Organization, load: Load, now: datetime, *, but: Collection[int]) -> list[Load]:
    """Return loads on the market from and to about the same places for the same equipment, the soonest first."""
    rows = carrier_facing_loads(viewer, now).filter(equipment=load.equipment).exclude(pk__in=[load.pk, *but])
    for end in ("pickup", "delivery"):
        rows = near_loads(
            rows,
            end=end,
            lat=getattr(load, f"{end}_area_lat"),
            lon=getattr(load, f"{end}_area_lon"),
            radius_miles=LIKE_WITHIN_MILES,
        )
    return list(rows.order_by("pickup_closes_at", "pk")[:LOADS_SHOWN])


def _own(viewer: Organization, leg_id: str, now: datetime) -> ReturnLeg | None:
    """Return the viewer's own leg of this name while it is on the market."""
    return own_legs(viewer).filter(on_the_market(now), public_id=leg_id).first() if leg_id else None
