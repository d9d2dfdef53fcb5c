"""What a hostile party would try where claims, bookings, cancellations and roles meet."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from brokers.booking_queries import booking_of
from brokers.booking_visibility import booking_payload
from brokers.models import Booking, Claim, ClaimStatus, RateConfirmation
from brokers.services.amendments import accept_amendment, propose_amendment
from brokers.services.cancelling import cancel_booking
from brokers.services.claims import release_due_claims, settle_claim
from brokers.services.documents import make_documents, sign_confirmation
from brokers.services.pending import check_waiting_claims
from brokers.services.record_requests import ask_for_record
from brokers.services.threads import open_thread
from brokers.sights import sights_of
from brokers.terms import terms_of
from brokers.thread_queries import threads_of
from foundation.accounts.models import Decision, Organization, RelationshipKind
from foundation.events.models import AuditEntry, FeedEntry
from foundation.events.reactions import Settle
from foundation.trade import clock
from foundation.trade.errors import Forbidden, TradeError
from loads.models import Load
from loads.queries import history_of
from loads.services import sell_load
from tests.brokers.bargains import terms
from tests.brokers.booked import claim, going_home, open_load
from tests.builders import make_actor, make_organization, make_record, make_relationship, now

pytestmark = pytest.mark.usefixtures("db", "straight_roads", "empty_cache")


def brokered(shipper: Organization, broker: Organization, **fields: object) -> Load:
    """Return a load that a broker sells: $2,956.78 from the shipper, open to claims at $2,412.34."""
    load = open_load(shipper, rate_cents=None, **fields)
    sell_load(load=load, seller=broker, shipper_rate_cents=2_956_78, actor="system", now=now())
    Load.objects.filter(pk=load.pk).update(rate_cents=2_412_34, book_now=True)
    load.refresh_from_db()
    return load


@pytest.fixture
def sold(shipper: Organization, carrier: Organization, broker: Organization) -> Booking:
    """Return a claimed load that a broker sold, with $317.77 of TONU towards the carrier."""
    load = brokered(shipper, broker)
    Load.objects.filter(pk=load.pk).update(tonu_cents=317_77)
    load.refresh_from_db()
    claim(carrier, load, going_home(carrier))
    return Booking.objects.select_related("load", "shipper", "seller", "carrier", "tour").get()


def test_what_a_broker_owes_its_carrier_stands_in_no_history_of_the_shipper(sold: Booking, monkeypatch) -> None:
    soon = terms_of(sold).stop_times[0].opens_at - timedelta(hours=1)
    monkeypatch.setattr(clock, "now", lambda: soon)
    word = {"booking_id": sold.public_id, "version": 1, "reason": "load_not_ready"}
    done = cancel_booking(actor=make_actor(sold.seller), **word)
    assert done.owed_tonu_cents == 317_77
    entries = AuditEntry.objects.filter(organization_id=sold.shipper.public_id, action="booking.cancelled")
    heard = FeedEntry.objects.filter(organization_id=sold.shipper.public_id, event__name="booking.cancelled")
    assert (entries.count(), heard.count()) == (1, 1)
    owed = str(done.owed_tonu_cents + done.owed_deadhead_cents)
    said = json.dumps([each.changes for each in entries] + [each.payload for each in heard])
    assert owed not in said
    assert "owed" not in said
    carriers = AuditEntry.objects.get(organization_id=sold.carrier.public_id, action="booking.cancelled")
    assert carriers.changes["owed_cents"] == int(owed)


def test_a_change_between_broker_and_carrier_changes_nothing_that_the_shipper_reads(sold: Booking) -> None:
    before = booking_payload(booking_of(sold.shipper, sold.public_id), sold.shipper)
    changed = replace(terms_of(sold), linehaul_cents=2_500_00, stop_times=())
    row = propose_amendment(
        actor=make_actor(sold.carrier), booking_id=sold.public_id, subject="carriage", terms=changed
    )
    accept_amendment(actor=make_actor(sold.seller), amendment_id=row.public_id)
    assert booking_of(sold.carrier, sold.public_id).version == 2
    assert booking_payload(booking_of(sold.shipper, sold.public_id), sold.shipper) == before
    freight = propose_amendment(
        actor=make_actor(sold.shipper),
        booking_id=sold.public_id,
        subject="freight",
        load_changes={"weight_pounds": 30_000},
        booking_version=before["version"],
    )
    accept_amendment(actor=make_actor(sold.carrier), amendment_id=freight.public_id)
    accept_amendment(actor=make_actor(sold.seller), amendment_id=freight.public_id)
    after = booking_payload(booking_of(sold.shipper, sold.public_id), sold.shipper)
    assert after["version"] == before["version"] + 1
    told = FeedEntry.objects.filter(organization_id=sold.shipper.public_id, event__name="booking.amended").get()
    assert (told.payload["version"], told.event.version) == (after["version"], after["version"])


@pytest.fixture
def two_hats(carrier: Organization, broker: Organization) -> Organization:
    """Return a shipper that is a broker as well, and acts for the carrier."""
    found = make_organization("Two Hats", ships=True, brokers=True)
    make_relationship(carrier, found, RelationshipKind.REPRESENTS)
    return found


def test_a_shipper_whose_load_is_sold_reads_no_carriers_offer_by_acting_for_the_carrier(
    two_hats: Organization, carrier: Organization, broker: Organization
) -> None:
    load = brokered(two_hats, broker)
    leg = going_home(carrier)
    offer = open_thread(
        actor=make_actor(carrier),
        load_id=load.public_id,
        leg_id=leg.public_id,
        terms=terms(load, 2_345),
        load_version=load.version,
    )
    assert not threads_of(two_hats).exists()
    assert two_hats not in [sight.viewer for sight in sights_of(offer.thread, now())]
    heard = FeedEntry.objects.filter(organization_id=two_hats.public_id)
    assert "2345.00" not in json.dumps([each.payload for each in heard])


def test_a_shipper_whose_load_is_sold_takes_it_for_no_carrier(
    two_hats: Organization, carrier: Organization, broker: Organization
) -> None:
    load, leg = brokered(two_hats, broker), going_home(carrier)
    with pytest.raises(TradeError):
        claim(carrier, load, leg, actor=make_actor(two_hats))
    with pytest.raises(TradeError):
        open_thread(
            actor=make_actor(two_hats),
            load_id=load.public_id,
            leg_id=leg.public_id,
            terms=terms(load, 2_345),
            load_version=load.version,
        )
    assert not Booking.objects.exists()


@pytest.fixture
def asked(settings, tmp_path, carrier: Organization) -> Organization:
    """Return a carrier of whom the registry has not answered: its claims are put on hold."""
    settings.FEDERAL_ANSWERS = str(tmp_path)
    carrier.usdot_number = carrier.usdot_number or "1234567"
    carrier.save()
    return carrier


def test_a_hold_whose_time_is_over_keeps_nobody_from_the_load_though_no_worker_runs(
    shipper: Organization, asked: Organization
) -> None:
    held = claim(asked, open_load(shipper), going_home(asked))
    assert held.status == ClaimStatus.PENDING
    Claim.objects.update(made_at=now() - timedelta(minutes=11), held_until=now() - timedelta(seconds=1))
    rival = make_organization("Rival", hauls=True, usdot_number="555")
    make_record(rival)
    assert claim(rival, held.loads.get().load, going_home(rival)).status == ClaimStatus.BOOKED
    release_due_claims()
    held.refresh_from_db()
    assert held.status == ClaimStatus.RELEASED


def test_a_second_hold_follows_one_whose_time_is_over(shipper: Organization, asked: Organization) -> None:
    held = claim(asked, open_load(shipper), going_home(asked))
    Claim.objects.update(made_at=now() - timedelta(minutes=11), held_until=now() - timedelta(seconds=1))
    rival = make_organization("Rival", hauls=True, usdot_number="555")
    second = claim(rival, held.loads.get().load, going_home(rival))
    assert second.status == ClaimStatus.PENDING
    release_due_claims()
    for each, status in ((held, ClaimStatus.RELEASED), (second, ClaimStatus.PENDING)):
        each.refresh_from_db()
        assert each.status == status
    assert second.loads.get().is_held


def test_a_claim_is_not_booked_behind_its_carriers_back_once_its_time_is_over(
    shipper: Organization, asked: Organization
) -> None:
    held = claim(asked, open_load(shipper), going_home(asked))
    Claim.objects.update(made_at=now() - timedelta(minutes=11), held_until=now() - timedelta(seconds=1))
    make_record(asked)
    assert settle_claim(claim_id=held.public_id).status == ClaimStatus.RELEASED
    assert not Booking.objects.exists()


@pytest.mark.parametrize("how", ["kept", "ended", "blocked"])
def test_a_claim_on_hold_is_released_where_its_maker_may_not_decide_any_more(
    shipper: Organization, asked: Organization, broker: Organization, how: str
) -> None:
    grant = make_relationship(asked, broker, RelationshipKind.REPRESENTS)
    held = claim(asked, open_load(shipper), going_home(asked), actor=make_actor(broker))
    assert held.status == ClaimStatus.PENDING
    if how == "kept":
        grant.keeps = [Decision.CLAIMS]
        grant.save()
    elif how == "ended":
        grant.delete()
    else:
        make_relationship(asked, broker, RelationshipKind.BLOCKED)
    make_record(asked)
    check_waiting_claims()
    held.refresh_from_db()
    assert held.status == ClaimStatus.RELEASED
    assert not Booking.objects.exists()


def test_a_claim_on_hold_is_released_where_carrier_and_broker_have_blocked_each_other(
    shipper: Organization, asked: Organization, broker: Organization
) -> None:
    held = claim(asked, brokered(shipper, broker), going_home(asked))
    make_relationship(broker, asked, RelationshipKind.BLOCKED)
    make_record(asked)
    check_waiting_claims()
    held.refresh_from_db()
    assert held.status == ClaimStatus.RELEASED


def test_a_broker_of_both_sides_does_not_choose_who_cancels_and_so_who_owes(
    shipper: Organization, carrier: Organization, broker: Organization
) -> None:
    for giver in (shipper, carrier):
        make_relationship(giver, broker, RelationshipKind.REPRESENTS)
    booking = claim(carrier, open_load(shipper), going_home(carrier)).loads.get().booking
    with pytest.raises(Forbidden, match="act for both sides"):
        cancel_booking(actor=make_actor(broker), booking_id=booking.public_id, version=1, reason="other")
    booking.refresh_from_db()
    assert booking.status == "booked"
    seller = make_actor(shipper)
    assert (
        cancel_booking(actor=seller, booking_id=booking.public_id, version=1, reason="other").cancelled_for == shipper
    )


def test_a_broker_of_both_sides_agrees_with_itself_on_no_amendment(
    shipper: Organization, carrier: Organization, broker: Organization
) -> None:
    for giver in (shipper, carrier):
        make_relationship(giver, broker, RelationshipKind.REPRESENTS)
    booking = claim(carrier, open_load(shipper), going_home(carrier)).loads.get().booking
    word = {"booking_id": booking.public_id, "subject": "carriage"}
    changed = replace(terms_of(booking), linehaul_cents=2_500_00, stop_times=())
    with pytest.raises(Forbidden, match="act for more than one side") as refusal:
        propose_amendment(actor=make_actor(broker), terms=changed, **word)
    assert refusal.value.code == "both_sides"
    row = propose_amendment(actor=make_actor(shipper), terms=changed, **word)
    with pytest.raises(Forbidden, match="act for more than one side"):
        accept_amendment(actor=make_actor(broker), amendment_id=row.public_id)
    assert accept_amendment(actor=make_actor(carrier), amendment_id=row.public_id).status == "accepted"


def test_a_seller_that_acts_for_the_carrier_amends_nothing_alone(sold: Booking) -> None:
    make_relationship(sold.carrier, sold.seller, RelationshipKind.REPRESENTS)
    seller = make_actor(sold.seller)
    changed = replace(terms_of(sold), linehaul_cents=2_500_00, stop_times=())
    row = propose_amendment(actor=seller, booking_id=sold.public_id, subject="carriage", terms=changed)
    with pytest.raises(Forbidden, match="act for more than one side"):
        accept_amendment(actor=seller, amendment_id=row.public_id)
    sold.refresh_from_db()
    assert sold.rate_cents == 2_412_34


def test_the_history_of_a_party_names_no_person_of_another(sold: Booking) -> None:
    changed = replace(terms_of(sold), linehaul_cents=2_500_00, stop_times=())
    carrier, seller = make_actor(sold.carrier), make_actor(sold.seller)
    row = propose_amendment(actor=carrier, booking_id=sold.public_id, subject="carriage", terms=changed)
    accept_amendment(actor=seller, amendment_id=row.public_id)
    make_documents(subjects=[sold.public_id], settle=Settle("brokers.make_documents", 0))
    paper = RateConfirmation.objects.get(booking=sold, agreement="carriage", superseded_at=None)
    word = {"sha256": paper.sha256, "name": "Cam Carrier", "address": "192.0.2.7"}
    sign_confirmation(actor=carrier, confirmation_id=paper.public_id, **word)
    ask_for_record(actor=carrier, booking_id=sold.public_id, reason="Our auditor asks.")
    cancel_booking(actor=seller, booking_id=sold.public_id, version=2, reason="other")
    told = (
        *("booking.made", "amendment.made", "amendment.closed", "booking.amended", "booking.cancelled"),
        *("confirmation.issued", "confirmation.ready", "confirmation.signed", "record.asked"),
        *("load.covered", "load.opened", "leg.covered", "leg.opened"),
    )
    entries = AuditEntry.objects.filter(action__in=told).exclude(actor="system")
    assert {entry.action for entry in entries} == set(told) - {"confirmation.ready"}
    people = {
        party.public_id: set(party.memberships.values_list("person__public_id", flat=True))
        for party in (sold.carrier, sold.seller, sold.shipper)
    }
    parties = set(people)
    for entry in entries:
        own = people[entry.organization_id] | (parties - {entry.organization_id})
        assert entry.actor in own, (entry.action, entry.organization_id)


def test_the_history_of_a_load_names_who_booked_it_once_both_know_each_other(
    shipper: Organization, carrier: Organization, sign_in
) -> None:
    load, leg = open_load(shipper), going_home(carrier)
    claim(carrier, load, leg)
    who = {step.what: step.who for step in history_of(shipper, load)}
    assert who["Booked by a carrier"] == carrier.name
    booking = load.bookings.get()
    cancel_booking(actor=make_actor(shipper), booking_id=booking.public_id, version=1, reason="other")
    assert shipper.name in sign_in(carrier).get(f"/legs/{leg.public_id}/").content.decode()
