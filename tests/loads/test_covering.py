"""What a booking does to its load: it leaves the market, comes back, and changes by amendment only."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from django.db import transaction

from foundation.events.models import Event, FeedEntry
from foundation.trade.errors import Conflict, Invalid
from loads.models import Load
from loads.queries import locked_load
from loads.services import amend_load, cover_load, edit_load, reopen_load
from loads.terms import terms_of
from tests.builders import load_terms, make_load, now

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Time:
    """A stop's new time."""

    sequence: int
    opens_at: datetime
    closes_at: datetime
    by_appointment: bool = False


def facts():
    return list(Event.objects.order_by("id").values_list("name", flat=True))


@pytest.fixture
def covered(shipper, owner, broker):
    """Return a load that a carrier has booked."""
    load = make_load(shipper)
    with transaction.atomic():
        row = locked_load(pk=load.pk)
        cover_load(load=row, actor=owner, now=now())
    return row


def test_a_covered_load_is_off_the_market_and_cannot_be_covered_twice(covered, owner, shipper, broker):
    assert (covered.status, covered.version) == ("covered", 2)
    assert facts() == ["load.covered"]
    assert set(FeedEntry.objects.values_list("organization_id", flat=True)) == {shipper.public_id, broker.public_id}
    with pytest.raises(Conflict) as refusal, transaction.atomic():
        cover_load(load=locked_load(public_id=covered.public_id), actor=owner, now=now())
    assert "This load is gone" in refusal.value.sentence
    with pytest.raises(Conflict):
        edit_load(actor=owner, load_id=covered.public_id, version=2, terms=load_terms())


def test_news_of_a_covered_load_do_not_say_who_booked_it(shipper, owner, broker, stranger):
    load = make_load(shipper)
    with transaction.atomic():
        cover_load(load=locked_load(pk=load.pk), actor="system", now=now())
    for entry in FeedEntry.objects.all():
        assert stranger.public_id not in str(entry.payload)
        assert entry.payload["status"] == "covered"


def test_a_load_whose_booking_fell_through_is_open_again_and_confirmed_as_of_now(covered, owner):
    Load.objects.filter(pk=covered.pk).update(confirmed_at=now() - timedelta(hours=30))
    moment = now()
    with transaction.atomic():
        row = locked_load(pk=covered.pk)
        reopen_load(load=row, actor=owner, now=moment)
    assert (row.status, row.confirmed_at, row.version) == ("open", moment, 3)
    assert facts() == ["load.covered", "load.opened"]
    with pytest.raises(Conflict), transaction.atomic():
        reopen_load(load=row, actor=owner, now=moment)


def test_an_amendment_changes_times_and_freight_of_a_covered_load_and_no_money(covered, owner):
    stop = covered.stops.first()
    later = Time(0, stop.opens_at + timedelta(hours=3), stop.closes_at + timedelta(hours=3), by_appointment=True)
    with transaction.atomic():
        row = amend_load(
            load=locked_load(pk=covered.pk),
            changes={"stop_times": [later], "weight_pounds": 40_000, "rate_cents": 9_000_00},
            actor=owner,
            now=now(),
        )
    first = row.stops.first()
    assert (first.opens_at, first.closes_at, first.by_appointment) == (later.opens_at, later.closes_at, True)
    assert (row.weight_pounds, row.rate_cents, row.version, row.status) == (40_000, 2_400_00, 3, "covered")
    assert row.pickup_opens_at == later.opens_at
    assert row.loaded_miles == covered.loaded_miles
    assert facts() == ["load.covered", "load.amended"]


def test_an_amendment_of_nothing_is_nothing_and_a_wrong_one_is_refused(covered, owner, shipper):
    with transaction.atomic():
        row = amend_load(load=locked_load(pk=covered.pk), terms=terms_of(covered), actor=owner, now=now())
    assert row.version == 2
    stop = covered.stops.first()
    with pytest.raises(Invalid) as refusal, transaction.atomic():
        amend_load(
            load=locked_load(pk=covered.pk),
            changes={"stop_times": [Time(0, stop.closes_at, stop.opens_at)]},
            actor=owner,
            now=now(),
        )
    assert refusal.value.problems[0].field == "stops.0.closes_at"
    with pytest.raises(Conflict), transaction.atomic():
        amend_load(load=make_load(shipper), changes={"weight_pounds": 1}, actor=owner, now=now())
