"""What a mile and an hour cost a carrier that has not entered its own figures: dated defaults with their source.

ATRI, Operational Costs of Trucking 2025 (data of 2024): $2.260 a marginal mile, all in. An empty mile burns less:
2.260 - 0.481 (fuel) x (1 - 0.755) = $2.14. The hour is an assumption: driving and rest are in the mile already, so it
prices loading, unloading and waiting only.
"""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Costs:
    """Cents a mile loaded and empty, an on-duty hour that is not driving, an hour late at home.

    From when on, and whose figures they are.
    """

    valid_from: date
    loaded_cents_per_mile: int
    empty_cents_per_mile: int
    hour_cents: int
    delay_hour_cents: int
    source: str
    is_default: bool


OWN = "own figures"
# Oldest first; each holds until the next begins, the first also for the days before it.
DEFAULTS: tuple[Costs, ...] = (Costs(date(2025, 7, 1), 226, 214, 4000, 0, "default of ATRI 2025", True),)


def default_costs_on(day: date) -> Costs:
    """Return the defaults in force on a day: what the market reckons with, and a carrier that has entered nothing."""
    return next((costs for costs in reversed(DEFAULTS) if costs.valid_from <= day), DEFAULTS[0])
