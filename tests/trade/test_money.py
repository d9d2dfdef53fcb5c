"""Amounts in dollars as people and programs write them."""

import pytest
from django import forms

from foundation.trade.form_fields import DollarsField
from foundation.trade.money import cents_from_text

SENTENCE = r"is not an amount in dollars\. Write it like 1250\.00\."


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("1250", 125_000),
        ("1,250.00", 125_000),
        ("$1,250.5", 125_050),
        ("$ 1250", 125_000),
        (" 1250. ", 125_000),
        (".5", 50),
        ("+7", 700),
        ("-3.25", -325),
        ("0", 0),
        ("1250.000", 125_000),
        ("100000000", 100_000_000_00),
    ],
)
def test_an_amount_is_read_as_people_write_it(text: str, cents: int) -> None:
    assert cents_from_text(text) == cents


@pytest.mark.parametrize(
    "text",
    ["١٢٣", "１２３", "1e5", "1E5", "1e-2", "1_000", "NaN", "Infinity", "-inf", "0x10", "1.2.3", "--5", "$", ".", "-"],
)
def test_other_digits_exponents_and_words_are_no_amount_and_the_field_says_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match=SENTENCE):
        cents_from_text(text)
    with pytest.raises(forms.ValidationError, match=SENTENCE):
        DollarsField().clean(text)


@pytest.mark.parametrize(("text", "sentence"), [("1.005", "at most two decimals"), ("100000000.01", "too large")])
def test_an_amount_out_of_measure_says_what_would_do(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        cents_from_text(text)
