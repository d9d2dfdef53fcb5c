"""Money below nothing is said as a loss, on every page that shows what a trip or a sale leaves."""

from datetime import timedelta

import pytest

from brokers.models import Contention, TransactionRecord
from brokers.services.records import write_record
from brokers.templatetags.bargains import earns_words, profit
from tests.brokers.papers import make_booking
from tests.brokers.test_bargain_pages import body
from tests.builders import make_organization, now


@pytest.mark.parametrize(
    ("cents", "said"),
    [(610_40, "earns you $610"), (0, "earns you $0"), (-1_061_00, "costs you $1,061 more than it brings")],
)
def test_a_trip_that_loses_costs_more_than_it_brings(cents: int, said: str) -> None:
    words = earns_words(cents).replace('<strong class="tabular">', "").replace("</strong>", "")
    assert words == said


@pytest.mark.parametrize(("cents", "said"), [(544_44, "$544.44"), (-250_00, "a loss of $250.00")])
def test_a_sale_that_loses_is_a_loss(cents: int, said: str) -> None:
    assert profit(cents).replace("<strong>", "").replace("</strong>", "") == said


@pytest.mark.django_db
def test_the_record_of_what_fell_through_says_the_loss_and_both_sentences(sign_in) -> None:
    broker = make_organization("Lakeside Brokers", brokers=True, ships=False)
    booking = make_booking(
        broker=broker,
        status="cancelled",
        cancelled_at=now(),
        cancelled_for=broker,
        cancel_reason="load_not_ready",
        cancel_note="The mill stood still.",
        owed_by=broker,
        owed_tonu_cents=250_00,
    )
    Contention.objects.create(
        booking=booking,
        agreement="sale",
        claimant=broker,
        asked=booking.shipper,
        reason="load_not_ready",
        note="The mill stood still.",
        tonu_cents=311_17,
        status="disputed",
        answer="It ran.",
        answered_by_organization=booking.shipper,
        made_at=now(),
        answer_by=now() + timedelta(days=20_000),
        closed_at=now(),
    )
    write_record(booking=booking, now=now())
    record = TransactionRecord.objects.get()
    page = body(sign_in(broker).get(f"/transaction-records/{record.public_id}/"))
    for said in ("a loss of", "$250.00", "The mill stood still.", "It ran.", "disputed", "cancelled by Lakeside"):
        assert said in page
    asker = sign_in(booking.carrier)
    path = f"/bookings/{booking.public_id}/record/"
    asker.post(path, {"reason": "Our auditor asks."})
    given = body(asker.get(path))
    assert "a loss of" in given
    assert "It ran." in given
