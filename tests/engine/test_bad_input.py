"""Bad and odd input: an exact answer or an error that names the column, the same from every entry, without a warning.

Sums are those of `tests.engine.market`: $2.26 a loaded and $2.14 an empty mile, $40 an hour, 50 mph.
"""

from dataclasses import fields, replace

import numpy as np
import pytest

from matching.engine.bulk import best_by_great_circle, candidate_pairs, feasible_pairs
from matching.engine.explain import explain
from matching.engine.policy import DEFAULT_POLICY
from matching.engine.problem import DELIVERY, OPEN_TO_OFFERS, Legs, Loads
from matching.engine.rank import best
from matching.engine.refusals import Refusal
from matching.engine.score import Scores, score_leg, score_load, score_pairs
from matching.engine.travel import GreatCircleTravel
from tests.engine.market import DAY, DROP, EMPTY, HOME, ISLAND, PICK, TableTravel, make_legs, make_loads, make_stop

pytestmark = pytest.mark.filterwarnings("error")

ROADS = TableTravel()
NO_LIMITS = {"max_pickup_deadhead_miles": np.nan, "max_home_deadhead_miles": np.nan}
FLAT = GreatCircleTravel(circuity=1.0, mph=50.0)


def score(legs: Legs, loads: Loads, travel=ROADS, policy=DEFAULT_POLICY) -> Scores:
    """Score every pair; each entry of the engine gives the same."""
    pairs = [(leg, load) for leg in range(len(legs)) for load in range(len(loads))]
    leg_rows, load_rows = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    scores = score_pairs(legs, leg_rows, loads, load_rows, travel, policy)
    for leg in range(len(legs)):
        same_figures(score_leg(legs, leg, loads, travel, policy), scores, scores.leg_row == leg)
    for load in range(len(loads)):
        same_figures(score_load(loads, load, legs, travel, policy), scores, scores.load_row == load)
    return scores


def same_figures(some: Scores, scores: Scores, which: np.ndarray) -> None:
    assert some.refusal.tolist() == scores.refusal[which].tolist()
    assert some.own_gain_cents.tolist() == scores.own_gain_cents[which].tolist()
    assert some.market_gain_cents.tolist() == scores.market_gain_cents[which].tolist()
    assert some.finish_at.tolist() == scores.finish_at[which].tolist()


def bulk_gains(legs: Legs, loads: Loads, travel, policy=DEFAULT_POLICY) -> dict[tuple[int, int], int]:
    """Return the market gain of every feasible pair as the bulk engine has it."""
    found = {}
    for block in feasible_pairs(legs, loads, travel, policy):
        keys = zip(block.leg_row.tolist(), block.load_row.tolist(), strict=True)
        found.update(zip(keys, block.market_gain_cents.tolist(), strict=True))
    return found


def one(leg: dict, load: dict, policy=DEFAULT_POLICY) -> Scores:
    return score(make_legs(leg), make_loads(load), policy=policy)


def legs_at(*rows: tuple[float, float, float, float], **terms: object) -> Legs:
    """Return legs by degrees: empty lat and lon, home lat and lon."""
    columns = np.array(rows, dtype=np.float64).reshape(-1, 4).T
    names = ("empty_lat", "empty_lon", "home_lat", "home_lon")
    return replace(make_legs(*({**terms} for _ in rows)), **dict(zip(names, columns, strict=True)))


def loads_at(*rows: tuple[float, float, float, float], **terms: object) -> Loads:
    """Return loads by degrees: pickup lat and lon, delivery lat and lon."""
    points = np.array(rows, dtype=np.float64).reshape(-1, 2).T
    return replace(make_loads(*({**terms} for _ in rows)), stop_lat=points[0], stop_lon=points[1])


# --- What cannot be ---------------------------------------------------------------------------------------------------

UNKNOWN_ALLOWED = frozenset(
    {
        "max_pickup_deadhead_miles", "max_home_deadhead_miles", "max_out_of_route_miles",
        "drive_left", "shift_left", "break_left", "cycle_left", "loaded_cents_per_mile", "empty_cents_per_mile",
        "hour_cents", "delay_hour_cents", "home_miles", "home_minutes", "stop_miles", "stop_minutes",
        "temperature_min_f", "temperature_max_f",
    }
)  # fmt: skip


