"""The choice among columns of one to three loads: every leg and every load at most once, proved to within a gap.

Method: a linear program over the columns that matter (column generation with HiGHS), whose load prices, rounded to the
cent, bound the gain of every choice; then rounding, moves, and a small integer program over the columns that could
still be in a better choice. The bound is added up anew in whole cents over all columns, so it holds whatever the solver
answered. Sources: C. Barnhart et al., Branch-and-Price (1998); A. M. Geoffrion, Lagrangean Relaxation (1974).
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_array

from matching.engine.columns import Floats, Ints
from matching.engine.plan.auction import assign
from matching.engine.plan.packing import Choice, Packing
from matching.engine.plan.problem import PPM, Columns, Selection
from matching.engine.tours.problem import NO_LOAD

_ROUNDS = 40
_NEW_PER_LEG = 8
_SWEEPS = 50
_SETTLING = 150
_PATIENCE = 8
_INTEGER_COLUMNS = 6_000
_LINEAR_COLUMNS = 60_000
_FIXED_PART = 3
_INTEGER_NODES = 100
_NEARLY = 1e-6


def choose(leg_count: int, load_count: int, columns: Columns, *, tolerance_ppm: float = 10.0) -> Selection:
    """Return the columns that gain the most together; a column that gains nothing is never chosen.

    The choice is within `gap_ppm` of `bound_cents`; work ends when that is `tolerance_ppm` or less, or when the next
    step would take too long. Columns of one load each are chosen exactly. Raises `ValueError` for rows outside the
    counts and for a load named twice in a column.
    """
    packing = Packing.of(leg_count, load_count, columns)
    single = np.flatnonzero(packing.loads[:, 1] == NO_LOAD)
    alone = assign(leg_count, load_count, packing.leg[single], packing.loads[single, 0], packing.gain[single])
    start = single[alone.chosen]
    if single.size == len(packing):
        return _selection(packing, start, alone.bound_cents)
    relaxed = _relax(packing, start, alone.load_price_cents, tolerance_ppm)
    best = Choice(packing, start)
    best.improve(_SWEEPS)
    rounded = Choice(packing, relaxed.rows[np.lexsort((relaxed.rows, -packing.gain[relaxed.rows], -relaxed.shares))])
    rounded.improve(_SWEEPS)
    best = max(best, rounded, key=lambda choice: choice.gain)
    if relaxed.bound - best.gain > tolerance_ppm * relaxed.bound / PPM:
        exact = Choice(packing, _integers(packing, relaxed, best, tolerance_ppm))
        exact.improve(_SWEEPS)
        best = max(best, exact, key=lambda choice: choice.gain)
    return _selection(packing, best.rows, relaxed.bound)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Relaxed:
    """The linear program's answer: load prices in cents, their bound, and how much it takes (0 to 1) of which rows."""

    price: Ints
    bound: int
    rows: Ints
    shares: Floats


