"""Why a leg does not take a load, and the smallest change of its terms or the load's that would do.

Capacity and miles are mended one rule after the other: each of these rules has one change of its own (the pickup's
deadhead has two, of which the smaller is taken). The times are searched together: first whether one change alone would
do, a window that closes later, home-by later or the truck ready earlier by a day at most; then two windows or a window
and home-by, and so on; of lists of the same length the one with the fewest minutes. Every list is verified by scoring
the changed pair, and one unit less of any change is refused. Equipment, attributes and a missing road cannot be mended.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from itertools import combinations

import numpy as np

from matching.engine.columns import Bools, Floats, Ints
from matching.engine.policy import Policy
from matching.engine.problem import PICKUP, Legs, Loads
from matching.engine.refusals import Refusal, duration
from matching.engine.routes import Routes, Way, route_pairs
from matching.engine.score import Scores, score_pairs
from matching.engine.travel import Figures, TravelOracle

HOPELESS = frozenset({Refusal.EQUIPMENT, Refusal.ATTRIBUTES, Refusal.UNREACHABLE})
"""The rules that no change of figures can mend."""
LONGEST_EARLIER = 24 * 60
"""So many minutes earlier a truck may be asked to be ready, at most; more than that is another trip."""

_FOR_EVER = 1 << 27  # minutes: longer than any chain
_AT_ONCE = 64  # settings scored together in a search
_MOST_LISTS = 8  # lists of the same length that are compared


class What(StrEnum):
    """What a change changes: a column of the leg, or the closing of one of the load's stops."""

    WEIGHT = "weight_pounds"
    LENGTH = "length_feet"
    PALLETS = "pallets"
    PICKUP_LIMIT = "max_pickup_deadhead_miles"
    OUT_OF_ROUTE_LIMIT = "max_out_of_route_miles"
    HOME_LIMIT = "max_home_deadhead_miles"
    CLOSES = "closes_at"
    HOME_BY = "home_by"
    READY = "ready_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change that is needed: `by` pounds, feet, pallets, miles or minutes, up to the value `to`.

    `to` of a time is the instant in minutes since the epoch. `stop` is the position of the stop whose window closes
    later. `by` of an out-of-route limit where none was offered counts from nothing. `words` continue "feasible if".
    """

    what: What
    by: int
    to: int
    stop: int | None
    words: str


@dataclass(frozen=True, eq=False, kw_only=True)
class WhyNot:
    """The answer for one pair. `scores` holds the pair as it stands (one row), `mended` with all changes applied.

    `changes` is empty for a feasible pair, and where `hopeless` names a rule that no change can mend.
    """

    scores: Scores
    changes: tuple[Change, ...] = ()
    mended: Scores | None = None
    hopeless: Refusal = Refusal.NONE

    @property
    def refusal(self) -> Refusal:
        """The rule that refuses first; NONE for a feasible pair."""
        return Refusal(int(self.scores.refusal[0]))

    @property
    def sentence(self) -> str:
        """Why the pair is refused, in a dispatcher's words; empty for a feasible pair."""
        return self.scores.refusal_sentence(0)

    @property
    def remedy(self) -> str:
        """What would do: "feasible if the pickup closed 42 min later"; empty for a feasible pair."""
        return remedy(self.changes, self.hopeless) if self.refusal else ""


def remedy(changes: Sequence[Change], hopeless: Refusal = Refusal.NONE) -> str:
    """Return changes as a dispatcher would say them, or that none would do."""
    if not changes:
        return _NO_REMEDY.get(hopeless, "")
    words = [change.words for change in changes]
    return f"feasible if {words[0] if len(words) == 1 else ', '.join(words[:-1]) + ' and ' + words[-1]}"


_NO_REMEDY = {
    Refusal.EQUIPMENT: "no change of times or limits would do: it takes another kind of truck",
    Refusal.ATTRIBUTES: "no change of times or limits would do: it takes a truck or driver that has it",
    Refusal.UNREACHABLE: "no change of times or limits would do: no road leads there",
}


def why_not(legs: Legs, leg_row: int, loads: Loads, load_row: int, travel: TravelOracle, policy: Policy) -> WhyNot:
    """Return why a leg does not take a load, and the shortest list of smallest changes with which it would."""
    leg, load = legs.take([leg_row]), loads.take([load_row])
    scores = score_pairs(leg, [0], load, [0], travel, policy)
    if scores.feasible[0]:
        return WhyNot(scores=scores, mended=scores)
    found, leg = _mend_limits(leg, load, scores, travel, policy)
    changes = list(found)
    mended = score_pairs(leg, [0], load, [0], travel, policy)
    refusal = Refusal(int(mended.refusal[0]))
    if refusal in HOPELESS:
        return WhyNot(scores=scores, hopeless=refusal)
    if refusal:
        changes += _mend_times(_Pair(leg, load, travel, policy))
        mended = score_pairs(*_one(changed(legs, leg_row, loads, load_row, changes)), travel, policy)
    assert mended.feasible[0], "a list of changes that does not do"
    return WhyNot(scores=scores, changes=tuple(changes), mended=mended)


