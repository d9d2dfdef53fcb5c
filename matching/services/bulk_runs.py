"""Runs of many legs or loads at once, over a market in memory: the same runs that each of them would have alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

import numpy as np

from foundation.accounts.audience import Sight
from matching.descriptions import figures_of
from matching.engine.bulk import candidate_pairs
from matching.engine.columns import Bools, Floats, Ints
from matching.engine.policy import Policy
from matching.engine.refusals import Refusal
from matching.engine.score import Scores, score_pairs
from matching.engine.travel import TravelOracle
from matching.postings import LegRows, LoadRows, Side, Stretch
from matching.services.keeping import Run
from matching.services.scoring import describe_pairs, pairs_worth_something
from matching.snapshot import Snapshot

_NONE = slice(0, 0)
BLOCK_PAIRS = 1 << 16
"""How many pairs are scored at once, more or less: the hours of a pair take some 2 kB while they are planned."""


def runs_of_legs(
    snapshot: Snapshot, rows: Sequence[int], travel: TravelOracle, policy: Policy, now: datetime
) -> Iterator[Run]:
    """Yield the run of each of these legs, positions in the snapshot, in their order."""
    legs, loads = _with_homes(_take_legs(snapshot.legs, rows), travel), snapshot.loads
    block = _Block(legs, loads, snapshot.load_versions, travel, policy, _sight(snapshot, now), of_legs=True)
    done = 0
    for leg_rows, load_rows in candidate_pairs(legs.columns, loads.columns, block_pairs=BLOCK_PAIRS):
        scores = score_pairs(legs.columns, leg_rows, loads.columns, load_rows, travel, policy)
        for row, pairs in _slices(leg_rows):
            yield from map(block.run, range(done, row))
            yield block.run(row, scores, pairs)
            done = row + 1
    yield from map(block.run, range(done, len(rows)))


def runs_of_loads(
    snapshot: Snapshot, rows: Sequence[int], travel: TravelOracle, policy: Policy, now: datetime
) -> Iterator[Run]:
    """Yield the run of each of these loads, positions in the snapshot, in their order."""
    legs, loads = snapshot.legs, _with_stretches(_take_loads(snapshot.loads, rows), travel)
    block = _Block(legs, loads, snapshot.leg_versions, travel, policy, _sight(snapshot, now), of_legs=False)
    leg_rows, load_rows = _by_load(legs, loads)
    bounds = np.searchsorted(load_rows, np.arange(len(rows) + 1)).tolist()
    first = 0
    while first < len(rows):
        last = first + 1
        while last < len(rows) and bounds[last + 1] - bounds[first] <= BLOCK_PAIRS:
            last += 1
        here = slice(bounds[first], bounds[last])
        scores = score_pairs(legs.columns, leg_rows[here], loads.columns, load_rows[here], travel, policy)
        found = dict(_slices(load_rows[here]))
        for row in range(first, last):
            yield block.run(row, scores, found[row]) if row in found else block.run(row)
        first = last


def _by_load(legs: LegRows, loads: LoadRows) -> tuple[Ints, Ints]:
    """Return all candidate pairs in order of load, then leg."""
    found = list(candidate_pairs(legs.columns, loads.columns, block_pairs=BLOCK_PAIRS))
    if not found:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    leg_rows, load_rows = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.lexsort((leg_rows, load_rows))
    return leg_rows[order], load_rows[order]


def _slices(subject: Ints) -> Iterator[tuple[int, slice]]:
    """Yield each subject's row and where its pairs stand, which is together."""
    if not subject.size:
        return
    starts = np.flatnonzero(np.concatenate([[True], subject[1:] != subject[:-1]]))
    ends = np.append(starts[1:], subject.size)
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        yield int(subject[start]), slice(start, end)


