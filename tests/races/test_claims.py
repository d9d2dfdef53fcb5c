"""Claims at the same moment: a load is booked once, a truck is in one place; and what happens without the guards."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections

from brokers.models import Booking, BookingStatus, Tour, TourStatus
from brokers.services import booking as booking_service
from brokers.services import claiming as claiming_service
from brokers.services.cancelling import cancel_booking
from brokers.services.claims import claim_load
from foundation.accounts.actor import Actor
from foundation.accounts.models import Organization
from foundation.trade.errors import Busy, Conflict
from loads.models import Load
from loads.queries import loads_by_ids
from loads.services import withdraw_load
from tests.brokers.booked import claim, going_home, local_load, open_load
from tests.builders import make_actor, make_organization, make_truck, now
from tests.matching.conftest import straight_roads
from tests.races.at_once import at_once

__all__ = ["straight_roads"]

pytestmark = pytest.mark.django_db(transaction=True)

CLAIMANTS = 8
ROUNDS = 2
SOAK_ROUNDS = 25


def _live() -> int:
    return Booking.objects.filter(status=BookingStatus.BOOKED).count()


def _claimants(count: int) -> list[tuple[Organization, Actor]]:
    found = [make_organization(hauls=True) for _ in range(count)]
    return [(organization, make_actor(organization)) for organization in found]


def _one_load_many_carriers(rounds: int, count: int) -> None:
    shipper, claimants = make_organization(), _claimants(count)
    legs = {who.pk: going_home(who) for who, _ in claimants}
    for number in range(rounds):
        load = open_load(shipper)
        failures = at_once(
            *[
                lambda who=who, actor=actor, load=load: claim(who, load, legs[who.pk], actor=actor)
                for who, actor in claimants
            ]
        )
        assert [type(error) for error in failures] == [Conflict] * (count - 1), failures
        assert {error.code for error in failures} <= {"load_gone", "one_live_booking_per_load"}
        assert _live() == number + 1
        winner = Booking.objects.get(load=load).carrier
        legs[winner.pk] = going_home(winner)


def test_of_many_who_claim_one_load_at_the_same_moment_one_is_booked() -> None:
    _one_load_many_carriers(ROUNDS, CLAIMANTS)


@pytest.mark.soak
def test_of_many_who_claim_one_load_again_and_again_one_is_booked_each_time() -> None:
    _one_load_many_carriers(SOAK_ROUNDS, 16)


def _one_truck_many_loads(rounds: int, count: int) -> None:
    carrier = make_organization(hauls=True)
    actors = [make_actor(carrier) for _ in range(count)]
    for _ in range(rounds):
        truck = make_truck(carrier)
        loads = [local_load(make_organization()) for _ in range(count)]
        failures = at_once(
            *[
                lambda load=load, actor=actor, truck=truck: claim_load(
                    actor=actor, load_id=load.public_id, truck_id=truck.public_id
                )
                for load, actor in zip(loads, actors, strict=True)
            ]
        )
        assert [type(error) for error in failures] == [Conflict] * (count - 1), failures
        assert Tour.objects.filter(truck=truck, status=TourStatus.PLANNED).count() == 1


def test_one_truck_that_is_to_take_several_loads_at_once_takes_one() -> None:
    _one_truck_many_loads(ROUNDS, 4)


@pytest.mark.soak
def test_one_truck_takes_one_load_each_time() -> None:
    _one_truck_many_loads(SOAK_ROUNDS, 8)


def test_tours_that_touch_are_both_accepted() -> None:
    carrier, shipper = make_organization(hauls=True), make_organization()
    start = now() + timedelta(days=2)
    truck, actor = make_truck(carrier), make_actor(carrier)
    out = local_load(shipper, opens_at=start)
    home_by = start + timedelta(days=9)
    made = claim_load(actor=actor, load_id=out.public_id, truck_id=truck.public_id, return_home_by=home_by)
    outbound = made.loads.get().booking
    back = open_load(shipper, from_place="77002", to_place="75201", opens_at=start + timedelta(days=4))
    claim(carrier, back, outbound.opened_leg, actor=actor)
    first, second = Tour.objects.order_by("starts_at")
    assert first.ends_at == second.starts_at
    assert _live() == 2


def test_a_load_that_is_withdrawn_while_it_is_claimed_ends_as_one_of_both() -> None:
    shipper = make_organization()
    owner, (carrier, actor) = make_actor(shipper), _claimants(1)[0]
    for _ in range(ROUNDS):
        load, leg = open_load(shipper), going_home(carrier)
        failures = at_once(
            *[
                lambda load=load: withdraw_load(actor=owner, load_id=load.public_id),
                lambda load=load, leg=leg: claim(carrier, load, leg, actor=actor),
            ]
        )
        assert [type(error) for error in failures] == [Conflict], failures
        load.refresh_from_db()
        booked = Booking.objects.filter(load=load).exists()
        assert load.status == ("covered" if booked else "withdrawn")


def test_both_sides_cancel_at_once_and_one_of_them_did() -> None:
    shipper, (carrier, actor) = make_organization(), _claimants(1)[0]
    owner = make_actor(shipper)
    booking = claim(carrier, open_load(shipper), going_home(carrier), actor=actor).loads.get().booking
    failures = at_once(
        *[
            lambda who=who: cancel_booking(actor=who, booking_id=booking.public_id, version=1, reason="mistake")
            for who in (owner, actor)
        ]
    )
    assert [type(error) for error in failures] == [Conflict]
    booking.refresh_from_db()
    assert booking.status == BookingStatus.CANCELLED
    assert booking.version == 2


def test_a_partial_and_a_full_load_for_one_leg_do_not_both_get_it() -> None:
    carrier, actor = _claimants(1)[0]
    for _ in range(ROUNDS):
        leg = going_home(carrier)
        full, part = open_load(make_organization()), open_load(make_organization(), size="partial", length_feet=40)
        failures = at_once(
            *[lambda load=load, leg=leg: claim(carrier, load, leg, actor=actor) for load in (full, part)]
        )
        assert [type(error) for error in failures] == [Conflict], failures
        assert Tour.objects.filter(leg=leg, status=TourStatus.PLANNED).count() == 1


def test_who_holds_a_load_too_long_makes_a_claim_busy_and_nothing_is_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    shipper, (carrier, actor) = make_organization(), _claimants(1)[0]
    load, leg = open_load(shipper), going_home(carrier)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT 1 FROM loads_load WHERE id = %s FOR UPDATE", [load.pk])
            held.set()
            done.wait(20)
            cursor.execute("ROLLBACK")
        connections.close_all()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(30)
    try:
        with pytest.raises(Busy):
            claim(carrier, load, leg, actor=actor)
    finally:
        done.set()
        thread.join()
    assert _live() == 0
    claim(carrier, load, leg, actor=actor)
    assert _live() == 1


# --- Controls: the race is there once the guard is gone ---------------------------------------------------------------


@contextmanager
def _without(constraint: str, table: str, definition: str) -> Iterator[None]:
    """Take a constraint away for a while; the rows that broke it go before it comes back."""
    is_index = definition.startswith("CREATE")
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {constraint}" if is_index else f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE brokers_booking, brokers_tour, brokers_claim, brokers_rateconfirmation CASCADE")
            cursor.execute(definition if is_index else f"ALTER TABLE {table} ADD CONSTRAINT {constraint} {definition}")


def _definition(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [name])
        row = cursor.fetchone()
        if row is None:
            cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", [name])
            row = cursor.fetchone()
    return str(row[0])


def _meet(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Let all claims have looked before any of them writes."""
    looked = threading.Barrier(count)
    store = booking_service._store

    def later(*given: Any) -> Booking:
        looked.wait(20)
        return store(*given)

    monkeypatch.setattr(booking_service, "_store", later)