def changed(legs: Legs, leg_row: int, loads: Loads, load_row: int, changes: Iterable[Change]) -> tuple[Legs, Loads]:
    """Return the leg and the load, one row each, with the changes applied."""
    leg, load = legs.take([leg_row]), loads.take([load_row])
    closes_at = load.stop_closes_at.copy()
    for change in changes:
        if change.stop is not None:
            closes_at[change.stop] = change.to
        else:
            leg = replace(leg, **{change.what.value: np.array([change.to])})
    return leg, replace(load, stop_closes_at=closes_at)


def rested(legs: Legs) -> Legs:
    """Return the legs as if nothing were known of any driver's clock: what others than the carrier may reckon with."""
    unknown = np.full(len(legs), np.nan)
    return replace(legs, drive_left=unknown, shift_left=unknown, break_left=unknown, cycle_left=unknown)


def _one(pair: tuple[Legs, Loads]) -> tuple[Legs, list[int], Loads, list[int]]:
    return pair[0], [0], pair[1], [0]


# --- Capacity and miles -----------------------------------------------------------------------------------------------


def _mend_limits(
    leg: Legs, load: Loads, scores: Scores, travel: TravelOracle, policy: Policy
) -> tuple[list[Change], Legs]:
    """Mend one rule after the other until none but the times refuses; return the changes and the changed leg."""
    changes: list[Change] = []
    while True:
        change = _limit_change(Refusal(int(scores.refusal[0])), scores.refusal_figures[0], leg)
        if change is None:
            return changes, leg
        changes.append(change)
        leg, load = changed(leg, 0, load, 0, [change])
        scores = score_pairs(leg, [0], load, [0], travel, policy)


def _limit_change(refusal: Refusal, figures: Floats, leg: Legs) -> Change | None:
    a, b, c, d = figures.tolist()
    match refusal:
        case Refusal.WEIGHT:
            return _limit(What.WEIGHT, a, b, f"the truck could take {a - b:,.0f} lb more")
        case Refusal.LENGTH:
            return _limit(What.LENGTH, a, b, f"the truck had {a - b:,.0f} ft more room")
        case Refusal.PALLETS:
            more = f"{a - b:,.0f} pallet{'' if a - b == 1 else 's'}"
            return _limit(What.PALLETS, a, b, f"the truck could take {more} more")
        case Refusal.PICKUP_DEADHEAD:
            to, along = _whole_miles(a), max(_whole_miles(c), 0)
            offered = d == d  # NaN: no pickup along the way is offered
            if along - (d if offered else 0) >= to - b:
                return _limit(What.PICKUP_LIMIT, to, b, f"the deadhead limit to the pickup were {to:,} mi")
            words = "the out-of-route limit were" if offered else "pickups along the way were taken, out of route up to"
            return _limit(What.OUT_OF_ROUTE_LIMIT, along, d if offered else 0, f"{words} {along:,} mi")
        case Refusal.HOME_DEADHEAD:
            to = _whole_miles(a)
            return _limit(What.HOME_LIMIT, to, b, f"the deadhead limit home were {to:,} mi")
    return None


def _limit(what: What, to: float, stands: float, words: str) -> Change:
    # limits are whole miles in a leg's terms, but may be any number in a file
    return Change(what=what, by=int(np.ceil(to - stands)), to=int(to), stop=None, words=words)


def _whole_miles(miles: float) -> int:
    return int(np.ceil(np.round(miles, 6)))


# --- Times ------------------------------------------------------------------------------------------------------------


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
        n = times.earlier.size
        one = np.zeros(n, dtype=np.int64)
        legs: dict[str, np.ndarray] = {item.name: getattr(self.leg, item.name)[one] for item in fields(Legs)}
        legs |= {"key": np.arange(n), "ready_at": legs["ready_at"] - times.earlier}
        legs["home_by"] = legs["home_by"] + times.later[:, -1]
        loads: dict[str, np.ndarray] = {}
        for item in fields(Loads):
            column = getattr(self.load, item.name)
            loads[item.name] = np.tile(column, n) if item.name.startswith("stop_") else column[one]
        loads |= {"key": np.arange(n), "stop_offsets": np.arange(n + 1) * self.stops}
        loads["stop_closes_at"] = loads["stop_closes_at"] + times.later[:, :-1].reshape(-1)
        rows = np.arange(n)
        return score_pairs(Legs(**legs), rows, Loads(**loads), rows, self.travel, self.policy).feasible

    def settings(self, count: int) -> _Times:
        """Return so many settings that change nothing."""
        return _Times(np.zeros((count, self.stops + 1), dtype=np.int64), np.zeros(count, dtype=np.int64))


