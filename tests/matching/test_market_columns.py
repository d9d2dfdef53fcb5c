"""The market read for a plan: who may meet whom is the rule of sight; a road that remembers says what the road says."""

from datetime import timedelta
from itertools import product

import numpy as np
import pytest

from foundation.accounts.audience import Sight
from foundation.accounts.models import RelationshipKind
from matching.market import market_of
from matching.remembered import RememberedTravel
from matching.rows import loads_as_columns
from tests.builders import make_leg, make_load, make_organization, make_relationship, now
from tests.matching.conftest import ROADS
from tests.matching.pairs import set_costs


class Counted:
    """Roads that count how many ways they were asked for."""

    version = ROADS.version

    def __init__(self) -> None:
        self.asked = 0

    def one_to_many(self, lat, lon, lats, lons):
        self.asked += len(lats)
        return ROADS.one_to_many(lat, lon, lats, lons)

    def many_to_one(self, lats, lons, lat, lon):
        self.asked += len(lats)
        return ROADS.many_to_one(lats, lons, lat, lon)

    def pairs(self, *points):
        self.asked += len(points[0])
        return ROADS.pairs(*points)


def test_a_remembered_way_is_the_way_itself_and_is_asked_once():
    rng = np.random.default_rng(5)
    lats, lons = rng.uniform(30, 45, 20), rng.uniform(-110, -80, 20)
    counted = Counted()
    road = RememberedTravel(counted)
    for _ in range(3):
        for mine, plain in (
            (
                road.pairs(lats[:-1], lons[:-1], lats[1:], lons[1:]),
                ROADS.pairs(lats[:-1], lons[:-1], lats[1:], lons[1:]),
            ),
            (road.one_to_many(40.0, -90.0, lats, lons), ROADS.one_to_many(40.0, -90.0, lats, lons)),
            (road.many_to_one(lats, lons, 40.0, -90.0), ROADS.many_to_one(lats, lons, 40.0, -90.0)),
        ):
            assert np.array_equal(mine.miles, plain.miles)
            assert np.array_equal(mine.minutes, plain.minutes)
            assert np.array_equal(mine.estimated, plain.estimated)
    assert counted.asked == 19 + 20 + 20
    assert road.pairs([], [], [], []).miles.size == 0


@pytest.mark.django_db
def test_who_may_meet_whom_is_the_rule_of_sight(broker):
    kinds = (RelationshipKind.BLOCKED, RelationshipKind.PARTNER, RelationshipKind.REPRESENTS)
    carriers = [make_organization(f"Carrier {number}", hauls=True) for number in range(4)]
    shippers = [make_organization(f"Shipper {number}") for number in range(4)]
    for owner in (*carriers, *shippers):
        make_relationship(owner, broker, RelationshipKind.PARTNER)
    for number, (carrier, shipper) in enumerate(product(carriers, shippers)):
        if number % 3 == 0:
            make_relationship(carrier, shipper, kinds[number % 5 % 3])
        if number % 4 == 1:
            make_relationship(shipper, carrier, kinds[number % 7 % 3])
    audiences = ({"audience": "market"}, {"audience": "partners"},
                 {"audience": "partners_first", "partners_first_until": now() + timedelta(hours=1)})  # fmt: skip
    legs = [make_leg(owner, **audiences[number % 3]) for number, owner in enumerate(carriers * 3)]
    loads = [make_load(owner, **audiences[number % 3]) for number, owner in enumerate(shippers * 3)]
    market = market_of(broker, now(), ROADS.version)
    assert market.legs.key.tolist() == [leg.pk for leg in legs]
    assert market.loads.key.tolist() == [load.pk for load in loads]
    owners = [*carriers, *shippers]
    sight = Sight(viewers=owners, owners=owners, now=now())
    rows = np.array(list(product(range(len(legs)), range(len(loads)))))
    slow = [
        sight.sees(leg.organization_id, load.organization_id, load.audience, load.partners_first_until)
        and sight.sees(load.organization_id, leg.organization_id, leg.audience, leg.partners_first_until)
        for leg, load in product(legs, loads)
    ]
    assert market.may_meet(rows[:, 0], rows[:, 1]).tolist() == slow
    assert 0 < sum(slow) < len(slow)


@pytest.mark.django_db
def test_the_columns_are_those_of_the_rows_at_market_costs(broker, carrier, shipper):
    set_costs(carrier)
    make_leg(carrier)
    loads = [make_load(shipper), make_load(shipper, rate_cents=None)]
    market = market_of(broker, now(), ROADS.version)
    assert np.isnan(market.legs.loaded_cents_per_mile).all()
    assert np.isnan(market.legs.hour_cents).all()
    plain = loads_as_columns(loads)
    assert market.loads.rate_cents.tolist() == plain.rate_cents.tolist()
    assert market.loads.stop_offsets.tolist() == plain.stop_offsets.tolist()
    assert market.loads.stop_lat.tolist() == plain.stop_lat.tolist()
    assert market.shippers.version.tolist() == [1, 1]
