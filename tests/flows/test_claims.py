"""Claims over HTTP on a running installation: forty at once, a web server that dies, a Redis that is away."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from django.db import connection, connections, transaction

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


def _race_for_a_truck(installation: Installation, rounds: int, count: int) -> None:
    carrier = _carrier()
    system = [Tms(installation.url, carrier) for _ in range(count)]
    for _ in range(rounds):
        truck = make_truck(carrier)
        loads = [local_load(make_organization(market=Market.SANDBOX)) for _ in range(count)]
        body = {"truck": truck.public_id, "rate": RATE}
        answers = _all_at_once(
            [
                lambda load=load, tms=tms, body=body: tms.send(
                    f"/loads/{load.public_id}/claims", body, key=new_id("try"), seconds=60
                )
                for load, tms in zip(loads, system, strict=True)
            ]
        )
        counted = Counter(answer.status_code for answer in answers)
        assert counted == {201: 1, 409: count - 1}, [answer.text for answer in answers]
        assert Tour.objects.filter(truck=truck, status=TourStatus.PLANNED).count() == 1


def test_one_truck_claimed_for_overlapping_tours_over_http_drives_one(installation: Installation) -> None:
    _race_for_a_truck(installation, ROUNDS, 8)


@pytest.mark.soak
def test_one_truck_drives_one_of_forty_tours_in_each_round(installation: Installation) -> None:
    _race_for_a_truck(installation, 5, CLIENTS)


def test_a_web_server_killed_before_the_commit_books_once_when_the_claim_comes_again(
    installation: Installation,
) -> None:
    carrier, load = _carrier(), open_load(make_organization(market=Market.SANDBOX))
    leg, tms, key = going_home(carrier), Tms(installation.url, carrier), new_id("try")
    path = f"/loads/{load.public_id}/claims"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE brokers_tourstop IN SHARE MODE")  # the claim waits here, in its transaction
        thread = threading.Thread(target=_asked_in_vain, args=(tms, path, _body(leg), key))
        thread.start()
        _wait(_somebody_waits_for_stops)
        installation.kill("web")
    thread.join(30)
    assert not Booking.objects.filter(load=load).exists()
    installation.bring_back("web")
    answer = _until_answered(tms, path, _body(leg), key)
    assert answer.status_code == 201, answer.text
    assert Booking.objects.filter(load=load).count() == 1


def test_a_web_server_killed_after_the_commit_answers_the_same_claim_with_the_same_booking(
    installation: Installation,
) -> None:
    carrier, load = _carrier(), open_load(make_organization(market=Market.SANDBOX))
    leg, key = going_home(carrier), new_id("try")
    path = f"/loads/{load.public_id}/claims"
    with _raw_post(installation.url, f"/api/v1{path}", _body(leg), key, key_for(carrier)):
        _wait(lambda: Booking.objects.filter(load=load).exists())  # committed, and the answer is never read
        installation.kill("web")
    installation.bring_back("web")
    tms = Tms(installation.url, carrier)
    answer = _until_answered(tms, path, _body(leg), key)
    assert (answer.status_code, answer.headers.get("Idempotent-Replayed")) == (201, "true")
    booking = Booking.objects.get(load=load)
    assert answer.json()["loads"][0]["booking"] == booking.public_id


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


def _asked_in_vain(tms: Tms, path: str, body: dict[str, Any], key: str) -> None:
    try:
        tms.send(path, body, key=key, seconds=30)
    except requests.RequestException:
        return


def _until_answered(tms: Tms, path: str, body: dict[str, Any], key: str) -> requests.Response:
    """Ask with the same key until somebody answers with more than "try again"."""
    deadline = time.monotonic() + 60
    while True:
        try:
            answer = tms.send(path, body, key=key, seconds=30)
        except requests.RequestException:
            answer = None
        if answer is not None and "Retry-After" not in answer.headers:
            return answer
        assert time.monotonic() < deadline, "nobody answers"
        time.sleep(0.2)


def _wait(holds: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)


def _somebody_waits_for_stops() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'brokers_tourstop'::regclass")
        return cursor.fetchone() is not None


def _raw_post(url: str, path: str, body: dict[str, Any], key: str, secret: str) -> socket.socket:
    """Send a POST and leave its answer unread."""
    where = urlsplit(url)
    request = requests.Request(
        "POST", f"{url}{path}", json=body, headers={"Authorization": f"Bearer {secret}", "Idempotency-Key": key}
    ).prepare()
    content = request.body if isinstance(request.body, bytes) else str(request.body).encode()
    lines = [f"POST {path} HTTP/1.1", f"Host: {where.netloc}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    connected = socket.create_connection((str(where.hostname), int(where.port or 80)), timeout=30)
    connected.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
    return connected
