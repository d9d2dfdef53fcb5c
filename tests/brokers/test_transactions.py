"""What a booking's transactions ask and hold: no network, and rows in the one order of the house."""

import logging
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection

from brokers.models import Booking, Tour
from brokers.services.acceptance import accept_offer
from brokers.services.amendments import accept_amendment, propose_amendment
from brokers.services.bundles import claim_bundle
from brokers.services.cancelling import cancel_booking
from brokers.services.claiming import Wanted
from brokers.services.claims import claim_load
from brokers.services.opening import invite_carrier, open_thread
from brokers.terms import posted_terms
from carriers import road
from carriers.models import ReturnLeg, Truck
from foundation.accounts.models import Organization
from foundation.places.osrm import OsrmTravel
from loads.models import Load
from matching import touring, why_not
from matching.services import previewing, scoring
from tests.brokers.booked import claim, going_home, local_load, open_load
from tests.brokers.test_bundles import back_load, home_by
from tests.builders import make_actor, make_driver, make_organization, make_trailer, make_truck, now
from tests.matching.market import ROADS

pytestmark = pytest.mark.django_db(transaction=True)


class RoadServer:
    """A routing server that answers with straight roads, and must not be asked inside a transaction."""

    asked = 0

    def get(self, url: str, *, params: dict[str, str], **_: Any) -> Any:
        """Answer a table, or fail the test."""
        assert not connection.in_atomic_block, "the road server was asked inside a transaction"
        self.asked += 1
        points = [tuple(map(float, point.split(",")))[::-1] for point in url.rsplit("/", 1)[1].split(";")]
        outward = params["sources"] == "0"
        many = zip(*points[1:], strict=True)
        found = ROADS.one_to_many(*points[0], *many) if outward else ROADS.many_to_one(*many, *points[0])
        answer = {
            "code": "Ok",
            "distances": [[miles * 1609.344 for miles in found.miles.tolist()]],
            "durations": [[minutes * 60 for minutes in found.minutes.tolist()]],
        }
        return SimpleNamespace(raise_for_status=lambda: None, json=lambda: answer)


@pytest.fixture
def server(straight_roads: None, monkeypatch: pytest.MonkeyPatch) -> RoadServer:
    """Return a road server that this market asks, and keep every socket shut inside transactions."""
    found = RoadServer()
    travel = OsrmTravel("http://roads.test", fallback=lambda: ROADS)
    monkeypatch.setattr(travel, "_session", found)
    for module in (road, touring, why_not, previewing, scoring):
        monkeypatch.setattr(module, "travel_oracle", lambda: travel)
    connect = socket.socket.connect

    def outside(self: socket.socket, address: Any) -> None:
        assert not connection.in_atomic_block, f"{address} was called inside a transaction"
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", outside)
    return found


@pytest.fixture
def truck(carrier: Organization) -> Truck:
    """Return a truck of Dallas with its usual driver and trailer."""
    return make_truck(carrier, usual_driver=make_driver(carrier), usual_trailer=make_trailer(carrier))


def goes_out(truck: Truck, load: Load) -> Booking:
    made = claim_load(actor=make_actor(truck.organization), load_id=load.public_id, truck_id=truck.public_id)
    booking = made.loads.get().booking
    assert booking is not None
    return booking


def offered(truck: Truck, load: Load, **fields: Any) -> Any:
    return open_thread(
        actor=make_actor(truck.organization),
        load_id=load.public_id,
        truck_id=truck.public_id,
        terms=posted_terms(load, rate_cents=900_00),
        load_version=load.version,
        **fields,
    )


def accepted(load: Load, offer: Any) -> Booking:
    booking = accept_offer(
        actor=make_actor(load.organization), offer_id=offer.public_id, number=offer.number, load_version=load.version
    )
    assert isinstance(booking, Booking)
    return booking


def bundled(truck: Truck, *loads: Load) -> None:
    claim_bundle(
        actor=make_actor(truck.organization),
        loads=[Wanted(load_id=each.public_id, load_version=each.version, rate_cents=each.rate_cents) for each in loads],
        truck_id=truck.public_id,
        return_home_by=home_by(),
    )


