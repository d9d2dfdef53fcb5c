"""The band of an estimated rate and the words for what it rests on, as stored accounts and pages have them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from matching.engine.rates import RateTable

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


def band_of(rates: RateTable, equipment: str, estimate_cents: int) -> RateBand:
    """Return the band of an estimate for one load, as the account of a match with it would have it."""
    low, high = rates.band_cents([equipment], np.array([estimate_cents]))
    band = band_in({"rate_estimate": rates.account(int(low[0]), int(high[0]))})
    assert band is not None
    return band


def band_fields(band: RateBand | None, *, is_estimated: bool) -> dict[str, Any]:
    """Return `rate_low` and `rate_high` in cents and `rate_basis`; a posted rate has no band.

    Nor has an account from before there were bands: what it estimates is the default.
    """
    if band is None:
        return {"rate_low": None, "rate_high": None, "rate_basis": "default" if is_estimated else "posted"}
    return {"rate_low": band.low_cents, "rate_high": band.high_cents, "rate_basis": band.basis}
