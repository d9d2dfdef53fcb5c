"""Who reads what of a negotiation, field by field: the sides, their colleagues and brokers, rivals and strangers."""

import json
from typing import Any

import pytest

from brokers.acting import represents
from brokers.models import Offer
from brokers.offer_visibility import offer_payload
from brokers.services.offers import accept_offer, counter_offer, decline_offer, withdraw_offer
from brokers.services.tenders import tender_load
from brokers.services.threads import invite_carrier, leave_thread, open_thread
from brokers.sights import sight_of
from brokers.thread_queries import offer_of, thread_of, threads_about, threads_of
from brokers.thread_visibility import thread_fields
from carriers.models import CostSetting
from foundation.accounts.models import Market, Organization, RelationshipKind
from foundation.events.models import AuditEntry, FeedEntry
from foundation.trade.errors import Conflict, Forbidden, NotFound
from loads.models import Load
from tests.brokers.bargains import Deal, make_deal, offer_by, terms
from tests.builders import make_actor, make_driver, make_organization, make_relationship, make_trailer, now
from tests.events.pump import pump
from tests.reading import stands_in

SECRETS = (
    "Topaz-driver",
    "TZ-TRUCK",
    "TZ-TRAILER",
    "Topaz Yard",
    "Topaz-private",
    "29.13",
    "517",
    "3377.77",
    "Quartz-private",
    "Quartz-instructions",
    "4711 Quartz",
    "60601",
    "75201",
)
"""Of the carrier: driver, units, yard, note, own costs, hours. Of the shipper: reserve, notes, street, ZIP codes."""
TAKER_ONLY = {"id", "number", "trailer", "driver", "home_base", "return_home_by"}
BOTH_SEE_OF_A_TRUCK = {"equipment", "weight_pounds", "length_feet", "pallets"}


@pytest.fixture
def deal(db: None) -> Deal:
    """Return a deal whose every private field says so."""
    deal = make_deal(
        reserve_cents=3_377_77, private_notes="Quartz-private", instructions="Quartz-instructions", notes="Quartz-note"
    )
    deal.load.stops.update(address="4711 Quartz Street")
    carrier, leg = deal.carrier.organization, deal.leg
    leg.truck.number = "TZ-TRUCK-7"
    leg.truck.save()
    leg.driver = make_driver(carrier, name="Topaz-driver")
    leg.trailer = make_trailer(carrier, number="TZ-TRAILER-8")
    leg.private_notes, leg.drive_minutes_left = "Topaz-private", 517
    leg.save()
    leg.home_base.name = "Topaz Yard"
    leg.home_base.save()
    CostSetting.objects.create(
        organization=carrier,
        valid_from=now().date(),
        loaded_cents_per_mile=131,
        empty_cents_per_mile=127,
        hour_cents=2913,
    )
    return deal


@pytest.fixture
def offer(deal: Deal) -> Offer:
    return offer_by(deal.carrier, deal.leg, deal.load)


def _reads(viewer: Organization, offer: Offer) -> dict[str, Any]:
    thread = thread_of(viewer, offer.thread.public_id)
    return thread_fields(thread, sight_of(thread, viewer))


def _agent(*givers: Organization, name: str = "Agent Brokers", **columns: Any) -> Any:
    agent = make_organization(name, brokers=True)
    for giver in givers:
        make_relationship(giver, agent, RelationshipKind.REPRESENTS, **columns)
    return make_actor(agent)


def test_both_sides_read_the_same_but_for_the_truck_itself(deal: Deal, offer: Offer) -> None:
    seller, taker = (_reads(actor.organization, offer) for actor in (deal.shipper, deal.carrier))
    assert set(seller) == set(taker)
    assert set(seller["truck"]) == BOTH_SEE_OF_A_TRUCK
    assert set(taker["truck"]) == BOTH_SEE_OF_A_TRUCK | TAKER_ONLY
    differ = {name for name in seller if seller[name] != taker[name]}
    assert differ == {"your_side", "waits_for_you", "truck", "offers", "seller", "taker"}
    for one, other in zip(seller["offers"], taker["offers"], strict=True):
        assert {name for name in one if one[name] != other[name]} <= {"is_yours", "made_by_person"}


