"""Tours held to their slow twin, and the best order of partial loads to every order there is, over random cases."""

from dataclasses import fields, replace

import numpy as np
import pytest

from foundation.trade.equipment import Attribute
from matching.engine.columns import LOAD_CODES, TRUCK_CODES
from matching.engine.money import Money
from matching.engine.policy import DEFAULT_POLICY
from matching.engine.problem import DELIVERY, PICKUP, Legs, Loads
from matching.engine.refusals import Refusal
from matching.engine.score import score_pairs
from matching.engine.tours import (
    best_chains,
    best_consolidations,
    best_insertions,
    chain_tours,
    explain_tour,
    fits_beside,
    score_tours,
    tours_of,
)
from matching.engine.tours.drive import drive
from matching.engine.tours.layout import lay_out
from matching.engine.tours.table import TravelTable
from matching.engine.travel import GreatCircleTravel
from tests.engine.slow_tours import every_order, walk

DAY = 24 * 60
ROADS = GreatCircleTravel()
NO_HOURS = replace(DEFAULT_POLICY, duty=None)
LATE = {Refusal.PICKUP_CLOSES, Refusal.DELIVERY_CLOSES, Refusal.HOME_BY, Refusal.HOURS}


def market(seed, legs=6, loads=14, *, most_stops=3, partial=0.6, width=2.0):
    """Return trucks and loads scattered over a few hundred miles: some tours fit, and every rule refuses some."""
    rng = np.random.default_rng(seed)

    def maybe(values, share=0.3):
        return np.where(rng.random(values.size) < share, np.nan, values)

    ready = rng.integers(0, DAY, legs)
    trucks = Legs(
        key=rng.permutation(1000)[:legs],
        empty_lat=rng.uniform(38, 38 + width, legs),
        empty_lon=rng.uniform(-92, -90, legs),
        home_lat=rng.uniform(38 + width, 38 + 2 * width, legs),
        home_lon=rng.uniform(-91, -89, legs),
        ready_at=ready,
        home_by=ready + rng.integers(DAY, 5 * DAY, legs),
        equipment=np.full(legs, TRUCK_CODES.index("R")),
        attributes=np.full(legs, int(Attribute.HAZMAT | Attribute.FOOD_GRADE | Attribute.TEMPERATURE)),
        weight_pounds=rng.choice([30_000, 44_000], legs),
        length_feet=np.full(legs, 53),
        pallets=rng.choice([0, 26], legs),
        max_pickup_deadhead_miles=maybe(rng.integers(50, 300, legs).astype(float)),
        max_home_deadhead_miles=maybe(rng.integers(50, 300, legs).astype(float)),
        max_out_of_route_miles=maybe(rng.integers(0, 600, legs).astype(float)),
        drive_left=maybe(rng.integers(0, 660, legs).astype(float), 0.6),
        shift_left=maybe(rng.integers(0, 840, legs).astype(float), 0.6),
        break_left=np.full(legs, np.nan),
        cycle_left=maybe(rng.integers(600, 4200, legs).astype(float), 0.6),
        loaded_cents_per_mile=maybe(rng.uniform(150, 250, legs).round(1)),
        empty_cents_per_mile=maybe(rng.uniform(120, 220, legs).round(1)),
        hour_cents=maybe(rng.uniform(0, 5000, legs).round()),
        delay_hour_cents=maybe(rng.uniform(0, 900, legs).round()),
    )
    counts = rng.integers(2, most_stops + 1, loads)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    stops = int(offsets[-1])
    kind = rng.integers(0, 2, stops)
    kind[offsets[:-1]], kind[offsets[1:] - 1] = PICKUP, DELIVERY
    opens = rng.integers(0, 2 * DAY, stops)
    least = np.where(rng.random(loads) < 0.6, np.nan, rng.choice([-10.0, 33.0, 36.0], loads))
    postings = Loads(
        key=rng.permutation(1000)[:loads],
        equipment=rng.choice(
            [LOAD_CODES.index("R"), LOAD_CODES.index("V"), LOAD_CODES.index("F")], loads, p=[0.5, 0.45, 0.05]
        ),
        attributes=rng.choice([0, 0, 0, int(Attribute.HAZMAT), int(Attribute.FOOD_GRADE), int(Attribute.TARPS)], loads),
        weight_pounds=rng.integers(2_000, 20_000, loads),
        length_feet=rng.integers(4, 26, loads),
        pallets=rng.choice([0, 0, 6, 13], loads),
        rate_cents=np.where(rng.random(loads) < 0.2, -1, rng.integers(20_000, 160_000, loads)),
        is_partial=rng.random(loads) < partial,
        temperature_min_f=least,
        temperature_max_f=least + rng.choice([4.0, 8.0], loads),
        stop_offsets=offsets,
        stop_kind=kind,
        stop_lat=rng.uniform(38, 38 + 2 * width, stops),
        stop_lon=rng.uniform(-92, -89, stops),
        stop_opens_at=opens,
        stop_closes_at=opens + rng.integers(0, 4 * DAY, stops),
        stop_service_minutes=rng.choice([-1, 0, 30, 60], stops),
    )
    return trucks, postings, rng


