"""A form that went stale keeps what was typed, says what changed, and goes through when it is pressed again."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from brokers.models import Amendment, Booking, Claim, Offer, Thread
from brokers.services.amendments import accept_amendment, propose_amendment
from brokers.services.offers import counter_offer, withdraw_offer
from brokers.terms import terms_of
from foundation.accounts.models import Organization
from tests.brokers.bargains import Deal, make_deal, offer_by, terms
from tests.brokers.booked import claim, going_home, open_load
from tests.brokers.test_bargain_pages import sent
from tests.brokers.test_private_edits import edit
from tests.builders import make_actor, make_organization

pytestmark = pytest.mark.usefixtures("db", "straight_roads", "empty_cache")


@pytest.fixture
def deal() -> Deal:
    return make_deal(book_now=True)


def _press_twice(client: Client, path: str, change: Callable[[], Any], **typed: str) -> str:
    """Open a form, let somebody change what it rests on, send it, and send again what comes back; return that page."""
    form = sent(_page(client, path), **typed)
    change()
    refused = client.post(path, form)
    assert refused.status_code == 409, refused.content
    page = _marked(refused.text)
    again = sent(page)
    assert {name: again[name] for name in typed} == typed, "nothing that was typed is lost"
    assert "What you typed is kept" in page
    given = client.post(path, again)
    assert given.status_code == 302, given.content
    return page


def _page(client: Client, path: str) -> str:
    return _marked(client.get(path).text)


def _marked(page: str) -> str:
    return page.replace('<form method="post" novalidate>', '<form method="post" class="bargain-form" novalidate>')


def test_a_first_offer(deal: Deal, sign_in: Any) -> None:
    path = f"/bargain/loads/{deal.load.public_id}/offer/?leg={deal.leg.public_id}"
    typed = {"linehaul_cents": "2250", "notes": "Team driver", "payment_days": "21"}
    page = _press_twice(sign_in(deal.carrier.organization), path, lambda: edit(deal, weight_pounds=31_234), **typed)
    assert "you looked at version 1, it is now version 2" in page
    assert "The load as it is now" in page
    assert "31,234 lb" in page
    assert "?version=2" in page, "the page listens from what it shows"
    offer = Offer.objects.get()
    assert (offer.rate_cents, offer.load_version, offer.notes) == (2_250_00, 2, "Team driver")


def test_an_invitation(deal: Deal, sign_in: Any) -> None:
    path = f"/bargain/loads/{deal.load.public_id}/invitation/?leg={deal.leg.public_id}"
    _press_twice(
        sign_in(deal.shipper.organization), path, lambda: edit(deal, weight_pounds=31_234), linehaul_cents="2150"
    )
    assert Offer.objects.get().load_version == 2


def test_a_tender(deal: Deal, sign_in: Any) -> None:
    broker = make_organization("Lakeside Brokers", brokers=True)
    path = f"/bargain/loads/{deal.load.public_id}/tender/"
    _press_twice(sign_in(broker), path, lambda: edit(deal, weight_pounds=31_234), linehaul_cents="2650")
    assert Thread.objects.get().kind == Thread.Kind.TENDER


def test_a_counter_on_a_load_that_changed(deal: Deal, sign_in: Any) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    path = f"/threads/{offer.thread.public_id}/counter/"
    _press_twice(
        sign_in(deal.shipper.organization), path, lambda: edit(deal, weight_pounds=31_234), linehaul_cents="2350"
    )
    assert [each.load_version for each in Offer.objects.order_by("number")] == [1, 2]


def test_a_counter_to_an_offer_after_which_another_came(deal: Deal, sign_in: Any) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    thread = offer.thread.public_id

    def another() -> None:
        withdraw_offer(actor=deal.carrier, offer_id=offer.public_id)
        anew = terms(deal.load, 2_222)
        counter_offer(actor=deal.carrier, thread_id=thread, terms=anew, on_number=1, load_version=1)

    page = _press_twice(
        sign_in(deal.shipper.organization), f"/threads/{thread}/counter/", another, linehaul_cents="2350"
    )
    assert "You answered offer 1, but offer 2 of $2,222.00" in page
    assert [each.number for each in Offer.objects.order_by("number")] == [1, 2, 3]


def test_an_amendment(shipper: Organization, carrier: Organization, sign_in: Any) -> None:
    claim(carrier, open_load(shipper), going_home(carrier))
    booking = Booking.objects.get()

    def another() -> None:
        row = propose_amendment(
            actor=make_actor(carrier),
            booking_id=booking.public_id,
            subject="carriage",
            terms=terms_of(booking),
            load_changes={"commodity": "Board"},
        )
        accept_amendment(actor=make_actor(shipper), amendment_id=row.public_id)

    path = f"/bookings/{booking.public_id}/amend/carriage/"
    page = _press_twice(sign_in(carrier), path, another, linehaul_cents="2500", load_commodity="Paper products")
    assert "What your form would change now" in page
    for words in ("$2,400.00", "$2,500.00", "Board"):
        assert words in page
    assert Amendment.objects.filter(status="open").get().linehaul_cents == 2_500_00


def test_a_claim_books_what_stands_once_it_was_shown(deal: Deal, sign_in: Any) -> None:
    client, path = sign_in(deal.carrier.organization), f"/bargain/loads/{deal.load.public_id}/claim/"
    form = sent(client.get(f"{path}?leg={deal.leg.public_id}").text)
    edit(deal, rate_cents=2_390_00, weight_pounds=31_234)
    refused = client.post(path, form)
    assert refused.status_code == 409
    for words in ("31,234 lb", "Book now for $2,390.00"):
        assert words in refused.text
    again = sent(refused.text)
    assert again["vehicle"] == form["vehicle"]
    assert client.post(path, again).status_code == 302
    assert Claim.objects.get().loads.get().rate_cents == 2_390_00


def test_an_acceptance_shows_the_offer_that_stands_and_accepts_that(deal: Deal, sign_in: Any) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    client, path = sign_in(deal.shipper.organization), f"/threads/{offer.thread.public_id}/accept/"
    withdraw_offer(actor=deal.carrier, offer_id=offer.public_id)
    anew = terms(deal.load, 2_222)
    second = counter_offer(
        actor=deal.carrier, thread_id=offer.thread.public_id, terms=anew, on_number=1, load_version=1
    )
    refused = client.post(path, {"offer": offer.public_id, "number": "1", "load_version": "1"})
    assert refused.status_code == 409
    for words in ("$2,222.00", f'value="{second.public_id}"', 'name="number" value="2"'):
        assert words in refused.text
    assert client.post(path, {"offer": second.public_id, "number": "2", "load_version": "1"}).status_code == 302
