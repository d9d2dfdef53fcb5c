"""Why a leg does not take a load, and what would do: the rules one by one, and that no change could be smaller."""

from dataclasses import replace

import numpy as np
import pytest

from foundation.trade.equipment import Attribute
from matching.engine.changes import Change, What, changed
from matching.engine.columns import LOAD_CODES, TRUCK_CODES
from matching.engine.empty import empty_runs
from matching.engine.policy import DEFAULT_POLICY, Policy
from matching.engine.problem import DELIVERY, PICKUP, Legs, Loads
from matching.engine.refusals import Refusal
from matching.engine.score import score_pairs
from matching.engine.travel import GreatCircleTravel
from matching.engine.why import WhyNot, rested, why_not
from tests.engine.market import DAY, DROP, FAR, HOUR, ISLAND, PICK, TableTravel, make_legs, make_loads, make_stop

ROAD = TableTravel()


def ask(leg: dict | None = None, load: dict | None = None, policy: Policy = DEFAULT_POLICY) -> WhyNot:
    return why_not(make_legs(leg or {}), 0, make_loads(load or {}), 0, ROAD, policy)


def stops(*, closes: tuple[int, int] = (3 * DAY, 3 * DAY), opens: tuple[int, int] = (0, 0)) -> dict:
    pickup = make_stop(PICK, opens_at=opens[0], closes_at=closes[0])
    return {"stops": (pickup, make_stop(DROP, DELIVERY, opens_at=opens[1], closes_at=closes[1]))}


def test_a_feasible_pair_needs_no_change_and_knows_from_which_rate_on_it_pays():
    answer = ask(load={"rate_cents": 30_000})
    assert (answer.refusal, answer.sentence, answer.remedy, answer.changes) == (Refusal.NONE, "", "", ())
    # 1,062.20 + 149.80 + 160.00 - 1,070.00 = 302.00
    assert answer.scores.market.worth_from_cents[0] == 30_200


@pytest.mark.parametrize(
    ("leg", "load", "remedy"),
    [
        ({"weight_pounds": 38_800}, {}, "feasible if the truck could take 1,200 lb more"),
        ({"length_feet": 48}, {}, "feasible if the truck had 5 ft more room"),
        ({"pallets": 23}, {}, "feasible if the truck could take 1 pallet more"),
        ({"max_pickup_deadhead_miles": 30}, {}, "feasible if the deadhead limit to the pickup were 40 mi"),
        ({"max_home_deadhead_miles": 10}, {}, "feasible if the deadhead limit home were 30 mi"),
        # 40 mi to the pickup and 40 mi out of route: 10 mi more of the first, or 5 of the second
        (
            {"max_pickup_deadhead_miles": 30, "max_out_of_route_miles": 35},
            {},
            "feasible if the out-of-route limit were 40 mi",
        ),
        # 300 mi to the pickup, but 300 + 250 + 30 - 500 = 80 mi out of route only
        (
            {},
            {"stops": (make_stop(FAR), make_stop(DROP, DELIVERY))},
            "feasible if pickups along the way were taken, out of route up to 80 mi",
        ),
        # 48 min to the pickup
        ({}, stops(closes=(6, 3 * DAY)), "feasible if the pickup closed 42 min later"),
        # at legal hours at the delivery at 762
        ({}, stops(closes=(3 * DAY, 700)), "feasible if the delivery closed 1 h 2 min later"),
        # and home at 1518
        ({"home_by": 1500}, {}, "feasible if home-by were 18 min later"),
        (
            # delivered at 2,880 at the earliest, whenever the truck is ready: 2 h of unloading, 36 min home
            {"home_by": 2 * DAY, "weight_pounds": 38_800},
            stops(closes=(6, 3 * DAY), opens=(0, 2 * DAY)),
            "feasible if the truck could take 1,200 lb more, the pickup closed 42 min later and home-by were 2 h 36 "
            "min later",
        ),
    ],
)
def test_the_smallest_change_stands_in_a_dispatchers_words(leg, load, remedy):
    answer = ask(leg, load)
    assert answer.remedy == remedy
    assert answer.mended is not None
    assert answer.mended.feasible[0]


