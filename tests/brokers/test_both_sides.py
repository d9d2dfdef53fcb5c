"""Who stands on both sides says so to both: in the booking and the claim, on their pages, by notice and by mail."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from brokers.models import Booking, Claim
from brokers.services import claims
from brokers.services.offers import accept_offer
from brokers.trust import Judgement, RuleResult
from foundation.accounts.models import Organization, Relationship, RelationshipKind
from foundation.events.models import Mail, Notice
from loads.models import Load
from loads.services import sell_load
from tests.brokers.bargains import all_at_once, make_deal, offer_by
from tests.brokers.booked import claim, going_home, open_load
from tests.builders import make_actor, make_person, make_relationship, now
from tests.events.pump import pump
from tests.rest.clients import ApiClient


def _sold(shipper: Organization, broker: Organization) -> Load:
    load = open_load(shipper, rate_cents=None, book_now=False)
    sell_load(load=load, seller=broker, shipper_rate_cents=2_700_00, actor="system", now=now())
    load.refresh_from_db()
    load.rate_cents, load.book_now = 2_400_00, True
    load.save()
    return load


def _sentence(broker: Organization) -> str:
    return f"{broker.name} acts for both sides of this booking."


@pytest.fixture
def claimed(shipper: Organization, carrier: Organization, broker: Organization) -> Claim:
    """Let a broker claim the load that it sells for a carrier that it acts for."""
    make_relationship(carrier, broker, RelationshipKind.REPRESENTS)
    return claim(carrier, _sold(shipper, broker), going_home(carrier), actor=make_actor(broker))


def test_every_party_reads_it_in_the_api_and_on_the_page(
    claimed: Claim,
    shipper: Organization,
    carrier: Organization,
    broker: Organization,
    sign_in: Callable[..., Client],
) -> None:
    booking = claimed.loads.get().booking
    assert booking is not None
    for party in (carrier, broker, shipper):
        seen = ApiClient(party).get(f"/api/v1/bookings/{booking.public_id}").json()
        assert seen["both_sides_sentence"] == _sentence(broker)
        listed = ApiClient(party).get("/api/v1/bookings").json()["items"][0]
        assert listed["both_sides_sentence"] == _sentence(broker)
        assert _sentence(broker) in sign_in(party).get(f"/bookings/{booking.public_id}/").content.decode()


def test_the_claims_answer_and_page_say_it(
    claimed: Claim, carrier: Organization, broker: Organization, sign_in: Callable[..., Client]
) -> None:
    for party in (carrier, broker):
        seen = ApiClient(party).get(f"/api/v1/claims/{claimed.public_id}").json()
        assert [load["both_sides_sentence"] for load in seen["loads"]] == [_sentence(broker)]
        assert _sentence(broker) in sign_in(party).get(f"/claims/{claimed.public_id}/").content.decode()


def test_both_sides_are_told_under_the_bell_and_by_mail(
    shipper: Organization, carrier: Organization, broker: Organization
) -> None:
    people = {party.public_id: make_person(party) for party in (shipper, carrier, broker)}
    for party in (shipper, carrier, broker):
        all_at_once(party, people[party.public_id])
    make_relationship(carrier, broker, RelationshipKind.REPRESENTS)
    claim(carrier, _sold(shipper, broker), going_home(carrier), actor=make_actor(broker))
    pump()
    for key, person in people.items():
        told = Notice.objects.filter(organization_id=key, text__contains=_sentence(broker))
        assert told.count() == 1
        (mail,) = Mail.objects.filter(recipient=person.email, subject__startswith="Booked:")
        assert _sentence(broker) in mail.text
        assert _sentence(broker) in mail.html


def test_it_stays_as_it_was_said_when_the_relationship_ends(claimed: Claim, carrier: Organization) -> None:
    booking = claimed.loads.get().booking
    assert booking is not None
    Relationship.objects.update(valid_until=now() - timedelta(seconds=1), valid_from=now() - timedelta(days=2))
    seen = ApiClient(carrier).get(f"/api/v1/bookings/{booking.public_id}").json()
    assert seen["both_sides_sentence"].endswith("acts for both sides of this booking.")


def test_a_relationship_that_begins_later_says_nothing_of_the_bookings_before(
    shipper: Organization, carrier: Organization, broker: Organization
) -> None:
    booking = claim(carrier, _sold(shipper, broker), going_home(carrier)).loads.get().booking
    assert booking is not None
    make_relationship(carrier, broker, RelationshipKind.REPRESENTS)
    seen = ApiClient(carrier).get(f"/api/v1/bookings/{booking.public_id}").json()
    assert seen["both_sides_sentence"] == ""


def test_a_broker_that_represents_shipper_and_carrier_is_named_also_while_the_claim_is_on_hold(
    shipper: Organization, carrier: Organization, broker: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_relationship(carrier, broker, RelationshipKind.REPRESENTS)
    make_relationship(shipper, broker, RelationshipKind.REPRESENTS)
    wait = Judgement(results=(RuleResult(rule="record", result="hold", sentence="We are asking."),))
    monkeypatch.setattr(claims, "judge_claim", lambda **_: wait)
    load, leg = open_load(shipper), going_home(carrier)
    path = f"/api/v1/loads/{load.public_id}/claims"
    body = {"truck": leg.truck.public_id, "leg": leg.public_id, "rate": {"amount": "2400.00", "currency": "USD"}}
    answer = ApiClient(broker).post(path, body, headers={"Idempotency-Key": "both-1"})
    assert answer.status_code == 202, answer.content
    assert answer.json()["loads"][0]["both_sides_sentence"] == _sentence(broker)
    pump()
    assert Notice.objects.filter(organization_id=carrier.public_id, text__contains=_sentence(broker)).exists()


def test_an_accepted_offer_keeps_what_its_negotiation_disclosed(db: None) -> None:
    deal = make_deal()
    broker = make_actor(Organization.objects.create(name="Lakeside Brokers", brokers=True, verified_at=now()))
    for side in (deal.shipper, deal.carrier):
        make_relationship(side.organization, broker.organization, RelationshipKind.REPRESENTS)
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    booking = accept_offer(actor=deal.shipper, offer_id=offer.public_id, number=1, load_version=1)
    assert isinstance(booking, Booking)
    assert booking.both_sides == _sentence(broker.organization)
