"""Amendments: a booking and its covered load change only as every side that is touched accepts."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction

from brokers.models import AMENDMENT_MOVES, Amendment, AmendmentStatus, Booking, RateConfirmation, TransactionRecord
from brokers.papers.amendment_queries import amendment_of
from brokers.services.amendments import (
    accept_amendment,
    decline_amendment,
    lapse_due_amendments,
    propose_amendment,
    withdraw_amendment,
)
from brokers.services.cancelling import cancel_booking
from brokers.services.claims import claim_load
from brokers.terms import BargainTerms, StopTime, terms_of
from foundation.accounts.actor import Actor
from foundation.accounts.models import Decision, Organization
from foundation.events.models import AuditEntry, FeedEntry, Notice
from foundation.trade.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from loads.models import Load
from loads.services import sell_load
from tests.brokers.booked import claim, going_home, local_load, open_load
from tests.builders import make_actor, make_organization, make_relationship, now
from tests.events.pump import pump

pytestmark = pytest.mark.usefixtures("db", "straight_roads", "empty_cache")


@pytest.fixture
def booking(shipper: Organization, carrier: Organization) -> Booking:
    """Return a claimed load on the carrier's way home."""
    claim(carrier, open_load(shipper), going_home(carrier))
    return Booking.objects.select_related("load", "shipper", "seller", "carrier", "tour").get()


@pytest.fixture
def sold(shipper: Organization, carrier: Organization) -> Booking:
    """Return a claimed load that a broker sold: $2,956.78 from the shipper, $2,412.34 to the carrier."""
    load = open_load(shipper, rate_cents=None)
    broker = make_organization("Lakeside Brokers", brokers=True, ships=False)
    sell_load(load=load, seller=broker, shipper_rate_cents=2_956_78, actor="system", now=now())
    Load.objects.filter(pk=load.pk).update(rate_cents=2_412_34, book_now=True)
    load.refresh_from_db()
    claim(carrier, load, going_home(carrier))
    return Booking.objects.select_related("load", "shipper", "seller", "carrier", "tour").get()


def later(booking: Booking, hours: float) -> tuple[StopTime, ...]:
    """Return the booking's times with the delivery so much later."""
    *first, last = terms_of(booking).stop_times
    hour = timedelta(hours=hours)
    return (*first, replace(last, opens_at=last.opens_at + hour, closes_at=last.closes_at + hour))


def at(booking: Booking, cents: int) -> BargainTerms:
    return replace(terms_of(booking), linehaul_cents=cents)


def propose(actor: Actor, booking: Booking, **fields: object) -> Amendment:
    return propose_amendment(actor=actor, booking_id=booking.public_id, **{"subject": "carriage", **fields})


def hears(organization: Organization, name: str) -> list[str]:
    rows = FeedEntry.objects.filter(organization_id=organization.public_id, event__name=name)
    return [json.dumps(row.payload) for row in rows]


def test_a_change_that_both_accept_changes_load_booking_tour_paper_and_is_audited(booking: Booking) -> None:
    shipper, carrier = make_actor(booking.shipper), make_actor(booking.carrier)
    before = booking.load
    delivery_opened = before.last_stop.opens_at
    row = propose(
        shipper,
        booking,
        terms=at(booking, 2_500_00),
        stop_times=later(booking, 2),
        load_changes={"weight_pounds": 39_000, "commodity": "Board"},
        reason="The mill loads more.",
    )
    booking.refresh_from_db()
    assert (row.status, booking.rate_cents, booking.load.weight_pounds) == ("open", 2_400_00, 38_000)
    accept_amendment(actor=carrier, amendment_id=row.public_id, version=row.version)
    booking.refresh_from_db()
    load = Load.objects.get(pk=before.pk)
    assert (booking.rate_cents, booking.version, booking.load_version) == (2_500_00, 2, before.version + 1)
    assert (load.weight_pounds, load.commodity, load.version) == (39_000, "Board", before.version + 1)
    assert load.last_stop.opens_at == delivery_opened + timedelta(hours=2)
    paper = RateConfirmation.objects.get(booking=booking, superseded_at__isnull=True)
    assert (paper.revision, paper.content["terms"]["rate_cents"]) == (2, 2_500_00)
    assert paper.content["freight"]["weight_pounds"] == 39_000
    for side in (booking.shipper, booking.carrier):
        assert len(hears(side, "booking.amended")) == 1
        assert AuditEntry.objects.filter(organization_id=side.public_id, action="booking.amended").count() == 1
    assert [entry.action for entry in AuditEntry.objects.filter(action="load.amended")] == ["load.amended"]
    assert booking.tour.stops.count() == 2