def numbers_of(row: Legs | Loads) -> list[str]:
    return [item.name for item in fields(row) if getattr(row, item.name).dtype != np.bool_]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf], ids=["nan", "inf", "-inf"])
@pytest.mark.parametrize("make", [make_legs, make_loads], ids=["legs", "loads"])
def test_no_column_takes_what_is_no_number_and_each_is_named(make, value):
    rows = make({})
    for name in numbers_of(rows):
        column = getattr(rows, name).astype(np.float64)
        column[-1] = value
        if np.isnan(value) and name in UNKNOWN_ALLOWED:
            replace(rows, **{name: column})
            continue
        with pytest.raises(ValueError, match=rf"^{name} must be"):
            replace(rows, **{name: column})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("empty_lat", 90.001), ("home_lat", -90.001), ("empty_lon", 180.001), ("home_lon", -180.001),
        ("weight_pounds", -1), ("pallets", 2e9), ("max_pickup_deadhead_miles", -1), ("max_home_deadhead_miles", 1e6),
        ("drive_left", -1), ("loaded_cents_per_mile", -0.01), ("hour_cents", -1), ("ready_at", 2e9), ("home_by", -2e9),
        ("equipment", -1), ("home_miles", -0.1),
    ],
)  # fmt: skip
def test_a_leg_out_of_bounds_is_refused_by_name(name, value):
    with pytest.raises(ValueError, match=rf"^{name} must be between"):
        replace(make_legs({}), **{name: np.array([value])})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rate_cents", -2), ("rate_cents", -125_000), ("rate_cents", 2e11), ("weight_pounds", -5),
        ("weight_pounds", 2e9), ("length_feet", -1), ("equipment", 1e3), ("attributes", -1),
    ],
)  # fmt: skip
def test_a_load_out_of_bounds_is_refused_by_name(name, value):
    with pytest.raises(ValueError, match=rf"^{name} must be between"):
        replace(make_loads({}), **{name: np.array([value])})


def test_a_window_that_closes_before_it_opens_and_unequal_columns_are_refused_by_name():
    with pytest.raises(ValueError, match="stop_closes_at must not be before stop_opens_at"):
        make_loads({"stops": (make_stop(PICK, opens_at=10, closes_at=9), make_stop(DROP, DELIVERY))})
    with pytest.raises(ValueError, match="leg_rows and load_rows"):
        score_pairs(make_legs({}), [0, 0], make_loads({}), [0], ROADS, DEFAULT_POLICY)
    with pytest.raises(ValueError, match="home_lat has 2 rows where the legs have 1"):
        replace(make_legs({}), home_lat=[0.0, 1.0])


# --- Places -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("places", "gain_cents"),
    [
        ((EMPTY, PICK, DROP, HOME), 948_00),  # the market by hand: docs/matching.md
        ((EMPTY, PICK, PICK, HOME), 1_047_20),  # delivered where it was picked up: 1250 - 520 x 2.14 + 1070 - 160
        ((EMPTY, HOME, DROP, HOME), 958_00),  # picked up at home: 1250 - 30 x 2.26 - 530 x 2.14 + 1070 - 160
        ((EMPTY, EMPTY, HOME, HOME), 1_030_00),  # from door to door: 1250 - 500 x 2.26 + 500 x 2.14 - 160
        ((HOME, PICK, DROP, HOME), -1_063_60),  # empty at home: 1250 - 470 x 2.26 - 510 x 2.14 - 160
        ((HOME, HOME, HOME, HOME), 1_090_00),  # nobody moves: 1250 - 160
    ],
)
def test_places_that_are_one_and_the_same_give_exact_sums(places, gain_cents):
    empty, pick, drop, home = places
    leg = {"empty": empty, "home": home, **NO_LIMITS}
    scores = one(leg, {"stops": (make_stop(pick), make_stop(drop, DELIVERY))})
    assert scores.refusal_counts() == {}
    assert scores.market_gain_cents.tolist() == [gain_cents]
    stops = (make_stop(pick), make_stop(drop, DELIVERY))
    account = explain(make_legs(leg), 0, make_loads({"stops": stops}), 0, ROADS, DEFAULT_POLICY)
    assert sum(line["cents"] for line in account.shared["market"]["lines"]) == gain_cents


