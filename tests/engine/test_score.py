"""Scores in the tiny market: every sum is worked out in a comment."""

import json
import warnings

import numpy as np
import pytest

from foundation.trade.equipment import Attribute
from matching.engine.explain import explain, explain_row, explain_rows
from matching.engine.policy import DEFAULT_POLICY, Policy
from matching.engine.problem import DEFAULT_SERVICE, DELIVERY, OPEN_TO_OFFERS, PICKUP
from matching.engine.rank import best
from matching.engine.refusals import Refusal
from matching.engine.score import Scores, score_leg, score_load, score_pairs
from matching.engine.travel import GreatCircleTravel
from tests.engine.market import (
    DAY,
    DROP,
    EMPTY,
    FAR,
    HOME,
    ISLAND,
    PICK,
    TableTravel,
    make_legs,
    make_loads,
    make_stop,
)  # fmt: skip

ROAD = TableTravel()


def score_one(leg: dict | None = None, load: dict | None = None, policy: Policy = DEFAULT_POLICY) -> Scores:
    return score_leg(make_legs(leg or {}), 0, make_loads(load or {}), ROAD, policy)


def refusal(leg: dict | None = None, load: dict | None = None) -> tuple[Refusal, str]:
    scores = score_one(leg, load)
    return Refusal(int(scores.refusal[0])), scores.refusal_sentence(0)


def test_the_worked_example_gains_948_dollars():
    # 40 + 470 + 30 mi against 500 mi empty, $1,250, 4 h of loading and unloading:
    # 1,250.00 - 470 x 2.26 (1,062.20) - 70 x 2.14 (149.80) + 500 x 2.14 (1,070.00) - 4 x 40 (160.00) = 948.00
    scores = score_one()
    assert scores.feasible[0]
    assert scores.market_gain_cents[0] == 94_800
    money = scores.market
    assert [
        int(term[0])
        for term in (money.loaded_cents, money.empty_cents, money.avoided_cents, money.hours_cents, money.delay_cents)
    ] == [106_220, 14_980, 107_000, 16_000, 0]
    # Empty miles fall from 500 to 70 while truck miles rise by 40; 430 x 1.5708 = 675.444 kg.
    assert (scores.empty_miles_saved[0], scores.out_of_route_miles[0], scores.co2_saved_kg[0]) == (430.0, 40.0, 675.4)
    # 48 min + 564 min + 36 min of driving.
    assert (scores.drive_minutes[0], scores.service_minutes[0], scores.wait_minutes[0]) == (648, 240, 0)
    assert scores.announced[0]


def test_the_day_of_the_worked_example_is_planned_by_the_hours():
    # Rested at 0, 48 min out, 2 h of loading. The break is due after 480 min of driving from the loading on, at 648;
    # 30 min, 84 min more: at the delivery at 762 of a shift of 840. 2 h of unloading end at 882, beyond the shift:
    # 10 h off, 36 min home: 1518.
    scores = score_one()
    assert scores.finish_at[0] == 762 + 120 + 600 + 36
    assert scores.pickup_slack_minutes[0] == 3 * DAY - 48
    assert scores.home_slack_minutes[0] == 3 * DAY - 1518
    # Empty: 600 min of driving and one break.
    assert scores.home_delay_minutes[0] == 1518 - 630


def test_the_carriers_own_costs_make_his_own_gain_and_leave_the_market_gain():
    # 1,250.00 - 470 x 2.00 (940.00) - 70 x 1.50 (105.00) + 500 x 1.50 (750.00) - 4 x 30 (120.00) = 835.00
    # and 888 min later home at $6.00 an hour: 88.80 -> 746.20
    own = {"loaded_cents_per_mile": 200.0, "empty_cents_per_mile": 150.0, "hour_cents": 3000.0}
    assert score_one(own).own_gain_cents[0] == 83_500
    late = score_one(own | {"delay_hour_cents": 600.0})
    assert late.own_gain_cents[0] == 74_620
    assert late.market_gain_cents[0] == 94_800
    # worth it from the rate at which the gain is nothing
    assert late.own.worth_from_cents[0] == 125_000 - 74_620