def amended(booking: Booking) -> None:
    row = propose_amendment(
        actor=make_actor(booking.shipper),
        booking_id=booking.public_id,
        subject="carriage",
        load_changes={"weight_pounds": booking.load.weight_pounds - 100},
    )
    accept_amendment(actor=make_actor(booking.carrier), amendment_id=row.public_id, version=row.version)


def cancelled(booking: Booking) -> None:
    booking.refresh_from_db()
    actor = make_actor(booking.carrier)
    cancel_booking(actor=actor, booking_id=booking.public_id, version=booking.version, reason="truck_broke_down")


def test_no_claim_acceptance_bundle_amendment_or_cancellation_calls_anybody_while_it_holds_rows(
    carrier: Organization, truck: Truck, server: RoadServer, caplog: pytest.LogCaptureFixture
) -> None:
    shipper = make_organization("Prairie Paper")
    with caplog.at_level(logging.WARNING):
        out = goes_out(truck, local_load(shipper))
        assert out.opened_leg is not None
        assert out.opened_leg.home_miles == pytest.approx(Tour.objects.get().loaded_miles, abs=1)
        amended(out)
        cancelled(out)
        agreed = local_load(shipper)
        booking = accepted(agreed, offered(truck, agreed))
        cancelled(booking)
        bundled(truck, local_load(shipper), back_load(shipper))
        asked = server.asked
        leg, load = going_home(make_organization(hauls=True)), open_load(shipper)
        invite_carrier(
            actor=make_actor(shipper),
            load_id=load.public_id,
            leg_id=leg.public_id,
            terms=posted_terms(load, rate_cents=2_000_00),
            load_version=load.version,
        )
        assert server.asked > asked, "outside of transactions the server is asked"
    assert not caplog.records, "an answer by the built-in network is no failure there"


# --- Locks ------------------------------------------------------------------------------------------------------------

ORDER = {
    "loads_load": 0,
    "carriers_returnleg": 1,
    "brokers_tour": 2,
    "carriers_truck": 3,
    "carriers_driver": 4,
    "carriers_trailer": 5,
    "brokers_thread": 6,
    "brokers_offer": 7,
}
"""The house's order; a thread is held just before its offers."""

_NOT_YET = ("brokers_tour", "carriers_returnleg")
"""Of a truck that has no tour and no leg yet nothing is to be held."""

_HOLDS = re.compile(r'FROM "?(\w+)"?.* FOR (?:NO KEY )?UPDATE', re.DOTALL)


@dataclass
class Held:
    """A row that a transaction holds; `begun` is when that transaction began."""

    begun: datetime
    table: str
    key: int


@contextmanager
def held_rows() -> Iterator[list[Held]]:
    """Collect the rows that statements hold, in their order, read off the statements that are executed."""
    found: list[Held] = []
    stood = {
        "carriers_returnleg": set(ReturnLeg.objects.values_list("pk", flat=True)),
        "brokers_tour": set(Tour.objects.values_list("pk", flat=True)),
    }

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        answer = execute(sql, params, many, context)
        holds = _HOLDS.search(sql)
        if holds and holds[1] in ORDER:
            begun, keys = _asked_again(sql, params)
            # a leg home or a tour that the transaction has made itself is nobody else's to wait for
            known = stood.get(holds[1])
            found.extend(Held(begun, holds[1], key) for key in keys if known is None or key in known)
        return answer

    with connection.execute_wrapper(note):
        yield found


def _asked_again(sql: str, params: Any) -> tuple[datetime, list[int]]:
    """Return when the transaction began, and the keys of the rows in the order in which a statement held them."""
    plain = re.sub(r"\s+FOR (NO KEY )?UPDATE.*$", "", sql, flags=re.DOTALL)
    with connection.connection.cursor() as cursor:
        (begun,) = cursor.execute("SELECT now()").fetchone()
        rows = cursor.execute(plain, params).fetchall()
        at = [column.name for column in cursor.description].index("id")
    return begun, [row[at] for row in rows]


