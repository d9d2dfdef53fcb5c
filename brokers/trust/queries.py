"""Reads of trust; the carrier that is judged comes first. Nothing of other organizations leaves but yes or no."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet
from django.db.models.functions import Length

from brokers.models import Booking, BookingStatus, Claim, ClaimedLoad, ClaimStatus
from brokers.trust.case import Case
from brokers.trust.conduct import HOLD_WINDOW, REPOST_WINDOW, RUSH_WINDOW
from brokers.trust.domains import domain_of, look_alike
from foundation.accounts.federal.sources import asks_registry
from foundation.accounts.models import FederalRecord, Organization, Verification
from foundation.accounts.models.organizations import email_domain, phone_digits
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
    return Case(
        carrier=carrier,
        loads=loads,
        now=now,
        asks_registry=asks_registry(carrier.market),
        record=record,
        cleared=_cleared(carrier),
        shares_phone=_shares_phone(carrier, record),
        shares_domain=_shares_domain(carrier, own_domain),
        own_domain=own_domain,
        looks_like=_looks_like(carrier, own_domain),
        reposted=_reposted(carrier, now),
        load_is_reposted=any(_is_reposted(load, now) for load in loads if load.sold_by.pk != carrier.pk),
        unlicensed_seller=_has_unlicensed_seller(loads, now),
        made_lately=made_lately(carrier, now, settling=loads),
        held_lately=held_lately(carrier, now, settling=loads),
    )


def pending_claims() -> QuerySet[Claim]:
    """Return the claims on hold, of all carriers, with these: for the task that checks them again."""
    return Claim.objects.filter(status=ClaimStatus.PENDING).select_related("carrier")


def held_lately(carrier: Organization, now: datetime, settling: Sequence[Load] = ()) -> list[datetime]:
    """Return when the carrier's claims of the last day were put on hold, oldest first.

    The pending claim of the loads that are being settled does not count against itself.
    """
    rows = Claim.objects.filter(carrier=carrier, made_at__gt=now - HOLD_WINDOW, held_until__isnull=False)
    rows = rows.exclude(_being_settled(settling))
    return list(rows.order_by("made_at").values_list("made_at", flat=True))


def _being_settled(loads: Sequence[Load]) -> Q:
    """Return the condition of a pending claim of any of these loads: a load has one at most."""
    held = ClaimedLoad.objects.filter(load__in=[load.pk for load in loads], is_held=True)
    return Q(pk__in=held.values("claim"))


def made_lately(carrier: Organization, now: datetime, settling: Sequence[Load] = ()) -> list[datetime]:
    """Return when the carrier claimed, or bargained a booking, in the last hour, oldest first.

    The pending claim of the loads that are being settled does not count against itself.
    """
    rows = Claim.objects.filter(carrier=carrier, made_at__gt=now - RUSH_WINDOW).exclude(_being_settled(settling))
    claims = rows.values_list("made_at", flat=True)
    bargained = Booking.objects.filter(carrier=carrier, booked_at__gt=now - RUSH_WINDOW, offer__isnull=False)
    return sorted([*claims, *bargained.values_list("booked_at", flat=True)])


def _cleared(carrier: Organization) -> frozenset[tuple[str, str]]:
    rows = Verification.objects.filter(organization=carrier, decision=Verification.Decision.CLEARED)
    return frozenset(rows.values_list("rule", "about"))


def _others(carrier: Organization) -> QuerySet[Organization]:
    """Return the market's organizations that were verified before the carrier.

    Contacts are typed by their owners: whoever comes later with another's contact is the one to ask, never the other.
    """
    rows = Organization.objects.filter(market=carrier.market, verified_at__isnull=False).exclude(pk=carrier.pk)
    return rows.filter(verified_at__lt=carrier.verified_at) if carrier.verified_at else rows


def _shares_phone(carrier: Organization, record: FederalRecord | None) -> bool:
    typed = "".join(each for each in carrier.contact_phone if each.isdigit())[-_PHONE_DIGITS:]
    digits = {each for each in (typed, record.phone_digits if record else "") if len(each) == _PHONE_DIGITS}
    if not digits:
        return False
    of_others = FederalRecord.objects.filter(market=carrier.market, phone_digits__in=digits)
    typed_by_others = _others(carrier).filter(hauls=True).annotate(digits=phone_digits()).filter(digits__in=digits)
    return of_others.exclude(usdot_number=carrier.usdot_number).exists() or typed_by_others.exists()


def _shares_domain(carrier: Organization, own_domain: str) -> bool:
    if not own_domain:
        return False
    return _others(carrier).filter(hauls=True).annotate(domain=email_domain()).filter(domain=own_domain).exists()


def _looks_like(carrier: Organization, own_domain: str) -> str:
    """Return the older company's domain that the carrier's is easily mistaken for, "" for none."""
    if not own_domain:
        return ""
    near = (
        _others(carrier)
        .annotate(domain=email_domain())
        .annotate(letters=Length("domain"))
        .filter(letters__gte=len(own_domain) - 4, letters__lte=len(own_domain) + 4)
        .order_by("domain")
        .values_list("domain", flat=True)
        .distinct()
    )
    return next((each for each in near.iterator() if look_alike(own_domain, domain_of(f"@{each}"))), "")


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
