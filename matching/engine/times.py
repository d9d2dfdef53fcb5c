"""The times of a pair that comes too late: the shortest list of windows, home-by or ready time that would do.

Miles are known and the pair is scored in many settings of its times at once, without the oracle.
"""

from dataclasses import dataclass, fields, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from matching.engine.changes import Change, What, stop_name
from matching.engine.columns import Bools, Ints
from matching.engine.policy import Policy
from matching.engine.problem import Legs, Loads
from matching.engine.refusals import duration
from matching.engine.routes import Routes, Way, route_pairs
from matching.engine.score import Scores, score_pairs
from matching.engine.travel import Figures, TravelOracle

LONGEST_EARLIER = 24 * 60
"""So many minutes earlier a truck may be asked to be ready, at most; more than that is another trip."""

_FOR_EVER = 1 << 27  # minutes: longer than any chain
_AT_ONCE = 7  # settings scored together in a search
_MINUTES_AT_ONCE = 240  # of an earlier ready time
_MOST_LISTS = 128  # lists of the same length that are asked
_MOST_COMPARED = 8  # of them compared by their minutes


@dataclass(frozen=True, eq=False)
class _Times:
    """n settings of a pair's times, in minutes beyond what stands.

    `later` (n, stops + 1): how much later each window closes, and home-by as the last; `earlier` (n,): how much
    earlier the truck is ready.
    """

    later: Ints
    earlier: Ints

    @property
    def minutes(self) -> int:
        """All minutes of the first setting together."""
        return int(self.later[0].sum() + self.earlier[0])


class _Pair:
    """One pair with its miles known, so that many settings of its times are scored at once without the oracle."""

    def __init__(self, leg: Legs, load: Loads, travel: TravelOracle, policy: Policy) -> None:
        none = np.array([0])
        routes = route_pairs(leg, none, load, none, travel)
        straight, between = routes.straight_home, routes.between
        self.leg = replace(
            leg,
            home_miles=straight.miles,
            home_minutes=straight.minutes.astype(np.float64),
            home_estimated=straight.estimated,
        )
        self.load = replace(
            load,
            stop_miles=between.miles,
            stop_minutes=between.minutes.astype(np.float64),
            stop_estimated=between.estimated,
        )
        self.travel = _KnownWays(leg, load, routes, travel.version)
        self.policy = policy
        self.stops = int(load.stop_lat.size)

    def feasible(self, times: _Times) -> Bools:
        """Say which settings make the pair feasible."""
        return self.scored(times, self.policy).feasible

    def scored(self, times: _Times, policy: Policy) -> Scores:
        """Score the pair in each of the settings."""
        n = times.earlier.size
        one = np.zeros(n, dtype=np.int64)
        legs: dict[str, Any] = {item.name: getattr(self.leg, item.name)[one] for item in fields(Legs)}
        legs |= {"key": np.arange(n), "ready_at": legs["ready_at"] - times.earlier}
        legs["home_by"] = legs["home_by"] + times.later[:, -1]
        loads: dict[str, Any] = {}
        for item in fields(Loads):
            column = getattr(self.load, item.name)
            loads[item.name] = np.tile(column, n) if item.name.startswith("stop_") else column[one]
        loads |= {"key": np.arange(n), "stop_offsets": np.arange(n + 1) * self.stops}
        loads["stop_closes_at"] = loads["stop_closes_at"] + times.later[:, :-1].reshape(-1)
        rows = np.arange(n)
        return score_pairs(Legs(**legs), rows, Loads(**loads), rows, self.travel, policy)

    def settings(self, count: int) -> _Times:
        """Return so many settings that change nothing."""
        return _Times(np.zeros((count, self.stops + 1), dtype=np.int64), np.zeros(count, dtype=np.int64))


def mend_times(leg: Legs, load: Loads, travel: TravelOracle, policy: Policy) -> list[Change]:
    """Return the shortest list of changes of times that makes a pair feasible, each as small as it can be.

    Takes one leg and one load, which only their times refuse.
    """
    pair = _Pair(leg, load, travel, policy)
    lists = _shortest_lists(pair)
    found = [times for places in lists[:_MOST_COMPARED] for times in _smallest(pair, places)]
    best = min(found, key=lambda times: times.minutes)
    one_alone = len(lists[0]) == 1
    earlier = _ready_earlier(pair, min(best.minutes - 1, LONGEST_EARLIER) if one_alone else LONGEST_EARLIER)
    return _as_changes(pair, earlier or best)


def _shortest_lists(pair: _Pair) -> list[tuple[int, ...]]:
    """Return the shortest lists of places that would do if they closed as late as need be.

    A later closing never harms, so a place without which all the others do not do stands in every list.
    """
    places = tuple(range(pair.stops + 1))
    without = [(*places[:place], *places[place + 1 :]) for place in places]
    dispensable = set(_that_do(pair, without))
    needed = tuple(place for place, rest in zip(places, without, strict=True) if rest not in dispensable)
    others = tuple(place for place in places if place not in needed)
    for more in range(len(others) + 1):
        lists = [tuple(sorted((*needed, *chosen))) for chosen in combinations(others, more)]
        found = _that_do(pair, lists[:_MOST_LISTS])
        if found:
            return found
    raise AssertionError("with all windows open for ever a pair is feasible")


