"""The band of an estimated rate and the words for what it rests on, as stored accounts and pages have them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FIVE_DOLLARS = 500
DEFAULT_WORDS = "default, not observed"


@dataclass(frozen=True, slots=True)
class RateBand:
    """The ends of a band, to $5, and what it rests on: `basis` is "default" or "observed"."""

    low_cents: int
    high_cents: int
    basis: str
    words: str


def to_five_dollars(cents: int) -> int:
    """Return cents rounded to $5: an estimate says no more."""
    return (cents + FIVE_DOLLARS // 2) // FIVE_DOLLARS * FIVE_DOLLARS


def basis_in_words(bookings: int | None, window_days: int | None) -> str:
    """Return what an estimate rests on; without bookings it is the default table."""
    if bookings is None:
        return DEFAULT_WORDS
    return f"observed, {bookings:,} bookings, last {window_days} days"


def band_in(parts: Mapping[str, Any]) -> RateBand | None:
    """Return the band that a stored account gives its estimated rate; None where the rate is posted."""
    estimate = parts.get("rate_estimate")
    if not estimate:
        return None
    sample = estimate["sample"] or {}
    return RateBand(
        low_cents=to_five_dollars(estimate["low_cents"]),
        high_cents=to_five_dollars(estimate["high_cents"]),
        basis="observed" if estimate["is_observed"] else "default",
        words=basis_in_words(sample.get("bookings"), sample.get("window_days")),
    )
