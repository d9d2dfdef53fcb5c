"""Pools: the open loads that could have a part in a tour of several loads for one leg, by indexed SQL.

Not every such load suits the leg by itself: the first of two may end far from home, the last begin far from the truck.
So the pool asks what the truck can carry, what its time allows for, and then takes so many as are worth most with the
shorter of their two empty runs; a tour is found only among these.
"""

from django.db import connection

from carriers.models import ReturnLeg
from foundation.trade.equipment import loads_for
from foundation.trade.posting import Status
from matching.candidates import SAFETY, great_circle
from matching.engine.policy import Policy

POOL = 800

# As far as a truck gets in a day: 11 hours at freeway speed.
_MILES_A_DAY = 715.0

_OUT = great_circle("leg.empty_lat", "leg.empty_lon", "load.pickup_lat", "load.pickup_lon")
_HOME = great_circle("load.delivery_lat", "load.delivery_lon", "leg.home_lat", "leg.home_lon")

_POOL = f"""
    SELECT id FROM (
        SELECT load.id, coalesce(load.rate_cents, load.loaded_miles * %(loaded_cents)s)
            - load.loaded_miles * %(loaded_cents)s - least(way.out_miles, way.home_miles) * %(empty_cents)s AS worth
        FROM carriers_returnleg AS leg
        JOIN accounts_organization AS carrier ON carrier.id = leg.organization_id
        JOIN loads_load AS load ON load.status = %(open)s
        JOIN accounts_organization AS shipper ON shipper.id = load.organization_id AND shipper.market = carrier.market
        CROSS JOIN LATERAL (SELECT {_OUT} AS out_miles, {_HOME} AS home_miles) AS way
        WHERE leg.id = %(leg)s
            AND load.equipment = ANY(%(codes)s)
            AND load.truck_codes @> ARRAY[leg.equipment]::varchar[]
            AND load.attributes & ~leg.attributes = 0
            AND load.weight_pounds <= leg.weight_pounds
            AND load.length_feet <= leg.length_feet
            AND load.pallets <= leg.pallets
            AND load.pickup_closes_at >= leg.ready_at
            AND load.pickup_opens_at <= leg.home_by
            AND (way.out_miles + load.loaded_miles + way.home_miles) / {SAFETY} <= %(reach)s
    ) AS pool
    ORDER BY worth DESC, id LIMIT %(count)s
"""  # noqa: S608 - put together from this page's constants


def loads_for_tours(leg: ReturnLeg, policy: Policy, *, count: int = POOL) -> list[int]:
    """Return the keys of the open loads that a tour of an open leg may be made of, in order of key."""
    days = (leg.home_by - leg.ready_at).total_seconds() / 86_400
    with connection.cursor() as cursor:
        cursor.execute(
            _POOL,
            {
                "leg": leg.pk,
                "open": Status.OPEN,
                "codes": sorted(loads_for(leg.equipment)),
                "loaded_cents": policy.loaded_cents_per_mile,
                "empty_cents": policy.empty_cents_per_mile,
                "reach": (days + 1) * _MILES_A_DAY,
                "count": count,
            },
        )
        return sorted(row[0] for row in cursor.fetchall())
