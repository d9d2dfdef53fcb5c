"""A broker sells a load: who sets the terms towards carriers, who reads what, and how the sale ends."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from foundation.accounts.actor import Actor
from foundation.accounts.models import Organization, RelationshipKind
from foundation.events.models import AuditEntry, Event, FeedEntry, Notice
from foundation.trade.accessorials import AccessorialTerms
from foundation.trade.equipment import Attribute
from foundation.trade.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from loads.models import Load
from loads.services import (
    confirm_load,
    cover_load,
    edit_load,
    expire_due_loads,
    give_back_load,
    price_load,
    sell_load,
    take_back_load,
    upsert_load,
    withdraw_load,
)
from loads.terms import LoadTerms, SaleTerms, terms_of
from loads.visibility import TOWARDS_CARRIERS, Viewer, stands, view
from tests.builders import load_terms, make_actor, make_load, make_organization, make_relationship, now

pytestmark = pytest.mark.django_db

OWN = AccessorialTerms(free_minutes=90, detention_cents_per_hour=60_00, tonu_cents=250_00, layover_cents=300_00)


def sold(load: Load, seller: Organization, actor: Actor, cents: int = 2_600_00) -> Load:
    """Sell a load as the acceptance of a tender does."""
    with transaction.atomic():
        row = Load.objects.select_for_update().get(pk=load.pk)
        sell_load(load=row, seller=seller, shipper_rate_cents=cents, actor=actor, now=now())
    return row


@pytest.fixture
def load(shipper: Organization) -> Load:
    """Return an open load that may be claimed, with the owner's own accessorial terms."""
    return make_load(shipper, rate_cents=2_400_00, book_now=True, accessorials=OWN, payment_days=21)


@pytest.fixture
def seller(broker: Organization) -> Actor:
    """Return the dispatcher of the broker that sells."""
    return make_actor(broker, "dispatcher")


def heard(name: str) -> dict[str, dict[str, Any]]:
    """Return what each hearer of the last fact of a name read."""
    event = Event.objects.filter(name=name).order_by("-id").first()
    return {entry.organization_id: entry.payload for entry in FeedEntry.objects.filter(event=event)}


def test_a_sold_load_starts_open_to_offers_under_the_brokers_name(load, owner, broker, shipper):
    row = sold(load, broker, owner)
    assert (row.seller, row.sold_by, row.rate_cents, row.book_now) == (broker, broker, None, False)
    assert (row.shipper_rate_cents, row.version, row.owners_version) == (2_600_00, 2, 2)
    assert (row.free_minutes, row.layover_cents, row.payment_days) == (90, 300_00, 21)  # until the seller changes them
    told = heard("load.sold")
    assert set(told) == {shipper.public_id, broker.public_id}
    assert told[shipper.public_id]["shipper_rate"] == {"amount": "2600.00", "currency": "USD"}
    assert told[shipper.public_id]["seller"] == {"id": broker.public_id, "name": broker.name}
    assert told[broker.public_id]["rate"] is None


def test_nobody_sells_what_is_sold_gone_or_its_own(load, owner, broker, shipper, stranger):
    with pytest.raises(Conflict) as refusal:
        sold(load, stranger, owner)
    assert refusal.value.code == "not_a_broker"
    with pytest.raises(Conflict) as refusal:
        sold(load, shipper, owner)
    assert refusal.value.code == "own_load"
    sold(load, broker, owner)
    other = make_organization("Harbor Brokers", brokers=True)
    with pytest.raises(Conflict) as refusal:
        sold(load, other, owner)
    assert refusal.value.code == "sold_already"
    gone = make_load(shipper, status="withdrawn")
    with pytest.raises(Conflict) as refusal:
        sold(gone, broker, owner)
    assert refusal.value.code == "not_open"
    for wrong in (
        make_organization("Unverified", brokers=True, verified=False),
        make_organization("Sandboxed", brokers=True, market="sandbox"),
    ):
        with pytest.raises(Conflict):
            sold(make_load(shipper), wrong, owner)


