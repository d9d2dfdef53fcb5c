from datetime import timedelta

import pytest

from foundation.accounts.models import Organization, Relationship
from foundation.accounts.queries import brokers_representing, relationships_of, represented_by
from foundation.accounts.services import (
    answer_request,
    ask_for_relationship,
    end_relationship,
    set_relationship,
    withdraw_request,
)
from foundation.events.models import AuditEntry, FeedEntry
from foundation.trade import clock
from foundation.trade.errors import Conflict, Forbidden, Invalid, NotFound
from tests.builders import make_actor, make_organization

pytestmark = pytest.mark.django_db


@pytest.fixture
def carrier():
    return make_actor(make_organization("Prairie Freight", hauls=True, usdot_number="1234567"))


@pytest.fixture
def broker():
    return make_actor(make_organization("Lakeside Brokers", brokers=True, usdot_number="7654321"))


def test_a_carrier_lets_a_broker_act_for_it_until_it_ends_that(carrier, broker):
    given = set_relationship(actor=carrier, taker_public_id=broker.organization.public_id, kind="represents")
    assert list(represented_by(broker.organization)) == [carrier.organization]
    assert list(brokers_representing(carrier.organization)) == [broker.organization]
    end_relationship(actor=carrier, relationship_id=given.public_id)
    assert list(represented_by(broker.organization)) == []


def test_the_taker_is_named_by_usdot_number_too(carrier, broker):
    assert set_relationship(actor=carrier, taker_public_id=" 7654321 ", kind="partner").taker == broker.organization


@pytest.mark.parametrize("text", ["", "org_nothing", "1234567", "99", "Lakeside Brokers"])
def test_a_company_that_is_not_found_is_said_beside_its_field(carrier, broker, text):
    with pytest.raises(Invalid, match="No company here") as caught:
        set_relationship(actor=carrier, taker_public_id=text, kind="partner")
    assert caught.value.problems[0].field == "taker"


def test_another_market_and_an_unverified_number_are_not_found(carrier):
    make_organization("Sandy", market="sandbox", brokers=True, usdot_number="5555555")
    make_organization("Newcomer", verified=False, brokers=True, usdot_number="6666666")
    for number in ("5555555", "6666666"):
        with pytest.raises(Invalid):
            set_relationship(actor=carrier, taker_public_id=number, kind="partner")


def test_only_a_broker_can_act_for_others(carrier):
    shipper = make_organization("Shipper")
    with pytest.raises(Invalid, match="not set up as a broker"):
        set_relationship(actor=carrier, taker_public_id=shipper.public_id, kind="represents")


def test_giving_twice_is_once_and_the_last_day_moves(carrier, broker):
    organization_id = broker.organization.public_id
    first = set_relationship(actor=carrier, taker_public_id=organization_id, kind="partner")
    assert set_relationship(actor=carrier, taker_public_id=organization_id, kind="partner") == first
    until = clock.now() + timedelta(days=30)
    set_relationship(actor=carrier, taker_public_id=organization_id, kind="partner", valid_until=until)
    assert Relationship.objects.get().valid_until == until
    with pytest.raises(Invalid, match="after today"):
        set_relationship(actor=carrier, taker_public_id=organization_id, kind="partner", valid_until=clock.now())


def test_blocking_ends_the_rest_and_only_the_blocker_knows(carrier, broker):
    organization_id = broker.organization.public_id
    set_relationship(actor=carrier, taker_public_id=organization_id, kind="represents")
    set_relationship(actor=carrier, taker_public_id=organization_id, kind="blocked")
    assert list(represented_by(broker.organization)) == []
    assert relationships_of(broker.organization, clock.now()) == []
    blocked = Relationship.objects.get(kind="blocked")
    assert not FeedEntry.objects.filter(event__subject=blocked.public_id, organization_id=organization_id).exists()
    assert not AuditEntry.objects.filter(subject=blocked.public_id, organization_id=organization_id).exists()
    with pytest.raises(NotFound):
        end_relationship(actor=broker, relationship_id=blocked.public_id)
    with pytest.raises(Conflict, match="You block"):
        set_relationship(actor=carrier, taker_public_id=organization_id, kind="partner")


def test_a_broker_asks_and_the_giver_grants(carrier, broker):
    request = ask_for_relationship(actor=broker, giver_public_id="1234567", kind="represents", message="As agreed")
    assert ask_for_relationship(actor=broker, giver_public_id="1234567", kind="represents") == request
    assert list(represented_by(broker.organization)) == []
    with pytest.raises(NotFound):
        answer_request(actor=broker, request_id=request.public_id, grant=True)
    answer_request(actor=carrier, request_id=request.public_id, grant=True)
    assert list(represented_by(broker.organization)) == [carrier.organization]
    with pytest.raises(Conflict, match="already"):
        answer_request(actor=carrier, request_id=request.public_id, grant=False)
    with pytest.raises(Conflict, match="stands already"):
        ask_for_relationship(actor=broker, giver_public_id="1234567", kind="represents")


def test_a_request_is_declined_or_taken_back(carrier, broker):
    first = ask_for_relationship(actor=broker, giver_public_id="1234567", kind="represents")
    answer_request(actor=carrier, request_id=first.public_id, grant=False)
    second = ask_for_relationship(actor=broker, giver_public_id="1234567", kind="partner")
    with pytest.raises(NotFound):
        withdraw_request(actor=carrier, request_id=second.public_id)
    withdraw_request(actor=broker, request_id=second.public_id)
    with pytest.raises(Conflict):
        answer_request(actor=carrier, request_id=second.public_id, grant=True)
    assert not Relationship.objects.exists()


def test_who_is_blocked_asks_into_the_void(carrier, broker):
    set_relationship(actor=carrier, taker_public_id=broker.organization.public_id, kind="blocked")
    request = ask_for_relationship(actor=broker, giver_public_id="1234567", kind="represents")
    assert not FeedEntry.objects.filter(event__subject=request.public_id).exists()


def test_an_unverified_organization_does_not_ask(carrier):
    newcomer = make_actor(make_organization("Newcomer", verified=False, brokers=True))
    with pytest.raises(Conflict, match="not verified yet"):
        ask_for_relationship(actor=newcomer, giver_public_id="1234567", kind="represents")


@pytest.mark.parametrize("role", ["dispatcher", "viewer", "driver"])
def test_only_owners_change_relationships(carrier, broker, role):
    colleague = make_actor(carrier.organization, role)
    with pytest.raises(Forbidden):
        set_relationship(actor=colleague, taker_public_id=broker.organization.public_id, kind="partner")
    with pytest.raises(Forbidden):
        ask_for_relationship(actor=colleague, giver_public_id="7654321", kind="partner")


def test_a_broker_that_is_verified_no_longer_represents_nobody(carrier, broker):
    set_relationship(actor=carrier, taker_public_id=broker.organization.public_id, kind="represents")
    Organization.objects.filter(pk=broker.organization.pk).update(verified_at=None)
    broker.organization.refresh_from_db()
    assert list(represented_by(broker.organization)) == []
    assert list(brokers_representing(carrier.organization)) == []
