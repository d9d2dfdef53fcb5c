"""The policy: every limit, cost and speed that a score rests on, dated and versioned.

A policy is a value. Whoever stores a score stores `version` with it, and `as_dict()` once for each version.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from matching.engine.rates import RateTable

MINUTES_AN_HOUR = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyLimits:
    """Hours of service of property carriers, in minutes (49 CFR 395.3, in force since 29 September 2020)."""

    drive_minutes: int = 11 * 60
    shift_minutes: int = 14 * 60
    drive_minutes_before_break: int = 8 * 60
    break_minutes: int = 30
    rest_minutes: int = 10 * 60
    cycle_minutes: int = 70 * 60
    restart_minutes: int = 34 * 60

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not isinstance(value, int) or value <= 0:
                raise ValueError(f"{name} must be a whole number of minutes above 0, not {value!r}.")
        if not self.break_minutes <= self.rest_minutes <= self.restart_minutes:
            raise ValueError("A break is no longer than a rest, and a rest no longer than a restart.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a score rests on besides the leg, the load and the road; immutable.

    Sources: costs from ATRI, Operational Costs of Trucking 2025 (data of 2024): $2.260 a marginal mile; an empty mile
    is 2.260 - 0.481 x (1 - 0.755), its fuel scaled by DEFRA 2022 (articulated, empty against laden); $40.00 an on-duty
    hour is an assumption. 10.21 kg CO2 a US gallon of diesel (EPA GHG Emission Factors Hub) at 6.5 mpg is 1.5708 kg a
    mile, tank to wheel.
    """

    version: str = "2026-11.2"
    valid_from: str = "2026-11-01"
    # costs of a carrier that has not entered its own, and of every market figure
    loaded_cents_per_mile: float = 226.0
    empty_cents_per_mile: float = 214.0
    hour_cents: float = 4000.0
    delay_hour_cents: float = 0.0
    # time
    duty: DutyLimits | None = field(default_factory=DutyLimits)
    service_minutes: int = 120
    # what a return leg allows unless its carrier says otherwise (for forms; the engine reads the leg)
    max_pickup_deadhead_miles: int = 100
    max_home_deadhead_miles: int = 100
    max_out_of_route_miles: int = 100
    # worth of a load without a rate
    rates: RateTable = field(default_factory=RateTable)
    # emissions
    co2_kg_per_mile: float = 1.5708
    # how many matches are kept and shown
    kept_per_leg: int = 40
    kept_per_load: int = 20
    shown: int = 20

    def __post_init__(self) -> None:
        for name in (
            "loaded_cents_per_mile",
            "empty_cents_per_mile",
            "hour_cents",
            "delay_hour_cents",
            "co2_kg_per_mile",
        ):
            value = getattr(self, name)
            if not np.isfinite(value) or value < 0:
                raise ValueError(f"{name} must be a number of 0 or more, not {value!r}.")
        if self.service_minutes < 0:
            raise ValueError("service_minutes must be 0 or more.")

    def as_dict(self) -> dict[str, Any]:
        """Return the whole policy as values that JSON can hold, to be stored by version."""
        return asdict(self)


DEFAULT_POLICY = Policy()
