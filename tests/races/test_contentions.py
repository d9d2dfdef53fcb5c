"""A contention withdrawn and answered at the same moment: one of both counts, and what is owed agrees with it."""

import pytest

from brokers.models import Agreement, Booking, CancelReason, Contention, ContentionStatus
from brokers.services.contending import ANSWER_WITHIN, answer_contention, withdraw_contention
from foundation.events.models import Event
from foundation.trade.errors import Conflict
from tests.brokers.papers import make_booking
from tests.builders import make_actor, now
from tests.races.at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def said() -> Contention:
    """Return what the carrier of a booking that fell through says: the load was not ready."""
    booking, moment = make_booking(), now()
    Booking.objects.filter(pk=booking.pk).update(
        status="cancelled", cancelled_at=moment, cancelled_for=booking.carrier, cancel_reason="load_not_ready"
    )
    return Contention.objects.create(
        booking=booking,
        agreement=Agreement.CARRIAGE,
        claimant=booking.carrier,
        asked=booking.seller,
        reason=CancelReason.LOAD_NOT_READY,
        tonu_cents=250_00,
        made_at=moment,
        answer_by=moment + ANSWER_WITHIN,
    )


def test_of_a_withdrawal_and_an_agreement_at_once_one_counts(said: Contention) -> None:
    claimant, asked = make_actor(said.claimant), make_actor(said.asked)
    colleague = make_actor(said.claimant)
    failures = at_once(
        lambda: withdraw_contention(actor=claimant, contention_id=said.public_id, version=1),
        lambda: answer_contention(actor=asked, contention_id=said.public_id, version=1, agrees=True),
        lambda: withdraw_contention(actor=colleague, contention_id=said.public_id, version=1),
    )
    assert [type(error) for error in failures] == [Conflict, Conflict], failures
    said.refresh_from_db()
    booking = Booking.objects.get()
    agreed = said.status == ContentionStatus.AGREED
    assert said.status in (ContentionStatus.AGREED, ContentionStatus.WITHDRAWN)
    assert (booking.owed_by, booking.owed_tonu_cents) == ((said.asked, 250_00) if agreed else (None, 0))
    names = Event.objects.filter(name__startswith="contention.").values_list("name", flat=True)
    assert list(names) == ["contention.closed" if agreed else "contention.withdrawn"], "told once"
