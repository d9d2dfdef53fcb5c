"""What each truck of a file can do: every pair looked at, the best kept, and what refused the others."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from matching.engine.bulk import candidate_pairs
from matching.engine.columns import CARRIES, Ints
from matching.engine.plan import MarketPlan
from matching.engine.policy import Policy
from matching.engine.problem import Legs, Loads
from matching.engine.refusals import Refusal
from matching.engine.routes import straight_homes
from matching.engine.score import Scores, score_pairs
from matching.engine.tours.problem import NO_LOAD, TourScores, chain_tours
from matching.engine.tours.score import score_tours
from matching.engine.travel import TravelOracle, great_circle_miles

ALL_PAIRS = 1_000_000
"""Up to so many pairs each is scored, so that every refusal is the engine's own; beyond, straight lines sort out."""
BLOCK_PAIRS = 1 << 16
STRAIGHT = 1.02
"""A road may be so much shorter than the straight line: the sphere is not the earth. As in the engine's index."""
NO_GAIN = "no_gain"

_CHAINS_AT_ONCE = 4_000


@dataclass(frozen=True, eq=False)
class Matches:
    """The best loads of each leg: `leg_row` (n,), `load_rows` (n, k) padded with -1, by leg and then best first.

    `refusals` counts the pairs that each rule refused, and those that are feasible but gain nothing; `feasible` all
    that are feasible.
    """

    leg_row: Ints
    load_rows: Ints
    pairs: int
    feasible: int
    refusals: dict[str, int]


def with_known_ways(legs: Legs, loads: Loads, travel: TravelOracle) -> tuple[Legs, Loads]:
    """Return the same with what is asked again and again asked once: the empty runs home, the loads' own stretches.

    In a large market only of loads that some truck could reach.
    """
    if len(legs):
        way = straight_homes(legs, np.arange(len(legs)), travel)
        legs = replace(
            legs,
            home_miles=np.where(way.passable, way.miles, np.nan),
            home_minutes=np.where(way.passable, way.minutes, np.nan),
            home_estimated=way.estimated,
        )
    if len(loads):
        wanted = np.arange(len(loads))
        if len(legs) * len(loads) > ALL_PAIRS:
            near = [load for _, load in candidate_pairs(legs, loads, block_pairs=BLOCK_PAIRS)]
            wanted = np.unique(np.concatenate(near)) if near else wanted[:0]
        first, last = loads.first_stop[wanted], loads.last_stop[wanted]
        found = travel.pairs(loads.stop_lat[first], loads.stop_lon[first], loads.stop_lat[last], loads.stop_lon[last])
        known = np.isfinite(found.miles) & np.isfinite(found.minutes)
        miles, minutes = np.full(loads.stop_lat.size, np.nan), np.full(loads.stop_lat.size, np.nan)
        estimated = np.zeros(loads.stop_lat.size, dtype=np.bool_)
        miles[last[known]], minutes[last[known]] = found.miles[known], found.minutes[known]
        estimated[last[known]] = found.estimated[known]
        loads = replace(loads, stop_miles=miles, stop_minutes=minutes, stop_estimated=estimated)
    return legs, loads


def best_singles(legs: Legs, loads: Loads, travel: TravelOracle, policy: Policy, count: int) -> Matches:
    """Return each leg's `count` loads of the highest own gain above 0; of equals the first in the file."""
    pairs = len(legs) * len(loads)
    refused: Counter[str] = Counter()
    feasible = 0
    kept: list[tuple[Ints, Ints]] = []
    for leg, load in _all_pairs(legs, loads) if pairs <= ALL_PAIRS else _near_pairs(legs, loads, refused):
        scores = score_pairs(legs, leg, loads, load, travel, policy)
        refused.update(scores.refusal_counts())
        feasible += int(scores.feasible.sum())
        refused[NO_GAIN] += int((scores.feasible & (scores.own_gain_cents <= 0)).sum())
        rows = _best(scores, count)
        kept.append((scores.leg_row[rows], scores.load_row[rows]))
    leg_row, load_row = (
        (np.concatenate(parts) for parts in zip(*kept, strict=True)) if kept else (np.zeros(0, np.int64),) * 2
    )
    order = [rule.code for rule in Refusal if rule] + [NO_GAIN]
    refusals = {code: refused[code] for code in order if refused[code]}
    return Matches(leg_row, np.reshape(load_row, (-1, 1)), pairs, feasible, refusals)


