"""The example that `docs/matching.md` works by hand, line by line: change one and the other no longer holds."""

from pathlib import Path

import numpy as np

from matching.engine.explain import explain
from matching.engine.policy import DEFAULT_POLICY
from matching.engine.problem import DELIVERY
from matching.engine.score import score_leg
from tests.engine.market import DAY, DROP, HOUR, PICK, TableTravel, make_legs, make_loads, make_stop

# Monday, 4 January 2027, 08:00 UTC: the truck is empty and its driver rested.
MONDAY = 20_822 * DAY
READY = MONDAY + 8 * HOUR


def the_example() -> tuple:
    legs = make_legs({"ready_at": READY, "home_by": MONDAY + 2 * DAY})
    loads = make_loads(
        {
            "stops": (
                make_stop(PICK, opens_at=MONDAY + 9 * HOUR, closes_at=MONDAY + 12 * HOUR),
                make_stop(DROP, DELIVERY, opens_at=MONDAY + DAY + 7 * HOUR, closes_at=MONDAY + DAY + 15 * HOUR),
            )
        }
    )
    return legs, loads


def test_the_sum_and_the_day_are_those_of_the_documentation():
    legs, loads = the_example()
    account = explain(legs, 0, loads, 0, TableTravel(), DEFAULT_POLICY).shared
    lines = {line["label"]: line["cents"] for line in account["market"]["lines"]}
    assert lines == {
        "Rate": 125_000,
        "Loaded miles": -106_220,
        "Deadhead miles": -14_980,
        "Empty run home avoided": 107_000,
        "Loading, unloading, waiting": -16_000,
    }
    assert account["market"]["gain_cents"] == sum(lines.values()) == 94_800
    day = [(part["kind"], part["start_at"][8:16], part["end_at"][8:16]) for part in account["timeline"]]
    assert day == [
        ("off", "04T08:00", "04T08:12"),
        ("drive", "04T08:12", "04T09:00"),
        ("service", "04T09:00", "04T11:00"),
        ("drive", "04T11:00", "04T19:00"),
        ("break", "04T19:00", "04T19:30"),
        ("drive", "04T19:30", "04T20:54"),
        ("rest", "04T20:54", "05T07:00"),
        ("service", "05T07:00", "05T09:00"),
        ("drive", "05T09:00", "05T09:36"),
    ]
    totals = account["totals"]
    assert (totals["empty_miles_saved"], totals["co2_saved_kg"]) == (430.0, 675.4)
    assert totals["finish_at"] == "2027-01-05T09:36:00Z"
    assert totals["pickup_slack_minutes"] == 3 * HOUR
    # Straight home empty: 8 h, half an hour's break, 2 h more; 15 h 6 min earlier than with the load.
    assert totals["home_delay_minutes"] == 15 * HOUR + 6


def test_a_rate_of_302_dollars_is_where_it_begins_to_pay():
    legs, loads = the_example()
    scores = score_leg(legs, 0, loads, TableTravel(), DEFAULT_POLICY)
    assert scores.market.worth_from_cents[0] == 125_000 - 94_800
    assert np.array_equal(scores.own_gain_cents, scores.market_gain_cents)


def test_the_documentation_shows_these_figures():
    text = (Path(__file__).parents[2] / "docs" / "matching.md").read_text()
    for figure in ("948.00", "302.00", "675.4", "09:36", "20:54", "15 h 6 min", DEFAULT_POLICY.version):
        assert figure in text, figure
