"""Runs of legs and loads at the same time: none waits for another for ever, and no match is lost."""

import random
from functools import partial

import pytest

from matching.engine.policy import DEFAULT_POLICY
from matching.models import Match
from tests.matching.market import Market, open_rows, run, withdraw
from tests.matching.test_storing import check_shown, ideal, pairs_stored, short_lists, true_lists
from tests.races.at_once import at_once

__all__ = ["short_lists"]

pytestmark = pytest.mark.django_db(transaction=True)


def test_runs_over_the_same_pairs_do_not_block_each_other_and_lose_nothing():
    market = Market(81, one_way=True)
    for _ in range(10):
        market.leg()
    for _ in range(20):
        market.load()
    legs, loads = open_rows()

    def work(number: int) -> None:
        rows = [*legs, *loads]
        random.Random(number).shuffle(rows)
        run(*rows)

    assert at_once(*[partial(work, number) for number in range(4)]) == []
    whole = true_lists(DEFAULT_POLICY)
    assert {(leg, load) for leg, ranks in whole.own.items() for _, load in ranks} <= pairs_stored()
    assert pairs_stored() == ideal(DEFAULT_POLICY)


def test_crowded_lists_that_many_runs_fill_at_once_show_the_best(short_lists):
    market = Market(82, one_way=True)
    for _ in range(8):
        market.leg()
    for _ in range(24):
        market.load()
    legs, loads = open_rows()

    def work(number: int) -> None:
        rows = [*legs, *loads][number::4]
        random.Random(number).shuffle(rows)
        run(*rows)
        if number == 0:
            withdraw(loads[0])
            run(loads[0])

    assert at_once(*[partial(work, number) for number in range(4)]) == []
    assert not Match.objects.filter(load=loads[0]).exists()
    run(*open_rows()[0], *open_rows()[1])
    check_shown(short_lists, 3)
