"""Reads of matches: a match is for its two sides, and for brokers that may see both.

The load's side is who sells it to carriers: the owner of a load that a broker sells sees no match of it.

Which figures of it an organization may read is said in `matching.visibility`. A match whose load or leg has changed
since it was scored is still listed, marked as being updated, until the worker has scored it again; one whose load or
leg left the market is not.
"""

import re
from datetime import datetime
from typing import Any

from django.db.models import BooleanField, Case, F, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from carriers.models import ReturnLeg
from carriers.queries import visible_legs
from foundation.accounts.models import Organization
from foundation.places.areas import area_centre
from foundation.places.nearby import nearby
from foundation.places.queries import find_place
from foundation.trade.errors import NotFound
from foundation.trade.posting import RANKED_LAST_AFTER
from loads.models import Load
from loads.queries import carrier_facing_loads
from loads.queries import near as near_loads
from matching.models import Match, MatchRun

SHOWN = 20


def _live(viewer: Organization, now: datetime) -> QuerySet[Match]:
    """Matches of open pairs that the viewer may see, with what a list shows."""
    aged = now - RANKED_LAST_AFTER
    party = Q(load__organization=viewer) | Q(load__seller=viewer) | Q(leg__organization=viewer)
    return (
        Match.objects.filter(
            Q() if viewer.brokers else party,
            load__in=carrier_facing_loads(viewer, now).values("pk"),
            leg__in=visible_legs(viewer, now).values("pk"),
        )
        .select_related("load__organization", "load__seller", "leg__organization", "leg__truck")
        .prefetch_related("load__stops")
        .annotate(
            is_being_updated=Case(
                When(leg_version=F("leg__version"), load_version=F("load__version"), then=Value(False)),
                default=Value(True),
                output_field=BooleanField(),
            ),
            is_ranked_last=Case(
                When(
                    Q(load__confirmed_at__lte=aged) | Q(leg__confirmed_at__lte=aged),
                    then=Value(True),
                ),
                default=Value(False),
                output_field=BooleanField(),
            ),
            confirmed_at=Coalesce("load__confirmed_at", "load__opened_at"),
        )
    )


def _announced() -> Q:
    """Return the condition of pairs that are for more than the carrier's eyes: worth something at market costs, and
    with a place in the leg's or the load's list by market gain.

    What is stored for the carrier's own list only would give away that it stands in it.
    """
    in_a_list = Q()
    for side, other in (("leg", "load"), ("load", "leg")):
        bar, key = f"{side}__match_run__market_bar_cents", f"{side}__match_run__market_bar_key"
        tied = Q(market_gain_cents=F(bar), **{f"{other}_id__lt": F(key)})
        in_a_list |= Q(**{f"{bar}__isnull": True}) | Q(market_gain_cents__gt=F(bar)) | tied
    return Q(market_gain_cents__gt=0) & in_a_list


def desk_matches(viewer: Organization, now: datetime) -> QuerySet[Match]:
    """Matches worth announcing, best market gain first, long unconfirmed postings last."""
    rows = _live(viewer, now).filter(_announced())
    return rows.order_by("is_ranked_last", "-market_gain_cents", "leg_id", "load_id")


def first_of(rows: QuerySet[Any], count: int) -> list[Match]:
    """Return the first so many of `desk_matches`, however filtered: what the order of that list says, sooner.

    In two steps, each along the index by gain, since a list that sorts by freshness first has to be read whole.
    """
    by_gain = ("-market_gain_cents", "leg_id", "load_id")
    found = list(rows.filter(is_ranked_last=False).order_by(*by_gain)[:count])
    if len(found) < count:
        found += rows.filter(is_ranked_last=True).order_by(*by_gain)[: count - len(found)]
    return found