def test_each_reads_its_own_rate_and_nobody_a_margin(load, owner, seller, broker, shipper, stranger):
    row = sold(load, broker, owner)
    row = price_load(actor=seller, load_id=row.public_id, version=2, rate_cents=2_150_00, book_now=True)
    assert stands(row, shipper) is Viewer.CONSIGNOR
    assert stands(row, broker, represents=True) is Viewer.SELLER
    assert stands(row, stranger) is Viewer.MARKET
    another = make_organization("Second Brokers", brokers=True)
    assert stands(row, another, represents=True) is Viewer.MARKET
    owners, sellers, markets = (view(row, each) for each in (Viewer.CONSIGNOR, Viewer.SELLER, Viewer.MARKET))
    assert not TOWARDS_CARRIERS & owners.keys()
    assert owners["shipper_rate"] == 2_600_00
    assert (sellers["shipper_rate"], sellers["rate"], sellers["book_now"]) == (2_600_00, 2_150_00, True)
    assert sellers["organization"]["name"] == shipper.name
    assert (markets["rate"], markets["book_now"]) == (2_150_00, True)
    assert markets["organization"] == {"id": broker.public_id, "name": broker.name}  # the owner, hidden or not, is gone
    assert "shipper_rate" not in markets
    assert not {"reserve", "private_notes", "external_id", "instructions"} & sellers.keys()
    for seen in (owners, sellers, markets):
        assert not [name for name in seen if "margin" in name]


def test_what_the_seller_changes_of_its_terms_is_invisible_to_the_owner(load, owner, seller, broker, shipper):
    row = sold(load, broker, owner)
    before, events = view(row, Viewer.CONSIGNOR), FeedEntry.objects.filter(organization_id=shipper.public_id).count()
    audits = AuditEntry.objects.filter(organization_id=shipper.public_id).count()
    row = price_load(
        actor=seller,
        load_id=row.public_id,
        version=2,
        rate_cents=2_000_00,
        accessorials=AccessorialTerms(free_minutes=120, tonu_cents=150_00),
        payment_days=45,
    )
    assert (row.version, row.owners_version) == (3, 2)
    assert view(Load.objects.get(pk=row.pk), Viewer.CONSIGNOR) == before  # so its ETag is the same
    assert FeedEntry.objects.filter(organization_id=shipper.public_id).count() == events
    assert AuditEntry.objects.filter(organization_id=shipper.public_id).count() == audits
    assert set(heard("load.edited")) == {broker.public_id}
    entry = AuditEntry.objects.get(action="load.priced")
    assert entry.organization_id == broker.public_id
    assert entry.changes["rate_cents"] == [None, 2_000_00]


def test_pricing_is_the_sellers_alone(load, owner, seller, broker, stranger):
    other = make_actor(make_organization("Harbor Brokers", brokers=True), "dispatcher")
    with pytest.raises(NotFound):
        price_load(actor=seller, load_id=load.public_id, version=None, rate_cents=2_000_00)
    sold(load, broker, owner)
    for nobody in (owner, other, make_actor(stranger)):
        with pytest.raises(NotFound):
            price_load(actor=nobody, load_id=load.public_id, version=None, rate_cents=2_000_00)
    with pytest.raises(Forbidden):
        price_load(actor=make_actor(broker, "viewer"), load_id=load.public_id, version=None, rate_cents=2_000_00)
    with pytest.raises(Stale):
        price_load(actor=seller, load_id=load.public_id, version=1, rate_cents=2_000_00)
    with pytest.raises(Invalid) as refusal:
        price_load(actor=seller, load_id=load.public_id, version=2, rate_cents=None, book_now=True)
    assert [(problem.field, problem.code) for problem in refusal.value.problems] == [("book_now", "needs_a_rate")]
    row = price_load(actor=seller, load_id=load.public_id, version=2, rate_cents=None)
    assert row.version == 2  # nothing changed, so nothing happened


