"""Claims over HTTP on a running installation: forty at once, and a Redis that is away."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.db import connections

from brokers.models import Booking, Tour, TourStatus
from carriers.models import ReturnLeg
from foundation.accounts.models import Market, Organization
from foundation.events.models import FeedEntry
from foundation.trade.ids import new_id
from loads.models import Load
from tests.brokers.booked import going_home, local_load, open_load
from tests.builders import make_organization, make_truck, now
from tests.flows.api import Tms
from tests.installation import Installation
from tests.rest.clients import key_for

RATE = {"amount": "2400.00", "currency": "USD"}
CLIENTS = 40
ROUNDS = 2
SOAK_ROUNDS = 50


def _body(leg: ReturnLeg) -> dict[str, Any]:
    return {"truck": leg.truck.public_id, "leg": leg.public_id, "rate": RATE}


def _carrier() -> Organization:
    return make_organization(hauls=True, market=Market.SANDBOX)


def _all_at_once(asked: list[Callable[[], requests.Response]]) -> list[requests.Response]:
    """Ask everything at the same moment, each in a thread of its own; return the answers."""
    start, answers = threading.Barrier(len(asked)), []

    def ask(question: Callable[[], requests.Response]) -> None:
        start.wait()
        answers.append(question())
        connections.close_all()

    threads = [threading.Thread(target=ask, args=(question,)) for question in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    assert len(answers) == len(asked), "somebody was not answered"
    return answers


def _race_for_a_load(installation: Installation, rounds: int) -> list[float]:
    shipper = make_organization(market=Market.SANDBOX)
    carriers = [_carrier() for _ in range(CLIENTS)]
    systems = {who.pk: Tms(installation.url, who) for who in carriers}
    legs = {who.pk: going_home(who) for who in carriers}
    seconds = []
    for _ in range(rounds):
        load = open_load(shipper)
        path = f"/loads/{load.public_id}/claims"
        began = time.monotonic()
        answers = _all_at_once(
            [
                lambda who=who, path=path: systems[who.pk].send(
                    path, _body(legs[who.pk]), key=new_id("try"), seconds=60
                )
                for who in carriers
            ]
        )
        seconds.append(time.monotonic() - began)
        counted = Counter(answer.status_code for answer in answers)
        assert counted == {201: 1, 409: CLIENTS - 1}, [answer.text for answer in answers if answer.status_code != 409]
        assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {
            "load_gone",
            "one_live_booking_per_load",
        }
        booking = Booking.objects.get(load=load)
        legs[booking.carrier_id] = going_home(booking.carrier)
    return seconds


def test_of_forty_who_claim_one_load_over_http_one_books_it(installation: Installation) -> None:
    _race_for_a_load(installation, ROUNDS)


@pytest.mark.soak
def test_of_forty_who_claim_over_http_one_books_it_in_each_of_fifty_rounds(installation: Installation) -> None:
    seconds = _race_for_a_load(installation, SOAK_ROUNDS)
    print(f"{SOAK_ROUNDS} rounds of {CLIENTS} clients, slowest {max(seconds):.2f} s, all {sum(seconds):.0f} s")


def _race_for_a_truck(installation: Installation, rounds: int, count: int) -> list[float]:
    """Claim as many loads with one truck at once, in each round another carrier's; what was taken is replaced."""
    shippers = [make_organization(market=Market.SANDBOX) for _ in range(count)]
    loads = [local_load(who) for who in shippers]
    seconds = []
    for _ in range(rounds):
        carrier = _carrier()  # sixty claims a minute are a key's limit, and twenty keys a company's
        key = key_for(carrier)
        systems = [Tms(installation.url, carrier, key=key) for _ in range(count)]
        truck = make_truck(carrier)
        body = {"truck": truck.public_id, "rate": RATE}
        began = time.monotonic()
        answers = _all_at_once(
            [
                lambda load=load, tms=tms, body=body: _sent(tms, f"/loads/{load.public_id}/claims", body)
                for load, tms in zip(loads, systems, strict=True)
            ]
        )
        seconds.append(time.monotonic() - began)
        counted = Counter(answer.status_code for answer in answers)
        assert counted == {201: 1, 409: count - 1}, [answer.text for answer in answers if answer.status_code != 409]
        tour = Tour.objects.get(truck=truck, status=TourStatus.PLANNED)
        taken = tour.bookings.get().load_id
        loads = [local_load(who) if load.pk == taken else load for who, load in zip(shippers, loads, strict=True)]
    return seconds


