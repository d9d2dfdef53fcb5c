"""What is owed when a booking falls through: by rule, from the agreed terms, the plan and the clock.

Nobody's word counts in its own favour, only what the clock shows. What the rule says is recorded with the cancellation;
the two sides settle it between them. `docs/bookings.md` has the table and a worked example.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from brokers.models import Booking, CancelReason, Tour, TourStop
from brokers.terms import terms_of
from foundation.accounts.models import Organization
from foundation.trade.money import dollars
from matching.engine.policy import DEFAULT_POLICY

FREE_UNTIL = timedelta(hours=24)
"""A seller that cancels sooner than so long before the pickup opens, and before the truck leaves, owes nothing."""

SELLERS_REASONS = frozenset(
    {
        CancelReason.LOAD_NOT_READY,
        CancelReason.RATE_OR_TERMS,
        CancelReason.NO_SHOW,
        CancelReason.WEATHER,
        CancelReason.MISTAKE,
        CancelReason.OTHER,
    }
)
CARRIERS_REASONS = frozenset(
    {
        CancelReason.LOAD_NOT_READY,
        CancelReason.RATE_OR_TERMS,
        CancelReason.TRUCK_BROKE_DOWN,
        CancelReason.DRIVER_OUT_OF_HOURS,
        CancelReason.WEATHER,
        CancelReason.MISTAKE,
        CancelReason.OTHER,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """What a cancellation leaves to pay, in cents; `by` is None where nobody owes. `sentence` says why."""

    by: Organization | None = None
    tonu_cents: int = 0
    deadhead_cents: int = 0
    deadhead_miles: float = 0.0
    sentence: str = ""

    @property
    def cents(self) -> int:
        """All of it."""
        return self.tonu_cents + self.deadhead_cents


def reasons_for(booking: Booking, by: Organization) -> frozenset[CancelReason]:
    """Return the reasons that a side may give: a seller does not say that the truck broke down."""
    return CARRIERS_REASONS if by.pk == booking.carrier_id else SELLERS_REASONS


def is_over(booking: Booking, now: datetime) -> bool:
    """Say whether the last agreed window has closed: what is hauled by then is not cancelled any more."""
    return now >= max(time.closes_at for time in terms_of(booking).stop_times)


def owed(booking: Booking, by: Organization, now: datetime, reason: str = "") -> Owed:
    """Return who owes what when this side cancels now for this reason.

    The seller owes the agreed TONU from 24 hours before the pickup opens, or once the truck has left for it, and the
    empty miles that the truck has driven towards the pickup by then, by the plan, at the dated default of an empty
    mile. The carrier owes nothing; and it is owed the same when it leaves because the load was not ready after the
    free time that was agreed. A truck that is not there when the pickup window closes is owed nothing.
    """
    if booking.carrier_id == booking.seller_id:
        return Owed(sentence="Nobody owes anything: the freight and the truck are of one company.")
    pickup = terms_of(booking).stop_times[0]
    if by.pk == booking.carrier_id:
        kept_waiting_until = max(_planned_arrival(booking) or pickup.opens_at, pickup.opens_at) + timedelta(
            minutes=booking.free_minutes
        )
        if reason != CancelReason.LOAD_NOT_READY:
            return Owed(sentence="Nobody owes anything: a carrier that cancels is owed nothing, and owes no fee.")
        if now < kept_waiting_until:
            return Owed(sentence="Nobody owes anything: the free time at the pickup is not over yet.")
        return _full(booking, now, "The load was not ready when the free time at the pickup was over")
    if reason == CancelReason.NO_SHOW:
        return Owed(sentence="Nobody owes anything: the pickup window closed and the truck was not there.")
    left_at = _leaves_at(booking)
    if left_at is not None and left_at <= now:
        return _full(booking, now, "The truck is on its way")
    if now >= pickup.opens_at - FREE_UNTIL:
        return _full(booking, now, "The pickup opens within 24 hours")
    return Owed(sentence="Nobody owes anything: the pickup is more than 24 hours off and the truck has not left.")


def no_show_is_shown(booking: Booking, now: datetime) -> bool:
    """Say whether the pickup window has closed, so that a seller may say that the truck did not come."""
    return now >= terms_of(booking).stop_times[0].closes_at


def _full(booking: Booking, now: datetime, why: str) -> Owed:
    miles = deadhead_miles(booking, now)
    deadhead = round(miles * DEFAULT_POLICY.empty_cents_per_mile)
    if not booking.tonu_cents and not deadhead:
        return Owed(sentence=f"{why}, but no TONU was agreed and no empty mile was driven: nobody owes anything.")
    parts = [f"the agreed TONU of {dollars(booking.tonu_cents)}"] if booking.tonu_cents else []
    if deadhead:
        a_mile = dollars(round(DEFAULT_POLICY.empty_cents_per_mile))
        parts.append(f"{miles:,.1f} empty miles at {a_mile}, {dollars(deadhead)}")
    return Owed(
        by=booking.seller,
        tonu_cents=booking.tonu_cents,
        deadhead_cents=deadhead,
        deadhead_miles=miles,
        sentence=f"{why}: {booking.seller} owes {booking.carrier} {' and '.join(parts)}.",
    )


def deadhead_miles(booking: Booking, now: datetime) -> float:
    """Return the empty miles that the truck has driven towards the booking's first pickup by now, by the plan.

    None count where other freight is on board on that stretch: that is paid by its own shipper.
    """
    stops = list(booking.tour.stops.order_by("sequence"))
    first = next((stop for stop in stops if stop.booking_id == booking.pk), None)
    if first is None or _is_loaded_before(stops, first):
        return 0.0
    stretch = _drives(booking.tour, after=_stop_before(stops, first), until=first.arrives_at)
    whole = sum((end - start for start, end in stretch), timedelta())
    driven = sum((max(min(end, now) - start, timedelta()) for start, end in stretch), timedelta())
    if not whole:
        return 0.0
    return round(first.miles_before * (driven / whole), 1)


def _leaves_at(booking: Booking) -> datetime | None:
    """Return when the truck sets out towards the booking's first pickup, by the plan."""
    stops = list(booking.tour.stops.order_by("sequence"))
    first = next((stop for stop in stops if stop.booking_id == booking.pk), None)
    if first is None:
        return None
    drives = _drives(booking.tour, after=_stop_before(stops, first), until=first.arrives_at)
    return drives[0][0] if drives else first.arrives_at


