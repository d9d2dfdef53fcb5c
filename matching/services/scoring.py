"""Runs: a leg against the open loads, or a load against the open legs; read, scored outside any transaction, stored."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import numpy as np
from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from carriers.models import ReturnLeg
from carriers.queries import open_legs
from foundation.accounts.audience import Sight
from foundation.accounts.models import Relationship
from foundation.events.reactions import Settle
from foundation.places.services import travel_oracle
from foundation.trade import clock
from foundation.trade.posting import Status
from loads.models import Load
from loads.queries import open_loads
from matching.beside import those_that_fit
from matching.descriptions import describe, figures_of
from matching.engine.columns import Ints
from matching.engine.policy import Policy
from matching.engine.problem import Legs, Loads
from matching.engine.score import Scores, score_leg, score_load
from matching.engine.travel import TravelOracle
from matching.facing import owners_of, sees_load
from matching.policies import current_policy
from matching.postings import (
    LegRows,
    LoadRows,
    Stretch,
    candidate_legs,
    candidate_loads,
    named_legs,
    named_loads,
    with_leg_way,
    with_load_way,
)
from matching.queries import SHOWN
from matching.services.keeping import Pair, Run
from matching.services.outdated import markets_of_the_sweep
from matching.services.storing import clear_matches, store_matches

Row = TypeVar("Row", ReturnLeg, Load)

REFRESHED_AT_ONCE = 200
_BESIDE = ThreadPoolExecutor(max_workers=1, thread_name_prefix="road")
"""Where a posting's own way is searched while the database looks for its candidates."""
FIRST_RUN_WITHIN = timedelta(minutes=5)
"""How long a fresh posting waits for the run that its own fact brings before the sweep takes it up."""


def match_loads(*, subjects: Sequence[str], settle: Callable[[str], None]) -> None:
    """Match each of these loads anew, or clear the matches of those that left the market."""
    rows = named_loads(subjects, travel_oracle().version)
    found = {side.public_id: row for row, side in enumerate(rows.sides)}
    for subject in subjects:
        if subject not in found:
            with transaction.atomic():
                settle(subject)
            continue
        load = rows.take(found[subject])
        if load.sides[0].status == Status.OPEN:
            _match_load(load, partial(settle, subject))
        else:
            clear_matches(load=load.sides[0], now=clock.now(), settle=partial(settle, subject))


def match_legs(*, subjects: Sequence[str], settle: Callable[[str], None]) -> None:
    """Match each of these legs anew, or clear the matches of those that left the market."""
    rows = named_legs(subjects, travel_oracle().version)
    found = {side.public_id: row for row, side in enumerate(rows.sides)}
    for subject in subjects:
        if subject not in found:
            with transaction.atomic():
                settle(subject)
            continue
        leg = rows.take(found[subject])
        if leg.sides[0].status == Status.OPEN:
            _match_leg(leg, partial(settle, subject))
        else:
            clear_matches(leg=leg.sides[0], now=clock.now(), settle=partial(settle, subject))


def match_related(*, relationship_ids: Sequence[str], settle: Settle) -> None:
    """Match the open legs of both sides of each relationship: what they may see of each other has changed."""
    for subject in relationship_ids:
        pair = Relationship.objects.filter(public_id=subject).values_list("giver", "taker").first()
        if pair is not None:
            _match_legs_among(open_legs().filter(organization__in=pair))
        with transaction.atomic():
            settle(subject)


def match_organization(*, organization_ids: Sequence[str], settle: Settle) -> None:
    """Match what each of these organizations has on the market: what others may see of it, and it of others, has
    changed.
    """
    for subject in organization_ids:
        _match_legs_among(open_legs().filter(organization__public_id=subject))
        facing = Q(organization__public_id=subject) | Q(seller__public_id=subject)
        _match_loads_among(open_loads().filter(facing))
        with transaction.atomic():
            settle(subject)


def _match_legs_among(rows: QuerySet[ReturnLeg]) -> int:
    """Match these legs, one after the other; return how many."""
    names = list(rows.values_list("public_id", flat=True))
    for name in names:
        match_legs(subjects=[name], settle=_settle_nothing)
    return len(names)


