"""The page on bookings says what the code does: its states are those of the tables, its example comes out."""

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from brokers.fallout import hanging_on, owed
from brokers.models import (
    BOOKING_MOVES,
    CLAIM_MOVES,
    CONTENTION_MOVES,
    OFFER_MOVES,
    THREAD_MOVES,
    TOUR_MOVES,
    Booking,
    CancelReason,
    Claim,
    ClaimedLoad,
    Tour,
    TourStop,
)
from foundation.accounts.models import Organization
from foundation.trade import locks
from tests.brokers.booked import claim, going_home, open_load

PAGE = (Path(__file__).parents[2] / "docs" / "bookings.md").read_text()


def _documented(noun: str) -> dict[str, frozenset[str]]:
    """Return the table of moves under a heading of the page."""
    section = PAGE.partition(f"### {noun}\n")[2].partition("\n#")[0]
    rows = re.findall(r"^\| (\w+) \| ([\w, -]+) \|$", section, re.MULTILINE)
    return {
        source: frozenset(word.strip() for word in targets.split(",") if word.strip() != "-")
        for source, targets in rows
        if source != "from"
    }


@pytest.mark.parametrize(
    ("noun", "moves"),
    [
        ("Claim", CLAIM_MOVES),
        ("Booking", BOOKING_MOVES),
        ("Contention", CONTENTION_MOVES),
        ("Tour", TOUR_MOVES),
        ("Thread", THREAD_MOVES),
        ("Offer", OFFER_MOVES),
    ],
)
def test_the_page_shows_the_states_as_they_are(noun: str, moves: Mapping[str, frozenset[str]]) -> None:
    assert _documented(noun) == {str(source): frozenset(map(str, targets)) for source, targets in moves.items()}


def test_the_page_names_the_order_of_locks_that_the_code_names() -> None:
    order = "loads, legs, tours, trucks, drivers, trailers, offers"
    assert order in PAGE
    assert order in str(locks.__doc__)


def test_every_constraint_that_the_page_names_is_one() -> None:
    section = PAGE.partition("| constraint | what it keeps |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`(\w+)`", section))
    real = {constraint.name for model in (Booking, Tour, Claim, ClaimedLoad) for constraint in model._meta.constraints}
    assert len(named) == 8
    assert named <= real


def test_the_worked_example_comes_out(shipper: Organization, carrier: Organization) -> None:
    leg = going_home(carrier, empty="53202")
    load = open_load(shipper, tonu_cents=250_00, opens_at=leg.ready_at + timedelta(hours=4))
    booking = claim(carrier, load, leg).loads.get().booking
    sets_out = leg.ready_at
    arrives = sets_out + timedelta(minutes=110)
    steps = [{"kind": "drive", "start_at": sets_out.isoformat(), "end_at": arrives.isoformat(), "minutes": 110}]
    Tour.objects.filter(pk=booking.tour_id).update(starts_at=sets_out, steps=steps)
    TourStop.objects.filter(booking=booking, sequence=0).update(arrives_at=arrives, miles_before=92.0)
    booking = Booking.objects.select_related("tour", "seller", "carrier").get(pk=booking.pk)
    found = owed(booking, shipper, sets_out + timedelta(minutes=55))
    assert (found.deadhead_miles, found.deadhead_cents, found.cents) == (46.0, 98_44, 348_44)
    assert "$348.44" in PAGE
    waiting = hanging_on(booking, carrier, arrives + timedelta(days=10), CancelReason.LOAD_NOT_READY)
    assert waiting is not None
    assert (waiting.deadhead_miles, waiting.cents) == (92.0, 446_88)
    assert "$446.88" in PAGE