def test_a_load_nobody_gains_by_is_feasible_but_not_announced():
    # 300.00 + 1,070.00 - 1,062.20 - 149.80 - 160.00 = -2.00
    scores = score_one(load={"rate_cents": 30_000})
    assert scores.feasible[0]
    assert scores.market_gain_cents[0] == -200
    assert not scores.announced[0]


def test_a_load_without_a_rate_is_valued_at_the_default_table_and_marked():
    # 470 miles lie between 300 (270 c) and 600 (225 c): 270 - 45 x 170 / 300 = 244.5 c; x 470 = 114,915 c
    scores = score_one(load={"rate_cents": OPEN_TO_OFFERS})
    assert scores.rate_is_estimated[0]
    assert scores.rate_cents[0] == 114_915
    assert scores.market_gain_cents[0] == 94_800 - (125_000 - 114_915)


def test_waiting_on_duty_costs_and_a_later_departure_does_not():
    at_ten = {"stops": (make_stop(PICK, opens_at=600), make_stop(DROP, DELIVERY))}
    assert score_one(load=at_ten).wait_minutes[0] == 0
    # In the middle of his shift a driver cannot leave later: he waits on duty from 48 to 60. (240 + 12) x 4,000 / 60
    running = {"drive_left": 660, "shift_left": 780, "break_left": 480, "cycle_left": 4000}
    waiting = score_one(running, {"stops": (make_stop(PICK, opens_at=60), make_stop(DROP, DELIVERY))})
    assert not waiting.clock_is_assumed[0]
    assert waiting.wait_minutes[0] == 12
    assert waiting.market.hours_cents[0] == 16_800


def test_a_pickup_beyond_the_deadhead_limit_is_taken_along_the_way_home():
    # 300 + 250 + 30 - 500 = 80 miles out of route.
    far = {"stops": (make_stop(FAR), make_stop(DROP, DELIVERY))}
    assert refusal({}, far) == (
        Refusal.PICKUP_DEADHEAD,
        "the pickup is 300.0 empty miles away, the limit is 100",
    )
    assert refusal({"max_out_of_route_miles": 79}, far)[1] == (
        "the pickup is 300.0 empty miles away, the limit is 100;"
        " on the way home it is 80.0 miles out of route, the limit is 79"
    )
    assert refusal({"max_out_of_route_miles": 80}, far)[0] is Refusal.NONE
    assert refusal({"max_pickup_deadhead_miles": np.nan}, far)[0] is Refusal.NONE
    assert refusal({"max_pickup_deadhead_miles": 300}, far)[0] is Refusal.NONE


def test_every_rule_refuses_with_its_reason():
    assert refusal(load={"equipment": "R"}) == (Refusal.EQUIPMENT, "the truck is a van, the load wants a reefer")
    assert refusal({"equipment": "R"}, {"equipment": "VR"})[0] is Refusal.NONE
    hot = Attribute.HAZMAT | Attribute.TEAM
    assert refusal({"attributes": int(Attribute.TEAM)}, {"attributes": int(hot)}) == (
        Refusal.ATTRIBUTES, "the truck lacks hazmat",
    )  # fmt: skip
    assert refusal(load={"attributes": int(hot)})[1] == "the truck lacks hazmat and team drivers"
    assert refusal(load={"weight_pounds": 45_000})[1] == "weighs 45,000 lb, the truck takes 44,000 lb"
    assert refusal(load={"length_feet": 54})[1] == "takes 54 ft, the truck has 53 ft"
    assert refusal(load={"pallets": 30})[1] == "has 30 pallets, the truck takes 26"
    island = (make_stop(ISLAND), make_stop(DROP, DELIVERY))
    assert refusal(load={"stops": island})[0] is Refusal.UNREACHABLE
    assert refusal({"max_home_deadhead_miles": 29}) == (
        Refusal.HOME_DEADHEAD, "the delivery is 30.0 empty miles from home, the limit is 29",
    )  # fmt: skip


