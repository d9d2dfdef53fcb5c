"""Contentions: money of a cancellation that hangs on one side's word is owed only once the other has agreed."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from brokers.booking_visibility import booking_payload
from brokers.models import Booking, BookingStatus, CancelReason, Contention, ContentionStatus, TransactionRecord
from brokers.notices.contentions import contention_closed, contention_made
from brokers.notices.notes import Reader
from brokers.services.cancelling import cancel_booking
from brokers.services.contending import ANSWER_WITHIN, answer_contention, close_unanswered
from brokers.terms import posted_terms
from foundation.accounts.models import Decision, Organization, RelationshipKind
from foundation.events.models import AuditEntry, FeedEntry
from foundation.trade import clock
from foundation.trade.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from foundation.trade.posting import Status
from loads.models import Load
from loads.services import sell_load
from tests.brokers.booked import claim, going_home, open_load
from tests.brokers.test_bargain_pages import body
from tests.builders import make_actor, make_organization, make_relationship, now
from tests.rest.clients import ApiClient

pytestmark = pytest.mark.usefixtures("db", "straight_roads", "empty_cache")
NOT_READY, NO_SHOW = CancelReason.LOAD_NOT_READY, CancelReason.NO_SHOW


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch):
    """Return a way to move the clock."""
    return lambda moment: monkeypatch.setattr(clock, "now", lambda: moment)


@pytest.fixture
def booking(shipper: Organization, carrier: Organization) -> Booking:
    """Return a claimed load with a TONU of $250 and two hours free at the pickup."""
    claim(carrier, open_load(shipper, tonu_cents=250_00), going_home(carrier, hours=240))
    return Booking.objects.select_related("load", "shipper", "seller", "carrier", "tour").get()


def waited(booking: Booking) -> datetime:
    """Return when the free time at the pickup is over."""
    first = booking.tour_stops.order_by("sequence").first()
    return max(first.arrives_at, booking.load.first_stop.opens_at) + timedelta(minutes=booking.free_minutes)


def cancel(booking: Booking, by: Organization, reason: str, note: str = "") -> Contention:
    cancel_booking(actor=make_actor(by), booking_id=booking.public_id, version=None, reason=reason, note=note)
    return Contention.objects.get()


def answer(by: Organization, row: Contention, **fields: Any) -> Contention:
    given = {"version": row.version, "agrees": True, **fields}
    return answer_contention(actor=make_actor(by), contention_id=row.public_id, **given)


def owed(booking: Booking) -> tuple[Organization | None, int]:
    booking.refresh_from_db()
    return booking.owed_by, booking.owed_tonu_cents + booking.owed_deadhead_cents


def test_a_load_that_was_not_ready_is_claimed_at_once_and_owed_when_the_seller_agrees(booking: Booking, at) -> None:
    at(waited(booking))
    row = cancel(booking, booking.carrier, NOT_READY, "Three hours at the gate.")
    booking.load.refresh_from_db()
    assert booking.load.status == Status.OPEN, "the load is back on the market at once"
    assert owed(booking) == (None, 0)
    assert (row.claimant, row.asked, row.cents, row.note) == (
        booking.carrier,
        booking.seller,
        250_00,
        "Three hours at the gate.",
    )
    version = booking.version
    answered = answer(booking.seller, row, answer="True, the press stood still.")
    assert (answered.status, answered.answered_by_organization) == (ContentionStatus.AGREED, booking.seller)
    assert owed(booking) == (booking.seller, 250_00)
    assert booking.version == version + 1
    (said,) = booking_payload(booking, booking.carrier)["contentions"]
    assert (said["status"], said["note"], said["answer"]) == ("agreed", row.note, "True, the press stood still.")
    for side in (booking.seller, booking.carrier):
        entry = AuditEntry.objects.get(organization_id=side.public_id, action="contention.closed")
        people = set(side.memberships.values_list("person__public_id", flat=True))
        assert entry.actor in people | {booking.seller.public_id}, "of another's people only the company is named"


def test_a_truck_that_did_not_come_is_owed_for_by_the_clock_until_its_carrier_agrees(booking: Booking, at) -> None:
    at(booking.load.first_stop.closes_at)
    row = cancel(booking, booking.seller, NO_SHOW)
    assert (row.relieves, row.claimant, row.asked) == (True, booking.seller, booking.carrier)
    assert owed(booking) == (booking.seller, row.cents)
    answer(booking.carrier, row)
    assert owed(booking) == (None, 0)


@pytest.mark.parametrize("reason", [NOT_READY, NO_SHOW])
def test_what_is_disputed_changes_nothing_and_keeps_both_sentences(booking: Booking, at, reason: str) -> None:
    by, other = (booking.carrier, booking.seller) if reason == NOT_READY else (booking.seller, booking.carrier)
    at(max(waited(booking), booking.load.first_stop.closes_at))
    row = cancel(booking, by, reason, "So it was.")
    before = owed(booking)
    with pytest.raises(Invalid, match="Say why you dispute it"):
        answer(other, row, agrees=False)
    disputed = answer(other, row, agrees=False, answer="It was not.")
    assert (disputed.status, disputed.note, disputed.answer) == ("disputed", "So it was.", "It was not.")
    assert owed(booking) == before


def test_what_nobody_answers_is_never_granted(booking: Booking, at) -> None:
    at(waited(booking))
    row = cancel(booking, booking.carrier, NOT_READY)
    at(row.made_at + ANSWER_WITHIN - timedelta(seconds=1))
    assert close_unanswered() == 0
    at(row.made_at + ANSWER_WITHIN)
    with pytest.raises(Conflict, match="time to answer this is over"):
        answer(booking.seller, row)
    assert (close_unanswered(), close_unanswered()) == (1, 0)
    with pytest.raises(Conflict, match="stays not answered"):
        answer(booking.seller, row)
    row.refresh_from_db()
    assert (row.status, owed(booking)) == (ContentionStatus.UNANSWERED, (None, 0))


def test_it_is_answered_once_as_it_was_read_by_the_side_that_is_asked(booking: Booking, at, broker) -> None:
    at(waited(booking))
    row = cancel(booking, booking.carrier, NOT_READY)
    with pytest.raises(NotFound):
        answer(make_organization("Stranger"), row)
    with pytest.raises(Forbidden, match="Your side says this"):
        answer(booking.carrier, row)
    for giver in (booking.carrier, booking.seller):
        make_relationship(giver, broker, RelationshipKind.REPRESENTS)
    with pytest.raises(Forbidden, match="act for both sides"):
        answer(broker, row)
    with pytest.raises(Forbidden, match="bookings:write"):
        answer_contention(
            actor=make_actor(booking.seller, "viewer"), contention_id=row.public_id, version=1, agrees=True
        )
    with pytest.raises(Stale):
        answer(booking.seller, row, version=9)
    answer(booking.seller, row)
    with pytest.raises(Conflict, match="answered already"):
        answer(booking.seller, row, agrees=False, answer="After all not.")
    with pytest.raises(IntegrityError), transaction.atomic():
        Contention.objects.update(tonu_cents=900_00)


def test_a_broker_answers_for_the_side_that_lets_it_cancel_and_for_no_other(booking: Booking, at, broker) -> None:
    standing = make_relationship(booking.seller, broker, RelationshipKind.REPRESENTS, keeps=[Decision.CANCELLATION])
    at(waited(booking))
    row = cancel(booking, booking.carrier, NOT_READY)
    with pytest.raises(NotFound):
        answer(broker, row)
    standing.keeps = []
    standing.save()
    assert answer(broker, row).answered_by_organization == broker


def test_what_a_broker_agrees_to_owe_it_asks_of_its_shipper_and_the_record_tells_both(
    shipper: Organization, carrier: Organization, broker: Organization, at
) -> None:
    load = open_load(shipper, rate_cents=None)
    sell_load(load=load, seller=broker, shipper_rate_cents=2_956_78, actor="system", now=now())
    Load.objects.filter(pk=load.pk).update(rate_cents=2_412_34, book_now=True, tonu_cents=250_00)
    load.refresh_from_db()
    claim(carrier, load, going_home(carrier, empty="53202", hours=240))
    booking = Booking.objects.select_related("load", "shipper", "seller", "carrier", "tour").get()
    at(waited(booking))
    row = cancel(booking, carrier, NOT_READY, "Nobody at the dock.")
    assert row.asked == broker
    assert row.deadhead_cents > 0
    seen = booking_payload(booking, shipper)
    answer(broker, row, answer="True: it is the $2,412.34 lane again.")
    sale = Contention.objects.get(agreement="sale")
    assert sale.note == "", "what carrier and broker write to each other is not the shipper's"
    assert (sale.claimant, sale.asked, sale.cents) == (broker, shipper, row.deadhead_cents), "no TONU in this sale"
    record = TransactionRecord.objects.get()
    assert (record.charged_cents, record.carrier_pay_cents) == (0, row.cents)
    booking.refresh_from_db()
    after = booking_payload(booking, shipper)
    assert (after["cancel_note"], booking_payload(booking, broker)["cancel_note"]) == ("", "Nobody at the dock.")
    assert after["version"] == seen["version"] + 1, "it counts the cancellation, and nothing of the carriage"
    assert [each["agreement"] for each in after["contentions"]] == ["sale"]
    assert [each["agreement"] for each in booking_payload(booking, carrier)["contentions"]] == ["carriage"]
    answer(shipper, sale)
    record.refresh_from_db()
    assert (record.charged_cents, record.compensation_cents) == (row.deadhead_cents, -250_00)
    assert [(each["agreement"], each["status"]) for each in record.contentions] == [
        ("carriage", "agreed"),
        ("sale", "agreed"),
    ]
    heard = FeedEntry.objects.filter(organization_id=shipper.public_id, event__name__startswith="contention")
    assert {entry.payload["agreement"] for entry in heard} == {"sale"}


def test_the_asked_side_is_told_what_it_would_owe_and_the_claimant_how_it_ended(booking: Booking, at) -> None:
    at(waited(booking))
    row = cancel(booking, booking.carrier, NOT_READY)
    asked, claimant = (
        Reader(id=side.public_id, name=side.name, time_zone="America/Chicago")
        for side in (booking.seller, booking.carrier)
    )

    def heard(reader: Reader, name: str) -> dict[str, Any]:
        return FeedEntry.objects.get(organization_id=reader.id, event__name=name).payload

    note = contention_made(heard(asked, "contention.made"), asked)
    assert note is not None
    assert "claims $250" in note.text
    assert "only if you agree" in note.text
    assert contention_made(heard(claimant, "contention.made"), claimant) is None
    answer(booking.seller, row, agrees=False, answer="It was ready.")
    note = contention_closed(heard(claimant, "contention.closed"), claimant)
    assert note is not None
    assert "disputes" in note.text
    assert "nothing of the $250 is owed" in note.text
    assert contention_closed(heard(asked, "contention.closed"), asked) is None


def test_the_page_warns_before_asks_after_and_refuses_a_second_answer(sign_in, booking: Booking, at) -> None:
    at(waited(booking))
    before = body(sign_in(booking.carrier).get(f"/bookings/{booking.public_id}/cancellation/"))
    assert "You claim $250.00" in before
    assert "owes nothing of it before it agrees" in before
    row = cancel(booking, booking.carrier, NOT_READY, "At the gate from eight.")
    path = f"/contentions/{row.public_id}/answer/"
    own = body(sign_in(booking.carrier).get(f"/bookings/{booking.public_id}/"))
    assert "Waits for an answer" in own
    assert path not in own
    client = sign_in(booking.seller)
    page = body(client.get(f"/bookings/{booking.public_id}/"))
    assert path in page
    assert "At the gate from eight." in page
    refused = client.post(path, {"version": "1", "answer": "dispute", "words": ""})
    assert refused.status_code == 422
    assert "Say why you dispute it" in body(refused)
    assert client.post(path, {"version": "7", "answer": "agree"}).status_code == 409
    told = body(client.post(path, {"version": "1", "answer": "agree"}, follow=True))
    assert "You owe $250.00" in told
    again = client.post(path, {"version": "1", "answer": "dispute", "words": "No."})
    assert again.status_code == 409
    assert "answered already" in body(again)
    assert sign_in(make_organization("Stranger")).post(path, {"answer": "agree"}).status_code == 404


def test_by_rest_it_is_listed_disputed_and_refused_the_second_time(booking: Booking, at) -> None:
    client = ApiClient(booking.seller)
    at(waited(booking))
    row = cancel(booking, booking.carrier, NOT_READY)
    (item,) = client.get(f"/api/v1/contentions?booking={booking.public_id}").json()["items"]
    assert (item["id"], item["status"], item["tonu"]["amount"]) == (row.public_id, "open", "250.00")
    path = f"/api/v1/contentions/{row.public_id}/dispute"
    data = {"version": 1, "answer": "It was on the dock."}
    disputed = client.post(path, data, headers={"Idempotency-Key": "a"})
    assert (disputed.status_code, disputed.json()["status"]) == (200, "disputed")
    again = client.post(path, data, headers={"Idempotency-Key": "b"})
    assert (again.status_code, again.json()["code"]) == (409, "status_moved_on")
    assert Booking.objects.get().status == BookingStatus.CANCELLED


def test_posted_terms_without_tonu_leave_nothing_to_contend_about(
    shipper: Organization, carrier: Organization, at
) -> None:
    load = open_load(shipper)
    assert posted_terms(load, rate_cents=1_00).tonu_cents == 0
    claim(carrier, load, going_home(carrier, hours=240))
    booking = Booking.objects.get()
    at(waited(booking))
    cancel_booking(actor=make_actor(carrier), booking_id=booking.public_id, version=None, reason=NOT_READY)
    assert not Contention.objects.exists()