def _that_do(pair: _Pair, lists: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Return those lists of places that would do if they closed as late as need be."""
    times = pair.settings(len(lists))
    for row, places in enumerate(lists):
        times.later[row, list(places)] = _FOR_EVER
    return [lists[row] for row in np.flatnonzero(pair.feasible(times))]


def _smallest(pair: _Pair, places: tuple[int, ...]) -> list[_Times]:
    """Return the smallest minutes at these places that do, found in their order and, of two or three, the other way.

    Each is made as small as it can be while the others are held: with those before it at their smallest, one minute
    less is refused.
    """
    found = []
    for order in (places, places[::-1]) if len(places) in (2, 3) else (places,):
        later = np.zeros(pair.stops + 1, dtype=np.int64)
        later[list(places)] = _FOR_EVER
        for place in order:
            later[place] = _least_later(pair, later, place)
        found.append(_Times(later[None, :], np.zeros(1, dtype=np.int64)))
    return found


def _least_later(pair: _Pair, later: Ints, place: int) -> int:
    """Return how much later one place has to close at least, the others as they are set."""
    times = _Times(later[None, :].copy(), np.zeros(1, dtype=np.int64))
    times.later[0, place] = 0
    figures = pair.scored(times, pair.policy).refusal_figures[0]
    low, high = 0, _FOR_EVER  # refused, feasible
    if int(figures[1]) == place:  # nothing is reached before so many minutes; often that is enough
        low = int(figures[0]) - 1
        times.later[0, place] = low + 1
        if pair.feasible(times)[0]:
            return low + 1
    while high - low > 1:
        tried = np.unique(np.linspace(low, high, _AT_ONCE + 2).astype(np.int64))[1:-1]
        times = _Times(np.tile(later, (tried.size, 1)), np.zeros(tried.size, dtype=np.int64))
        times.later[:, place] = tried
        does = pair.feasible(times)
        first = int(np.argmax(does)) if does.any() else tried.size
        low = int(tried[first - 1]) if first else low
        high = int(tried[first]) if first < tried.size else high
    return high


def _ready_earlier(pair: _Pair, at_most: int) -> _Times | None:
    """Return the setting in which the truck is ready earlier, by so many minutes at most, if that alone does.

    Earlier is not always better (a driver whose shift runs may have to wait it away), so every minute is tried from
    the first on that would do for a driver who never rests.
    """
    if at_most < 1:
        return None
    times = pair.settings(at_most)
    times.earlier[:] = np.arange(1, at_most + 1)
    tirelessly = np.flatnonzero(pair.scored(times, replace(pair.policy, duty=None)).feasible)
    if not tirelessly.size:
        return None
    for start in range(int(tirelessly[0]), at_most, _MINUTES_AT_ONCE):
        rows = slice(start, start + _MINUTES_AT_ONCE)
        tried = _Times(times.later[rows], times.earlier[rows])
        does = np.flatnonzero(pair.feasible(tried))
        if does.size:
            return _Times(tried.later[does[:1]], tried.earlier[does[:1]])
    return None


def _as_changes(pair: _Pair, times: _Times) -> list[Change]:
    changes = []
    for place, minutes in enumerate(times.later[0].tolist()):
        if minutes and place < pair.stops:
            to = int(pair.load.stop_closes_at[place]) + minutes
            words = f"{stop_name(pair.load, place)} closed {duration(minutes)} later"
            changes.append(Change(what=What.CLOSES, by=minutes, to=to, stop=place, words=words))
        elif minutes:
            to, words = int(pair.leg.home_by[0]) + minutes, f"home-by were {duration(minutes)} later"
            changes.append(Change(what=What.HOME_BY, by=minutes, to=to, stop=None, words=words))
    earlier = int(times.earlier[0])
    if earlier:
        words = f"the truck were ready {duration(earlier)} earlier"
        to = int(pair.leg.ready_at[0]) - earlier
        changes.append(Change(what=What.READY, by=earlier, to=to, stop=None, words=words))
    return changes


class _KnownWays:
    """A travel oracle that knows one pair's two empty stretches: to the pickup and home."""

    def __init__(self, leg: Legs, load: Loads, routes: Routes, version: str) -> None:
        self.version = version
        first, last = int(load.first_stop[0]), int(load.last_stop[0])
        empty = float(leg.empty_lat[0]), float(leg.empty_lon[0])
        home = float(leg.home_lat[0]), float(leg.home_lon[0])
        pickup = float(load.stop_lat[first]), float(load.stop_lon[first])
        delivery = float(load.stop_lat[last]), float(load.stop_lon[last])
        self._ways: dict[tuple[float, ...], Way] = {
            (*empty, *pickup): routes.to_pickup,
            (*delivery, *home): routes.to_home,
        }

    def one_to_many(self, lat: float, lon: float, lats: ArrayLike, lons: ArrayLike) -> Figures:
        """Answer the same known way for each of n equal points."""
        way = self._ways[float(lat), float(lon), float(np.ravel(lats)[0]), float(np.ravel(lons)[0])]
        n = np.size(lats)
        return Figures(
            np.repeat(way.miles, n), np.repeat(way.minutes.astype(np.float64), n), np.repeat(way.estimated, n)
        )

    def many_to_one(self, lats: ArrayLike, lons: ArrayLike, lat: float, lon: float) -> Figures:
        """Answer the same known way from each of n equal points."""
        return self.pairs(lats, lons, np.full(np.size(lats), lat), np.full(np.size(lats), lon))

    def pairs(self, lats_a: ArrayLike, lons_a: ArrayLike, lats_b: ArrayLike, lons_b: ArrayLike) -> Figures:
        """Answer the same known way for n equal pairs."""
        return self.one_to_many(float(np.ravel(lats_a)[0]), float(np.ravel(lons_a)[0]), lats_b, lons_b)