def test_a_window_that_closes_too_early_refuses_by_how_much():
    closes_at_6 = (make_stop(PICK, closes_at=6), make_stop(DROP, DELIVERY))
    # 48 min of driving
    assert refusal(load={"stops": closes_at_6}) == (
        Refusal.PICKUP_CLOSES, "reaches the pickup 42 min after it closes",
    )  # fmt: skip
    # 48 + 120 + 564 = 732 without rest; with the break 762.
    closes = (make_stop(PICK), make_stop(DROP, DELIVERY, closes_at=700))
    assert refusal(load={"stops": closes})[1] == "reaches the delivery 1 h 2 min after it closes"
    closes = (make_stop(PICK), make_stop(DROP, DELIVERY, closes_at=740))
    assert refusal(load={"stops": closes}) == (
        Refusal.HOURS,
        "at legal hours reaches the delivery 22 min after it closes: a break is due after 8 h of driving",
    )
    assert refusal({"home_by": 800})[1] == "is home 11 h 58 min too late"
    assert refusal({"home_by": 1000})[1].startswith("at legal hours is home 8 h 38 min too late")


def test_rules_are_asked_in_a_fixed_order_and_counted():
    legs, loads = make_legs({}), make_loads({"equipment": "F", "weight_pounds": 50_000}, {"weight_pounds": 50_000}, {})
    scores = score_leg(legs, 0, loads, ROAD, DEFAULT_POLICY)
    assert scores.refusal.tolist() == [Refusal.EQUIPMENT, Refusal.WEIGHT, Refusal.NONE]
    assert scores.refusal_counts() == {"equipment": 1, "weight": 1}


def test_several_stops_are_driven_in_order():
    # 40 + PICK-FAR 290 + FAR-DROP 250 + 30; 3 x 60 min of service; FAR is loaded miles too.
    stops = (
        make_stop(PICK, service=60), make_stop(FAR, PICKUP, service=60), make_stop(DROP, DELIVERY, service=60),
    )  # fmt: skip
    scores = score_leg(make_legs({}), 0, make_loads({"stops": stops}, {}), ROAD, DEFAULT_POLICY)
    assert scores.loaded_miles.tolist() == [540.0, 470.0]
    assert scores.service_minutes.tolist() == [180, 240]
    assert scores.market_gain_cents[1] == 94_800


def test_service_left_out_takes_the_policys():
    stops = (make_stop(PICK, service=DEFAULT_SERVICE), make_stop(DROP, DELIVERY, service=0))
    assert score_one(load={"stops": stops}).service_minutes[0] == 120


def test_pickup_and_delivery_at_one_place_and_a_delivery_at_home_are_exact():
    # D = O: no loaded miles, the least rate; P = H: no deadhead home.
    same = (make_stop(PICK), make_stop(PICK, DELIVERY))
    scores = score_one({"max_home_deadhead_miles": np.nan}, {"stops": same, "rate_cents": OPEN_TO_OFFERS})
    assert (scores.loaded_miles[0], scores.rate_cents[0]) == (0.0, 35_000)
    home = (make_stop(PICK), make_stop(HOME, DELIVERY))
    assert score_one(load={"stops": home}).home_deadhead_miles[0] == 0.0
    at_once = (make_stop(EMPTY), make_stop(DROP, DELIVERY))
    assert score_one(load={"stops": at_once}).pickup_deadhead_miles[0] == 0.0


def random_market(seed: int, legs: int, loads: int):
    rng = np.random.default_rng(seed)
    leg_rows = [
        {
            "key": 1000 - number,
            "equipment": str(rng.choice(["V", "R", "F"])),
            "ready_at": int(rng.integers(0, 2 * DAY)),
            "home_by": int(rng.integers(2 * DAY, 7 * DAY)),
            "max_pickup_deadhead_miles": float(rng.choice([150, 300, np.nan])),
            "max_home_deadhead_miles": float(rng.choice([150, 300, np.nan])),
            "max_out_of_route_miles": float(rng.choice([100, np.nan])),
            "drive_left": float(rng.choice([np.nan, 300])),
            "cycle_left": float(rng.choice([np.nan, 900])),
            "hour_cents": float(rng.choice([np.nan, 3100])),
            "delay_hour_cents": float(rng.choice([np.nan, 500])),
        }
        for number in range(legs)
    ]
    load_rows = []
    for number in range(loads):
        opens = np.sort(rng.integers(0, 4 * DAY, 3))
        stops = [
            make_stop(
                0.0,
                DELIVERY if at else PICKUP,
                int(opens[at]),
                int(opens[at] + rng.integers(0, DAY)),
                int(rng.integers(0, 150)),
            )
            for at in range(int(rng.integers(2, 4)))
        ]  # fmt: skip
        load_rows.append(
            {
                "key": 500 + number,
                "equipment": str(rng.choice(["V", "VR", "R", "F", "FS"])),
                "rate_cents": int(rng.choice([OPEN_TO_OFFERS, 90_000, 150_000])),
                "stops": stops,
            }
        )
    some_legs, some_loads = make_legs(*leg_rows), make_loads(*load_rows)

    def places(row, names):
        for name in names:
            low, high = (34.0, 42.0) if name.endswith("lat") else (-96.0, -80.0)
            column = rng.uniform(low, high, getattr(row, name).size)
            object.__setattr__(row, name, column)

    places(some_legs, ("empty_lat", "empty_lon", "home_lat", "home_lon"))
    places(some_loads, ("stop_lat", "stop_lon"))
    return some_legs, some_loads