def matches_of_leg(viewer: Organization, leg: ReturnLeg, now: datetime) -> QuerySet[Match]:
    """The leg's matches: for its carrier by its own gain, for others by market gain."""
    rows = _live(viewer, now).filter(leg=leg)
    if leg.organization_id == viewer.pk:
        return rows.filter(is_for_carrier=True).order_by("is_ranked_last", "-own_gain_cents", "load_id")
    return rows.filter(_announced()).order_by("is_ranked_last", "-market_gain_cents", "leg_id", "load_id")


def matches_of_own_legs(viewer: Organization, now: datetime) -> QuerySet[Match]:
    """The matches of all the viewer's own legs, by its own gain."""
    rows = _live(viewer, now).filter(leg__organization=viewer, is_for_carrier=True)
    return rows.order_by("is_ranked_last", "-own_gain_cents", "leg_id", "load_id")


def matches_of_load(viewer: Organization, load: Load, now: datetime) -> QuerySet[Match]:
    """The load's matches by market gain."""
    return desk_matches(viewer, now).filter(load=load)


def match_of(viewer: Organization, public_id: str, now: datetime) -> Match:
    """Return one live match that the viewer may see; raises `NotFound`.

    A pair that is worth it at the carrier's own costs only is nobody else's business.
    """
    rows = _live(viewer, now).filter(public_id=public_id)
    match = rows.filter(_announced() | Q(leg__organization=viewer, is_for_carrier=True)).first()
    if match is None:
        raise NotFound("This match is gone: the load or the truck has left the market, or the match was never yours.")
    return match


def run_of(*, leg: ReturnLeg | None = None, load: Load | None = None) -> MatchRun | None:
    """Return what the last matching of a leg or load looked at; the caller has checked whose it is."""
    return MatchRun.objects.filter(leg=leg, load=load).first()


NEAR_MILES = 50.0
ASKED_ABOUT = 20


def loads_to_ask_about(viewer: Organization, leg: ReturnLeg, words: str, now: datetime) -> list[Load]:
    """Return loads that a viewer may ask about for a leg: those that words name, or those that start near it.

    Words are "Chicago, IL to Dallas, TX", where it starts alone, an id, or a link with one. Brokers may ask about any
    load in their sight, and so may the leg's carrier; others about their own. Places are searched within 50 miles, by
    the centres of cities. Raises `PlaceNotFound` for words that name no place.
    """
    rows = carrier_facing_loads(viewer, now).order_by("pickup_opens_at", "id")
    if not viewer.brokers and viewer.pk != leg.organization_id:
        rows = rows.filter(organization=viewer)
    named = re.search(r"load_[0-9a-hjkmnp-tv-z]{26}", words)
    if named:
        return list(rows.filter(public_id=named[0]))
    ends = [part.strip() for part in re.split(r"\s+to\s+|→|->|–|;|\s-\s", words, maxsplit=1) if part.strip()]
    if not ends:
        here = {"lat": leg.empty_area_lat, "lon": leg.empty_area_lon, "radius_miles": 2 * NEAR_MILES}
        return list(near_loads(rows, end="pickup", **here)[:ASKED_ABOUT])
    for end, text in zip(("pickup", "delivery"), ends, strict=False):
        place = area_centre(find_place(text))
        rows = near_loads(rows, end=end, lat=place.lat, lon=place.lon, radius_miles=NEAR_MILES)
    return list(rows[:ASKED_ABOUT])


def near(rows: QuerySet[Match], *, end: str, lat: float, lon: float, radius_miles: float) -> QuerySet[Match]:
    """Keep the matches whose pickup or delivery (`end`) lies within so many miles of a point.

    Measured to the centre of the stop's city, which everybody sees.
    """
    columns = {"lat_column": f"load__{end}_area_lat", "lon_column": f"load__{end}_area_lon"}
    return nearby(rows, **columns, lat=lat, lon=lon, radius_miles=radius_miles)


def with_own_sides(rows: QuerySet[Match]) -> QuerySet[Match]:
    """Load what only the owner of a leg sees of it along with the matches, for views of whole legs."""
    return rows.select_related("leg__trailer", "leg__driver", "leg__trip", "leg__home_base")
