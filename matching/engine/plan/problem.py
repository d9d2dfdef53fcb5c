"""The network plan as columns: what may be chosen, what was chosen, and what the choice is worth.

Gains are market gains in whole cents: a plan is seen by others, so a carrier's own costs never enter it. Legs and loads
are named by row; where two choices are worth the same, the lower row goes first.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from matching.engine.columns import Bools, Ints
from matching.engine.tours.problem import NO_LOAD, TourScores

LONGEST = 3
"""The most loads that one truck carries in a plan, one after the other."""

PPM = 1_000_000

Progress = Callable[[str, float], None]
"""Hears which step runs, in words, and how much of the whole is done, from 0.0 to 1.0; never falls."""

MayMeet = Callable[[Ints, Ints], Bools]
"""Says of pairs (leg rows, load rows), each of shape (n,), which may be brought together at all, shape (n,)."""


def gap_ppm(bound_cents: int, gain_cents: int) -> float:
    """Return how far a plan may at most be from the best, in millionths of the bound; 0 where nothing can be gained."""
    return PPM * (bound_cents - gain_cents) / bound_cents if bound_cents > 0 else 0.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Assignment:
    """The best assignment of loads to legs: `chosen` are positions among the pairs given, ascending.

    `bound_cents` is proved to be no less than what any assignment gains: the sum of a price for each load and a profit
    for each leg such that the two cover the gain of every pair. `load_price_cents` are those prices, rounded up.
    """

    chosen: Ints
    gain_cents: int
    bound_cents: int
    load_price_cents: Ints
    rounds: int

    @property
    def gap_ppm(self) -> float:
        """How far the assignment may be from the best, in millionths."""
        return gap_ppm(self.bound_cents, self.gain_cents)


@dataclass(frozen=True, eq=False, kw_only=True)
class Columns:
    """n things that a truck can do: `leg_row` (n,), `load_rows` (n, 3) in driving order padded with -1 at the end,
    `gain_cents` (n,).
    """

    leg_row: Ints
    load_rows: Ints
    gain_cents: Ints

    def __post_init__(self) -> None:
        for name in ("leg_row", "gain_cents"):
            object.__setattr__(self, name, np.array(getattr(self, name), dtype=np.int64).reshape(-1))
        rows = np.array(self.load_rows, dtype=np.int64)
        rows = rows.reshape(-1, 1) if rows.ndim == 1 else rows
        if rows.shape[0] != self.leg_row.size:
            raise ValueError("load_rows must have one row for each of leg_row.")
        if rows.shape[1] > LONGEST:
            raise ValueError(f"load_rows must have {LONGEST} columns at most.")
        padding = np.full((rows.shape[0], LONGEST - rows.shape[1]), NO_LOAD, dtype=np.int64)
        object.__setattr__(self, "load_rows", np.concatenate([rows, padding], axis=1))
        if self.gain_cents.size != self.leg_row.size:
            raise ValueError("gain_cents must have one entry for each of leg_row.")

    def __len__(self) -> int:
        return int(self.leg_row.shape[0])

    @property
    def loads_carried(self) -> Ints:
        """How many loads each column carries, shape (n,)."""
        return np.asarray((self.load_rows != NO_LOAD).sum(axis=1), dtype=np.int64)

    def take(self, rows: ArrayLike) -> Self:
        """Return the columns at these positions, in this order."""
        where = np.asarray(rows)
        return type(self)(**{item.name: getattr(self, item.name)[where] for item in fields(self)})


def join(*parts: Columns) -> Columns:
    """Return several sets of columns as one, in their order."""
    return Columns(
        leg_row=np.concatenate([part.leg_row for part in parts]),
        load_rows=np.concatenate([part.load_rows for part in parts]),
        gain_cents=np.concatenate([part.gain_cents for part in parts]),
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class Selection:
    """The columns chosen, positions ascending: no leg and no load twice.

    `bound_cents` is proved to be no less than what any selection of these columns gains.
    """

    chosen: Ints
    gain_cents: int
    bound_cents: int

    @property
    def gap_ppm(self) -> float:
        """How far the selection may be from the best of these columns, in millionths."""
        return gap_ppm(self.bound_cents, self.gain_cents)


@dataclass(frozen=True, kw_only=True)
class ChainLimits:
    """How much a plan looks at, so that it fits into memory and time; the words of the plan name what was left out.

    Of each leg's ways to begin a chain the `beginnings_per_leg` best go on, and of all legs' some `beginnings` at most;
    each leg keeps its `chains_per_leg` best chains of each length. Where the legs without a limit at the pickup times
    the loads are more than `unlimited_pairs`, these legs begin a chain only with what ends within their home limit.
    """

    beginnings_per_leg: int = 200
    beginnings: int = 400_000
    chains_per_leg: int = 120
    unlimited_pairs: int = 2_000_000
    block_pairs: int = 1 << 17

    def __post_init__(self) -> None:
        for item in fields(self):
            if getattr(self, item.name) < 1:
                raise ValueError(f"{item.name} must be 1 or more.")


@dataclass(frozen=True, eq=False, kw_only=True)
class ColumnSearch:
    """The columns that a plan chose from, and how they were found: in words for people, in figures for programs.

    `is_complete` says that nothing feasible and worth its while was left out, so that the bound over the columns is a
    bound over everything that the trucks could do with so many loads each.
    """

    columns: Columns
    is_complete: bool
    words: str
    figures: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Totals:
    """What all trucks together do under one plan; those without a load drive home empty.

    `empty_miles` are deadheads and empty runs home, `total_miles` those and the miles with freight. `co2_kg` is what
    the empty miles emit, so that the difference of two plans is what one saves, counted once. `trucks_home_in_time` are
    those that are home by their home-by. A leg from which no road leads home counts no miles and is not home.
    """

    trucks_loaded: int
    loads_carried: int
    gain_cents: int
    empty_miles: float
    total_miles: float
    co2_kg: float
    trucks_home_in_time: int

    @property
    def empty_percent(self) -> float:
        """The share of empty miles in all miles, in percent; 0 where nobody drives."""
        return 100.0 * self.empty_miles / self.total_miles if self.total_miles > 0 else 0.0


@dataclass(frozen=True, eq=False, kw_only=True)
class MarketPlan:
    """The best that all legs and loads can do together, and what it is compared with.

    `lines` are the trucks that carry something, in order of leg key: `lines.leg_row`, `lines.load_rows` and every
    figure of the tour. `empty` is everyone driving home empty, `board` each truck taking its best open load in turn (in
    order of leg key), `plan` the plan. `bound_cents` is proved: for `longest` 1 over all feasible pairs, for chains
    over `search.columns`.
    """

    longest: int
    lines: TourScores
    search: ColumnSearch
    empty: Totals
    board: Totals
    plan: Totals
    bound_cents: int

    @property
    def gap_ppm(self) -> float:
        """How far the plan may be from the best, in millionths of the bound."""
        return gap_ppm(self.bound_cents, self.plan.gain_cents)
