"""Storing matches: the pairs of a run that have a place take the place of what an earlier run kept.

Runs go on at the same time, so a run judges only what it has seen: a row that rests on a newer version of the other
side, or on a posting that came while the run was scoring, is left alone.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from carriers.models import ReturnLeg
from foundation.trade.posting import Status
from loads.models import Load
from matching.engine.policy import Policy as PolicyTerms
from matching.models import Match, MatchRun, Policy
from matching.services.announcing import ChangedPair, announce
from matching.services.keeping import Pair, Run, bars_as_columns, loose_rows, places_of, raise_bars, raise_bars_to

_NOT_UPDATED = frozenset({"id", "public_id", "leg", "load"})
_UPDATED = [field.name for field in Match._meta.local_fields if field.name not in _NOT_UPDATED]
_SHARE = "SELECT id, version FROM {} WHERE id = ANY(%(ids)s) AND status = %(open)s ORDER BY id FOR SHARE"
_DELETE = """
    DELETE FROM matching_match WHERE id IN (
        SELECT id FROM matching_match WHERE id = ANY(%(ids)s) ORDER BY leg_id, load_id FOR UPDATE
    )
"""

Stand = tuple[int, int, str, str, int, int, bool]


def _versions(table: str, keys: Iterable[int]) -> dict[int, int]:
    """Lock open postings against change, by key, and return their versions."""
    with connection.cursor() as cursor:
        cursor.execute(_SHARE.format(table), {"ids": sorted(keys), "open": Status.OPEN})
        return dict(cursor.fetchall())


def _still_as_read(run: Run, pairs: Sequence[Pair]) -> list[Pair] | None:
    """Lock both sides, loads before legs, and return the pairs that are as they were scored; None if the subject is
    not.
    """
    loads = {pair.load.pk for pair in pairs} | ({run.load.pk} if run.load else set())
    legs = {pair.leg.pk for pair in pairs} | ({run.leg.pk} if run.leg else set())
    load_versions = _versions("loads_load", loads)
    leg_versions = _versions("carriers_returnleg", legs)
    if (leg_versions if run.leg else load_versions).get(run.subject.pk) != run.subject.version:
        return None
    return [
        pair
        for pair in pairs
        if load_versions.get(pair.load.pk) == pair.load.version and leg_versions.get(pair.leg.pk) == pair.leg.version
    ]


def _stand(pair: Pair, run: Run, policy: PolicyTerms) -> Stand:
    """Return what tells one storing of a pair from another."""
    return (
        pair.leg.version,
        pair.load.version,
        policy.version,
        run.road_version,
        pair.own_gain_cents,
        pair.market_gain_cents,
        pair.is_for_carrier,
    )


def _stand_of(row: Match) -> Stand:
    return (
        row.leg_version,
        row.load_version,
        row.policy_version,
        row.road_version,
        row.own_gain_cents,
        row.market_gain_cents,
        row.is_for_carrier,
    )


def _stored(**of: Any) -> dict[str, Match]:
    """Return the rows of a leg or load, or rows by key, without their parts."""
    rows = Match.objects.filter(**of).select_related("leg__organization", "load__organization")
    return {row.public_id: row for row in rows.defer("parts", "own_parts")}


def _mine(run: Run) -> dict[str, Any]:
    return {"leg": run.leg} if run.leg else {"load": run.load}


def _is_judged(row: Match, run: Run) -> bool:
    """Say whether the run knows at least what the row rests on."""
    of_leg = run.leg is not None
    subject_version, other_version = (
        (row.leg_version, row.load_version) if of_leg else (row.load_version, row.leg_version)
    )
    if subject_version != run.subject.version:
        return True
    return other_version <= run.seen.get(row.load_id if of_leg else row.leg_id, 0)


def _for_all(stand: Stand) -> tuple[object, ...]:
    """Return the part of a stand that others than the carrier may see: all but what follows from its own costs."""
    return (*stand[:4], stand[5])


def _changed(pair: Pair, stand: Stand, before: Match | None) -> ChangedPair:
    """Return a pair that is stored anew; when only the carrier's own figures moved, nobody else hears of it."""
    if before is None:
        return ChangedPair(pair.public_id, pair.leg, pair.load, pair.is_for_carrier, pair.is_for_market, False)
    pays, paid = pair.own_gain_cents > 0, before.own_gain_cents > 0
    sight_turned = pays == paid and pair.is_for_carrier != before.is_for_carrier
    for_market = pair.is_for_market and (sight_turned or _for_all(stand) != _for_all(_stand_of(before)))
    for_carrier = pair.is_for_carrier or before.is_for_carrier
    return ChangedPair(pair.public_id, pair.leg, pair.load, for_carrier, for_market, False)


