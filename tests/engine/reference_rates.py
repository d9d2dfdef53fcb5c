"""The slow, obvious twin of `matching.engine.rates`: plain lists, one booking at a time, the share found by halving."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from matching.engine.rates import Observations, RateTable


@dataclass(frozen=True)
class Booking:
    """One booking: its row, its distance, what it paid, and its organizations."""

    row: str
    miles: float
    cents: int
    carrier: int
    parties: frozenset[int]


def bookings_of(observations: Observations, table: RateTable) -> list[Booking]:
    """Return the columns as bookings."""
    return [
        Booking(
            table.row_of.get(code, "F"),
            float(observations.miles[at]),
            int(observations.cents[at]),
            int(observations.carrier[at]),
            frozenset(int(column[at]) for column in (observations.carrier, observations.shipper, observations.seller)),
        )
        for at, code in enumerate(observations.codes)
    ]


def cents_a_mile(cents: dict[str, list[float]], knots: list[float], row: str, miles: float) -> float:
    """Interpolate along a row."""
    values = cents[row]
    if miles <= knots[0]:
        return values[0]
    for left in range(len(knots) - 1):
        if miles <= knots[left + 1]:
            part = (miles - knots[left]) / (knots[left + 1] - knots[left])
            return values[left] + part * (values[left + 1] - values[left])
    return values[-1]


def weights(parties: list[frozenset[int]]) -> list[float]:
    """Count each booking as min(1, K / a), K by halving the interval in which it must lie."""
    busiest = [max(sum(1 for other in parties if one in other) for one in mine) for mine in parties]

    def counted(share: float) -> float:
        return sum(min(1.0, share / a) for a in busiest)

    # f(K) = counted(K) / 5 - K is concave with f(0) = 0: it is above 0 up to the K looked for, if anywhere
    low, high = 0.0, len(parties) / 5
    if high <= 0 or 0.2 * sum(1 / a for a in busiest) < 1 - 1e-9:
        return [0.0] * len(parties)
    if 0.2 * counted(high) >= high - 1e-12:
        low = high
    else:
        low = 1e-6
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (middle, high) if 0.2 * counted(middle) >= middle - 1e-12 else (low, middle)
    return [min(1.0, low / a) for a in busiest]


def quantile(values: list[float], counts: list[float], share: float) -> float:
    """Walk up the values until so much of the weight lies below."""
    pairs = sorted((value, count) for value, count in zip(values, counts, strict=True) if count > 0)
    total = sum(count for _, count in pairs)
    below = 0.0
    for at, (value, count) in enumerate(pairs):
        below += count
        if abs(below - share * total) <= 1e-9 * total and at + 1 < len(pairs):
            return (value + pairs[at + 1][0]) / 2
        if below > share * total or at + 1 == len(pairs):
            return value
    raise AssertionError


def centre(values: list[float], parties: list[frozenset[int]]) -> tuple[float, float]:
    """Take the median, leave out what lies far off, take it again."""
    counts = weights(parties)
    if sum(counts) == 0:
        return 0.0, 0.0
    middle = quantile(values, counts, 0.5)
    deviation = max(quantile([abs(value - middle) for value in values], counts, 0.5), 0.02)
    near = [at for at, value in enumerate(values) if abs(value - middle) <= 3.5 * 1.4826 * deviation]
    counts = weights([parties[at] for at in near])
    if sum(counts) == 0:
        return 0.0, 0.0
    return quantile([values[at] for at in near], counts, 0.5), sum(counts)


def knots_of(bookings: list[Booking], table: RateTable) -> dict[str, list[float]]:
    """Return cents a mile at each knot of each row, not rounded."""
    default = {row: list(cents) for row, cents in table.cents_per_mile.items()}
    knots = list(table.miles)

    def y(booking: Booking) -> float:
        return math.log(booking.cents / (cents_a_mile(default, knots, booking.row, booking.miles) * booking.miles))

    def nearest(miles: float) -> int:
        return max(range(len(knots)), key=lambda at: (-abs(knots[at] - miles), at))

    def shrunk(wanted: Callable[[Booking], bool], wider: float) -> float:
        group = [booking for booking in bookings if wanted(booking)]
        middle, weight = centre([y(booking) for booking in group], [booking.parties for booking in group])
        return (weight * middle + 20 * wider) / (weight + 20)

    market = shrunk(lambda booking: True, 0.0)
    found = {}
    for row in default:
        of_row = shrunk(lambda booking, row=row: booking.row == row, market)
        found[row] = [
            default[row][at]
            * math.exp(
                shrunk(
                    lambda booking, row=row, at=at: booking.row == row and nearest(booking.miles) == at,
                    of_row,
                )
            )
            for at in range(len(knots))
        ]
    return found


def band_of(bookings: list[Booking], table: RateTable, row: str) -> tuple[float, float]:
    """Return the percents below and above for a row, each booking judged by a fit without a fifth of the carriers."""
    carriers = sorted({booking.carrier for booking in bookings})
    fold = {carrier: at % 5 for at, carrier in enumerate(carriers)}
    residuals = {}
    for number in range(5):
        knots = knots_of([booking for booking in bookings if fold[booking.carrier] != number], table)
        for at, booking in enumerate(bookings):
            if fold[booking.carrier] == number:
                estimate = cents_a_mile(knots, list(table.miles), booking.row, booking.miles) * booking.miles
                residuals[at] = math.log(booking.cents / estimate)
    group = [at for at, booking in enumerate(bookings) if booking.row == row]
    if sum(weights([bookings[at].parties for at in group])) < 50:
        group = list(range(len(bookings)))
    counts = weights([bookings[at].parties for at in group])
    share = min(0.9 * (sum(counts) + 1) / sum(counts), 1.0)
    high = quantile([residuals[at] for at in group], counts, share)
    low = -quantile([-residuals[at] for at in group], counts, share)
    below = max(math.ceil(round(100 * (1 - math.exp(low)), 6)), 5)
    return min(below, 90), max(math.ceil(round(100 * (math.exp(high) - 1), 6)), 5)
