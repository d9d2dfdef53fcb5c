"""The stretches of tours: the oracle is asked once for each two places that follow one another in any of them."""

from dataclasses import dataclass

import numpy as np

from matching.engine.columns import Bools, Floats, Ints
from matching.engine.problem import Legs, Loads
from matching.engine.routes import Way, as_way, ask_ways, straight_homes, tenths
from matching.engine.tours.layout import Layout
from matching.engine.travel import TravelOracle


@dataclass(frozen=True, eq=False, kw_only=True)
class TourRoutes:
    """The stretches of n tours: `ways` of shape (n, w + 1), the stretch to each stop and then home, 0 beyond.

    `straight_home` (n,) is the empty run home that the tour takes the place of.
    """

    ways: Way
    straight_home: Way
    pickup_deadhead_miles: Floats
    loaded_miles: Floats
    between_deadhead_miles: Floats
    home_deadhead_miles: Floats
    estimated: Bools
    passable: Bools

    def take(self, rows: Ints) -> "TourRoutes":
        """Return the routes of the tours at these positions."""
        return TourRoutes(
            ways=self.ways.take(rows),
            straight_home=self.straight_home.take(rows),
            pickup_deadhead_miles=self.pickup_deadhead_miles[rows],
            loaded_miles=self.loaded_miles[rows],
            between_deadhead_miles=self.between_deadhead_miles[rows],
            home_deadhead_miles=self.home_deadhead_miles[rows],
            estimated=self.estimated[rows],
            passable=self.passable[rows],
        )

    @property
    def out_of_route_miles(self) -> Floats:
        """All miles of the tour, less the empty run home."""
        out = self.pickup_deadhead_miles + self.loaded_miles + self.between_deadhead_miles
        return tenths(out + self.home_deadhead_miles - self.straight_home.miles)


def route_tours(legs: Legs, leg_rows: Ints, loads: Loads, layout: Layout, travel: TravelOracle) -> TourRoutes:
    """Return the stretches of tours; `leg_rows` (n,) goes with the rows of `layout`."""
    n, width = layout.where.shape
    row = np.arange(n)
    first, last = layout.where[:, 0], layout.where[row, layout.stops - 1]
    to_first = _from_legs(legs, leg_rows, loads, first, travel)
    to_home = _to_homes(legs, leg_rows, loads, last, travel)
    straight_home = straight_homes(legs, np.unique(leg_rows), travel).take(leg_rows)
    inner = layout.used[:, 1:]
    between = _between_stops(loads, layout.where[:, :-1][inner], layout.where[:, 1:][inner], travel)
    ways = Way(
        miles=np.zeros((n, width + 1)),
        minutes=np.zeros((n, width + 1), dtype=np.int64),
        estimated=np.zeros((n, width + 1), dtype=np.bool_),
        passable=np.ones((n, width + 1), dtype=np.bool_),
    )
    middle = np.zeros((n, width + 1), dtype=np.bool_)
    middle[:, 1:width] = inner
    for name in ("miles", "minutes", "estimated", "passable"):
        column = getattr(ways, name)
        column[middle] = getattr(between, name)
        column[:, 0] = getattr(to_first, name)
        column[row, layout.stops] = getattr(to_home, name)
    empty = np.zeros((n, width + 1), dtype=np.bool_)
    empty[:, 1:width] = inner & (layout.aboard_before[:, 1:] == 0)
    return TourRoutes(
        ways=ways,
        straight_home=straight_home,
        pickup_deadhead_miles=to_first.miles,
        loaded_miles=tenths(np.where(middle & ~empty, ways.miles, 0.0).sum(axis=1)),
        between_deadhead_miles=tenths(np.where(empty, ways.miles, 0.0).sum(axis=1)),
        home_deadhead_miles=to_home.miles,
        estimated=ways.estimated.any(axis=1) | straight_home.estimated,
        passable=ways.passable.all(axis=1) & straight_home.passable,
    )


