"""Who said what money hangs on may withdraw it, as long as the other side has not answered."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from brokers.booking_visibility import booking_payload
from brokers.models import Booking, CancelReason, Contention, ContentionStatus, TransactionRecord
from brokers.notices.contentions import contention_closed, contention_withdrawn
from brokers.notices.notes import Reader
from brokers.services.cancelling import cancel_booking
from brokers.services.contending import ANSWER_WITHIN, answer_contention, close_unanswered, withdraw_contention
from foundation.accounts.models import Decision, Organization, RelationshipKind
from foundation.events.models import AuditEntry, FeedEntry
from foundation.trade import clock
from foundation.trade.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from loads.models import Load
from loads.services import sell_load
from tests.brokers.booked import claim, going_home, open_load
from tests.brokers.test_bargain_pages import body
from tests.brokers.test_contentions import at, booking
from tests.builders import make_actor, make_organization, make_relationship, now
from tests.rest.clients import ApiClient

__all__ = ["at", "booking"]

pytestmark = pytest.mark.usefixtures("db", "straight_roads", "empty_cache")
NOT_READY, NO_SHOW = CancelReason.LOAD_NOT_READY, CancelReason.NO_SHOW


@pytest.fixture
def said(booking: Booking, at) -> Contention:
    """Return what the carrier says at the gate, once its free time is over: the load was not ready."""
    return not_ready(booking, at)


def not_ready(booking: Booking, at) -> Contention:
    first = booking.tour_stops.order_by("sequence").first()
    at(max(first.arrives_at, booking.load.first_stop.opens_at) + timedelta(minutes=booking.free_minutes))
    cancel_booking(
        actor=make_actor(booking.carrier), booking_id=booking.public_id, version=None, reason=NOT_READY, note="Empty."
    )
    return Contention.objects.get()


def no_show(booking: Booking, at) -> Contention:
    at(booking.load.first_stop.closes_at)
    cancel_booking(actor=make_actor(booking.seller), booking_id=booking.public_id, version=None, reason=NO_SHOW)
    return Contention.objects.get()


def withdraw(by: Organization, row: Contention, **fields: Any) -> Contention:
    given = {"version": row.version, **fields}
    return withdraw_contention(actor=make_actor(by), contention_id=row.public_id, **given)


def answer(by: Organization, row: Contention, **fields: Any) -> Contention:
    given = {"version": row.version, "agrees": True, **fields}
    return answer_contention(actor=make_actor(by), contention_id=row.public_id, **given)


def owed(booking: Booking) -> tuple[Organization | None, int]:
    booking.refresh_from_db()
    return booking.owed_by, booking.owed_tonu_cents + booking.owed_deadhead_cents


def test_what_is_withdrawn_leaves_what_the_clock_shows_and_both_sides_read_it(
    booking: Booking, said: Contention
) -> None:
    version = Booking.objects.get().version
    row = withdraw(booking.carrier, said, reason="It was the other dock.")
    assert (row.status, row.withdrawn_by_organization, row.closed_at) == ("withdrawn", booking.carrier, clock.now())
    assert owed(booking) == (None, 0)
    assert booking.version == version, "nothing of the booking changed"
    for side in (booking.carrier, booking.seller):
        (told,) = booking_payload(booking, side)["contentions"]
        assert (told["status"], told["note"]) == ("withdrawn", "Empty.")
        assert (told["withdrawn_by"]["id"], told["withdrawn_because"]) == (
            booking.carrier.public_id,
            "It was the other dock.",
        )
        assert (told["answered_by"], told["answer"]) == (None, "")
        entry = AuditEntry.objects.get(organization_id=side.public_id, action="contention.withdrawn")
        assert entry.changes["withdrawn_because"] == "It was the other dock."


def test_a_no_show_that_is_withdrawn_stays_owed_for_by_the_clock(booking: Booking, at) -> None:
    row = no_show(booking, at)
    before = owed(booking)
    assert before == (booking.seller, row.cents)
    withdraw(booking.seller, row)
    assert owed(booking) == before


@pytest.mark.parametrize(
    ("agrees", "sentence"), [(True, "has agreed already, so it stands"), (False, "has disputed it already")]
)
def test_after_the_answer_nothing_is_withdrawn_also_from_a_stale_tab(
    booking: Booking, said: Contention, agrees: bool, sentence: str
) -> None:
    answer(booking.seller, said, agrees=agrees, answer="So it was." if agrees else "Not so.")
    before = owed(booking)
    with pytest.raises(Conflict, match=sentence):
        withdraw(booking.carrier, said)
    said.refresh_from_db()
    assert (said.status, said.withdrawn_by_organization) == ("agreed" if agrees else "disputed", None)
    assert owed(booking) == before


def test_a_double_click_withdraws_once_and_what_was_withdrawn_is_not_answered(
    booking: Booking, said: Contention
) -> None:
    withdraw(booking.carrier, said)
    with pytest.raises(Conflict, match="withdrawn already"):
        withdraw(booking.carrier, said)
    with pytest.raises(Conflict, match=f"{booking.carrier} withdrew this"):
        answer(booking.seller, said)
    assert FeedEntry.objects.filter(event__name="contention.withdrawn").count() == 2, "one for each side"
    assert owed(booking) == (None, 0)


def test_once_its_time_is_over_it_stays_not_answered(booking: Booking, said: Contention, at) -> None:
    at(said.made_at + ANSWER_WITHIN)
    with pytest.raises(Conflict, match="time to answer this is over"):
        withdraw(booking.carrier, said)
    assert close_unanswered() == 1
    with pytest.raises(Conflict, match="stays not answered"):
        withdraw(booking.carrier, said)
    said.refresh_from_db()
    assert said.status == ContentionStatus.UNANSWERED


def test_a_sweep_leaves_alone_what_was_withdrawn(booking: Booking, said: Contention, at) -> None:
    withdraw(booking.carrier, said)
    at(said.made_at + ANSWER_WITHIN)
    assert close_unanswered() == 0


def test_only_the_side_that_says_it_withdraws_it_as_it_read_it(booking: Booking, said: Contention, broker) -> None:
    with pytest.raises(NotFound):
        withdraw(make_organization("Stranger"), said)
    with pytest.raises(Forbidden, match="it alone can withdraw it"):
        withdraw(booking.seller, said)
    with pytest.raises(Forbidden, match="bookings:write"):
        withdraw_contention(actor=make_actor(booking.carrier, "viewer"), contention_id=said.public_id, version=1)
    with pytest.raises(Stale):
        withdraw(booking.carrier, said, version=9)
    with pytest.raises(Invalid, match="500"):
        withdraw(booking.carrier, said, reason="x" * 501)
    of_seller = make_relationship(booking.seller, broker, RelationshipKind.REPRESENTS)
    with pytest.raises(Forbidden, match="its people withdraw it"):
        withdraw(broker, said)
    of_carrier = make_relationship(booking.carrier, broker, RelationshipKind.REPRESENTS, keeps=[Decision.CANCELLATION])
    with pytest.raises(Forbidden, match="its people withdraw it"):
        withdraw(broker, said)
    of_carrier.keeps = []
    of_carrier.save()
    with pytest.raises(Forbidden, match="act for both sides"):
        withdraw(broker, said)
    of_seller.delete()
    assert withdraw(broker, said).withdrawn_by_organization == broker


def test_the_table_lets_nothing_else_change(booking: Booking, said: Contention) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Contention.objects.update(status="withdrawn", closed_at=clock.now())
    withdraw(booking.carrier, said, reason="A mistake.")
    for change in ({"withdrawn_because": "Another."}, {"status": "open"}, {"note": "Other words."}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Contention.objects.update(**change)
    Contention.objects.update(withdrawn_by=None)


def brokered(shipper: Organization, carrier: Organization, broker: Organization) -> Booking:
    load = open_load(shipper, rate_cents=None)
    sell_load(load=load, seller=broker, shipper_rate_cents=2_956_78, actor="system", now=now())
    Load.objects.filter(pk=load.pk).update(rate_cents=2_412_34, book_now=True, tonu_cents=250_00)
    load.refresh_from_db()
    claim(carrier, load, going_home(carrier, empty="53202", hours=240))
    return Booking.objects.select_related("load", "shipper", "seller", "carrier", "tour").get()


def test_of_a_brokered_load_the_record_keeps_what_was_withdrawn_and_charges_nobody(
    shipper: Organization, carrier: Organization, broker: Organization, at
) -> None:
    booking = brokered(shipper, carrier, broker)
    row = not_ready(booking, at)
    withdraw(carrier, row, reason="It was our clock.")
    record = TransactionRecord.objects.get()
    assert (record.charged_cents, record.carrier_pay_cents, record.compensation_cents) == (0, 0, 0)
    (kept,) = record.contentions
    assert (kept["status"], kept["withdrawn_by"], kept["withdrawn_because"]) == (
        "withdrawn",
        carrier.name,
        "It was our clock.",
    )
    assert not FeedEntry.objects.filter(organization_id=shipper.public_id, event__name__startswith="contention")


def test_a_broker_withdraws_what_it_claims_of_its_shipper_and_owes_its_carrier_all_the_same(
    shipper: Organization, carrier: Organization, broker: Organization, at
) -> None:
    booking = brokered(shipper, carrier, broker)
    carriage = not_ready(booking, at)
    answer(broker, carriage)
    sale = Contention.objects.get(agreement="sale")
    agent = make_organization("Agent", brokers=True)
    make_relationship(shipper, agent, RelationshipKind.REPRESENTS)
    with pytest.raises(NotFound):
        withdraw(agent, sale)
    with pytest.raises(NotFound):
        withdraw(carrier, sale)
    with pytest.raises(Forbidden, match="it alone can withdraw it"):
        withdraw(shipper, sale)
    withdraw(broker, sale)
    record = TransactionRecord.objects.get()
    assert (record.charged_cents, record.carrier_pay_cents) == (0, carriage.cents)
    assert [each["status"] for each in record.contentions] == ["agreed", "withdrawn"]
    heard = FeedEntry.objects.filter(event__name="contention.withdrawn").values_list("organization_id", flat=True)
    assert set(heard) == {broker.public_id, shipper.public_id}, "the carrier hears nothing of the sale"
    with pytest.raises(Conflict, match="withdrew this"):
        answer(shipper, sale)


def _reader(organization: Organization) -> Reader:
    return Reader(id=organization.public_id, name=organization.name, time_zone="America/Chicago")


def _heard(reader: Reader, name: str) -> dict[str, Any]:
    return FeedEntry.objects.get(organization_id=reader.id, event__name=name).payload


def test_the_asked_side_is_told_that_nothing_is_left_to_answer(booking: Booking, said: Contention) -> None:
    asked, claimant = _reader(booking.seller), _reader(booking.carrier)
    withdraw(booking.carrier, said, reason="It was the other dock.")
    note = contention_withdrawn(_heard(asked, "contention.withdrawn"), asked)
    assert note is not None
    assert "withdrew that the load was not ready" in note.text
    assert "you owe nothing of the $250, and nothing is left to answer" in note.text
    assert ("Withdrawn", "It was the other dock.") in note.rows
    assert contention_withdrawn(_heard(claimant, "contention.withdrawn"), claimant) is None


def test_a_side_is_told_what_its_broker_withdrew_for_it(booking: Booking, said: Contention, broker) -> None:
    make_relationship(booking.carrier, broker, RelationshipKind.REPRESENTS)
    withdraw(broker, said)
    note = contention_withdrawn(_heard(_reader(booking.carrier), "contention.withdrawn"), _reader(booking.carrier))
    assert note is not None
    assert f"{broker.name} withdrew for you" in note.text
    assert "nothing of the $250 is owed to you" in note.text


@pytest.mark.parametrize(("agrees", "words"), [(True, "agreed for you"), (False, "disputed for you")])
def test_a_side_is_told_what_its_broker_answered_for_it(
    booking: Booking, said: Contention, broker, agrees: bool, words: str
) -> None:
    make_relationship(booking.seller, broker, RelationshipKind.REPRESENTS)
    answer(broker, said, agrees=agrees, answer="We looked.")
    note = contention_closed(_heard(_reader(booking.seller), "contention.closed"), _reader(booking.seller))
    assert note is not None
    assert f"{broker.name} {words}" in note.text


def test_on_the_page_it_is_withdrawn_once_and_refused_from_a_tab_that_is_stale(
    sign_in, booking: Booking, said: Contention
) -> None:
    path, page = f"/contentions/{said.public_id}/withdrawal/", f"/bookings/{booking.public_id}/"
    assert path not in body(sign_in(booking.seller).get(page)), "who is asked does not withdraw it"
    client = sign_in(booking.carrier)
    before = body(client.get(page))
    assert path in before
    assert "owes nothing of the $250.00, and it cannot be said again" in before
    assert client.post(path).status_code == 422
    assert client.post(path, {"version": "7"}).status_code == 409
    assert sign_in(make_organization("Stranger")).post(path, {"version": "1"}).status_code == 404
    assert sign_in(booking.seller).post(path, {"version": "1"}).status_code == 403
    client = sign_in(booking.carrier)
    told = body(client.post(path, {"version": "1", "words": "The other dock."}, follow=True))
    assert "You withdrew it" in told
    assert f"{booking.carrier} withdrew it." in told
    assert "The other dock." in told
    again = client.post(path, {"version": "1"})
    assert again.status_code == 409
    assert "withdrawn already" in body(again)
    late = sign_in(booking.seller).post(f"/contentions/{said.public_id}/answer/", {"version": "1", "answer": "agree"})
    assert late.status_code == 409
    assert "nothing left to answer" in body(late)


def test_by_rest_it_is_withdrawn_once_and_after_an_agreement_refused_with_what_stands(
    booking: Booking, said: Contention
) -> None:
    client = ApiClient(booking.carrier)
    path = f"/api/v1/contentions/{said.public_id}/withdrawal"
    assert client.post(path, {"version": 1}).status_code == 400, "an Idempotency-Key is missing"
    assert client.post(path, {}, headers={"Idempotency-Key": "0"}).status_code == 400
    assert client.post(path, {"version": 9}, headers={"Idempotency-Key": "9"}).status_code == 412
    assert ApiClient(booking.seller).post(path, {"version": 1}, headers={"Idempotency-Key": "s"}).status_code == 403
    done = client.post(path, {"version": 1, "reason": "A mistake."}, headers={"Idempotency-Key": "a"})
    assert (done.status_code, done.json()["status"], done.json()["withdrawn_because"]) == (
        200,
        "withdrawn",
        "A mistake.",
    )
    same = client.post(path, {"version": 1, "reason": "A mistake."}, headers={"Idempotency-Key": "a"})
    assert (same.status_code, same.headers.get("Idempotent-Replayed")) == (200, "true")
    again = client.post(path, {"version": 2}, headers={"Idempotency-Key": "b"})
    assert (again.status_code, again.json()["code"]) == (409, "status_moved_on")
    assert [each["id"] for each in client.get("/api/v1/contentions?status=withdrawn").json()["items"]] == [
        said.public_id
    ]


def test_by_rest_what_was_agreed_is_a_409_with_a_clear_sentence(booking: Booking, said: Contention) -> None:
    answer(booking.seller, said)
    path = f"/api/v1/contentions/{said.public_id}/withdrawal"
    refused = ApiClient(booking.carrier).post(path, {"version": 1}, headers={"Idempotency-Key": "a"})
    assert (refused.status_code, refused.json()["code"]) == (409, "status_moved_on")
    assert refused.json()["detail"] == f"{booking.seller} has agreed already, so it stands and cannot be withdrawn."


def test_a_record_that_was_kept_before_reads_as_never_withdrawn(
    shipper: Organization, carrier: Organization, broker: Organization, at
) -> None:
    booking = brokered(shipper, carrier, broker)
    answer(broker, not_ready(booking, at))
    record = TransactionRecord.objects.get()
    for each in record.contentions:
        del each["withdrawn_by"], each["withdrawn_because"]
    record.save()
    shown = ApiClient(broker).get(f"/api/v1/transaction-records/{record.public_id}").json()
    assert [each["withdrawn_because"] for each in shown["contentions"]] == [""] * len(record.contentions)