def random_order(loads, rows, rng):
    """Return the stops of these loads in a random order that keeps each load's own."""
    left = {row: list(range(int(loads.stop_offsets[row]), int(loads.stop_offsets[row + 1]))) for row in rows}
    order = []
    while any(left.values()):
        row = rng.choice([row for row, own in left.items() if own])
        order.append(left[row].pop(0))
    return order


def code(rule):
    return "late" if rule in LATE else Refusal(rule).code


@pytest.mark.parametrize("policy", [DEFAULT_POLICY, NO_HOURS], ids=["hours", "no hours"])
def test_random_tours_come_to_what_the_slow_walk_says(policy):
    met = {}
    for seed in range(12):
        legs, loads, rng = market(seed)
        rows = [int(row) for row in rng.integers(0, len(legs), 60)]
        orders = [random_order(loads, rng.permutation(len(loads))[: rng.integers(1, 5)].tolist(), rng) for _ in rows]
        scores = score_tours(legs, loads, tours_of(loads, rows, orders), ROADS, policy)
        for at, (row, order) in enumerate(zip(rows, orders, strict=True)):
            slow = walk(legs, row, loads, order, ROADS, policy)
            assert code(int(scores.refusal[at])) == slow["refusal"], (seed, at)
            met[slow["refusal"]] = met.get(slow["refusal"], 0) + 1
            if scores.feasible[at]:
                assert {
                    "refusal": "none",
                    "market": int(scores.market_gain_cents[at]),
                    "own": int(scores.own_gain_cents[at]),
                    "loaded": pytest.approx(float(scores.loaded_miles[at]), abs=1e-6),
                    "empty": pytest.approx(float(scores.empty_miles[at]), abs=1e-6),
                    "rate": int(scores.rate_cents[at]),
                    "finish_at": int(scores.finish_at[at]),
                } == slow
    wanted = {"none", "late", "weight", "sharing", "temperature", "mixing", "pickup_deadhead", "home_deadhead"}
    assert wanted <= met.keys(), met


@pytest.mark.parametrize("seed", range(6))
def test_a_tour_of_one_load_has_the_very_figures_of_its_pair(seed):
    legs, loads, rng = market(seed, legs=12, loads=40)
    leg, load = rng.integers(0, 12, 300), rng.integers(0, 40, 300)
    pairs = score_pairs(legs, leg, loads, load, ROADS, DEFAULT_POLICY)
    tours = score_tours(legs, loads, chain_tours(loads, leg, load[:, None]), ROADS, DEFAULT_POLICY)
    for item in fields(tours):
        one, other = getattr(tours, item.name), getattr(pairs, item.name, None)
        if isinstance(one, Money):
            for term in fields(Money):
                assert np.array_equal(getattr(one, term.name), getattr(other, term.name)), term.name
        elif other is not None:
            assert np.array_equal(one, other, equal_nan=one.dtype.kind == "f"), item.name
    for row in range(300):
        assert tours.refusal_sentence(row) == pairs.refusal_sentence(row)