def own_miles(loads: Loads, rows: Ints, travel: TravelOracle) -> Floats:
    """Return the miles of these loads from stop to stop with nothing else on board, as their rates are reckoned by."""
    counts = np.diff(loads.stop_offsets)[rows] - 1
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    before = np.repeat(loads.stop_offsets[rows] - starts[:-1], counts) + np.arange(starts[-1])
    if not rows.size:
        return np.zeros(0)
    miles = _between_stops(loads, before, before + 1, travel).miles
    return tenths(np.add.reduceat(miles, starts[:-1]))


def places_between(legs: Legs, leg_row: int, loads: Loads, stops: Ints, travel: TravelOracle) -> Way:
    """Return the stretches between s stops and the truck, shape (s + 1, s + 1).

    Row i, column j leads from stop i to stop j; the last row leads from where the truck is empty, the last column home.
    Within a load only the way on to its next stop is looked up as the load has noted it.
    """
    s = stops.size
    start, end = np.repeat(stops, s), np.tile(stops, s)
    between = _between_stops(loads, start, end, travel)
    leg = np.full(s, leg_row, dtype=np.int64)
    out, home = _from_legs(legs, leg, loads, stops, travel), _to_homes(legs, leg, loads, stops, travel)
    columns = {}
    for name in ("miles", "minutes", "estimated", "passable"):
        found = getattr(between, name)
        column = np.zeros((s + 1, s + 1), dtype=found.dtype)
        column[:s, :s] = found.reshape(s, s)
        column[s, :s], column[:s, s] = getattr(out, name), getattr(home, name)
        columns[name] = column
    return Way(**columns)


def _from_legs(legs: Legs, leg_rows: Ints, loads: Loads, stops: Ints, travel: TravelOracle) -> Way:
    pair, back = np.unique(leg_rows * loads.stop_lat.size + stops, return_inverse=True)
    leg, stop = np.divmod(pair, max(loads.stop_lat.size, 1))
    found = ask_ways(travel, legs.empty_lat[leg], legs.empty_lon[leg], loads.stop_lat[stop], loads.stop_lon[stop])
    return found.take(back)


def _to_homes(legs: Legs, leg_rows: Ints, loads: Loads, stops: Ints, travel: TravelOracle) -> Way:
    pair, back = np.unique(leg_rows * loads.stop_lat.size + stops, return_inverse=True)
    leg, stop = np.divmod(pair, max(loads.stop_lat.size, 1))
    found = ask_ways(travel, loads.stop_lat[stop], loads.stop_lon[stop], legs.home_lat[leg], legs.home_lon[leg])
    return found.take(back)


def _between_stops(loads: Loads, before: Ints, after: Ints, travel: TravelOracle) -> Way:
    """Return the way from stop to stop: as the load has noted it within its own stops, otherwise as the oracle says."""
    size = loads.stop_lat.size
    pair, back = np.unique(before * size + after, return_inverse=True)
    start, end = np.divmod(pair, max(size, 1))
    begins = np.zeros(size, dtype=np.bool_)
    begins[loads.first_stop] = True
    noted = (end == start + 1) & ~begins[end] & ~np.isnan(loads.stop_miles[end]) & ~np.isnan(loads.stop_minutes[end])
    inside = end[noted]
    known = as_way(loads.stop_miles[inside], loads.stop_minutes[inside], loads.stop_estimated[inside])
    asked = ask_ways(travel, *_points(loads, start[~noted], end[~noted]))
    columns = {}
    for name in ("miles", "minutes", "estimated", "passable"):
        column = np.zeros(pair.size, dtype=getattr(asked, name).dtype)
        column[noted], column[~noted] = getattr(known, name), getattr(asked, name)
        columns[name] = column[back]
    return Way(**columns)


def _points(loads: Loads, start: Ints, end: Ints) -> tuple[Floats, Floats, Floats, Floats]:
    return loads.stop_lat[start], loads.stop_lon[start], loads.stop_lat[end], loads.stop_lon[end]
