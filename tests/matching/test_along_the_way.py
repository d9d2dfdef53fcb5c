"""A truck bound from Chicago to New York and a load from Cleveland to Harrisburg, on real roads."""

import pytest

from foundation.places.oracle import road_network
from matching.candidates import legs_for_load, loads_for_leg
from matching.engine.policy import DEFAULT_POLICY
from matching.engine.refusals import Refusal
from matching.engine.score import score_leg
from matching.rows import legs_as_columns, loads_as_columns
from tests.builders import make_leg, make_load, stop_terms

pytestmark = pytest.mark.django_db

CHICAGO, CLEVELAND, HARRISBURG, NEW_YORK = "60601", "44114", "17101", "10001"


def offered(max_out_of_route_miles: int | None) -> Refusal:
    # About 345 empty miles to Cleveland, 330 loaded, 170 home: some 50 more than the 790 straight home.
    leg = make_leg(
        empty=CHICAGO,
        home=NEW_YORK,
        hours=96,
        max_pickup_deadhead_miles=100,
        max_home_deadhead_miles=200,
        max_out_of_route_miles=max_out_of_route_miles,
    )
    stops = (
        stop_terms(CLEVELAND, leg.ready_at, hours=48),
        stop_terms(HARRISBURG, leg.ready_at, hours=72, kind="delivery"),
    )
    load = make_load(stops=stops, rate_cents=1_400_00)
    columns = legs_as_columns([leg]), loads_as_columns([load])
    scores = score_leg(columns[0], 0, columns[1], road_network(), DEFAULT_POLICY)
    refusal = Refusal(int(scores.refusal[0]))
    seen = refusal is Refusal.NONE
    assert (loads_for_leg(leg) == [load.pk]) >= seen
    assert (legs_for_load(load) == [leg.pk]) >= seen
    if seen:
        assert scores.pickup_deadhead_miles[0] == pytest.approx(345, rel=0.03)
        assert scores.out_of_route_miles[0] == pytest.approx(50, abs=15)
        assert scores.market_gain_cents[0] > 0
    return refusal


def test_it_sees_the_load_within_the_out_of_route_limit_though_the_pickup_is_beyond_the_deadhead_limit():
    assert offered(100) is Refusal.NONE


def test_it_does_not_without_such_a_limit_or_beyond_it():
    assert offered(None) is Refusal.PICKUP_DEADHEAD
    assert offered(30) is Refusal.PICKUP_DEADHEAD