def test_nothing_changes_before_the_last_yes_and_a_side_says_it_once(booking: Booking) -> None:
    shipper = make_actor(booking.shipper)
    row = propose(shipper, booking, terms=at(booking, 2_500_00))
    with pytest.raises(Conflict, match="Your side has said yes already"):
        accept_amendment(actor=shipper, amendment_id=row.public_id)
    with pytest.raises(Stale):
        accept_amendment(actor=make_actor(booking.carrier), amendment_id=row.public_id, version=9)
    booking.refresh_from_db()
    assert booking.rate_cents == 2_400_00


def test_one_amendment_is_open_at_a_time_until_it_is_answered(booking: Booking) -> None:
    shipper, carrier = make_actor(booking.shipper), make_actor(booking.carrier)
    row = propose(shipper, booking, terms=at(booking, 2_500_00))
    with pytest.raises(Conflict, match="is open already"):
        propose(carrier, booking, terms=at(booking, 2_600_00))
    with pytest.raises(Forbidden, match="decline it instead"):
        withdraw_amendment(actor=carrier, amendment_id=row.public_id)
    declined = decline_amendment(actor=carrier, amendment_id=row.public_id, reason="Too little.")
    assert (declined.status, declined.close_reason) == ("declined", "Too little.")
    with pytest.raises(Conflict, match="was answered, withdrawn or has lapsed"):
        accept_amendment(actor=carrier, amendment_id=row.public_id)
    again = propose(carrier, booking, terms=at(booking, 2_600_00))
    assert again.number == 2
    assert withdraw_amendment(actor=carrier, amendment_id=again.public_id).status == "withdrawn"


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({}, "Nothing would change"),
        ({"load_changes": {"weight_pounds": 38_000}}, "Nothing would change"),
        ({"load_changes": {"weight_pounds": 99_000}}, "do not go on one"),
        ({"load_changes": {"equipment": "F"}}, "does not change this field"),
        ({"subject": "sale"}, "No broker stands between"),
        ({"subject": "weather"}, "Say what is to change"),
        ({"terms": BargainTerms(linehaul_cents=0)}, "more than"),
        ({"terms": BargainTerms(linehaul_cents=2_400_00), "expires_in_minutes": 1}, "time"),
    ],
)
def test_a_proposal_that_changes_nothing_or_breaks_a_rule_is_refused(
    booking: Booking, fields: dict[str, object], word: str
) -> None:
    with pytest.raises(Invalid, match=word):
        propose(make_actor(booking.shipper), booking, **fields)


def test_what_the_truck_cannot_do_is_refused_with_the_engines_sentence_for_its_carrier_alone(booking: Booking) -> None:
    shipper, carrier = make_actor(booking.shipper), make_actor(booking.carrier)
    late = later(booking, 96)  # home-by is five days after it is empty
    with pytest.raises(Conflict) as own:
        propose(carrier, booking, stop_times=late)
    row = propose(shipper, booking, stop_times=late)
    with pytest.raises(Conflict) as accepted:
        accept_amendment(actor=carrier, amendment_id=row.public_id)
    assert own.value.sentence == accepted.value.sentence
    assert "cannot do this as it would be amended" not in own.value.sentence
    assert amendment_of(booking.shipper, row.public_id).status == "open"
    decline_amendment(actor=carrier, amendment_id=row.public_id)
    agent = make_organization("Two Rivers", brokers=True, ships=False)
    make_relationship(booking.carrier, agent, "represents")
    row = propose(shipper, booking, stop_times=late)
    with pytest.raises(Conflict, match="cannot do this as it would be amended"):
        accept_amendment(actor=make_actor(agent), amendment_id=row.public_id)


