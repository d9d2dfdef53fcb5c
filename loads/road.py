"""The road between a load's stops: miles and driving minutes on ZIP centroids, and the least legal time they take."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from foundation.places.areas import centroid
from foundation.places.oracle import travel_oracle
from foundation.places.place import Place
from foundation.trade.hours import least_minutes

# Road figures err by 3.5 % at worst between freeways and by 15 % where they are estimated: a delivery is refused only
# when it is out of reach even if the road is that much quicker.
_SURE = 0.95
_ESTIMATED = 0.85


@dataclass(frozen=True, slots=True)
class Stretch:
    """The way from one stop to the next: miles, driving minutes, and the fewest minutes that may be doubted."""

    miles: float
    minutes: float
    least_driving_minutes: float


@dataclass(frozen=True, slots=True)
class StopTimes:
    """What the arithmetic of hours needs of a stop: its window and the minutes spent there."""

    opens_at: datetime
    closes_at: datetime
    service_minutes: int


@dataclass(frozen=True, slots=True)
class Reach:
    """When a stop can be reached at the earliest: never before `bound`; by the road's own figures at `expected`."""

    bound: datetime
    expected: datetime


def stretches(places: Sequence[Place]) -> list[Stretch]:
    """Return the way between each two consecutive places; may ask a routing server, so never inside a transaction."""
    points = [centroid(place) for place in places]
    if len(points) < 2:
        return []
    lats, lons = np.array([point.lat for point in points]), np.array([point.lon for point in points])
    travel = travel_oracle().pairs(lats[:-1], lons[:-1], lats[1:], lons[1:])
    return [
        Stretch(float(miles), float(minutes), float(minutes) * (_ESTIMATED if estimated else _SURE))
        for miles, minutes, estimated in zip(travel.miles, travel.minutes, travel.estimated, strict=True)
    ]


def earliest_arrivals(
    stops: Sequence[StopTimes], roads: Sequence[Stretch], *, not_before: datetime, team: bool
) -> list[Reach]:
    """Return when each stop can be reached at the earliest by a driver who is rested at the first.

    A lower bound: from every earlier stop on, the driving, its rests and breaks (49 CFR 395.3) and the service in
    between take their time; waiting in between may serve as rest, so it is not counted. A team drives on.
    """
    bounds: list[datetime] = []
    expected: list[datetime] = []
    for index in range(len(stops)):
        if index == 0:
            arrivals = (not_before, not_before)
        else:
            arrivals = (
                max(_arrival(stops, roads, bounds, start, index, team, least=True) for start in range(index)),
                max(_arrival(stops, roads, expected, start, index, team, least=False) for start in range(index)),
            )
        bounds.append(max(arrivals[0], stops[index].opens_at))
        expected.append(max(arrivals[1], stops[index].opens_at))
    return [Reach(bound, sooner) for bound, sooner in zip(bounds, expected, strict=True)]


def _arrival(
    stops: Sequence[StopTimes],
    roads: Sequence[Stretch],
    begins: Sequence[datetime],
    start: int,
    end: int,
    team: bool,
    *,
    least: bool,
) -> datetime:
    """Return the arrival at `end` when service at `start` begins at `begins[start]`, without waiting in between."""
    way = roads[start:end]
    driving = sum(stretch.least_driving_minutes if least else stretch.minutes for stretch in way)
    served = sum(stop.service_minutes for stop in stops[start:end])
    if team:
        spent = driving
    elif end - start == 1:
        spent = least_minutes(driving)
    else:
        # Service in between counts as the half-hour break, so only the nights' rests are certain.
        spent = driving + least_rest_minutes(driving)
    return begins[start] + timedelta(minutes=served + spent)


def least_rest_minutes(driving_minutes: float) -> float:
    """Return the minutes of the 10-hour rests that so much driving needs, breaks left out."""
    nights = max(0, -(-int(np.ceil(driving_minutes)) // (11 * 60)) - 1)
    return nights * 600.0
