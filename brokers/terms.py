"""The terms of a bargain as a value, with what differs between two of them; `brokers.bargain_rules` judges them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any, Self

from brokers.models import Bargain
from foundation.rest.fields import instant
from loads.models import Load


@dataclass(frozen=True, slots=True, kw_only=True)
class StopTime:
    """When a stop of the load is to be served: its window (aware instants), by appointment or not."""

    sequence: int
    opens_at: datetime
    closes_at: datetime
    by_appointment: bool = False

    def stored(self) -> dict[str, Any]:
        """Return it as plain JSON, instants in UTC."""
        return {
            "sequence": self.sequence,
            "opens_at": instant(self.opens_at),
            "closes_at": instant(self.closes_at),
            "by_appointment": self.by_appointment,
        }

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Self:
        """Return it from plain JSON."""
        return cls(
            sequence=int(stored["sequence"]),
            opens_at=datetime.fromisoformat(stored["opens_at"]),
            closes_at=datetime.fromisoformat(stored["closes_at"]),
            by_appointment=bool(stored["by_appointment"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BargainTerms:
    """Rate, accessorial terms, times at the stops, days to pay and a note to both sides; cents and minutes.

    All-in: the whole rate stands in `linehaul_cents` and the fuel surcharge is 0.
    """

    linehaul_cents: int
    fuel_surcharge_cents: int = 0
    free_minutes: int = 120
    detention_cents_per_hour: int = 0
    tonu_cents: int = 0
    layover_cents: int = 0
    payment_days: int = 30
    stop_times: tuple[StopTime, ...] = field(default=())
    notes: str = ""

    @property
    def rate_cents(self) -> int:
        """The all-in rate."""
        return self.linehaul_cents + self.fuel_surcharge_cents

    def columns(self) -> dict[str, Any]:
        """Return the columns of a row that keeps these terms."""
        values = asdict(self)
        values["stop_times"] = [time.stored() for time in self.stop_times]
        return values


def posted_terms(load: Load, *, rate_cents: int | None = None) -> BargainTerms:
    """Return the terms as a load is posted to carriers, at a rate or at its own, 0 where it is open to offers.

    Expects `stops` to be loaded.
    """
    return BargainTerms(
        linehaul_cents=(load.rate_cents or 0) if rate_cents is None else rate_cents,
        free_minutes=load.free_minutes,
        detention_cents_per_hour=load.detention_cents_per_hour,
        tonu_cents=load.tonu_cents,
        layover_cents=load.layover_cents,
        payment_days=load.payment_days,
        stop_times=posted_times(load),
    )


def posted_times(load: Load) -> tuple[StopTime, ...]:
    """Return the windows of a load's stops as they are posted."""
    return tuple(
        StopTime(
            sequence=stop.sequence,
            opens_at=stop.opens_at,
            closes_at=stop.closes_at,
            by_appointment=stop.by_appointment,
        )
        for stop in load.stops.all()
    )


def terms_of(row: Bargain) -> BargainTerms:
    """Return the terms that an offer, booking or amendment keeps."""
    values = {each.name: getattr(row, each.name) for each in fields(BargainTerms)}
    values["stop_times"] = tuple(StopTime.read(stored) for stored in row.stop_times)
    return BargainTerms(**values)


def differences(before: BargainTerms, after: BargainTerms) -> dict[str, tuple[Any, Any]]:
    """Return what changed, field by field as (before, after); a stop's time as `stop_times.<sequence>`."""
    found: dict[str, tuple[Any, Any]] = {}
    for each in fields(BargainTerms):
        if each.name == "stop_times":
            continue
        old, new = getattr(before, each.name), getattr(after, each.name)
        if old != new:
            found[each.name] = (old, new)
    if before.rate_cents != after.rate_cents:
        found = {"rate_cents": (before.rate_cents, after.rate_cents), **found}
    old_times = {time.sequence: time for time in before.stop_times}
    new_times = {time.sequence: time for time in after.stop_times}
    for sequence in sorted(old_times.keys() | new_times.keys()):
        if old_times.get(sequence) != new_times.get(sequence):
            found[f"stop_times.{sequence}"] = (old_times.get(sequence), new_times.get(sequence))
    return found
