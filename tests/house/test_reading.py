"""What tests of secrecy look for: figures, wherever they stand, and no digits of times and ids."""

import pytest

from tests.reading import stands_in


@pytest.mark.parametrize(
    "text",
    ["$29.13 an hour", '"amount":"29.13"', '"hour": 29.13', '"hour":29.13', "(29.13)", "-29.13", ">29.13<", "29.130"],
)
def test_a_figure_is_read_wherever_a_number_begins(text: str) -> None:
    assert stands_in("29.13", text)


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        ("29.13", "2027-03-14T08:31:29.130517+00:00"),
        ("1.31", "2027-03-14T08:31:41.310000Z"),
        ("517", "2027-03-14T08:31:02.835517Z"),
        ("517", "2027-03-14T08:31:02.517835Z"),
        ("2700", "load_06hx2700ga3cvs9t1d0bnq4ezk"),
        ("4711", "6f1ed002-4711-4f0e-8f43-0f8dbe7a2b11"),
        ("1.31", "$21.31"),
    ],
)
def test_digits_of_a_time_an_id_or_another_figure_tell_nothing(figure: str, text: str) -> None:
    assert not stands_in(figure, text)


def test_words_are_read_anywhere() -> None:
    assert stands_in("Topaz", "the Topaz-driver's truck")
    assert stands_in("$2,700", "for $2,700.00")
