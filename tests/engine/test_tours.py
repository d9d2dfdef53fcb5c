"""Tours of several loads in the tiny market: every sum is worked out in a comment."""

import json

import numpy as np
import pytest

from foundation.trade.equipment import Attribute
from matching.engine.policy import DEFAULT_POLICY
from matching.engine.problem import DELIVERY, PICKUP
from matching.engine.refusals import Refusal
from matching.engine.tours import best_insertions, chain_tours, explain_tour, score_tours, tours_of
from tests.engine.market import (
    DAY,
    DROP,
    FAR,
    HOME,
    HOUR,
    ISLAND,
    PICK,
    TableTravel,
    make_legs,
    make_loads,
    make_stop,
)  # fmt: skip

ROAD = TableTravel()
HALF = {"is_partial": True, "weight_pounds": 20_000, "length_feet": 24, "pallets": 12}


def load(start, end, rate_cents=0, **fields):
    """Return a load from place to place, open for three days at both ends, 2 h at each."""
    first = {name.removeprefix("first_"): fields.pop(name) for name in list(fields) if name.startswith("first_")}
    return {"stops": (make_stop(start, **first), make_stop(end, DELIVERY)), "rate_cents": rate_cents} | fields


def chain(leg, *rows, policy=DEFAULT_POLICY):
    loads = make_loads(*rows)
    return score_tours(make_legs(leg), loads, chain_tours(loads, [0], [range(len(rows))]), ROAD, policy)


def drive(leg, rows, order, policy=DEFAULT_POLICY):
    loads = make_loads(*rows)
    return score_tours(make_legs(leg), loads, tours_of(loads, [0], [order]), ROAD, policy)


def refusal(scores):
    return Refusal(int(scores.refusal[0])), int(scores.refused_at[0]), scores.refusal_sentence(0)


TRI_HAUL = (load(PICK, FAR, 90_000), load(FAR, DROP, 80_000), load(DROP, HOME, 35_000))


def test_the_worked_tri_haul_gains_1266_dollars_20():
    # 40 mi empty to PICK; loaded 290 + 250 + 30 = 570 mi, each load picked up where the one before was delivered; home
    # without a mile. $900 + $800 + $350 = 2,050.00; - 570 x 2.26 (1,288.20) - 40 x 2.14 (85.60) + 500 x 2.14 (1,070.00)
    # - 6 stops x 2 h x 40 (480.00) = 1,266.20
    scores = chain({}, *TRI_HAUL)
    assert scores.feasible[0]
    assert scores.market_gain_cents[0] == 126_620
    terms = scores.market
    assert [
        int(term[0])
        for term in (terms.rate_cents, terms.loaded_cents, terms.empty_cents, terms.avoided_cents, terms.hours_cents)
    ] == [205_000, 128_820, 8_560, 107_000, 48_000]
    assert (scores.loaded_miles[0], scores.empty_miles[0], scores.between_deadhead_miles[0]) == (570.0, 40.0, 0.0)
    # Empty miles fall from 500 to 40 while truck miles rise by 110.
    assert (scores.empty_miles_saved[0], scores.out_of_route_miles[0]) == (460.0, 110.0)


def test_the_account_of_the_tri_haul_adds_up_and_names_each_load():
    loads = make_loads(*TRI_HAUL)
    own = {"loaded_cents_per_mile": 200.0, "empty_cents_per_mile": 150.0, "hour_cents": 3000.0}
    legs, tours = make_legs(own), chain_tours(loads, [0], [[0, 1, 2]])
    account = explain_tour(legs, loads, tours, 0, ROAD, DEFAULT_POLICY)
    json.dumps(account.shared | account.own)
    labels = [line["label"] for line in account.shared["market"]["lines"]]
    assert labels[:4] == ["Rate of load 1", "Rate of load 2", "Rate of load 3", "Loaded miles"]
    for sums in (account.shared["market"], account.own):
        assert sum(line["cents"] for line in sums["lines"]) == sums["gain_cents"]
    # 2,050.00 - 570 x 2.00 (1,140.00) - 40 x 1.50 (60.00) + 500 x 1.50 (750.00) - 12 h x 30 (360.00) = 1,240.00
    assert account.own["gain_cents"] == 124_000
    assert account.own["worth_from_cents"] == 205_000 - 124_000
    kinds = [(way["kind"], way["miles"]) for way in account.shared["stretches"]]
    assert kinds == [
        ("pickup_deadhead", 40.0), ("loaded", 290.0), ("between_deadhead", 0.0), ("loaded", 250.0),
        ("between_deadhead", 0.0), ("loaded", 30.0), ("home_deadhead", 0.0), ("avoided", 500.0),
    ]  # fmt: skip
    assert [stop["load"] for stop in account.shared["stops"]] == [0, 0, 1, 1, 2, 2]
    ends = [stop["end_at"] for stop in account.shared["stops"]]
    assert ends == sorted(ends)


