"""The pages of claims, bookings and tours: booked in one press, read by each party as far as it may, cancelled."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from brokers.models import Booking, Claim, ClaimedLoad, ClaimStatus, Tour
from carriers.models import Driver, ReturnLeg
from foundation.accounts.models import Membership, Role
from foundation.trade.posting import Status
from loads.models import Load
from tests.brokers.booked import claim, going_home, local_load, open_load
from tests.brokers.test_bargain_pages import body, send, sent
from tests.builders import make_driver, make_organization, make_person, make_truck, now

pytestmark = pytest.mark.django_db


@pytest.fixture
def load(shipper) -> Load:
    return open_load(shipper, tonu_cents=250_00)


@pytest.fixture
def leg(carrier) -> ReturnLeg:
    return going_home(carrier, driver=make_driver(carrier, name="Dana Driver", phone="+1 214 555 0101").public_id)


@pytest.fixture
def booked(load, leg, carrier) -> Booking:
    claim(carrier, load, leg)
    return Booking.objects.get()


def claim_path(load: Load) -> str:
    return f"/bargain/loads/{load.public_id}/claim/"


def test_a_carrier_books_in_one_press_with_the_leg_that_it_came_from(sign_in, carrier, load, leg):
    client = sign_in(carrier)
    panel = body(client.get(f"/bargain/loads/{load.public_id}/?leg={leg.public_id}"))
    assert "Book now" in panel
    assert f"{claim_path(load)}?leg={leg.public_id}" in panel
    page = body(client.get(f"{claim_path(load)}?leg={leg.public_id}"))
    assert "Book now for $2,400.00" in page
    assert "$250.00" in page
    answer = client.post(claim_path(load), sent(page))
    booking = Booking.objects.get()
    assert answer["Location"] == f"/bookings/{booking.public_id}/"
    again = client.post(claim_path(load), sent(page))
    assert again["Location"] == answer["Location"], "a double click leads to the same booking"
    assert Booking.objects.count() == 1


def test_before_the_press_the_engine_says_whether_the_truck_can_be_there(sign_in, carrier, load, leg):
    client = sign_in(carrier)
    check = f"/bargain/loads/{load.public_id}/check/"
    good = body(client.post(check, {"vehicle": f"leg:{leg.public_id}"}))
    assert "can do it" in good
    assert "Home in Dallas, TX" in good
    late = going_home(carrier, ready_at=now() + timedelta(days=4))
    refused = body(client.post(check, {"vehicle": f"leg:{late.public_id}"}))
    assert "The truck cannot take this load" in refused
    assert "no such truck or return leg" in body(client.post(check, {"vehicle": "leg:nonsense"}))


def test_an_outbound_claim_asks_for_the_way_home_and_opens_it(sign_in, carrier, shipper):
    truck, load = make_truck(carrier), local_load(shipper)
    client = sign_in(carrier)
    page = body(client.get(f"{claim_path(load)}?truck={truck.public_id}"))
    refused = client.post(claim_path(load), sent(page, return_home_by=""))
    assert "by when the truck must be home" in body(refused)
    answer = client.post(claim_path(load), sent(page), follow=True)
    booking = Booking.objects.get()
    assert booking.opened_leg is not None
    assert "The way home is on the market" in body(answer)
    assert f"/matching/legs/{booking.opened_leg.public_id}/matches/" in body(answer)


def test_who_comes_second_is_told_that_the_load_is_gone_and_not_to_whom(sign_in, carrier, load, leg):
    rival = make_organization("Other Trucking", hauls=True)
    theirs = going_home(rival)
    client = sign_in(rival)
    page = body(client.get(f"{claim_path(load)}?leg={theirs.public_id}"))
    claim(carrier, load, leg)
    answer = client.post(claim_path(load), sent(page))
    assert answer.status_code == 409
    assert "This load is gone" in body(answer)
    assert re.search("next best loads|Market loads", body(answer))
    assert carrier.name not in body(answer)
    assert "This load is gone" in body(client.get(f"/bargain/loads/{load.public_id}/"))
    standing = f"/bargain/loads/{load.public_id}/standing/?version={load.version}"
    assert "This load is gone" in body(client.get(standing))


def test_a_truck_that_is_taken_is_refused_in_a_sentence_with_the_form_as_it_was(sign_in, carrier, shipper, load, leg):
    client = sign_in(carrier)
    other = open_load(shipper)
    page = body(client.get(f"{claim_path(other)}?leg={leg.public_id}"))
    claim(carrier, load, leg)
    answer = client.post(claim_path(other), sent(page))
    assert answer.status_code in (409, 422)
    assert re.search("not on the market any more|no such truck or return leg of yours", body(answer))
    assert Booking.objects.count() == 1


def test_a_rate_that_changed_while_it_was_read_is_not_booked(sign_in, carrier, load, leg):
    client = sign_in(carrier)
    page = body(client.get(f"{claim_path(load)}?leg={leg.public_id}"))
    Load.objects.filter(pk=load.pk).update(rate_cents=2_000_00, version=load.version + 1)
    answer = client.post(claim_path(load), sent(page))
    assert answer.status_code == 409
    assert "it is now $2,000.00" in body(answer)
    assert not Booking.objects.exists()
    assert 'name="rate_cents" value="200000"' in body(answer), "pressed again, it books what is shown now"


@pytest.mark.parametrize(
    "changes", [{"rate_cents": "lots"}, {"form_token": ""}, {"load_version": "-3"}, {"vehicle": ""}]
)
def test_a_form_that_was_tampered_with_books_nothing(sign_in, carrier, load, leg, changes):
    answer = send(sign_in(carrier), claim_path(load), **changes)
    assert answer.status_code == 422
    assert not Booking.objects.exists()


def test_a_load_open_to_offers_alone_leads_to_an_offer(sign_in, carrier, shipper):
    load = open_load(shipper, rate_cents=None)
    going_home(carrier)
    page = body(sign_in(carrier).get(claim_path(load)))
    assert "open to offers, not to claims" in page
    assert "Book now for" not in page


def test_without_a_truck_the_page_leads_to_the_fleet(sign_in, load):
    page = body(sign_in(make_organization("Empty Yard", hauls=True)).get(claim_path(load)))
    assert "No truck in your fleet yet" in page


def test_each_party_reads_its_booking_with_addresses_and_driver(sign_in, booked, shipper, carrier):
    for who, words in ((shipper, "You pay"), (carrier, "You earn")):
        page = body(sign_in(who).get(f"/bookings/{booked.public_id}/"))
        assert words in page
        assert "Dana Driver" in page
        assert "+1 214 555 0101" in page
        assert "$2,400.00" in page
    assert "Truck planned" in body(sign_in(carrier).get(f"/bookings/{booked.public_id}/"))
    theirs = body(sign_in(shipper).get(f"/bookings/{booked.public_id}/"))
    assert "Truck planned" not in theirs
    assert "/tours/tour_" not in theirs
    stranger = sign_in(make_organization("Stranger", hauls=True))
    assert stranger.get(f"/bookings/{booked.public_id}/").status_code == 404
    assert "Nothing is booked yet" in body(stranger.get("/bookings/"))


def test_a_brokered_booking_shows_each_its_own_rate_and_the_margin_to_the_broker_alone(
    sign_in, shipper, carrier, broker, load, leg
):
    Load.objects.filter(pk=load.pk).update(seller=broker, shipper_rate_cents=2_765_00)
    claim(carrier, load, leg)
    booking = Booking.objects.get()
    pages = {who: body(sign_in(who).get(f"/bookings/{booking.public_id}/")) for who in (shipper, carrier, broker)}
    lists = {who: body(sign_in(who).get("/bookings/")) for who in (shipper, carrier, broker)}
    for pile in (pages, lists):
        assert "$2,765.00" in pile[shipper]
        assert "2,400" not in pile[shipper]
        assert "$2,400.00" in pile[carrier]
        assert "2,765" not in pile[carrier]
        assert "$365.00" in pile[broker]
        assert "365.00" not in pile[shipper] + pile[carrier]
    assert "250.00" not in pages[shipper], "the accessorial terms are between broker and carrier"


def test_cancelling_shows_what_it_costs_before_and_gives_load_and_leg_back(sign_in, booked, shipper, carrier):
    client = sign_in(shipper)
    path = f"/bookings/{booked.public_id}/cancellation/"
    page = body(client.get(path))
    assert "What it costs" in page
    assert "The truck broke down" not in page
    refused = client.post(path, {"version": str(booked.version)})
    assert (refused.status_code, "Say why" in body(refused)) == (422, True)
    answer = client.post(path, {"version": str(booked.version), "reason": "load_not_ready", "note": "Line is down"})
    assert answer["Location"] == f"/bookings/{booked.public_id}/"
    theirs = body(sign_in(carrier).get(answer["Location"]))
    assert "Cancelled" in theirs
    assert "by Prairie Paper" in theirs
    assert "Line is down" in theirs
    assert {Load.objects.get().status, ReturnLeg.objects.get().status} == {Status.OPEN}
    assert client.get(path)["Location"] == answer["Location"]
    assert client.post(path, {"version": "1", "reason": "other"})["Location"] == answer["Location"]


def test_a_stale_cancellation_is_told_and_asks_again(sign_in, booked, carrier):
    client = sign_in(carrier)
    Booking.objects.filter(pk=booked.pk).update(version=booked.version + 1)
    answer = client.post(
        f"/bookings/{booked.public_id}/cancellation/",
        {"version": str(booked.version), "reason": "truck_broke_down", "note": "Kept as typed"},
    )
    assert answer.status_code == 409
    assert "Kept as typed" in body(answer)
    assert Booking.objects.get().status == "booked"


def test_a_claim_on_hold_counts_down_and_shows_only_to_its_carrier(sign_in, carrier, shipper, load, leg):
    held = Claim.objects.create(
        carrier=carrier,
        truck=leg.truck,
        leg=leg,
        status=ClaimStatus.PENDING,
        made_at=now(),
        held_until=now() + timedelta(minutes=10),
        made_by_organization=carrier,
        checks=[
            {"rule": "record", "result": "hold", "sentence": "The registry has not answered yet."},
            {"rule": "pace", "result": "pass", "sentence": "Not many claims."},
        ],
    )
    ClaimedLoad.objects.create(claim=held, position=0, load=load, load_version=1, rate_cents=2_400_00, is_held=True)
    page = body(sign_in(carrier).get(f"/claims/{held.public_id}/"))
    assert "On hold for you while we check" in page
    assert "data-countdown=" in page
    assert "The registry has not answered yet." in page
    assert "Not many claims." not in page
    assert "On hold while we check" in body(sign_in(carrier).get("/claims/"))
    assert sign_in(shipper).get(f"/claims/{held.public_id}/").status_code == 404
    theirs = body(sign_in(shipper).get(f"/bargain/loads/{load.public_id}/"))
    assert "it is reserved for a few minutes" in theirs
    assert carrier.name not in theirs
    held.status, held.closed_at, held.held_until = ClaimStatus.RELEASED, now(), None
    held.outcome = "Your insurance on file is too low."
    held.save()
    assert "Your insurance on file is too low." in body(sign_in(carrier).get(f"/claims/{held.public_id}/"))


def _driver(carrier, driver: Driver) -> Client:
    person = make_person(carrier, Role.DRIVER)
    Driver.objects.filter(pk=driver.pk).update(person=person)
    assert Membership.objects.filter(person=person, role=Role.DRIVER).exists()
    client = Client()
    client.force_login(person)
    return client


def test_a_driver_reads_own_tours_with_addresses_and_without_money(sign_in, carrier, booked, leg):
    driver = _driver(carrier, leg.driver)
    assert driver.get("/")["Location"] == "/tours/"
    tours = body(driver.get("/tours/"))
    tour = Tour.objects.get()
    assert tour.public_id in tours
    page = body(driver.get(f"/tours/{tour.public_id}/"))
    assert "Chicago, IL" in page
    assert "Window" in page
    assert "$" not in re.sub(r"<head>.*?</head>", "", page, flags=re.S)
    assert f"/bookings/{booked.public_id}/" not in page
    for path in ("/bookings/", f"/bookings/{booked.public_id}/", "/threads/", "/claims/"):
        assert driver.get(path).status_code == 403
    other = _driver(carrier, make_driver(carrier, name="Other Driver"))
    assert other.get(f"/tours/{tour.public_id}/").status_code == 404
    assert "No tour is planned for you" in body(other.get("/tours/"))


def test_a_carriers_tours_lead_to_their_bookings_and_others_see_none(sign_in, carrier, shipper, booked):
    tour = Tour.objects.get()
    client = sign_in(carrier)
    assert tour.public_id in body(client.get("/tours/"))
    page = body(client.get(f"/tours/{tour.public_id}/"))
    assert f"/bookings/{booked.public_id}/" in page
    assert "Home" in page
    assert sign_in(shipper).get(f"/tours/{tour.public_id}/").status_code == 404
    assert "No tour is planned" in body(sign_in(shipper).get("/tours/"))


def test_a_viewer_reads_bookings_and_cancels_nothing(sign_in, shipper, booked):
    viewer = sign_in(shipper, "viewer")
    page = body(viewer.get(f"/bookings/{booked.public_id}/"))
    assert "Cancel this booking" not in page
    assert viewer.get(f"/bookings/{booked.public_id}/cancellation/").status_code == 403
