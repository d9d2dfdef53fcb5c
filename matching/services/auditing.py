"""The audit: whether what stands of a leg or load is what scoring it again says.

A list may be shorter than the true one (see `matching.services.keeping`), so it is right when every row that stands is
a true one and none is missing above its bar. What a pending run will put right is no defect: rows and pairs that rest
on older versions, and postings that have not been matched since they changed.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from matching.descriptions import FIGURES
from matching.engine.policy import Policy
from matching.models import Match, MatchRun
from matching.postings import Noted, Side
from matching.services.keeping import Pair, Rank, Run
from matching.services.storing import open_versions, store_matches

_STAND = ("leg_version", "load_version", "policy_version", "road_version")
_GAINS = ("own_gain_cents", "market_gain_cents")
_COLUMNS = ("public_id", "leg_id", "load_id", *_STAND, *_GAINS, "is_for_carrier", *FIGURES)
_ROWS = f"SELECT {', '.join(_COLUMNS)} FROM matching_match WHERE {{mine}}_id = ANY(%(keys)s)"  # noqa: S608
_NOTED = ("version", "policy_version", "road_version")
_BARS = ("own_bar_cents", "own_bar_key", "market_bar_cents", "market_bar_key")

Row = dict[str, Any]


@dataclass(slots=True)
class Finding:
    """What is not as it should be: by public id the rows that are wrong and those that are missing.

    `is_outdated`: something rests on older versions, and the subject is to be matched again.
    """

    is_outdated: bool = False
    wrong: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)

    @property
    def has_defects(self) -> bool:
        """Whether something stands wrong although nothing has changed."""
        return bool(self.wrong or self.missing)


def audit(runs: Sequence[Run], policy: Policy) -> Iterator[tuple[Run, Finding]]:
    """Yield what is to be mended, all of one side: runs with what stands otherwise than they say."""
    if not runs:
        return
    rows = _rows_of(runs)
    for run in runs:
        found = _look(run, rows.get(run.subject.pk, []), run.subject.noted, policy)
        if found.has_defects:
            found = _look_again(run, policy)
        if found.has_defects or found.is_outdated:
            yield run, found


def mend(run: Run, found: Finding, policy: Policy, now: datetime) -> None:
    """Store what the run says; rows that are wrong are written anew although their versions are the same."""
    with transaction.atomic():
        Match.objects.filter(public_id__in=found.wrong).delete()
        store_matches(run=run, policy=policy, now=now, settle=_settle_nothing)


def _settle_nothing() -> None:
    """No fact waits for this run."""


def _rows_of(runs: Sequence[Run]) -> dict[int, list[Row]]:
    mine = "leg" if runs[0].leg else "load"
    found: dict[int, list[Row]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_ROWS.format(mine=mine), {"keys": [run.subject.pk for run in runs]})
        for values in cursor.fetchall():
            row = dict(zip(_COLUMNS, values, strict=True))
            found.setdefault(row[f"{mine}_id"], []).append(row)
    return found


def _look_again(run: Run, policy: Policy) -> Finding:
    """Look once more with both sides locked, so that what a run did meanwhile is not taken for a defect."""
    with transaction.atomic():
        others = {(pair.load if run.leg else pair.leg).pk for pair in run.pairs}
        rows = _rows_of([run]).get(run.subject.pk, [])
        others |= {row["load_id" if run.leg else "leg_id"] for row in rows}
        mine = {run.subject.pk}
        loads = open_versions("loads_load", others if run.leg else mine)
        legs = open_versions("carriers_returnleg", mine if run.leg else others)
        subjects, seen = (legs, loads) if run.leg else (loads, legs)
        if subjects.get(run.subject.pk) != run.subject.version:
            return Finding()
        rows = _rows_of([run]).get(run.subject.pk, [])
        which = {"leg_id" if run.leg else "load_id": run.subject.pk}
        noted = MatchRun.objects.filter(**which).values_list(*_NOTED, *_BARS).first()
        standing = {key for key, version in seen.items() if version == run.seen.get(key)}
        return _look(run, rows, Noted(*noted) if noted else None, policy, standing)


def _look(
    run: Run, rows: Sequence[Row], noted: Noted | None, policy: Policy, standing: Collection[int] | None = None
) -> Finding:
    """Compare; `standing` are the keys on the other side that are known to be as the run has seen them."""
    versions = policy.version, run.road_version
    if not _is_current(noted, run.subject, versions):
        return Finding(is_outdated=True)
    found = Finding()
    pairs = {pair.public_id: pair for pair in run.pairs}
    for row in rows:
        other, version = ("load_id", "load_version") if run.leg else ("leg_id", "leg_version")
        mine = row["leg_version" if run.leg else "load_version"]
        if run.seen.get(row[other]) != row[version] or mine != run.subject.version:
            continue  # the run of the side that changed is on its way
        if (row["policy_version"], row["road_version"]) != versions:
            found.is_outdated = True
            continue
        if standing is not None and row[other] not in standing:
            continue
        pair = pairs.get(row["public_id"])
        if pair is None or not _is_right(row, pair, run):
            found.wrong.add(row["public_id"])
        elif pair.is_for_carrier != row["is_for_carrier"]:
            found.is_outdated = True  # a relationship turned: the sweep follows it too
    names = {row["public_id"] for row in rows}
    for pair in _above_bars(run, noted, policy):
        other_side = pair.load if run.leg else pair.leg
        if pair.public_id in names or not _is_current(other_side.noted, other_side, versions):
            continue
        if standing is None or other_side.pk in standing:
            found.missing.add(pair.public_id)
    return found


def _is_current(noted: Noted | None, side: Side, versions: tuple[str, str]) -> bool:
    return noted is not None and (noted.version, noted.policy_version, noted.road_version) == (side.version, *versions)


def _is_right(row: Row, pair: Pair, run: Run) -> bool:
    if (row["own_gain_cents"], row["market_gain_cents"]) != (pair.own_gain_cents, pair.market_gain_cents):
        return False
    figures = run.figures(pair.row)
    return all(row[name] == figures[name] for name in FIGURES)


def _above_bars(run: Run, noted: Noted | None, policy: Policy) -> Iterator[Pair]:
    """Yield the pairs that have a place in a list of the subject and stand above its bar."""
    assert noted is not None
    market = [((-pair.market_gain_cents, _other(run, pair)), pair) for pair in run.pairs if pair.is_for_market]
    own = [((-pair.own_gain_cents, _other(run, pair)), pair) for pair in run.pairs if run.leg and pair.is_for_carrier]
    count = policy.kept_per_leg if run.leg else policy.kept_per_load
    for ranked, cents, key in (
        (market, noted.market_bar_cents, noted.market_bar_key),
        (own, noted.own_bar_cents, noted.own_bar_key),
    ):
        bar: Rank | None = None if cents is None or key is None else (-cents, key)
        for rank, pair in sorted(ranked, key=lambda item: item[0])[:count]:
            if bar is None or rank < bar:
                yield pair


def _other(run: Run, pair: Pair) -> int:
    return pair.load.pk if run.leg else pair.leg.pk
