"""The best loads of each leg by great circle, for a whole market."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from matching.engine import duty, money
from matching.engine.bulk.bounds import Bounds, chain_times
from matching.engine.bulk.reserve import PACKED_BITS, Reserve
from matching.engine.bulk.search import Block, Search, in_order
from matching.engine.columns import LOAD_CODES, Floats, Ints
from matching.engine.policy import Policy
from matching.engine.problem import OPEN_TO_OFFERS, Legs, Loads
from matching.engine.routes import between_stops, own_ways, straight_homes, tenths
from matching.engine.travel import EARTH_RADIUS_MILES, GreatCircleTravel

NONE = -1
BLOCK_PAIRS = 1 << 18


@dataclass(frozen=True, eq=False, kw_only=True)
class Best:
    """Each leg's best loads, best first, in arrays of shape (legs, count).

    `load_row` is the position in `Loads`, -1 where a leg has fewer; `own_gain_cents` is the gain at the carrier's own
    costs (the carrier's eyes only), 0 where there is no load.
    """

    load_row: Ints
    own_gain_cents: Ints


def best_by_great_circle(
    legs: Legs,
    loads: Loads,
    *,
    count: int = 20,
    circuity: float = 1.17,
    mph: float = 50.0,
    policy: Policy,
    workers: int = 1,
) -> Best:
    """Return each leg's `count` feasible loads of the highest own gain, ties by the load's key.

    What `score_pairs` says with `GreatCircleTravel(circuity, mph)` and a driver who never needs rest, to the cent.
    """
    found = np.full((len(legs), count), NONE, dtype=np.int64)
    gains = np.zeros((len(legs), count), dtype=np.int64)
    if len(legs) and len(loads) and count > 0:
        core = _Core(legs, loads, count, GreatCircleTravel(circuity, mph), replace(policy, duty=None))
        # Neighbours after each other look at the same part of the index.
        rows = np.lexsort((legs.empty_lon, np.floor(legs.empty_lat * 2), legs.equipment))
        work = (core.best_of(block) for block in core.search.blocks(rows, BLOCK_PAIRS))
        for leg, place, load, gain in in_order(work, workers):
            found[leg, place], gains[leg, place] = load, gain
    return Best(load_row=found, own_gain_cents=gains)


Picked = tuple[Ints, Ints, Ints, Ints]


class _Core:
    """What is worked out once for a market: each load by itself, each leg by itself."""

    def __init__(self, legs: Legs, loads: Loads, count: int, travel: GreatCircleTravel, policy: Policy) -> None:
        self.legs, self.loads, self.count, self.travel = legs, loads, count, travel
        between = between_stops(loads, np.arange(len(loads)), travel)
        own = own_ways(loads, between)
        self.loaded_miles = own.miles
        straight_home = straight_homes(legs, np.arange(len(legs)), travel)
        self.home_miles, self.home_passable = straight_home.miles, straight_home.passable
        self.empty_home_at = duty.empty_homes(legs, straight_home, policy).arrive_at
        spent, done_at, latest_at = chain_times(loads, between.minutes, duty.service_minutes(loads, policy))
        self.spent, self.done_at, self.latest_at = spent, done_at, latest_at
        self.service_minutes = np.add.reduceat(duty.service_minutes(loads, policy), loads.first_stop)
        self.rate_cents = loads.rate_cents.copy()
        open_to_offers = np.flatnonzero(loads.rate_cents == OPEN_TO_OFFERS)
        self.rate_cents[open_to_offers] = policy.rates.estimate_cents(
            [LOAD_CODES[code] for code in loads.equipment[open_to_offers]],
            own.miles[open_to_offers],
            loads.truck_share[open_to_offers],
        )
        self.costs = money.own_costs(legs, np.arange(len(legs)), policy)
        self.search = Search(
            legs,
            loads,
            Bounds(
                straight_per_mile=1 / travel.circuity,
                minutes_per_straight_mile=travel.circuity * 60.0 / travel.mph,
                home_miles=straight_home.miles,
                loaded_miles=own.miles,
                spent=spent,
                done_at=done_at,
                latest_at=latest_at,
                passable=own.passable,
            ),
        )
        self._reserve = Reserve(
            legs=legs,
            travel=travel,
            costs=self.costs,
            avoided_cents=self.home_miles * self.costs.empty_cents_per_mile,
            empty_home_at=self.empty_home_at,
            rate_cents=self.rate_cents,
            loaded_miles=self.loaded_miles,
            service_minutes=self.service_minutes,
            spent=spent,
            done_at=done_at,
        )
        first, last = loads.first_stop, loads.last_stop
        self._empty, self._home = _Points.of(legs.empty_lat, legs.empty_lon), _Points.of(legs.home_lat, legs.home_lon)
        self._pickup = _Points.of(loads.stop_lat[first], loads.stop_lon[first])
        self._delivery = _Points.of(loads.stop_lat[last], loads.stop_lon[last])
        self._by_key = np.argsort(loads.key, kind="stable")
        self._rank = np.empty(len(loads), dtype=np.int64)
        self._rank[self._by_key] = np.arange(len(loads))

    def best_of(self, block: Callable[[], Block]) -> Callable[[], Picked]:
        """Return the work of finding the best of a block: leg, place from 0, load and gain, one row for each match."""

        def work() -> Picked:
            found = block()
            chosen, left_below = self._reserve.chosen(found, self.count)
            kept = np.flatnonzero(chosen)
            best = self._top(*self._gains(found.leg[kept], found.load[kept]))
            # A leg is settled if none was left out, or if the last of its best is as good as those may be.
            settled = np.zeros(len(self.legs), dtype=np.bool_)
            settled[found.leg[left_below == -np.inf]] = True
            limit = np.full(len(self.legs), np.inf)
            limit[found.leg] = left_below
            leg, place, _, gain = best
            settled[leg[(place == self.count - 1) & (gain >= limit[leg])]] = True
            again = np.flatnonzero(~settled[found.leg])
            if not again.size:
                return best
            rest = self._top(*self._gains(found.leg[again], found.load[again]))
            sure = settled[leg]
            leg, place, load, gain = (np.concatenate([a[sure], b]) for a, b in zip(best, rest, strict=True))
            return leg, place, load, gain

        return work

    def _gains(self, leg: Ints, load: Ints) -> tuple[Ints, Ints, Ints]:
        """Return the feasible among these pairs and their gain, step by step as `score_pairs` does."""
        legs = self.legs
        deadhead, drive = self._stretch(self._empty, leg, self._pickup, load)
        at_pickup = legs.ready_at[leg] + drive
        kept = np.flatnonzero(at_pickup <= self.latest_at[load])
        leg, load, deadhead, at_pickup = leg[kept], load[kept], deadhead[kept], at_pickup[kept]
        homeward, drive = self._stretch(self._delivery, load, self._home, leg)
        done_at = np.maximum(at_pickup + self.spent[load], self.done_at[load])
        home_at = done_at + drive
        limit, allowed = legs.max_pickup_deadhead_miles[leg], legs.max_out_of_route_miles[leg]
        too_far = deadhead > limit
        if too_far.any():
            out_of_route = tenths(deadhead + self.loaded_miles[load] + homeward - self.home_miles[leg])
            too_far &= ~(out_of_route <= allowed)
        broken = too_far | (homeward > legs.max_home_deadhead_miles[leg]) | (home_at > legs.home_by[leg])
        kept = np.flatnonzero(~broken & self.home_passable[leg])
        leg, load = leg[kept], load[kept]
        waited = done_at[kept] - at_pickup[kept] - self.spent[load]
        used = money.Quantities(
            loaded_miles=self.loaded_miles[load],
            empty_miles=tenths(deadhead[kept] + homeward[kept]),
            avoided_miles=self.home_miles[leg],
            on_duty_minutes=self.service_minutes[load] + waited,
            delay_minutes=np.maximum(home_at[kept] - self.empty_home_at[leg], 0),
        )
        costs = self.costs
        mine = money.Costs(
            loaded_cents_per_mile=costs.loaded_cents_per_mile[leg],
            empty_cents_per_mile=costs.empty_cents_per_mile[leg],
            hour_cents=costs.hour_cents[leg],
            delay_hour_cents=costs.delay_hour_cents[leg],
        )
        return leg, load, money.gain(self.rate_cents[load], used, mine).gain_cents

    def _stretch(self, start: "_Points", a: Ints, end: "_Points", b: Ints) -> tuple[Floats, Ints]:
        """Return miles in tenths and whole minutes, as `GreatCircleTravel` and `routes.as_way` make them."""
        lat, other = start.lat[a], end.lat[b]
        half = np.sin((other - lat) / 2.0) ** 2
        half += start.cosine[a] * end.cosine[b] * np.sin((end.lon[b] - start.lon[a]) / 2.0) ** 2
        miles = self.travel.circuity * (2.0 * EARTH_RADIUS_MILES * np.arcsin(np.sqrt(np.minimum(1.0, half))))
        minutes = np.ceil(np.round(miles * (60.0 / self.travel.mph), 3)).astype(np.int64)
        return tenths(miles), minutes

    def _top(self, leg: Ints, load: Ints, gain: Ints) -> Picked:
        """Return each leg's best: by the higher gain, then by the lower key."""
        if not leg.size:
            return leg, leg, load, gain
        starts = np.flatnonzero(np.concatenate([[True], leg[1:] != leg[:-1]]))
        sizes = np.diff(np.append(starts, leg.size))
        group = np.repeat(np.arange(starts.size), sizes)
        highest, lowest = int(gain.max()), int(gain.min())
        bits = (int(self._rank.size).bit_length(), (highest - lowest).bit_length(), int(starts.size).bit_length())
        if sum(bits) <= PACKED_BITS:
            # Group, gain and key in one whole number: cents are whole, so nothing below half a cent can tip it.
            packed = ((group << bits[1]) | (highest - gain)) << bits[0] | self._rank[load]
            packed.sort()
            load = self._by_key[packed & ((1 << bits[0]) - 1)]
            gain = highest - ((packed >> bits[0]) & ((1 << bits[1]) - 1))
        else:
            order = np.lexsort((self._rank[load], -gain, group))
            load, gain = load[order], gain[order]
        place = np.arange(leg.size) - np.repeat(starts, sizes)
        kept = place < self.count
        return leg[kept], place[kept], load[kept], gain[kept]


@dataclass(frozen=True, slots=True, eq=False)
class _Points:
    """Points in radians, and the cosine of their latitudes."""

    lat: Floats
    lon: Floats
    cosine: Floats

    @classmethod
    def of(cls, lat: Floats, lon: Floats) -> "_Points":
        """Return points given in degrees."""
        radians = np.radians(lat)
        return cls(radians, np.radians(lon), np.cos(radians))