def _relax(packing: Packing, start: Ints, price: Ints, tolerance_ppm: float) -> _Relaxed:
    """Solve the linear program over all columns by adding those that the prices of the last one call for.

    New columns are called for by the best prices so far as well as by those of the last program, which swing.
    """
    price = _settle(packing, int(packing.gain[start].sum()), price)
    reduced = packing.reduced(price)
    inside = np.zeros(len(packing), dtype=np.bool_)
    inside[start] = True
    inside[packing.best_per_leg(np.arange(len(packing)), reduced, _NEW_PER_LEG)] = True
    best, bound = price, packing.bound(price)
    for _ in range(_ROUNDS):
        rows = np.flatnonzero(inside)
        shares, price = _linear(packing, rows)
        before = len(packing) - rows.size
        for tried in (price, (price + best) // 2, (price + 3 * best) // 4):
            reduced = packing.reduced(tried)
            total = int(tried.sum()) + int(packing.profits(reduced).sum())
            if total < bound:
                best, bound = tried, total
            keeps = np.zeros(packing.leg_count, dtype=np.int64)
            np.maximum.at(keeps, packing.leg[rows], reduced[rows])
            wanted = np.flatnonzero(~inside & (reduced > keeps[packing.leg]))
            inside[packing.best_per_leg(wanted, reduced[wanted], _NEW_PER_LEG)] = True
        if bound - float(packing.gain[rows] @ shares) <= tolerance_ppm * bound / PPM:
            break
        if len(packing) - np.count_nonzero(inside) == before:
            break
    return _Relaxed(price=best, bound=bound, rows=rows[shares > 0], shares=shares[shares > 0])


def _settle(packing: Packing, gain: int, price: Ints) -> Ints:
    """Return prices with a lower bound than these: raised where several legs want a load, lowered where none does.

    Source: Polyak's step towards what is known to be gained (M. Held et al., Validation of Subgradient Optimization,
    1974), halved when it no longer helps.
    """
    best, bound, reach, idle = price, packing.bound(price), 1.0, 0
    at = price.astype(np.float64)
    for _ in range(_SETTLING):
        cents = np.rint(at).astype(np.int64)
        reduced = packing.reduced(cents)
        total = int(cents.sum()) + int(packing.profits(reduced).sum())
        idle = 0 if total < bound else idle + 1
        if total < bound:
            best, bound = cents, total
        if idle == _PATIENCE:
            reach, idle, at = reach / 2, 0, best.astype(np.float64)
            continue
        wanted = packing.loads[packing.best_per_leg(np.flatnonzero(reduced > 0), reduced[reduced > 0], 1)]
        uses = np.bincount(wanted[wanted != NO_LOAD], minlength=packing.load_count)
        slope = np.where((at > 0) | (uses > 1), uses - 1, 0)
        steep = int((slope * slope).sum())
        if not steep:
            break
        at = np.maximum(at + reach * max(total - gain, 1) / steep * slope, 0.0)
    return best


def _linear(packing: Packing, rows: Ints) -> tuple[Floats, Ints]:
    """Solve the linear program over these columns; return the share of each, and the price of each load in cents."""
    matrix, loads = _matrix(packing, rows)
    answer = linprog(-packing.gain[rows], A_ub=matrix, b_ub=np.ones(matrix.shape[0]), method="highs")
    price = np.zeros(packing.load_count, dtype=np.int64)
    if answer.x is None:
        return np.zeros(rows.size), price
    marginal = -np.asarray(answer.ineqlin.marginals)[matrix.shape[0] - loads.size :]
    price[loads] = np.maximum(np.rint(marginal), 0).astype(np.int64)
    return np.asarray(np.where(answer.x > 1e-9, answer.x, 0.0)), price


def _integers(packing: Packing, relaxed: _Relaxed, best: Choice, tolerance_ppm: float) -> Ints:
    """Return a choice that keeps what the linear program takes whole, and solves the rest in whole columns.

    Of the rest only columns count that a choice better than `best` could hold: every column chosen takes what it falls
    short of its leg's profit off the bound.
    """
    fixed = Choice(packing, relaxed.rows[relaxed.shares > 1 - _NEARLY])
    reduced = packing.reduced(relaxed.price)
    short = packing.profits(reduced)[packing.leg] - reduced
    could = short < relaxed.bound - best.gain
    rows = np.flatnonzero(could & fixed.free())
    while rows.size > _INTEGER_COLUMNS:
        # Too much for whole columns: fix a part of what the linear program likes best of the rest, and look again.
        near = np.sort(rows[np.lexsort((rows, short[rows]))][:_LINEAR_COLUMNS])
        shares, _ = _linear(packing, near)
        liked = near[np.lexsort((near, short[near], -shares))]
        fixed = Choice(
            packing, np.concatenate([fixed.rows, liked[: max(int(np.count_nonzero(shares)) // _FIXED_PART, 1)]])
        )
        rows = np.flatnonzero(could & fixed.free())
    whole = fixed.rows
    if not rows.size:
        return whole
    matrix, _ = _matrix(packing, rows)
    answer = milp(
        -packing.gain[rows],
        integrality=np.ones(rows.size),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(matrix, -np.inf, np.ones(matrix.shape[0])),
        options={"node_limit": _INTEGER_NODES, "mip_rel_gap": tolerance_ppm / PPM},
    )
    return whole if answer.x is None else np.concatenate([whole, rows[np.flatnonzero(np.asarray(answer.x) > 0.5)]])


def _matrix(packing: Packing, rows: Ints) -> tuple[csr_array, Ints]:
    """Return who needs what: a row for each leg, then for each load that columns name; and which loads those are."""
    legs, leg = np.unique(packing.leg[rows], return_inverse=True)
    used = packing.loads[rows] != NO_LOAD
    loads, load = np.unique(packing.loads[rows][used], return_inverse=True)
    column = np.concatenate([np.arange(rows.size), np.nonzero(used)[0]])
    row = np.concatenate([leg, legs.size + load])
    return csr_array((np.ones(column.size), (row, column)), shape=(legs.size + loads.size, rows.size)), loads


def _selection(packing: Packing, rows: Ints, bound: int) -> Selection:
    return Selection(
        chosen=np.sort(packing.where[rows]), gain_cents=int(packing.gain[rows].sum()), bound_cents=int(bound)
    )
