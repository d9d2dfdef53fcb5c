"""The bulk engine answers what scoring every pair of the market one by one answers."""

from dataclasses import fields, replace

import numpy as np
import pytest

from matching.engine.bulk import best as best_module
from matching.engine.bulk import best_by_great_circle, candidate_pairs, feasible_pairs
from matching.engine.bulk import feasible as feasible_module
from matching.engine.bulk import reserve as reserve_module
from matching.engine.money import Money
from matching.engine.policy import DEFAULT_POLICY
from matching.engine.problem import Legs, Loads
from matching.engine.rank import best
from matching.engine.score import Scores, score_leg, score_pairs
from matching.engine.travel import GreatCircleTravel
from tests.engine.random_market import CENTRES, random_legs, random_loads

pytestmark = pytest.mark.filterwarnings("error")

TRAVEL = GreatCircleTravel()
NO_HOURS = replace(DEFAULT_POLICY, duty=None)


def market(seed: int, place: str, legs: int = 40, loads: int = 250, degrees: float = 2.0) -> tuple[Legs, Loads]:
    random = np.random.default_rng(seed)
    centre = CENTRES[place]
    return random_legs(random, legs, centre, degrees=degrees), random_loads(random, loads, centre, degrees=degrees)


def every_pair(legs: Legs, loads: Loads) -> tuple[np.ndarray, np.ndarray]:
    return np.repeat(np.arange(len(legs)), len(loads)), np.tile(np.arange(len(loads)), len(legs))


def columns_of(scores: Scores) -> dict[str, np.ndarray]:
    """Return every column of scores by name; of the routes those that are one for each pair."""
    found = {}
    for item in fields(scores):
        value = getattr(scores, item.name)
        if isinstance(value, Money):
            found |= {f"{item.name}.{term.name}": getattr(value, term.name) for term in fields(value)}
        elif isinstance(value, np.ndarray) and item.name != "route_row":
            found[item.name] = value
    routes = scores.routes.take(scores.route_row)
    for way in ("to_pickup", "to_home", "straight_home"):
        found |= {f"{way}.{item.name}": getattr(getattr(routes, way), item.name) for item in fields(routes.to_pickup)}
    return found


def assert_same_as_pair_by_pair(
    legs: Legs, loads: Loads, blocks: list[Scores], *, leg_rows=None, policy=DEFAULT_POLICY
) -> int:
    """Hold blocks to `score_pairs` over every pair, each column bit for bit; return how many are feasible."""
    leg, load = every_pair(legs, loads)
    if leg_rows is not None:
        leg, load = np.repeat(leg_rows, len(loads)), np.tile(np.arange(len(loads)), len(leg_rows))
    all_scores = score_pairs(legs, leg, loads, load, TRAVEL, policy)
    kept = np.flatnonzero(all_scores.feasible)
    expected = columns_of(feasible_module.take_scores(all_scores, kept))
    parts = [columns_of(block) for block in blocks]
    for name, column in expected.items():
        found = np.concatenate([part[name] for part in parts]) if parts else column[:0]
        np.testing.assert_array_equal(found, column, err_msg=name)
    return kept.size


@pytest.mark.parametrize("place", CENTRES)
@pytest.mark.parametrize("seed", range(3))
def test_every_feasible_pair_comes_with_the_very_figures(seed: int, place: str) -> None:
    legs, loads = market(seed, place)
    blocks = list(feasible_pairs(legs, loads, TRAVEL, DEFAULT_POLICY))
    assert assert_same_as_pair_by_pair(legs, loads, blocks) > 20


@pytest.mark.parametrize("place", CENTRES)
def test_wide_markets_lose_nothing(place: str) -> None:
    legs, loads = market(7, place, degrees=25.0)
    legs = replace(legs, home_by=legs.home_by + 60 * 24 * 60, max_out_of_route_miles=np.full(len(legs), 2_000.0))
    loads = replace(loads, stop_closes_at=loads.stop_closes_at + 40 * 24 * 60)
    blocks = list(feasible_pairs(legs, loads, TRAVEL, NO_HOURS))
    assert assert_same_as_pair_by_pair(legs, loads, blocks, policy=NO_HOURS) > 20


def test_no_limits_at_either_end_offer_the_whole_market() -> None:
    legs, loads = market(3, "the prairie", degrees=8.0)
    none = np.full(len(legs), np.nan)
    legs = replace(legs, max_pickup_deadhead_miles=none, max_home_deadhead_miles=none, max_out_of_route_miles=none)
    blocks = list(feasible_pairs(legs, loads, TRAVEL, NO_HOURS))
    assert assert_same_as_pair_by_pair(legs, loads, blocks, policy=NO_HOURS) > 20