def _planned_arrival(booking: Booking) -> datetime | None:
    first = booking.tour.stops.filter(booking=booking).order_by("sequence").first()
    return None if first is None else first.arrives_at


def _is_loaded_before(stops: Sequence[TourStop], first: TourStop) -> bool:
    """Say whether freight of another booking is on board on the way to a stop."""
    before = [stop for stop in stops if stop.sequence < first.sequence]
    after = {stop.booking_id for stop in stops if stop.sequence > first.sequence}
    return any(stop.booking_id in after and stop.booking_id != first.booking_id for stop in before)


def _stop_before(stops: Sequence[TourStop], first: TourStop) -> datetime | None:
    before = [stop.ends_at for stop in stops if stop.sequence < first.sequence]
    return max(before) if before else None


def _drives(tour: Tour, *, after: datetime | None, until: datetime) -> list[tuple[datetime, datetime]]:
    """Return the driving of a stretch by the tour's time line: from the end of the stop before to the arrival."""
    begins = tour.starts_at if after is None else after
    steps: list[dict[str, Any]] = [step for step in tour.steps if step["kind"] == "drive"]
    spans = [(datetime.fromisoformat(step["start_at"]), datetime.fromisoformat(step["end_at"])) for step in steps]
    return [(start, end) for start, end in spans if start >= begins and end <= until]
