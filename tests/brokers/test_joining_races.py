"""Joining a tour out that began, and is being amended, while the joiner waits for its truck: nothing agreed is lost."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections

from brokers.models import Booking, Tour
from brokers.services import booking as booking_service
from brokers.services import claiming
from brokers.services.amendments import accept_amendment, propose_amendment
from brokers.terms import terms_of
from carriers.models import ReturnLeg
from loads.models import Load
from tests.brokers.test_outbound_tours import goes_out, part
from tests.builders import make_actor, make_organization, make_truck

pytestmark = pytest.mark.django_db(transaction=True)

SOON = 30
"""Seconds for which a step of the race is awaited."""


def _delivered_a_day_later(load: Load) -> None:
    """Let both sides of a load's booking agree on a delivery a day later."""
    booking = Booking.objects.select_related("load", "seller", "carrier").get(load=load)
    *before, last = terms_of(booking).stop_times
    later = replace(last, opens_at=last.opens_at + timedelta(hours=30), closes_at=last.closes_at + timedelta(hours=36))
    amendment = propose_amendment(
        actor=make_actor(booking.carrier),
        booking_id=booking.public_id,
        subject="carriage",
        stop_times=(*before, later),
    )
    accept_amendment(actor=make_actor(booking.seller), amendment_id=amendment.public_id)


def _thread(name: str, work: Callable[[], Any], failed: list[Exception]) -> threading.Thread:
    def run() -> None:
        try:
            work()
        except Exception as error:
            failed.append(error)
        finally:
            connections.close_all()

    return threading.Thread(target=run, name=name)


def _waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return bool(cursor.fetchone()[0])


@pytest.mark.usefixtures("straight_roads")
def test_a_partial_that_joins_does_not_overwrite_what_was_amended_while_it_waited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    truck = make_truck(make_organization(hauls=True))
    first, second = part(20), part(20)
    is_booked, go_on, planned_once = threading.Event(), threading.Event(), threading.Event()
    failed: list[Exception] = []
    tell, planned = claiming.tell_of_claim, booking_service.planned

    def tell_late(*arguments: Any, **named: Any) -> Any:
        if threading.current_thread().name == "first":
            is_booked.set()
            go_on.wait(SOON)
        return tell(*arguments, **named)

    def planned_then_amended(**named: Any) -> Any:
        found = planned(**named)
        if threading.current_thread().name == "second" and not planned_once.is_set():
            planned_once.set()
            assert found[0].home is not None, "it would join the tour that began while it waited"
            amending = _thread("amending", lambda: _delivered_a_day_later(first), failed)
            amending.start()
            amending.join(SOON)
        return found

    monkeypatch.setattr(claiming, "tell_of_claim", tell_late)
    monkeypatch.setattr(booking_service, "planned", planned_then_amended)
    one = _thread("first", lambda: goes_out(truck, first), failed)
    two = _thread("second", lambda: goes_out(truck, second), failed)
    one.start()
    assert is_booked.wait(SOON)
    two.start()
    pause = threading.Event()
    assert any(_waits_for_a_lock() or pause.wait(0.05) for _ in range(SOON * 20)), "the second waits for the truck"
    go_on.set()
    one.join(SOON)
    two.join(SOON)

    assert failed == []
    tour = Tour.objects.get()
    assert tour.bookings.count() == 2
    for stop in tour.stops.select_related("booking"):
        agreed = {time.sequence: time for time in terms_of(stop.booking).stop_times}[stop.stop_sequence]
        assert agreed.opens_at <= stop.begins_at <= agreed.closes_at
    assert ReturnLeg.objects.get().ready_at == tour.ends_at
