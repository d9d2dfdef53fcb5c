"""Re-scoring whole markets: when policy, rates or roads change, and every night to see that what stands is right.

The market is read once into columns and scored in memory; the work is cut into regions, the open legs or loads of one
state, each a message of the queue that any worker takes. Legs go before loads: a load's list is judged against legs
that are done. What a region stores goes through the same door as a single posting's run, so both leave the same rows.
A region may run twice, also at the same time; a killed worker's region is sent again by the sweep.
"""

import logging
from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from time import monotonic

from django.db import IntegrityError, transaction
from django.db.models import F, Q, Sum

from carriers.queries import open_legs
from foundation.accounts.models import Market
from foundation.places.services import travel_oracle
from foundation.trade import clock
from loads.queries import open_loads
from matching.engine.policy import Policy
from matching.engine.travel import TravelOracle
from matching.models import MatchRun, RegionSide, Rescoring, RescoringReason, RescoringRegion
from matching.policies import current_policy
from matching.postings import Noted
from matching.services.auditing import audit, mend
from matching.services.bulk_runs import runs_of_legs, runs_of_loads
from matching.services.keeping import Run
from matching.services.outdated import outdated_runs, rescoring_is_due
from matching.services.storing import store_matches
from matching.snapshot import Snapshot, read_snapshot

logger = logging.getLogger(__name__)

NIGHT_HOURS_UTC = range(7, 11)
"""When the audit begins, between two and six in the morning in Chicago."""
NOT_WITHIN = timedelta(hours=12)
AT_THE_LATEST = timedelta(hours=36)
"""An audit follows the last one by 12 hours at least; by day it begins only when the last is 36 hours ago."""
HELD = timedelta(minutes=2)
SENT_AGAIN_AFTER = timedelta(minutes=5)
SLICE_SECONDS = 4.0
"""How long a message works on a region before it goes to the end of the queue: single postings wait no longer."""
BLOCK_LEGS, BLOCK_LOADS = 64, 512
SNAPSHOT_SECONDS = 300.0
KEPT_RESCORINGS = 60

_COUNTS = ("subjects", "matched", "outdated", "wrong", "missing")
_held: tuple[tuple[int, str], float, Snapshot] | None = None


def sweep_rescoring() -> list[int]:
    """Begin what is due in each market and return the regions to send: those that nobody has taken up."""
    now = clock.now()
    for market in Market.values:
        _begin_if_due(market, now)
    for rescoring in Rescoring.objects.filter(finished_at__isnull=True):
        _finish_if_done(rescoring)
    return _regions_to_send(now)


def rescore_region(*, region_id: int) -> list[int]:
    """Work on a region for a while; return the regions to send next, this one among them if it is not done.

    Does nothing where another worker is at it, it is done, or newer versions have taken its place.
    """
    region = RescoringRegion.objects.select_related("rescoring").filter(pk=region_id).first()
    if region is None or not _take(region):
        return []
    rescoring, policy, travel = region.rescoring, current_policy(), travel_oracle()
    if (policy.version, travel.version) != (rescoring.policy_version, rescoring.road_version):
        RescoringRegion.objects.filter(pk=region.pk).update(held_until=None, sent_at=None)
        return []
    done = _work(region, policy, travel, monotonic() + SLICE_SECONDS)
    now = clock.now()
    ended = {"held_until": None, "sent_at": now} | ({"done_at": now} if done else {})
    RescoringRegion.objects.filter(pk=region.pk, done_at__isnull=True).update(**ended)
    if not done:
        return [region.pk]
    _finish_if_done(rescoring)
    others = rescoring.regions.filter(side=region.side, done_at__isnull=True).exists()
    return [] if others else _regions_to_send(now)


def _begin_if_due(market: str, now: datetime) -> None:
    versions = {"policy_version": current_policy().version, "road_version": travel_oracle().version}
    under_way = Rescoring.objects.filter(market=market, finished_at__isnull=True)
    stale = under_way.exclude(**versions)
    stale.update(finished_at=now, superseded=True)
    if under_way.exists():
        return
    last = Rescoring.objects.filter(market=market, reason=RescoringReason.AUDIT).order_by("-started_at").first()
    if rescoring_is_due(market, **versions):
        roads = outdated_runs(market, **versions).exclude(road_version=versions["road_version"]).exists()
        reason = RescoringReason.ROADS if roads else RescoringReason.POLICY
    elif _audit_is_due(market, last, now):
        reason = RescoringReason.AUDIT
    else:
        return
    try:
        with transaction.atomic():
            _begin(market, reason, versions, now)
    except IntegrityError:
        logger.info("A re-scoring of the %s market has just begun elsewhere", market)


