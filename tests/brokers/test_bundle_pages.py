"""Round trips in pages and by REST: shown beside the claim, for its carrier alone, and booked in one press."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from brokers.models import Booking, Claim, ClaimStatus
from carriers.models import ReturnLeg, Truck
from foundation.accounts.models import Organization
from foundation.trade.posting import Status
from foundation.trade.windows import local
from loads.models import Load
from loads.services import withdraw_load
from tests.brokers.booked import claim, going_home, local_load, open_load
from tests.brokers.test_bargain_pages import body, sent
from tests.brokers.test_bundles import back_load, home_by
from tests.builders import make_actor, make_organization, make_truck, now
from tests.matching.market import run
from tests.rest.clients import ApiClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def truck(carrier: Organization) -> Truck:
    """Return a truck of Dallas."""
    return make_truck(carrier)


@pytest.fixture
def out(shipper: Organization) -> Load:
    """Return Dallas to Houston in two days."""
    return local_load(shipper)


@pytest.fixture
def back() -> Load:
    """Return Houston to Dallas two days after that, of another shipper."""
    return back_load(make_organization("Gulf Shippers"))


def _form(client: Any, out: Load, truck: Truck) -> dict[str, str]:
    page = body(client.get(f"/bargain/loads/{out.public_id}/claim/?truck={truck.public_id}"))
    assert f"/bargain/loads/{out.public_id}/backhauls/" in page
    return sent(page) | {"return_home_by": f"{local(home_by(), 'America/Chicago'):%Y-%m-%dT%H:%M}"}


def test_the_way_home_is_shown_before_the_press_and_the_round_trip_is_booked_in_one(
    sign_in: Any, carrier: Organization, truck: Truck, out: Load, back: Load
) -> None:
    client = sign_in(carrier)
    form = _form(client, out, truck)
    shown = body(client.get(f"/bargain/loads/{out.public_id}/backhauls/", form, headers={"HX-Request": "true"}))
    assert "This load alone" in shown
    assert "Book the round trip" in shown
    chosen = f"{back.public_id}:{back.version}:{back.rate_cents}"
    assert f'value="{chosen}"' in shown
    answer = client.post(f"/bargain/loads/{out.public_id}/round-trip/", form | {"back": chosen})
    made = Claim.objects.get()
    assert answer["Location"] == f"/claims/{made.public_id}/"
    assert made.status == ClaimStatus.BOOKED
    assert Booking.objects.count() == 2
    again = client.post(f"/bargain/loads/{out.public_id}/round-trip/", form | {"back": chosen})
    assert again["Location"] == answer["Location"], "a double click leads to the same claim"
    assert Booking.objects.count() == 2
    assert body(client.get(answer["Location"])).count("Open the booking") == 2


def test_a_backhaul_that_is_taken_meanwhile_is_named_and_nothing_is_booked(
    sign_in: Any, carrier: Organization, truck: Truck, out: Load, back: Load
) -> None:
    client = sign_in(carrier)
    form = _form(client, out, truck)
    withdraw_load(actor=make_actor(back.organization), load_id=back.public_id)
    chosen = {"back": f"{back.public_id}:{back.version}:{back.rate_cents}"}
    answer = client.post(f"/bargain/loads/{out.public_id}/round-trip/", form | chosen)
    assert answer.status_code == 409
    assert "Houston, TX to Dallas, TX: This load is gone" in body(answer)
    assert not Booking.objects.exists()
    assert not ReturnLeg.objects.exists()


@pytest.mark.parametrize("back", ["", "nonsense", "load_x:1:2", "load_00000000000000000000000000:1"])
def test_a_button_that_does_not_read_books_nothing(
    sign_in: Any, carrier: Organization, truck: Truck, out: Load, back: str
) -> None:
    client = sign_in(carrier)
    form = _form(client, out, truck)
    answer = client.post(f"/bargain/loads/{out.public_id}/round-trip/", form | {"back": back})
    assert answer.status_code == 422
    assert "out of date" in body(answer)
    assert not Booking.objects.exists()


def test_after_the_outbound_booking_its_page_shows_the_same_to_the_carrier_alone(
    sign_in: Any, carrier: Organization, shipper: Organization, truck: Truck, out: Load, back: Load
) -> None:
    client = sign_in(carrier)
    form = _form(client, out, truck)
    client.post(f"/bargain/loads/{out.public_id}/claim/", form)
    booking = Booking.objects.get()
    path = f"/bookings/{booking.public_id}/backhauls/"
    assert path in body(client.get(f"/bookings/{booking.public_id}/"))
    shown = body(client.get(path))
    assert f"/bargain/loads/{back.public_id}/claim/?leg=" in shown
    assert "round trip" in shown
    assert sign_in(shipper).get(path).status_code == 404


def test_who_lost_a_load_sees_what_its_truck_could_take_instead_and_loads_like_it(
    sign_in: Any, carrier: Organization, shipper: Organization
) -> None:
    gone, other, like = open_load(shipper), open_load(shipper, rate_cents=2_200_00), open_load(shipper, equipment="F")
    leg = going_home(carrier)
    run(leg)
    rival = make_organization("Quick Haulers", hauls=True)
    claim(rival, gone, going_home(rival))
    client = sign_in(carrier)
    panel = body(client.get(f"/bargain/loads/{gone.public_id}/?leg={leg.public_id}"))
    assert f"/bargain/loads/{gone.public_id}/next-best/?leg={leg.public_id}" in panel
    shown = body(client.get(f"/bargain/loads/{gone.public_id}/next-best/?leg={leg.public_id}"))
    assert other.public_id in shown
    assert "your gain" in shown
    assert gone.public_id not in shown
    assert like.public_id not in shown
    bystander = make_organization("No Trucks Yet", hauls=True)
    shown = body(sign_in(bystander).get(f"/bargain/loads/{gone.public_id}/next-best/"))
    assert "your gain" not in shown
    assert "Loads like it" in shown
    assert other.public_id in shown


def test_a_round_trip_is_claimed_by_rest_once_for_each_key(
    carrier: Organization, truck: Truck, out: Load, back: Load
) -> None:
    client, key = ApiClient(carrier), str(uuid4())
    query = f"truck={truck.public_id}&return_home_by={home_by():%Y-%m-%dT%H:%M:%SZ}"
    waiting = client.get(f"/api/v1/loads/{out.public_id}/backhauls?{query}")
    assert waiting.status_code == 200, waiting.content
    best = waiting.json()["items"][0]
    assert best["loads"][0]["load"] == back.public_id
    assert best["can_book"] is True
    mine = {"load": out.public_id, "load_version": 1, "rate": {"amount": "2400.00", "currency": "USD"}}
    theirs = {name: best["loads"][0][name] for name in ("load", "load_version", "rate")}
    posted = {"truck": truck.public_id, "return_home_by": f"{home_by():%Y-%m-%dT%H:%M:%SZ}", "loads": [mine, theirs]}
    first = client.post("/api/v1/claims", posted, headers={"Idempotency-Key": key})
    assert first.status_code == 201, first.content
    again = client.post("/api/v1/claims", posted, headers={"Idempotency-Key": key})
    assert (again.status_code, again["Idempotent-Replayed"]) == (201, "true")
    assert again.json() == first.json()
    assert [each["load"] for each in first.json()["loads"]] == [out.public_id, back.public_id]
    assert Booking.objects.count() == 2
    assert set(Load.objects.values_list("status", flat=True)) == {Status.COVERED}


def test_after_the_outbound_booking_rest_answers_for_the_leg_that_it_opened_to_the_carrier_alone(
    carrier: Organization, shipper: Organization, truck: Truck, out: Load, back: Load
) -> None:
    client, path = ApiClient(carrier), f"/api/v1/loads/{out.public_id}/backhauls"
    home = f"{home_by():%Y-%m-%dT%H:%M:%SZ}"
    before = client.get(f"{path}?truck={truck.public_id}&return_home_by={home}").json()
    assert before["leg"] is None
    body_ = {"truck": truck.public_id, "return_home_by": home, "load_version": 1}
    rate = {"rate": {"amount": "2400.00", "currency": "USD"}}
    made = client.post(f"/api/v1/loads/{out.public_id}/claims", body_ | rate, headers={"Idempotency-Key": str(uuid4())})
    assert made.status_code == 201, made.content
    leg = ReturnLeg.objects.get()
    for query in ("", f"?truck={truck.public_id}"):
        after = client.get(path + query)
        assert after.status_code == 200, after.content
        assert after.json()["leg"] == leg.public_id
        assert after.json()["items"][0]["loads"][0]["load"] == back.public_id
        assert after.json()["items"][0]["earns"] == before["items"][0]["earns"]
    assert client.get(f"{path}?truck=nonsense").status_code == 400
    assert ApiClient(shipper).get(f"{path}?truck={truck.public_id}").status_code in (403, 404, 409)
    ReturnLeg.objects.update(status=Status.WITHDRAWN)
    taken = client.get(path)
    assert (taken.status_code, taken.json()["code"]) == (409, "leg_taken")


def test_a_round_trip_by_rest_with_a_load_that_is_gone_is_a_409_that_names_it(
    carrier: Organization, truck: Truck, out: Load
) -> None:
    late = back_load(make_organization(), opens_at=now() + timedelta(days=1))
    rows = [
        {"load": load.public_id, "rate": {"amount": f"{(load.rate_cents or 0) / 100:.2f}", "currency": "USD"}}
        for load in (out, late)
    ]
    answer = ApiClient(carrier).post(
        "/api/v1/claims", {"truck": truck.public_id, "loads": rows}, headers={"Idempotency-Key": str(uuid4())}
    )
    assert answer.status_code == 409, answer.content
    assert answer.json()["detail"].startswith("Houston, TX to Dallas, TX: ")
    assert not Booking.objects.exists()
