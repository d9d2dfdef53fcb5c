"""The day of a match as a drawing: each stop's window in a row of its own, words that do not run into each other."""

from itertools import pairwise

import pytest

from matching.days import WIDTH, day_of, rest_words
from tests.matching.pairs import make_match

pytestmark = pytest.mark.django_db


def test_each_stops_window_has_a_row_of_its_own_and_the_truck_stands_below(shipper, carrier):
    day = day_of(make_match(shipper, carrier), None)
    rows = [window["y"] for window in day["windows"]]
    assert rows == sorted(set(rows))
    assert all(window["y"] + 11 < day["truck_y"] for window in day["windows"])
    assert all(0 <= window["x"] <= window["x"] + window["width"] <= WIDTH + 1.5 for window in day["windows"])
    assert day["truck_y"] + 16 < day["text_y"] <= day["height"]


def test_the_words_of_two_hours_do_not_run_into_each_other_or_out_of_the_drawing(shipper, carrier):
    day = day_of(make_match(shipper, carrier), None)
    at = [tick["text_x"] for tick in day["ticks"] if tick["words"]]
    assert at
    assert all(after - before >= 48 for before, after in pairwise(at))
    assert at[-1] + 46 <= WIDTH


def test_a_rest_says_how_long_it_is():
    assert rest_words({"kind": "rest", "minutes": 761}) == "Rests 12 h 41 min"
    assert rest_words({"kind": "restart", "minutes": 34 * 60}) == "Rests 34 h"
    assert rest_words({"kind": "break", "minutes": 30}) == "Break of 30 min"
    assert rest_words({"kind": "drive", "minutes": 30}) == ""
