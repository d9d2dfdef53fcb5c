"""What an owner changes and nobody deals on: it makes no version, ends no offer and is told to no stranger."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backhaul.wiring import WATCHED
from brokers.models import Claim, ClaimStatus, Offer, OfferStatus
from brokers.services import acceptance
from brokers.services.offers import accept_offer, supersede_offers
from brokers.trust import Judgement, RuleResult
from foundation.accounts.models import Organization, RelationshipKind
from foundation.events.models import FeedEntry
from foundation.trade.errors import Stale
from foundation.trade.posting import Audience, Status
from loads.models import Load
from loads.services import edit_load, sell_load, withdraw_load
from loads.terms import terms_of as load_terms_of
from tests.brokers.bargains import Deal, make_deal, offer_by, terms
from tests.brokers.booked import claim, going_home, open_load
from tests.builders import make_actor, make_organization, make_relationship, now
from tests.events.pump import pump
from tests.rest.clients import ApiClient

pytestmark = pytest.mark.usefixtures("db", "straight_roads")

PRIVATE: dict[str, Any] = {
    "private_notes": "We would pay more.",
    "reference": "PO-7",
    "notes": "Ring twice.",
    "instructions": "Dock 4.",
    "reserve_cents": 3_000_00,
    "audience": Audience.PARTNERS,
}
WAITS = Judgement(results=(RuleResult(rule="record", result="hold", sentence="We are asking."),))


@pytest.fixture
def deal() -> Deal:
    return make_deal(book_now=True)


def edit(deal: Deal, **fields: Any) -> Load:
    """Edit the load on the edition that stands."""
    stored = Load.objects.get(pk=deal.load.pk)
    changed = replace(load_terms_of(stored), **fields)
    return edit_load(actor=deal.shipper, load_id=stored.public_id, version=stored.edition, terms=changed)


def hearers(name: str) -> set[str]:
    return set(FeedEntry.objects.filter(event__name=name).values_list("organization_id", flat=True))


@pytest.mark.parametrize("field", sorted(PRIVATE))
def test_an_offer_outlives_what_is_not_dealt_on(deal: Deal, field: str) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    load = edit(deal, **{field: PRIVATE[field]})
    assert (load.version, load.owners_version, load.edition) == (1, 1, 2)
    assert getattr(load, field) == PRIVATE[field]
    pump()
    offer.refresh_from_db()
    assert offer.status == OfferStatus.LIVE
    accepted = accept_offer(actor=deal.shipper, offer_id=offer.public_id, number=1, load_version=1)
    assert accepted.load_version == 1


def test_instructions_at_a_stop_make_no_version_and_are_kept(deal: Deal) -> None:
    first, *others = load_terms_of(deal.load).stops
    load = edit(deal, stops=(replace(first, instructions="Gate B."), *others))
    assert (load.version, load.edition, load.first_stop.instructions) == (1, 2, "Gate B.")


@pytest.mark.parametrize(
    "changed",
    [
        {"weight_pounds": 30_000},
        {"rate_cents": 2_500_00},
        {"book_now": False},
        {"payment_days": 45},
        {"commodity": "Steel"},
    ],
)
def test_what_is_dealt_on_supersedes_offers(deal: Deal, changed: dict[str, Any]) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    edit(deal, private_notes="First.")
    assert edit(deal, **changed, private_notes="Second.").version == 2
    pump()
    offer.refresh_from_db()
    assert offer.status == OfferStatus.SUPERSEDED


def test_an_acceptance_on_hold_is_not_taken_back_by_a_note(deal: Deal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptance, "judge_claim", lambda **_: WAITS)
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    hold = accept_offer(actor=deal.shipper, offer_id=offer.public_id, number=1, load_version=1)
    assert isinstance(hold, Claim)
    for field, value in PRIVATE.items():
        edit(deal, **{field: value})
    assert supersede_offers(subjects=[deal.load.public_id], settle=lambda subject: None) == 0
    offer.refresh_from_db()
    hold.refresh_from_db()
    assert (offer.status, hold.status) == (OfferStatus.HELD, ClaimStatus.PENDING)
    edit(deal, weight_pounds=30_000)
    assert supersede_offers(subjects=[deal.load.public_id], settle=lambda subject: None) == 1
    assert Offer.objects.get().status == OfferStatus.SUPERSEDED


def test_the_owners_note_leaves_the_offers_on_a_load_that_a_broker_sells(deal: Deal) -> None:
    broker = make_organization("Lakeside Brokers", brokers=True)
    load = open_load(deal.shipper.organization, rate_cents=None, book_now=False)
    sell_load(load=load, seller=broker, shipper_rate_cents=2_700_00, actor="system", now=now())
    offer = offer_by(deal.carrier, deal.leg, load, terms=terms(load))
    again = replace(deal, load=load)
    edit(again, private_notes="Ours.")
    assert hearers("load.noted") == {deal.shipper.organization.public_id}  # the seller reads nothing of that
    assert hearers("load.edited") == set()
    edit(again, reference="PO-7")
    assert hearers("load.noted") == {deal.shipper.organization.public_id, broker.public_id}
    pump()
    offer.refresh_from_db()
    assert offer.status == OfferStatus.LIVE


def test_a_claim_goes_through_on_the_version_that_was_seen_before_a_note(shipper: Organization) -> None:
    carrier = make_organization("Ruiz Trucking", hauls=True)
    load, leg = open_load(shipper), going_home(carrier)
    seen = load.version
    edit_load(
        actor=make_actor(shipper),
        load_id=load.public_id,
        version=load.edition,
        terms=replace(load_terms_of(load), private_notes="Ours."),
    )
    assert claim(carrier, load, leg, load_version=seen).status == ClaimStatus.BOOKED


def test_an_edit_on_an_edition_before_a_note_is_refused(deal: Deal) -> None:
    edit(deal, private_notes="First.")
    terms_now = load_terms_of(deal.load)
    with pytest.raises(Stale, match="you worked on version 1, it is now version 2"):
        edit_load(
            actor=deal.shipper,
            load_id=deal.load.public_id,
            version=1,
            terms=replace(terms_now, private_notes="Second."),
        )
    with pytest.raises(Stale):
        withdraw_load(actor=deal.shipper, load_id=deal.load.public_id, version=1)
    withdraw_load(actor=deal.shipper, load_id=deal.load.public_id, version=2)


def test_by_rest_a_note_moves_the_owners_etag_and_nothing_that_others_read(deal: Deal, empty_cache: None) -> None:
    owner, carrier = ApiClient(deal.shipper.organization), ApiClient(deal.carrier.organization)
    path = f"/api/v1/loads/{deal.load.public_id}"
    before, seen = owner.get(path), carrier.get(path).json()
    edit(deal, private_notes="Ours.")
    after = owner.get(path)
    assert before["ETag"] != after["ETag"]
    assert (before.json()["version"], after.json()["version"]) == (1, 1)
    again = carrier.get(path).json()
    assert {name for name in seen if seen[name] != again[name]} <= {"confirmed_at", "etag"}


@pytest.mark.parametrize("status", [Status.DRAFT, Status.WITHDRAWN, Status.EXPIRED])
def test_nobody_outside_hears_what_changes_off_the_market(deal: Deal, status: Status) -> None:
    broker = make_organization("Lakeside Brokers", brokers=True)
    make_relationship(deal.shipper.organization, broker, RelationshipKind.REPRESENTS)
    Load.objects.filter(pk=deal.load.pk).update(status=status)
    assert edit(deal, weight_pounds=30_000).version == 2
    edit(deal, private_notes="Ours.")
    assert hearers("load.noted") == {deal.shipper.organization.public_id}
    assert hearers("load.edited") == set()
    assert "load.noted" not in WATCHED
    assert "load.edited" in WATCHED


def test_a_note_on_the_market_is_told_to_the_owner_alone(deal: Deal) -> None:
    broker = make_organization("Lakeside Brokers", brokers=True)
    make_relationship(deal.shipper.organization, broker, RelationshipKind.REPRESENTS)
    edit(deal, **PRIVATE)
    assert hearers("load.noted") == {deal.shipper.organization.public_id}
    first, *others = load_terms_of(deal.load).stops
    later = replace(first, closes_at=first.closes_at + timedelta(hours=1))
    edit(deal, stops=(later, *others))
    assert hearers("load.edited") == {deal.shipper.organization.public_id, broker.public_id}
