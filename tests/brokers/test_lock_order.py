"""A claim on hold that is booked takes its locks once, in the order of the house: read from the statements."""

import re
from itertools import takewhile

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from brokers.models import Claim, ClaimStatus
from brokers.services import booking, claims
from brokers.services.claims import settle_claim
from brokers.touring import vehicle_in
from brokers.trust import Judgement, RuleResult
from foundation.accounts.models import Organization
from tests.brokers.booked import claim, going_home, local_load, open_load
from tests.builders import make_actor, make_truck

pytestmark = pytest.mark.usefixtures("db", "straight_roads")

WAITS = Judgement(results=(RuleResult(rule="record", result="hold", sentence="We are asking."),))
PASSES = Judgement(results=(RuleResult(rule="record", result="pass"),))
HOUSE = [
    "loads_load",
    "carriers_returnleg",
    "brokers_tour",
    "carriers_truck",
    "carriers_driver",
    "carriers_trailer",
    "brokers_thread",
    "brokers_offer",
]
LOCKING = re.compile(r'FOR (?:NO KEY )?UPDATE OF "(\w+)"')


def held_claim(shipper: Organization, carrier: Organization, *, goes_out: bool, patch: pytest.MonkeyPatch) -> Claim:
    """Return a claim on hold, whose check passes when it is settled."""
    patch.setattr(claims, "judge_claim", lambda **_: WAITS)
    if goes_out:
        truck, load = make_truck(carrier), local_load(shipper)
        held = claims.claim_load(actor=make_actor(carrier), load_id=load.public_id, truck_id=truck.public_id)
    else:
        held = claim(carrier, open_load(shipper), going_home(carrier))
    assert held.status == ClaimStatus.PENDING
    patch.setattr(claims, "judge_claim", lambda **_: PASSES)
    return held


def locks_taken(held: Claim) -> list[str]:
    """Settle a claim on hold and return the tables whose rows it locked, in order, before it wrote anything: then it
    asks only for what it holds or has made itself.
    """
    with CaptureQueriesContext(connection) as asked:
        assert settle_claim(claim_id=held.public_id).status == ClaimStatus.BOOKED
    statements = [query["sql"] for query in asked.captured_queries]
    before = takewhile(lambda sql: not sql.startswith(("INSERT", "UPDATE")), statements)
    found = [LOCKING.search(sql) for sql in before]
    return [each.group(1) for each in found if each is not None and each.group(1) in HOUSE]


def is_in_order(tables: list[str]) -> bool:
    return tables == sorted(tables, key=HOUSE.index)


@pytest.mark.parametrize("goes_out", [False, True])
def test_it_is_booked_with_its_locks_in_the_order_of_the_house(
    shipper: Organization, carrier: Organization, monkeypatch: pytest.MonkeyPatch, goes_out: bool
) -> None:
    tables = locks_taken(held_claim(shipper, carrier, goes_out=goes_out, patch=monkeypatch))
    assert {"loads_load", "brokers_tour", "carriers_truck"} <= set(tables)
    assert is_in_order(tables), tables


def test_a_truck_that_is_held_before_the_booking_asks_for_it_is_seen_here(
    shipper: Organization, carrier: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = held_claim(shipper, carrier, goes_out=True, patch=monkeypatch)
    book_in_order = claims.book_in_order

    def held_twice(**fields: object) -> object:
        booking._lock(vehicle_in(held))
        return book_in_order(**fields)  # type: ignore[arg-type]

    monkeypatch.setattr(claims, "book_in_order", held_twice)
    tables = locks_taken(held)
    assert not is_in_order(tables), "legs and tours after the truck: a tour that began meanwhile is held too late"
