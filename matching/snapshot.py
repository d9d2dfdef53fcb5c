"""A whole market in memory: every open leg and load as columns, read once and used for many blocks of runs."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import connection, transaction

from matching.postings import LegRows, LoadRows, Owner, market_legs, market_loads


@dataclass(frozen=True, eq=False, slots=True)
class Snapshot:
    """The open legs and loads of one market at one instant; rows and versions by key, and whose they are."""

    legs: LegRows
    loads: LoadRows
    leg_row: Mapping[int, int]
    load_row: Mapping[int, int]
    leg_versions: Mapping[int, int]
    load_versions: Mapping[int, int]
    carriers: frozenset[Owner]
    shippers: frozenset[Owner]


def read_snapshot(market: str, road_version: str) -> Snapshot:
    """Read a market, all of it as of the same instant (unless the caller is in a transaction already)."""
    alone = not connection.in_atomic_block
    with transaction.atomic():
        if alone:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        legs, loads = market_legs(market, road_version), market_loads(market, road_version)
    return Snapshot(
        legs=legs,
        loads=loads,
        leg_row={side.pk: row for row, side in enumerate(legs.sides)},
        load_row={side.pk: row for row, side in enumerate(loads.sides)},
        leg_versions={side.pk: side.version for side in legs.sides},
        load_versions={side.pk: side.version for side in loads.sides},
        carriers=frozenset(side.organization for side in legs.sides),
        shippers=frozenset(owner for side in loads.sides for owner in (side.organization, side.sold_by)),
    )