def test_the_owner_edits_notes_and_references_and_the_seller_keeps_its_terms(load, owner, seller, broker):
    row = sold(load, broker, owner)
    row = price_load(
        actor=seller, load_id=row.public_id, version=2, rate_cents=2_150_00, book_now=True, payment_days=40
    )
    terms = terms_of(row)
    assert (terms.rate_cents, terms.book_now, terms.payment_days) == (2_400_00, True, 21)  # the owner's own, of before
    first, *others = terms.stops
    words = {"reference": "PO-7", "notes": "Ring twice.", "private_notes": "Ours.", "instructions": "Dock 4."}
    edited = edit_load(
        actor=owner,
        load_id=row.public_id,
        version=2,  # as the owner counts
        terms=replace(terms, **words, stops=(replace(first, instructions="Gate B."), *others)),
    )
    assert {name: getattr(edited, name) for name in words} == words
    assert (edited.rate_cents, edited.book_now, edited.payment_days) == (2_150_00, True, 40)
    assert (edited.version, edited.owners_version, edited.edition) == (3, 2, 3)  # no offer rests on any of these
    with pytest.raises(Invalid) as refusal:
        edit_load(actor=owner, load_id=row.public_id, version=3, terms=load_terms(rate_cents=2_500_00, payment_days=7))
    assert {problem.field for problem in refusal.value.problems} == {"rate_cents", "payment_days"}
    assert "Lakeside Brokers sells this load" in refusal.value.sentence


def other_freight(terms: LoadTerms) -> list[LoadTerms]:
    """Return the terms with each a material change."""
    first, last = terms.stops
    later = replace(last, opens_at=last.opens_at + timedelta(hours=1), closes_at=last.closes_at + timedelta(hours=1))
    elsewhere = load_terms(to_place="77002").stops[-1]
    return [
        replace(terms, weight_pounds=44_000),
        replace(terms, commodity="Steel coils"),
        replace(terms, equipment="R"),
        replace(terms, attributes=Attribute.TEAM.value),
        replace(terms, pallets=26),
        replace(terms, stops=(first, later)),
        replace(terms, stops=(first, replace(last, service_minutes=240))),
        replace(terms, stops=(first, replace(elsewhere, opens_at=last.opens_at, closes_at=last.closes_at))),
    ]


def test_the_freight_that_a_broker_sells_stays_what_the_broker_agreed_to(load, owner, seller, broker):
    row = sold(load, broker, owner)
    price_load(actor=seller, load_id=row.public_id, version=2, rate_cents=2_150_00, book_now=True)
    for changed in other_freight(terms_of(load)):
        with pytest.raises(Conflict, match="Ask Lakeside Brokers to give the load back or withdraw") as refusal:
            edit_load(actor=owner, load_id=row.public_id, version=2, terms=changed)
        assert refusal.value.code == "sold_by_a_broker"
    kept = Load.objects.get()
    assert (kept.version, terms_of(kept)) == (3, terms_of(load))
    Load.objects.update(status="expired")
    with pytest.raises(Conflict, match="to give the load back; then"):
        edit_load(actor=owner, load_id=row.public_id, version=2, terms=other_freight(terms_of(load))[0], post=True)
    give_back_load(actor=seller, load_id=row.public_id)
    edited = edit_load(actor=owner, load_id=row.public_id, version=None, terms=other_freight(terms_of(load))[0])
    assert edited.weight_pounds == 44_000


def test_a_tms_changes_no_freight_of_a_sold_load(shipper, owner, broker):
    row, _ = upsert_load(actor=owner, external_id="TMS-1", terms=load_terms(accessorials=OWN))
    sold(row, broker, owner)
    with pytest.raises(Conflict) as refusal:
        upsert_load(actor=owner, external_id="TMS-1", terms=load_terms(accessorials=OWN, weight_pounds=44_000))
    assert refusal.value.code == "sold_by_a_broker"
    assert Load.objects.get().weight_pounds == 38_000


def test_a_tms_that_sends_its_load_again_as_it_was_is_not_refused(shipper, owner, broker):
    terms = load_terms(accessorials=OWN)
    row, _ = upsert_load(actor=owner, external_id="TMS-1", terms=terms)
    sold(row, broker, owner)
    row, outcome = upsert_load(actor=owner, external_id="TMS-1", terms=terms)
    assert (outcome, row.rate_cents, row.seller) == ("unchanged", None, broker)