def _audit_is_due(market: str, last: Rescoring | None, now: datetime) -> bool:
    if last is None:
        whose = Q(leg__organization__market=market) | Q(load__organization__market=market)
        oldest = MatchRun.objects.filter(whose).order_by("ran_at").first()
        since = oldest.ran_at if oldest else now
    else:
        since = last.started_at
    age = now - since
    return age > AT_THE_LATEST or (age > NOT_WITHIN and now.hour in NIGHT_HOURS_UTC)


def _begin(market: str, reason: RescoringReason, versions: dict[str, str], now: datetime) -> None:
    rescoring = Rescoring.objects.create(market=market, reason=reason, started_at=now, **versions)
    legs = open_legs().filter(organization__market=market).order_by().values_list("empty_state", flat=True)
    loads = open_loads().filter(organization__market=market).order_by().values_list("pickup_state", flat=True)
    RescoringRegion.objects.bulk_create(
        RescoringRegion(rescoring=rescoring, side=side, state=state)
        for side, states in ((RegionSide.LEGS, legs), (RegionSide.LOADS, loads))
        for state in sorted(set(states.distinct()))
    )
    old = Rescoring.objects.filter(market=market, finished_at__isnull=False).order_by("-started_at")
    Rescoring.objects.filter(pk__in=list(old.values_list("pk", flat=True)[KEPT_RESCORINGS:])).delete()
    logger.info("Re-scoring of the %s market begins: %s", market, reason.label)


def _regions_to_send(now: datetime) -> list[int]:
    """Return the regions that may be worked on and that no message stands for; note that they are sent."""
    due: list[int] = []
    for rescoring in Rescoring.objects.filter(finished_at__isnull=True):
        undone = rescoring.regions.filter(done_at__isnull=True)
        legs = undone.filter(side=RegionSide.LEGS)
        rows = legs if legs.exists() else undone.filter(side=RegionSide.LOADS)
        free = Q(held_until__isnull=True) | Q(held_until__lt=now)
        unsent = Q(sent_at__isnull=True) | Q(sent_at__lt=now - SENT_AGAIN_AFTER) | Q(held_until__lt=now)
        due += rows.filter(free & unsent).order_by("pk").values_list("pk", flat=True)
    RescoringRegion.objects.filter(pk__in=due).update(sent_at=now, held_until=None)
    return due


def _take(region: RescoringRegion) -> bool:
    """Hold a region for this worker; a region of loads only when all legs are done."""
    rescoring = region.rescoring
    if rescoring.finished_at is not None:
        return False
    legs_first = rescoring.regions.filter(side=RegionSide.LEGS, done_at__isnull=True)
    if region.side == RegionSide.LOADS and legs_first.exists():
        return False
    now = clock.now()
    free = Q(held_until__isnull=True) | Q(held_until__lt=now)
    rows = RescoringRegion.objects.filter(free, pk=region.pk, done_at__isnull=True)
    return rows.update(held_until=now + HELD) == 1


def _work(region: RescoringRegion, policy: Policy, travel: TravelOracle, until: float) -> bool:
    """Do block after block until time is up; say whether the region is done."""
    snapshot = _snapshot(region, travel)
    keys, size = _keys(region), BLOCK_LEGS if region.side == RegionSide.LEGS else BLOCK_LOADS
    done = 0
    while done < len(keys):
        counts = _do_block(region, snapshot, keys[done : done + size], policy, travel, until)
        done += counts["subjects"]
        more = {name: F(name) + count for name, count in counts.items()}
        held = RescoringRegion.objects.filter(pk=region.pk, done_at__isnull=True, cursor__lt=keys[done - 1])
        held.update(cursor=keys[done - 1], held_until=clock.now() + HELD, **more)
        if monotonic() > until:
            return False
    return True