def test_pickups_along_the_way_are_found_beyond_the_deadhead_limit() -> None:
    legs, loads = market(4, "the prairie", degrees=6.0)
    legs = replace(
        legs, max_pickup_deadhead_miles=np.full(len(legs), 10.0), max_out_of_route_miles=np.full(len(legs), 900.0)
    )
    blocks = list(feasible_pairs(legs, loads, TRAVEL, DEFAULT_POLICY))
    assert_same_as_pair_by_pair(legs, loads, blocks)
    assert sum(int((block.pickup_deadhead_miles > 10).sum()) for block in blocks) > 20


@pytest.mark.parametrize("known", ["all", "some"])
def test_known_stretches_are_taken_and_the_others_asked_for(known: str) -> None:
    legs, loads = market(5, "the prairie")
    stop_miles = np.full(loads.stop_lat.size, 12.3)
    home_miles = np.full(len(legs), 250.0)
    if known == "some":
        stop_miles[::3] = np.nan
        home_miles[::2] = np.nan
    loads = replace(loads, stop_miles=stop_miles, stop_minutes=np.full(loads.stop_lat.size, 30.5))
    legs = replace(legs, home_miles=home_miles, home_minutes=home_miles * 1.2)
    blocks = list(feasible_pairs(legs, loads, TRAVEL, DEFAULT_POLICY))
    assert assert_same_as_pair_by_pair(legs, loads, blocks) > 20


@pytest.mark.parametrize("block_pairs", [1, 50, 10_000])
@pytest.mark.parametrize("workers", [1, 3])
def test_blocks_and_workers_change_nothing_but_the_time(
    block_pairs: int, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feasible_module, "SCORED_AT_ONCE", 16)
    monkeypatch.setattr(feasible_module, "RAW_PAIRS", 1)
    legs, loads = market(6, "the prairie", legs=60)
    rows = np.random.default_rng(1).permutation(60)[:45]
    blocks = list(
        feasible_pairs(legs, loads, TRAVEL, DEFAULT_POLICY, leg_rows=rows, block_pairs=block_pairs, workers=workers)
    )
    assert_same_as_pair_by_pair(legs, loads, blocks, leg_rows=rows)
    of_blocks = [leg for block in blocks for leg in np.unique(block.leg_row).tolist()]
    assert len(of_blocks) == len(set(of_blocks)), "a leg's pairs are in one block"


@pytest.mark.parametrize("place", CENTRES)
def test_candidates_hold_every_feasible_pair_in_order(place: str) -> None:
    legs, loads = market(8, place)
    pairs = list(candidate_pairs(legs, loads, block_pairs=500))
    leg, load = (np.concatenate(column) for column in zip(*pairs, strict=True))
    assert (np.diff(leg * len(loads) + load) > 0).all()
    all_scores = score_pairs(legs, *every_pair(legs, loads)[:1], loads, every_pair(legs, loads)[1], TRAVEL, NO_HOURS)
    needed = set(np.flatnonzero(all_scores.feasible).tolist())
    assert needed <= set((leg * len(loads) + load).tolist())


def test_a_leg_without_limits_meets_each_load_once_even_at_the_edge_of_the_map() -> None:
    """A whole earth was once cut at the date line like a circle, so that its loads came twice."""
    legs, loads = market(2, "the date line")
    none = np.full(len(legs), np.nan)
    legs = replace(legs, max_pickup_deadhead_miles=none, max_home_deadhead_miles=none, empty_lat=np.full(40, -89.99))
    for leg, load in candidate_pairs(legs, loads):
        pairs = leg * len(loads) + load
        assert np.unique(pairs).size == pairs.size


def test_candidates_leave_most_of_a_wide_market_out() -> None:
    random = np.random.default_rng(9)
    centre = CENTRES["the prairie"]
    near = {"max_out_of_route_miles": np.full(30, np.nan), "max_pickup_deadhead_miles": np.full(30, 60.0)}
    legs = random_legs(random, 30, centre, degrees=8.0, **near)
    loads = random_loads(random, 500, centre, degrees=8.0)
    assert sum(leg.size for leg, _ in candidate_pairs(legs, loads)) < 0.05 * 30 * 500