def test_no_secret_of_either_side_reaches_anybody_else(deal: Deal, offer: Offer) -> None:
    agents = {"seller": _agent(deal.shipper.organization), "taker": _agent(deal.carrier.organization, name="Second")}
    answer = counter_offer(
        actor=deal.shipper,
        thread_id=offer.thread.public_id,
        terms=terms(deal.load, 2_350),
        on_number=1,
        load_version=1,
    )
    decline_offer(actor=deal.carrier, offer_id=answer.public_id)
    pump(dict.fromkeys(FeedEntry.objects.values_list("event__name", flat=True), ()))
    others = (deal.shipper.organization, *(agent.organization for agent in agents.values()))
    for viewer in others:
        shown = json.dumps([_reads(viewer, offer), offer_payload(offer_of(viewer, offer.public_id), viewer)])
        told = json.dumps(list(FeedEntry.objects.filter(organization_id=viewer.public_id).values_list("payload")))
        audited = json.dumps(
            list(AuditEntry.objects.filter(organization_id=viewer.public_id).values_list("actor", "changes"))
        )
        for secret in SECRETS:
            assert not stands_in(secret, f"{shown} {told} {audited}"), (viewer.name, secret)
    own = json.dumps(_reads(deal.carrier.organization, offer))
    assert "3377.77" not in own
    assert "Quartz-private" not in own
    assert "TZ-TRUCK-7" in own


def test_the_audit_names_another_companys_people_to_nobody(deal: Deal, offer: Offer) -> None:
    made = dict(
        AuditEntry.objects.filter(action="offer.made").values_list("organization_id", "actor")  # one for each side
    )
    carrier, shipper = deal.carrier.organization.public_id, deal.shipper.organization.public_id
    assert made == {carrier: deal.carrier.label, shipper: carrier}
    assert _reads(deal.carrier.organization, offer)["offers"][0]["made_by_person"]
    assert _reads(deal.shipper.organization, offer)["offers"][0]["made_by_person"] is None


def test_the_business_contact_is_given_once_a_thread_is_open(deal: Deal, offer: Offer) -> None:
    Organization.objects.filter(pk=deal.shipper.organization.pk).update(hides_name=True)
    seller = _reads(deal.carrier.organization, offer)["seller"]
    assert (seller["name"], seller["contact_name"], seller["contact_phone"]) == (
        "Prairie Paper",
        "Pat Prairie",
        "+1 312 555 0100",
    )


def test_nobody_but_the_seller_sees_anothers_offers(deal: Deal, offer: Offer) -> None:
    rival = offer_by(deal.rival, deal.rival_leg, deal.load)
    assert {row.pk for row in threads_about(deal.shipper.organization, deal.load)} == {offer.thread_id, rival.thread_id}
    assert [row.pk for row in threads_of(deal.rival.organization)] == [rival.thread_id]
    sandboxed = make_organization("Sand", hauls=True, brokers=True, market=Market.SANDBOX)
    strangers = [deal.rival.organization, make_organization("Stranger", brokers=True), sandboxed]
    strangers.append(make_organization("New", hauls=True, verified=False))
    for viewer in strangers:
        with pytest.raises(NotFound):
            thread_of(viewer, offer.thread.public_id)
        with pytest.raises(NotFound):
            offer_of(viewer, offer.public_id)
        assert offer.public_id not in json.dumps(
            list(FeedEntry.objects.filter(organization_id=viewer.public_id).values_list("payload"))
        )


def test_the_shipper_of_a_brokered_load_sees_none_of_the_brokers_threads(deal: Deal) -> None:
    broker, agent = make_actor(make_organization("Lakeside", brokers=True)), _agent(deal.shipper.organization)
    tender = tender_load(actor=broker, load_id=deal.load.public_id, terms=terms(deal.load, 2_600), load_version=1)
    accept_offer(actor=deal.shipper, offer_id=tender.public_id, number=1, load_version=1)
    load = Load.objects.get(pk=deal.load.pk)
    offer = offer_by(deal.carrier, deal.leg, load, 2_100)
    for viewer in (deal.shipper.organization, agent.organization):
        with pytest.raises(NotFound):
            thread_of(viewer, offer.thread.public_id)
        heard = list(FeedEntry.objects.filter(organization_id=viewer.public_id, event__subject=offer.public_id))
        assert heard == []
    with pytest.raises(Forbidden):
        invite_carrier(
            actor=deal.shipper,
            load_id=load.public_id,
            leg_id=deal.rival_leg.public_id,
            terms=terms(load),
            load_version=load.version,
        )
    shown = json.dumps(_reads(deal.carrier.organization, offer))
    assert "2600.00" not in shown
    assert "Prairie Paper" not in shown
    with pytest.raises(NotFound):
        thread_of(deal.carrier.organization, tender.thread.public_id)


