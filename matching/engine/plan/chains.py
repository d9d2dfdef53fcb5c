"""The chains of two and three loads that a plan may choose from, and in words how they were found."""

from collections.abc import Callable
from functools import cached_property, partial

import numpy as np

from matching.engine.columns import Bools, Ints
from matching.engine.plan.auction import assign
from matching.engine.plan.extension import (
    Extensions,
    Offers,
    extensions,
    first_loads,
    offers,
    open_homes,
    ready_after,
    score_chains,
)
from matching.engine.plan.problem import LONGEST, ChainLimits, Columns, ColumnSearch, MayMeet, Progress, join
from matching.engine.policy import Policy
from matching.engine.problem import Legs, Loads
from matching.engine.tours.problem import TourScores
from matching.engine.travel import TravelOracle

_PRICED_PER_CHAIN_KEPT = 2
_PRICES_PPM = 100.0
# How much of the work on chains of one length each step is, as told to whoever waits.
_BEGUN, _FOUND, _PRICED = 0.2, 0.4, 0.4
_ROWS_AT_ONCE = 1 << 20


def enumerate_chains(
    legs: Legs,
    loads: Loads,
    singles: Columns,
    travel: TravelOracle,
    policy: Policy,
    *,
    longest: int,
    limits: ChainLimits | None = None,
    may_meet: MayMeet | None = None,
    progress: Progress | None = None,
) -> ColumnSearch:
    """Return single loads and chains of up to `longest` loads, priced exactly, with how they were chosen.

    A chain is kept if it gains more than every shorter column of the same leg made of its loads. `singles` come from
    `find_pairs` with the same `may_meet`.
    """
    if not 1 <= longest <= LONGEST:
        raise ValueError(f"longest must be from 1 to {LONGEST}.")
    search = _Enumeration(legs, loads, singles, travel, policy, limits or ChainLimits(), may_meet, progress, longest)
    return search.run()