def test_an_earlier_truck_is_proposed_where_that_is_the_smaller_change():
    # Rested at 0 the driver is at the delivery at 762, 12 min late, and home at 1518, 18 min late: one earlier truck
    # mends both.
    answer = ask({"home_by": 1500}, stops(closes=(3 * DAY, 750)))
    assert answer.remedy == "feasible if the truck were ready 18 min earlier"
    assert answer.changes[0].to == -18


@pytest.mark.parametrize(
    ("leg", "load", "words"),
    [
        ({"equipment": "F"}, {}, "it takes another kind of truck"),
        ({}, {"attributes": int(Attribute.HAZMAT)}, "it takes a truck or driver that has it"),
        ({}, {"stops": (make_stop(ISLAND), make_stop(DROP, DELIVERY))}, "no road leads there"),
        # a road is asked for after the weight only, and is missing all the same
        ({"weight_pounds": 1}, {"stops": (make_stop(ISLAND), make_stop(DROP, DELIVERY))}, "no road leads there"),
    ],
)
def test_what_no_change_can_mend_is_said(leg, load, words):
    answer = ask(leg, load)
    assert answer.changes == ()
    assert answer.mended is None
    assert answer.remedy == f"no change of times or limits would do: {words}"


def test_stops_of_a_kind_are_told_apart_by_their_order():
    middle = make_stop(FAR, DELIVERY, closes_at=10)
    answer = ask({"max_home_deadhead_miles": 300}, {"stops": (make_stop(PICK), middle, make_stop(DROP, DELIVERY))})
    assert answer.remedy.startswith("feasible if the first delivery closed ")


def test_one_large_change_is_preferred_to_two_small_ones():
    # In the middle of his shift: 60 min of driving left. A pickup that may be reached after a rest serves both stops.
    tired = {"drive_left": 100, "shift_left": 100, "break_left": 100, "cycle_left": 4000}
    answer = ask(tired, stops(closes=(40, 1400)))
    assert len(answer.changes) == 1


# --- Property: applied, it is feasible; one unit less, it is not ------------------------------------------------------

TRAVEL = GreatCircleTravel()


def draw_leg(draw: np.random.Generator) -> Legs:
    def maybe(*values: float) -> list[float]:
        return [float(draw.choice(values))]

    known = draw.random() < 0.4
    drive = int(draw.integers(0, 661))
    return Legs(
        key=[0],
        empty_lat=draw.uniform(33, 42, 1),
        empty_lon=draw.uniform(-98, -84, 1),
        home_lat=draw.uniform(33, 42, 1),
        home_lon=draw.uniform(-98, -84, 1),
        ready_at=[10_000],
        home_by=[10_000 + int(draw.integers(300, 6000))],
        equipment=[TRUCK_CODES.index("V")],
        attributes=[0],
        weight_pounds=[int(draw.choice([30_000, 44_000]))],
        length_feet=[53],
        pallets=[int(draw.choice([10, 26]))],
        max_pickup_deadhead_miles=maybe(20, 100, 300, np.nan),
        max_home_deadhead_miles=maybe(20, 100, 300, np.nan),
        max_out_of_route_miles=maybe(0, 50, 200, np.nan),
        drive_left=[drive if known else np.nan],
        shift_left=[min(drive + int(draw.integers(0, 200)), 840) if known else np.nan],
        break_left=[float(draw.integers(0, 481)) if known else np.nan],
        cycle_left=[float(draw.integers(0, 4200)) if known else np.nan],
        loaded_cents_per_mile=[np.nan],
        empty_cents_per_mile=[np.nan],
        hour_cents=[np.nan],
        delay_hour_cents=[np.nan],
    )


def draw_load(draw: np.random.Generator) -> Loads:
    count = int(draw.choice([2, 2, 2, 2, 3, 3, 4, 7]))
    opens = 10_000 + np.sort(draw.integers(-600, 3500, count))
    return Loads(
        key=[0],
        equipment=[LOAD_CODES.index("V")],
        attributes=[0],
        weight_pounds=[int(draw.choice([12_000, 40_000]))],
        length_feet=[48],
        pallets=[int(draw.choice([8, 22]))],
        rate_cents=[100_000],
        is_partial=[False],
        stop_offsets=[0, count],
        stop_kind=[PICKUP] * (count - 1) + [DELIVERY],
        stop_lat=draw.uniform(33, 42, count),
        stop_lon=draw.uniform(-98, -84, count),
        stop_opens_at=opens,
        stop_closes_at=opens + draw.integers(0, 900, count),
        stop_service_minutes=draw.choice([0, 30, 120], count),
    )


