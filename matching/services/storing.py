"""Storing matches: what of a run's pairs is kept, and what an earlier run kept that has no place any more.

Kept are each leg's best 40 by the carrier's own gain among the loads it may see, each leg's best 40 by market gain, and each load's best 20 by market gain.
Rows in the database always hold those, so a run needs only compare with the last row that counts. Two runs at the same
time may leave a few rows too many, never one too few; the next run over them prunes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from carriers.models import ReturnLeg
from foundation.trade.ids import derived_id
from foundation.trade.posting import Status
from loads.models import Load
from matching.engine.policy import Policy as PolicyTerms
from matching.models import Match, MatchRun, Policy
from matching.services.announcing import ChangedPair, announce

_UPDATED = [
    "leg_version",
    "load_version",
    "policy_version",
    "road_version",
    "market_gain_cents",
    "own_gain_cents",
    "is_for_carrier",
    "rate_cents",
    "rate_is_estimated",
    "pickup_deadhead_miles",
    "loaded_miles",
    "home_deadhead_miles",
    "empty_miles_saved",
    "pickup_slack_minutes",
    "co2_saved_kg",
    "parts",
    "own_parts",
    "scored_at",
]

_TWENTIETH_OF_LOADS = """
    SELECT load_id, market_gain_cents, leg_id FROM (
        SELECT load_id, market_gain_cents, leg_id,
            row_number() OVER (PARTITION BY load_id ORDER BY market_gain_cents DESC, leg_id) AS place
        FROM matching_match
        WHERE load_id = ANY(%(loads)s) AND leg_id <> %(leg)s AND market_gain_cents > 0
    ) AS ranked WHERE place = %(place)s
"""

_FORTIETH_OF_LEGS = """
    SELECT leg_id,
        (array_agg(own_gain_cents ORDER BY own_gain_cents DESC, load_id) FILTER (WHERE is_for_carrier))[%(place)s],
        (array_agg(market_gain_cents ORDER BY market_gain_cents DESC, load_id)
            FILTER (WHERE market_gain_cents > 0))[%(place)s]
    FROM matching_match
    WHERE leg_id = ANY(%(legs)s) AND load_id <> %(load)s
    GROUP BY leg_id
"""

# Rows of these legs that none of the three lists holds. Locked rows are another run's to judge.
_PRUNE = """
    WITH ranked AS (
        SELECT id, leg_id, load_id, market_gain_cents, is_for_carrier,
            row_number() OVER (PARTITION BY leg_id ORDER BY market_gain_cents DESC, load_id) AS by_market,
            row_number() OVER (PARTITION BY leg_id ORDER BY is_for_carrier DESC, own_gain_cents DESC, load_id) AS by_own
        FROM matching_match WHERE leg_id = ANY(%(legs)s)
    ), loose AS (
        SELECT id FROM ranked
        WHERE NOT (by_own <= %(per_leg)s AND is_for_carrier)
            AND NOT (by_market <= %(per_leg)s AND market_gain_cents > 0)
            AND (
                market_gain_cents <= 0
                OR (
                    SELECT count(*) FROM matching_match AS other
                    WHERE other.load_id = ranked.load_id
                        AND (
                            other.market_gain_cents > ranked.market_gain_cents
                            OR (other.market_gain_cents = ranked.market_gain_cents AND other.leg_id < ranked.leg_id)
                        )
                ) >= %(per_load)s
            )
    )
    DELETE FROM matching_match WHERE id IN (
        SELECT id FROM matching_match WHERE id IN (SELECT id FROM loose) ORDER BY id FOR UPDATE SKIP LOCKED
    )
"""

_PUSHED_OUT = """
    SELECT DISTINCT leg_id FROM (
        SELECT leg_id, row_number() OVER (PARTITION BY load_id ORDER BY market_gain_cents DESC, leg_id) AS place
        FROM matching_match WHERE load_id = ANY(%(loads)s)
    ) AS ranked WHERE place > %(per_load)s
"""


@dataclass(frozen=True, slots=True)
class Pair:
    """A feasible pair of a run with its two gains; `describe` makes the stored figures, only for pairs that are kept."""

    leg: ReturnLeg
    load: Load
    own_gain_cents: int
    market_gain_cents: int
    is_for_carrier: bool
    describe: Callable[[], dict[str, Any]]

    @property
    def public_id(self) -> str:
        """The match's id, which follows from the pair."""
        return derived_id("match", self.leg.public_id, self.load.public_id)

    @property
    def is_for_market(self) -> bool:
        """Whether the pair is worth announcing to anyone but the carrier."""
        return self.market_gain_cents > 0