def test_an_amendment_lapses_with_its_time_and_with_its_booking(booking: Booking) -> None:
    shipper, carrier = make_actor(booking.shipper), make_actor(booking.carrier)
    row = propose(shipper, booking, terms=at(booking, 2_500_00), expires_in_minutes=5)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE brokers_amendment DISABLE TRIGGER amendments_never_change")
        cursor.execute(
            "UPDATE brokers_amendment SET proposed_at = proposed_at - interval '1 day', "
            "expires_at = statement_timestamp() - interval '1 second'"
        )
        cursor.execute("ALTER TABLE brokers_amendment ENABLE TRIGGER amendments_never_change")
    with pytest.raises(Conflict, match="its time is over"):
        accept_amendment(actor=carrier, amendment_id=row.public_id)
    assert lapse_due_amendments() == 1
    row = propose(shipper, booking, terms=at(booking, 2_500_00))
    cancel_booking(actor=shipper, booking_id=booking.public_id, version=None, reason="mistake")
    with pytest.raises(Conflict, match="fell through"):
        accept_amendment(actor=carrier, amendment_id=row.public_id)
    assert lapse_due_amendments() == 1
    assert amendment_of(booking.carrier, row.public_id).close_reason == "The booking fell through."


def test_an_amendment_on_terms_that_have_moved_on_is_refused(booking: Booking) -> None:
    shipper, carrier = make_actor(booking.shipper), make_actor(booking.carrier)
    row = propose(shipper, booking, terms=at(booking, 2_500_00))
    Booking.objects.filter(pk=booking.pk).update(tonu_cents=100_00)
    with pytest.raises(Conflict, match="has changed since this was proposed"):
        accept_amendment(actor=carrier, amendment_id=row.public_id)


def test_strangers_viewers_and_brokers_whose_side_keeps_it_do_not_amend(booking: Booking) -> None:
    with pytest.raises(NotFound):
        propose(make_actor(make_organization("Rival")), booking, terms=at(booking, 2_500_00))
    with pytest.raises(Forbidden, match="bookings:write"):
        propose(make_actor(booking.carrier, "viewer"), booking, terms=at(booking, 2_500_00))
    agent = make_organization("Two Rivers", brokers=True, ships=False)
    standing = make_relationship(booking.carrier, agent, "represents", keeps=[Decision.CANCELLATION])
    row = propose(make_actor(booking.shipper), booking, terms=at(booking, 2_500_00))
    with pytest.raises(Forbidden):
        accept_amendment(actor=make_actor(agent), amendment_id=row.public_id)
    standing.keeps = []
    standing.save()
    accepted = accept_amendment(actor=make_actor(agent), amendment_id=row.public_id)
    assert accepted.status == "accepted"
    assert accepted.acceptances.last().accepted_by_organization == agent


def test_a_sale_is_amended_between_shipper_and_broker_and_the_carrier_hears_nothing(sold: Booking) -> None:
    shipper, broker = make_actor(sold.shipper), make_actor(sold.seller)
    entries = AuditEntry.objects.filter(organization_id=sold.carrier.public_id).count()
    told = FeedEntry.objects.filter(organization_id=sold.carrier.public_id).count()
    row = propose(broker, sold, subject="sale", terms=BargainTerms(linehaul_cents=3_111_11))
    with pytest.raises(NotFound):
        amendment_of(sold.carrier, row.public_id)
    with pytest.raises(Forbidden, match="between others"):
        propose(make_actor(sold.carrier), sold, subject="sale", terms=BargainTerms(linehaul_cents=1_00))
    accept_amendment(actor=shipper, amendment_id=row.public_id)
    sold.refresh_from_db()
    assert (sold.shipper_rate_cents, sold.rate_cents, sold.version, sold.amended_at) == (3_111_11, 2_412_34, 1, None)
    papers = RateConfirmation.objects.filter(booking=sold, superseded_at__isnull=True)
    assert {(paper.agreement, paper.revision) for paper in papers} == {("carriage", 1), ("sale", 2)}
    assert TransactionRecord.objects.get().compensation_cents == 3_111_11 - 2_412_34
    assert AuditEntry.objects.filter(organization_id=sold.carrier.public_id).count() == entries
    assert FeedEntry.objects.filter(organization_id=sold.carrier.public_id).count() == told


def test_the_carriage_is_amended_between_broker_and_carrier_and_the_shipper_hears_nothing(sold: Booking) -> None:
    broker, carrier = make_actor(sold.seller), make_actor(sold.carrier)
    told = FeedEntry.objects.filter(organization_id=sold.shipper.public_id).count()
    terms = replace(terms_of(sold), linehaul_cents=2_500_00, stop_times=())
    row = propose(carrier, sold, terms=terms)
    with pytest.raises(NotFound):
        amendment_of(sold.shipper, row.public_id)
    accept_amendment(actor=broker, amendment_id=row.public_id)
    sold.refresh_from_db()
    assert (sold.rate_cents, sold.shipper_rate_cents) == (2_500_00, 2_956_78)
    assert TransactionRecord.objects.get().compensation_cents == 2_956_78 - 2_500_00
    assert FeedEntry.objects.filter(organization_id=sold.shipper.public_id).count() == told
    papers = RateConfirmation.objects.filter(booking=sold, superseded_at__isnull=True)
    assert {(paper.agreement, paper.revision) for paper in papers} == {("carriage", 2), ("sale", 1)}