def _sent(tms: Tms, path: str, body: dict[str, Any]) -> requests.Response:
    """Claim, and where others hold the truck for longer than a claim waits, come again when told to, as clients do."""
    key, deadline = new_id("try"), time.monotonic() + 60
    while True:
        answer = tms.send(path, body, key=key, seconds=60)
        if answer.status_code != 503 or time.monotonic() > deadline:
            return answer
        time.sleep(float(answer.headers["Retry-After"]))


def test_one_truck_claimed_for_overlapping_tours_over_http_drives_one(installation: Installation) -> None:
    _race_for_a_truck(installation, ROUNDS, 8)


@pytest.mark.soak
def test_one_truck_drives_one_of_forty_overlapping_tours_in_each_of_fifty_rounds(installation: Installation) -> None:
    seconds = _race_for_a_truck(installation, SOAK_ROUNDS, CLIENTS)
    print(f"{SOAK_ROUNDS} rounds of {CLIENTS} tours, slowest {max(seconds):.2f} s, all {sum(seconds):.0f} s")


def test_claims_and_cancellations_work_while_redis_is_away(installation: Installation) -> None:
    carrier, load = _carrier(), open_load(make_organization(market=Market.SANDBOX))
    leg, tms = going_home(carrier), Tms(installation.url, carrier)
    installation.kill("redis")
    try:
        began = time.monotonic()
        answer = tms.send(f"/loads/{load.public_id}/claims", _body(leg), key=new_id("try"), seconds=30)
        assert answer.status_code == 201, answer.text
        booking_id = answer.json()["loads"][0]["booking"]
        body = {"reason": "mistake", "version": 1}
        answer = tms.send(f"/bookings/{booking_id}/cancellation", body, key=new_id("try"), seconds=30)
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
        assert time.monotonic() - began < 15, "a claim waits for something that is away"
    finally:
        installation.bring_back("redis")
    assert Load.objects.get(pk=load.pk).status == "open"


def test_two_negotiate_to_a_booking_while_redis_is_away(installation: Installation) -> None:
    carrier, shipper = _carrier(), make_organization(market=Market.SANDBOX)
    load, leg = open_load(shipper), going_home(carrier)
    hauls, ships = Tms(installation.url, carrier), Tms(installation.url, shipper)
    installation.kill("redis")
    try:
        began = time.monotonic()
        body = {"leg": leg.public_id, "rate": {"amount": "2600.00", "currency": "USD"}, "load_version": load.version}
        answer = hauls.send(f"/loads/{load.public_id}/offers", body, key=new_id("try"), seconds=30)
        assert answer.status_code == 201, answer.text
        counter = {"rate": {"amount": "2500.00", "currency": "USD"}, "on_number": 1, "load_version": load.version}
        path = f"/offers/{answer.json()['id']}/counters"
        answer = ships.send(path, counter, key=new_id("try"), seconds=30)
        assert answer.status_code == 201, answer.text
        said, key = {"number": 2, "load_version": load.version}, new_id("try")
        path = f"/offers/{answer.json()['id']}/acceptance"
        answers = [hauls.send(path, said, key=key, seconds=30) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 200], answers[0].text
        assert time.monotonic() - began < 20, "a negotiation waits for something that is away"
    finally:
        installation.bring_back("redis")
    booking = Booking.objects.get(load=load)
    assert [answer.json()["booking"] for answer in answers] == [booking.public_id] * 2
    assert (booking.carrier, booking.rate_cents) == (carrier, 2_500_00)
    assert Load.objects.get(pk=load.pk).status == "covered"
    heard = FeedEntry.objects.filter(event__name="booking.made", event__subject=booking.public_id)
    _wait(lambda: {entry.organization_id for entry in heard.all()} == {carrier.public_id, shipper.public_id})


def test_tours_that_touch_are_both_booked_over_http(installation: Installation) -> None:
    carrier, shipper = _carrier(), make_organization(market=Market.SANDBOX)
    start = now() + timedelta(days=2)
    out, truck = local_load(shipper, opens_at=start), make_truck(carrier)
    back = open_load(shipper, from_place="77002", to_place="75201", opens_at=start + timedelta(days=4))
    tms = Tms(installation.url, carrier)
    body = {
        "truck": truck.public_id,
        "rate": RATE,
        "return_home_by": (start + timedelta(days=9)).isoformat(),
    }
    first = tms.send(f"/loads/{out.public_id}/claims", body, key=new_id("try"))
    assert first.status_code == 201, first.text
    opened = Booking.objects.get(load=out).opened_leg
    assert opened is not None
    second = tms.send(f"/loads/{back.public_id}/claims", _body(opened), key=new_id("try"))
    assert second.status_code == 201, second.text
    outward, homeward = Tour.objects.filter(truck=truck).order_by("starts_at")
    assert outward.ends_at == homeward.starts_at


def _wait(holds: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)
