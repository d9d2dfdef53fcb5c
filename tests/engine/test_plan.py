"""The assignment, the choice among columns and the load-board way, each against its slow and obvious twin."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from matching.engine.plan import Columns, assign, choose, gap_ppm, load_board_way

FREE = -1


def best_assignment(legs: int, loads: int, leg, load, gain) -> int:
    """The twin: a full table, 0 for staying empty."""
    table = np.zeros((legs, loads), dtype=np.int64)
    np.maximum.at(table, (leg, load), gain)
    rows, columns = linear_sum_assignment(table, maximize=True)
    return int(table[rows, columns].sum())


def best_choice(legs: int, columns: Columns, leg: int = 0, taken: frozenset[int] = frozenset()) -> int:
    """The twin: every leg tries every column whose loads are left, and nothing."""
    if leg == legs:
        return 0
    best = best_choice(legs, columns, leg + 1, taken)
    for row in np.flatnonzero(columns.leg_row == leg).tolist():
        loads = {load for load in columns.load_rows[row].tolist() if load != FREE}
        if not loads & taken:
            best = max(best, int(columns.gain_cents[row]) + best_choice(legs, columns, leg + 1, taken | loads))
    return best


def random_pairs(rng: np.random.Generator, highest: int) -> tuple[int, int, np.ndarray, np.ndarray, np.ndarray]:
    legs, loads, pairs = (int(rng.integers(*bounds)) for bounds in ((1, 8), (1, 8), (0, 25)))
    gain = rng.integers(-3, highest, pairs)
    return legs, loads, rng.integers(0, legs, pairs), rng.integers(0, loads, pairs), gain


def random_columns(rng: np.random.Generator, legs: int, loads: int, count: int, highest: int) -> Columns:
    rows = np.array([rng.permutation(loads)[:3] for _ in range(count)], dtype=np.int64).reshape(count, 3)
    carried = rng.integers(1, 4, count)
    rows[np.arange(3)[None, :] >= carried[:, None]] = FREE
    return Columns(leg_row=rng.integers(0, legs, count), load_rows=rows, gain_cents=rng.integers(-3, highest, count))


def test_nobody_gains_more_than_the_auction_and_its_bound_is_reached() -> None:
    rng = np.random.default_rng(20260101)
    for number in range(1500):
        # ties and gains of a few cents, then ordinary ones, then thousands of dollars
        legs, loads, leg, load, gain = random_pairs(rng, (3, 200, 500_000)[number % 3])
        answer = assign(legs, loads, leg, load, gain)
        assert answer.gain_cents == best_assignment(legs, loads, leg, load, gain) == answer.bound_cents
        assert answer.gain_cents == int(gain[answer.chosen].sum())
        assert (gain[answer.chosen] > 0).all()
        for rows in (leg[answer.chosen], load[answer.chosen]):
            assert np.unique(rows).size == rows.size


def test_the_auction_with_a_tolerance_stays_within_it() -> None:
    rng = np.random.default_rng(20260102)
    leg, load = rng.integers(0, 400, 6_000), rng.integers(0, 300, 6_000)
    gain = rng.integers(1, 200_000, 6_000)
    best = best_assignment(400, 300, leg, load, gain)
    loose = assign(400, 300, leg, load, gain, tolerance_ppm=10)
    assert loose.gain_cents <= best <= loose.bound_cents
    assert loose.gap_ppm <= 10
    assert assign(400, 300, leg, load, gain).gain_cents == best


def test_prices_and_profits_cover_every_pair() -> None:
    rng = np.random.default_rng(20260103)
    for _ in range(300):
        legs, loads, leg, load, gain = random_pairs(rng, 90_000)
        answer = assign(legs, loads, leg, load, gain)
        profit = np.zeros(legs, dtype=np.int64)
        np.maximum.at(profit, leg, gain - answer.load_price_cents[load])
        assert (answer.load_price_cents >= 0).all()
        assert answer.load_price_cents.sum() + profit.sum() >= answer.bound_cents


def test_equal_trucks_and_equal_loads_do_not_bid_for_ever() -> None:
    leg, load = np.repeat(np.arange(120), 110), np.tile(np.arange(110), 120)
    answer = assign(120, 110, leg, load, np.full(leg.size, 100_000))
    assert answer.gain_cents == answer.bound_cents == 110 * 100_000
    assert answer.rounds < 2_000


def test_the_auction_does_not_depend_on_the_order_of_the_pairs() -> None:
    rng = np.random.default_rng(20260104)
    leg, load, gain = rng.integers(0, 30, 400), rng.integers(0, 30, 400), rng.integers(0, 5, 400)
    pairs = np.unique(np.stack([leg, load]), axis=1, return_index=True)[1]
    leg, load, gain = leg[pairs], load[pairs], gain[pairs]
    first = assign(30, 30, leg, load, gain)
    shuffled = rng.permutation(leg.size)
    again = assign(30, 30, leg[shuffled], load[shuffled], gain[shuffled])
    assert sorted(shuffled[again.chosen].tolist()) == first.chosen.tolist()


@pytest.mark.parametrize(("legs", "loads"), [(0, 0), (3, 0), (0, 3), (3, 3)])
def test_without_pairs_nobody_is_assigned(legs: int, loads: int) -> None:
    answer = assign(legs, loads, [], [], [])
    assert answer.chosen.size == 0
    assert (answer.gain_cents, answer.bound_cents, answer.gap_ppm) == (0, 0, 0.0)
    assert answer.load_price_cents.tolist() == [0] * loads


def test_one_leg_takes_its_best_load_and_no_load_for_nothing() -> None:
    assert assign(1, 3, [0, 0, 0], [0, 1, 2], [5, 7, 6]).chosen.tolist() == [1]
    assert assign(1, 2, [0, 0], [0, 1], [0, -4]).chosen.tolist() == []


def test_gains_of_billions_overflow_nothing() -> None:
    answer = assign(2, 2, [0, 0, 1], [0, 1, 0], [10**11, 10**11 - 1, 10**11])
    assert answer.gain_cents == 2 * 10**11 - 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([0], [0, 1], [1]), "same length"),
        (([2], [0], [1]), "leg_rows must be from 0 to 1"),
        (([0], [-1], [1]), "load_rows must be from 0 to 1"),
    ],
)
def test_the_auction_says_which_column_is_wrong(arguments, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        assign(2, 2, *arguments)


def test_no_choice_gains_more_than_the_bound_and_small_ones_are_the_best() -> None:
    rng = np.random.default_rng(20260105)
    for number in range(250):
        legs, loads = int(rng.integers(1, 6)), int(rng.integers(3, 8))
        columns = random_columns(rng, legs, loads, int(rng.integers(0, 18)), (3, 200, 500_000)[number % 3])
        answer = choose(legs, loads, columns)
        best = best_choice(legs, columns)
        assert answer.gain_cents == best <= answer.bound_cents
        assert answer.gain_cents == int(columns.gain_cents[answer.chosen].sum())
        taken = columns.load_rows[answer.chosen]
        for rows in (columns.leg_row[answer.chosen], taken[taken != FREE]):
            assert np.unique(rows).size == rows.size


def test_a_choice_too_big_for_the_twin_stays_within_its_bound() -> None:
    rng = np.random.default_rng(20260106)
    columns = random_columns(rng, 60, 80, 1_500, 100_000)
    answer = choose(60, 80, columns)
    assert 0 <= answer.gap_ppm <= 20_000
    again = choose(60, 80, columns.take(np.arange(len(columns))))
    assert again.chosen.tolist() == answer.chosen.tolist()


def test_columns_of_one_load_are_chosen_as_the_auction_does() -> None:
    rng = np.random.default_rng(20260107)
    leg, load, gain = rng.integers(0, 20, 200), rng.integers(0, 20, 200), rng.integers(1, 9, 200)
    answer = choose(20, 20, Columns(leg_row=leg, load_rows=load, gain_cents=gain))
    assert answer.gain_cents == answer.bound_cents == best_assignment(20, 20, leg, load, gain)


def test_of_no_columns_none_are_chosen() -> None:
    nothing = Columns(leg_row=[], load_rows=np.zeros((0, 3)), gain_cents=[])
    assert choose(0, 0, nothing).chosen.tolist() == []
    assert choose(4, 5, nothing).gap_ppm == 0.0


def test_two_loads_of_one_truck_go_before_a_better_single_one() -> None:
    # Truck 0: load 0 alone 500, or 0 then 1 for 900. Truck 1: load 1 alone 450, load 2 alone 100.
    columns = Columns(
        leg_row=[0, 0, 1, 1],
        load_rows=[[0, -1, -1], [0, 1, -1], [1, -1, -1], [2, -1, -1]],
        gain_cents=[500, 900, 450, 100],
    )
    # 900 + 100 beats 500 + 450.
    answer = choose(2, 3, columns)
    assert answer.chosen.tolist() == [1, 3]
    assert answer.gain_cents == answer.bound_cents == 1_000


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([[0, 0, -1]], "twice"),
        ([[-1, -1, -1]], "name a load"),
        ([[5, -1, -1]], "load_rows must be from 0 to 2"),
    ],
)
def test_the_choice_says_what_is_wrong_with_a_column(rows, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        choose(1, 3, Columns(leg_row=[0], load_rows=rows, gain_cents=[1]))


def test_on_a_load_board_each_truck_takes_its_best_open_load_in_turn() -> None:
    leg, load, gain = [0, 0, 1, 1, 2], [0, 1, 0, 1, 1], [50, 40, 60, 10, 0]
    # Truck 0 takes load 0, so truck 1 is left with load 1; truck 2 would gain nothing.
    assert load_board_way([0, 1, 2], leg, load, gain).tolist() == [0, 3]
    # Truck 1 first: it takes load 0, truck 0 load 1.
    assert load_board_way([1, 0], leg, load, gain).tolist() == [1, 2]
    assert load_board_way([], leg, load, gain).tolist() == []
    # Of equal loads the lower row goes first, and nobody chooses twice.
    assert load_board_way([0, 0], [0, 0], [1, 0], [7, 7]).tolist() == [1]


def test_the_load_board_never_gains_more_than_the_plan() -> None:
    rng = np.random.default_rng(20260108)
    for _ in range(300):
        legs, loads, leg, load, gain = random_pairs(rng, 300)
        taken = load_board_way(np.arange(legs), leg, load, gain)
        assert int(gain[taken].sum()) <= assign(legs, loads, leg, load, gain).gain_cents
        assert np.unique(load[taken]).size == taken.size


def test_a_gap_is_a_share_of_the_bound() -> None:
    assert gap_ppm(1_000_000, 999_990) == 10.0
    assert gap_ppm(0, 0) == 0.0