def test_empty_markets_are_answered_with_nothing() -> None:
    legs, loads = market(1, "the prairie")
    no_legs, no_loads = legs.take([]), loads.take([])
    for one, other in ((no_legs, loads), (legs, no_loads), (no_legs, no_loads)):
        assert list(feasible_pairs(one, other, TRAVEL, DEFAULT_POLICY)) == []
        assert list(candidate_pairs(one, other)) == []
        answer = best_by_great_circle(one, other, policy=DEFAULT_POLICY)
        assert answer.load_row.shape == (len(one), 20)
        assert (answer.load_row == -1).all()
        assert (answer.own_gain_cents == 0).all()
    assert list(feasible_pairs(legs, loads, TRAVEL, DEFAULT_POLICY, leg_rows=np.zeros(0, dtype=np.int64))) == []


def test_a_market_of_one_is_scored() -> None:
    found = 0
    for seed in range(40):
        random = np.random.default_rng(seed)
        legs = random_legs(random, 1, (41.0, -95.0), degrees=0.3, equipment=[0], attributes=[63])
        loads = random_loads(random, 1, (41.0, -95.0), degrees=0.3, equipment=[0])
        blocks = list(feasible_pairs(legs, loads, TRAVEL, DEFAULT_POLICY))
        found += assert_same_as_pair_by_pair(legs, loads, blocks)
        assert_best_is_right(legs, loads)
    assert 0 < found < 40


def assert_best_is_right(legs: Legs, loads: Loads, count: int = 20, workers: int = 1, policy=DEFAULT_POLICY) -> int:
    """Hold the best of each leg to ranking every pair; return how many places are taken."""
    answer = best_by_great_circle(legs, loads, count=count, policy=policy, workers=workers)
    for row in range(len(legs)):
        scores = score_leg(legs, row, loads, TRAVEL, replace(policy, duty=None))
        top = best(scores.own_gain_cents, scores.feasible, scores.load_key, count)
        assert answer.load_row[row].tolist() == [*top.tolist(), *[-1] * (count - top.size)]
        assert answer.own_gain_cents[row, : top.size].tolist() == scores.own_gain_cents[top].tolist()
        assert (answer.own_gain_cents[row, top.size :] == 0).all()
    return int((answer.load_row >= 0).sum())