@dataclass(frozen=True, eq=False, slots=True)
class _Block:
    """A block of legs, or of loads, against the whole other side."""

    legs: LegRows
    loads: LoadRows
    seen: Mapping[int, int]
    travel: TravelOracle
    policy: Policy
    sight: Sight
    of_legs: bool

    def run(self, row: int, scores: Scores | None = None, pairs: slice = _NONE) -> Run:
        """Return the run of the leg or load at a row, with its own pairs among the scores."""
        legs, loads, of_legs = self.legs, self.loads, self.of_legs
        counts = np.bincount(scores.refusal[pairs], minlength=len(Refusal)).tolist() if scores is not None else []
        return Run(
            leg=legs.sides[row] if of_legs else None,
            load=None if of_legs else loads.sides[row],
            pairs=pairs_worth_something(legs, loads, scores, self.sight, self.travel, self.policy, pairs)
            if scores is not None
            else [],
            describe=partial(describe_pairs, (legs.columns, loads.columns), scores, self.policy),
            figures=partial(figures_of, scores),
            candidates=sum(counts),
            seen=self.seen,
            feasible=counts[Refusal.NONE] if counts else 0,
            refusals={rule.code: counts[rule] for rule in Refusal if rule and counts and counts[rule]},
            road_version=self.travel.version,
            stretches=_home_of(legs, row) if of_legs else _stretches_of(loads, row),
        )


def _sight(snapshot: Snapshot, now: datetime) -> Sight:
    return Sight(viewers=snapshot.carriers, owners=snapshot.carriers | snapshot.shippers, now=now)


def _take_legs(legs: LegRows, rows: Sequence[int]) -> LegRows:
    return LegRows([legs.sides[row] for row in rows], legs.columns.take(list(rows)))


def _take_loads(loads: LoadRows, rows: Sequence[int]) -> LoadRows:
    sides: list[Side] = [loads.sides[row] for row in rows]
    return LoadRows(sides, loads.columns.take(list(rows)))


def _with_homes(legs: LegRows, travel: TravelOracle) -> LegRows:
    """Ask the road for the ways home that no run has noted, all at once."""
    columns = legs.columns
    asked = np.flatnonzero(np.isnan(columns.home_miles))
    if not asked.size:
        return legs
    ends = columns.empty_lat, columns.empty_lon, columns.home_lat, columns.home_lon
    found = travel.pairs(*(end[asked] for end in ends))
    named = {name: getattr(columns, f"home_{name}") for name in ("miles", "minutes", "estimated")}
    return LegRows(legs.sides, replace(columns, **_filled("home", named, asked, found)))


def _with_stretches(loads: LoadRows, travel: TravelOracle) -> LoadRows:
    """Ask the road for the ways between stops that no run has noted, all at once."""
    columns = loads.columns
    unknown = np.isnan(columns.stop_miles)
    unknown[columns.first_stop] = False
    asked = np.flatnonzero(unknown)
    if not asked.size:
        return loads
    lat, lon = columns.stop_lat, columns.stop_lon
    found = travel.pairs(lat[asked - 1], lon[asked - 1], lat[asked], lon[asked])
    named = {name: getattr(columns, f"stop_{name}") for name in ("miles", "minutes", "estimated")}
    return LoadRows(loads.sides, replace(columns, **_filled("stop", named, asked, found)))


def _filled(prefix: str, named: Mapping[str, Floats | Bools], asked: Ints, found: Any) -> dict[str, Any]:
    """Return the columns with what the road answered; where there is no road they stay unknown."""
    known = np.isfinite(found.miles) & np.isfinite(found.minutes)
    filled = {}
    for name, column in named.items():
        filled[f"{prefix}_{name}"] = column.copy()
        filled[f"{prefix}_{name}"][asked[known]] = getattr(found, name)[known]
    return filled


def _home_of(legs: LegRows, row: int) -> list[Stretch]:
    columns = legs.columns
    if np.isnan(columns.home_miles[row]):
        return []
    return [(float(columns.home_miles[row]), float(columns.home_minutes[row]), bool(columns.home_estimated[row]))]


def _stretches_of(loads: LoadRows, row: int) -> list[Stretch]:
    columns = loads.columns
    inner = slice(int(columns.stop_offsets[row]) + 1, int(columns.stop_offsets[row + 1]))
    if np.isnan(columns.stop_miles[inner]).any():
        return []
    known = columns.stop_miles[inner], columns.stop_minutes[inner], columns.stop_estimated[inner]
    return list(zip(*(column.tolist() for column in known), strict=True))