def test_all_places_in_one_point_are_no_miles_apart_for_the_bulk_engine_too():
    legs, loads = legs_at((40.0, -90.0, 40.0, -90.0)), loads_at((40.0, -90.0, 40.0, -90.0))
    scores = score(legs, loads, FLAT)
    assert scores.loaded_miles.tolist() == scores.avoided_miles.tolist() == [0.0]
    assert bulk_gains(legs, loads, FLAT) == {(0, 0): 1_090_00}


def test_where_no_road_leads_the_pair_is_refused_and_has_no_figures():
    scores = one({**NO_LIMITS, "home": ISLAND}, {})
    assert scores.refusal.tolist() == [Refusal.UNREACHABLE]
    assert np.isnan(scores.loaded_miles).all()
    assert scores.market_gain_cents.tolist() == [0]


def test_the_date_line_is_no_edge():
    # half a degree on either side of 180 at 50 north: 1 degree is 44.41 miles there
    rows = [(50.0, 179.5, 50.0, -179.5), (50.0, -180.0, 50.0, 180.0)]
    legs = legs_at(*rows, max_pickup_deadhead_miles=30.0, max_home_deadhead_miles=30.0)
    loads = loads_at((50.0, 180.0, 50.0, -179.9), (50.0, -180.0, 50.0, -179.9), (50.0, 0.0, 50.0, 0.1))
    scores = score(legs, loads, FLAT)
    near = scores.load_row < 2
    assert scores.feasible.tolist() == near.tolist()
    assert scores.pickup_deadhead_miles[near].tolist() == pytest.approx([22.2, 22.2, 0.0, 0.0])
    assert scores.avoided_miles[near].tolist() == pytest.approx([44.4, 44.4, 0.0, 0.0])
    expected = {
        (int(leg), int(load)): int(gain)
        for leg, load, gain in zip(
            scores.leg_row[near], scores.load_row[near], scores.market_gain_cents[near], strict=True
        )
    }
    assert bulk_gains(legs, loads, FLAT) == expected


def test_the_poles_are_places():
    legs, loads = legs_at((90.0, 0.0, -90.0, 0.0), **NO_LIMITS), loads_at((90.0, 100.0, 89.9, 100.0))
    scores = score(replace(legs, home_by=[40 * DAY]), loads, FLAT)
    assert scores.pickup_deadhead_miles.tolist() == [0.0]  # every meridian begins at the pole
    assert scores.feasible.all()
    assert bulk_gains(replace(legs, home_by=[40 * DAY]), loads, FLAT) == {(0, 0): int(scores.market_gain_cents[0])}


# --- Times ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("minute", "slack"), [(48, 0), (47, None)])
def test_a_window_of_no_width_is_met_to_the_minute_or_missed(minute, slack):
    # 40 miles at 50 mph are 48 minutes
    stops = (make_stop(PICK, opens_at=minute, closes_at=minute), make_stop(DROP, DELIVERY))
    scores = one({}, {"stops": stops})
    if slack is None:
        assert scores.refusal_sentence(0) == "reaches the pickup 1 min after it closes"
    else:
        assert scores.feasible.all()
        assert scores.pickup_slack_minutes.tolist() == [slack]


@pytest.mark.parametrize("home_by", [-1, -10_000, 0])
def test_a_truck_that_should_be_home_before_it_is_ready_takes_nothing(home_by):
    scores = one({"home_by": home_by}, {})
    assert scores.refusal_counts() == {"home_by": 1}
    assert scores.refusal_figures[0, 0] > -home_by
    assert scores.market_gain_cents.tolist() == [0]


def test_a_window_long_past_and_one_far_ahead_are_refused_and_waited_for():
    past = (make_stop(PICK, opens_at=-900, closes_at=-800), make_stop(DROP, DELIVERY))
    assert one({}, {"stops": past}).refusal_sentence(0) == "reaches the pickup 14 h 8 min after it closes"
    ahead = (make_stop(PICK, opens_at=90 * DAY, closes_at=90 * DAY), make_stop(DROP, DELIVERY, closes_at=95 * DAY))
    scores = one({"home_by": 100 * DAY}, {"stops": ahead})
    assert scores.feasible.all()
    assert scores.wait_minutes.tolist() == [0]  # a rested driver leaves later


# --- Money and sizes --------------------------------------------------------------------------------------------------


def test_no_rate_is_estimated_and_a_rate_of_nothing_is_what_it_says():
    scores = score(make_legs({}), make_loads({"rate_cents": OPEN_TO_OFFERS}, {"rate_cents": 0}))
    assert scores.rate_is_estimated.tolist() == [True, False]
    assert scores.market_gain_cents[1] == 948_00 - 1_250_00
    assert scores.announced.tolist() == [bool(scores.market_gain_cents[0] > 0), False]