def _match_loads_among(rows: QuerySet[Load]) -> int:
    """Match these loads, one after the other; return how many."""
    names = list(rows.values_list("public_id", flat=True))
    for name in names:
        match_loads(subjects=[name], settle=_settle_nothing)
    return len(names)


def refresh() -> int:
    """Match again what an older policy or road network scored, what no run stands for, and lists that have run short.

    Where much of a market is outdated it is scored again as a whole (`services.rescoring`), and left alone here.
    A list has run short when fewer matches stand above its bar than are shown. Legs whose carrier's relationships have
    begun or ended by the calendar are matched again too. Returns how many legs and loads were matched.
    """
    now = clock.now()
    legs = open_legs().filter(opened_at__lt=now - FIRST_RUN_WITHIN)
    loads = open_loads().filter(opened_at__lt=now - FIRST_RUN_WITHIN)
    outdated = _outdated()
    count = _match_legs_among(_due(legs, outdated | Q(_relationship_turned(now))))
    return count + _match_loads_among(_due(loads, outdated))


def _due(rows: QuerySet[Row], which: Q) -> QuerySet[Row]:
    """Return those that are to be matched, the longest unmatched first."""
    due = rows.filter(which | Q(pk__in=_short(rows).values("pk")))
    return due.order_by(F("match_run__ran_at").asc(nulls_first=True), "id")[:REFRESHED_AT_ONCE]


def _outdated() -> Q:
    policy_version, road_version = current_policy().version, travel_oracle().version
    older = ~Q(match_run__policy_version=policy_version) | ~Q(match_run__road_version=road_version)
    ours = Q(organization__market__in=markets_of_the_sweep(policy_version, road_version))
    return Q(match_run__isnull=True) | (older & ours)


def _relationship_turned(now: datetime) -> Exists:
    """Return whether a relationship of the leg's carrier has begun or ended since the leg was matched."""
    theirs = Q(giver=OuterRef("organization")) | Q(taker=OuterRef("organization"))
    since = OuterRef("match_run__ran_at")
    turned = Q(valid_from__gt=since, valid_from__lte=now) | Q(valid_until__gt=since, valid_until__lte=now)
    return Exists(Relationship.objects.filter(theirs & turned))


def _short(rows: QuerySet[Row]) -> QuerySet[Any]:
    """Return the legs or loads of which a list has left pairs out and now holds fewer than are shown."""
    key = "leg" if rows.model is Load else "load"

    def above(bar: str) -> Count:
        gain, cents = f"matches__{bar}_gain_cents", F(f"match_run__{bar}_bar_cents")
        tied = Q(**{gain: cents, f"matches__{key}_id__lt": F(f"match_run__{bar}_bar_key")})
        concerned = Q(matches__is_for_carrier=True) if bar == "own" else Q(matches__market_gain_cents__gt=0)
        return Count("matches", filter=concerned & (Q(**{f"{gain}__gt": cents}) | tied))

    barred = Q(match_run__own_bar_cents__isnull=False) | Q(match_run__market_bar_cents__isnull=False)
    counted = rows.order_by().filter(barred).annotate(own=above("own"), market=above("market"))
    return counted.filter(
        Q(match_run__own_bar_cents__isnull=False, own__lt=SHOWN)
        | Q(match_run__market_bar_cents__isnull=False, market__lt=SHOWN)
    )


def _settle_nothing(subject: str) -> None:
    """Settle no reaction: this run answers no fact."""


def _match_leg(row: LegRows, settle: Callable[[], None]) -> None:
    travel, policy = travel_oracle(), current_policy()
    road = _BESIDE.submit(with_leg_way, row, travel)
    loads = candidate_loads(row.sides[0], travel.version)
    now = clock.now()
    leg, way = road.result()
    scores = score_leg(leg.columns, 0, loads.columns, travel, policy) if loads.sides else None
    _store(leg, loads, scores, way, policy, now, settle, of_leg=True)