def test_without_lock_and_constraint_one_load_is_booked_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    shipper, claimants = make_organization(), _claimants(2)
    load = open_load(shipper)
    legs = {who.pk: going_home(who) for who, _ in claimants}

    def unlocked(*, pk: int, **_: Any) -> Load:
        return loads_by_ids([Load.objects.get(pk=pk).public_id]).get()

    monkeypatch.setattr(claiming_service, "locked_load", unlocked)
    monkeypatch.setattr(booking_service, "cover_load", lambda **_: None)
    _meet(monkeypatch, 2)
    name = "one_live_booking_per_load"
    with _without(name, "brokers_booking", _definition(name)):
        failures = at_once(
            *[
                lambda who=who, actor=actor, load=load: claim(who, load, legs[who.pk], actor=actor)
                for who, actor in claimants
            ]
        )
        assert failures == []
        assert _live() == 2


def test_without_lock_and_constraint_one_truck_is_on_two_tours(monkeypatch: pytest.MonkeyPatch) -> None:
    carrier = make_organization(hauls=True)
    truck = make_truck(carrier)
    loads, actors = [local_load(make_organization()) for _ in range(2)], [make_actor(carrier) for _ in range(2)]
    nothing_held = booking_service._Joinable(tours=set(), homes=set())
    monkeypatch.setattr(booking_service, "_lock", lambda vehicle: (vehicle, nothing_held))
    monkeypatch.setattr(booking_service, "_open_home", lambda *_: None)
    _meet(monkeypatch, 2)
    name = "truck_is_in_one_place"
    with _without(name, "brokers_tour", _definition(name)):
        failures = at_once(
            *[
                lambda load=load, actor=actor: claim_load(actor=actor, load_id=load.public_id, truck_id=truck.public_id)
                for load, actor in zip(loads, actors, strict=True)
            ]
        )
        assert failures == []
        assert Tour.objects.filter(truck=truck, status=TourStatus.PLANNED).count() == 2