class _Enumeration:
    """The search, length by length; `columns` holds what was found so far."""

    def __init__(
        self,
        legs: Legs,
        loads: Loads,
        singles: Columns,
        travel: TravelOracle,
        policy: Policy,
        limits: ChainLimits,
        may_meet: MayMeet | None,
        progress: Progress | None,
        longest: int,
    ) -> None:
        self.legs, self.loads, self.travel, self.policy, self.limits = legs, loads, travel, policy, limits
        self.opened, self.begins_all = open_homes(legs, loads, limits)
        self.may_meet, self.progress, self.longest = may_meet, progress, longest
        self.columns = [singles]
        self.begun, self.begun_left_out, self.looked_at, self.left_out = 0, 0, 0, 0

    def run(self) -> ColumnSearch:
        """Lengthen what has begun, one load at a time."""
        begin: Callable[[], tuple[Ints, Ints]] = self._beginnings
        for length in range(2, self.longest + 1):
            leg, load, gain = self._priced(self._lengthened(*begin(), length), length)
            begin = partial(self._promising, leg, load, self._worth(load, gain))
        columns = join(*self.columns)
        return ColumnSearch(
            columns=columns,
            is_complete=self._is_complete,
            words=self._words(),
            figures={
                "singles": len(self.columns[0]),
                "chains_of_two": len(self.columns[1]) if self.longest > 1 else 0,
                "chains_of_three": len(self.columns[2]) if self.longest > 2 else 0,
                "beginnings": self.begun,
                "beginnings_left_out": self.begun_left_out,
                "chains_looked_at": self.looked_at,
                "chains_left_out": self.left_out,
            },
        )

    # Single loads need neither: in a large market they are asked for only where chains are.
    @cached_property
    def offered(self) -> Offers:
        """What the loads bring."""
        return offers(self.loads, self.travel, self.policy)

    @cached_property
    def price(self) -> Ints:
        """What each load is worth to the market in single loads alone, by the auction's prices."""
        single = self.columns[0]
        best = assign(
            len(self.legs), len(self.loads), single.leg_row, single.load_rows[:, 0], single.gain_cents,
            tolerance_ppm=_PRICES_PPM,
        )  # fmt: skip
        return best.load_price_cents

    def _worth(self, load: Ints, gain: Ints) -> Ints:
        """Return what chains (n, k) leave of their gain after their loads' prices, shape (n,)."""
        return np.asarray(gain - self.price[load].sum(axis=1))

    def _beginnings(self) -> tuple[Ints, Ints]:
        """Return the best single loads to begin a chain with, wherever they end: leg, loads (n, 1)."""
        found = _Found(1, self.limits.beginnings_per_leg, goes_on=True)
        blocks = first_loads(
            self.opened, self.loads, self.offered, self.travel, self.policy, block_pairs=self.limits.block_pairs
        )
        for leg, load, most in blocks:
            meets = np.ones(leg.size, dtype=np.bool_) if self.may_meet is None else self.may_meet(leg, load)
            chain = load[:, None]
            found.add(leg, chain, self._worth(chain, most), np.zeros(leg.size, dtype=np.bool_), meets)
            self._tell("Looking for ways to begin chains", 2, _BEGUN * (int(leg[-1]) + 1) / len(self.legs))
        found.prune()
        self.begun_left_out += found.left_out
        return self._promising(found.leg, found.load, found.most)

    def _promising(self, leg: Ints, load: Ints, worth: Ints) -> tuple[Ints, Ints]:
        """Return the best of these chains to go on from, by leg: leg, loads."""
        counts, most = np.bincount(leg), self.limits.beginnings_per_leg
        # The same for every leg, so that those with many give way first.
        while most > 1 and int(np.minimum(counts, most).sum()) > self.limits.beginnings:
            most -= 1
        chosen = _best_per_leg(leg, worth, most)
        self.begun += chosen.size
        self.begun_left_out += leg.size - chosen.size
        return leg[chosen], load[chosen]

    def _lengthened(self, leg: Ints, load: Ints, length: int) -> "_Found":
        """Look for the chains of one load more that go on from these; they need not end near home."""
        goes_on = length < self.longest
        found = _Found(length, self.limits.chains_per_leg * _PRICED_PER_CHAIN_KEPT, goes_on)
        for positions, begun in score_chains(self.opened, self.loads, leg, load, self.travel, self.policy):
            ready_at = ready_after(self.opened, self.loads, begun, self.travel, self.policy)
            blocks = extensions(
                self.legs, self.loads, begun, ready_at, self.offered, self.travel, self.policy,
                home_limited=not goes_on, block_pairs=self.limits.block_pairs,
            )  # fmt: skip
            for block in blocks:
                self._look_at(found, begun, block)
                done = int(positions[int(block.begun_row[-1])]) + 1
                self._tell(f"Looking for chains of {length} loads", length, _BEGUN + _FOUND * done / leg.size)
        found.prune()
        self.left_out += found.left_out
        return found

    def _priced(self, found: "_Found", length: int) -> tuple[Ints, Ints, Ints]:
        """Price what was found, keep the columns; return what is feasible wherever it ends: leg, loads, gain."""
        parts = [(found.leg[:0], found.load[:0], found.most[:0], found.pays[:0])]
        chains = score_chains(self.opened, self.loads, found.leg, found.load, self.travel, self.policy)
        for where, scores in chains:
            home = ~(scores.home_deadhead_miles > self.legs.max_home_deadhead_miles[scores.leg_row])
            parts.append((found.leg[where], found.load[where], scores.market_gain_cents, home))
            if where.size:
                done = int(where[-1]) + 1
                self._tell(
                    f"Pricing chains of {length} loads", length, _BEGUN + _FOUND + _PRICED * done / found.leg.size
                )
        leg, gain = (np.concatenate([part[place] for part in parts]) for place in (0, 2))
        load, home = np.concatenate([part[1] for part in parts]), np.concatenate([part[3] for part in parts])
        pays = np.flatnonzero(home & (gain > self._parts(leg, load)))
        kept = pays[_best_per_leg(leg[pays], self._worth(load[pays], gain[pays]), self.limits.chains_per_leg)]
        self.left_out += pays.size - kept.size
        self.columns.append(Columns(leg_row=leg[kept], load_rows=load[kept], gain_cents=gain[kept]))
        return leg, load, gain

    def _look_at(self, found: "_Found", begun: TourScores, block: Extensions) -> None:
        """Keep of a block what may meet and could gain more than its parts, or could go on to another load."""
        leg = begun.leg_row[block.begun_row]
        meets = np.ones(leg.size, dtype=np.bool_) if self.may_meet is None else self.may_meet(leg, block.load_row)
        load = np.concatenate([begun.load_rows[block.begun_row], block.load_row[:, None]], axis=1)
        pays = meets & block.ends_home & (block.most_cents > self._parts(leg, load))
        self.looked_at += int(meets.sum())
        found.add(leg, load, self._worth(load, block.most_cents), pays, meets)

    def _parts(self, leg: Ints, load: Ints) -> Ints:
        """Return the most that a leg gains with a column of some of the loads (n, k), 0 for none, shape (n,)."""
        size, most = len(self.loads), np.zeros(leg.size, dtype=np.int64)
        for known in self.columns:
            length = int(known.loads_carried.max(initial=0))
            if not length or length >= load.shape[1]:
                continue
            keys = _key(known.leg_row, known.load_rows[:, :length], size)
            order = np.lexsort((known.gain_cents, keys))
            keys, gains = keys[order], known.gain_cents[order]
            for subset in _SUBSETS[load.shape[1], length]:
                wanted = _key(leg, load[:, subset], size)
                at = np.maximum(np.searchsorted(keys, wanted, side="right") - 1, 0)
                most = np.maximum(most, np.where(keys[at] == wanted, gains[at], 0))
        return most

    def _tell(self, words: str, length: int, share: float) -> None:
        if self.progress is not None:
            self.progress(words, (length - 2 + share) / (self.longest - 1))

    @property
    def _is_complete(self) -> bool:
        return self.begins_all and not self.begun_left_out and not self.left_out

    def _words(self) -> str:
        singles = f"{_counted(len(self.columns[0]), 'single load')}: every feasible pair that gains something"
        if self.longest == 1:
            return singles + "."
        chains = " and ".join(
            f"{_counted(len(found), 'chain')} of {number}"
            for found, number in zip(self.columns[1:], ("two", "three"), strict=False)
        )
        text = f"{singles}; {chains} gaining more than their parts."
        if self._is_complete:
            return text + " Nothing that is feasible and gains more than its parts was left out."
        if self.begun_left_out:
            text += (
                f" Of each truck's ways to begin a chain the best went on ({self.begun:,} of "
                f"{self.begun + self.begun_left_out:,}), by gain less what the loads are worth to other trucks."
            )
        if self.left_out:
            text += (
                f" Each truck kept its best {self.limits.chains_per_leg} chains of each length by the same measure; "
                f"{self.left_out:,} others were left out."
            )
        if not self.begins_all:
            text += " Trucks without a limit at the pickup begin a chain only with a load that ends near home."
        return text


