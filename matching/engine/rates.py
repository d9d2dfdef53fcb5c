"""Market rates: what a load without a rate is worth, with its band; a dated default table, or one fitted to bookings.

A fit works on y = ln(rate / default) of each booking, the default read from the prior table without its least rate.
Medians of y move the table's knots: that of the whole market, shrunk towards the table; that of each equipment row,
shrunk towards the market; that of each row and distance band, shrunk towards its row. In each of these groups no
organization counts for more than a fifth, and what lies far off by the median absolute deviation is left out.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FEWEST_BOOKINGS = 200
"""Below so many bookings in the window the default table serves."""
MOST_SHARE = 0.2
"""What one organization counts for at most in any group."""
PRIOR_BOOKINGS = 20.0
"""How many bookings the wider group counts for against the narrower one."""
FAR_OFF = 3.5
"""Median absolute deviations (times 1.4826, a normal's standard deviation) beyond which a booking is left out."""
LEAST_DEVIATION = 0.02
"""The least such deviation, so that a market of equal rates does not leave out the first that differs by 1 %."""
FOLDS = 5
"""The band is measured on bookings of carriers that the fit did not know, a fifth of them at a time."""
FEWEST_OF_ROW = 50.0
"""Below so much weight an equipment row takes the whole market's band."""
BAND_SHARE = 0.8
LEAST_BAND_PERCENT = 5.0
MOST_BELOW_PERCENT = 90.0
CHANGED_SHARE = 0.02
CHANGED_BAND_POINTS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What an observed table rests on: so many bookings of so many days, and when it was fitted; dates are ISO."""

    bookings: int
    window_days: int
    oldest: str
    newest: str
    fitted_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RateTable:
    """Dollars a mile for loads without a rate, by equipment row and distance, linear between the distances.

    Without a `sample` it is the default, not observed: an assumption of November 2026, made to lie near public spot
    averages (van a little above $2 a mile on long hauls, reefer and flatbed more, short hauls paid for the day). A load
    shorter than the first or longer than the last distance takes that row's figure. `below_percent` and
    `above_percent` are the band round the estimate, by row.
    """

    version: str = "default-2026-11"
    miles: tuple[float, ...] = (50.0, 150.0, 300.0, 600.0, 1200.0)
    cents_per_mile: dict[str, tuple[float, ...]] = field(
        default_factory=lambda: {
            "V": (600.0, 340.0, 270.0, 225.0, 200.0),
            "R": (680.0, 390.0, 315.0, 265.0, 235.0),
            "F": (680.0, 400.0, 325.0, 275.0, 245.0),
        }
    )
    # Which row serves which load; every other code takes the flatbed's.
    row_of: dict[str, str] = field(
        default_factory=lambda: {"V": "V", "VR": "V", "R": "R", "C": "V", "PO": "V", "SB": "V", "SV": "V"}
    )
    least_cents: int = 35_000
    below_percent: dict[str, float] = field(default_factory=lambda: {"V": 25.0, "R": 25.0, "F": 25.0})
    above_percent: dict[str, float] = field(default_factory=lambda: {"V": 25.0, "R": 25.0, "F": 25.0})
    sample: Sample | None = None

    @property
    def is_observed(self) -> bool:
        """Whether bookings stand behind the figures."""
        return self.sample is not None

    def row(self, code: str) -> str:
        """Return the row that serves an equipment code."""
        return self.row_of.get(code, "F")

    def per_mile(self, rows: NDArray[np.str_], loaded_miles: Floats) -> Floats:
        """Return cents a mile, the least rate left out, given rows and loaded miles of shape (n,)."""
        cents = np.zeros(len(rows))
        for row, knots in self.cents_per_mile.items():
            here = rows == row
            cents[here] = np.interp(loaded_miles[here], self.miles, knots)
        return cents

    def estimate_cents(self, codes: list[str], loaded_miles: Floats, share: Floats | None = None) -> Ints:
        """Return all-in rates in cents, given equipment codes and loaded miles of shape (n,).

        `share` is what part of a truck each load takes, (n,): a partial is worth that part of the full truckload.
        """
        rate = np.maximum(self.per_mile(self._rows(codes), loaded_miles) * loaded_miles, self.least_cents)
        return np.floor((rate if share is None else rate * share) + 0.5).astype(np.int64)

    def band_cents(self, codes: list[str], estimate_cents: Ints) -> tuple[Ints, Ints]:
        """Return the low and the high end of the band round these estimates, in cents, each of shape (n,)."""
        rows = self._rows(codes)
        below, above = np.zeros(len(codes)), np.zeros(len(codes))
        for row in self.cents_per_mile:
            below[rows == row], above[rows == row] = self.below_percent[row], self.above_percent[row]
        low, high = estimate_cents * (1 - below / 100), estimate_cents * (1 + above / 100)
        return np.floor(low + 0.5).astype(np.int64), np.floor(high + 0.5).astype(np.int64)

    def account(self, low_cents: int, high_cents: int) -> dict[str, Any]:
        """Return what stands behind an estimate with this band, as values that JSON can hold."""
        return {
            "version": self.version,
            "is_observed": self.is_observed,
            "low_cents": low_cents,
            "high_cents": high_cents,
            "sample": None if self.sample is None else asdict(self.sample),
        }

    def _rows(self, codes: list[str]) -> NDArray[np.str_]:
        return np.array([self.row(code) for code in codes], dtype=np.str_)


def table_from(terms: Mapping[str, Any]) -> RateTable:
    """Return the table that `dataclasses.asdict` wrote, after a way through JSON."""
    sample = terms.get("sample")
    return RateTable(
        **{
            **terms,
            "miles": tuple(terms["miles"]),
            "cents_per_mile": {row: tuple(cents) for row, cents in terms["cents_per_mile"].items()},
            "sample": Sample(**sample) if sample else None,
        }
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class Observations:
    """n booked rates: equipment codes, loaded miles, cents, and the keys of carrier, shipper and seller, (n,) each."""

    codes: list[str]
    miles: Floats
    cents: Ints
    carrier: Ints
    shipper: Ints
    seller: Ints

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, which: Bools) -> "Observations":
        """Return the observations where `which` holds."""
        return Observations(
            codes=[code for code, wanted in zip(self.codes, which.tolist(), strict=True) if wanted],
            miles=self.miles[which],
            cents=self.cents[which],
            carrier=self.carrier[which],
            shipper=self.shipper[which],
            seller=self.seller[which],
        )


def usable(observations: Observations, prior: RateTable) -> Bools:
    """Return which bookings a fit counts: not so short that the least rate serves them, and paid at all."""
    default = prior.per_mile(_rows(observations, prior), observations.miles) * observations.miles
    return np.asarray((default >= prior.least_cents) & (observations.cents > 0))


def fit(observations: Observations, prior: RateTable, *, version: str, sample: Sample) -> RateTable | None:
    """Return the table observed in these bookings; None where too few of them, or of organizations, stand behind it.

    `prior` is the default table. Of `sample` the number of bookings is counted here.
    """
    kept = observations.take(usable(observations, prior))
    parties = np.stack([kept.carrier, kept.shipper, kept.seller], axis=1) if len(kept) else np.zeros((0, 3), np.int64)
    if len(kept) < FEWEST_BOOKINGS or not weights(parties).sum():
        return None
    rows = _rows(kept, prior)
    y = np.log(kept.cents / (prior.per_mile(rows, kept.miles) * kept.miles))
    bands = distance_bands(prior, kept.miles)
    fitted = _moved(prior, _shifts(prior, y, rows, bands, parties))
    below, above = _band(prior, kept, y, rows, bands, parties)
    return replace(
        fitted,
        cents_per_mile={
            row: tuple(float(max(np.floor(cents + 0.5), 1.0)) for cents in knots)
            for row, knots in fitted.cents_per_mile.items()
        },
        version=version,
        below_percent=below,
        above_percent=above,
        sample=replace(sample, bookings=len(kept)),
    )


def differs(new: RateTable, old: RateTable) -> bool:
    """Say whether two tables differ so much that scores are made anew: 2 % at a knot, 5 points at an end of a band."""
    if new.is_observed != old.is_observed or new.miles != old.miles or new.row_of != old.row_of:
        return True
    for row, knots in new.cents_per_mile.items():
        if any(
            abs(here / there - 1) > CHANGED_SHARE + 1e-9
            for here, there in zip(knots, old.cents_per_mile[row], strict=True)
        ):
            return True
        ends = (new.below_percent[row] - old.below_percent[row], new.above_percent[row] - old.above_percent[row])
        if max(abs(ends[0]), abs(ends[1])) > CHANGED_BAND_POINTS:
            return True
    return False


def distance_bands(table: RateTable, miles: Floats) -> Ints:
    """Return the knot that each distance lies nearest to; the farther one in the middle between two."""
    knots = np.array(table.miles)
    return np.searchsorted((knots[:-1] + knots[1:]) / 2, miles, side="right").astype(np.int64)


def weights(parties: Ints) -> Floats:
    """Return what each of n bookings counts for, 0 to 1, given the keys of its organizations, shape (n, k).

    Booking i counts min(1, K / a_i), where a_i is how many bookings the busiest of its organizations has a part in, and
    K the greatest number that is at most a fifth of all that is counted: so no organization counts for more than a
    fifth. Where fewer than five would be left K is 0, and nothing counts.
    """
    if parties.shape[0] == 0:
        return np.zeros(0)
    _, who = np.unique(parties, return_inverse=True)
    who = who.reshape(parties.shape)
    # An organization in two roles of one booking has one part in it.
    first = np.ones(parties.shape, dtype=np.bool_)
    for column in range(1, parties.shape[1]):
        first[:, column] = (who[:, :column] != who[:, [column]]).all(axis=1)
    busiest: Floats = np.bincount(who[first])[who].max(axis=1).astype(np.float64)
    return np.asarray(np.minimum(1.0, _greatest_share(busiest) / busiest))


def _greatest_share(busiest: Floats) -> float:
    """Return the greatest K with K <= a fifth of the sum of min(1, K / a): a concave sum, so at most one above 0."""
    a = np.sort(busiest)
    n = a.size
    rest = np.append(np.cumsum((1 / a)[::-1])[::-1], 0.0)  # the sum of 1 / a from each position on
    for whole in range(n, 0, -1):  # so many count in full
        free = 1 - MOST_SHARE * rest[whole]
        if free > 1e-12:
            share = float(MOST_SHARE * whole / free)
            if share >= a[whole - 1] - 1e-9 and (whole == n or share < a[whole] + 1e-9):
                return share
    return 0.0


def centre(y: Floats, parties: Ints) -> tuple[float, float]:
    """Return the weighted median of a group without what lies far off, and how much it counts for: (0, 0) if nothing.

    Source of the rule for what lies far off: Iglewicz and Hoaglin 1993, modified z-scores.
    """
    counts = weights(parties)
    if not counts.sum():
        return 0.0, 0.0
    middle = _quantile(y, counts, 0.5)
    deviation = max(_quantile(np.abs(y - middle), counts, 0.5), LEAST_DEVIATION)
    near = np.abs(y - middle) <= FAR_OFF * 1.4826 * deviation
    counts = weights(parties[near])
    return (_quantile(y[near], counts, 0.5), float(counts.sum())) if counts.sum() else (0.0, 0.0)


def _quantile(values: Floats, counts: Floats, share: float) -> float:
    """Return the value below which `share` of the weight lies; the middle of two where it lies exactly between them."""
    order = np.argsort(values, kind="stable")
    order = order[counts[order] > 0]
    total = np.cumsum(counts[order])
    aim, slack = share * total[-1], 1e-9 * total[-1]
    first, second = np.searchsorted(total, [aim - slack, aim + slack])
    last = order.size - 1
    return float((values[order[min(first, last)]] + values[order[min(second, last)]]) / 2)


def _rows(observations: Observations, table: RateTable) -> NDArray[np.str_]:
    return np.array([table.row(code) for code in observations.codes], dtype=np.str_)


def _shifts(prior: RateTable, y: Floats, rows: NDArray[np.str_], bands: Ints, parties: Ints) -> dict[str, list[float]]:
    """Return how far each knot of each row is moved, as logarithms."""

    def shrunk(here: Bools, wider: float) -> float:
        middle, weight = centre(y[here], parties[here])
        return (weight * middle + PRIOR_BOOKINGS * wider) / (weight + PRIOR_BOOKINGS)

    market = shrunk(np.ones(y.size, dtype=np.bool_), 0.0)
    moved = {}
    for row in prior.cents_per_mile:
        of_row = shrunk(rows == row, market)
        moved[row] = [shrunk((rows == row) & (bands == band), of_row) for band in range(len(prior.miles))]
    return moved


def _moved(prior: RateTable, shifts: dict[str, list[float]]) -> RateTable:
    cents = {
        row: tuple(float(knot * np.exp(shift)) for knot, shift in zip(knots, shifts[row], strict=True))
        for row, knots in prior.cents_per_mile.items()
    }
    return replace(prior, cents_per_mile=cents)


def _band(
    prior: RateTable, kept: Observations, y: Floats, rows: NDArray[np.str_], bands: Ints, parties: Ints
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the percents below and above the estimate between which four of five bookings lie, by row.

    Measured on carriers that the fit did not know, since a fit lies closer to what it has seen; whole percents, rounded
    outwards. Nothing is left out as far off here: wide markets have wide bands.
    """
    _, carrier = np.unique(kept.carrier, return_inverse=True)
    fold = carrier.reshape(-1) % FOLDS
    residual = np.zeros(y.size)
    for number in range(FOLDS):
        held, known = fold == number, fold != number
        table = _moved(prior, _shifts(prior, y[known], rows[known], bands[known], parties[known]))
        estimate = table.per_mile(rows[held], kept.miles[held]) * kept.miles[held]
        residual[held] = np.log(kept.cents[held] / estimate)
    whole = _ends(residual, weights(parties))
    below, above = {}, {}
    for row in prior.cents_per_mile:
        here = rows == row
        counts = weights(parties[here])
        low, high = _ends(residual[here], counts) if counts.sum() >= FEWEST_OF_ROW else whole
        below[row] = min(max(_up(100 * (1 - np.exp(low))), LEAST_BAND_PERCENT), MOST_BELOW_PERCENT)
        above[row] = max(_up(100 * (np.exp(high) - 1)), LEAST_BAND_PERCENT)
    return below, above


def _ends(residual: Floats, counts: Floats) -> tuple[float, float]:
    """Return the ends of the middle four fifths, a booking's weight further out than the sample's own (conformal)."""
    total = float(counts.sum())
    tail = (1 - BAND_SHARE) / 2
    share = min((1 - tail) * (total + 1) / total, 1.0)
    return -_quantile(-residual, counts, share), _quantile(residual, counts, share)


def _up(percent: float) -> float:
    return float(np.ceil(np.round(percent, 6)))