def test_empty_miles_between_two_loads_cost_as_empty_miles_do():
    # 40 to PICK, 470 loaded, 30 empty to HOME, 30 loaded back to DROP, 30 home: loaded 500, empty 100.
    # 1,250.00 + 500.00 - 500 x 2.26 (1,130.00) - 100 x 2.14 (214.00) + 1,070.00 - 8 h x 40 (320.00) = 1,156.00
    scores = chain({}, load(PICK, DROP, 125_000), load(HOME, DROP, 50_000))
    assert scores.between_deadhead_miles[0] == 30.0
    assert scores.market_gain_cents[0] == 115_600


def test_each_pickup_lies_within_the_deadhead_limit_or_the_whole_tour_within_the_out_of_route_limit():
    # From DROP back to FAR are 250 empty miles. In all 40 + 470 + 250 + 250 + 30 - 500 = 540 miles out of route.
    rows = (load(PICK, DROP, 125_000), load(FAR, DROP, 200_000))
    assert refusal(chain({}, *rows)) == (
        Refusal.PICKUP_DEADHEAD,
        2,
        "the pickup is 250.0 empty miles away, the limit is 100",
    )
    assert refusal(chain({"max_out_of_route_miles": 539}, *rows))[2] == (
        "the pickup is 250.0 empty miles away, the limit is 100;"
        " on the way home it is 540.0 miles out of route, the limit is 539"
    )
    assert chain({"max_out_of_route_miles": 540}, *rows).feasible[0]
    assert chain({"max_pickup_deadhead_miles": np.nan}, *rows).feasible[0]


def test_the_home_limit_is_asked_of_the_last_delivery_only():
    # FAR lies 240 miles from home; a chain that goes on to DROP ends 30 miles from home.
    first, second = load(PICK, FAR, 90_000), load(FAR, DROP, 80_000)
    assert refusal(chain({}, first))[:2] == (Refusal.HOME_DEADHEAD, 2)
    assert chain({}, first, second).feasible[0]


def test_a_second_pickup_that_closes_before_the_truck_comes_refuses():
    # 48 min + 2 h + 348 min + 2 h: never at FAR again before 636.
    late = load(FAR, DROP, 80_000, first_closes_at=600)
    assert refusal(chain({}, TRI_HAUL[0], late)) == (
        Refusal.PICKUP_CLOSES,
        2,
        "reaches the pickup 36 min after it closes",
    )


def test_a_second_pickup_that_is_reached_in_time_but_not_legally_refuses_for_the_hours():
    # Without rest PICK to DROP is done at 48 + 120 + 564 + 120 = 852, beyond the 14 h (840): to drive the 36 min to the
    # next pickup takes 10 h of rest first.
    late = load(HOME, DROP, 50_000, first_closes_at=900)
    rule, at, words = refusal(chain({}, load(PICK, DROP, 125_000), late))
    assert (rule, at) == (Refusal.HOURS, 2)
    assert "at legal hours reaches the pickup" in words


def test_two_partial_loads_share_the_truck_and_the_miles():
    # PICK+, PICK+, DROP-, DROP-: 40 empty, 470 loaded, 30 home; 8 h.
    # 700.00 + 650.00 - 1,062.20 - 149.80 + 1,070.00 - 320.00 = 888.00
    rows = (load(PICK, DROP, 70_000, **HALF), load(PICK, DROP, 65_000, **HALF))
    scores = drive({}, rows, [0, 2, 1, 3])
    assert scores.feasible[0]
    assert (scores.loaded_miles[0], scores.empty_miles[0]) == (470.0, 70.0)
    assert scores.market_gain_cents[0] == 88_800


