"""What a page needs to offer the next step on a load: the load as far as it is in sight, own legs, own gains."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Count, QuerySet

from brokers.thread_queries import open_threads_of
from carriers.models import ReturnLeg
from carriers.queries import own_legs
from foundation.accounts.models import Organization
from foundation.trade.errors import NotFound
from foundation.trade.life_cycle import on_the_market
from loads.models import Load
from loads.queries import load_of, load_to_sell, once_seen
from matching.models import Match


def load_to_bargain(viewer: Organization, public_id: str, now: datetime) -> tuple[Load, bool]:
    """Return a load that the viewer may see or sells, and whether it is gone: one that it could see until then.

    Of a load that is gone nothing but that is to be shown. Raises `NotFound` for one that never was in sight.
    """
    for find in (load_of, load_to_sell):
        try:
            return find(viewer, public_id), False
        except NotFound:
            continue
    load = once_seen(viewer, now).filter(public_id=public_id).first()
    if load is None:
        raise NotFound("There is no such load here.")
    return load, True


def legs_to_choose(viewer: Organization, now: datetime) -> QuerySet[ReturnLeg]:
    """Return the viewer's own return legs that are on the market, the soonest first."""
    return own_legs(viewer).filter(on_the_market(now)).order_by("ready_at", "id")


def own_gains(viewer: Organization, load: Load) -> dict[int, int]:
    """Return what the load brings each of the viewer's own legs that matches it, at its own costs: for it alone."""
    rows = Match.objects.filter(load=load, leg__organization=viewer, is_for_carrier=True)
    return dict(rows.values_list("leg_id", "own_gain_cents"))


def open_counts(viewer: Organization, loads: Iterable[int], now: datetime) -> dict[int, int]:
    """Return how many negotiations of the viewer's are open about each of these loads, by the load's key."""
    rows = open_threads_of(viewer, now).filter(load__in=list(loads)).order_by().values_list("load_id")
    return dict(rows.annotate(count=Count("pk", distinct=True)))
