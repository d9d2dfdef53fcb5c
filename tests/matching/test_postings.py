"""Postings as runs read them: the same columns that models give, whatever asks for them."""

from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import timedelta

import numpy as np
import pytest

from carriers.models import ReturnLeg
from loads.models import Load
from matching.models import MatchRun
from matching.postings import candidate_legs, candidate_loads, market_legs, market_loads, named_legs, named_loads
from matching.rows import Stretch, legs_as_columns, loads_as_columns
from matching.snapshot import read_snapshot
from tests.matching.conftest import ROADS
from tests.matching.market import Market, open_rows, run
from tests.matching.pairs import set_costs

pytestmark = pytest.mark.django_db


def assert_same(some, others):
    for item in fields(some):
        one, other = getattr(some, item.name), getattr(others, item.name)
        assert one.dtype == other.dtype, item.name
        np.testing.assert_array_equal(one, other, err_msg=item.name)


def ways_of(rows: Iterable[ReturnLeg | Load], road_version: str) -> dict[int, list[Stretch]]:
    """Return the stretches that earlier runs noted of these postings as they stand, by key; `match_run` is loaded.

    They are what the same road answers again, so no score depends on who noted them.
    """
    found = {}
    for row in rows:
        run = getattr(row, "match_run", None)
        if run is not None and run.stretches and (run.version, run.road_version) == (row.version, road_version):
            found[row.pk] = [
                (float(miles), float(minutes), bool(estimated)) for miles, minutes, estimated in run.stretches
            ]
    return found


def market_with_costs(seed: int) -> Market:
    market = Market(seed)
    for carrier, cents in zip(market.carriers[:2], (120, 260), strict=True):
        newer = set_costs(carrier, loaded=cents, empty=cents - 10)
        newer.pk, newer.valid_from = None, newer.valid_from + timedelta(days=401 + cents // 100)
        newer.loaded_cents_per_mile += 5
        newer.save()
    for _ in range(12):
        market.leg()
    for _ in range(16):
        market.load()
    return market


@pytest.mark.parametrize("noted", [False, True], ids=["before any run", "after runs"])
def test_a_statement_gives_the_columns_that_models_give(noted):
    market_with_costs(131)
    legs, loads = open_rows()
    if noted:
        run(*legs, *loads)
        MatchRun.objects.filter(load=loads[0]).update(road_version="older")
        MatchRun.objects.filter(leg=legs[0]).update(version=99)
        legs, loads = list(ReturnLeg.objects.order_by("pk")), open_rows()[1]
    leg_rows, load_rows = market_legs("live", ROADS.version), market_loads("live", ROADS.version)
    assert_same(leg_rows.columns, legs_as_columns(legs, ways_of(legs, ROADS.version)))
    assert_same(load_rows.columns, loads_as_columns(loads, ways_of(loads, ROADS.version)))
    assert np.isfinite(leg_rows.columns.home_miles).sum() == (len(legs) - 1 if noted else 0)
    for sides, rows in ((leg_rows.sides, legs), (load_rows.sides, loads)):
        for side, row in zip(sides, rows, strict=True):
            for name in ("pk", "public_id", "version", "status", "audience", "partners_first_until", "organization_id"):
                assert getattr(side, name) == getattr(row, name)
            owner = row.organization
            assert (side.organization.public_id, side.organization.market) == (owner.public_id, owner.market)
            assert (side.organization.is_verified, side.organization.brokers) == (owner.is_verified, owner.brokers)
            assert (side.noted is not None) == noted


def test_postings_by_name_and_candidates_have_the_same_columns():
    market_with_costs(132)
    legs, loads = open_rows()
    assert_same(named_legs([leg.public_id for leg in legs], ROADS.version).columns, legs_as_columns(legs))
    assert_same(named_loads([load.public_id for load in loads], ROADS.version).columns, loads_as_columns(loads))
    one = named_legs([legs[3].public_id], ROADS.version)
    some = candidate_loads(one.sides[0], ROADS.version)
    keys = [load.pk for load in loads]
    assert_same(some.columns, loads_as_columns(loads).take([keys.index(side.pk) for side in some.sides]))
    load = named_loads([loads[3].public_id], ROADS.version)
    others = candidate_legs(load.sides[0], ROADS.version)
    keys = [leg.pk for leg in legs]
    assert_same(others.columns, legs_as_columns(legs).take([keys.index(side.pk) for side in others.sides]))


def test_a_market_in_memory_holds_what_is_open_in_it_and_nothing_of_another():
    market = market_with_costs(133)
    other = Market(134)
    for organization in (*other.carriers, *other.shippers):
        type(organization).objects.filter(pk=organization.pk).update(market="sandbox")
    other.leg(organization=other.carriers[0])
    other.load(organization=other.shippers[0])
    live, sandbox = read_snapshot("live", ROADS.version), read_snapshot("sandbox", ROADS.version)
    assert (len(live.legs.sides), len(live.loads.sides)) == (12, 16)
    assert (len(sandbox.legs.sides), len(sandbox.loads.sides)) == (1, 1)
    assert {owner.pk for owner in live.carriers} <= {carrier.pk for carrier in market.carriers}
    for key, row in live.load_row.items():
        assert live.loads.sides[row].pk == key
        assert live.load_versions[key] == 1
    assert len(read_snapshot("live", "another road").legs.sides) == 12


def test_an_empty_market_is_read_as_columns_without_rows():
    snapshot = read_snapshot("live", ROADS.version)
    assert len(snapshot.legs.columns) == len(snapshot.loads.columns) == 0
    assert replace(snapshot.legs.columns).key.size == 0