@pytest.mark.parametrize(
    ("amount", "rule", "words"),
    [
        (
            {"weight_pounds": 22_001},
            Refusal.WEIGHT,
            "2 loads on board together come to 44,002 lb, the truck takes 44,000",
        ),
        ({"length_feet": 27}, Refusal.LENGTH, "2 loads on board together come to 54 ft, the truck takes 53"),
        ({"pallets": 14}, Refusal.PALLETS, "2 loads on board together come to 28 pallets, the truck takes 26"),
    ],
)
def test_what_is_too_much_on_the_middle_stretch_only_refuses(amount, rule, words):
    rows = [load(PICK, DROP, 70_000, **HALF | amount)] * 2
    rows = [rows[0] | {"key": 0}, rows[1] | {"key": 1}]
    assert refusal(drive({}, rows, [0, 2, 1, 3])) == (rule, 1, words)
    # One after the other the same loads fit (with a way back to PICK that is beyond the limit otherwise).
    assert drive({"max_pickup_deadhead_miles": np.nan}, rows, [0, 1, 2, 3]).feasible[0]


def test_a_full_load_shares_with_none_however_small():
    rows = (load(PICK, DROP, 70_000, **HALF), load(PICK, DROP, 65_000, **HALF | {"is_partial": False}))
    assert refusal(drive({}, rows, [0, 2, 1, 3])) == (
        Refusal.SHARING,
        1,
        "a full load cannot share the truck with another",
    )


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [((33, 40), (38, 45), True), ((33, 38), (38, 45), True), ((-10, 0), (33, 40), False), ((33, 40), (None, 30), False),
     ((33, 40), (None, None), True), ((None, None), (None, None), True)],
)  # fmt: skip
def test_loads_on_board_together_agree_on_a_temperature(one, other, agree):
    rows = []
    for least, most in (one, other):
        wanted = {"least": np.nan if least is None else least, "most": np.nan if most is None else most}
        rows.append(wanted)
    loads = make_loads(load(PICK, DROP, 70_000, **HALF), load(PICK, DROP, 65_000, **HALF))
    chilled = type(loads)(
        **{
            name: getattr(loads, name)
            for name in loads.__dataclass_fields__
            if name not in ("temperature_min_f", "temperature_max_f")
        },
        temperature_min_f=np.array([row["least"] for row in rows], dtype=np.float64),
        temperature_max_f=np.array([row["most"] for row in rows], dtype=np.float64),
    )
    tours = tours_of(chilled, [0, 0], [[0, 2, 1, 3], [0, 1, 2, 3]])
    legs = make_legs({"max_pickup_deadhead_miles": np.nan})
    scores = score_tours(legs, chilled, tours, ROAD, DEFAULT_POLICY)
    assert bool(scores.feasible[0]) is agree
    assert scores.feasible[1], "one after the other nobody asks"
    if not agree:
        assert scores.refusal[0] == Refusal.TEMPERATURE
        assert scores.refusal_sentence(0).startswith("on board together one load wants 33 °F or more")


def test_hazmat_does_not_ride_with_food_grade():
    carries = {"attributes": Attribute.HAZMAT | Attribute.FOOD_GRADE, "max_pickup_deadhead_miles": np.nan}
    rows = (
        load(PICK, DROP, 70_000, **HALF, attributes=Attribute.HAZMAT),
        load(PICK, DROP, 65_000, **HALF, attributes=Attribute.FOOD_GRADE),
    )
    assert refusal(drive(carries, rows, [0, 2, 1, 3]))[:2] == (Refusal.MIXING, 1)
    assert drive(carries, rows, [0, 1, 2, 3]).feasible[0]


def test_equipment_and_attributes_are_asked_of_each_load():
    rows = (load(PICK, FAR, 90_000), load(FAR, DROP, 80_000, equipment="F"))
    assert refusal(chain({}, *rows)) == (Refusal.EQUIPMENT, 2, "the truck is a van, the load wants a flatbed")
    rows = (load(PICK, FAR, 90_000), load(FAR, DROP, 80_000, attributes=Attribute.TARPS))
    assert refusal(chain({}, *rows)) == (Refusal.ATTRIBUTES, 2, "the truck lacks tarps")


