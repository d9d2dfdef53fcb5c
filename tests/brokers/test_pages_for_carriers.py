"""A broker's pages for a carrier that lets it act: booked, offered, answered and withdrawn for it, as far as it may."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from brokers.models import Booking, Claim, Offer, OfferStatus, Thread, ThreadStatus
from brokers.services.threads import invite_carrier
from carriers.models import ReturnLeg
from foundation.accounts.models import Decision, Organization, RelationshipKind
from foundation.trade.windows import local
from loads.models import Load
from loads.services import sell_load
from tests.brokers.bargains import Deal, make_deal, offer_by, terms
from tests.brokers.booked import claim, going_home, local_load, open_load
from tests.brokers.test_bargain_pages import body, sent
from tests.builders import make_actor, make_leg, make_relationship, make_truck, now

pytestmark = pytest.mark.django_db

SignIn = Callable[..., Client]


@pytest.fixture
def load(shipper: Organization) -> Load:
    return open_load(shipper)


@pytest.fixture
def leg(carrier: Organization) -> ReturnLeg:
    leg = going_home(carrier)
    type(leg.truck).objects.filter(pk=leg.truck_id).update(number="TZ-77")
    return leg


def acting(giver: Organization, broker: Organization, *kept: Decision) -> None:
    """Let a broker act for an organization, save for what that keeps."""
    make_relationship(giver, broker, RelationshipKind.REPRESENTS, keeps=list(kept))


def claim_path(load: Load) -> str:
    return f"/bargain/loads/{load.public_id}/claim/"


def test_a_broker_books_for_the_carrier_that_lets_it_act_and_is_told_for_whom(
    sign_in: SignIn, carrier: Organization, broker: Organization, load: Load, leg: ReturnLeg
) -> None:
    acting(carrier, broker)
    client = sign_in(broker)
    panel = body(client.get(f"/bargain/loads/{load.public_id}/"))
    assert f"Book for {carrier.name}" in panel
    assert f"Make an offer for {carrier.name}" in panel
    page = body(client.get(claim_path(load)))
    assert f"For {carrier.name}, for whom you act" in page
    assert f"You act for <strong>{carrier.name}</strong>" in page
    assert f"Book this load for {carrier.name} at $2,400.00?" in page
    assert "TZ-77" not in page, "the truck's number is the carrier's"
    assert "for both sides" not in page
    answer = client.post(claim_path(load), sent(page))
    booking = Booking.objects.get()
    assert (booking.carrier, booking.booked_by_organization) == (carrier, broker)
    assert answer["Location"] == f"/bookings/{booking.public_id}/"
    again = client.post(claim_path(load), sent(page))
    assert again["Location"] == answer["Location"], "a double click leads to the same booking"
    assert Booking.objects.count() == 1
    assert f"for {carrier.name}" in body(client.get("/claims/"))


def test_before_it_books_for_a_carrier_the_driver_s_hours_are_not_told(
    sign_in: SignIn, carrier: Organization, broker: Organization, load: Load, leg: ReturnLeg
) -> None:
    acting(carrier, broker)
    answer = sign_in(broker).post(f"/bargain/loads/{load.public_id}/check/", {"vehicle": f"leg:{leg.public_id}"})
    assert "is checked when you send this" in body(answer)
    assert "can do it" not in body(answer)


@pytest.mark.parametrize("kept", [Decision.CLAIMS, Decision.OFFERS])
def test_what_a_carrier_keeps_for_itself_is_not_offered_and_not_taken(
    sign_in: SignIn, carrier: Organization, broker: Organization, load: Load, leg: ReturnLeg, kept: Decision
) -> None:
    acting(carrier, broker, kept)
    client = sign_in(broker)
    panel = body(client.get(f"/bargain/loads/{load.public_id}/"))
    assert ("Book for" in panel) is (kept != Decision.CLAIMS)
    assert ("Make an offer for" in panel) is (kept != Decision.OFFERS)
    path = claim_path(load) if kept == Decision.CLAIMS else f"/bargain/loads/{load.public_id}/offer/"
    assert leg.public_id not in body(client.get(path))
    assert "None of the carriers for whom you may" in body(client.get(path))
    forged = {"vehicle": f"leg:{leg.public_id}", "load_version": load.version, "rate_cents": load.rate_cents}
    assert client.post(path, forged | {"form_token": "form_x"}).status_code == 422
    assert not Booking.objects.exists()
    assert not Thread.objects.exists()


def test_a_broker_that_may_not_read_the_booking_is_led_to_the_claim(
    sign_in: SignIn, carrier: Organization, broker: Organization, load: Load, leg: ReturnLeg
) -> None:
    acting(carrier, broker, Decision.CANCELLATION)
    client = sign_in(broker)
    answer = client.post(claim_path(load), sent(body(client.get(claim_path(load)))))
    made = Claim.objects.get()
    assert answer["Location"] == f"/claims/{made.public_id}/"
    page = body(client.get(answer["Location"]))
    assert f"Booked for {carrier.name}" in page
    assert "Open the booking" not in page
    assert "keeps cancelling and amending for itself" in page


def test_a_broker_that_sells_the_load_reads_that_it_stands_on_both_sides_before_it_books(
    sign_in: SignIn, shipper: Organization, carrier: Organization, broker: Organization, leg: ReturnLeg
) -> None:
    acting(carrier, broker)
    load = open_load(shipper, rate_cents=None, book_now=False)
    sell_load(load=load, seller=broker, shipper_rate_cents=2_700_00, actor="system", now=now())
    Load.objects.filter(pk=load.pk).update(rate_cents=2_400_00, book_now=True)
    client = sign_in(broker)
    assert f"Book for {carrier.name}" in body(client.get(f"/bargain/loads/{load.public_id}/"))
    page = body(client.get(claim_path(load)))
    assert f"{broker.name} acts for both sides of this booking." in page
    client.post(claim_path(load), sent(page))
    booking = Booking.objects.get()
    assert (booking.seller, booking.carrier) == (broker, carrier)
    assert "for both sides of this booking" in booking.both_sides


@pytest.fixture
def deal() -> Deal:
    return make_deal()


def test_a_broker_makes_an_offer_with_the_truck_that_it_chooses_among_those_it_acts_for(
    sign_in: SignIn, deal: Deal, broker: Organization
) -> None:
    acting(deal.carrier.organization, broker)
    acting(deal.rival.organization, broker)
    client = sign_in(broker)
    path = f"/bargain/loads/{deal.load.public_id}/offer/"
    page = body(client.get(path))
    for each in (deal.carrier, deal.rival):
        assert f"For {each.organization}, for whom you act" in page
    form = sent(page, vehicle=f"leg:{deal.rival_leg.public_id}", linehaul_cents="2250", notes="Kept as typed")
    refused = client.post(path, form | {"linehaul_cents": "0"})
    assert refused.status_code == 422
    assert "Kept as typed" in body(refused)
    assert f'value="leg:{deal.rival_leg.public_id}" selected' in body(refused)
    client.post(path, form)
    thread = Thread.objects.get()
    assert (thread.taker, thread.leg) == (deal.rival.organization, deal.rival_leg)
    assert thread.offers.get().made_by_organization == broker


def test_who_acts_on_both_sides_withdraws_the_offer_of_either(
    sign_in: SignIn, deal: Deal, broker: Organization
) -> None:
    for each in (deal.shipper, deal.carrier):
        acting(each.organization, broker)
    offer = offer_by(make_actor(broker), deal.leg, deal.load, 2_500)
    path = f"/threads/{offer.thread.public_id}/"
    client = sign_in(broker)
    page = body(client.get(path))
    assert "acts for both sides of this negotiation" in page
    assert f"Withdraw it for {deal.carrier.organization}" in page
    assert "Accept $2,500.00" in page, "for the other side it may answer as well"
    assert client.post(f"{path}withdraw/", {"offer": offer.public_id})["Location"] == path
    offer.refresh_from_db()
    assert offer.status == OfferStatus.WITHDRAWN
    theirs = invite_carrier(
        actor=make_actor(broker),
        load_id=deal.load.public_id,
        leg_id=deal.rival_leg.public_id,
        terms=terms(deal.load),
        load_version=deal.load.version,
    )
    assert "Withdraw" in body(client.get(f"/threads/{theirs.thread.public_id}/"))


def test_a_thread_is_left_with_the_own_offer_on_the_table_in_one_press(sign_in: SignIn, deal: Deal) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    path, client = f"/threads/{offer.thread.public_id}/", sign_in(deal.carrier.organization)
    assert "Withdraw and end it" in body(client.get(path))
    assert "Withdraw and end it" not in body(sign_in(deal.shipper.organization).get(path))
    client.post(f"{path}leave/")
    thread = Thread.objects.get()
    assert thread.status == ThreadStatus.WITHDRAWN
    assert Offer.objects.get().status == OfferStatus.WITHDRAWN


def test_buttons_of_what_a_side_keeps_are_not_there(sign_in: SignIn, deal: Deal, broker: Organization) -> None:
    acting(deal.shipper.organization, broker, Decision.ACCEPTANCE)
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    page = body(sign_in(broker).get(f"/threads/{offer.thread.public_id}/"))
    assert "Accept $" not in page
    assert "Decline" not in page
    assert "Counter" in page
    assert f"{deal.shipper.organization} keeps accepting and declining for itself" in page


def test_a_shipper_whose_load_was_sold_is_told_whom_to_ask_instead_of_a_button_that_refuses(
    sign_in: SignIn, shipper: Organization, carrier: Organization, broker: Organization, leg: ReturnLeg
) -> None:
    load = open_load(shipper, rate_cents=None, book_now=False)
    sell_load(load=load, seller=broker, shipper_rate_cents=2_700_00, actor="system", now=now())
    Load.objects.filter(pk=load.pk).update(rate_cents=2_400_00, book_now=True)
    load.refresh_from_db()
    booking = claim(carrier, load, leg).loads.get().booking
    client, path = sign_in(shipper), f"/bookings/{booking.public_id}/"
    page = body(client.get(path))
    assert f"ask {broker.name} to cancel" in page
    assert "Cancel this booking" not in page
    refused = client.get(f"{path}cancellation/")
    assert refused.status_code == 403
    assert f"ask {broker.name} to cancel" in body(refused)
    assert "Parties" in body(refused), "the booking stays in front of its reader"
    assert "Cancel this booking" in body(sign_in(broker).get(path))


def test_a_truck_that_is_promised_on_the_way_home_is_told_before_the_press(
    sign_in: SignIn, carrier: Organization, shipper: Organization
) -> None:
    truck, load = make_truck(carrier), local_load(shipper)
    make_leg(carrier, truck=truck, ready_at=now() + timedelta(days=7), hours=48)
    client = sign_in(carrier)
    form = sent(body(client.get(f"{claim_path(load)}?truck={truck.public_id}")))
    late = f"{local(now() + timedelta(days=9), 'America/Chicago'):%Y-%m-%dT%H:%M}"
    told = body(client.post(f"/bargain/loads/{load.public_id}/check/", form | {"return_home_by": late}))
    assert "is on another return leg in that time" in told
    assert "can do it" not in told
