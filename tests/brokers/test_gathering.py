"""What the rules count and compare in one statement is what a slow, obvious reading of the same rows says."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from brokers.models import Booking, BookingStatus, Claim, ClaimStatus
from brokers.trust import conduct
from brokers.trust.domains import domain_of
from brokers.trust.gathering import Gathered, gathered
from brokers.trust.queries import digits_of
from foundation.accounts.models import FederalRecord, Organization, PaymentAccount, Verification
from foundation.accounts.queries import record_of
from loads.models import Load
from tests.brokers.bargains import make_deal, offer_by
from tests.brokers.booked import claim, going_home, open_load
from tests.builders import make_organization, make_record, make_truck, now

pytestmark = pytest.mark.django_db

WORLDS = 12
DOMAINS = ("acme.example", "acne.example", "longer-name.example", "gmail.com", "")
PHONES = ("312-555-0100", "+1 (312) 555-0100", "214 555 0199", "5550100", "")
HOURS = (0.2, 0.9, 1.1, 5, 23, 25, 24 * 6, 24 * 8, 24 * 80, 24 * 100)


def slowly(
    carrier: Organization,
    at: datetime,
    *,
    digits: Sequence[str],
    own_domain: str,
    loads: Sequence[int],
    sellers: Sequence[int],
) -> Gathered:
    """Read everything row by row, and count in Python."""
    others = [
        each
        for each in Organization.objects.filter(market=carrier.market).exclude(pk=carrier.pk)
        if each.verified_at and (carrier.verified_at is None or each.verified_at < carrier.verified_at)
    ]
    cleared = Verification.objects.filter(organization=carrier, decision="cleared")
    records = FederalRecord.objects.filter(market=carrier.market).exclude(usdot_number=carrier.usdot_number)
    phones = {_digits(each.contact_phone) for each in others if each.hauls} | {each.phone_digits for each in records}
    domains = {_domain(each) for each in others}
    own = PaymentAccount.objects.filter(organization=carrier, ended_at__isnull=True).first()
    had_another = PaymentAccount.objects.filter(organization=carrier, ended_at__isnull=False).exists()
    settling = {
        each.pk for each in Claim.objects.all() if any(row.is_held and row.load_id in loads for row in each.loads.all())
    }
    claims = [each for each in Claim.objects.filter(carrier=carrier) if each.pk not in settling]
    bookings = Booking.objects.filter(carrier=carrier, booked_at__gt=at - conduct.RUSH_WINDOW, offer__isnull=False)
    made = [
        each.made_at
        for each in claims
        if each.made_at > at - conduct.RUSH_WINDOW and not (each.offer_id and each.status == ClaimStatus.BOOKED)
    ]
    return Gathered(
        cleared=frozenset((each.rule, each.about) for each in cleared),
        shares_phone=any(each in phones for each in digits),
        shares_domain=bool(own_domain) and own_domain in {_domain(each) for each in others if each.hauls},
        shares_account=own is not None
        and bool(own.fingerprint)
        and any(_is_shared(own, each, at) for each in _accounts()),
        account_changed_at=own.set_at if own and had_another and own.set_at > at - conduct.ACCOUNT_WINDOW else None,
        near_domains=sorted(each for each in domains if own_domain and abs(len(each) - len(own_domain)) <= 4),
        made_lately=sorted(made + [each.booked_at for each in bookings]),
        held_lately=sorted(
            each.made_at
            for each in claims
            if each.held_until
            and each.made_at > at - conduct.HOLD_WINDOW
            and each.status != ClaimStatus.BOOKED
            and not each.spared
        ),
        seller_hauls=any(
            each.carrier_id in sellers
            and each.status == BookingStatus.BOOKED
            and each.booked_at > at - conduct.REPOST_WINDOW
            for each in Booking.objects.all()
        ),
    )


def _accounts() -> Sequence[PaymentAccount]:
    return list(PaymentAccount.objects.select_related("organization"))


def _is_shared(own: PaymentAccount, theirs: PaymentAccount, at: datetime) -> bool:
    other = theirs.organization
    left = theirs.ended_at is not None and theirs.ended_at <= at - conduct.LEFT_ACCOUNT_COUNTS
    counts = other.hauls and other.is_verified and other.market == own.organization.market and other != own.organization
    return counts and not left and theirs.fingerprint == own.fingerprint and theirs.set_at < own.set_at


def _digits(text: str) -> str:
    return "".join(each for each in text if each in "0123456789")[-10:]


def _domain(organization: Organization) -> str:
    return organization.contact_email.partition("@")[2].lower()


def _company(dice: Random, at: datetime, number: int) -> Organization:
    verified = dice.choice([None, *(at - timedelta(days=each) for each in (1, 40, 41, 400))])
    domain = dice.choice(DOMAINS)
    made = make_organization(
        f"Company {number}",
        hauls=dice.random() < 0.8,
        usdot_number=str(1_000_000 + number),
        contact_phone=dice.choice(PHONES),
        contact_email=f"boss@{domain}" if domain else "",
        market=dice.choice(["live", "live", "live", "sandbox"]),
    )
    Organization.objects.filter(pk=made.pk).update(verified_at=verified)
    made.refresh_from_db()
    if dice.random() < 0.5:
        make_record(made, phone_digits=dice.choice(["", "3125550100", "2145550199"]))
    if dice.random() < 0.3:
        fields: dict[str, Any] = {"decision": "cleared", "decided_by": "op", "decided_at": at}
        Verification.objects.create(
            organization=made, rule="lookalike_domain", about=dice.choice(DOMAINS[:3]), **fields
        )
    _paid(dice, at, made)
    return made


def _paid(dice: Random, at: datetime, company: Organization) -> None:
    ended_at = None
    for _ in range(dice.randrange(4)):
        set_at = at - timedelta(hours=dice.choice(HOURS), minutes=dice.randrange(60))
        if ended_at is not None and set_at >= ended_at:
            continue
        bank = dice.random() < 0.8
        fields: dict[str, Any] = {"fingerprint": dice.choice("abc") * 64, "last_four": "1234"} if bank else {}
        kind = "bank" if bank else "factor"
        PaymentAccount.objects.create(
            organization=company, kind=kind, name="X", set_at=set_at, ended_at=ended_at, **fields
        )
        ended_at = set_at


def _happened(dice: Random, at: datetime, companies: Sequence[Organization], loads: Sequence[Load]) -> None:
    free = list(loads)
    for company in companies:
        for _ in range(dice.randrange(4)):
            made_at = at - timedelta(hours=dice.choice(HOURS[:6]), minutes=dice.randrange(30))
            status = dice.choice([ClaimStatus.PENDING, ClaimStatus.RELEASED, ClaimStatus.BOOKED])
            held = status == ClaimStatus.PENDING or dice.random() < 0.5
            made = Claim.objects.create(
                carrier=company,
                truck=make_truck(company),
                status=status,
                made_at=made_at,
                made_by_organization=company,
                held_until=made_at + timedelta(minutes=10) if held else None,
                closed_at=None if status == ClaimStatus.PENDING else made_at,
                spared=status == ClaimStatus.RELEASED and dice.random() < 0.5,
            )
            if status == ClaimStatus.PENDING and free:
                load = free.pop()
                made.loads.create(position=0, load=load, load_version=1, rate_cents=1, is_held=True)


@pytest.mark.parametrize("seed", range(WORLDS))
def test_the_statement_agrees_with_its_slow_twin_on_small_worlds(seed: int, straight_roads: None) -> None:
    dice, at = Random(seed), now()
    companies = [_company(dice, at, number) for number in range(6)]
    shipper, hauler = make_organization("Prairie Paper"), make_organization("Ruiz Trucking", hauls=True)
    loads = [open_load(shipper) for _ in range(6)]
    _happened(dice, at, companies, loads)
    booked = claim(hauler, open_load(shipper), going_home(hauler)).loads.get().booking
    assert booked is not None
    bargained = dice.choice([hauler, *companies])
    Booking.objects.filter(pk=booked.pk).update(
        carrier=bargained,
        booked_at=at - timedelta(hours=dice.choice(HOURS[:6])),
        status=BookingStatus.BOOKED,
    )
    if dice.random() < 0.7:  # bargained over, at once or after a hold
        deal = make_deal()
        offer = offer_by(deal.carrier, deal.leg, deal.load)
        Booking.objects.filter(pk=booked.pk).update(offer=offer)
        Claim.objects.filter(carrier=bargained).exclude(status=ClaimStatus.PENDING).update(offer=offer)
    for company in [*companies, hauler]:
        record = record_of(company)
        asked: dict[str, Any] = {
            "digits": digits_of(company, record),
            "own_domain": domain_of(company.contact_email),
            "loads": [each.pk for each in dice.sample(loads, 2)],
            "sellers": [each.pk for each in dice.sample(companies, 2)],
        }
        assert gathered(company, at, **asked) == slowly(company, at, **asked), (seed, company)