@dataclass(frozen=True, slots=True)
class Run:
    """What one matching of a leg or a load found: its feasible pairs, and what it looked at."""

    leg: ReturnLeg | None
    load: Load | None
    pairs: Sequence[Pair]
    candidates: int
    feasible: int
    refusals: dict[str, int]
    road_version: str

    @property
    def subject(self) -> ReturnLeg | Load:
        """The posting that was matched."""
        subject = self.leg or self.load
        assert subject is not None
        return subject


def _rows(statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()


def _best(pairs: Sequence[Pair], count: int, gain: Callable[[Pair], int], other: Callable[[Pair], int]) -> set[str]:
    ranked = sorted(pairs, key=lambda pair: (-gain(pair), other(pair)))
    return {pair.public_id for pair in ranked[:count]}


def _kept_of_leg(leg: ReturnLeg, pairs: Sequence[Pair], policy: PolicyTerms) -> set[str]:
    announced = [pair for pair in pairs if pair.is_for_market]
    kept = _best([p for p in pairs if p.is_for_carrier], policy.kept_per_leg, _own, _load_key)
    kept |= _best(announced, policy.kept_per_leg, _market, _load_key)
    last = {
        load: (-gain, rival)
        for load, gain, rival in _rows(
            _TWENTIETH_OF_LOADS,
            {"loads": [pair.load.pk for pair in announced], "leg": leg.pk, "place": policy.kept_per_load},
        )
    }
    for pair in announced:
        bar = last.get(pair.load.pk)
        if bar is None or (-pair.market_gain_cents, leg.pk) < bar:
            kept.add(pair.public_id)
    return kept


def _kept_of_load(load: Load, pairs: Sequence[Pair], policy: PolicyTerms) -> set[str]:
    kept = _best([p for p in pairs if p.is_for_market], policy.kept_per_load, _market, _leg_key)
    bars = {
        leg: (own, market)
        for leg, own, market in _rows(
            _FORTIETH_OF_LEGS,
            {"legs": [pair.leg.pk for pair in pairs], "load": load.pk, "place": policy.kept_per_leg},
        )
    }
    for pair in pairs:
        own, market = bars.get(pair.leg.pk, (None, None))
        # on a tie the row is kept, and pruning decides by id
        if pair.is_for_carrier and (own is None or pair.own_gain_cents >= own):
            kept.add(pair.public_id)
        if pair.is_for_market and (market is None or pair.market_gain_cents >= market):
            kept.add(pair.public_id)
    return kept


def _own(pair: Pair) -> int:
    return pair.own_gain_cents


def _market(pair: Pair) -> int:
    return pair.market_gain_cents


def _load_key(pair: Pair) -> int:
    return pair.load.pk


def _leg_key(pair: Pair) -> int:
    return pair.leg.pk


def _still_as_read(run: Run, pairs: Sequence[Pair]) -> list[Pair]:
    """Lock both sides against change, loads before legs, each by id, and return the pairs that are as they were scored."""
    loads = {pair.load.pk for pair in pairs} | ({run.load.pk} if run.load else set())
    legs = {pair.leg.pk for pair in pairs} | ({run.leg.pk} if run.leg else set())
    share = "SELECT id, version FROM {} WHERE id = ANY(%(ids)s) AND status = %(open)s ORDER BY id FOR SHARE"
    load_versions = dict(_rows(share.format("loads_load"), {"ids": sorted(loads), "open": Status.OPEN}))
    leg_versions = dict(_rows(share.format("carriers_returnleg"), {"ids": sorted(legs), "open": Status.OPEN}))
    if run.leg is not None and leg_versions.get(run.leg.pk) != run.leg.version:
        return []
    if run.load is not None and load_versions.get(run.load.pk) != run.load.version:
        return []
    return [
        pair
        for pair in pairs
        if load_versions.get(pair.load.pk) == pair.load.version and leg_versions.get(pair.leg.pk) == pair.leg.version
    ]


def _row(pair: Pair, run: Run, policy: PolicyTerms, now: datetime) -> Match:
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
        **pair.describe(),
    )


def _note_run(run: Run, policy: PolicyTerms, now: datetime) -> None:
    MatchRun.objects.update_or_create(
        leg=run.leg,
        load=run.load,
        defaults={
            "version": run.subject.version,
            "policy_version": policy.version,
            "road_version": run.road_version,
            "is_cut_short": _is_cut_short(run, policy),
            "candidates": run.candidates,
            "feasible": run.feasible,
            "refusals": run.refusals,
            "ran_at": now,
        },
    )


def _is_cut_short(run: Run, policy: PolicyTerms) -> bool:
    most = policy.kept_per_leg if run.leg else policy.kept_per_load
    announced = sum(pair.is_for_market for pair in run.pairs)
    return announced > most or (run.leg is not None and sum(pair.is_for_carrier for pair in run.pairs) > most)


