"""The load-board way: each truck takes its best open load in turn, and what is left is for the next."""

import numpy as np
from numpy.typing import ArrayLike

from matching.engine.columns import Ints


def load_board_way(leg_order: ArrayLike, leg_rows: ArrayLike, load_rows: ArrayLike, gain_cents: ArrayLike) -> Ints:
    """Return the positions of the pairs that are taken, ascending, when the legs choose in `leg_order`.

    A leg takes the pair of the highest gain whose load is still open, of equal ones the lowest load row; none that
    gains nothing. Raises `ValueError` for columns of unequal length.
    """
    leg, load, gain = (np.array(column, dtype=np.int64).reshape(-1) for column in (leg_rows, load_rows, gain_cents))
    if not leg.size == load.size == gain.size:
        raise ValueError("leg_rows, load_rows and gain_cents must be of the same length.")
    turn = np.array(leg_order, dtype=np.int64).reshape(-1)
    legs, loads = (int(rows.max(initial=-1)) + 1 for rows in (np.concatenate([leg, turn]), load))
    order = np.lexsort((load, -gain, leg))
    order = order[gain[order] > 0]
    first = np.searchsorted(leg[order], np.arange(legs + 1)).tolist()
    wanted = load[order].tolist()
    is_open, chooses, taken = [True] * loads, [True] * legs, []
    for row in turn.tolist():
        for position in range(first[row], first[row + 1]) if chooses[row] else ():
            if is_open[wanted[position]]:
                is_open[wanted[position]] = False
                taken.append(position)
                break
        chooses[row] = False
    return np.asarray(np.sort(order[np.array(taken, dtype=np.int64)]), dtype=np.int64)
