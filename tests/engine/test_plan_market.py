"""The plan of a whole market: a tiny one by hand, small ones against everything that could be driven."""

import itertools
import warnings

import numpy as np
import pytest

from matching.engine.plan import ChainLimits, Columns, enumerate_chains, find_pairs, plan_market
from matching.engine.policy import DEFAULT_POLICY
from matching.engine.problem import DELIVERY, Legs, Loads
from matching.engine.score import score_pairs
from matching.engine.tours import chain_tours, score_tours
from matching.engine.travel import GreatCircleTravel
from tests.engine.market import DROP, FAR, HOUR, PICK, TableTravel, make_legs, make_loads, make_stop

TRAVEL = TableTravel()
ROADS = GreatCircleTravel()
FREE = -1

# Chicago, Indianapolis, Louisville, Nashville, Chattanooga, Atlanta
TOWNS = ((41.9, -87.6), (39.8, -86.2), (38.3, -85.8), (36.2, -86.8), (35.0, -85.3), (33.7, -84.4))

FROM_FAR = {"rate_cents": 90_000, "stops": (make_stop(FAR), make_stop(DROP, DELIVERY))}
TO_FAR = {"rate_cents": 90_000, "stops": (make_stop(PICK), make_stop(FAR, DELIVERY))}


def random_market(rng: np.random.Generator, legs: int, loads: int) -> tuple[Legs, Loads]:
    """Trucks and loads between six towns on one road; windows of hours, limits and clocks of every kind."""
    towns = np.array(TOWNS)

    def near(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return towns[rows, 0] + rng.normal(0, 0.1, rows.size), towns[rows, 1] + rng.normal(0, 0.1, rows.size)

    empty, home = near(rng.integers(0, 2, legs)), near(rng.integers(4, 6, legs))
    start = rng.integers(0, 5, loads)
    pickup, delivery = near(start), near(np.minimum(start + rng.integers(1, 3, loads), 5))
    unknown = np.full(legs, np.nan)
    ready_at = rng.integers(0, 12 * HOUR, legs)
    opens_at = rng.integers(0, 30 * HOUR, loads)
    stops = {
        "stop_lat": np.stack([pickup[0], delivery[0]], axis=1).ravel(),
        "stop_lon": np.stack([pickup[1], delivery[1]], axis=1).ravel(),
        "stop_opens_at": np.stack([opens_at, opens_at], axis=1).ravel(),
        "stop_closes_at": np.stack([opens_at + 50 * HOUR, opens_at + 70 * HOUR], axis=1).ravel(),
    }
    market_legs = Legs(
        key=rng.permutation(legs) + 100,
        empty_lat=empty[0],
        empty_lon=empty[1],
        home_lat=home[0],
        home_lon=home[1],
        ready_at=ready_at,
        home_by=ready_at + rng.integers(60 * HOUR, 120 * HOUR, legs),
        equipment=np.zeros(legs),
        attributes=np.zeros(legs),
        weight_pounds=np.full(legs, 44_000),
        length_feet=np.full(legs, 53),
        pallets=np.full(legs, 26),
        max_pickup_deadhead_miles=rng.choice([60.0, 120.0, np.nan], legs),
        max_home_deadhead_miles=rng.choice([60.0, 120.0, np.nan], legs),
        max_out_of_route_miles=rng.choice([30.0, 150.0, np.nan], legs),
        drive_left=rng.choice([np.nan, 5 * HOUR], legs),
        shift_left=rng.choice([np.nan, 8 * HOUR], legs),
        break_left=unknown,
        cycle_left=rng.choice([np.nan, 20 * HOUR], legs),
        loaded_cents_per_mile=unknown,
        empty_cents_per_mile=unknown,
        hour_cents=unknown,
        delay_hour_cents=unknown,
    )
    market_loads = Loads(
        key=rng.permutation(loads) + 500,
        equipment=np.zeros(loads),
        attributes=np.zeros(loads),
        weight_pounds=rng.choice([30_000, 46_000], loads, p=[0.9, 0.1]),
        length_feet=np.full(loads, 53),
        pallets=np.full(loads, 24),
        rate_cents=rng.choice([-1, 60_000, 90_000, 120_000], loads),
        is_partial=np.zeros(loads),
        stop_offsets=np.arange(0, 2 * loads + 1, 2),
        stop_kind=np.tile([0, 1], loads),
        stop_service_minutes=np.full(2 * loads, -1),
        **stops,
    )
    return market_legs, market_loads


def everything_worth_driving(legs: Legs, loads: Loads, longest: int) -> dict[tuple[int, ...], int]:
    """The twin: every truck with every sequence of loads; what gains more than all of its parts, by (leg, loads...)."""
    gains: dict[tuple[int, ...], int] = {}
    for length in range(1, longest + 1):
        chains = [
            (leg, *loads_in_turn)
            for leg in range(len(legs))
            for loads_in_turn in itertools.permutations(range(len(loads)), length)
        ]
        rows = np.array(chains, dtype=np.int64).reshape(-1, length + 1)
        scores = score_tours(legs, loads, chain_tours(loads, rows[:, 0], rows[:, 1:]), ROADS, DEFAULT_POLICY)
        for chain, feasible, gain in zip(chains, scores.feasible, scores.market_gain_cents.tolist(), strict=True):
            parts = [
                gains.get((chain[0], *part), 0)
                for size in range(1, length)
                for some in itertools.combinations(chain[1:], size)
                for part in itertools.permutations(some)
            ]
            if feasible and gain > max(parts, default=0):
                gains[chain] = gain
    return gains


def best_of_all(legs: int, gains: dict[tuple[int, ...], int], leg: int = 0, taken: frozenset[int] = frozenset()) -> int:
    if leg == legs:
        return 0
    best = best_of_all(legs, gains, leg + 1, taken)
    for chain, gain in gains.items():
        if chain[0] == leg and not taken.intersection(chain[1:]):
            best = max(best, gain + best_of_all(legs, gains, leg + 1, taken.union(chain[1:])))
    return best


def test_where_the_load_board_leaves_a_truck_empty_the_plan_fills_both() -> None:
    # Load 0, EMPTY -40- PICK -470- DROP -30- HOME, gains 948.00 as worked out in docs/matching.md.
    # Load 1, EMPTY -300- FAR -250- DROP -30- HOME, at $900:
    # 900.00 - 250 x 2.26 - (300 + 30) x 2.14 + 500 x 2.14 - 4 x 40 = 900 - 565 - 706.20 + 1,070 - 160 = 538.80.
    # Truck 0 may go 350 miles to a pickup, truck 1 only 100. On the board truck 0 takes load 0; truck 1 cannot reach 1.
    legs = make_legs({"max_pickup_deadhead_miles": 350}, {})
    plan = plan_market(legs, make_loads({}, FROM_FAR), TRAVEL, DEFAULT_POLICY)
    assert plan.board.gain_cents == 94_800
    assert plan.plan.gain_cents == plan.bound_cents == 94_800 + 53_880
    assert plan.gap_ppm == 0.0
    assert plan.lines.leg_row.tolist() == [0, 1]
    assert plan.lines.load_rows.tolist() == [[1], [0]]
    assert (plan.empty.trucks_loaded, plan.board.trucks_loaded, plan.plan.trucks_loaded) == (0, 1, 2)
    # Empty miles: 2 x 500; then 70 + 500; then 70 + 330. With freight: none; 470; 470 + 250.
    assert [each.empty_miles for each in (plan.empty, plan.board, plan.plan)] == [1000.0, 570.0, 400.0]
    assert [each.total_miles for each in (plan.empty, plan.board, plan.plan)] == [1000.0, 1040.0, 1120.0]
    assert [round(each.empty_percent, 1) for each in (plan.empty, plan.board, plan.plan)] == [100.0, 54.8, 35.7]
    # 1.5708 kg a mile.
    assert [each.co2_kg for each in (plan.empty, plan.board, plan.plan)] == [1570.8, 895.4, 628.3]
    assert [each.trucks_home_in_time for each in (plan.empty, plan.board, plan.plan)] == [2, 2, 2]


def test_two_loads_that_no_truck_takes_alone_make_a_chain() -> None:
    # Load 0 as above: 948.00. Load 1 ends at FAR, 240 miles from home (limit 100); load 2 begins there, 300 miles away.
    # One after the other: 1,800.00 - (290 + 250) x 2.26 - (40 + 30) x 2.14 + 500 x 2.14 - 8 x 40
    # = 1,800 - 1,220.40 - 149.80 + 1,070 - 320 = 1,179.80.
    legs, loads = make_legs({}), make_loads({}, TO_FAR, FROM_FAR)
    alone = plan_market(legs, loads, TRAVEL, DEFAULT_POLICY, longest=1)
    assert (alone.plan.gain_cents, alone.search.figures["singles"]) == (94_800, 1)
    plan = plan_market(legs, loads, TRAVEL, DEFAULT_POLICY, longest=2)
    assert plan.lines.load_rows.tolist() == [[1, 2]]
    assert plan.plan.gain_cents == plan.bound_cents == 117_980
    assert plan.board.gain_cents == 94_800
    assert plan.plan.loads_carried == 2
    assert plan.search.is_complete
    assert plan.search.words == (
        "1 single load: every feasible pair that gains something; 1 chain of two gaining more than their parts. "
        "Nothing that is feasible and gains more than its parts was left out."
    )


def test_a_truck_that_comes_home_too_late_empty_is_not_counted_as_in_time() -> None:
    plan = plan_market(make_legs({"home_by": 9 * HOUR}, {}), make_loads(), TRAVEL, DEFAULT_POLICY)
    assert plan.empty == plan.board == plan.plan
    assert plan.plan.trucks_home_in_time == 1


def test_pairs_that_may_not_meet_are_in_no_plan() -> None:
    legs, loads = make_legs({}), make_loads({}, TO_FAR, FROM_FAR)

    def but_load_two(leg: np.ndarray, load: np.ndarray) -> np.ndarray:
        return np.asarray(loads.key[load] != 2)

    plan = plan_market(legs, loads, TRAVEL, DEFAULT_POLICY, longest=2, may_meet=but_load_two)
    assert plan.lines.load_rows.tolist() == [[0, FREE]]
    nobody = plan_market(legs, loads, TRAVEL, DEFAULT_POLICY, longest=3, may_meet=lambda leg, load: leg < 0)
    assert nobody.plan.trucks_loaded == 0


@pytest.mark.parametrize("longest", [1, 2, 3])
@pytest.mark.parametrize(("legs", "loads"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_the_smallest_markets_have_plans_without_a_warning(legs: int, loads: int, longest: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        market = make_legs(*[{}] * legs), make_loads(*[{}] * loads)
        plan = plan_market(*market, TRAVEL, DEFAULT_POLICY, longest=longest)
    assert plan.plan.gain_cents == plan.bound_cents == (94_800 if legs and loads else 0)
    assert plan.plan.empty_percent == pytest.approx(
        {0: 0.0, 1: 100.0}[legs] if not (legs and loads) else 100 * 70 / 540
    )


@pytest.mark.parametrize("longest", [0, 4])
def test_a_plan_has_one_to_three_loads_a_truck(longest: int) -> None:
    with pytest.raises(ValueError, match="longest must be from 1 to 3"):
        plan_market(make_legs({}), make_loads({}), TRAVEL, DEFAULT_POLICY, longest=longest)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("longest", [2, 3])
def test_nothing_that_is_worth_driving_is_overlooked(seed: int, longest: int) -> None:
    legs, loads = random_market(np.random.default_rng(3_000 + seed), 5, 8)
    limits = ChainLimits()
    singles = find_pairs(legs, loads, ROADS, DEFAULT_POLICY)
    search = enumerate_chains(legs, loads, singles, ROADS, DEFAULT_POLICY, longest=longest, limits=limits)
    wanted = everything_worth_driving(legs, loads, longest)
    rows = np.column_stack([search.columns.leg_row, search.columns.load_rows]).tolist()
    found = {
        tuple(row[: row.index(FREE) if FREE in row else 4]): gain
        for row, gain in zip(rows, search.columns.gain_cents.tolist(), strict=True)
    }
    assert search.is_complete
    assert found == wanted


def test_the_random_markets_have_chains_of_every_length() -> None:
    lengths = [
        len(chain) - 1
        for seed in range(6)
        for chain in everything_worth_driving(*random_market(np.random.default_rng(3_000 + seed), 5, 8), 3)
    ]
    assert {length: lengths.count(length) > 5 for length in (1, 2, 3)} == {1: True, 2: True, 3: True}


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("longest", [1, 2, 3])
def test_no_plan_gains_more_than_the_bound_and_small_markets_reach_the_best(seed: int, longest: int) -> None:
    legs, loads = random_market(np.random.default_rng(4_000 + seed), 4, 6)
    plan = plan_market(legs, loads, ROADS, DEFAULT_POLICY, longest=longest)
    best = best_of_all(len(legs), everything_worth_driving(legs, loads, longest))
    assert plan.plan.gain_cents == best <= plan.bound_cents
    assert plan.board.gain_cents <= plan.plan.gain_cents
    taken = plan.lines.load_rows[plan.lines.load_rows != FREE]
    assert np.unique(taken).size == taken.size
    assert np.unique(plan.lines.leg_row).size == len(plan.lines)
    assert plan.lines.feasible.all()
    assert (plan.lines.market_gain_cents > 0).all()


def test_a_bigger_market_keeps_its_bound_whatever_is_left_out() -> None:
    legs, loads = random_market(np.random.default_rng(5_000), 25, 30)
    free = plan_market(legs, loads, ROADS, DEFAULT_POLICY, longest=2)
    tight = plan_market(
        legs, loads, ROADS, DEFAULT_POLICY, longest=2, limits=ChainLimits(beginnings_per_leg=2, chains_per_leg=3)
    )
    single = plan_market(legs, loads, ROADS, DEFAULT_POLICY)
    assert not tight.search.is_complete
    assert "the best went on (" in tight.search.words
    assert "others were left out" in tight.search.words
    for plan in (single, tight, free):
        assert plan.plan.gain_cents <= plan.bound_cents
        assert plan.gap_ppm <= 5_000
    assert single.plan.gain_cents <= tight.plan.gain_cents


def test_legs_without_a_limit_at_the_pickup_begin_near_home_in_a_market_that_is_too_big() -> None:
    legs, loads = make_legs({"max_pickup_deadhead_miles": np.nan}), make_loads(TO_FAR, FROM_FAR)
    assert plan_market(legs, loads, TRAVEL, DEFAULT_POLICY, longest=2).plan.loads_carried == 2
    plan = plan_market(legs, loads, TRAVEL, DEFAULT_POLICY, longest=2, limits=ChainLimits(unlimited_pairs=1))
    assert plan.plan.loads_carried == 1
    assert not plan.search.is_complete
    assert "Trucks without a limit at the pickup" in plan.search.words


def test_the_plan_depends_neither_on_the_order_of_rows_nor_on_workers() -> None:
    rng = np.random.default_rng(6_000)
    legs, loads = random_market(rng, 12, 16)

    def by_key(legs: Legs, loads: Loads, workers: int) -> list[tuple[int, ...]]:
        plan = plan_market(legs, loads, ROADS, DEFAULT_POLICY, longest=3, workers=workers)
        assert legs.key[plan.lines.leg_row].tolist() == sorted(legs.key[plan.lines.leg_row].tolist())
        rows = [[int(loads.key[load]) for load in row if load != FREE] for row in plan.lines.load_rows.tolist()]
        lines = zip(legs.key[plan.lines.leg_row].tolist(), rows, plan.lines.market_gain_cents.tolist(), strict=True)
        return [(leg, *row, gain) for leg, row, gain in lines]

    first = by_key(legs, loads, 1)
    assert len(first) > 5
    assert by_key(legs, loads, 2) == first
    assert by_key(legs.take(rng.permutation(12)), loads.take(rng.permutation(16)), 1) == first


def test_a_line_of_one_load_has_the_figures_of_its_pair() -> None:
    legs, loads = random_market(np.random.default_rng(7_000), 20, 30)
    plan = plan_market(legs, loads, ROADS, DEFAULT_POLICY)
    pairs = score_pairs(legs, plan.lines.leg_row, loads, plan.lines.load_rows[:, 0], ROADS, DEFAULT_POLICY)
    assert len(plan.lines) > 5
    assert plan.lines.market_gain_cents.tolist() == pairs.market_gain_cents.tolist()
    assert plan.lines.empty_miles_saved.tolist() == pairs.empty_miles_saved.tolist()
    # What the plan saves is what its lines save.
    saved = plan.empty.empty_miles - plan.plan.empty_miles
    assert saved == pytest.approx(pairs.empty_miles_saved.sum())


@pytest.mark.parametrize("longest", [1, 3])
def test_progress_goes_from_nothing_to_done_and_never_back(longest: int) -> None:
    heard: list[tuple[str, float]] = []
    legs, loads = random_market(np.random.default_rng(8_000), 8, 12)
    plan_market(
        legs, loads, ROADS, DEFAULT_POLICY, longest=longest, progress=lambda words, share: heard.append((words, share))
    )
    shares = [share for _, share in heard]
    assert shares == sorted(shares)
    assert heard[-1] == ("Done", 1.0)
    assert min(shares) >= 0


def test_limits_of_nothing_and_columns_of_four_are_refused() -> None:
    with pytest.raises(ValueError, match="chains_per_leg must be 1 or more"):
        ChainLimits(chains_per_leg=0)
    with pytest.raises(ValueError, match="3 columns at most"):
        Columns(leg_row=[0], load_rows=[[0, 1, 2, 3]], gain_cents=[1])