_COMPARED = (
    "leg_version",
    "load_version",
    "policy_version",
    "road_version",
    "own_gain_cents",
    "market_gain_cents",
    "is_for_carrier",
)


def _changes(before: dict[str, Match], kept: Sequence[Pair], run: Run, policy: PolicyTerms) -> list[ChangedPair]:
    """Compare what stood with what is kept: new, changed and gone."""
    changed = []
    for pair in kept:
        old = before.get(pair.public_id)
        now_stands = (
            pair.leg.version,
            pair.load.version,
            policy.version,
            run.road_version,
            pair.own_gain_cents,
            pair.market_gain_cents,
            pair.is_for_carrier,
        )
        if old is None or tuple(getattr(old, name) for name in _COMPARED) != now_stands:
            changed.append(
                ChangedPair(pair.public_id, pair.leg, pair.load, pair.is_for_carrier, pair.is_for_market, False)
            )
    standing = {pair.public_id for pair in kept}
    gone = [
        ChangedPair(row.public_id, row.leg, row.load, row.is_for_carrier, row.market_gain_cents > 0, True)
        for row in before.values()
        if row.public_id not in standing
    ]
    return changed + gone


def store_matches(*, run: Run, policy: PolicyTerms, now: datetime, settle: Callable[[], None]) -> int:
    """Replace the matches of the run's leg or load by those of its pairs that have a place, in one transaction; return how many stand.

    Both sides are read again under a share lock, and pairs that changed meanwhile are dropped: the fact of that change
    brings its own run. Publishes one `matches.changed` when anything did, and calls `settle` in the same transaction.
    """
    Policy.objects.get_or_create(version=policy.version, defaults={"terms": policy.as_dict()})
    mine = {"leg": run.leg} if run.leg else {"load": run.load}
    with transaction.atomic():
        if run.leg is not None:
            wanted = _kept_of_leg(run.leg, run.pairs, policy)
        else:
            assert run.load is not None
            wanted = _kept_of_load(run.load, run.pairs, policy)
        kept = _still_as_read(run, [pair for pair in run.pairs if pair.public_id in wanted])
        kept.sort(key=lambda pair: (pair.leg.pk, pair.load.pk))
        before = {
            row.public_id: row
            for row in Match.objects.filter(**mine).select_related("leg__organization", "load__organization")
            .defer("parts", "own_parts")
        }
        changes = _changes(before, kept, run, policy)
        gone = [change.public_id for change in changes if change.is_gone]
        Match.objects.filter(public_id__in=gone).delete()
        fresh = {change.public_id for change in changes if not change.is_gone}
        Match.objects.bulk_create(
            [_row(pair, run, policy, now) for pair in kept if pair.public_id in fresh],
            update_conflicts=True,
            unique_fields=["leg", "load"],
            update_fields=_UPDATED,
        )
        _prune(run, [pair for pair in kept if pair.public_id in fresh], policy)
        _note_run(run, policy, now)
        if changes:
            announce(
                subject=run.subject.public_id,
                version=run.subject.version,
                market=run.subject.organization.market,
                pairs=changes,
                now=now,
            )
        settle()
    return len(kept)


def clear_matches(
    *, leg: ReturnLeg | None = None, load: Load | None = None, now: datetime, settle: Callable[[], None]
) -> None:
    """Delete the matches of a leg or load that left the market, tell who could see them, and settle."""
    subject = leg or load
    assert subject is not None
    mine = {"leg": leg} if leg else {"load": load}
    with transaction.atomic():
        rows = Match.objects.filter(**mine).select_related("leg__organization", "load__organization")
        gone = [
            ChangedPair(row.public_id, row.leg, row.load, row.is_for_carrier, row.market_gain_cents > 0, True)
            for row in rows.defer("parts", "own_parts")
        ]
        Match.objects.filter(**mine).delete()
        MatchRun.objects.filter(**mine).delete()
        if gone:
            announce(
                subject=subject.public_id,
                version=subject.version,
                market=subject.organization.market,
                pairs=gone,
                now=now,
            )
        settle()


def _prune(run: Run, fresh: Sequence[Pair], policy: PolicyTerms) -> None:
    """Delete rows that the fresh ones pushed out of every list."""
    if not fresh:
        return
    legs = {pair.leg.pk for pair in fresh}
    if run.leg is not None:
        pushed = _rows(_PUSHED_OUT, {"loads": [pair.load.pk for pair in fresh], "per_load": policy.kept_per_load})
        legs |= {row[0] for row in pushed}
    with connection.cursor() as cursor:
        cursor.execute(
            _PRUNE, {"legs": sorted(legs), "per_leg": policy.kept_per_leg, "per_load": policy.kept_per_load}
        )