def _mend_times(pair: _Pair) -> list[Change]:
    """Return the shortest list of changes of times that makes a pair feasible, each as small as it can be."""
    places = range(pair.stops + 1)
    for size in range(1, pair.stops + 2):
        lists = _that_do(pair, list(combinations(places, size)))
        found = [times for chosen in lists[:_MOST_LISTS] for times in _smallest(pair, chosen)]
        if size == 1:
            fewest = min((times.minutes for times in found), default=LONGEST_EARLIER + 1)
            found += _ready_earlier(pair, min(fewest - 1, LONGEST_EARLIER))
        if found:
            return _as_changes(pair, min(found, key=lambda times: times.minutes))
    raise AssertionError("with all windows open for ever a pair is feasible")


def _that_do(pair: _Pair, lists: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Return those lists of places that would do if they closed as late as need be."""
    times = pair.settings(len(lists))
    for row, places in enumerate(lists):
        times.later[row, list(places)] = _FOR_EVER
    return [lists[row] for row in np.flatnonzero(pair.feasible(times))]


def _smallest(pair: _Pair, places: tuple[int, ...]) -> list[_Times]:
    """Return the smallest minutes at these places that do, found in their order and, if there are more, the other way.

    A later closing never harms, so each can be halved down while the others are held: with those before it at their
    smallest, one minute less is refused.
    """
    found = []
    for order in (places,) if len(places) == 1 else (places, places[::-1]):
        later = np.zeros(pair.stops + 1, dtype=np.int64)
        later[list(places)] = _FOR_EVER
        for place in order:
            low, high = 0, _FOR_EVER  # refused, feasible
            while high - low > 1:
                tried = np.unique(np.linspace(low, high, _AT_ONCE + 2).astype(np.int64))[1:-1]
                times = _Times(np.tile(later, (tried.size, 1)), np.zeros(tried.size, dtype=np.int64))
                times.later[:, place] = tried
                does = pair.feasible(times)
                first = int(np.argmax(does)) if does.any() else tried.size
                low = int(tried[first - 1]) if first else low
                high = int(tried[first]) if first < tried.size else high
            later[place] = high
        found.append(_Times(later[None, :], np.zeros(1, dtype=np.int64)))
    return found


def _ready_earlier(pair: _Pair, at_most: int) -> list[_Times]:
    """Return the setting in which the truck is ready earlier, by so many minutes at most, if that alone does.

    Earlier is not always better (a driver whose shift runs may have to wait it away), so every minute is tried.
    """
    for start in range(1, at_most + 1, 4 * _AT_ONCE):
        times = pair.settings(min(4 * _AT_ONCE, at_most + 1 - start))
        times.earlier[:] = start + np.arange(times.earlier.size)
        does = np.flatnonzero(pair.feasible(times))
        if does.size:
            return [_Times(times.later[does[:1]], times.earlier[does[:1]])]
    return []


def _as_changes(pair: _Pair, times: _Times) -> list[Change]:
    changes = []
    for place, minutes in enumerate(times.later[0].tolist()):
        if minutes and place < pair.stops:
            to = int(pair.load.stop_closes_at[place]) + minutes
            words = f"{_stop_name(pair.load, place)} closed {duration(minutes)} later"
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


_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def _stop_name(load: Loads, position: int) -> str:
    """Return what a dispatcher calls a stop: the pickup, the second delivery."""
    kinds = load.stop_kind
    noun = "pickup" if kinds[position] == PICKUP else "delivery"
    same = np.flatnonzero(kinds == kinds[position])
    if same.size == 1:
        return f"the {noun}"
    number = int(np.flatnonzero(same == position)[0])
    return f"the {_ORDINALS[number]} {noun}" if number < len(_ORDINALS) else f"{noun} {number + 1}"


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

    def one_to_many(self, lat: float, lon: float, lats: Floats, lons: Floats) -> Figures:
        """Answer the same known way for each of n equal points."""
        way = self._ways[float(lat), float(lon), float(lats[0]), float(lons[0])]
        n = np.size(lats)
        return Figures(
            np.repeat(way.miles, n), np.repeat(way.minutes.astype(np.float64), n), np.repeat(way.estimated, n)
        )

    def many_to_one(self, lats: Floats, lons: Floats, lat: float, lon: float) -> Figures:
        """Answer the same known way from each of n equal points."""
        return self.pairs(lats, lons, np.full(np.size(lats), lat), np.full(np.size(lats), lon))

    def pairs(self, lats_a: Floats, lons_a: Floats, lats_b: Floats, lons_b: Floats) -> Figures:
        """Answer the same known way for n equal pairs."""
        return self.one_to_many(float(lats_a[0]), float(lons_a[0]), lats_b, lons_b)
