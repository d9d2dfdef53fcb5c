"""Storing matches: the pairs of a run that have a place take the place of what an earlier run kept.

Runs go on at the same time, so a run judges only what it has seen: a row that rests on a newer version of the other
side, or on a posting that came while the run was scoring, is left alone.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from django.db import transaction

from foundation.accounts.audience import Sight
from foundation.trade.posting import Status
from foundation.trade.statements import Rows, Statement, rows_of_each
from matching.engine.policy import Policy as PolicyTerms
from matching.models import Match, MatchRun, Policy
from matching.postings import Side
from matching.services.announcing import ChangedPair, News, announce
from matching.services.keeping import (
    Pair,
    Run,
    bars_as_columns,
    bars_to_raise,
    loose_question,
    loose_rows,
    places_of,
    raise_bars_to,
)
from matching.services.writing import writing_of

_SHARE = "SELECT id, version FROM {} WHERE id = ANY(%(ids)s) AND status = %(open)s ORDER BY id FOR SHARE"
# What a crash takes, the next attempt does again: the same commit settles the run and publishes its news. So it need
# not wait for the disk; nothing leaves the house before the relay's own commit, which does.
_QUICKLY = """
    SELECT set_config('synchronous_commit', 'off', true),
        EXISTS (SELECT FROM matching_policy WHERE version = %(version)s)
"""
_DELETE = """
    DELETE FROM matching_match WHERE id IN (
        SELECT id FROM matching_match WHERE id = ANY(%(ids)s) ORDER BY leg_id, load_id FOR UPDATE
    )
"""

_NOTED = (
    "version", "policy_version", "road_version", "candidates", "feasible", "refusals", "stretches", "ran_at",
)  # fmt: skip
# A bar that a run of the other side raised since this run has read stays up: it stands for a pair that this run has
# not seen.
_RAISED = """
    run.{bar}_bar_cents IS NOT NULL
    AND (run.{bar}_bar_cents, run.{bar}_bar_key)
        IS DISTINCT FROM (%({bar}_bar_cents_before)s::int, %({bar}_bar_key_before)s::bigint)
    AND (
        excluded.{bar}_bar_cents IS NULL
        OR (run.{bar}_bar_cents, -run.{bar}_bar_key) > (excluded.{bar}_bar_cents, -excluded.{bar}_bar_key)
    )
"""
_BARS = ("own_bar_cents", "own_bar_key", "market_bar_cents", "market_bar_key")
_NOTE = f"""
    INSERT INTO matching_matchrun AS run ({{mine}}_id, {", ".join((*_NOTED, *_BARS))})
    VALUES (%(subject)s, {", ".join(f"%({name})s" for name in (*_NOTED, *_BARS))})
    ON CONFLICT ({{mine}}_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _NOTED)},
    {
    ", ".join(
        f"{name} = CASE WHEN {_RAISED.format(bar=name.split('_')[0])} THEN run.{name} ELSE excluded.{name} END"
        for name in _BARS
    )
}
"""  # noqa: S608 - put together from this page's constants


@dataclass(frozen=True, slots=True)
class Stand:
    """What tells one storing of a pair from another."""

    leg_version: int
    load_version: int
    policy_version: str
    road_version: str
    own_gain_cents: int
    market_gain_cents: int
    is_for_carrier: bool

    @property
    def for_all(self) -> tuple[object, ...]:
        """The part that others than the carrier may see: all but what follows from its own costs."""
        return self.leg_version, self.load_version, self.policy_version, self.road_version, self.market_gain_cents


@dataclass(frozen=True, slots=True)
class _Stored:
    """A row as it is stored: its key, its other side's key, and how it stands."""

    key: int
    other: int
    stand: Stand


def _share(table: str, keys: Collection[int]) -> Statement:
    return _SHARE.format(table), {"ids": sorted(keys), "open": Status.OPEN}


def open_versions(table: str, keys: Collection[int]) -> dict[int, int]:
    """Lock open postings against change, by key, and return their versions."""
    return dict(rows_of_each([_share(table, keys)])[0]) if keys else {}


