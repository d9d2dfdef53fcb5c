"""Reads of trust; the carrier that is judged comes first. Nothing of other organizations leaves but yes or no."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from brokers.models import Claim, ClaimStatus, Offer, OfferStatus, Thread
from brokers.trust.case import Case
from brokers.trust.domains import domain_of, look_alike
from brokers.trust.gathering import gathered
from brokers.trust.reposting import posters_of, reposted_by, reposter_of
from foundation.accounts.federal.sources import asks_registry
from foundation.accounts.models import FederalRecord, Organization
from foundation.accounts.models.federal import FRESH_FOR
from foundation.accounts.queries import record_of
from loads.models import Load

_PHONE_DIGITS = 10


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
        sellers=sorted({each.pk for load in loads for each in posters_of(load)} - {carrier.pk}),
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
        reposted=reposted_by(carrier, now),
        load_is_reposted=found.seller_hauls
        and any(reposter_of(load, posters_of(load), now, but=carrier) is not None for load in loads),
        unlicensed_seller=has_unlicensed_seller(loads, now),
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


def has_unlicensed_seller(loads: Iterable[Load], now: datetime) -> bool:
    """Say whether a broker that sells one of the loads may not broker, as far as the registry's fresh answer goes."""
    for load in loads:
        if load.seller is None:
            continue
        found = record_of(load.seller)
        if found is not None and found.outcome == "found" and found.is_fresh(now) and not found.may_broker:
            return True
    return False