@pytest.mark.parametrize("place", CENTRES)
@pytest.mark.parametrize("seed", range(10, 13))
def test_the_best_of_each_leg_are_those_of_ranking_every_pair(seed: int, place: str) -> None:
    legs, loads = market(seed, place)
    assert assert_best_is_right(legs, loads) > 20


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_workers_find_the_same_best(workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(best_module, "BLOCK_PAIRS", 100)
    legs, loads = market(14, "the prairie", legs=50)
    assert assert_best_is_right(legs, loads, count=3, workers=workers) > 20


def alike(count: int, **columns: object) -> Loads:
    """Return loads that differ in nothing but key and rate, in no order of keys."""
    random = np.random.default_rng(2)
    one = random_loads(random, 1, (41.0, -95.0), degrees=0.3, equipment=[0], attributes=[0], weight_pounds=[9])
    stops = int(one.stop_offsets[1])
    known = {item.name: np.tile(getattr(one, item.name), count) for item in fields(one)}
    known["stop_offsets"] = np.arange(count + 1) * stops
    known["key"] = random.permutation(count) * 5
    known["stop_opens_at"] = np.zeros(count * stops)
    known["stop_closes_at"] = np.full(count * stops, 3 * 24 * 60)
    return Loads(**(known | columns))


def one_leg(**columns: object) -> Legs:
    random = np.random.default_rng(3)
    free = np.full(1, np.nan)
    return random_legs(
        random,
        1,
        (41.0, -95.0),
        degrees=0.3,
        **({"equipment": [0], "attributes": [63], "home_by": [100_000], "max_pickup_deadhead_miles": free} | columns),
        max_home_deadhead_miles=free,
        weight_pounds=[50_000],
        length_feet=[53],
        pallets=[26],
    )


def test_ties_are_broken_by_the_lower_key() -> None:
    loads = alike(60, rate_cents=np.full(60, 70_000))
    answer = best_by_great_circle(one_leg(), loads, policy=DEFAULT_POLICY)
    assert loads.key[answer.load_row[0]].tolist() == [5 * rank for rank in range(20)]
    assert_best_is_right(one_leg(), loads)


def test_gains_below_half_a_cent_apart_are_ties() -> None:
    """Costs of a fraction of a cent a mile move the gain by less than a cent: whole cents decide, then keys."""
    random = np.random.default_rng(4)
    for cents in (0.0, 1e-6, 1e-4, 0.003):
        costs = {name: [cents] for name in ("loaded_cents_per_mile", "empty_cents_per_mile", "hour_cents")}
        loads = alike(50, rate_cents=random.integers(0, 3, 50))
        assert assert_best_is_right(one_leg(**costs), loads) == 20


def test_gains_too_far_apart_to_share_a_number_with_their_keys_are_ranked_too() -> None:
    random = np.random.default_rng(5)
    loads = alike(50, rate_cents=random.choice([0, 1, 90_000_000_000, 100_000_000_000], 50))
    assert assert_best_is_right(one_leg(), loads) == 20
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(best_module, "PACKED_BITS", 8)
        assert assert_best_is_right(one_leg(), loads) == 20


@pytest.mark.parametrize("place", CENTRES)
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("spare", [0, 8])
def test_a_reserve_of_few_holds_the_best(count: int, spare: int, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reserve_module, "SPARE", spare)
    legs, loads = market(16, place, loads=400)
    assert assert_best_is_right(legs, loads, count=count) > 10
    costs = np.random.default_rng(16).choice([0.0, 900.0, 30_000.0, 100_000.0], (3, len(legs)))
    dear = replace(legs, hour_cents=costs[0], delay_hour_cents=costs[1], empty_cents_per_mile=costs[2])
    assert assert_best_is_right(dear, loads, count=count) > 10


@pytest.mark.parametrize("place", CENTRES)
def test_an_estimated_gain_is_within_its_error_of_the_gain(place: str) -> None:
    legs, loads = market(19, place, loads=600)
    costs = np.random.default_rng(19).choice([0.0, 170.0, 30_000.0, 100_000.0], (3, len(legs)))
    dear = replace(legs, hour_cents=costs[0], delay_hour_cents=costs[1], empty_cents_per_mile=costs[2])
    worst = 0.0
    for trucks in (legs, dear):
        core = best_module._Core(trucks, loads, 20, TRAVEL, NO_HOURS)
        for find in core.search.blocks(np.arange(len(trucks)), 1 << 18):
            found = find()
            leg, load, gain = core._gains(found.leg, found.load)
            scored = np.isin(found.leg * len(loads) + found.load, leg * len(loads) + load)
            off = np.abs(core._reserve._gains(found)[scored] - gain)
            allowed = core._reserve._error_cents(leg)
            assert (off <= allowed).all()
            worst = max(worst, float((off / allowed).max()))
    assert worst > 0.2, "an error that is never come near to is no error but a guess"


def test_a_leg_whose_whole_reserve_is_refused_is_scored_again() -> None:
    """Sixty loads that pay more are a tenth of a mile too far away: near enough for the search, not for the leg."""
    loads, free = alike(100), one_leg()
    lat, pays_more = loads.stop_lat.copy(), np.arange(100) >= 40
    lat[loads.first_stop] = free.empty_lat + np.where(pays_more, 0.6, 0.1)
    loads = replace(loads, stop_lat=lat, rate_cents=np.where(pays_more, 170_000, 70_000))
    far = score_leg(free, 0, loads, TRAVEL, NO_HOURS).pickup_deadhead_miles
    assert (far[40:] > far[:40].max() + 1).all()
    leg = replace(free, max_pickup_deadhead_miles=far[99:] - 0.1)
    assert assert_best_is_right(leg, loads) == 20


def test_markets_that_estimates_cannot_rank_are_scored_pair_by_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    legs, loads = market(17, "the prairie", loads=400)
    for name in ("LONGEST_MILES", "PACKED_BITS"):
        with monkeypatch.context() as patch:
            patch.setattr(reserve_module, name, 1)
            assert assert_best_is_right(legs, loads, count=3) > 20


def test_a_leg_years_ahead_of_the_others_changes_nothing() -> None:
    legs, loads = market(18, "the prairie")
    ready_at, home_by = legs.ready_at.copy(), legs.home_by.copy()
    ready_at[0], home_by[1] = -1_000_000_000, 1_000_000_000
    assert assert_best_is_right(replace(legs, ready_at=ready_at, home_by=home_by), loads) > 20


def test_loads_and_legs_that_stay_in_one_place_are_scored() -> None:
    legs, loads = market(15, "the prairie", degrees=0.2)
    legs = replace(legs, home_lat=legs.empty_lat, home_lon=legs.empty_lon)
    lat, lon = loads.stop_lat.copy(), loads.stop_lon.copy()
    lat[loads.last_stop], lon[loads.last_stop] = lat[loads.first_stop], lon[loads.first_stop]
    loads = replace(loads, stop_lat=lat, stop_lon=lon)
    assert assert_same_as_pair_by_pair(legs, loads, list(feasible_pairs(legs, loads, TRAVEL, DEFAULT_POLICY))) > 20
    assert assert_best_is_right(legs, loads) > 20