def _match_load(row: LoadRows, settle: Callable[[], None]) -> None:
    travel, policy = travel_oracle(), current_policy()
    road = _BESIDE.submit(with_load_way, row, travel)
    legs = candidate_legs(row.sides[0], travel.version)
    now = clock.now()
    load, way = road.result()
    scores = score_load(load.columns, 0, legs.columns, travel, policy) if legs.sides else None
    _store(legs, load, scores, way, policy, now, settle, of_leg=False)


def _worth_something(scores: Scores, among: slice) -> Ints:
    worth = (scores.own_gain_cents[among] > 0) | (scores.market_gain_cents[among] > 0)
    return np.flatnonzero(scores.feasible[among] & worth) + (among.start or 0)


def _pairs(
    legs: LegRows, loads: LoadRows, scores: Scores | None, market: str, now: datetime
) -> tuple[list[Pair], Sight | None]:
    """Return the pairs worth something, and how their organizations and the market's brokers see one another."""
    rows = _worth_something(scores, slice(None)) if scores is not None else np.empty(0, np.int64)
    if scores is None or not rows.size:
        return [], None
    parties = {legs.sides[row].organization for row in scores.leg_row[rows].tolist()}
    parties |= set(owners_of(loads.sides[row] for row in scores.load_row[rows].tolist()).values())
    sight = Sight(viewers=parties, owners=parties, now=now, brokers_of=market)
    return pairs_worth_something(legs, loads, scores, sight, travel_oracle(), current_policy()), sight


def pairs_worth_something(
    legs: LegRows,
    loads: LoadRows,
    scores: Scores,
    sight: Sight,
    travel: TravelOracle,
    policy: Policy,
    among: slice = slice(None),
) -> list[Pair]:
    """Return the feasible pairs, among these, that are worth something to the carrier or to the market, and whose load
    fits beside what is on board of the leg.

    `sight` is that of the legs' carriers on the loads' shippers.
    """
    rows = those_that_fit(_worth_something(scores, among), legs, loads, scores, travel, policy)
    found = zip(
        rows.tolist(),
        scores.leg_row[rows].tolist(),
        scores.load_row[rows].tolist(),
        scores.own_gain_cents[rows].tolist(),
        scores.market_gain_cents[rows].tolist(),
        strict=True,
    )
    pairs = []
    for row, leg_row, load_row, own, market in found:
        leg, load = legs.sides[leg_row], loads.sides[load_row]
        seen = own > 0 and sees_load(sight, leg.organization_id, load, shares_once_open=True)
        if seen or market > 0:
            pairs.append(Pair(leg, load, own, market, seen, row))
    return pairs


def _store(
    legs: LegRows,
    loads: LoadRows,
    scores: Scores | None,
    way: list[Stretch],
    policy: Policy,
    now: datetime,
    settle: Callable[[], None],
    *,
    of_leg: bool,
) -> None:
    subject, others = (legs.sides[0], loads.sides) if of_leg else (loads.sides[0], legs.sides)
    pairs, sight = _pairs(legs, loads, scores, subject.organization.market, now)
    store_matches(
        run=Run(
            leg=legs.sides[0] if of_leg else None,
            load=None if of_leg else loads.sides[0],
            pairs=pairs,
            describe=partial(describe_pairs, (legs.columns, loads.columns), scores, policy),
            figures=partial(figures_of, scores),
            candidates=len(others),
            seen={side.pk: side.version for side in others},
            feasible=int(scores.feasible.sum()) if scores is not None else 0,
            refusals=scores.refusal_counts() if scores is not None else {},
            road_version=travel_oracle().version,
            stretches=way,
            sight=sight,
        ),
        policy=policy,
        now=now,
        settle=settle,
    )


def describe_pairs(
    columns: tuple[Legs, Loads], scores: Scores | None, policy: Policy, rows: Sequence[int]
) -> list[dict[str, Any]]:
    """Return the figures that are stored of the pairs at these rows of the scores."""
    return describe(columns, scores, rows, policy) if scores is not None else []
