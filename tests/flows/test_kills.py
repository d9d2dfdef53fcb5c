"""The web server is killed (kill -9) before and after the COMMIT of what books, and the same request comes again.

Whether a claim, a bundle or an acceptance: with the same Idempotency-Key there is one booking for each load, and the
answer that was never read is given again.
"""

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from django.db import connection, transaction

from brokers.models import Booking, BookingStatus, Claim, ClaimStatus, OfferStatus, Thread, ThreadStatus
from foundation.accounts.federal.lookups import refresh_record
from foundation.accounts.models import Market, Organization
from foundation.events.models import Event
from foundation.trade.ids import new_id
from loads.models import Load
from tests.brokers.bargains import offer_by
from tests.brokers.booked import going_home, local_load, open_load
from tests.builders import make_actor, make_organization, make_truck, now
from tests.flows.api import Tms
from tests.installation import Installation
from tests.rest.clients import key_for

RATE = {"amount": "2400.00", "currency": "USD"}


@dataclass(frozen=True)
class Deed:
    """A request that books: who sends it with which body, and the loads that it books."""

    who: Organization
    path: str
    body: dict[str, Any]
    loads: tuple[Load, ...]
    status: int


def _sandbox(**does: Any) -> Organization:
    return make_organization(market=Market.SANDBOX, **does)


def _claim() -> Deed:
    carrier, load = _sandbox(hauls=True), open_load(_sandbox())
    leg = going_home(carrier)
    body = {"truck": leg.truck.public_id, "leg": leg.public_id, "rate": RATE}
    return Deed(carrier, f"/loads/{load.public_id}/claims", body, (load,), 201)


def _acceptance() -> Deed:
    carrier, shipper = _sandbox(hauls=True), _sandbox()
    load = open_load(shipper)
    offer = offer_by(make_actor(carrier), going_home(carrier), load)
    body = {"number": offer.number, "load_version": load.version}
    return Deed(shipper, f"/offers/{offer.public_id}/acceptance", body, (load,), 200)


def _bundle() -> Deed:
    carrier, start = _sandbox(hauls=True), now() + timedelta(days=2)
    out = local_load(_sandbox(), opens_at=start)
    back = open_load(
        _sandbox(), from_place="77002", to_place="75201", opens_at=start + timedelta(days=4), rate_cents=900_00
    )
    rates = (RATE, {"amount": "900.00", "currency": "USD"})
    body = {
        "truck": make_truck(carrier).public_id,
        "return_home_by": (start + timedelta(days=9)).isoformat(),
        "loads": [{"load": load.public_id, "rate": rate} for load, rate in zip((out, back), rates, strict=True)],
    }
    return Deed(carrier, "/claims", body, (out, back), 201)


DEEDS = pytest.mark.parametrize("make", [_claim, _acceptance, _bundle], ids=["claim", "acceptance", "bundle"])


@DEEDS
def test_a_web_server_killed_before_the_commit_books_once_when_the_request_comes_again(
    installation: Installation, make: Callable[[], Deed]
) -> None:
    deed, key = make(), new_id("try")
    tms = Tms(installation.url, deed.who)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE brokers_tourstop IN SHARE MODE")  # it waits here, in its transaction
        thread = threading.Thread(target=_asked_in_vain, args=(tms, deed, key))
        thread.start()
        _wait(_somebody_waits_for_stops)
        installation.kill("web")
    thread.join(30)
    assert _booked(deed) == []
    installation.bring_back("web")
    answer = _until_answered(tms, deed, key)
    assert (answer.status_code, answer.headers.get("Idempotent-Replayed")) == (deed.status, None), answer.text
    _hold_that_it_was_done_once(deed)


@DEEDS
def test_a_web_server_killed_after_the_commit_gives_the_answer_that_was_never_read(
    installation: Installation, make: Callable[[], Deed]
) -> None:
    deed, key = make(), new_id("try")
    tms = Tms(installation.url, deed.who)
    with _raw_post(installation.url, deed, key):
        _wait(lambda: len(_booked(deed)) == len(deed.loads))  # committed, and the answer is never read
        installation.kill("web")
    installation.bring_back("web")
    before = _booked(deed)
    answer = _until_answered(tms, deed, key)
    assert (answer.status_code, answer.headers.get("Idempotent-Replayed")) == (deed.status, "true"), answer.text
    assert _booked(deed) == before
    assert all(booking in answer.text for booking in before)
    _hold_that_it_was_done_once(deed)