class _Found:
    """Chains of one load more that wait to be priced: each leg's most promising, pruned as they come."""

    def __init__(self, length: int, per_leg: int, goes_on: bool) -> None:
        self.per_leg, self.goes_on, self.left_out = per_leg, goes_on, 0
        self.leg, self.most = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        self.load, self.pays = np.zeros((0, length), dtype=np.int64), np.zeros(0, dtype=np.bool_)
        self._waiting: list[tuple[Ints, Ints, Ints, Bools]] = []
        self._rows_waiting = 0

    def add(self, leg: Ints, load: Ints, most: Ints, pays: Bools, meets: Bools) -> None:
        """Take in what pays; what only may meet too, if it can go on."""
        kept = np.flatnonzero(meets if self.goes_on else pays)
        self._waiting.append((leg[kept], load[kept], most[kept], pays[kept]))
        self._rows_waiting += kept.size
        if self._rows_waiting > _ROWS_AT_ONCE:
            self.prune()

    def prune(self) -> None:
        """Keep each leg's best that pay, and its best wherever they end if they can go on."""
        parts = [(self.leg, self.load, self.most, self.pays), *self._waiting]
        leg, most = (np.concatenate([part[place] for part in parts]) for place in (0, 2))
        load, pays = np.concatenate([part[1] for part in parts]), np.concatenate([part[3] for part in parts])
        pay = np.flatnonzero(pays)
        kept = pay[_best_per_leg(leg[pay], most[pay], self.per_leg)]
        if self.goes_on:
            kept = np.union1d(kept, _best_per_leg(leg, most, self.per_leg))
        self.left_out += leg.size - kept.size
        self.leg, self.load, self.most, self.pays = leg[kept], load[kept], most[kept], pays[kept]
        self._waiting, self._rows_waiting = [], 0


_SUBSETS = {(2, 1): ([0], [1]), (3, 1): ([0], [1], [2]), (3, 2): ([0, 1], [0, 2], [1, 2])}


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _key(leg: Ints, load: Ints, loads: int) -> Ints:
    """Return one number for a leg and a set of loads (n, k), whatever their order."""
    key = leg
    for place in np.sort(load, axis=1).T:
        key = key * loads + place
    return key


def _best_per_leg(leg: Ints, worth: Ints, count: int) -> Ints:
    """Return the positions of the `count` of highest worth of each leg, ascending; of equal ones the first."""
    order = np.lexsort((-worth, leg))
    rank = np.arange(order.size) - np.searchsorted(leg[order], leg[order])
    return np.asarray(np.sort(order[rank < count]))