def _keys(region: RescoringRegion) -> list[int]:
    """Return what is left of the region, by key."""
    market = region.rescoring.market
    if region.side == RegionSide.LEGS:
        legs = open_legs().filter(organization__market=market, empty_state=region.state, pk__gt=region.cursor)
        return list(legs.order_by("pk").values_list("pk", flat=True))
    loads = open_loads().filter(organization__market=market, pickup_state=region.state, pk__gt=region.cursor)
    return list(loads.order_by("pk").values_list("pk", flat=True))


def _snapshot(region: RescoringRegion, travel: TravelOracle) -> Snapshot:
    """Return the market as this process has read it for this re-scoring and side, or read it."""
    global _held
    key = (region.rescoring_id, region.side)
    if _held is not None and _held[0] == key and monotonic() < _held[1]:
        return _held[2]
    _held = None
    snapshot = read_snapshot(region.rescoring.market, travel.version)
    _held = (key, monotonic() + SNAPSHOT_SECONDS, snapshot)
    return snapshot


def _do_block(
    region: RescoringRegion,
    snapshot: Snapshot,
    keys: Sequence[int],
    policy: Policy,
    travel: TravelOracle,
    until: float,
) -> dict[str, int]:
    """Score these legs or loads again and store what the reason asks for; return the counts.

    Counts as many subjects, from the first on, as there was time for: at least one.
    """
    of_legs = region.side == RegionSide.LEGS
    position = snapshot.leg_row if of_legs else snapshot.load_row
    sides = snapshot.legs.sides if of_legs else snapshot.loads.sides
    # What was posted since the market was read has its own run.
    rows = [position[key] for key in keys if key in position]
    auditing = region.rescoring.reason == RescoringReason.AUDIT
    if not auditing:
        rows = [row for row in rows if _rests_on_older(sides[row].noted, policy, travel)]
    counts = dict.fromkeys(_COUNTS, 0) | {"subjects": len(keys)}
    if not rows:
        return counts
    runs = (runs_of_legs if of_legs else runs_of_loads)(snapshot, rows, travel, policy, clock.now())
    if auditing:
        return counts | _audit(list(runs), policy)
    for run in runs:
        store_matches(run=run, policy=policy, now=clock.now(), settle=_settle_nothing)
        counts["matched"] += 1
        if monotonic() > until:
            counts["subjects"] = bisect_right(keys, run.subject.pk)
            break
    return counts


def _audit(runs: Sequence[Run], policy: Policy) -> dict[str, int]:
    """Mend what stands otherwise than these runs say, and log what is a defect."""
    counts = dict.fromkeys(("matched", "outdated", "wrong", "missing"), 0)
    for run, finding in audit(runs, policy):
        mend(run, finding, policy, clock.now())
        counts["matched"] += 1
        counts["outdated"] += finding.is_outdated
        counts["wrong"] += len(finding.wrong)
        counts["missing"] += len(finding.missing)
        if finding.has_defects:
            logger.error(
                "The audit found %s otherwise than scoring says and mended it: wrong %s, missing %s",
                run.subject.public_id,
                sorted(finding.wrong),
                sorted(finding.missing),
            )
    return counts


def _rests_on_older(noted: Noted | None, policy: Policy, travel: TravelOracle) -> bool:
    return noted is None or (noted.policy_version, noted.road_version) != (policy.version, travel.version)


def _settle_nothing() -> None:
    """No fact waits for this run."""


def _finish_if_done(rescoring: Rescoring) -> None:
    """Close a re-scoring whose regions are all done, and say what it found."""
    if rescoring.regions.filter(done_at__isnull=True).exists():
        return
    sums = rescoring.regions.aggregate(**{name: Sum(name, default=0) for name in _COUNTS})
    rows = Rescoring.objects.filter(pk=rescoring.pk, finished_at__isnull=True)
    if rows.update(finished_at=clock.now(), figures=sums):
        found = ", ".join(f"{count:,} {name}" for name, count in sums.items())
        level = logging.ERROR if sums["wrong"] or sums["missing"] else logging.INFO
        logger.log(level, "Re-scoring of the %s market is done (%s): %s", rescoring.market, rescoring.reason, found)
