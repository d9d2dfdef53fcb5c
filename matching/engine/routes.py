"""The miles and driving minutes of each pair: to the pickup, from stop to stop, home, and straight home."""

from dataclasses import dataclass

import numpy as np

from matching.engine.columns import FIGURE, Bools, Floats, Ints
from matching.engine.problem import Legs, Loads
from matching.engine.travel import TravelFigures, TravelOracle


@dataclass(frozen=True, eq=False, kw_only=True)
class Way:
    """n stretches: miles in tenths, whole minutes (rounded up), whether estimated, whether there is a road at all."""

    miles: Floats
    minutes: Ints
    estimated: Bools
    passable: Bools

    def take(self, rows: Ints) -> "Way":
        """Return the stretches at these positions."""
        return Way(
            miles=self.miles[rows],
            minutes=self.minutes[rows],
            estimated=self.estimated[rows],
            passable=self.passable[rows],
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Routes:
    """The stretches of n pairs; `between` holds the stretch before each stop of each load, columns as in `Loads`."""

    to_pickup: Way
    to_home: Way
    straight_home: Way
    between: Way
    loaded_miles: Floats
    estimated: Bools
    passable: Bools

    def take(self, rows: Ints) -> "Routes":
        """Return the routes of the pairs at these positions."""
        return Routes(
            to_pickup=self.to_pickup.take(rows),
            to_home=self.to_home.take(rows),
            straight_home=self.straight_home.take(rows),
            between=self.between,
            loaded_miles=self.loaded_miles[rows],
            estimated=self.estimated[rows],
            passable=self.passable[rows],
        )

    @property
    def out_of_route_miles(self) -> Floats:
        """All miles with the load, less the empty run home."""
        return tenths(self.to_pickup.miles + self.loaded_miles + self.to_home.miles - self.straight_home.miles)


def route_pairs(legs: Legs, leg_rows: Ints, loads: Loads, load_rows: Ints, travel: TravelOracle) -> Routes:
    """Return the routes of the pairs (leg_rows[i], load_rows[i]).

    The oracle is asked by the side that repeats: one leg against many loads, or one load against many legs.
    """
    between = between_stops(loads, np.unique(load_rows), travel)
    pickup, delivery = loads.first_stop[load_rows], loads.last_stop[load_rows]
    empty = legs.empty_lat[leg_rows], legs.empty_lon[leg_rows]
    home = legs.home_lat[leg_rows], legs.home_lon[leg_rows]
    return join_ways(
        loads,
        load_rows,
        between,
        to_pickup=ask_ways(travel, *empty, loads.stop_lat[pickup], loads.stop_lon[pickup]),
        to_home=ask_ways(travel, loads.stop_lat[delivery], loads.stop_lon[delivery], *home),
        straight_home=straight_homes(legs, np.unique(leg_rows), travel).take(leg_rows),
    )


def join_ways(
    loads: Loads, load_rows: Ints, between: Way, *, to_pickup: Way, to_home: Way, straight_home: Way
) -> Routes:
    """Put the stretches of the pairs together; those to the pickup, home and straight home are one for each pair."""
    own = own_ways(loads, between).take(load_rows)
    return Routes(
        to_pickup=to_pickup,
        to_home=to_home,
        straight_home=straight_home,
        between=between,
        loaded_miles=own.miles,
        estimated=own.estimated | to_pickup.estimated | to_home.estimated | straight_home.estimated,
        passable=own.passable & to_pickup.passable & to_home.passable & straight_home.passable,
    )


def own_ways(loads: Loads, between: Way) -> Way:
    """Return each load's way from its first stop to its last; `minutes` are those of driving."""
    inner = _inner(loads)
    if not len(loads):
        return between
    starts = loads.first_stop
    return Way(
        miles=tenths(sums_of_stretches(loads, between.miles)),
        minutes=np.add.reduceat(np.where(inner, between.minutes, 0), starts),
        estimated=np.logical_or.reduceat(inner & between.estimated, starts),
        passable=np.logical_and.reduceat(~inner | between.passable, starts),
    )


def sums_of_stretches(loads: Loads, figures: Floats) -> Floats:
    """Return the sum over each load's stretches of a figure for every stop, the one before its first stop left out."""
    if not len(loads):
        return np.zeros(0)
    return np.asarray(np.add.reduceat(np.where(_inner(loads), figures, 0.0), loads.first_stop))


def _inner(loads: Loads) -> Bools:
    inner = np.ones(loads.stop_lat.size, dtype=np.bool_)
    inner[loads.first_stop] = False
    return inner


def straight_homes(legs: Legs, rows: Ints, travel: TravelOracle) -> Way:
    """Return the empty run home, one stretch for each leg; those not in `rows` are left unasked unless known."""
    asked = rows[np.isnan(legs.home_miles[rows]) | np.isnan(legs.home_minutes[rows])]
    return _filled(
        legs.home_miles,
        legs.home_minutes,
        legs.home_estimated,
        asked,
        travel.pairs(legs.empty_lat[asked], legs.empty_lon[asked], legs.home_lat[asked], legs.home_lon[asked])
        if asked.size
        else None,
    )


def between_stops(loads: Loads, rows: Ints, travel: TravelOracle) -> Way:
    """Return the stretch before each stop; those of loads not in `rows` (different ones) are unasked unless known."""
    if rows.size == len(loads):
        wanted = np.ones(loads.stop_lat.size, dtype=np.bool_)
    else:
        mine = np.zeros(len(loads), dtype=np.bool_)
        mine[rows] = True
        wanted = np.repeat(mine, np.diff(loads.stop_offsets))
    wanted[loads.first_stop] = False
    asked = np.flatnonzero(wanted & (np.isnan(loads.stop_miles) | np.isnan(loads.stop_minutes)))
    lat, lon = loads.stop_lat, loads.stop_lon
    found = travel.pairs(lat[asked - 1], lon[asked - 1], lat[asked], lon[asked]) if asked.size else None
    return _filled(loads.stop_miles, loads.stop_minutes, loads.stop_estimated, asked, found)


def tenths(figures: Floats) -> Floats:
    """Return figures rounded to tenths; sums of tenths are tenths again."""
    return np.asarray(np.round(figures, 1), dtype=np.float64)


def _filled(miles: Floats, minutes: Floats, estimated: Bools, asked: Ints, found: TravelFigures | None) -> Way:
    if found is not None:
        miles, minutes, estimated = miles.copy(), minutes.copy(), estimated.copy()
        miles[asked], minutes[asked], estimated[asked] = found.miles, found.minutes, found.estimated
    return as_way(miles, minutes, estimated)


def ask_ways(travel: TravelOracle, lat_a: Floats, lon_a: Floats, lat_b: Floats, lon_b: Floats) -> Way:
    """Return the way from each point to the point beside it, asked in the shape that answers soonest."""
    if not lat_a.size:
        return as_way(np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.bool_))
    if _is_one_point(lat_a, lon_a):
        found = travel.one_to_many(float(lat_a[0]), float(lon_a[0]), lat_b, lon_b)
    elif _is_one_point(lat_b, lon_b):
        found = travel.many_to_one(lat_a, lon_a, float(lat_b[0]), float(lon_b[0]))
    else:
        found = travel.pairs(lat_a, lon_a, lat_b, lon_b)
    return as_way(found.miles, found.minutes, found.estimated)


def _is_one_point(lat: Floats, lon: Floats) -> bool:
    return bool((lat == lat[0]).all() and (lon == lon[0]).all())


def as_way(miles: Floats, minutes: Floats, estimated: Bools) -> Way:
    """Return stretches from an oracle's figures: miles in tenths, minutes rounded up; what is not finite is no road."""
    passable = np.isfinite(miles) & np.isfinite(minutes) & (miles <= FIGURE[1]) & (minutes <= FIGURE[1])
    return Way(
        miles=tenths(np.where(passable, miles, 0.0)),
        minutes=np.ceil(np.round(np.where(passable, minutes, 0.0), 3)).astype(np.int64),
        estimated=np.asarray(estimated, dtype=np.bool_),
        passable=passable,
    )