def _gone(row: Match) -> ChangedPair:
    return ChangedPair(row.public_id, row.leg, row.load, row.is_for_carrier, row.market_gain_cents > 0, True)


def _row(pair: Pair, described: dict[str, Any], run: Run, policy: PolicyTerms, now: datetime) -> Match:
    return Match(
        public_id=pair.public_id,
        leg=pair.leg,
        load=pair.load,
        leg_version=pair.leg.version,
        load_version=pair.load.version,
        policy_version=policy.version,
        road_version=run.road_version,
        own_gain_cents=pair.own_gain_cents,
        market_gain_cents=pair.market_gain_cents,
        is_for_carrier=pair.is_for_carrier,
        scored_at=now,
        **described,
    )


def store_matches(*, run: Run, policy: PolicyTerms, now: datetime, settle: Callable[[], None]) -> int:
    """Replace the matches of the run's leg or load by those of its pairs that have a place; return how many stand.

    In one transaction: both sides are read again under a share lock, and what changed meanwhile is dropped, since the
    fact of that change brings its own run. Publishes one `matches.changed` when anything did, and calls `settle`.
    """
    places = places_of(run, policy)
    wanted = sorted((p for p in run.pairs if p.public_id in places.kept), key=lambda pair: (pair.leg.pk, pair.load.pk))
    # Accounts of pairs take their time: they are written before anything is locked.
    before = _stored(**_mine(run)) if wanted else {}
    accounts = {
        pair.public_id: pair.describe()
        for pair in wanted
        if pair.public_id not in before or _stand_of(before[pair.public_id]) != _stand(pair, run, policy)
    }
    if accounts and not Policy.objects.filter(version=policy.version).exists():
        Policy.objects.get_or_create(version=policy.version, defaults={"terms": policy.as_dict()})
    with transaction.atomic():
        kept = _still_as_read(run, wanted)
        if kept is None:
            settle()
            return 0
        before = _stored(**_mine(run))
        fresh = [
            pair
            for pair in kept
            if pair.public_id not in before or _stand_of(before[pair.public_id]) != _stand(pair, run, policy)
        ]
        gone = [row for row in before.values() if row.public_id not in places.kept and _is_judged(row, run)]
        _delete(row.pk for row in gone)
        Match.objects.bulk_create(
            [_row(pair, accounts.get(pair.public_id) or pair.describe(), run, policy, now) for pair in fresh],
            update_conflicts=True,
            unique_fields=["leg", "load"],
            update_fields=_UPDATED,
        )
        _note_run(run, policy, now, bars_as_columns(places))
        raise_bars(run, places)
        loose = loose_rows(run, fresh, policy)
        if loose:
            out_of_place = _stored(pk__in=loose).values()
            raise_bars_to(out_of_place)
            _delete(loose)
            gone += out_of_place
        out = {row.public_id for row in gone}
        changes = [
            _changed(pair, _stand(pair, run, policy), before.get(pair.public_id))
            for pair in fresh
            if pair.public_id not in out
        ]
        _announce(run.subject, [*changes, *(_gone(row) for row in gone)], now)
        settle()
    return len(kept)


def _note_run(run: Run, policy: PolicyTerms, now: datetime, bars: dict[str, Any]) -> None:
    noted = {
        "version": run.subject.version,
        "policy_version": policy.version,
        "road_version": run.road_version,
        "candidates": len(run.seen),
        "feasible": run.feasible,
        "refusals": run.refusals,
        "ran_at": now,
        **bars,
    }
    MatchRun.objects.bulk_create(
        [MatchRun(**_mine(run), **noted)],
        update_conflicts=True,
        unique_fields=["leg" if run.leg else "load"],
        update_fields=list(noted),
    )


def _delete(keys: Iterable[int]) -> None:
    """Delete rows, locked in the one order that every run takes."""
    ids = list(keys)
    if not ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(_DELETE, {"ids": ids})


def _announce(subject: ReturnLeg | Load, changes: Sequence[ChangedPair], now: datetime) -> None:
    if changes:
        market = subject.organization.market
        announce(subject=subject.public_id, version=subject.version, market=market, pairs=changes, now=now)


def clear_matches(
    *, leg: ReturnLeg | None = None, load: Load | None = None, now: datetime, settle: Callable[[], None]
) -> None:
    """Delete the matches of a leg or load that left the market, tell who could see them, and settle.

    One that is back on the market meanwhile keeps what its own run has found.
    """
    subject = leg or load
    assert subject is not None
    mine = {"leg": leg} if leg else {"load": load}
    with transaction.atomic():
        if _versions("carriers_returnleg" if leg else "loads_load", [subject.pk]):
            settle()
            return
        gone = _stored(**mine).values()
        _delete(row.pk for row in gone)
        MatchRun.objects.filter(**mine).delete()
        _announce(subject, [_gone(row) for row in gone], now)
        settle()