@pytest.mark.parametrize("policy", [DEFAULT_POLICY, NO_HOURS], ids=["hours", "no hours"])
@pytest.mark.parametrize("seed", range(4))
def test_a_tour_driven_by_itself_has_the_figures_of_its_score(seed, policy):
    legs, loads, rng = market(seed)
    driven_at_all = 0
    for row in range(len(legs)):
        for _ in range(30):
            chosen = rng.choice(len(loads), size=rng.integers(1, 3), replace=False).tolist()
            tours = chain_tours(loads, [row], [chosen])
            scores, driven = score_tours(legs, loads, tours, ROADS, policy), drive(legs, loads, tours, ROADS, policy)
            assert (driven is not None) == bool(scores.feasible[0])
            if driven is None:
                continue
            driven_at_all += 1
            assert driven.finish_at == scores.finish_at[0]
            assert driven.day.plans.wait_minutes[0] == scores.wait_minutes[0]
            for name in ("pickup_deadhead_miles", "loaded_miles", "between_deadhead_miles", "home_deadhead_miles"):
                assert getattr(driven.routes, name)[0] == getattr(scores, name)[0]
    assert driven_at_all
    with pytest.raises(ValueError, match="One tour"):
        drive(legs, loads, chain_tours(loads, [0, 1], [[0], [1]]), ROADS, policy)


