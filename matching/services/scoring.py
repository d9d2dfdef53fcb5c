"""Runs: a leg against the open loads, or a load against the open legs; read, scored outside any transaction, stored."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

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
from matching.candidates import legs_for_load, loads_for_leg
from matching.descriptions import describe
from matching.engine.problem import Legs, Loads
from matching.engine.score import Scores, score_leg, score_load
from matching.policies import current_policy
from matching.queries import SHOWN
from matching.rows import Stretch, legs_as_columns, loads_as_columns, stretches_of, ways_of
from matching.services.keeping import Pair, Run
from matching.services.storing import clear_matches, store_matches

Row = TypeVar("Row", ReturnLeg, Load)

REFRESHED_AT_ONCE = 200
FIRST_RUN_WITHIN = timedelta(minutes=5)
"""How long a fresh posting waits for the run that its own fact brings before the sweep takes it up."""


def match_loads(*, subjects: Sequence[str], settle: Settle) -> None:
    """Match each of these loads anew, or clear the matches of those that left the market."""
    rows = _with_owner(Load.objects.filter(public_id__in=subjects)).select_related("match_run")
    found = {row.public_id: row for row in rows}
    for subject in subjects:
        load = found.get(subject)
        if load is None:
            with transaction.atomic():
                settle(subject)
        elif load.status == Status.OPEN:
            _match_load(load, partial(settle, subject))
        else:
            clear_matches(load=load, now=clock.now(), settle=partial(settle, subject))


def match_legs(*, subjects: Sequence[str], settle: Settle) -> None:
    """Match each of these legs anew, or clear the matches of those that left the market."""
    rows = _with_owner(ReturnLeg.objects.filter(public_id__in=subjects)).select_related("match_run")
    found = {row.public_id: row for row in rows}
    for subject in subjects:
        leg = found.get(subject)
        if leg is None:
            with transaction.atomic():
                settle(subject)
        elif leg.status == Status.OPEN:
            _match_leg(leg, partial(settle, subject))
        else:
            clear_matches(leg=leg, now=clock.now(), settle=partial(settle, subject))


def match_related(*, relationship_ids: Sequence[str], settle: Settle) -> None:
    """Match the open legs of both sides of each relationship: what they may see of each other has changed."""
    for subject in relationship_ids:
        pair = Relationship.objects.filter(public_id=subject).values_list("giver", "taker").first()
        if pair is not None:
            for leg in _with_owner(open_legs().filter(organization__in=pair)):
                _match_leg(leg, _settle_nothing)
        with transaction.atomic():
            settle(subject)


def match_organization(*, organization_ids: Sequence[str], settle: Settle) -> None:
    """Match what each of these organizations has on the market: what others may see of it, and it of others, has
    changed.
    """
    for subject in organization_ids:
        for leg in _with_owner(open_legs().filter(organization__public_id=subject)):
            _match_leg(leg, _settle_nothing)
        for load in _with_owner(open_loads().filter(organization__public_id=subject)):
            _match_load(load, _settle_nothing)
        with transaction.atomic():
            settle(subject)


def refresh() -> int:
    """Match again what an older policy or road network scored, what no run stands for, and lists that have run short.

    A list has run short when fewer matches stand above its bar than are shown. Legs whose carrier's relationships have
    begun or ended by the calendar are matched again too. Returns how many legs and loads were matched.
    """
    now = clock.now()
    legs = _with_owner(open_legs().filter(opened_at__lt=now - FIRST_RUN_WITHIN))
    loads = _with_owner(open_loads().filter(opened_at__lt=now - FIRST_RUN_WITHIN))
    count = 0
    for leg in _due(legs, _outdated() | Q(_relationship_turned(now))):
        _match_leg(leg, _settle_nothing)
        count += 1
    for load in _due(loads, _outdated()):
        _match_load(load, _settle_nothing)
        count += 1
    return count


def _due(rows: QuerySet[Row], which: Q) -> QuerySet[Row]:
    """Return those that are to be matched, the longest unmatched first."""
    due = rows.filter(which | Q(pk__in=_short(rows).values("pk")))
    return due.order_by(F("match_run__ran_at").asc(nulls_first=True), "id")[:REFRESHED_AT_ONCE]


def _with_owner(rows: QuerySet[Row]) -> QuerySet[Row]:
    found = rows.select_related("organization").order_by("id")
    return found.prefetch_related("stops") if rows.model is Load else found


def _outdated() -> Q:
    return (
        Q(match_run__isnull=True)
        | ~Q(match_run__policy_version=current_policy().version)
        | ~Q(match_run__road_version=travel_oracle().version)
    )


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


def _settle_nothing() -> None:
    """Settle no reaction: this run answers no fact."""


def _match_leg(leg: ReturnLeg, settle: Callable[[], None]) -> None:
    ids = loads_for_leg(leg)
    loads = list(_with_owner(Load.objects.filter(pk__in=ids)).select_related("match_run")) if ids else []
    travel = travel_oracle()
    way = ways_of([leg], travel.version).get(leg.pk) or stretches_of(leg, travel)
    columns = None
    if loads:
        known = {leg.pk: way} if way else {}
        columns = legs_as_columns([leg], known), loads_as_columns(loads, ways_of(loads, travel.version))
    scores = score_leg(columns[0], 0, columns[1], travel, current_policy()) if columns else None
    _store(leg, None, [leg], loads, columns, scores, way, settle)


def _match_load(load: Load, settle: Callable[[], None]) -> None:
    ids = legs_for_load(load)
    legs = list(_with_owner(ReturnLeg.objects.filter(pk__in=ids)).select_related("match_run")) if ids else []
    travel = travel_oracle()
    way = ways_of([load], travel.version).get(load.pk) or stretches_of(load, travel)
    columns = None
    if legs:
        known = {load.pk: way} if way else {}
        columns = legs_as_columns(legs, ways_of(legs, travel.version)), loads_as_columns([load], known)
    scores = score_load(columns[1], 0, columns[0], travel, current_policy()) if columns else None
    _store(None, load, legs, [load], columns, scores, way, settle)


def _pairs(
    legs: Sequence[ReturnLeg], loads: Sequence[Load], columns: tuple[Legs, Loads], scores: Scores, now: datetime
) -> list[Pair]:
    """Return the feasible pairs that are worth something to the carrier or to the market."""
    worth = (scores.own_gain_cents > 0) | (scores.market_gain_cents > 0)
    rows = [int(row) for row in (scores.feasible & worth).nonzero()[0]]
    if not rows:
        return []
    carriers = {legs[int(scores.leg_row[row])].organization for row in rows}
    shippers = {loads[int(scores.load_row[row])].organization for row in rows}
    sight = Sight(viewers=carriers, owners=carriers | shippers, now=now)
    pairs = []
    for row in rows:
        leg, load = legs[int(scores.leg_row[row])], loads[int(scores.load_row[row])]
        own, market = int(scores.own_gain_cents[row]), int(scores.market_gain_cents[row])
        seen = own > 0 and sight.sees(
            leg.organization_id,
            load.organization_id,
            load.audience,
            load.partners_first_until,
            shares_once_open=True,
        )
        if seen or market > 0:
            account = partial(describe, columns, scores, row, current_policy())
            pairs.append(Pair(leg, load, own, market, seen, account))
    return pairs


def _store(
    leg: ReturnLeg | None,
    load: Load | None,
    legs: Sequence[ReturnLeg],
    loads: Sequence[Load],
    columns: tuple[Legs, Loads] | None,
    scores: Scores | None,
    way: list[Stretch],
    settle: Callable[[], None],
) -> None:
    now = clock.now()
    pairs = _pairs(legs, loads, columns, scores, now) if columns is not None and scores is not None else []
    others: Sequence[ReturnLeg | Load] = loads if leg else legs
    store_matches(
        run=Run(
            leg=leg,
            load=load,
            pairs=pairs,
            seen={row.pk: row.version for row in others},
            feasible=int(scores.feasible.sum()) if scores is not None else 0,
            refusals=scores.refusal_counts() if scores is not None else {},
            road_version=travel_oracle().version,
            stretches=way,
        ),
        policy=current_policy(),
        now=now,
        settle=settle,
    )
