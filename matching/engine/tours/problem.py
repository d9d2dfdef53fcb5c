"""Tours and their scores as columns."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from matching.engine.columns import Bools, Floats, Ints
from matching.engine.money import Money
from matching.engine.problem import Loads
from matching.engine.refusals import Refusal, sentence

NO_LOAD = -1
"""Fills up the loads of a tour that has fewer than others."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Tours:
    """n tours: `leg_row` (n,), `load_rows` (n, k) in order of first pickup, padded with -1 at the end.

    Tour i drives to the stops `stops[stop_offsets[i]:stop_offsets[i + 1]]`, positions into the stop columns of `Loads`,
    in driving order; then home. Each load's own stops keep their order. What was loaded last need not be delivered
    first: whether the freight in front can be reached is the driver's to judge.
    """

    leg_row: Ints
    load_rows: Ints
    stop_offsets: Ints
    stops: Ints

    def __len__(self) -> int:
        return int(self.leg_row.shape[0])

    def take(self, rows: ArrayLike) -> Self:
        """Return the tours at these positions, in this order."""
        where = np.asarray(rows, dtype=np.int64)
        counts = np.diff(self.stop_offsets)[where]
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        stops = np.repeat(self.stop_offsets[:-1][where] - offsets[:-1], counts) + np.arange(offsets[-1])
        return type(self)(
            leg_row=self.leg_row[where],
            load_rows=self.load_rows[where],
            stop_offsets=offsets,
            stops=self.stops[stops],
        )


def chain_tours(loads: Loads, leg_rows: ArrayLike, load_rows: ArrayLike) -> Tours:
    """Return tours that carry one load after the other; `load_rows` (n, k), padded with -1 at the end.

    Raises `ValueError` for a tour without a load, for a load named twice and for positions that are not in `loads`.
    """
    leg = np.array(leg_rows, dtype=np.int64).reshape(-1)
    load = np.array(load_rows, dtype=np.int64)
    load = load.reshape(leg.size, -1) if load.ndim < 2 else load
    _check_loads(loads, leg, load)
    used = load != NO_LOAD
    which = load[used]
    counts = np.diff(loads.stop_offsets)[which]
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    stops = np.repeat(loads.stop_offsets[which] - starts[:-1], counts) + np.arange(starts[-1])
    ends = np.cumsum(used.sum(axis=1))
    return Tours(leg_row=leg, load_rows=load, stop_offsets=np.concatenate([[0], starts[ends]]), stops=stops)


def tours_of(loads: Loads, leg_rows: Sequence[int], orders: Sequence[Sequence[int]]) -> Tours:
    """Return tours from the stops of each in driving order, positions into the stop columns of `loads`.

    Raises `ValueError` for a tour that leaves out, repeats or turns round the stops of one of its loads.
    """
    if len(leg_rows) != len(orders):
        raise ValueError("leg_rows and orders must be of the same length.")
    owner = np.repeat(np.arange(len(loads)), np.diff(loads.stop_offsets))
    chosen: list[list[int]] = []
    for order in orders:
        if not len(order) or min(order) < 0 or max(order) >= owner.size:
            raise ValueError("orders must hold positions of stops.")
        rows = list(dict.fromkeys(int(owner[stop]) for stop in order))
        for row in rows:
            own = [stop for stop in order if owner[stop] == row]
            if own != list(range(int(loads.stop_offsets[row]), int(loads.stop_offsets[row + 1]))):
                raise ValueError("orders must hold every stop of a load once, in the load's own order.")
        chosen.append(rows)
    width = max(map(len, chosen), default=1)
    return Tours(
        leg_row=np.array(leg_rows, dtype=np.int64).reshape(-1),
        load_rows=np.array([rows + [NO_LOAD] * (width - len(rows)) for rows in chosen], dtype=np.int64).reshape(
            -1, width
        ),
        stop_offsets=np.concatenate([[0], np.cumsum([len(order) for order in orders])]).astype(np.int64),
        stops=np.array([stop for order in orders for stop in order], dtype=np.int64),
    )


