"""Holds of one carrier, and claims of a new account, at the same moment: three, and more without the lock."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction

from brokers.models import Claim
from brokers.trust import judging, take_hold, take_pace
from carriers.models import Truck
from foundation.accounts.models import Organization
from foundation.trade.errors import Conflict
from tests.builders import make_organization, make_truck, now

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 8
Guard = Callable[..., None]


def hold(carrier: Organization, truck: Truck, all_looked: threading.Barrier, *, guarded: Guard | None) -> None:
    """Take a hold as a claim does; without the guard the count is read by all before anybody writes."""
    with transaction.atomic():
        if guarded:
            guarded(carrier=carrier, now=now())
            time.sleep(0.05)  # the rest of the claim
        else:
            held = len(judging.held_lately(carrier, now()))
            all_looked.wait(30)
            if held >= 3:
                raise Conflict("holds", "used up")
        Claim.objects.create(
            carrier=carrier,
            truck=truck,
            status="pending",
            made_at=now() - timedelta(seconds=1),
            held_until=now() + timedelta(minutes=10),
            made_by_organization=carrier,
        )


def held_at_once(*, guarded: Guard | None) -> int:
    carrier = make_organization(hauls=True, verified_at=now() - timedelta(days=2))
    truck = make_truck(carrier)
    start, all_looked, refused = threading.Barrier(AT_ONCE), threading.Barrier(AT_ONCE), []

    def begin() -> None:
        start.wait()
        try:
            hold(carrier, truck, all_looked, guarded=guarded)
        except Conflict as refusal:
            refused.append(refusal.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=begin) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    held = Claim.objects.filter(carrier=carrier).count()
    assert held + len(refused) == AT_ONCE
    return held


@pytest.mark.parametrize("guard", [take_hold, take_pace])
def test_of_many_at_once_three_are_taken(guard: Guard) -> None:
    assert held_at_once(guarded=guard) == 3


def test_without_the_lock_more_are_taken() -> None:
    assert held_at_once(guarded=None) > 3
    connection.close()
