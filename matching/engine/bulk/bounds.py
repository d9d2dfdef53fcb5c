"""What a search through the market may leave out: bounds on miles and minutes that no feasible pair breaks."""

from dataclasses import dataclass

import numpy as np

from matching.engine.columns import Bools, Floats, Ints
from matching.engine.problem import Legs, Loads
from matching.engine.routes import sums_of_stretches
from matching.engine.travel import great_circle_miles

SAFETY = 1.02
"""A road may be a little shorter than our great circle: the sphere is not the earth. As in the candidate SQL."""
ROUNDED_MILES = 0.3
"""Miles are compared as sums of at most four figures that are rounded to tenths."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Bounds:
    """For n legs and m loads, at the least what each pair needs.

    A stretch of so many great-circle miles has at least that over `straight_per_mile` oracle miles, and takes at least
    `minutes_per_straight_mile` times it. `home_miles` (n,) are at most the legs' empty runs home, `loaded_miles` (m,)
    at least the loads' own. A load whose truck reaches the first stop at minute t is done at its last one at
    max(t + `spent`, `done_at`) at the earliest, and only if t <= `latest_at`, each (m,); `passable` (m,) says whether
    there is a road between its stops.
    """

    straight_per_mile: float
    minutes_per_straight_mile: float
    home_miles: Floats
    loaded_miles: Floats
    spent: Ints
    done_at: Ints
    latest_at: Ints
    passable: Bools


def chain_times(loads: Loads, drive_minutes: Ints, service_minutes: Ints) -> tuple[Ints, Ints, Ints]:
    """Return `spent`, `done_at` and `latest_at` of `Bounds` for a driver who never needs rest.

    Given the minutes of the stretch before each stop and of the service there, each of shape (stops,). "Not before
    `opens_at`, not after `closes_at`, then so many minutes" put one after the other is again of the form
    max(t + spent, done_at) for t <= latest_at: exact, in whole minutes, waits included.
    """
    first, stops = loads.first_stop, np.diff(loads.stop_offsets)
    spent = service_minutes[first].copy()
    done_at = loads.stop_opens_at[first] + spent
    latest_at = loads.stop_closes_at[first].copy()
    for position in range(1, int(stops.max(initial=0))):
        rows = np.flatnonzero(stops > position)
        stop = first[rows] + position
        opens_at, closes_at = loads.stop_opens_at[stop], loads.stop_closes_at[stop]
        spent[rows] += drive_minutes[stop]
        done_at[rows] += drive_minutes[stop]
        latest_at[rows] = np.where(
            done_at[rows] > closes_at, _NEVER, np.minimum(latest_at[rows], closes_at - spent[rows])
        )
        done_at[rows] = np.maximum(done_at[rows], opens_at) + service_minutes[stop]
        spent[rows] += service_minutes[stop]
    return spent, done_at, latest_at


_NEVER = -(1 << 40)


def known_bounds(legs: Legs, loads: Loads) -> Bounds:
    """Return what can be said without asking for a road: known stretches as they are, the others by great circle.

    An empty run home that is not known may be of any length.
    """
    known = ~(np.isnan(loads.stop_miles) | np.isnan(loads.stop_minutes))
    before = np.maximum(np.arange(loads.stop_lat.size) - 1, 0)
    miles, minutes = loads.stop_miles.copy(), np.where(known, np.floor(loads.stop_minutes), 0.0)
    asked = np.flatnonzero(~known)
    if asked.size:
        lat, lon, back = loads.stop_lat, loads.stop_lon, before[asked]
        miles[asked] = great_circle_miles(lat[back], lon[back], lat[asked], lon[asked]) / SAFETY
    spent, done_at, latest_at = chain_times(loads, minutes.astype(np.int64), np.maximum(loads.stop_service_minutes, 0))
    home_known = ~(np.isnan(legs.home_miles) | np.isnan(legs.home_minutes))
    return Bounds(
        straight_per_mile=SAFETY,
        minutes_per_straight_mile=0.0,
        home_miles=np.where(home_known, legs.home_miles, np.inf),
        loaded_miles=sums_of_stretches(loads, miles),
        spent=spent,
        done_at=done_at,
        latest_at=latest_at,
        passable=np.ones(len(loads), dtype=np.bool_),
    )
