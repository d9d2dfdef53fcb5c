"""The cast of matching, with a desk of two matches."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from foundation.accounts.models import Organization
from matching.models import Match
from tests.builders import make_leg, make_load, make_organization, now, stop_terms
from tests.matching.conftest import broker, carrier, shipper, sign_in, straight_roads
from tests.matching.market import run
from tests.matching.pairs import make_match

__all__ = ["broker", "carrier", "shipper", "sign_in", "straight_roads"]


@dataclass(frozen=True)
class Desk:
    """Chicago to Dallas by van for $2,400, and Seattle to Portland by flatbed the day after for $900."""

    south: Match
    west: Match


@pytest.fixture
def desk(shipper: Organization, carrier: Organization) -> Desk:
    """Return the two matches; the second one is of other companies."""
    west = now() + timedelta(days=2)
    stops = (stop_terms("98101", west), stop_terms("97201", west + timedelta(hours=6), hours=24, kind="delivery"))
    leg = make_leg(
        make_organization("Cascade Flatbeds", hauls=True),
        empty="98101",
        home="97201",
        ready_at=west,
        hours=72,
        equipment="F",
        length_feet=48,
    )
    terms = {"equipment": "F", "length_feet": 40, "rate_cents": 900_00, "stops": stops}
    load = make_load(make_organization("Cascade Steel"), **terms)
    run(leg)
    return Desk(south=make_match(shipper, carrier), west=Match.objects.get(leg=leg, load=load))
