"""Where a carrier is paid: who says it, what is kept of it, and who is told."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from brokers.models import Booking
from brokers.paying import SHOWN_FOR, pays_to
from brokers.trust import flags_for_seller, judge_claim
from foundation.accounts.actor import KEY_SCOPES, Actor
from foundation.accounts.models import Organization, PaymentAccount, Role
from foundation.accounts.services import PaymentTerms, set_payment_account
from foundation.accounts.services.payments import fingerprint_of, is_routing_number, last_four_of
from foundation.events.models import AuditEntry, FeedEntry, Mail
from foundation.trade import clock
from foundation.trade.errors import Conflict, Forbidden, Invalid
from loads.services import sell_load
from tests.brokers.booked import claim, going_home, open_load
from tests.builders import make_actor, make_load, make_organization, make_person, make_record, now
from tests.events.pump import pump
from tests.matching.conftest import sign_in, straight_roads
from tests.rest.clients import ApiClient

__all__ = ["sign_in", "straight_roads"]
pytestmark = pytest.mark.django_db

ROUTING, NUMBER = "021000021", "000123456789"


@pytest.fixture
def owner() -> Actor:
    return make_actor(make_organization("Ruiz Trucking", hauls=True, usdot_number="1234567"))


def bank(number: str = NUMBER, routing: str = ROUTING, name: str = "Ruiz Trucking LLC") -> PaymentTerms:
    return PaymentTerms(kind="bank", name=name, routing_number=routing, account_number=number)


def flags(carrier: Organization) -> dict[str, str]:
    judgement = judge_claim(carrier=carrier, loads=[make_load()], now=clock.now())
    return {each.rule: each.sentence for each in judgement.flags}


@pytest.mark.parametrize(
    ("digits", "fits"),
    [
        ("021000021", True),
        ("011401533", True),
        ("322271627", True),
        ("021000022", False),
        ("000000000", False),
        ("120000003", True),
        ("130000006", False),
        ("800000006", False),
        ("02100002", False),
        ("0210000210", False),
        ("02100002a", False),
        ("٠٢١٠٠٠٠٢١", False),
        ("", False),
    ],
)
def test_a_routing_number_has_its_prefix_and_its_check_digit(digits: str, fits: bool) -> None:
    assert is_routing_number(digits) is fits


@pytest.mark.parametrize(
    ("number", "shown"), [("12345", "45"), ("1234567", "67"), ("0000012345", "45"), ("12345678", "5678")]
)
def test_of_a_short_number_less_is_shown(number: str, shown: str) -> None:
    assert last_four_of(number) == shown


def test_a_fingerprint_depends_on_both_numbers_and_on_the_secret(settings) -> None:
    made = fingerprint_of(ROUTING, NUMBER)
    assert made not in (fingerprint_of(ROUTING, NUMBER[:-1] + "0"), fingerprint_of("011401533", NUMBER))
    assert made == fingerprint_of(ROUTING, NUMBER)
    for same in ("123456789", "0123456789", "00000000123456789", "000-1234 56789"):
        assert fingerprint_of(ROUTING, same) == made
    settings.SECRET_KEY = "another"
    assert made != fingerprint_of(ROUTING, NUMBER)


def test_only_a_fingerprint_and_its_end_are_kept_anywhere(owner: Actor) -> None:
    set_payment_account(actor=owner, terms=bank("0001-2345 6789"))
    pump()
    account = PaymentAccount.objects.get()
    assert (account.last_four, account.fingerprint) == ("6789", fingerprint_of(ROUTING, NUMBER))
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = [row[0] for row in cursor.fetchall()]
        for table in tables:
            for text in (NUMBER, NUMBER.lstrip("0"), ROUTING):
                cursor.execute(f'SELECT COUNT(*) FROM "{table}" AS row WHERE row::text LIKE %s', [f"%{text}%"])
                assert cursor.fetchone()[0] == 0, table
    assert NUMBER not in repr(bank())


def test_the_audit_says_that_it_changed_and_no_number(owner: Actor) -> None:
    set_payment_account(actor=owner, terms=bank())
    entry = AuditEntry.objects.get(action="organization.payment_changed")
    assert entry.changes == {"kind": [None, "bank"]}
    fact = FeedEntry.objects.get(event__name="organization.payment_changed")
    assert fact.organization_id == owner.organization.public_id
    assert fact.payload.keys() == {"is_first", "changed_at"}


def test_every_owner_has_a_mail_and_nobody_else(owner: Actor) -> None:
    second = make_person(owner.organization, Role.OWNER)
    make_person(owner.organization, Role.DISPATCHER)
    set_payment_account(actor=owner, terms=bank())
    assert owner.person is not None
    mails = Mail.objects.filter(kind="payment")
    assert {each.recipient for each in mails} == {owner.person.email, second.email}
    assert all("ends in 6789" in each.text and NUMBER not in each.text for each in mails)
    assert {each.organization_id for each in mails} == {""}, "it stands on no page that dispatchers read"


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        (bank(routing="021000022"), "routing_number"),
        (bank(number="1234"), "account_number"),
        (bank(number="12345678901234567890"), "account_number"),
        (bank(number="12A45678"), "account_number"),
        (bank(number="00000000"), "account_number"),
        (bank(name=" "), "name"),
        (PaymentTerms(kind="cash", name="X"), "kind"),
        (PaymentTerms(kind="factor", name=""), "name"),
        (PaymentTerms(kind="factor", name="Prompt Factors", account_number="123456"), "account_number"),
    ],
)
def test_bad_input_is_refused_at_its_field_and_repeats_no_number(owner: Actor, terms: PaymentTerms, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        set_payment_account(actor=owner, terms=terms)
    assert [each.field for each in refused.value.problems] == [field]
    assert all(each.isalpha() or terms.account_number not in each for each in [refused.value.sentence]) or (
        not terms.account_number
    )


def test_a_factoring_company_is_named_and_has_no_fingerprint(owner: Actor) -> None:
    account = set_payment_account(actor=owner, terms=PaymentTerms(kind="factor", name="Prompt  Factors"))
    assert (account.name, account.fingerprint, account.last_four) == ("Prompt Factors", "", "")


def test_the_same_again_changes_nothing(owner: Actor) -> None:
    first = set_payment_account(actor=owner, terms=bank())
    assert set_payment_account(actor=owner, terms=bank()).pk == first.pk
    assert Mail.objects.filter(kind="payment").count() == 1
    assert "account_changed" not in flags(owner.organization)


def test_only_an_owner_who_is_signed_in_says_it_and_only_of_a_carrier(owner: Actor) -> None:
    for role in (Role.DISPATCHER, Role.VIEWER):
        with pytest.raises(Forbidden):
            set_payment_account(actor=make_actor(owner.organization, role=role), terms=bank())
    key = Actor(organization=owner.organization, scopes=KEY_SCOPES | {"organization:write"}, key_id="key_1")
    with pytest.raises(Forbidden):
        set_payment_account(actor=key, terms=bank())
    with pytest.raises(Conflict):
        set_payment_account(actor=make_actor(make_organization("Prairie Paper")), terms=bank())


def test_a_fourth_change_within_a_day_waits_and_the_first_entry_is_none(owner: Actor) -> None:
    for number in ("11111111", "22222222", "33333333", "44444444"):
        set_payment_account(actor=owner, terms=bank(number))
    with pytest.raises(Conflict, match="3 times within a day"):
        set_payment_account(actor=owner, terms=bank("55555555"))
    first = PaymentAccount.objects.order_by("pk").first()
    assert first is not None
    PaymentAccount.objects.filter(pk=first.pk).update(
        set_at=now() - timedelta(days=2), ended_at=now() - timedelta(days=1, minutes=1)
    )
    set_payment_account(actor=owner, terms=bank("55555555"))


def test_a_change_is_flagged_for_seven_days_and_the_first_entry_is_none(owner: Actor) -> None:
    make_record(owner.organization)
    set_payment_account(actor=owner, terms=bank())
    assert "account_changed" not in flags(owner.organization)
    PaymentAccount.objects.update(set_at=now() - timedelta(days=30))
    set_payment_account(actor=owner, terms=bank("99999999"))
    assert flags(owner.organization)["account_changed"].startswith("You changed where you are paid on")
    judgement = judge_claim(carrier=owner.organization, loads=[make_load()], now=clock.now())
    (told,) = flags_for_seller(judgement.stored())
    assert "call it on a number that you knew before" in told
    PaymentAccount.objects.filter(ended_at__isnull=True).update(set_at=now() - timedelta(days=7, minutes=1))
    assert "account_changed" not in flags(owner.organization)


def test_who_comes_later_with_another_carriers_account_is_flagged_and_names_nobody(owner: Actor) -> None:
    later = make_actor(make_organization("Copy Trucking", hauls=True, usdot_number="7654321"))
    for each in (owner, later):
        make_record(each.organization)
        set_payment_account(actor=each, terms=bank(name="X"))
        PaymentAccount.objects.filter(organization=each.organization).update(
            set_at=now() - timedelta(days=30 if each is owner else 20)
        )
    assert "shared_account" not in flags(owner.organization)
    assert "shared_account" in flags(later.organization)
    judgement = judge_claim(carrier=later.organization, loads=[make_load()], now=clock.now())
    (found,) = [each for each in judgement.results if each.rule == "shared_account"]
    assert "Ruiz" not in f"{found.sentence}{found.told}{found.inputs}"
    set_payment_account(actor=owner, terms=bank("99999999"))
    assert "shared_account" in flags(later.organization), "it was left a moment ago"
    left = PaymentAccount.objects.filter(organization=owner.organization, ended_at__isnull=False)
    left.update(set_at=now() - timedelta(days=100))
    left.update(ended_at=now() - timedelta(days=91))
    assert "shared_account" not in flags(later.organization)


@pytest.mark.parametrize("written", ["12345678", "0012345678", "00000000012345678", "00-1234 5678"])
def test_another_carriers_account_is_known_however_many_zeros_stand_in_front(owner: Actor, written: str) -> None:
    later = make_actor(make_organization("Copy Trucking", hauls=True, usdot_number="7654321"))
    set_payment_account(actor=owner, terms=bank("0012345678"))
    PaymentAccount.objects.update(set_at=now() - timedelta(days=30))
    set_payment_account(actor=later, terms=bank(written))
    assert "shared_account" in flags(later.organization)


def test_two_carriers_of_one_factoring_company_share_nothing(owner: Actor) -> None:
    other = make_actor(make_organization("Other Trucking", hauls=True, usdot_number="7654321"))
    for each in (owner, other):
        make_record(each.organization)
        set_payment_account(actor=each, terms=PaymentTerms(kind="factor", name="Prompt Factors"))
        assert "shared_account" not in flags(each.organization)


def test_the_page_shows_the_end_and_never_what_was_typed(owner: Actor, sign_in: Callable[..., Client]) -> None:
    client = sign_in(owner.organization, Role.OWNER)
    sent = {"kind": "bank", "name": "Ruiz LLC", "routing_number": "021000022", "account_number": NUMBER}
    refused = client.post("/organization/payment/", sent)
    assert refused.status_code == 422
    assert NUMBER not in refused.content.decode()
    assert "check" in refused.content.decode()
    saved = client.post("/organization/payment/", sent | {"routing_number": ROUTING}, follow=True)
    page = saved.content.decode()
    assert "ends in 6789" in page
    assert NUMBER not in page
    assert ROUTING not in page


def test_over_rest_it_is_put_by_a_signed_in_owner_and_answered_without_numbers(
    owner: Actor, sign_in: Callable[..., Client]
) -> None:
    body = {"kind": "bank", "name": "Ruiz LLC", "routing_number": ROUTING, "account_number": NUMBER}
    path = "/api/v1/payment-account"
    assert ApiClient(owner.organization).get(path).status_code == 403, "no key may"
    client = sign_in(owner.organization, Role.OWNER)
    assert client.get(path).status_code == 404
    answer = client.put(path, body, content_type="application/json")
    assert answer.status_code == 200, answer.content
    assert (answer.json()["last_four"], answer.json()["kind"]) == ("6789", "bank")
    assert NUMBER not in answer.content.decode()
    assert ROUTING not in client.get(path).content.decode()
    wrong = client.put(path, body | {"routing_number": "1"}, content_type="application/json")
    assert wrong.status_code == 422
    assert NUMBER not in wrong.content.decode()


def test_both_sides_of_a_booking_read_how_the_account_ends_and_that_it_changed(
    owner: Actor, sign_in: Callable[..., Client], straight_roads: None
) -> None:
    shipper, broker, carrier = make_organization("Prairie Paper"), make_organization(brokers=True), owner.organization
    set_payment_account(actor=owner, terms=bank())
    load = open_load(shipper, rate_cents=None, book_now=False)
    sell_load(load=load, seller=broker, shipper_rate_cents=2_700_00, actor="system", now=now())
    load.refresh_from_db()
    load.rate_cents, load.book_now = 2_400_00, True
    load.save()
    booking = claim(carrier, load, going_home(carrier), actor=owner).loads.get().booking
    assert booking is not None
    path = f"/api/v1/bookings/{booking.public_id}"
    for side in (carrier, broker):
        seen = ApiClient(side).get(path).json()["pays_to"]
        assert (seen["last_four"], seen["name"], seen["changed_since_booked"]) == ("6789", "Ruiz Trucking LLC", False)
    assert "pays_to" not in ApiClient(shipper).get(path).json(), "it pays the broker"
    set_payment_account(actor=owner, terms=bank("77778888"))
    assert ApiClient(broker).get(path).json()["pays_to"]["changed_since_booked"] is True
    page = sign_in(broker).get(f"/bookings/{booking.public_id}/").content.decode()
    assert "ending in 8888" in page
    assert "after this was booked" in page
    assert "ending in" not in sign_in(shipper).get(f"/bookings/{booking.public_id}/").content.decode()


def test_who_has_nothing_to_pay_any_more_reads_no_account(
    owner: Actor, sign_in: Callable[..., Client], straight_roads: None
) -> None:
    shipper, carrier = make_organization("Prairie Paper"), owner.organization
    set_payment_account(actor=owner, terms=bank())
    load = open_load(shipper, tonu_cents=250_00)
    booking = claim(carrier, load, going_home(carrier), actor=owner).loads.get().booking
    assert booking is not None

    def is_read(party: Organization) -> bool:
        page = sign_in(party).get(f"/bookings/{booking.public_id}/").content.decode()
        found = ApiClient(party).get(f"/api/v1/bookings/{booking.public_id}").json()["pays_to"]
        assert ("ending in 6789" in page) is (found is not None)
        return found is not None

    assert is_read(shipper)
    until = load.last_stop.closes_at + SHOWN_FOR
    assert pays_to(booking, until - timedelta(seconds=1)) is not None
    assert pays_to(booking, until) is None
    cancelled = {"status": "cancelled", "cancelled_at": now(), "cancel_reason": "other", "cancelled_for": shipper}
    Booking.objects.filter(pk=booking.pk).update(**cancelled)
    assert [is_read(party) for party in (shipper, carrier)] == [False, False], "nothing is owed"
    Booking.objects.filter(pk=booking.pk).update(owed_by=shipper, owed_tonu_cents=250_00)
    assert is_read(shipper), "the TONU has to be paid"
