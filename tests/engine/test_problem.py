"""What the engine takes in: columns are checked by name, read-only, and taken with their stops."""

import json

import numpy as np
import pytest

from matching.engine.policy import DEFAULT_POLICY, Policy
from matching.engine.problem import DELIVERY, PICKUP
from matching.engine.travel import GreatCircleTravel
from tests.engine.market import DROP, FAR, PICK, make_legs, make_loads, make_stop


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("empty_lat", np.nan), ("empty_lon", np.inf), ("home_lat", 91.0), ("home_lon", -181.0), ("ready_at", np.nan),
        ("weight_pounds", -1), ("weight_pounds", np.inf), ("hour_cents", -1.0), ("hour_cents", np.inf),
        ("max_pickup_deadhead_miles", -5.0), ("drive_left", np.inf), ("equipment", 99), ("ready_at", 10**12),
        ("length_feet", 1.5),
    ],
)  # fmt: skip
def test_a_leg_that_cannot_be_is_refused_by_name(name, value):
    legs = make_legs({})
    columns = {field: getattr(legs, field) for field in legs.__dataclass_fields__}
    with pytest.raises(ValueError, match=name):
        type(legs)(**(columns | {name: np.array([value])}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stop_lat", [np.nan, 1.0]), ("rate_cents", [-2]), ("weight_pounds", [np.nan]), ("stop_kind", [1, 1]),
        ("stop_closes_at", [-1, 5]), ("stop_offsets", [0, 1]), ("stop_lon", [1.0]), ("equipment", [99]),
        ("stop_service_minutes", [-3, 1]), ("stop_miles", [np.inf, 1.0]),
    ],
)  # fmt: skip
def test_a_load_that_cannot_be_is_refused_by_name(name, value):
    loads = make_loads({})
    columns = {field: getattr(loads, field) for field in loads.__dataclass_fields__}
    with pytest.raises(ValueError, match="stop_opens_at|stops" if name == "stop_lon" else name):
        type(loads)(**(columns | {name: np.array(value)}))


def test_two_rows_may_not_share_a_key():
    with pytest.raises(ValueError, match="key"):
        make_legs({"key": 1}, {"key": 1})


def test_columns_cannot_be_changed_and_rows_are_taken_with_their_stops():
    loads = make_loads({}, {"stops": (make_stop(PICK), make_stop(FAR, PICKUP), make_stop(DROP, DELIVERY))}, {})
    with pytest.raises(ValueError, match="read-only"):
        loads.weight_pounds[0] = 1
    taken = loads.take([1, 0])
    assert taken.stop_offsets.tolist() == [0, 3, 5]
    assert taken.stop_lat.tolist() == [PICK, FAR, DROP, PICK, DROP]
    assert len(make_legs({}, {}).take([1])) == 1


def test_what_is_taken_is_read_only_too_and_no_row_is_taken_twice():
    legs, loads = make_legs({"key": 1}, {"key": 2}), make_loads({"key": 1}, {"key": 2})
    for rows in (legs, loads):
        with pytest.raises(ValueError, match="read-only"):
            rows.take([1]).key[0] = 7
        with pytest.raises(ValueError, match="key must be different"):
            rows.take([1, 1])


def test_ways_are_put_in_after_a_check_of_their_own():
    legs, loads = make_legs({}, {}), make_loads({})
    homes = legs.with_homes(np.array([10.0, np.nan]), np.array([12.0, np.nan]), np.array([True, False]))
    assert homes.home_miles[0] == 10.0
    assert homes.home_estimated.tolist() == [True, False]
    assert np.isnan(legs.home_miles).all()
    stretches = loads.with_stretches(np.array([np.nan, 5.0]), np.array([np.nan, 6.0]), np.array([False, False]))
    assert stretches.stop_minutes[1] == 6.0
    with pytest.raises(ValueError, match="home_miles"):
        legs.with_homes(np.array([-1.0, 0.0]), np.zeros(2), np.zeros(2, dtype=bool))
    with pytest.raises(ValueError, match="stop_minutes"):
        loads.with_stretches(np.zeros(2), np.zeros(3), np.zeros(2, dtype=bool))


def test_the_policy_can_be_stored_and_refuses_nonsense():
    assert json.loads(json.dumps(DEFAULT_POLICY.as_dict()))["duty"]["drive_minutes"] == 660
    with pytest.raises(ValueError, match="hour_cents"):
        Policy(hour_cents=-1.0)
    with pytest.raises(ValueError, match="hour_cents"):
        Policy(hour_cents=float("nan"))


def test_great_circle_miles_cross_the_date_line_and_need_no_distance():
    travel = GreatCircleTravel(circuity=1.0)
    # one degree at the equator is 69.09 miles on this sphere
    assert travel.one_to_many(0.0, 179.5, [0.0], [-179.5]).miles[0] == pytest.approx(69.09, abs=0.01)
    assert travel.pairs([10.0], [20.0], [10.0], [20.0]).miles[0] == 0.0
    with pytest.raises(ValueError, match="mph"):
        GreatCircleTravel(mph=0)