COLUMNS = [
    name
    for name in Scores.__dataclass_fields__
    if name not in ("leg_row", "load_row", "own", "market", "routes", "route_row", "planned")
]  # fmt: skip


def test_a_pair_has_the_same_figures_from_the_leg_from_the_load_and_alone():
    legs, loads = random_market(7, 40, 60)
    travel = GreatCircleTravel()
    by_leg = [score_leg(legs, row, loads, travel, DEFAULT_POLICY) for row in range(len(legs))]
    by_load = [score_load(loads, row, legs, travel, DEFAULT_POLICY) for row in range(len(loads))]
    feasible = 0
    for leg in range(len(legs)):
        for load in range(len(loads)):
            for name in COLUMNS:
                here, there = getattr(by_leg[leg], name)[load], getattr(by_load[load], name)[leg]
                assert np.array_equal(here, there, equal_nan=np.asarray(here).dtype.kind == "f"), (leg, load, name)
            assert by_leg[leg].own_gain_cents[load] == by_load[load].own_gain_cents[leg]
            assert by_leg[leg].market_gain_cents[load] == by_load[load].market_gain_cents[leg]
            if by_leg[leg].feasible[load]:
                feasible += 1
                alone = score_pairs(legs, [leg], loads, [load], travel, DEFAULT_POLICY)
                assert alone.own_gain_cents[0] == by_leg[leg].own_gain_cents[load]
                account = explain(legs, leg, loads, load, travel, DEFAULT_POLICY)
                again = explain_row(by_leg[leg], load, legs, loads, travel.version, DEFAULT_POLICY)
                assert again == account == explain_row(by_load[load], leg, legs, loads, travel.version, DEFAULT_POLICY)
                assert json.loads(json.dumps(account.shared)) == account.shared
                for part, gain in ((account.shared["market"], by_leg[leg].market_gain_cents[load]),
                                   (account.own, by_leg[leg].own_gain_cents[load])):  # fmt: skip
                    assert sum(line["cents"] for line in part["lines"]) == part["gain_cents"] == gain
                spent = sum(step["minutes"] for step in account.shared["timeline"])
                assert spent == by_leg[leg].finish_at[load] - legs.ready_at[leg]
    assert feasible > 30


def test_the_sum_the_stretches_and_the_time_line_of_the_worked_example():
    account = explain(make_legs({}), 0, make_loads({}), 0, ROAD, DEFAULT_POLICY)
    shared = account.shared
    assert [(line["label"], line["quantity"], line["cents"]) for line in shared["market"]["lines"]] == [
        ("Rate", None, 125_000),
        ("Loaded miles", 470.0, -106_220),
        ("Deadhead miles", 70.0, -14_980),
        ("Empty run home avoided", 500.0, 107_000),
        ("Loading, unloading, waiting", 240, -16_000),
    ]
    assert [(part["kind"], part["miles"]) for part in shared["stretches"]] == [
        ("pickup_deadhead", 40.0), ("loaded", 470.0), ("home_deadhead", 30.0), ("avoided", 500.0),
    ]  # fmt: skip
    assert [(part["kind"], part["minutes"], part["stop"]) for part in shared["timeline"]] == [
        ("drive", 48, None), ("service", 120, 0), ("drive", 480, None), ("break", 30, None), ("drive", 84, None),
        ("service", 120, 1), ("rest", 600, 1), ("drive", 36, None),
    ]  # fmt: skip
    assert shared["stops"][0]["begin_at"] == "1970-01-01T00:48:00Z"
    assert shared["clock_is_assumed"]
    assert account.own["worth_from_cents"] == 125_000 - 94_800
    assert "worth_from_cents" not in json.dumps(shared)


