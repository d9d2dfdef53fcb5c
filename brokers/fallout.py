"""What is owed when a booking falls through: by rule, from the agreed terms, the plan and the clock.

Nobody's word counts in its own favour, only what the clock shows: `owed`. What would be owed otherwise if the reason
that a side gave is true hangs on its word (`hanging_on`), and the other side is asked: `services.contending`.
`docs/bookings.md` has the table and a worked example.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
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

    @property
    def words(self) -> str:
        """What it is made of: "the agreed TONU of $250.00 and 46.0 empty miles at $2.14, $98.44"."""
        parts = [f"the agreed TONU of {dollars(self.tonu_cents)}"] if self.tonu_cents else []
        if self.deadhead_cents:
            a_mile = dollars(round(DEFAULT_POLICY.empty_cents_per_mile))
            parts.append(f"{self.deadhead_miles:,.1f} empty miles at {a_mile}, {dollars(self.deadhead_cents)}")
        return " and ".join(parts)


def reasons_for(booking: Booking, by: Organization, now: datetime) -> frozenset[CancelReason]:
    """Return the reasons that a side may give now: a seller does not say that the truck broke down.

    Once the freight is on board by the plan, only those that say that it never was.
    """
    if is_on_board(booking, now):
        return frozenset({CancelReason.LOAD_NOT_READY if by.pk == booking.carrier_id else CancelReason.NO_SHOW})
    return every_reason_for(booking, by)


def every_reason_for(booking: Booking, by: Organization) -> frozenset[CancelReason]:
    """Return the reasons that a side may give while nothing is on board."""
    return CARRIERS_REASONS if by.pk == booking.carrier_id else SELLERS_REASONS


def why_few_reasons(booking: Booking, by: Organization, now: datetime) -> str:
    """Return why a side may not give any of its reasons now, and what it can do; "" where it may."""
    if not is_on_board(booking, now):
        return ""
    never = (
        "If it was never loaded, say that the load was not ready."
        if by.pk == booking.carrier_id
        else "If the truck never came, say so once the pickup window has closed."
    )
    return (
        "By the plan the freight is on board, so neither side cancels alone any more: agree on an amendment with the "
        f"other one. {never}"
    )


def is_on_board(booking: Booking, now: datetime) -> bool:
    """Say whether the freight is on board by the plan: loaded at its first pickup."""
    first = _first_stop(booking)
    return first is not None and first.ends_at <= now


def is_over(booking: Booking, now: datetime) -> bool:
    """Say whether the last agreed window has closed: what is hauled by then is not cancelled any more."""
    return now >= max(time.closes_at for time in terms_of(booking).stop_times)


def owed(booking: Booking, by: Organization, now: datetime) -> Owed:
    """Return who owes what when this side cancels now, whatever reason it gives: what the clock alone shows.

    The seller owes the agreed TONU from 24 hours before the pickup opens, or once the truck has left for it, and the
    empty miles that the truck has driven towards the pickup by then, by the plan, at the dated default of an empty
    mile. The carrier owes nothing and is owed nothing.
    """
    if booking.carrier_id == booking.seller_id:
        return Owed(sentence="Nobody owes anything: the freight and the truck are of one company.")
    if by.pk == booking.carrier_id:
        return Owed(sentence="Nobody owes anything: a carrier that cancels is owed nothing, and owes no fee.")
    why = why_the_seller_owes(booking, now)
    if not why:
        return Owed(sentence="Nobody owes anything: the pickup is more than 24 hours off and the truck has not left.")
    return _full(booking, now, why)


def hanging_on(booking: Booking, by: Organization, now: datetime, reason: str) -> Owed | None:
    """Return what hangs on the word of the side that cancels now for this reason; None where nothing does.

    A carrier whose load was not ready, once the free time that was agreed at the pickup is over by the plan, would be
    owed as if the seller had cancelled. A seller whose truck did not come would not owe what it owes by the clock.
    """
    if booking.carrier_id == booking.seller_id:
        return None
    found: Owed | None = None
    if by.pk == booking.carrier_id and reason == CancelReason.LOAD_NOT_READY and now >= _waited_until(booking):
        found = _full(booking, now, "The load was not ready when the free time at the pickup was over")
    elif by.pk == booking.seller_id and reason == CancelReason.NO_SHOW and no_show_is_shown(booking, now):
        found = owed(booking, by, now)
    return found if found is not None and found.cents else None


def sentence_of(booking: Booking, by: Organization, now: datetime, reason: str) -> str:
    """Return what cancelling now for this reason would leave to pay, with what hangs on the word of who cancels."""
    said, hanging = owed(booking, by, now), hanging_on(booking, by, now, reason)
    if hanging is None:
        waits = by.pk == booking.carrier_id and reason == CancelReason.LOAD_NOT_READY
        if waits and booking.carrier_id != booking.seller_id and now < _waited_until(booking):
            return "Nobody owes anything: the free time at the pickup is not over yet."
        return said.sentence
    amount = dollars(hanging.cents)
    if by.pk == booking.carrier_id:
        return (
            f"You claim {amount}: {hanging.words}. {booking.seller} is asked whether the load was not ready, "
            "and owes nothing of it before it agrees."
        )
    return f"{said.sentence} {booking.carrier} is asked whether its truck did not come; if it agrees, nobody owes it."


def why_the_seller_owes(booking: Booking, now: datetime) -> str:
    """Return why a seller that cancels now owes by the clock; "" while it may leave for nothing."""
    left_at = _leaves_at(booking)
    if left_at is not None and left_at <= now:
        return "The truck is on its way"
    if now >= terms_of(booking).stop_times[0].opens_at - FREE_UNTIL:
        return "The pickup opens within 24 hours"
    return ""


def hanging_on_the_sale(booking: Booking, tonu_cents: int, carriage: Owed) -> Owed | None:
    """Return what a shipper would owe the broker that sold its load, which was not ready: the TONU of the sale, and the
    empty miles of the carriage. It hangs on the broker's word; None where it comes to nothing.
    """
    found = Owed(
        by=booking.shipper,
        tonu_cents=tonu_cents,
        deadhead_cents=carriage.deadhead_cents,
        deadhead_miles=carriage.deadhead_miles,
    )
    return found if found.cents else None


def _waited_until(booking: Booking) -> datetime:
    """Return when the agreed free time at the pickup is over, by the plan."""
    opens_at = terms_of(booking).stop_times[0].opens_at
    first = _first_stop(booking)
    arrived_at = opens_at if first is None else max(first.arrives_at, opens_at)
    return arrived_at + timedelta(minutes=booking.free_minutes)


def no_show_is_shown(booking: Booking, now: datetime) -> bool:
    """Say whether the pickup window has closed, so that a seller may say that the truck did not come."""
    return now >= terms_of(booking).stop_times[0].closes_at


def _full(booking: Booking, now: datetime, why: str) -> Owed:
    miles = deadhead_miles(booking, now)
    found = Owed(
        by=booking.seller,
        tonu_cents=booking.tonu_cents,
        deadhead_cents=round(miles * DEFAULT_POLICY.empty_cents_per_mile),
        deadhead_miles=miles,
    )
    if not found.cents:
        return Owed(sentence=f"{why}, but no TONU was agreed and no empty mile was driven: nobody owes anything.")
    return replace(found, sentence=f"{why}: {booking.seller} owes {booking.carrier} {found.words}.")


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


def _first_stop(booking: Booking) -> TourStop | None:
    return booking.tour.stops.filter(booking=booking).order_by("sequence").first()


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
