"""Money as integer US cents, and the decimal strings that people and programs read."""

import re
from decimal import Decimal

CURRENCY = "USD"
MAX_CENTS = 100_000_000_00
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")
"""Plain digits: `Decimal` would take exponents, underscores and the digits of other scripts besides."""


def cents_from_text(text: str) -> int:
    """Return the cents of an amount in dollars such as "1250", "1,250.00" or "$1,250.5".

    Raises `ValueError` with a sentence when it is no amount, has more than two decimals or is out of range.
    """
    cleaned = text.strip().removeprefix("$").lstrip().replace(",", "")
    if not _NUMBER.fullmatch(cleaned):
        raise ValueError(f"“{text}” is not an amount in dollars. Write it like 1250.00.")
    cents = Decimal(cleaned) * 100
    if abs(cents) > MAX_CENTS:
        raise ValueError("That amount is too large. Check the number of digits.")
    if cents != cents.to_integral_value():
        raise ValueError("Write at most two decimals, like 1250.00.")
    return int(cents)


def decimal_text(cents: int) -> str:
    """Return cents as a plain decimal string: 125000 is "1250.00"."""
    return str((Decimal(cents) / 100).quantize(Decimal("0.01")))


def dollars(cents: int) -> str:
    """Return cents for the eye: 125000 is "$1,250.00", a loss is "−$12.50"."""
    sign = "−" if cents < 0 else ""
    return f"{sign}${Decimal(abs(cents)) / 100:,.2f}"
