"""Reads of trust; the carrier that is judged comes first. Nothing of other organizations leaves but yes or no."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import reduce
from operator import or_

from django.db.models import Exists, OuterRef, Q, QuerySet

from brokers.models import Booking, BookingStatus, Claim, ClaimStatus, Offer, OfferStatus, Thread
from brokers.trust.case import Case
from brokers.trust.conduct import REPOST_WINDOW
from brokers.trust.domains import domain_of, look_alike
from brokers.trust.gathering import gathered
from foundation.accounts.federal.sources import asks_registry
from foundation.accounts.models import FederalRecord, Organization
from foundation.accounts.models.federal import FRESH_FOR
from foundation.accounts.queries import record_of
from foundation.trade.posting import Status
from loads.models import Load

_PHONE_DIGITS = 10
_WEIGHT_TOLERANCE = 0.05
_MOST_BOOKINGS = 100


def case_of(carrier: Organization, loads: Sequence[Load], now: datetime) -> Case:
    """Gather the facts about a carrier that wants these loads."""
    record = record_of(carrier)
    own_domain = domain_of(carrier.contact_email)
    found = gathered(
        carrier,
        now,
        digits=digits_of(carrier, record),
        own_domain=own_domain,
        loads=[load.pk for load in loads],
        sellers=[load.sold_by.pk for load in loads if load.sold_by.pk != carrier.pk],
    )
    return Case(
        carrier=carrier,
        loads=loads,
        now=now,
        asks_registry=asks_registry(carrier.market),
        record=record,
        cleared=found.cleared,
        shares_phone=found.shares_phone,
        shares_domain=found.shares_domain,
        shares_account=found.shares_account,
        account_changed_at=found.account_changed_at,
        own_domain=own_domain,
        looks_like=next((each for each in found.near_domains if look_alike(own_domain, domain_of(f"@{each}"))), ""),
        reposted=_reposted(carrier, now),
        load_is_reposted=found.seller_hauls
        and any(_is_reposted(load, now) for load in loads if load.sold_by.pk != carrier.pk),
        unlicensed_seller=_has_unlicensed_seller(loads, now),
        made_lately=found.made_lately,
        held_lately=found.held_lately,
    )


def pending_claims() -> QuerySet[Claim]:
    """Return the claims on hold, of all carriers, with these: for the task that checks them again."""
    return Claim.objects.filter(status=ClaimStatus.PENDING).select_related("carrier")


def unchecked_bargainers(now: datetime) -> QuerySet[Organization]:
    """Return the carriers in talks about a live offer of which the registry said nothing lately: for the task that asks
    again.
    """
    offers = Offer.objects.filter(status=OfferStatus.LIVE, expires_at__gt=now, thread__kind=Thread.Kind.CARRIAGE)
    fresh = FederalRecord.objects.filter(
        market=OuterRef("market"), usdot_number=OuterRef("usdot_number"), fetched_at__gte=now - FRESH_FOR
    )
    rows = Organization.objects.filter(~Exists(fresh), pk__in=offers.values("thread__taker"))
    return rows.exclude(usdot_number="").order_by("pk")


def held_lately(carrier: Organization, now: datetime) -> list[datetime]:
    """Return when the carrier's claims of the last day were put on hold, oldest first."""
    return list(gathered(carrier, now).held_lately)


def made_lately(carrier: Organization, now: datetime, *, settling: Sequence[int] = ()) -> list[datetime]:
    """Return when the carrier claimed, or bargained a booking, in the last hour, oldest first; without what has
    reserved the loads, by their keys, that are being settled.
    """
    return list(gathered(carrier, now, loads=settling).made_lately)


def digits_of(carrier: Organization, record: FederalRecord | None) -> list[str]:
    """Return the last ten digits of the carrier's phones: as typed, and as the registry has them."""
    typed = "".join(each for each in carrier.contact_phone if each.isdigit())[-_PHONE_DIGITS:]
    return sorted({each for each in (typed, record.phone_digits if record else "") if len(each) == _PHONE_DIGITS})


def _reposted(carrier: Organization, now: datetime) -> str:
    """Return the carrier's own posting that looks like a load it has booked in the last day, "" for none."""
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
    for load in own:
        if any(load.opened_at and load.opened_at > each.booked_at and _is_same(load, each.load) for each in won):
            return load.public_id
    return ""


def _is_reposted(load: Load, now: datetime) -> bool:
    """Say whether a load looks like one that its own seller has booked to haul in the last day."""
    won = _won(load.sold_by, now).filter(
        load__pickup_lat=load.pickup_lat,
        load__pickup_lon=load.pickup_lon,
        load__delivery_lat=load.delivery_lat,
        load__delivery_lon=load.delivery_lon,
    )
    return any(
        load.opened_at and load.opened_at > each.booked_at and _is_same(load, each.load)
        for each in won.exclude(load=load)[:_MOST_BOOKINGS]
    )


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


def _has_unlicensed_seller(loads: Iterable[Load], now: datetime) -> bool:
    """Say whether a broker that sells one of the loads may not broker, as far as the registry's fresh answer goes."""
    for load in loads:
        if load.seller is None:
            continue
        found = record_of(load.seller)
        if found is not None and found.outcome == "found" and found.is_fresh(now) and not found.may_broker:
            return True
    return False
