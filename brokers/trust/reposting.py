"""Freight that a carrier took to haul and that stands on the market again: by its own posting, or sold on by a broker.

A load has two who put it on the market: who posted it, and the broker that sells it for them. Either may be the carrier
that has just booked the same freight of somebody else.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet

from brokers.models import Booking, BookingStatus
from brokers.trust.conduct import REPOST_WINDOW
from foundation.accounts.models import Organization
from foundation.trade.posting import Status
from loads.models import Load

_WEIGHT_TOLERANCE = 0.05
_MOST_BOOKINGS = 100


def posters_of(load: Load) -> list[Organization]:
    """Return who posted a load and, where a broker sells it, that broker."""
    return [load.organization] if load.seller is None else [load.organization, load.seller]


def reposted_by(carrier: Organization, now: datetime) -> str:
    """Return the posting of the carrier's, its own or one that it sells, that looks like a load which it has booked of
    somebody else in the last day; "" for none.
    """
    if not (carrier.ships or carrier.brokers):
        return ""
    won = list(_won(carrier, now)[:_MOST_BOOKINGS])
    if not won:
        return ""
    same_way = reduce(or_, (_same_way(each.load) for each in won))
    own = Load.objects.filter(
        Q(organization=carrier) | Q(seller=carrier),
        same_way,
        status__in=[Status.OPEN, Status.COVERED],
        opened_at__gt=min(each.booked_at for each in won),
    )
    return next((load.public_id for load in own if any(_is_again(load, each) for each in won)), "")


def reposter_of(
    load: Load, posters: Iterable[Organization], now: datetime, *, but: Organization | None = None
) -> Organization | None:
    """Return who of those that put a load on the market has booked the same freight to haul it in the last day; None
    where nobody has. `but` is not asked about.
    """
    for poster in posters:
        if but is not None and poster.pk == but.pk:
            continue
        won = _won(poster, now).filter(
            load__pickup_lat=load.pickup_lat,
            load__pickup_lon=load.pickup_lon,
            load__delivery_lat=load.delivery_lat,
            load__delivery_lon=load.delivery_lon,
        )
        if any(_is_again(load, each) for each in won.exclude(load=load)[:_MOST_BOOKINGS]):
            return poster
    return None


def _won(carrier: Organization, now: datetime) -> QuerySet[Booking]:
    """Return the carrier's live bookings of the last day of others' freight, with their loads."""
    rows = Booking.objects.filter(carrier=carrier, status=BookingStatus.BOOKED, booked_at__gt=now - REPOST_WINDOW)
    return rows.exclude(shipper=carrier).select_related("load").order_by("-booked_at")


def _same_way(load: Load) -> Q:
    return Q(
        pickup_lat=load.pickup_lat,
        pickup_lon=load.pickup_lon,
        delivery_lat=load.delivery_lat,
        delivery_lon=load.delivery_lon,
    ) & ~Q(pk=load.pk)


def _is_again(load: Load, won: Booking) -> bool:
    """Say whether a load is what was booked before it, posted again; a shipper's second load of a kind is its own."""
    since = load.opened_at is not None and load.opened_at > won.booked_at
    return since and load.organization_id != won.shipper_id and _is_same(load, won.load)


def _is_same(one: Load, other: Load) -> bool:
    """Say whether two loads with the same ends are the same freight, for all that one can see."""
    tolerance = _WEIGHT_TOLERANCE * max(one.weight_pounds, other.weight_pounds)
    return (
        one.equipment == other.equipment
        and one.commodity.strip().casefold() == other.commodity.strip().casefold()
        and abs(one.weight_pounds - other.weight_pounds) <= tolerance
        and one.pickup_opens_at < other.pickup_closes_at
        and other.pickup_opens_at < one.pickup_closes_at
    )
