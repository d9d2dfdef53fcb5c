"""Combinations of loads for each open leg: chains on the way home, and partial loads that fill the truck together.

They are made after the leg's matches, by a sweep: postings change in bursts, and one look at a leg takes as long as
many pairs. So a leg is combined anew when its matches, its version, the policy or the road have moved since, when one
of its combinations has gone stale, and after half an hour in any case, since a load that suits no leg by itself may
still have a part in a chain. What is stale meanwhile is not shown.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import compress
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from carriers.models import ReturnLeg
from carriers.queries import open_legs
from foundation.accounts.audience import Sight
from foundation.places.services import travel_oracle
from foundation.trade import clock
from foundation.trade.ids import derived_id
from foundation.trade.posting import Status
from matching.beside import all_the_way, sets_that_fit
from matching.engine.explain import Explanation
from matching.engine.policy import Policy as PolicyTerms
from matching.engine.tours import Combinations, Tours, best_chains, best_consolidations, explain_tour
from matching.engine.travel import TravelOracle
from matching.facing import owners_of, sees_load
from matching.models import Combination, CombinationKind, CombinationRun, CombinedLoad, Match, Policy
from matching.policies import current_policy
from matching.pools import loads_for_tours
from matching.postings import LegSide, Side, chosen_loads, named_legs

KEPT_OF_EACH_KIND = 10
COMBINED_AT_ONCE = 50
SECONDS_AT_ONCE = 6.0
NOT_BEFORE = timedelta(minutes=1)
"""How long a leg's combinations stand at least, however often its matches move."""
IN_ANY_CASE = timedelta(minutes=30)

# What of an account follows from the driver's clock, and is the carrier's own as in a match.
_OF_THE_CARRIER = ("timeline", "clock_is_assumed")
_LOCK = 0x746F7572  # "tour": one worker at a time stores the combinations of a leg
_SHARE = "SELECT id, version FROM {} WHERE id = ANY(%s) AND status = %s ORDER BY id FOR SHARE"


@dataclass(frozen=True, slots=True)
class Tour:
    """A combination that is kept: its loads in order of first pickup, its two gains and whose list it stands in."""

    kind: CombinationKind
    loads: tuple[Side, ...]
    own_gain_cents: int
    market_gain_cents: int
    is_for_carrier: bool
    is_for_market: bool
    figures: dict[str, Any]

    def public_id(self, leg: ReturnLeg) -> str:
        """Return the id that follows from the leg and the loads; of partial loads whatever their order."""
        ids = [load.public_id for load in self.loads]
        order = ids if self.kind == CombinationKind.CHAIN else sorted(ids)
        return derived_id("combination", leg.public_id, self.kind, *order)


@dataclass(slots=True)
class Look:
    """What one look at a leg found, and how much it looked at."""

    loads: int = 0
    tours: int = 0
    feasible: int = 0
    kept: list[Tour] = field(default_factory=list)


def combine_due() -> int:
    """Make the combinations of the legs that are due, those longest not made first; return how many were.

    Ends after a few seconds, so that matches never wait long for it; the next sweep goes on.
    """
    started = time.monotonic()
    _forget_closed()
    count = 0
    for leg in _due(clock.now()):
        combine_leg(leg=leg)
        count += 1
        if time.monotonic() - started > SECONDS_AT_ONCE:
            break
    return count


def combine_leg(*, leg: ReturnLeg) -> int:
    """Look for combinations for an open leg and store the best; return how many stand.

    Postings are read and scored outside any transaction. What changed meanwhile is left out.
    """
    began_at, policy, travel = clock.now(), current_policy(), travel_oracle()
    look = _look(leg, policy, travel, began_at)
    return _store(leg, look, policy, travel.version, began_at)


def _due(now: datetime) -> QuerySet[ReturnLeg]:
    run = "combination_run"
    moved = Exists(Match.objects.filter(leg=OuterRef("pk"), scored_at__gt=OuterRef(f"{run}__ran_at")))
    stale = Exists(
        CombinedLoad.objects.filter(combination__leg=OuterRef("pk")).exclude(
            load__status=Status.OPEN, load_version=F("load__version")
        )
    )
    rested = Q(**{f"{run}__ran_at__lt": now - NOT_BEFORE})
    aged = Q(**{f"{run}__ran_at__lt": now - IN_ANY_CASE})
    outdated = (
        ~Q(**{f"{run}__version": F("version")})
        | ~Q(**{f"{run}__policy_version": current_policy().version})
        | ~Q(**{f"{run}__road_version": travel_oracle().version})
        | Q(match_run__ran_at__gt=F(f"{run}__ran_at"))
    )
    rows = open_legs().filter(match_run__version=F("version"))
    due = rows.filter(
        Q(combination_run__isnull=True)
        | ~Q(combination_run__version=F("version"))
        | aged
        | rested & (outdated | moved | stale)
    )
    with_owner = due.select_related("organization", "match_run")
    return with_owner.order_by(F(f"{run}__ran_at").asc(nulls_first=True), "id")[:COMBINED_AT_ONCE]


