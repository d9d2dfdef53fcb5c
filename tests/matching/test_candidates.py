"""Candidates against the engine over all pairs: SQL may offer too much, never too little."""

from datetime import timedelta

import pytest
from django.db import connection

from carriers.models import ReturnLeg, reach
from loads.models import Load
from matching import candidates
from matching.candidates import legs_for_load, loads_for_leg
from matching.engine.policy import DEFAULT_POLICY
from tests.builders import make_leg, make_load, make_organization, now, stop_terms
from tests.matching.market import NORTH, SOUTH, Market, all_scores, open_rows

pytestmark = pytest.mark.django_db


def feasible_pairs() -> set[tuple[int, int]]:
    legs, loads = open_rows()
    scores = all_scores(legs, loads, DEFAULT_POLICY)
    kept = scores.feasible
    return set(zip(scores.leg_key[kept].tolist(), scores.load_key[kept].tolist(), strict=True))


@pytest.mark.parametrize(("seed", "places"), [(1, SOUTH), (2, SOUTH), (3, SOUTH), (4, NORTH), (5, NORTH)])
def test_every_pair_that_the_engine_finds_feasible_is_a_candidate_from_both_sides(seed, places):
    market = Market(seed, places)
    for _ in range(30):
        market.leg()
    for _ in range(60):
        market.load()
    feasible = feasible_pairs()
    assert len(feasible) >= 5
    legs, loads = open_rows()
    from_legs = {(leg.pk, load) for leg in legs for load in loads_for_leg(leg)}
    from_loads = {(leg, load.pk) for load in loads for leg in legs_for_load(load)}
    assert feasible <= from_legs
    assert feasible <= from_loads
    assert len(from_legs) < len(legs) * len(loads)


@pytest.mark.parametrize(("seed", "places"), [(6, SOUTH), (7, NORTH)])
def test_a_leg_that_is_not_stored_has_the_reach_that_the_database_computes(seed, places):
    market = Market(seed, places)
    for _ in range(20):
        leg = ReturnLeg.objects.get(pk=market.leg().pk)
        box = reach.box(
            (leg.empty_lat, leg.empty_lon),
            (leg.home_lat, leg.home_lon),
            home_miles=leg.home_miles,
            max_pickup_deadhead_miles=leg.max_pickup_deadhead_miles,
            max_out_of_route_miles=leg.max_out_of_route_miles,
        )
        assert box == pytest.approx((leg.reach_south, leg.reach_west, leg.reach_north, leg.reach_east), abs=1e-9)


def test_a_pickup_along_the_way_is_a_candidate_beyond_the_deadhead_limit():
    # Springfield lies on the way from Chicago to St. Louis, 175 miles off; the limit is 25.
    leg = make_leg(empty="60601", home="63101", max_pickup_deadhead_miles=25, max_out_of_route_miles=50)
    first = leg.ready_at
    load = make_load(stops=(stop_terms("62701", first), stop_terms("63101", first, hours=48, kind="delivery")))
    assert loads_for_leg(leg) == [load.pk]
    assert legs_for_load(load) == [leg.pk]
    ReturnLeg.objects.filter(pk=leg.pk).update(max_out_of_route_miles=None)
    assert loads_for_leg(ReturnLeg.objects.get(pk=leg.pk)) == []
    assert legs_for_load(load) == []


def test_a_pickup_that_closes_when_the_truck_empties_beside_it_is_a_candidate():
    first = now().replace(second=0) + timedelta(days=1)
    leg = make_leg(empty="60601", home="75201", ready_at=first)
    delivery = stop_terms("75201", first + timedelta(days=1), kind="delivery", hours=24)
    load = make_load(stops=(stop_terms("60601", first - timedelta(hours=8)), delivery))
    assert feasible_pairs() == {(leg.pk, load.pk)}
    assert loads_for_leg(leg) == [load.pk]
    assert legs_for_load(load) == [leg.pk]


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "withdrawn"},
        {"attributes": 4},
        {"weight_pounds": 46_000},
        {"truck_codes": ["F"], "equipment": "F"},
        {"length_feet": 60},
        {"pallets": 30},
    ],
)
def test_what_cannot_be_carried_is_no_candidate(changed):
    leg, load = make_leg(), make_load()
    assert legs_for_load(load) == [leg.pk]
    Load.objects.filter(pk=load.pk).update(**changed)
    assert loads_for_leg(leg) == []
    if "status" not in changed:
        assert legs_for_load(load) == []


def test_nothing_crosses_markets():
    leg = make_leg(make_organization(hauls=True, market="sandbox"))
    load = make_load(make_organization(market="live"))
    assert loads_for_leg(leg) == []
    assert legs_for_load(load) == []


def plan_of(statement: str, parameters: dict) -> str:
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + statement, parameters)
        return "\n".join(row[0] for row in cursor.fetchall())


def test_both_statements_use_their_index_on_a_filled_table():
    leg, load = make_leg(), make_load()
    with connection.cursor() as cursor:
        for table, row, count, moved in (
            ("loads_load", load, 4000, ("pickup_lon", "pickup_lat", "delivery_lon", "delivery_lat")),
            ("carriers_returnleg", leg, 1500, ("empty_lon", "empty_lat", "home_lon", "home_lat")),
        ):
            columns = [
                field.column
                for field in row._meta.local_concrete_fields
                if not field.generated and field.column not in ("id", "public_id")
            ]
            shift = {name: f"{name} + 20 * sin(n * {number + 3.7})" for number, name in enumerate(moved)}
            shift |= {"ready_at": "ready_at + n * interval '9 days'", "home_by": "home_by + n * interval '9 days'"}
            values = ", ".join(shift.get(name, name) for name in columns)
            cursor.execute(
                f"INSERT INTO {table} (public_id, {', '.join(columns)}) SELECT public_id || n, {values}"
                f" FROM {table}, generate_series(1, {count}) AS n WHERE id = {row.pk}"
            )
            cursor.execute(f"ANALYZE {table}")
    assert "load_open_by_points" in plan_of(candidates.LOADS_FOR_GIVEN_LEG, candidates.given_leg(leg))
    assert "leg_open_by_reach" in plan_of(candidates.LEGS_FOR_LOAD, {"load": load.pk})