@pytest.mark.parametrize("by_own_gain", [False, True], ids=["market", "own"])
def test_the_best_order_is_the_best_of_all_orders(by_own_gain):
    feasible = 0
    for seed in range(20):
        legs, loads, rng = market(seed, legs=3, loads=8, partial=0.9, width=1.0)
        small = replace(loads, weight_pounds=loads.weight_pounds // 2, length_feet=loads.length_feet // 2)
        rows = rng.permutation(8)[: rng.integers(1, 4)].tolist()
        leg = int(rng.integers(0, 3))
        best = best_insertions(legs, leg, small, rows, ROADS, DEFAULT_POLICY, by_own_gain=by_own_gain)
        orders = list(every_order(small, sorted(rows, key=lambda row: int(small.key[row]))))
        scores = score_tours(legs, small, tours_of(small, [leg] * len(orders), orders), ROADS, DEFAULT_POLICY)
        gains = scores.own_gain_cents if by_own_gain else scores.market_gain_cents
        assert best.feasible == bool(scores.feasible.any()), seed
        if best.feasible:
            feasible += 1
            found = best.scores.own_gain_cents if by_own_gain else best.scores.market_gain_cents
            highest = gains[scores.feasible].max()
            assert found[0] == highest, seed
            # of those that gain the same the first, as the loads' keys order them
            first = next(order for at, order in enumerate(orders) if scores.feasible[at] and gains[at] == highest)
            assert best.tours.stops.tolist() == first, seed
        else:
            assert best.scores.refusal[0] in scores.refusal
    assert feasible >= 6


def test_all_2520_orders_of_four_partial_loads_are_weighed():
    legs, loads, _ = market(3, legs=1, loads=4, most_stops=2, partial=1.0, width=0.5)
    wide = {"max_pickup_deadhead_miles": np.full(1, np.nan), "max_home_deadhead_miles": np.full(1, np.nan)}
    legs = replace(legs, **wide, home_by=legs.ready_at + 7 * DAY, weight_pounds=np.full(1, 44_000))
    plain = replace(
        loads,
        attributes=np.zeros(4),
        equipment=np.full(4, LOAD_CODES.index("R")),
        weight_pounds=np.full(4, 9_000),
        length_feet=np.full(4, 12),
        pallets=np.zeros(4),
        temperature_min_f=np.full(4, np.nan),
        temperature_max_f=np.full(4, np.nan),
        stop_closes_at=loads.stop_opens_at + 7 * DAY,
    )
    best = best_insertions(legs, 0, plain, range(4), ROADS, DEFAULT_POLICY)
    assert best.orders == 2520
    assert best.scored < 2520, "the bound leaves most of them unscored"
    orders = list(every_order(plain, np.argsort(plain.key).tolist()))
    assert len(orders) == 2520
    scores = score_tours(legs, plain, tours_of(plain, [0] * 2520, orders), ROADS, DEFAULT_POLICY)
    assert best.scores.market_gain_cents[0] == scores.market_gain_cents[scores.feasible].max()


@pytest.mark.parametrize("seed", range(2))
def test_what_is_found_for_a_leg_gains_more_than_its_parts_and_adds_up(seed):
    legs, loads, _ = market(seed, legs=2, loads=60, most_stops=2, partial=0.5)
    for search in (best_chains, best_consolidations):
        found = search(legs, 0, loads, ROADS, DEFAULT_POLICY)
        again = search(legs, 0, loads, ROADS, DEFAULT_POLICY)
        assert np.array_equal(found.tours.stops, again.tours.stops)
        assert found.scores.feasible.all()
        if search is best_consolidations:
            assert (lay_out(loads, found.tours).aboard > 1).any(axis=1).all()
        for row in np.flatnonzero(found.gains_market).tolist():
            rows = [each for each in found.tours.load_rows[row].tolist() if each >= 0]
            assert len(rows) >= 2
            singles = score_pairs(legs, [0] * len(rows), loads, rows, ROADS, DEFAULT_POLICY)
            gains = singles.market_gain_cents[singles.feasible]
            assert found.scores.market_gain_cents[row] > max(gains.max(initial=0), 0)
        for row in range(min(len(found.tours), 5)):
            account = explain_tour(legs, loads, found.tours, row, ROADS, DEFAULT_POLICY)
            for sums, gain in (
                (account.shared["market"], found.scores.market_gain_cents[row]),
                (account.own, found.scores.own_gain_cents[row]),
            ):
                assert sum(line["cents"] for line in sums["lines"]) == sums["gain_cents"] == gain
            miles = sum(way["miles"] for way in account.shared["stretches"][:-1])
            assert miles == pytest.approx(
                account.shared["totals"]["loaded_miles"] + account.shared["totals"]["empty_miles"]
            )


def test_the_table_of_ways_answers_as_the_oracle_behind_it():
    rng = np.random.default_rng(5)
    lats, lons = rng.uniform(30, 40, 12), rng.uniform(-100, -80, 12)
    table = TravelTable.of(ROADS, lats, lons)
    a, b = rng.integers(0, 12, 50), rng.integers(0, 12, 50)
    assert table.version == ROADS.version
    for far in (0.0, 5.0):  # within the table, and beyond it
        one, other = (travel.pairs(lats[a] + far, lons[a], lats[b], lons[b]) for travel in (table, ROADS))
        assert np.allclose(one.miles, other.miles, atol=1e-9)
        assert np.allclose(one.minutes, other.minutes, atol=1e-9)
    row = table.one_to_many(float(lats[0]), float(lons[0]), lats, lons)
    assert np.allclose(row.miles, table.many_to_one(lats, lons, float(lats[0]), float(lons[0])).miles)


def test_what_fits_beside_a_tour_is_what_some_order_of_all_stops_can_drive():
    met, reordered = {True: 0, False: 0}, 0
    for seed in range(5):
        legs, loads, rng = market(seed, most_stops=3, partial=0.9)
        for leg in range(len(legs)):
            aboard = rng.permutation(len(loads))[: rng.integers(1, 3)].tolist()
            order = random_order(loads, aboard, rng)
            others = [row for row in range(len(loads)) if row not in aboard][:5]
            found = fits_beside(legs, leg, loads, order, others, ROADS, NO_HOURS).tolist()
            for row, fits in zip(others, found, strict=True):
                ways = list(every_order(loads, [*aboard, row]))
                slow = score_tours(legs, loads, tours_of(loads, [leg] * len(ways), ways), ROADS, NO_HOURS)
                assert fits == bool(slow.feasible.any())
                met[fits] += 1
                stays = [[at for at in way if at in order] == order for way in ways]
                reordered += fits and not slow.feasible[stays].any()
    assert min(met.values()) > 10
    assert reordered, "some fit only where what is on board is driven in another order"


def test_four_loads_and_twelve_stops_are_the_most_beside_a_tour_too():
    legs, loads, rng = market(3, most_stops=2)
    order = random_order(loads, [0, 1, 2, 3], rng)
    assert not fits_beside(legs, 0, loads, order, range(4, len(loads)), ROADS, NO_HOURS).any()