def with_chains(
    singles: Matches, plan: MarketPlan, legs: Legs, loads: Loads, travel: TravelOracle, policy: Policy, count: int
) -> Matches:
    """Return each leg's `count` best of its loads alone and of the chains that the plan looked at, by own gain."""
    columns = plan.search.columns
    chains = columns.take(np.flatnonzero(columns.loads_carried > 1))
    leg_row = np.concatenate([singles.leg_row, chains.leg_row])
    padding = np.full((singles.leg_row.size, chains.load_rows.shape[1] - 1), NO_LOAD, dtype=np.int64)
    load_rows = np.concatenate([np.concatenate([singles.load_rows, padding], axis=1), chains.load_rows])
    gains = np.zeros(leg_row.size, dtype=np.int64)
    feasible = np.zeros(leg_row.size, dtype=np.bool_)
    for start in range(0, leg_row.size, _CHAINS_AT_ONCE):
        part = slice(start, start + _CHAINS_AT_ONCE)
        scores = score_tours(legs, loads, chain_tours(loads, leg_row[part], load_rows[part]), travel, policy)
        gains[part], feasible[part] = scores.own_gain_cents, scores.feasible
    rows = np.flatnonzero(feasible & (gains > 0))
    order = rows[np.lexsort((*load_rows[rows].T[::-1], -gains[rows], leg_row[rows]))]
    order = order[_place_within(leg_row[order]) < count]
    return replace(singles, leg_row=leg_row[order], load_rows=load_rows[order])


def lines_of(plan: MarketPlan) -> tuple[Ints, Ints]:
    """Return leg rows and load rows of a plan's lines."""
    lines: TourScores = plan.lines
    return lines.leg_row, lines.load_rows


def _all_pairs(legs: Legs, loads: Loads) -> Iterator[tuple[Ints, Ints]]:
    """Yield every pair, whole legs together."""
    at_once = max(1, BLOCK_PAIRS // max(len(loads), 1))
    for start in range(0, len(legs) if len(loads) else 0, at_once):
        rows = np.arange(start, min(start + at_once, len(legs)))
        yield np.repeat(rows, len(loads)), np.tile(np.arange(len(loads)), rows.size)


def _best(scores: Scores, count: int) -> Ints:
    """Return the positions of each leg's best pairs, by leg and best first."""
    rows = np.flatnonzero(scores.feasible & (scores.own_gain_cents > 0))
    order = rows[np.lexsort((scores.load_key[rows], -scores.own_gain_cents[rows], scores.leg_row[rows]))]
    return order[_place_within(scores.leg_row[order]) < count]


def _place_within(groups: Ints) -> Ints:
    """Return how many of the same group stand before each entry; equal entries stand together."""
    if not groups.size:
        return np.zeros(0, dtype=np.int64)
    starts = np.flatnonzero(np.concatenate([[True], groups[1:] != groups[:-1]]))
    lengths = np.diff(np.append(starts, groups.size))
    return np.arange(groups.size) - np.repeat(starts, lengths)


def _near_pairs(legs: Legs, loads: Loads, refused: Counter[str]) -> Iterator[tuple[Ints, Ints]]:
    """Yield the pairs that the index holds for possible; count what it leaves out under the rule that it breaks."""
    row = 0
    for leg, load in candidate_pairs(legs, loads, block_pairs=BLOCK_PAIRS):
        while row <= int(leg[-1]):
            refused.update(_refused_from_afar(legs, row, loads, load[leg == row]))
            row += 1
        yield leg, load
    for rest in range(row, len(legs)):
        refused.update(_refused_from_afar(legs, rest, loads, np.zeros(0, dtype=np.int64)))


def _refused_from_afar(legs: Legs, row: int, loads: Loads, near: Ints) -> Counter[str]:
    """Count the loads of one leg that are not near, by the first rule that sizes, straight lines and windows break."""
    truck, first, last = legs.take([row]), loads.first_stop, loads.last_stop
    left = np.ones(len(loads), dtype=np.bool_)
    left[near] = False
    home = great_circle_miles(loads.stop_lat[last], loads.stop_lon[last], truck.home_lat, truck.home_lon) / STRAIGHT
    pickup = great_circle_miles(truck.empty_lat, truck.empty_lon, loads.stop_lat[first], loads.stop_lon[first])
    pickup = pickup / STRAIGHT
    own = great_circle_miles(*(column[at] for at in (first, last) for column in (loads.stop_lat, loads.stop_lon)))
    loaded = np.where(np.isnan(loads.stop_miles[last]), own / STRAIGHT, loads.stop_miles[last])
    around = pickup + loaded + home - truck.home_miles
    too_far = (pickup > truck.max_pickup_deadhead_miles) & ~(around <= truck.max_out_of_route_miles)
    counts: Counter[str] = Counter()
    for rule, broken in (
        (Refusal.EQUIPMENT, ~CARRIES[truck.equipment[0], loads.equipment]),
        (Refusal.ATTRIBUTES, (loads.attributes & ~truck.attributes) != 0),
        (Refusal.WEIGHT, loads.weight_pounds > truck.weight_pounds),
        (Refusal.LENGTH, loads.length_feet > truck.length_feet),
        (Refusal.PALLETS, loads.pallets > truck.pallets),
        (Refusal.UNREACHABLE, np.isnan(truck.home_miles)),
        (Refusal.PICKUP_DEADHEAD, too_far),
        (Refusal.HOME_DEADHEAD, home > truck.max_home_deadhead_miles),
        (Refusal.PICKUP_CLOSES, loads.stop_closes_at[first] < truck.ready_at),
        (Refusal.DELIVERY_CLOSES, loads.stop_closes_at[last] < truck.ready_at),
        (Refusal.HOME_BY, left),
    ):
        here = left & broken
        counts[rule.code] += int(here.sum())
        left &= ~here
    return counts
