"""Runs: a leg against the open loads, or a load against the open legs; read, scored outside any transaction, stored."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.db.models import Count, Q

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
from matching.engine.policy import DEFAULT_POLICY
from matching.engine.score import Scores, score_leg, score_load
from matching.models import MatchRun
from matching.queries import SHOWN
from matching.rows import legs_as_columns, loads_as_columns
from matching.services.storing import Pair, Run, clear_matches, store_matches

REFRESHED_AT_ONCE = 200
FIRST_RUN_WITHIN = timedelta(minutes=5)
"""How long a fresh posting waits for the run that its own fact brings before the sweep takes it up."""


def match_loads(*, subjects: Sequence[str], settle: Settle) -> None:
    """Match each of these loads anew, or clear the matches of those that left the market."""
    rows = Load.objects.filter(public_id__in=subjects).select_related("organization").prefetch_related("stops")
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
    rows = ReturnLeg.objects.filter(public_id__in=subjects).select_related("organization")
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
            for leg in open_legs().filter(organization__in=pair):
                _match_leg(leg, _settle_nothing)
        with transaction.atomic():
            settle(subject)


def refresh() -> int:
    """Match again what an older policy or road network scored or what no run stands for, and lists that have run short.

    A list has run short when fewer matches stand than are shown although the last run found more than it kept. Returns
    how many legs and loads were matched.
    """
    outdated = (
        Q(match_run__isnull=True)
        | ~Q(match_run__policy_version=DEFAULT_POLICY.version)
        | ~Q(match_run__road_version=travel_oracle().version)
    )
    long_open = Q(opened_at__lt=clock.now() - FIRST_RUN_WITHIN)
    for_carrier = Count("matches", filter=Q(matches__is_for_carrier=True, matches__load__status=Status.OPEN))
    legs = open_legs().annotate(standing=for_carrier)
    for_market = Count("matches", filter=Q(matches__market_gain_cents__gt=0, matches__leg__status=Status.OPEN))
    loads = open_loads().annotate(standing=for_market)
    short = Q(match_run__is_cut_short=True, standing__lt=SHOWN)
    count = 0
    for leg in legs.filter(long_open & (outdated | short)).order_by("id")[:REFRESHED_AT_ONCE]:
        _match_leg(leg, _settle_nothing)
        count += 1
    for load in loads.filter(long_open & (outdated | short)).order_by("id")[:REFRESHED_AT_ONCE]:
        _match_load(load, _settle_nothing)
        count += 1
    return count


def _settle_nothing() -> None:
    """Settle no reaction: this run answers no fact."""


def _match_leg(leg: ReturnLeg, settle: Callable[[], None]) -> None:
    ids = loads_for_leg(leg)
    loads = list(
        Load.objects.filter(pk__in=ids).select_related("organization").prefetch_related("stops").order_by("pk")
    )
    legs = [leg]
    scores = score_leg(legs_as_columns(legs), 0, loads_as_columns(loads), travel_oracle(), DEFAULT_POLICY)
    _store(leg, None, legs, loads, scores, settle)


def _match_load(load: Load, settle: Callable[[], None]) -> None:
    legs = list(
        ReturnLeg.objects.filter(pk__in=legs_for_load(load)).select_related("organization").order_by("pk")
    )
    loads = [load]
    scores = score_load(loads_as_columns(loads), 0, legs_as_columns(legs), travel_oracle(), DEFAULT_POLICY)
    _store(None, load, legs, loads, scores, settle)


def _store(
    leg: ReturnLeg | None,
    load: Load | None,
    legs: Sequence[ReturnLeg],
    loads: Sequence[Load],
    scores: Scores,
    settle: Callable[[], None],
) -> None:
    now = clock.now()
    sight = Sight(
        viewers=[row.organization for row in legs], owners=[row.organization for row in [*loads, *legs]], now=now
    )
    columns = (legs_as_columns(legs), loads_as_columns(loads))
    pairs = []
    for row in range(len(scores)):
        if not scores.feasible[row]:
            continue
        one_leg, one_load = legs[int(scores.leg_row[row])], loads[int(scores.load_row[row])]
        own, market = int(scores.own_gain_cents[row]), int(scores.market_gain_cents[row])
        seen = own > 0 and sight.sees(
            one_leg.organization_id,
            one_load.organization_id,
            one_load.audience,
            one_load.partners_first_until,
            shares_once_open=True,
        )
        if seen or market > 0:
            pairs.append(
                Pair(one_leg, one_load, own, market, seen, partial(describe, columns, scores, row, DEFAULT_POLICY))
            )
    store_matches(
        run=Run(
            leg=leg,
            load=load,
            pairs=pairs,
            candidates=len(scores),
            feasible=int(scores.feasible.sum()),
            refusals=scores.refusal_counts(),
            road_version=travel_oracle().version,
        ),
        policy=DEFAULT_POLICY,
        now=now,
        settle=settle,
    )
