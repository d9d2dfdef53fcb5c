"""The network plan of a whole market: from legs and loads to the best plan, its proof and what it is worth."""

from dataclasses import replace

import numpy as np

from matching.engine.columns import Ints
from matching.engine.plan.auction import assign
from matching.engine.plan.board import load_board_way
from matching.engine.plan.chains import enumerate_chains
from matching.engine.plan.pairs import find_pairs
from matching.engine.plan.problem import LONGEST, ChainLimits, Columns, MarketPlan, MayMeet, Progress, Selection
from matching.engine.plan.selection import choose
from matching.engine.plan.totals import EmptyRuns, score_lines, totals
from matching.engine.policy import Policy
from matching.engine.problem import Legs, Loads
from matching.engine.tours.problem import NO_LOAD, TourScores
from matching.engine.travel import TravelOracle

_SCORED, _ENUMERATED, _CHOSEN = 0.5, 0.85, 0.95
"""How much of the work is done after each step, as told to whoever waits."""


def plan_market(
    legs: Legs,
    loads: Loads,
    travel: TravelOracle,
    policy: Policy,
    *,
    longest: int = 1,
    workers: int = 1,
    progress: Progress | None = None,
    may_meet: MayMeet | None = None,
    limits: ChainLimits | None = None,
) -> MarketPlan:
    """Return the plan of the highest market gain with up to `longest` (1 to 3) loads a truck, one after the other.

    Every leg and every load is used at most once, and a truck for which nothing pays drives home empty. `may_meet`
    leaves out pairs that may not be brought together; `limits` bound the work on chains. Nothing depends on `workers`
    nor on the order of the rows: ties go by key. Raises `ValueError` for a `longest` out of range.
    """
    if not 1 <= longest <= LONGEST:
        raise ValueError(f"longest must be from 1 to {LONGEST}.")
    by_key = np.argsort(legs.key), np.argsort(loads.key)
    meets = _in_given_rows(may_meet, *by_key) if may_meet is not None else None
    market = _Market(legs.take(by_key[0]), loads.take(by_key[1]), travel, policy, longest, progress)
    plan = market.plan(workers, meets, limits or ChainLimits())
    return _with_given_rows(plan, *by_key)


class _Market:
    """One market in order of key, and who hears of the progress."""

    def __init__(
        self, legs: Legs, loads: Loads, travel: TravelOracle, policy: Policy, longest: int, progress: Progress | None
    ) -> None:
        self.legs, self.loads, self.travel, self.policy = legs, loads, travel, policy
        self.longest, self.progress = longest, progress

    def plan(self, workers: int, may_meet: MayMeet | None, limits: ChainLimits) -> MarketPlan:
        """Find the columns, choose among them, and compare."""
        legs, loads, travel, policy = self.legs, self.loads, self.travel, self.policy
        after_pairs = _SCORED if self.longest > 1 else _ENUMERATED
        singles = find_pairs(
            legs, loads, travel, policy, limits=limits, workers=workers, may_meet=may_meet,
            progress=self._part(0.0, after_pairs),
        )  # fmt: skip
        search = enumerate_chains(
            legs, loads, singles, travel, policy, longest=self.longest, limits=limits, may_meet=may_meet,
            progress=self._part(after_pairs, _ENUMERATED),
        )  # fmt: skip
        self._tell("Choosing the best plan", _ENUMERATED)
        chosen = self._choose(search.columns)
        self._tell("Adding up", _CHOSEN)
        taken = load_board_way(np.arange(len(legs)), singles.leg_row, singles.load_rows[:, 0], singles.gain_cents)
        runs = EmptyRuns.of(legs, travel, policy)
        lines = self._lines(search.columns.take(chosen.chosen))
        plan = MarketPlan(
            longest=self.longest,
            lines=lines,
            search=search,
            empty=totals(runs, lines.take(np.zeros(0, dtype=np.int64)), policy),
            board=totals(runs, self._lines(singles.take(taken)), policy),
            plan=totals(runs, lines, policy),
            bound_cents=chosen.bound_cents,
        )
        self._tell("Done", 1.0)
        return plan

    def _choose(self, columns: Columns) -> Selection:
        count = len(self.legs), len(self.loads)
        if self.longest > 1:
            return choose(*count, columns)
        best = assign(*count, columns.leg_row, columns.load_rows[:, 0], columns.gain_cents)
        return Selection(chosen=best.chosen, gain_cents=best.gain_cents, bound_cents=best.bound_cents)

    def _lines(self, columns: Columns) -> TourScores:
        ordered = columns.take(np.argsort(columns.leg_row, kind="stable"))
        load_rows = ordered.load_rows[:, : self.longest]
        return score_lines(self.legs, self.loads, ordered.leg_row, load_rows, self.travel, self.policy)

    def _part(self, start: float, end: float) -> Progress | None:
        return (lambda words, share: self._tell(words, start + (end - start) * share)) if self.progress else None

    def _tell(self, words: str, share: float) -> None:
        if self.progress is not None:
            self.progress(words, share)


def _in_given_rows(may_meet: MayMeet, legs: Ints, loads: Ints) -> MayMeet:
    return lambda leg, load: may_meet(legs[leg], loads[load])


def _with_given_rows(plan: MarketPlan, legs: Ints, loads: Ints) -> MarketPlan:
    """Return the plan with rows as in the legs and loads that were handed in."""

    def given(load_rows: Ints) -> Ints:
        return np.asarray(np.where(load_rows == NO_LOAD, NO_LOAD, loads[load_rows] if loads.size else load_rows))

    lines, columns = plan.lines, plan.search.columns
    mapped = replace(columns, leg_row=legs[columns.leg_row], load_rows=given(columns.load_rows))
    return replace(
        plan,
        lines=replace(lines, leg_row=legs[lines.leg_row], load_rows=given(lines.load_rows)),
        search=replace(plan.search, columns=mapped),
    )
