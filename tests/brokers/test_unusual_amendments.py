"""An amended rate that nobody would expect is asked about by whoever says yes to it, too."""

from dataclasses import replace
from typing import Any

import pytest

from brokers.models import Amendment, AmendmentStatus, Booking
from brokers.services.amendments import accept_amendment, propose_amendment
from brokers.terms import terms_of
from foundation.accounts.models import Organization
from foundation.trade.errors import Conflict, Invalid, Stale
from tests.brokers.booked import claim, going_home, open_load
from tests.builders import make_actor
from tests.rest.clients import ApiClient

pytestmark = pytest.mark.usefixtures("db", "straight_roads", "empty_cache")


@pytest.fixture
def booking(shipper: Organization, carrier: Organization) -> Booking:
    claim(carrier, open_load(shipper), going_home(carrier))
    return Booking.objects.select_related("load", "shipper", "seller", "carrier", "tour").get()


def _proposed(booking: Booking, cents: int, **change: Any) -> Amendment:
    """Let the carrier propose another rate, and mean it."""
    booking.refresh_from_db()
    return propose_amendment(
        actor=make_actor(booking.carrier),
        booking_id=booking.public_id,
        subject="carriage",
        terms=replace(terms_of(booking), linehaul_cents=cents, **change),
        confirmed=True,
    )


@pytest.mark.parametrize(("cents", "words"), [(30_000_00, "times what this lane"), (100_00, "a tenth or less")])
def test_ten_times_the_benchmark_and_a_tenth_of_it_are_asked_about_once(
    booking: Booking, cents: int, words: str
) -> None:
    row, shipper = _proposed(booking, cents), make_actor(booking.shipper)
    with pytest.raises(Invalid, match=words):
        accept_amendment(actor=shipper, amendment_id=row.public_id, version=row.version)
    booking.refresh_from_db()
    assert (booking.rate_cents, Amendment.objects.get().status) == (2_400_00, AmendmentStatus.OPEN)
    accept_amendment(actor=shipper, amendment_id=row.public_id, version=row.version, confirmed=True)
    booking.refresh_from_db()
    assert booking.rate_cents == cents


def test_what_refuses_it_otherwise_is_said_first_and_a_rate_that_stays_is_not_asked_about(booking: Booking) -> None:
    row, shipper = _proposed(booking, 30_000_00), make_actor(booking.shipper)
    with pytest.raises(Stale):
        accept_amendment(actor=shipper, amendment_id=row.public_id, version=9)
    with pytest.raises(Conflict, match="Your side has said yes already"):
        accept_amendment(actor=make_actor(booking.carrier), amendment_id=row.public_id)
    accept_amendment(actor=shipper, amendment_id=row.public_id, confirmed=True)
    with pytest.raises(Conflict, match="was answered, withdrawn or has lapsed"):
        accept_amendment(actor=shipper, amendment_id=row.public_id)
    sooner = _proposed(booking, 30_000_00, payment_days=7)
    accept_amendment(actor=shipper, amendment_id=sooner.public_id)
    booking.refresh_from_db()
    assert booking.payment_days == 7


def test_over_rest_it_is_a_422_that_names_the_field_that_confirms_it(booking: Booking) -> None:
    row, client = _proposed(booking, 30_000_00), ApiClient(booking.shipper)
    path = f"/api/v1/amendments/{row.public_id}/acceptance"
    asked = client.post(path, {"version": 1}, headers={"Idempotency-Key": "a1"})
    assert asked.status_code == 422, asked.content
    (error,) = asked.json()["errors"]
    assert (error["code"], error["pointer"]) == ("needs_confirmation", "/confirmed")
    given = client.post(path, {"version": 1, "confirmed": True}, headers={"Idempotency-Key": "a2"})
    assert given.status_code == 200, given.content
    assert given.json()["status"] == "accepted"


def test_on_the_page_a_box_appears_and_what_was_typed_stays(booking: Booking, sign_in: Any) -> None:
    row, client = _proposed(booking, 30_000_00), sign_in(booking.shipper)
    path = f"/amendments/{row.public_id}/"
    assert 'name="confirmed"' not in client.get(path).text
    typed = {"answer": "accept", "version": "1", "reason": "Only if the mill pays"}
    asked = client.post(f"{path}answer/", typed)
    assert asked.status_code == 422
    for words in ("Do you mean this rate?", 'name="confirmed"', 'value="Only if the mill pays"', "$30,000.00"):
        assert words in asked.text
    assert client.post(f"{path}answer/", typed | {"confirmed": "yes"}).status_code == 302
    booking.refresh_from_db()
    assert booking.rate_cents == 30_000_00
