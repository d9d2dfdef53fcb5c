"""Claims by a broker that acts for the carrier, loads that a broker sells, and what a seller is told of a truck."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from brokers.models import Booking
from brokers.services import claiming
from brokers.services.booking import Vehicle, book
from brokers.services.bundles import claim_bundle
from brokers.services.cancelling import cancel_booking
from brokers.services.claims import claim_load
from brokers.terms import posted_terms
from foundation.accounts.models import Decision, Organization, Relationship, RelationshipKind
from foundation.events.models import AuditEntry, Notice
from foundation.trade.errors import Conflict, Forbidden, Invalid, NotFound
from loads.models import Load
from loads.queries import locked_load
from loads.services import sell_load
from tests.brokers.booked import claim, going_home, local_load, open_load
from tests.builders import make_actor, make_organization, make_relationship, make_truck, now
from tests.events.pump import pump
from tests.rest.clients import ApiClient


def _sold(shipper: Organization, broker: Organization) -> Load:
    load = open_load(shipper, rate_cents=None, book_now=False)
    sell_load(load=load, seller=broker, shipper_rate_cents=2_700_00, actor="system", now=now())
    load.refresh_from_db()
    load.rate_cents, load.book_now = 2_400_00, True
    load.save()
    return load


def test_a_broker_claims_for_the_carrier_that_lets_it_act(
    shipper: Organization, carrier: Organization, broker: Organization
) -> None:
    make_relationship(carrier, broker, RelationshipKind.REPRESENTS)
    made = claim(carrier, open_load(shipper), going_home(carrier), actor=make_actor(broker))
    booking = made.loads.get().booking
    assert (made.carrier, made.made_by_organization) == (carrier, broker)
    assert (booking.carrier, booking.booked_by_organization) == (carrier, broker)


def test_a_broker_does_not_claim_for_whom_it_does_not_act_or_who_keeps_that(
    shipper: Organization, carrier: Organization, broker: Organization
) -> None:
    load, leg = open_load(shipper), going_home(carrier)
    with pytest.raises((Forbidden, Invalid)):
        claim(carrier, load, leg, actor=make_actor(broker))
    make_relationship(carrier, broker, RelationshipKind.REPRESENTS, keeps=[Decision.CLAIMS])
    with pytest.raises(Forbidden, match="keeps claiming loads for itself"):
        claim(carrier, load, leg, actor=make_actor(broker))


@pytest.mark.parametrize("ends", ["the relationship", "the decision"])
@pytest.mark.parametrize("is_bundle", [False, True])
def test_a_broker_that_may_not_claim_any_more_once_the_load_is_locked_books_nothing(
    ends: str,
    is_bundle: bool,
    shipper: Organization,
    carrier: Organization,
    broker: Organization,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    grant = make_relationship(carrier, broker, RelationshipKind.REPRESENTS)
    out, truck = local_load(shipper), make_truck(carrier)
    home = open_load(shipper, from_place="77002", to_place="75201", opens_at=now() + timedelta(days=6))
    real = claiming.locked_load

    def locked_late(**words: Any) -> Load:
        if ends == "the relationship":
            Relationship.objects.filter(pk=grant.pk).delete()
        else:
            Relationship.objects.filter(pk=grant.pk).update(keeps=[Decision.CLAIMS])
        return real(**words)

    monkeypatch.setattr(claiming, "locked_load", locked_late)
    fields: dict[str, Any] = {"truck_id": truck.public_id, "return_home_by": now() + timedelta(days=14)}
    who = make_actor(broker)
    loads = [claiming.Wanted(load_id=each.public_id) for each in (out, home)]
    with pytest.raises(Forbidden) as refused:
        claim_bundle(actor=who, loads=loads, **fields) if is_bundle else claim_load(
            actor=who, load_id=out.public_id, **fields
        )
    assert refused.value.code == ("not_your_side" if ends == "the relationship" else "decision_kept")
    assert Booking.objects.count() == 0


def test_a_broker_cancels_for_its_side_unless_that_keeps_it(
    shipper: Organization, carrier: Organization, broker: Organization
) -> None:
    kept = make_relationship(carrier, broker, RelationshipKind.REPRESENTS, keeps=[Decision.CANCELLATION])
    booking = claim(carrier, open_load(shipper), going_home(carrier)).loads.get().booking
    word = {"booking_id": booking.public_id, "version": 1, "reason": "mistake"}
    with pytest.raises(Forbidden, match="keeps cancelling"):
        cancel_booking(actor=make_actor(broker), **word)
    kept.keeps = []
    kept.save()
    assert cancel_booking(actor=make_actor(broker), **word).cancelled_for == carrier


def test_a_broker_that_may_cancel_for_the_carrier_reads_the_booking_as_it_does_save_for_its_tour(
    shipper: Organization, carrier: Organization, broker: Organization
) -> None:
    agent = make_organization("Acting Brokers", brokers=True)
    booking = claim(carrier, _sold(shipper, broker), going_home(carrier)).loads.get().booking
    caller, path = ApiClient(agent), f"/api/v1/bookings/{booking.public_id}"
    assert caller.get(path).status_code == 404
    kept = make_relationship(carrier, agent, RelationshipKind.REPRESENTS, keeps=[Decision.CANCELLATION])
    assert caller.get(path).status_code == 404, "it may not cancel, so this booking is not its business"
    kept.keeps = []
    kept.save()
    seen, own = caller.get(path).json(), ApiClient(carrier).get(path).json()
    assert own.keys() - seen.keys() == {"tour", "truck", "opened_leg", "pays_to"}
    assert seen["acting_for"] == {"id": carrier.public_id, "name": carrier.name}
    assert (seen["role"], seen["rate"], seen["terms"]) == ("carrier", own["rate"], own["terms"])
    assert all("planned" in stop for stop in own["stops"])
    assert not any("planned" in stop for stop in seen["stops"])
    assert booking.tour.public_id not in json.dumps(seen)
    assert caller.get("/api/v1/bookings").json()["items"] == [], "a list holds one's own"
    answer = caller.post(f"{path}/cancellation", {"reason": "mistake", "version": 1}, headers={"Idempotency-Key": "k1"})
    assert (answer.status_code, answer.json()["cancelled_for"]) == (200, carrier.public_id)


def test_a_broker_that_acts_for_a_selling_broker_does_not_read_what_the_sale_earns_it(
    shipper: Organization, carrier: Organization, broker: Organization, sign_in: Callable[..., Client]
) -> None:
    agent = make_organization("Acting Brokers", brokers=True)
    make_relationship(broker, agent, RelationshipKind.REPRESENTS)
    booking = claim(carrier, _sold(shipper, broker), going_home(carrier)).loads.get().booking
    seen = ApiClient(agent).get(f"/api/v1/bookings/{booking.public_id}").json()
    assert (seen["role"], seen["acting_for"]["name"]) == ("broker", broker.name)
    assert (seen["rate"]["amount"], "shipper_rate" in seen) == ("2400.00", False)
    assert "2700.00" in ApiClient(broker).get(f"/api/v1/bookings/{booking.public_id}").content.decode()
    client = sign_in(agent)
    page = client.get(f"/bookings/{booking.public_id}/").content.decode()
    assert f"You read this booking for {broker.name}" in page
    assert "$2,400.00" in page
    assert "2,700.00" not in page
    assert "300.00" not in page
    cancelling = f"/bookings/{booking.public_id}/cancellation/"
    assert f"You cancel for {broker.name}" in client.get(cancelling).content.decode()
    client.post(cancelling, {"version": 1, "reason": "mistake"})
    booking.refresh_from_db()
    assert (booking.status, booking.cancelled_for) == ("cancelled", broker)


def test_a_shipper_that_a_broker_sold_for_does_not_read_that_its_carrier_finds_the_terms_not_kept(
    shipper: Organization, carrier: Organization, broker: Organization, sign_in: Callable[..., Client]
) -> None:
    booking = claim(carrier, _sold(shipper, broker), going_home(carrier)).loads.get().booking
    word = {"booking_id": booking.public_id, "version": 1, "reason": "rate_or_terms"}
    cancel_booking(actor=make_actor(carrier), **word)
    pump()
    for who, reason, words in ((shipper, "other", "another reason"), (broker, "rate_or_terms", "terms were not kept")):
        assert ApiClient(who).get(f"/api/v1/bookings/{booking.public_id}").json()["cancel_reason"] == reason
        assert words in sign_in(who).get(f"/bookings/{booking.public_id}/").content.decode()
        (said,) = Notice.objects.filter(organization_id=who.public_id, text__contains="fell through")
        assert words in said.text
        (entry,) = AuditEntry.objects.filter(organization_id=who.public_id, action="booking.cancelled")
        assert entry.changes["reason"] == reason


def test_who_sells_a_load_or_has_it_sold_does_not_haul_it(shipper: Organization, broker: Organization) -> None:
    Organization.objects.filter(pk__in=[shipper.pk, broker.pk]).update(hauls=True)
    for who in (shipper, broker):
        who.refresh_from_db()
        with pytest.raises(Conflict) as refusal:
            claim(who, _sold(shipper, broker), going_home(who))
        assert refusal.value.code == "own_load"


def test_a_shipper_whose_load_was_sold_asks_its_broker_to_cancel(
    shipper: Organization, carrier: Organization, broker: Organization
) -> None:
    booking = claim(carrier, _sold(shipper, broker), going_home(carrier)).loads.get().booking
    word = {"booking_id": booking.public_id, "version": 1, "reason": "mistake"}
    with pytest.raises(Forbidden, match=f"ask {broker} to cancel"):
        cancel_booking(actor=make_actor(shipper), **word)
    assert cancel_booking(actor=make_actor(broker), **word).cancelled_for == broker


def test_a_carrier_that_the_seller_blocks_finds_no_load(
    shipper: Organization, carrier: Organization, broker: Organization
) -> None:
    load = _sold(shipper, broker)
    make_relationship(broker, carrier, RelationshipKind.BLOCKED)
    with pytest.raises(NotFound):
        claim(carrier, load, going_home(carrier))


def test_a_seller_is_not_told_of_the_carriers_other_tours_and_hours(
    shipper: Organization, carrier: Organization
) -> None:
    truck = make_truck(carrier, number="TZ-77")
    claim_load(actor=make_actor(carrier), load_id=local_load(shipper).public_id, truck_id=truck.public_id)
    wanted = local_load(make_organization("Other Paper"), opens_at=now() + timedelta(days=2))
    load = locked_load(pk=wanted.pk)
    terms = posted_terms(load, rate_cents=2_000_00)
    for actor, words in ((make_actor(load.organization), False), (make_actor(carrier), True)):
        with pytest.raises(Conflict) as refusal:
            book(
                load=load,
                terms=terms,
                vehicle=Vehicle(truck=truck),
                carrier=carrier,
                seller=load.organization,
                actor=actor,
                now=now(),
            )
        assert (
            "TZ-77" in refusal.value.sentence or "The truck cannot take this load:" in refusal.value.sentence
        ) is words
    assert Booking.objects.count() == 1