def test_a_thread_that_is_over_says_nothing_of_what_the_load_became(deal: Deal, offer: Offer) -> None:
    decline_offer(actor=deal.shipper, offer_id=offer.public_id)
    Load.objects.filter(pk=deal.load.pk).update(version=2, commodity="Secret goods", audience="partners")
    deal.load.stops.update(city="Elsewhere")
    assert set(_reads(deal.carrier.organization, offer)["load"]) == {"id"}
    assert "Elsewhere" not in json.dumps(_reads(deal.carrier.organization, offer))
    assert _reads(deal.shipper.organization, offer)["load"]["commodity"] == "Secret goods"


def test_a_broker_acts_for_a_side_and_both_read_for_whom(deal: Deal) -> None:
    agent = _agent(deal.carrier.organization)
    offer = open_thread(
        actor=agent,
        load_id=deal.load.public_id,
        leg_id=deal.leg.public_id,
        terms=terms(deal.load),
        load_version=1,
    )
    assert (offer.made_for, offer.made_by_organization) == (deal.carrier.organization, agent.organization)
    shown = _reads(deal.shipper.organization, offer)
    assert shown["offers"][0]["made_by"]["name"] == "Agent Brokers"
    assert shown["represents_both_sides"] is False
    assert set(_reads(agent.organization, offer)["truck"]) == BOTH_SEE_OF_A_TRUCK
    withdraw_offer(actor=deal.carrier, offer_id=offer.public_id)


@pytest.mark.parametrize("kept", ["offers", "acceptance"])
def test_what_a_side_keeps_for_itself_its_broker_does_not_decide(deal: Deal, offer: Offer, kept: str) -> None:
    agent = _agent(deal.shipper.organization, keeps=[kept])
    answer = {"actor": agent, "offer_id": offer.public_id, "number": 1, "load_version": 1}
    counter = {"thread_id": offer.thread.public_id, "terms": terms(deal.load), "on_number": 1, "load_version": 1}
    if kept == "acceptance":
        with pytest.raises(Forbidden, match="Prairie Paper keeps accepting and declining offers for itself"):
            accept_offer(**answer)
        with pytest.raises(Forbidden):
            decline_offer(actor=agent, offer_id=offer.public_id)
        with pytest.raises(Forbidden):
            leave_thread(actor=agent, thread_id=offer.thread.public_id)
        assert counter_offer(actor=agent, **counter).made_for == deal.shipper.organization
    else:
        with pytest.raises(Forbidden, match="keeps making offers"):
            counter_offer(actor=agent, **counter)
        assert accept_offer(**answer).booked_by_organization == agent.organization


def test_a_broker_on_both_sides_is_said_to_both_and_decides_for_each_that_lets_it(deal: Deal, offer: Offer) -> None:
    agent = _agent(deal.shipper.organization, deal.carrier.organization)
    sentence = "Agent Brokers acts for both sides of this negotiation."
    for viewer in (deal.shipper.organization, deal.carrier.organization, agent.organization):
        shown = _reads(viewer, offer)
        assert (shown["represents_both_sides"], shown["both_sides_sentence"]) == (True, sentence)
    answer = counter_offer(
        actor=agent, thread_id=offer.thread.public_id, terms=terms(deal.load, 2_400), on_number=1, load_version=1
    )
    assert answer.made_for == deal.shipper.organization
    assert accept_offer(actor=agent, offer_id=answer.public_id, number=2, load_version=1).carrier == (
        deal.carrier.organization
    )


def test_a_broker_that_was_let_go_or_blocked_is_out_at_once(deal: Deal, offer: Offer) -> None:
    agent = _agent(deal.shipper.organization)
    assert thread_of(agent.organization, offer.thread.public_id)
    make_relationship(deal.shipper.organization, agent.organization, RelationshipKind.BLOCKED)
    assert not represents(agent.organization, deal.shipper.organization, now())
    with pytest.raises(NotFound):
        accept_offer(actor=agent, offer_id=offer.public_id, number=1, load_version=1)


def test_sides_that_block_each_other_come_to_no_agreement(deal: Deal, offer: Offer) -> None:
    make_relationship(deal.carrier.organization, deal.shipper.organization, RelationshipKind.BLOCKED)
    with pytest.raises(Conflict, match="cannot do business"):
        accept_offer(actor=deal.shipper, offer_id=offer.public_id, number=1, load_version=1)


def test_another_carriers_truck_opens_nothing(deal: Deal) -> None:
    for ids in ({"truck_id": deal.leg.truck.public_id}, {"leg_id": deal.leg.public_id}):
        with pytest.raises(NotFound):
            open_thread(actor=deal.rival, load_id=deal.load.public_id, terms=terms(deal.load), load_version=1, **ids)