def test_a_web_server_killed_before_an_acceptance_is_held_holds_it_once_when_the_request_comes_again(
    installation: Installation,
) -> None:
    silent = _sandbox(hauls=True, usdot_number="90000006")
    refresh_record(market=Market.SANDBOX, usdot_number=silent.usdot_number)  # which the recorded registry leaves open
    shipper = _sandbox()
    load = open_load(shipper)
    offer = offer_by(make_actor(silent), going_home(silent), load)
    body = {"number": offer.number, "load_version": load.version}
    deed, key = Deed(shipper, f"/offers/{offer.public_id}/acceptance", body, (load,), 202), new_id("try")
    tms = Tms(installation.url, shipper)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE brokers_claimedload IN SHARE MODE")  # it waits here, in its transaction
        thread = threading.Thread(target=_asked_in_vain, args=(tms, deed, key))
        thread.start()
        _wait(lambda: _somebody_waits_for("brokers_claimedload"))
        installation.kill("web")
    thread.join(30)
    offer.refresh_from_db()
    assert (offer.status, Claim.objects.filter(offer=offer).count()) == (OfferStatus.LIVE, 0)
    installation.bring_back("web")
    answer = _until_answered(tms, deed, key)
    assert (answer.status_code, answer.json()["status"]) == (202, "held"), answer.text
    again = tms.send(deed.path, deed.body, key=key, seconds=30)
    assert (again.status_code, again.headers.get("Idempotent-Replayed")) == (202, "true")
    assert Claim.objects.filter(offer=offer, status=ClaimStatus.PENDING).count() == 1
    assert _booked(deed) == []


def _booked(deed: Deed) -> list[str]:
    """Return the ids of all bookings of the deed's loads, whatever became of them."""
    return list(Booking.objects.filter(load__in=deed.loads).order_by("pk").values_list("public_id", flat=True))


def _hold_that_it_was_done_once(deed: Deed) -> None:
    """One live booking for each load, one fact of each, and a thread that ends as its booking says."""
    rows = Booking.objects.filter(load__in=deed.loads, status=BookingStatus.BOOKED)
    assert sorted(rows.values_list("load", flat=True)) == sorted(load.pk for load in deed.loads)
    assert Event.objects.filter(name="booking.made", subject__in=_booked(deed)).count() == len(deed.loads)
    for thread in Thread.objects.filter(load__in=deed.loads):
        assert thread.status == ThreadStatus.AGREED
        assert [offer.status for offer in thread.offers.all()] == [OfferStatus.ACCEPTED]


def _asked_in_vain(tms: Tms, deed: Deed, key: str) -> None:
    try:
        tms.send(deed.path, deed.body, key=key, seconds=30)
    except requests.RequestException:
        return


def _until_answered(tms: Tms, deed: Deed, key: str) -> requests.Response:
    """Ask with the same key until somebody answers with more than "try again"."""
    deadline = time.monotonic() + 60
    while True:
        try:
            answer = tms.send(deed.path, deed.body, key=key, seconds=30)
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
    return _somebody_waits_for("brokers_tourstop")


def _somebody_waits_for(table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted AND relation = %s::regclass", [table])
        return cursor.fetchone() is not None


def _raw_post(url: str, deed: Deed, key: str) -> socket.socket:
    """Send a POST and leave its answer unread."""
    where, path = urlsplit(url), f"/api/v1{deed.path}"
    headers = {"Authorization": f"Bearer {key_for(deed.who)}", "Idempotency-Key": key}
    request = requests.Request("POST", f"{url}{path}", json=deed.body, headers=headers).prepare()
    content = request.body if isinstance(request.body, bytes) else str(request.body).encode()
    lines = [f"POST {path} HTTP/1.1", f"Host: {where.netloc}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    connected = socket.create_connection((str(where.hostname), int(where.port or 80)), timeout=30)
    connected.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
    return connected
