"""What the demo's people post."""

from datetime import UTC, datetime, timedelta

import pytest

from backhaul.demo.market import MarketGenerator
from backhaul.demo.postings import Writer
from carriers.models import ReturnLeg
from foundation.places.geometry import great_circle_miles

pytestmark = pytest.mark.django_db

START = datetime(2030, 1, 7, 12, tzinfo=UTC)


def test_a_load_drawn_for_a_truck_lies_on_its_way_home_and_in_its_time():
    leg = ReturnLeg(
        equipment="V", empty_lat=41.88, empty_lon=-87.63, home_lat=32.78, home_lon=-96.80,
        ready_at=START + timedelta(hours=10), home_by=START + timedelta(hours=80),
    )  # fmt: skip
    load = Writer(MarketGenerator(3), 3).load_for(leg, START)
    pickup, delivery = (stop.place for stop in load.stops)
    assert load.equipment in ("V", "VR")
    assert great_circle_miles(pickup.lat, pickup.lon, leg.empty_lat, leg.empty_lon) < 150
    assert great_circle_miles(delivery.lat, delivery.lon, leg.home_lat, leg.home_lon) < 150
    assert load.stops[0].closes_at > leg.ready_at
    assert load.stops[1].opens_at < leg.home_by
