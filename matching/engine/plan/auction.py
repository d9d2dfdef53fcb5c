"""The assignment of loads to legs that gains the most, by an auction that carries its own proof.

Method: Bertsekas' auction in Jacobi form (all bidders at once) with an outside option of 0 on both sides. Legs bid for
loads until no leg wants more; then loads that stand above price 0 without a leg bid for legs until none is left. That
is done for a falling step, each time from the prices before, which keeps equal trucks and equal loads from outbidding
each other cent by cent. Source: D. P. Bertsekas, Linear Network Optimization (1991), chapter 4.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from matching.engine.columns import Ints
from matching.engine.plan.problem import PPM, Assignment

NOBODY = -1
_FIRST_STEP_SHARE = 5
_STEP_FALLS_BY = 30
# Far below every value, and far from where int64 ends.
_NO_OTHER = -(1 << 60)
_MOST_UNITS = 1 << 60


def assign(
    leg_count: int,
    load_count: int,
    leg_rows: ArrayLike,
    load_rows: ArrayLike,
    gain_cents: ArrayLike,
    *,
    tolerance_ppm: float = 0.0,
) -> Assignment:
    """Return the assignment of the pairs (leg_rows[i], load_rows[i]) with the highest gain in whole cents.

    Each leg and each load at most once; a pair that gains nothing is never chosen. The gain is within `tolerance_ppm`
    of `bound_cents`, and the best to the cent where the two are equal; with a tolerance of 0 they always are, short of
    gains of billions. The same pairs in another order give the same choice. Raises `ValueError` for rows outside the
    counts or columns of unequal length.
    """
    leg, load, gain = (np.array(column, dtype=np.int64).reshape(-1) for column in (leg_rows, load_rows, gain_cents))
    if not leg.size == load.size == gain.size:
        raise ValueError("leg_rows, load_rows and gain_cents must be of the same length.")
    for name, rows, count in (("leg_rows", leg, leg_count), ("load_rows", load, load_count)):
        if rows.size and (rows.min() < 0 or rows.max() >= count):
            raise ValueError(f"{name} must be from 0 to {count - 1}.")
    pairs = _paying(leg, load, gain)
    if not pairs.size:
        none = np.zeros(0, dtype=np.int64)
        prices = np.zeros(load_count, dtype=np.int64)
        return Assignment(chosen=none, gain_cents=0, bound_cents=0, load_price_cents=prices, rounds=0)
    # So many parts of a cent that steps of one part add up to less than a cent over everyone, as far as int64 goes.
    most = _MOST_UNITS // (int(gain.max()) * (leg_count + load_count))
    parts = min(leg_count + min(leg_count, load_count), most) + 1
    auction = _Auction(leg_count, load_count, leg[pairs], load[pairs], gain[pairs] * parts)
    step = max(int(gain.max()) // _FIRST_STEP_SHARE, 1) * parts
    while True:
        auction.run(step)
        chosen = pairs[np.sort(auction.held[auction.held != NOBODY])]
        total, bound = int(gain[chosen].sum()), auction.bound() // parts
        if bound - total <= tolerance_ppm * bound / PPM or step == 1:
            break
        step = max(step // _STEP_FALLS_BY, 1)
    return Assignment(
        chosen=np.sort(chosen),
        gain_cents=total,
        bound_cents=bound,
        load_price_cents=-(-np.maximum(auction.price, 0) // parts),
        rounds=auction.rounds,
    )


def _paying(leg: Ints, load: Ints, gain: Ints) -> Ints:
    """Return the positions of the pairs that gain something, by leg and load; of equal pairs the best, the first."""
    pair = leg * (int(load.max(initial=0)) + 1) + load
    order = np.flatnonzero(gain > 0)
    if not (np.diff(pair[order]) > 0).all():
        order = order[np.lexsort((-gain[order], pair[order]))]
    again = np.zeros(order.size, dtype=np.bool_)
    again[1:] = pair[order[1:]] == pair[order[:-1]]
    return np.asarray(order[~again])


@dataclass(frozen=True, eq=False)
class _Side:
    """The pairs in the order of one side: those of row i are `pairs[offsets[i]:offsets[i + 1]]`."""

    pairs: Ints
    offsets: Ints

    def of(self, rows: Ints) -> tuple[Ints, Ints, Ints]:
        """Return the pairs of these rows (each has one or more), where each row's begin, and whose they are."""
        counts = self.offsets[rows + 1] - self.offsets[rows]
        starts = np.cumsum(counts) - counts
        whose = np.repeat(np.arange(rows.size), counts)
        return self.pairs[np.arange(whose.size) + (self.offsets[rows] - starts)[whose]], starts, whose