def test_a_tour_over_water_is_refused():
    assert refusal(chain({}, TRI_HAUL[0], load(ISLAND, DROP, 80_000)))[0] == Refusal.UNREACHABLE


def test_the_best_order_of_two_partial_loads_is_found():
    # FAR lies on the way from PICK: PICK+ FAR+ DROP- DROP- is 40 empty, 290 + 250 loaded, 30 home; any other order has
    # more miles. 800.00 + 500.00 - 540 x 2.26 (1,220.40) - 149.80 + 1,070.00 - 320.00 = 679.80
    loads = make_loads(load(PICK, DROP, 80_000, **HALF), load(FAR, DROP, 50_000, **HALF))
    best = best_insertions(make_legs({}), 0, loads, [1, 0], ROAD, DEFAULT_POLICY)
    assert best.feasible
    assert best.scores.market_gain_cents[0] == 67_980
    assert best.tours.stops.tolist() in ([0, 2, 1, 3], [0, 2, 3, 1])
    assert best.tours.stops.tolist() == [0, 2, 1, 3], "of orders that gain the same the first by the loads' keys"
    again = best_insertions(make_legs({}), 0, loads, [0, 1], ROAD, DEFAULT_POLICY)
    assert again.tours.stops.tolist() == best.tours.stops.tolist()


def test_loads_that_no_order_takes_are_told_why():
    big = HALF | {"weight_pounds": 30_000}
    loads = make_loads(load(PICK, DROP, 80_000, **big), load(PICK, DROP, 80_000, **big))
    best = best_insertions(make_legs({"home_by": DAY}), 0, loads, [0, 1], ROAD, DEFAULT_POLICY)
    assert not best.feasible
    assert best.scores.refusal_sentence(0)


@pytest.mark.parametrize("rows", [[], [0, 1, 2, 3, 4], [0, 0], [0, 9]])
def test_bad_sets_of_loads_are_named(rows):
    loads = make_loads(*({"key": key} for key in range(5)))
    with pytest.raises(ValueError, match="load_rows"):
        best_insertions(make_legs({}), 0, loads, rows, ROAD, DEFAULT_POLICY)


def test_more_stops_than_can_be_ordered_are_refused_by_name():
    stops = (*(make_stop(PICK) for _ in range(5)), make_stop(DROP, DELIVERY))
    loads = make_loads(*({"stops": stops, "key": key, **HALF} for key in range(3)))
    with pytest.raises(ValueError, match="18 stops together; at most 12"):
        best_insertions(make_legs({}), 0, loads, [0, 1, 2], ROAD, DEFAULT_POLICY)


@pytest.mark.parametrize(
    "rows", [[[-1, 0]], [[0, 0]], [[0, 7]], [[0, -2]], [[0, -1, 1]], np.zeros((2, 1), dtype=int), np.zeros((1, 0))]
)
def test_chains_that_are_none_are_named(rows):
    loads = make_loads(*TRI_HAUL)
    with pytest.raises(ValueError, match="load_rows"):
        chain_tours(loads, [0], rows)


@pytest.mark.parametrize("order", [[], [1, 0], [0], [0, 0, 1], [0, 1, 2], [0, 99]])
def test_orders_that_break_a_load_are_named(order):
    with pytest.raises(ValueError, match="orders"):
        tours_of(make_loads(*TRI_HAUL), [0], [order])


def test_no_tours_are_scored_as_none():
    loads = make_loads(*TRI_HAUL)
    none = chain_tours(loads, np.zeros(0, dtype=int), np.zeros((0, 2), dtype=int))
    assert len(score_tours(make_legs({}), loads, none, ROAD, DEFAULT_POLICY)) == 0


def test_a_stop_service_takes_the_time_that_the_policy_gives():
    quick = load(PICK, DROP, 125_000)
    quick["stops"] = (make_stop(PICK, PICKUP, service=-1), make_stop(DROP, DELIVERY, service=-1))
    assert chain({}, quick).service_minutes[0] == 2 * DEFAULT_POLICY.service_minutes == 4 * HOUR