def _check_loads(loads: Loads, leg: Ints, load: Ints) -> None:
    if load.ndim != 2 or load.shape[0] != leg.size:
        raise ValueError("load_rows must have one row for each of leg_rows.")
    if not leg.size:
        return
    if not load.shape[1] or (load[:, 0] == NO_LOAD).any():
        raise ValueError("load_rows must name a load in the first column of each row.")
    if load.min() < NO_LOAD or load.max() >= len(loads):
        raise ValueError("load_rows must be positions in loads, or -1.")
    if ((load[:, :-1] == NO_LOAD) & (load[:, 1:] != NO_LOAD)).any():
        raise ValueError("load_rows must be padded with -1 at the end only.")
    for first in range(load.shape[1]):
        for second in range(first + 1, load.shape[1]):
            if ((load[:, first] == load[:, second]) & (load[:, first] != NO_LOAD)).any():
                raise ValueError("load_rows must not name a load twice in a row.")


@dataclass(frozen=True, eq=False, kw_only=True)
class TourScores:
    """n scored tours, each column of shape (n,) except `load_rows`, `load_rate_cents` (n, k), `refusal_figures` (n, 4).

    As `score.Scores`, and for a tour of one load its very figures. `refused_at` is the position in the tour of the stop
    at which a rule refused (the number of stops for home), -1 without a refusal. `loaded_miles` are driven with any
    freight on board, `between_deadhead_miles` empty between two loads, `pickup_deadhead_miles` to the first pickup,
    `home_deadhead_miles` from the last delivery. `rate_cents` is the sum of `load_rate_cents`.
    """

    leg_row: Ints
    load_rows: Ints
    refusal: Ints
    refusal_figures: Floats
    refused_at: Ints
    pickup_deadhead_miles: Floats
    loaded_miles: Floats
    between_deadhead_miles: Floats
    home_deadhead_miles: Floats
    avoided_miles: Floats
    out_of_route_miles: Floats
    empty_miles: Floats
    empty_miles_saved: Floats
    co2_saved_kg: Floats
    drive_minutes: Ints
    service_minutes: Ints
    wait_minutes: Ints
    finish_at: Ints
    pickup_slack_minutes: Ints
    home_slack_minutes: Ints
    home_delay_minutes: Ints
    rate_cents: Ints
    load_rate_cents: Ints
    rate_is_estimated: Bools
    miles_are_estimated: Bools
    clock_is_assumed: Bools
    own: Money
    market: Money

    def __len__(self) -> int:
        return int(self.leg_row.shape[0])

    @property
    def feasible(self) -> Bools:
        """Whether the truck can drive the tour."""
        return np.asarray(self.refusal == Refusal.NONE)

    @property
    def own_gain_cents(self) -> Ints:
        """The gain at the carrier's own costs; the carrier's eyes only."""
        return self.own.gain_cents

    @property
    def market_gain_cents(self) -> Ints:
        """The gain at the dated default costs."""
        return self.market.gain_cents

    @property
    def announced(self) -> Bools:
        """Whether anyone but the carrier is told: a matter of feasibility and of the market figure alone."""
        return self.feasible & (self.market_gain_cents > 0)

    def take(self, rows: ArrayLike) -> Self:
        """Return the scores at these positions, in this order."""
        where = np.asarray(rows, dtype=np.int64)
        chosen: dict[str, Any] = {}
        for item in fields(self):
            column = getattr(self, item.name)
            if isinstance(column, Money):
                terms = {term.name: getattr(column, term.name)[where] for term in fields(Money)}
                chosen[item.name] = Money(**terms)
            else:
                chosen[item.name] = column[where]
        return type(self)(**chosen)

    def refusal_sentence(self, row: int) -> str:
        """Return why tour `row` is refused, in a dispatcher's words; empty if it is feasible."""
        return sentence(Refusal(int(self.refusal[row])), self.refusal_figures[row].tolist())

    def refusal_counts(self) -> dict[str, int]:
        """Return how many tours each rule refused, by its code, in the order of the rules."""
        counts = np.bincount(self.refusal, minlength=len(Refusal))
        return {rule.code: int(counts[rule]) for rule in Refusal if rule and counts[rule]}