def test_a_withdrawal_by_the_owner_ends_the_sale(load, owner, seller, broker, shipper):
    row = sold(load, broker, owner)
    price_load(actor=seller, load_id=row.public_id, version=2, rate_cents=2_150_00, book_now=True, payment_days=40)
    row = withdraw_load(actor=owner, load_id=row.public_id, version=2)
    assert (row.status, row.seller, row.shipper_rate_cents, row.before_sale) == ("withdrawn", None, None, {})
    assert SaleTerms.of(row) == SaleTerms(rate_cents=2_400_00, book_now=False, accessorials=OWN, payment_days=21)
    told = heard("load.taken_back")
    assert told[broker.public_id] == {"id": row.public_id}
    assert told[shipper.public_id]["rate"] == {"amount": "2400.00", "currency": "USD"}
    with pytest.raises(NotFound):
        price_load(actor=seller, load_id=row.public_id, version=None, rate_cents=2_000_00)


def test_the_owner_withdraws_a_sold_load_that_has_expired_and_its_seller_is_told(load, owner, seller, broker, shipper):
    row = sold(load, broker, owner)
    Load.objects.filter(pk=row.pk).update(expires_at=now() - timedelta(minutes=1))
    assert expire_due_loads() == 1
    row = withdraw_load(actor=owner, load_id=row.public_id)
    assert (row.status, row.seller, row.shipper_rate_cents) == ("withdrawn", None, None)
    assert heard("load.taken_back")[broker.public_id] == {"id": row.public_id}
    notice = Notice.objects.get(event__name="load.taken_back")
    assert (notice.organization_id, notice.url) == (broker.public_id, "/loads/selling/")
    assert notice.text == "Prairie Paper took Chicago, IL to Dallas, TX back: you do not sell it any more."
    with pytest.raises(Conflict, match="withdrawn already"):
        withdraw_load(actor=owner, load_id=row.public_id)
    with pytest.raises(NotFound):
        give_back_load(actor=seller, load_id=row.public_id)
    assert Notice.objects.filter(event__name="load.taken_back").count() == 1


def test_a_load_given_back_tells_its_owner(load, owner, seller, broker, shipper):
    row = sold(load, broker, owner)
    give_back_load(actor=seller, load_id=row.public_id)
    notice = Notice.objects.get(event__name="load.taken_back")
    assert (notice.organization_id, notice.url) == (shipper.public_id, f"/loads/{row.public_id}/")
    assert "does not sell Chicago, IL to Dallas, TX any more" in notice.text


def test_the_seller_may_give_a_load_back_until_a_carrier_has_booked_it(load, owner, seller, broker):
    row = sold(load, broker, owner)
    with transaction.atomic():
        cover_load(load=row, actor=seller, now=now())
    with pytest.raises(Conflict):
        give_back_load(actor=seller, load_id=row.public_id)
    with pytest.raises(Conflict), transaction.atomic():
        take_back_load(load=Load.objects.get(pk=row.pk), actor=owner, now=now())
    with pytest.raises(Conflict):
        withdraw_load(actor=owner, load_id=row.public_id)
    assert Load.objects.get(pk=row.pk).seller == broker
    Load.objects.filter(pk=row.pk).update(status="open")
    assert give_back_load(actor=seller, load_id=row.public_id).seller is None


def test_a_second_broker_of_the_owner_hears_what_the_market_reads(load, owner, seller, broker, shipper):
    second = make_organization("Second Brokers", brokers=True)
    make_relationship(shipper, second, RelationshipKind.REPRESENTS)
    row = sold(load, broker, owner)
    confirm_load(actor=owner, load_id=row.public_id)
    told = heard("load.confirmed")
    assert set(told) == {shipper.public_id, broker.public_id, second.public_id}
    assert told[second.public_id]["organization"]["name"] == broker.name
    assert "shipper_rate" not in told[second.public_id]