def _side(row: Ints, count: int) -> _Side:
    offsets = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(np.bincount(row, minlength=count), out=offsets[1:])
    return _Side(np.argsort(row, kind="stable"), offsets)


class _Auction:
    """Prices of loads, profits of legs and who holds whom, by pair; pairs are sorted by leg and load."""

    def __init__(self, leg_count: int, load_count: int, leg: Ints, load: Ints, gain: Ints) -> None:
        self.leg, self.load, self.gain = leg, load, gain
        self.by_leg, self.by_load = _side(leg, leg_count), _side(load, load_count)
        self.price = np.zeros(load_count, dtype=np.int64)
        self.profit = np.zeros(leg_count, dtype=np.int64)
        self.held = np.full(leg_count, NOBODY, dtype=np.int64)
        self.holder = np.full(load_count, NOBODY, dtype=np.int64)
        self.rounds = 0

    def run(self, step: int) -> None:
        """Hold the auction anew from the prices that stand; what is chosen then loses `step` a leg at most."""
        np.maximum(self.price, 0, out=self.price)
        self.held[:], self.holder[:] = NOBODY, NOBODY
        everyone = np.flatnonzero(np.diff(self.by_leg.offsets))
        self._bid(self.by_leg, self.leg, self.load, self.price, self.profit, self.held, self.holder, everyone, step)
        self.profit[self.held == NOBODY] = 0
        left = np.flatnonzero((self.holder == NOBODY) & (self.price > 0))
        self._bid(self.by_load, self.load, self.leg, self.profit, self.price, self.holder, self.held, left, step)

    def _bid(
        self,
        side: _Side,
        own: Ints,
        other: Ints,
        price: Ints,
        profit: Ints,
        held: Ints,
        holder: Ints,
        bidders: Ints,
        step: int,
    ) -> None:
        """Let the bidders of one side bid for the other, whose `price` rises, until none wants more.

        The best bid takes it, of equal ones the lowest row's. `profit` is what a bidder keeps, 0 for one without.
        """
        while bidders.size:
            self.rounds += 1
            pairs, starts, whose = side.of(bidders)
            value = self.gain[pairs] - price[other[pairs]]
            best = np.maximum.reduceat(value, starts)
            at = np.flatnonzero(value == best[whose])
            # Among equally good ones each bidder turns to another, or all would bid for the same in every round.
            ties = np.bincount(whose[at], minlength=bidders.size)
            first = at[np.cumsum(ties) - ties + bidders % ties]
            value[first] = _NO_OTHER
            second = np.maximum(np.maximum.reduceat(value, starts), 0)
            wants = best > 0
            profit[bidders[~wants]] = 0
            pair, bidder, keeps = pairs[first][wants], bidders[wants], (second - step)[wants]
            if not pair.size:
                return
            offer = self.gain[pair] - keeps
            order = np.lexsort((bidder, -offer, other[pair]))
            wanted = other[pair][order]
            wins = np.ones(order.size, dtype=np.bool_)
            wins[1:] = wanted[1:] != wanted[:-1]
            won = order[wins]
            before = holder[wanted[wins]]
            outbid = own[before[before != NOBODY]]
            held[outbid] = NOBODY
            price[wanted[wins]] = offer[won]
            holder[wanted[wins]], held[bidder[won]], profit[bidder[won]] = pair[won], pair[won], keeps[won]
            bidders = np.sort(np.concatenate([bidder[order[~wins]], outbid]))

    def bound(self) -> int:
        """Return the sum of prices and profits that cover the gain of every pair: no assignment gains more."""
        price = np.maximum(self.price, 0)
        begins = np.flatnonzero(np.diff(self.leg, prepend=-1))
        profit = np.maximum(np.maximum.reduceat(self.gain - price[self.load], begins), 0)
        return int(price.sum()) + int(profit.sum())