def _looked_at_again(
    run: Run, pairs: Sequence[Pair], policy: PolicyTerms
) -> tuple[list[Pair] | None, dict[str, _Stored]]:
    """Lock both sides, loads before legs, and return the pairs that are as they were scored (None if the subject is
    not), and what stands of the subject. The policy's terms are kept before the first match rests on them.
    """
    loads = {pair.load.pk for pair in pairs} | ({run.load.pk} if run.load else set())
    legs = {pair.leg.pk for pair in pairs} | ({run.leg.pk} if run.leg else set())
    shares = [_share("loads_load", loads), _share("carriers_returnleg", legs)]
    found = rows_of_each([*shares, _standing(run), (_QUICKLY, {"version": policy.version})])
    is_kept = found[3][0][1]
    if pairs and not is_kept:
        Policy.objects.get_or_create(version=policy.version, defaults={"terms": policy.as_dict()})
    return _still_as_read(run, pairs, dict(found[0]), dict(found[1])), _as_stored(found[2])


def _still_as_read(
    run: Run, pairs: Sequence[Pair], load_versions: Mapping[int, int], leg_versions: Mapping[int, int]
) -> list[Pair] | None:
    """Return the pairs that are as they were scored; None if the subject is not."""
    if (leg_versions if run.leg else load_versions).get(run.subject.pk) != run.subject.version:
        return None
    return [
        pair
        for pair in pairs
        if load_versions.get(pair.load.pk) == pair.load.version and leg_versions.get(pair.leg.pk) == pair.leg.version
    ]


def _stand(pair: Pair, run: Run, policy: PolicyTerms) -> Stand:
    return Stand(
        pair.leg.version,
        pair.load.version,
        policy.version,
        run.road_version,
        pair.own_gain_cents,
        pair.market_gain_cents,
        pair.is_for_carrier,
    )


_STORED = f"""
    SELECT public_id, id, {{other}}_id, {", ".join(item.name for item in fields(Stand))}
    FROM matching_match WHERE {{mine}}_id = %(mine)s
"""  # noqa: S608 - put together from this page's constants


def _standing(run: Run) -> Statement:
    """Return the statement for what stands of the run's leg or load."""
    mine, other = ("leg", "load") if run.leg else ("load", "leg")
    return _STORED.format(mine=mine, other=other), {"mine": run.subject.pk}


def _as_stored(rows: Rows) -> dict[str, _Stored]:
    """Return what stands by public id."""
    return {row[0]: _Stored(row[1], row[2], Stand(*row[3:])) for row in rows}


def _is_judged(row: _Stored, run: Run) -> bool:
    """Say whether the run knows at least what the row rests on."""
    subject_version, other_version = row.stand.leg_version, row.stand.load_version
    if run.load is not None:
        subject_version, other_version = other_version, subject_version
    if subject_version != run.subject.version:
        return True
    return other_version <= run.seen.get(row.other, 0)


def _changed(pair: Pair, stand: Stand, announced: bool, before: Stand | None) -> ChangedPair:
    """Return a pair that is stored anew; when only the carrier's own figures moved, nobody else hears of it."""
    was_announced = before is not None and before.market_gain_cents > 0
    for_others = None
    if not announced:
        for_others = News.GONE if was_announced else None
    elif before is None or stand.for_all != before.for_all or _sight_turned(stand, before):
        for_others = News.CHANGED
    for_carrier = News.CHANGED if pair.is_for_carrier or announced else None
    return ChangedPair(pair.public_id, pair.leg, pair.load, for_carrier, for_others)


def _sight_turned(stand: Stand, before: Stand) -> bool:
    """Say whether the carrier began or ceased to see the load, its own gain apart."""
    pays, paid = stand.own_gain_cents > 0, before.own_gain_cents > 0
    return pays == paid and stand.is_for_carrier != before.is_for_carrier


def _gone(keys: Collection[int]) -> list[Match]:
    """Delete rows, locked in the one order that every run takes; return what they were, without their parts."""
    if not keys:
        return []
    rows = list(
        Match.objects.filter(pk__in=keys)
        .select_related("leg__organization", "load__organization", "load__seller")
        .defer("parts", "own_parts")
    )
    rows_of_each([(_DELETE, {"ids": list(keys)})])
    return rows


def _as_news(row: Match) -> ChangedPair:
    for_others = News.GONE if row.market_gain_cents > 0 else None
    return ChangedPair(row.public_id, row.leg, row.load, News.GONE, for_others)


def _values(pair: Pair, described: dict[str, Any], stand: Stand, now: datetime) -> dict[str, Any]:
    """Return the columns of a match."""
    return {
        "public_id": pair.public_id,
        "leg_id": pair.leg.pk,
        "load_id": pair.load.pk,
        **asdict(stand),
        "scored_at": now,
        **described,
    }