def test_freight_of_a_brokered_load_changes_when_all_three_say_yes_and_holds_no_money(sold: Booking) -> None:
    shipper, broker, carrier = (make_actor(each) for each in (sold.shipper, sold.seller, sold.carrier))
    with pytest.raises(Invalid, match="amendment of the freight"):
        propose(shipper if sold.seller_id == sold.shipper_id else broker, sold, load_changes={"weight_pounds": 30_000})
    with pytest.raises(Invalid, match="holds no money"):
        propose(shipper, sold, subject="freight", terms=at(sold, 1_00), load_changes={"weight_pounds": 30_000})
    changes = {"weight_pounds": 30_000}
    row = propose(shipper, sold, subject="freight", load_changes=changes, stop_times=later(sold, 1))
    accept_amendment(actor=carrier, amendment_id=row.public_id)
    assert amendment_of(sold.seller, row.public_id).status == "open"
    pump()
    asked = Notice.objects.filter(event__name="amendment.made", organization_id=sold.seller.public_id)
    assert asked.count() == 1, "the broker was asked when it was proposed, and not once more"
    accept_amendment(actor=broker, amendment_id=row.public_id)
    sold.refresh_from_db()
    assert (sold.rate_cents, sold.shipper_rate_cents, sold.load_version) == (2_412_34, 2_956_78, sold.load.version)
    assert Load.objects.get(pk=sold.load_id).weight_pounds == 30_000
    papers = RateConfirmation.objects.filter(booking=sold, superseded_at__isnull=True)
    assert {(paper.agreement, paper.revision) for paper in papers} == {("carriage", 2), ("sale", 2)}
    said = " ".join(hears(sold.shipper, "amendment.made") + hears(sold.carrier, "amendment.made"))
    assert "2412.34" not in said
    assert "2956.78" not in said


def test_a_later_delivery_of_an_outbound_load_moves_the_leg_home_with_it(
    shipper: Organization, carrier: Organization
) -> None:
    leg = going_home(carrier)
    truck = leg.truck
    leg.delete()
    load = local_load(shipper)
    from_truck = {"load_id": load.public_id, "truck_id": truck.public_id}
    from_truck |= {"home_base_id": truck.home_base.public_id}
    propose_claim(carrier, from_truck)
    booking = Booking.objects.select_related("opened_leg", "shipper", "carrier", "load").get()
    before = booking.opened_leg.ready_at
    row = propose(make_actor(carrier), booking, stop_times=later(booking, 6))
    accept_amendment(actor=make_actor(shipper), amendment_id=row.public_id)
    booking.refresh_from_db()
    booking.opened_leg.refresh_from_db()
    tour = booking.tour
    tour.refresh_from_db()
    assert booking.opened_leg.ready_at == tour.ends_at
    assert tour.ends_at >= before


def propose_claim(carrier: Organization, fields: dict[str, str]) -> None:
    """Claim a load for a truck that goes out from home."""
    claim_load(actor=make_actor(carrier), **fields)


def test_an_amendment_never_changes_but_to_its_one_end(booking: Booking) -> None:
    row = propose(make_actor(booking.shipper), booking, terms=at(booking, 2_500_00))
    for change in ("linehaul_cents = 1", "load_changes = '[1]'", "expires_at = expires_at + interval '1 day'"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE brokers_amendment SET {change} WHERE id = %s", [row.pk])
    assert {end for ends in AMENDMENT_MOVES.values() for end in ends} == set(AmendmentStatus) - {AmendmentStatus.OPEN}


def test_the_page_on_papers_draws_the_states_as_they_are() -> None:
    page = (Path(__file__).parents[2] / "docs" / "papers.md").read_text()
    section = page.partition("### Amendment\n")[2].partition("\nWith the last yes")[0]
    rows = re.findall(r"^\| (\w+) \| ([a-z, -]+) \|$", section, re.MULTILINE)
    drawn = {source: set(targets.replace(" ", "").split(",")) - {"-"} for source, targets in rows if source != "from"}
    assert drawn == {str(source): set(map(str, targets)) for source, targets in AMENDMENT_MOVES.items()}