def _look(leg: ReturnLeg, policy: PolicyTerms, travel: TravelOracle, now: datetime) -> Look:
    loads = chosen_loads(loads_for_tours(leg, policy), travel.version)
    look = Look(loads=len(loads.sides))
    if look.loads < 2:
        return look
    stored = named_legs([leg.public_id], travel.version)
    legs = all_the_way(stored)
    columns, seen = loads.columns, _seen_by_carrier(legs.sides[0], loads.sides, now)
    for kind, search in ((CombinationKind.CHAIN, best_chains), (CombinationKind.PARTIALS, best_consolidations)):
        combinations = search(legs.columns, 0, columns, travel, policy)
        look.tours += combinations.scored
        look.feasible += len(combinations.tours)
        kept = _kept(combinations, seen)
        sets = [_loads_of(combinations.tours, row) for row, *_ in kept]
        fit = sets_that_fit(stored, loads, sets, travel, policy)
        for row, is_for_carrier, is_for_market in compress(kept, fit):
            account = explain_tour(legs.columns, columns, combinations.tours, row, travel, policy)
            rows = _loads_of(combinations.tours, row)
            look.kept.append(
                Tour(
                    kind=kind,
                    loads=tuple(loads.sides[each] for each in rows),
                    own_gain_cents=int(combinations.scores.own_gain_cents[row]),
                    market_gain_cents=int(combinations.scores.market_gain_cents[row]),
                    is_for_carrier=is_for_carrier,
                    is_for_market=is_for_market,
                    figures=_figures(combinations, row, account),
                )
            )
    return look


def _seen_by_carrier(leg: LegSide, loads: Sequence[Side], now: datetime) -> list[bool]:
    owners = [*owners_of(loads).values(), leg.organization]
    sight = Sight(viewers={leg.organization}, owners=owners, now=now)
    return [sees_load(sight, leg.organization_id, load, shares_once_open=True) for load in loads]


def _loads_of(tours: Tours, row: int) -> list[int]:
    return [each for each in tours.load_rows[row].tolist() if each >= 0]


def _kept(combinations: Combinations, seen: Sequence[bool]) -> list[tuple[int, bool, bool]]:
    """Return (row, whether for the carrier, whether for the market) of what stands in either list, in order of row.

    Ties break by the loads' rows, which are in order of key.
    """
    tours, scores = combinations.tours, combinations.scores
    visible = np.array([all(seen[each] for each in _loads_of(tours, row)) for row in range(len(tours))], dtype=np.bool_)

    def best(gains: Any, which: Any) -> set[int]:
        rows = [int(row) for row in np.flatnonzero(which & (gains > 0))]
        return set(sorted(rows, key=lambda row: (-int(gains[row]), _loads_of(tours, row)))[:KEPT_OF_EACH_KIND])

    own = best(scores.own_gain_cents, combinations.gains_own & visible)
    market = best(scores.market_gain_cents, combinations.gains_market)
    return [(row, row in own, row in market) for row in sorted(own | market)]


def _figures(combinations: Combinations, row: int, account: Explanation) -> dict[str, Any]:
    """Return the figures of a combination as columns; the account divided into the shared and the carrier's own."""
    scores = combinations.scores
    return {
        "rate_cents": int(scores.rate_cents[row]),
        "rate_is_estimated": bool(scores.rate_is_estimated[row]),
        "loaded_miles": float(scores.loaded_miles[row]),
        "empty_miles": float(scores.empty_miles[row]),
        "empty_miles_saved": float(scores.empty_miles_saved[row]),
        "co2_saved_kg": float(scores.co2_saved_kg[row]),
        "parts": {name: value for name, value in account.shared.items() if name not in _OF_THE_CARRIER},
        "own_parts": account.own | {name: account.shared[name] for name in _OF_THE_CARRIER},
    }


def _open_versions(table: str, keys: Sequence[int]) -> dict[int, int]:
    """Lock open postings against change, by key, and return their versions."""
    with connection.cursor() as cursor:
        cursor.execute(_SHARE.format(table), [sorted(keys), Status.OPEN])
        return dict(cursor.fetchall())


def _store(leg: ReturnLeg, look: Look, policy: PolicyTerms, road_version: str, began_at: datetime) -> int:
    """Replace the leg's combinations by those found that still stand; return how many do.

    Nothing is stored of a leg that changed or left the market meanwhile: the next sweep looks at it again.
    """
    if look.kept and not Policy.objects.filter(version=policy.version).exists():
        Policy.objects.get_or_create(version=policy.version, defaults={"terms": policy.as_dict()})
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, leg.pk % 2**31])
        versions = _open_versions("loads_load", [load.pk for tour in look.kept for load in tour.loads])
        if _open_versions("carriers_returnleg", [leg.pk]).get(leg.pk) != leg.version:
            return 0
        Combination.objects.filter(leg=leg).delete()
        standing = [tour for tour in look.kept if all(versions.get(load.pk) == load.version for load in tour.loads)]
        rows = Combination.objects.bulk_create(
            Combination(
                public_id=tour.public_id(leg),
                leg=leg,
                kind=tour.kind,
                leg_version=leg.version,
                policy_version=policy.version,
                road_version=road_version,
                market_gain_cents=tour.market_gain_cents,
                own_gain_cents=tour.own_gain_cents,
                is_for_carrier=tour.is_for_carrier,
                is_for_market=tour.is_for_market,
                scored_at=began_at,
                **tour.figures,
            )
            for tour in standing
        )
        CombinedLoad.objects.bulk_create(
            CombinedLoad(combination=row, load_id=load.pk, position=position, load_version=load.version)
            for row, tour in zip(rows, standing, strict=True)
            for position, load in enumerate(tour.loads)
        )
        CombinationRun.objects.update_or_create(
            leg=leg,
            defaults={
                "version": leg.version,
                "policy_version": policy.version,
                "road_version": road_version,
                "loads": look.loads,
                "tours": look.tours,
                "feasible": look.feasible,
                "ran_at": began_at,
            },
        )
    return len(rows)


def _forget_closed() -> None:
    """Delete the combinations of legs that left the market."""
    gone = list(CombinationRun.objects.exclude(leg__status=Status.OPEN).values_list("leg_id", flat=True))
    if gone:
        with transaction.atomic():
            Combination.objects.filter(leg_id__in=gone).delete()
            CombinationRun.objects.filter(leg_id__in=gone).delete()