def test_a_refused_pair_is_explained_by_its_rule_alone():
    account = explain(make_legs({"home_by": 1000}), 0, make_loads({}), 0, ROAD, DEFAULT_POLICY)
    assert account.own == {}
    assert account.shared["refusal"]["rule"] == "hours"
    assert account.shared["refusal"]["hours_rules"] == ["break_30"]


def test_ties_break_by_key_whatever_the_order_of_the_rows():
    legs = make_legs({"key": 5}, {"key": 3}, {"key": 4})
    loads = make_loads({"key": 9}, {"key": 7}, {"key": 8}, {"key": 6, "rate_cents": 130_000})
    by_leg = score_leg(legs, 0, loads, ROAD, DEFAULT_POLICY)
    assert by_leg.load_key[best(by_leg.market_gain_cents, by_leg.feasible, by_leg.load_key, 3)].tolist() == [6, 7, 8]
    by_load = score_load(loads, 0, legs, ROAD, DEFAULT_POLICY)
    assert by_load.leg_key[best(by_load.market_gain_cents, by_load.feasible, by_load.leg_key, 2)].tolist() == [3, 4]


def test_an_empty_market_has_no_scores():
    legs, loads = make_legs(), make_loads()
    assert len(score_pairs(legs, [], loads, [], ROAD, DEFAULT_POLICY)) == 0
    assert len(score_leg(make_legs({}), 0, loads, ROAD, DEFAULT_POLICY)) == 0
    assert len(score_load(make_loads({}), 0, legs, ROAD, DEFAULT_POLICY)) == 0
    everything_refused = score_one(load={"equipment": "F"})
    assert everything_refused.market_gain_cents[0] == 0
    refused = best(everything_refused.market_gain_cents, everything_refused.feasible, everything_refused.load_key, 40)
    assert refused.size == 0


def test_without_hours_rules_only_windows_count():
    free = Policy(version="no-hours", duty=None)
    scores = score_one(policy=free)
    assert scores.finish_at[0] == 648 + 240
    assert score_one({"home_by": 800}, policy=free).refusal[0] == Refusal.HOME_BY
    assert explain(make_legs({}), 0, make_loads({}), 0, ROAD, free).shared["timeline"][-1]["minutes"] == 36


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with np.errstate(all="raise"):
            yield


def test_a_partial_without_a_rate_is_valued_at_its_share_of_the_truck():
    # 1,149.15 for a full truckload (above); 12 of 53 ft: 260.18; 15,000 of 45,000 lb: 383.05; 13 of 26 pallets: 574.58
    for needs, cents in (
        ({"length_feet": 12, "weight_pounds": 100, "pallets": 0}, 26_018),
        ({"length_feet": 12, "weight_pounds": 15_000, "pallets": 0}, 38_305),
        ({"length_feet": 12, "weight_pounds": 100, "pallets": 13}, 57_458),
        ({"length_feet": 53, "weight_pounds": 44_000}, 114_915),
    ):
        scores = score_one(load={"rate_cents": OPEN_TO_OFFERS, "is_partial": True, **needs})
        assert scores.rate_cents[0] == cents, needs


def test_the_account_of_a_pair_scored_among_few_is_the_one_it_has_among_many():
    legs, loads = random_market(11, 30, 40)
    travel = GreatCircleTravel()
    leg, load = (rows.reshape(-1) for rows in np.indices((len(legs), len(loads))))
    many = score_pairs(legs, leg, loads, load, travel, DEFAULT_POLICY)
    assert many.planned is None
    feasible = np.flatnonzero(many.feasible)[:40]
    few = score_pairs(legs, leg[feasible], loads, load[feasible], travel, DEFAULT_POLICY)
    assert few.planned is not None
    expected = explain_rows(many, feasible.tolist(), legs, loads, travel.version, DEFAULT_POLICY)
    backwards = range(len(few))[::-1]
    assert explain_rows(few, backwards, legs, loads, travel.version, DEFAULT_POLICY) == expected[::-1]
    assert len(expected) > 10