def test_what_is_heavier_than_every_truck_is_refused_with_both_figures():
    scores = one({}, {"weight_pounds": 80_000})
    assert scores.refusal_sentence(0) == "weighs 80,000 lb, the truck takes 44,000 lb"
    assert one({"weight_pounds": 0, "length_feet": 0, "pallets": 0}, {"weight_pounds": 1}).refusal_counts() == {
        "weight": 1
    }


@pytest.mark.parametrize(
    ("cents_per_mile", "gain_cents"),
    # 470 loaded miles: 0.423, 0.4935, 0.5 and 0.517 cents of costs
    [(0.0009, 0), (0.00105, 0), (0.5 / 470, -1), (0.0011, -1)],
)
def test_costs_below_half_a_cent_are_nothing_and_from_half_a_cent_on_one(cents_per_mile, gain_cents):
    policy = replace(DEFAULT_POLICY, loaded_cents_per_mile=cents_per_mile, empty_cents_per_mile=0.0, hour_cents=0.0)
    scores = one({}, {"rate_cents": 0}, policy)
    assert scores.market_gain_cents.tolist() == [gain_cents]
    assert not scores.announced.any()
    paid = one({}, {"rate_cents": 1}, policy)
    assert paid.market_gain_cents.tolist() == [gain_cents + 1]
    assert paid.announced.tolist() == [gain_cents == 0]


def test_the_most_that_fits_into_the_columns_is_reckoned_without_overflow():
    scores = one({}, {"rate_cents": 10**11})
    assert scores.market_gain_cents.tolist() == [948_00 - 1_250_00 + 10**11]


# --- Ties -------------------------------------------------------------------------------------------------------------


def test_equal_gains_stand_in_order_of_key_whatever_the_order_of_the_rows():
    place = (40.0, -90.0, 41.0, -90.0)
    legs = legs_at((40.0, -90.0, 41.0, -90.0))
    for keys in ([7, 3, 5, 1], [1, 3, 5, 7]):
        loads = replace(loads_at(*[place] * 4), key=keys)
        scores = score(legs, loads, FLAT)
        assert len(set(scores.market_gain_cents.tolist())) == 1
        order = best(scores.market_gain_cents, scores.feasible, scores.load_key, 3)
        assert scores.load_key[order].tolist() == [1, 3, 5]
        rows = best_by_great_circle(legs, loads, count=3, circuity=1.0, policy=DEFAULT_POLICY).load_row[0]
        assert [keys[row] for row in rows] == [1, 3, 5]


# --- Small markets ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("legs", "loads"), [(0, 0), (0, 3), (3, 0)])
def test_an_empty_market_has_no_pairs(legs, loads):
    all_legs, all_loads = make_legs(*[{}] * legs), make_loads(*[{}] * loads)
    scores = score(all_legs, all_loads)
    assert len(scores) == 0
    assert scores.refusal_counts() == {}
    assert best(scores.market_gain_cents, scores.feasible, scores.load_key, 20).size == 0
    assert list(candidate_pairs(all_legs, all_loads)) == []
    assert bulk_gains(all_legs, all_loads, FLAT) == {}
    assert best_by_great_circle(all_legs, all_loads, policy=DEFAULT_POLICY).load_row.shape == (legs, 20)
    assert all_legs.take([]).key.size == all_loads.take([]).stop_lat.size == 0


def test_a_market_of_one_has_one_answer():
    legs, loads = legs_at((40.0, -90.0, 41.0, -90.0)), loads_at((40.0, -90.0, 41.0, -90.0))
    scores = score(legs, loads, FLAT)
    assert len(scores) == 1
    assert scores.feasible.all()
    assert bulk_gains(legs, loads, FLAT) == {(0, 0): int(scores.market_gain_cents[0])}
    assert one({}, {}).market_gain_cents.tolist() == [948_00]


def test_a_market_in_which_nothing_fits_has_no_feasible_pair_and_says_why():
    scores = score(make_legs({}, {"equipment": "F"}), make_loads({"equipment": "R"}, {"equipment": "R"}))
    assert scores.refusal_counts() == {"equipment": 4}
    assert scores.own_gain_cents.tolist() == [0] * 4