def out_of_order(held: list[Held]) -> list[str]:
    """Return what was held for the first time after something that the order puts behind it."""
    wrong, seen = [], set()
    last: dict[datetime, tuple[int, int]] = {}
    for row in held:
        if (row.begun, row.table, row.key) in seen:
            continue  # held already: it waits for nobody
        seen.add((row.begun, row.table, row.key))
        place, before = (ORDER[row.table], row.key), last.get(row.begun, (-1, -1))
        if place < before:
            wrong.append(f"{row.table} {row.key} after {list(ORDER)[before[0]]} {before[1]}")
        last[row.begun] = max(before, place)
    return wrong


def _rivals(truck: Truck, *loads: Load) -> None:
    """Let others negotiate over these loads, and the truck over others, in an order that is not that of the loads."""
    others = [make_organization(hauls=True) for _ in range(2)]
    for load in reversed(loads):
        for each in others:
            offered(make_truck(each), load)
    for _ in range(2):
        offered(truck, local_load(make_organization()))


def _held_by(work: Callable[[], Any]) -> list[Held]:
    with held_rows() as found:
        work()
    assert {row.table for row in found} >= {"loads_load", "carriers_truck"} or len(found) > 1
    assert out_of_order(found) == []
    return found


def test_every_transaction_of_a_booking_holds_rows_in_the_order_of_the_house(
    carrier: Organization, truck: Truck, straight_roads: None
) -> None:
    shipper = make_organization("Prairie Paper")
    load = local_load(shipper)
    _rivals(truck, load)
    tables = [row.table for row in _held_by(lambda: goes_out(truck, load))]
    assert list(dict.fromkeys(tables)) == [name for name in ORDER if name not in _NOT_YET]
    booking = Booking.objects.get()
    _held_by(lambda: amended(booking))
    _held_by(lambda: cancelled(booking))


def test_a_bundle_holds_the_threads_of_all_its_loads_once_and_by_id(
    carrier: Organization, truck: Truck, straight_roads: None
) -> None:
    shipper = make_organization("Prairie Paper")
    back, out = back_load(shipper), local_load(shipper)  # the load home has the lower key
    _rivals(truck, back, out)
    held = _held_by(lambda: bundled(truck, out, back))
    threads = [row.key for row in held if row.table == "brokers_thread"]
    assert len(threads) == 6
    assert threads == sorted(threads)
    offers = [row.key for row in held if row.table == "brokers_offer"]
    assert len(offers) == 6
    assert offers == sorted(offers)
    for booking in Booking.objects.order_by("-pk"):
        _held_by(lambda booking=booking: cancelled(booking))  # type: ignore[misc]


def test_an_acceptance_and_a_partial_that_joins_hold_rows_in_order(
    carrier: Organization, truck: Truck, straight_roads: None
) -> None:
    shipper = make_organization("Prairie Paper")
    partial = {"size": "partial", "length_feet": 20, "weight_pounds": 9_000}
    first, second = local_load(shipper, **partial), local_load(shipper, **partial)
    offer = offered(truck, first)
    _rivals(truck, first, second)
    _held_by(lambda: accepted(first, offer))
    held = _held_by(lambda: goes_out(truck, second))
    assert {"carriers_returnleg", "brokers_tour"} <= {row.table for row in held}
    assert Tour.objects.get().bookings.count() == 2
    _held_by(lambda: cancelled(Booking.objects.order_by("pk")[0]))
    leg = going_home(carrier, hours=240)
    _held_by(lambda: claim(carrier, open_load(shipper), leg))


def test_rows_held_out_of_order_are_found() -> None:
    moment = now()
    rows = [
        Held(moment, "carriers_trailer", 3),
        Held(moment, "carriers_driver", 9),
        Held(moment, "carriers_trailer", 3),
    ]
    assert out_of_order(rows) == ["carriers_driver 9 after carriers_trailer 3"]
    assert out_of_order([Held(moment, "brokers_thread", 9), Held(moment, "brokers_thread", 5)]) != []
    later = moment + timedelta(seconds=1)
    assert out_of_order([Held(moment, "brokers_offer", 9), Held(later, "loads_load", 5)]) == []
