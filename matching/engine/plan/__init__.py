"""The network plan: the best that all open legs and loads can do together, with a proof of how good it is.

`plan_market` is the whole: feasible pairs, chains of loads, the choice, and what it is compared with.
"""

from matching.engine.plan.auction import assign
from matching.engine.plan.board import load_board_way
from matching.engine.plan.chains import enumerate_chains
from matching.engine.plan.market import plan_market
from matching.engine.plan.pairs import find_pairs
from matching.engine.plan.problem import (
    Assignment,
    ChainLimits,
    Columns,
    ColumnSearch,
    MarketPlan,
    Selection,
    Totals,
    gap_ppm,
)
from matching.engine.plan.selection import choose

__all__ = [
    "Assignment",
    "ChainLimits",
    "ColumnSearch",
    "Columns",
    "MarketPlan",
    "Selection",
    "Totals",
    "assign",
    "choose",
    "enumerate_chains",
    "find_pairs",
    "gap_ppm",
    "load_board_way",
    "plan_market",
]
