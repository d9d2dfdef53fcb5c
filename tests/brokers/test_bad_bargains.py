"""What goes wrong at the table, in pages and by REST: one clear sentence, what was typed stays, nothing is lost."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from brokers.models import Booking, Offer, OfferStatus, Thread
from brokers.services.offers import counter_offer, supersede_offers
from carriers.models import ReturnLeg
from foundation.accounts.actor import Actor
from foundation.trade import clock
from loads.models import Load
from tests.brokers.bargains import Deal, make_deal, offer_by, terms
from tests.brokers.booked import claim, open_load
from tests.brokers.test_bargain_pages import body, send, sent
from tests.builders import make_leg, make_organization, now
from tests.rest.clients import ApiClient

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]

SignIn = Callable[..., Client]


@pytest.fixture
def deal() -> Deal:
    return make_deal()


def accept(sign_in: SignIn, actor: Actor, offer: Offer) -> tuple[Any, Any]:
    """Accept an offer as it was made, on its page and over REST, and return both answers."""
    what = {"number": offer.number, "load_version": offer.load_version}
    path = f"/threads/{offer.thread.public_id}/accept/"
    page = sign_in(actor.organization).post(path, {"offer": offer.public_id, **what})
    rest = ApiClient(actor.organization).post(
        f"/api/v1/offers/{offer.public_id}/acceptance", what, headers={"Idempotency-Key": uuid4().hex}
    )
    return page, rest


def refused(answers: tuple[Any, Any], code: str, words: str) -> None:
    """Expect the same 409 on the page and over REST, in the same sentence."""
    page, rest = answers
    assert (page.status_code, rest.status_code) == (409, 409)
    assert rest.json()["code"] == code
    assert words in rest.json()["detail"]
    assert words in body(page)
    assert not Booking.objects.exists()


def test_a_superseded_offer_is_not_accepted_and_the_next_one_begins_with_its_terms(sign_in: SignIn, deal: Deal) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load, 2_345)
    Load.objects.filter(pk=deal.load.pk).update(version=deal.load.version + 1)
    supersede_offers(subjects=[deal.load.public_id], settle=lambda subject: None)
    refused(accept(sign_in, deal.shipper, offer), "offer_superseded", "was made on an older version of the load")
    client, path = sign_in(deal.carrier.organization), f"/threads/{offer.thread.public_id}/"
    assert "the last offer no longer stands" in body(client.get(path))
    assert 'name="linehaul_cents" value="2345"' in body(client.get(f"{path}counter/"))


def test_a_stale_tab_and_an_own_offer_are_refused_with_what_stands(sign_in: SignIn, deal: Deal) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load, 2_500)
    refused(accept(sign_in, deal.carrier, offer), "own_offer", "This is your own offer")
    counter_offer(
        actor=deal.shipper,
        thread_id=offer.thread.public_id,
        terms=terms(deal.load, 2_300),
        on_number=1,
        load_version=deal.load.version,
    )
    refused(accept(sign_in, deal.shipper, offer), "offer_countered", "What stands now is offer 2 of $2,300.00")


def test_an_offer_that_expired_a_second_ago_is_not_accepted(
    sign_in: SignIn, deal: Deal, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    late = offer.expires_at + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: late)
    refused(accept(sign_in, deal.shipper, offer), "offer_expired", "No offer stands now: make a new one to go on.")


@pytest.mark.parametrize(("dollars", "code"), [("0.00", "too_low"), ("90000.00", "needs_confirmation")])
def test_a_rate_of_nothing_or_ten_times_the_benchmark_is_asked_about_and_what_was_typed_stays(
    sign_in: SignIn, deal: Deal, dollars: str, code: str
) -> None:
    path = f"/bargain/loads/{deal.load.public_id}/offer/"
    page = send(sign_in(deal.carrier.organization), path, linehaul_cents=dollars, notes="As typed")
    rest = ApiClient(deal.carrier.organization).post(
        f"/api/v1/loads/{deal.load.public_id}/offers",
        {"leg": deal.leg.public_id, "rate": {"amount": dollars, "currency": "USD"}, "load_version": 1},
        headers={"Idempotency-Key": uuid4().hex},
    )
    assert (page.status_code, rest.status_code) == (422, 422)
    problem = rest.json()["errors"][0]
    assert ("rate" in problem["pointer"], problem["code"]) == (True, code)
    assert "As typed" in body(page)
    assert problem["detail"] in body(page)
    assert not Thread.objects.exists()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"equipment": "F"}, "the truck is a flatbed, the load wants a van"),
        ({"ready_at": timedelta(days=6)}, "after it closes"),
    ],
)
def test_a_truck_that_cannot_carry_it_or_be_there_in_time_is_refused_with_the_engines_reason(
    sign_in: SignIn, deal: Deal, fields: dict[str, Any], words: str
) -> None:
    made = {name: now() + value if isinstance(value, timedelta) else value for name, value in fields.items()}
    leg: ReturnLeg = make_leg(deal.carrier.organization, hours=120, **made)
    client = sign_in(deal.carrier.organization)
    path = f"/bargain/loads/{deal.load.public_id}/offer/"
    page = send(client, path, vehicle=f"leg:{leg.public_id}", linehaul_cents="2222", notes="As typed")
    rest = ApiClient(deal.carrier.organization).post(
        f"/api/v1/loads/{deal.load.public_id}/offers",
        {"leg": leg.public_id, "rate": {"amount": "2222.00", "currency": "USD"}, "load_version": 1},
        headers={"Idempotency-Key": uuid4().hex},
    )
    assert (page.status_code, rest.status_code) == (409, 409)
    assert words in rest.json()["detail"]
    assert words in body(page)
    assert 'value="2222"' in body(page)
    assert "As typed" in body(page)
    assert f'value="leg:{leg.public_id}" selected' in body(page)
    assert not Thread.objects.exists()


def test_an_offer_with_a_leg_that_was_taken_meanwhile_says_so_to_each_side(sign_in: SignIn, deal: Deal) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    claim(deal.carrier.organization, open_load(make_organization("Other Paper")), deal.leg)
    before = Booking.objects.count()
    page, rest = accept(sign_in, deal.shipper, offer)
    assert (page.status_code, rest.status_code) == (409, 409)
    assert "the load or the truck is not to be had any more" in rest.json()["detail"]
    assert "The carrier&#x27;s truck is not" in body(page)
    theirs = body(sign_in(deal.carrier.organization).get(f"/threads/{offer.thread.public_id}/"))
    assert "has been booked for another load" in theirs or "has left the market" in theirs
    assert Booking.objects.count() == before


def test_another_organizations_thread_is_not_there_behind_any_door(sign_in: SignIn, deal: Deal) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    client, caller = sign_in(deal.rival.organization), ApiClient(deal.rival.organization)
    path = f"/threads/{offer.thread.public_id}/"
    what = {"offer": offer.public_id, "number": 1, "load_version": 1}
    assert client.get(path).status_code == 404
    for door in ("accept/", "decline/", "withdraw/", "leave/", "counter/", "split/"):
        assert client.post(path + door, what).status_code == 404, door
    assert caller.get(f"/api/v1/threads/{offer.thread.public_id}").status_code == 404
    for door, sent_body in (
        ("acceptance", {"number": 1, "load_version": 1}),
        ("decline", {}),
        ("withdrawal", {}),
        ("counters", {"on_number": 1, "load_version": 1, "rate": {"amount": "2200.00", "currency": "USD"}}),
    ):
        answer = caller.post(
            f"/api/v1/offers/{offer.public_id}/{door}", sent_body, headers={"Idempotency-Key": uuid4().hex}
        )
        assert answer.status_code == 404, door
    assert Offer.objects.get().status == OfferStatus.LIVE


def test_a_double_click_on_each_button_that_moves_money_does_it_once(sign_in: SignIn, deal: Deal) -> None:
    carrier, shipper = sign_in(deal.carrier.organization), sign_in(deal.shipper.organization)
    path = f"/bargain/loads/{deal.load.public_id}/offer/"
    form = sent(body(carrier.get(f"{path}?leg={deal.leg.public_id}")), linehaul_cents="2250", notes="As typed")
    made = carrier.post(path, form)
    again = carrier.post(path, form)
    assert (again.status_code, again["Location"], Thread.objects.count()) == (302, made["Location"], 1)
    offer = Offer.objects.get()
    thread = f"/threads/{offer.thread.public_id}/"
    what = {"offer": offer.public_id, "number": 1, "load_version": offer.load_version}
    assert shipper.post(f"{thread}accept/", what)["Location"].startswith("/bookings/")
    twice = shipper.post(f"{thread}accept/", what)
    assert (twice.status_code, Booking.objects.count()) == (409, 1)
    assert "has been accepted already" in body(twice)
    assert "Open the booking" in body(twice)
    booking = Booking.objects.get()
    cancelling = f"/bookings/{booking.public_id}/cancellation/"
    reason = {"reason": "mistake", "version": booking.version}
    assert shipper.post(cancelling, reason)["Location"] == f"/bookings/{booking.public_id}/"
    assert "cancelled already" in body(shipper.post(cancelling, reason, follow=True))


def test_a_reason_that_is_too_long_to_decline_with_stays_in_its_field(sign_in: SignIn, deal: Deal) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    client = sign_in(deal.shipper.organization)
    answer = client.post(
        f"/threads/{offer.thread.public_id}/decline/", {"offer": offer.public_id, "reason": "late " * 60}
    )
    assert answer.status_code == 422
    assert "The reason" in body(answer)
    assert "late late late" in body(answer)
    assert Offer.objects.get().status == OfferStatus.LIVE