def is_feasible(pair: tuple[Legs, Loads]) -> bool:
    return bool(score_pairs(pair[0], [0], pair[1], [0], TRAVEL, DEFAULT_POLICY).feasible[0])


def one_less(change: Change) -> Change:
    """Return the change with one unit less; a limit below nothing is no limit offered."""
    to = change.to + 1 if change.what is What.READY else change.to - 1
    return replace(change, to=float("nan") if to < 0 and change.what is What.OUT_OF_ROUTE_LIMIT else to)


@pytest.mark.parametrize("seed", range(50))
def test_applied_the_changes_make_the_pair_feasible_and_one_unit_less_does_not(seed):
    draw = np.random.default_rng(seed)
    legs, loads = draw_leg(draw), draw_load(draw)
    answer = why_not(legs, 0, loads, 0, TRAVEL, DEFAULT_POLICY)
    assert is_feasible(changed(legs, 0, loads, 0, answer.changes))
    assert bool(answer.changes) == (answer.refusal is not Refusal.NONE)
    for number, change in enumerate(answer.changes):
        less = [*answer.changes[:number], one_less(change), *answer.changes[number + 1 :]]
        assert not is_feasible(changed(legs, 0, loads, 0, less)), (change, answer.remedy)
        without = [*answer.changes[:number], *answer.changes[number + 1 :]]
        assert not is_feasible(changed(legs, 0, loads, 0, without)), (change, answer.remedy)


@pytest.mark.parametrize("seed", range(15))
def test_no_single_change_of_times_does_what_a_list_of_them_is_proposed_for(seed):
    draw = np.random.default_rng(1000 + seed)
    legs, loads = draw_leg(draw), draw_load(draw)
    answer = why_not(legs, 0, loads, 0, TRAVEL, DEFAULT_POLICY)
    times = [change for change in answer.changes if change.what in (What.CLOSES, What.HOME_BY, What.READY)]
    if len(times) < 2:
        return
    mended = changed(legs, 0, loads, 0, [change for change in answer.changes if change not in times])
    for stop in range(mended[1].stop_lat.size):
        closes_at = mended[1].stop_closes_at.copy()
        closes_at[stop] += 400 * DAY
        assert not is_feasible((mended[0], replace(mended[1], stop_closes_at=closes_at)))
    assert not is_feasible((replace(mended[0], home_by=mended[0].home_by + 400 * DAY), mended[1]))
    for earlier in range(0, DAY, HOUR // 2):
        assert not is_feasible((replace(mended[0], ready_at=mended[0].ready_at - earlier), mended[1]))


def test_a_rested_driver_is_one_of_whose_clock_nothing_is_known():
    legs = make_legs({"drive_left": 10, "shift_left": 20, "break_left": 10, "cycle_left": 30})
    known = score_pairs(rested(legs), [0], make_loads({}), [0], ROAD, DEFAULT_POLICY)
    assert known.clock_is_assumed[0]
    assert known.finish_at[0] == 1518


def test_going_home_empty_has_its_number():
    # 500 mi at 50 mph: 600 min and the break after 480 of them; 500 x 2.14 = 1,070.00, at own costs 500 x 1.50.
    run = empty_runs(make_legs({"empty_cents_per_mile": 150.0}), ROAD, DEFAULT_POLICY)
    assert (run.miles[0], run.drive_minutes[0], run.minutes[0], run.home_at[0]) == (500.0, 600, 630, 630)
    assert (run.own_cents[0], run.market_cents[0]) == (75_000, 107_000)
    assert run.home_slack_minutes[0] == 3 * DAY - 630
    assert run.clock_is_assumed[0]


def test_where_no_road_leads_home_there_is_no_number():
    run = empty_runs(make_legs({"home": ISLAND}), ROAD, DEFAULT_POLICY)
    assert (bool(run.passable[0]), run.own_cents[0], run.minutes[0]) == (False, 0, 0)
