"""The way of a match for the map: empty run home, deadheads and loaded miles, as fine as the viewer may know."""

from typing import Any

from carriers.models import ReturnLeg
from foundation.accounts.models import Organization
from foundation.places.areas import zip3_centre
from foundation.places.services import travel_oracle
from matching.models import Match

Point = tuple[float, float]


def _home(leg: ReturnLeg, viewer: Organization) -> Point:
    """Return home as the viewer may know it: the carrier its ZIP code's centre, others the 3-digit area's."""
    return (leg.home_lat, leg.home_lon) if leg.organization_id == viewer.pk else zip3_centre(leg.home_zip[:3])


def way_of(match: Match, viewer: Organization) -> dict[str, Any]:
    """Return lines `{kind, label, points}` and stops `{kind, label, lat, lon}`; points are (lat, lon) in degrees.

    `kind` of a line is `home` (the empty run that the match replaces), `empty` or `loaded`.
    """
    leg, load = match.leg, match.load
    stops = list(load.stops.all())
    empty, home = (leg.empty_lat, leg.empty_lon), _home(leg, viewer)
    pickup, delivery = (stops[0].lat, stops[0].lon), (stops[-1].lat, stops[-1].lon)
    lines = [
        _line("home", f"Empty run home, {leg.home_miles:,.0f} mi", empty, home),
        _line("empty", f"Deadhead to the pickup, {match.pickup_deadhead_miles:,.0f} mi", empty, pickup),
    ]
    lines += [
        _line("loaded", f"Loaded, {match.loaded_miles:,.0f} mi", (one.lat, one.lon), (two.lat, two.lon))
        for one, two in zip(stops, stops[1:], strict=False)
    ]
    lines.append(_line("empty", f"Deadhead home, {match.home_deadhead_miles:,.0f} mi", delivery, home))
    marks = [_mark("empty", f"Empty: {leg.empty_city}, {leg.empty_state}", empty)]
    marks += [
        _mark(stop.kind, f"{stop.get_kind_display()}: {stop.city}, {stop.state}", (stop.lat, stop.lon)) for stop in stops
    ]
    own = leg.organization_id == viewer.pk
    name = f"{leg.home_city}, {leg.home_state}" if own else f"{leg.home_state} {leg.home_zip[:3]}"
    marks.append(_mark("home", f"Home: {name}", home))
    return {"lines": lines, "stops": marks}


def _line(kind: str, label: str, start: Point, end: Point) -> dict[str, Any]:
    path = travel_oracle().path(*start, *end)
    return {"kind": kind, "label": label, "points": [(round(lat, 4), round(lon, 4)) for lat, lon in path]}


def _mark(kind: str, label: str, point: Point) -> dict[str, Any]:
    return {"kind": kind, "label": label, "lat": round(point[0], 4), "lon": round(point[1], 4)}