def store_matches(*, run: Run, policy: PolicyTerms, now: datetime, settle: Callable[[], None]) -> int:
    """Replace the matches of the run's leg or load by those of its pairs that have a place; return how many stand.

    In one transaction: both sides are read again under a share lock, and what changed meanwhile is dropped, since the
    fact of that change brings its own run. Publishes one `matches.changed` when anything did, and calls `settle`.
    """
    places = places_of(run, policy)
    wanted = sorted((p for p in run.pairs if p.public_id in places.kept), key=lambda pair: (pair.leg.pk, pair.load.pk))
    stands = {pair.public_id: _stand(pair, run, policy) for pair in wanted}
    # Accounts of pairs take their time: they are written before anything is locked.
    before = _as_stored(*rows_of_each([_standing(run)])) if wanted and run.subject.noted is not None else {}
    accounts = _accounts(run, [pair for pair in wanted if _is_fresh(pair, stands, before)])
    with transaction.atomic():
        kept, before = _looked_at_again(run, wanted, policy)
        if kept is None:
            settle()
            return 0
        fresh = [pair for pair in kept if _is_fresh(pair, stands, before)]
        gone = _gone([row.key for name, row in before.items() if name not in places.kept and _is_judged(row, run)])
        accounts |= _accounts(run, [pair for pair in fresh if pair.public_id not in accounts])
        writing = [_note_of(run, policy, now, bars_as_columns(places)), *bars_to_raise(run, places)]
        if fresh:
            rows = [_values(pair, accounts[pair.public_id], stands[pair.public_id], now) for pair in fresh]
            writing.insert(0, writing_of(Match, rows, key=("leg_id", "load_id"), kept=frozenset({"public_id"})))
        may_push = bool(fresh) and places.may_push
        if may_push:
            writing.append(loose_question(run, fresh, policy))
        written = rows_of_each(writing)
        pushed_out = _gone(loose_rows(run, written[-1], policy)) if may_push else []
        raise_bars_to(pushed_out)
        out = {row.public_id for row in pushed_out}
        changes = [
            _changed(pair, stands[name], name in places.announced, before[name].stand if name in before else None)
            for pair in fresh
            if (name := pair.public_id) not in out
        ]
        _announce(run.subject, [*changes, *(_as_news(row) for row in [*gone, *pushed_out])], now, run.sight)
        settle()
    return len(kept)


def _accounts(run: Run, pairs: Sequence[Pair]) -> dict[str, dict[str, Any]]:
    described = run.describe([pair.row for pair in pairs]) if pairs else []
    return {pair.public_id: figures for pair, figures in zip(pairs, described, strict=True)}


def _is_fresh(pair: Pair, stands: dict[str, Stand], before: dict[str, _Stored]) -> bool:
    row = before.get(pair.public_id)
    return row is None or row.stand != stands[pair.public_id]


def _note_of(run: Run, policy: PolicyTerms, now: datetime, bars: dict[str, Any]) -> Statement:
    """Return the statement that notes what the run found."""
    noted = {
        "version": run.subject.version,
        "policy_version": policy.version,
        "road_version": run.road_version,
        "candidates": run.candidates,
        "feasible": run.feasible,
        "refusals": json.dumps(run.refusals),
        "stretches": json.dumps(run.stretches),
        "ran_at": now,
        **bars,
    }
    before = run.subject.noted
    noted |= {f"{name}_before": getattr(before, name) if before else None for name in bars}
    return _NOTE.format(mine="leg" if run.leg else "load"), {"subject": run.subject.pk, **noted}


def _announce(subject: Side, changes: Sequence[ChangedPair], now: datetime, sight: Sight | None = None) -> None:
    if changes:
        market = subject.organization.market
        announce(subject=subject.public_id, version=subject.version, market=market, pairs=changes, now=now, sight=sight)


def clear_matches(
    *, leg: Side | None = None, load: Side | None = None, now: datetime, settle: Callable[[], None]
) -> None:
    """Delete the matches of a leg or load that left the market, tell who could see them, and settle.

    One that is back on the market meanwhile keeps what its own run has found.
    """
    subject = leg or load
    assert subject is not None
    mine = {"leg_id": leg.pk} if leg else {"load_id": subject.pk}
    with transaction.atomic():
        if open_versions("carriers_returnleg" if leg else "loads_load", [subject.pk]):
            settle()
            return
        gone = _gone(list(Match.objects.filter(**mine).values_list("pk", flat=True)))
        MatchRun.objects.filter(**mine).delete()
        _announce(subject, [_as_news(row) for row in gone], now)
        settle()
