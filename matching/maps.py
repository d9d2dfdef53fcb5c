"""The way of a match for the map: empty run home, deadheads and loaded miles, as fine as the viewer may know.

Others than the owner of a side know its places by city and 3-digit ZIP area: a point at a ZIP code's centre would name
the code. So the line that they see begins and ends at the centres of cities, and home at that of its 3-digit area.
"""

from itertools import pairwise
from typing import Any

from carriers.models import ReturnLeg
from foundation.accounts.models import Organization
from foundation.places.areas import area_centre, zip3_centre
from foundation.places.services import travel_oracle
from loads.models import Load, Stop
from loads.terms import stop_place
from matching.models import Match

Point = tuple[float, float]


def _home(leg: ReturnLeg, viewer: Organization) -> Point:
    """Return home as the viewer may know it: the carrier its ZIP code's centre, others the 3-digit area's."""
    return (leg.home_lat, leg.home_lon) if leg.organization_id == viewer.pk else zip3_centre(leg.home_zip[:3])


def _empty(leg: ReturnLeg, viewer: Organization) -> Point:
    if leg.organization_id == viewer.pk:
        return leg.empty_lat, leg.empty_lon
    return leg.empty_area_lat, leg.empty_area_lon


def _point(stop: Stop, load: Load, viewer: Organization) -> Point:
    if load.organization_id == viewer.pk:
        return stop.lat, stop.lon
    area = area_centre(stop_place(stop))
    return area.lat, area.lon


def way_of(match: Match, viewer: Organization) -> dict[str, Any]:
    """Return lines `{kind, label, points}` and stops `{kind, label, lat, lon}`; points are (lat, lon) in degrees.

    `kind` of a line is `home` (the empty run that the match replaces), `empty` or `loaded`.
    """
    leg, load = match.leg, match.load
    stops = [(stop, _point(stop, load, viewer)) for stop in load.stops.all()]
    points = [point for _, point in stops]
    empty, home = _empty(leg, viewer), _home(leg, viewer)
    lines = [
        _line("home", f"Empty run home, {leg.home_miles:,.0f} mi", empty, home),
        _line("empty", f"Deadhead to the pickup, {match.pickup_deadhead_miles:,.0f} mi", empty, points[0]),
    ]
    lines += [_line("loaded", f"Loaded, {match.loaded_miles:,.0f} mi", one, two) for one, two in pairwise(points)]
    lines.append(_line("empty", f"Deadhead home, {match.home_deadhead_miles:,.0f} mi", points[-1], home))
    marks = [_mark("empty", f"Empty: {leg.empty_city}, {leg.empty_state}", empty)]
    marks += [_mark(stop.kind, f"{stop.get_kind_display()}: {stop.town}", point) for stop, point in stops]
    own = leg.organization_id == viewer.pk
    name = f"{leg.home_city}, {leg.home_state}" if own else f"{leg.home_state} {leg.home_zip[:3]}"
    marks.append(_mark("home", f"Home: {name}", home))
    return {"lines": lines, "stops": marks}


def _line(kind: str, label: str, start: Point, end: Point) -> dict[str, Any]:
    path = travel_oracle().path(*start, *end)
    return {"kind": kind, "label": label, "points": [(round(lat, 4), round(lon, 4)) for lat, lon in path]}


def _mark(kind: str, label: str, point: Point) -> dict[str, Any]:
    return {"kind": kind, "label": label, "lat": round(point[0], 4), "lon": round(point[1], 4)}
