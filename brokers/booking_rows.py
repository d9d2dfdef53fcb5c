"""Bookings and tours as one of their parties reads them on a page: its own rate, the stops at their agreed times."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from brokers.booking_visibility import (
    BROKER,
    CARRIER,
    SHIPPER,
    is_brokered,
    rate_cents_for,
    reads_terms,
    role_of,
    version_for,
)
from brokers.models import Booking, Tour, TourStatus, TourStop
from brokers.terms import BargainTerms, terms_of
from foundation.accounts.models import Organization
from loads.models import Load, Stop


@dataclass(frozen=True, slots=True)
class BookingRow:
    """A booking as one of its parties reads it; `role` as in `booking_visibility`."""

    booking: Booking
    role: str
    acting_for: Organization | None = None

    @property
    def is_own(self) -> bool:
        """Whether the reader is a party, and not a broker that acts for one."""
        return self.acting_for is None

    @property
    def is_brokered(self) -> bool:
        """Whether a broker stands between shipper and carrier."""
        return is_brokered(self.booking)

    @property
    def version(self) -> int:
        """The version as the reader counts it."""
        return version_for(self.booking, self.role)

    @property
    def rate_cents(self) -> int:
        """The reader's own rate: what the carrier earns, what the seller pays it, what a brokered shipper pays."""
        return rate_cents_for(self.booking, self.role)

    @property
    def rate_words(self) -> str:
        """What the reader, or the side that it acts for, does with that rate."""
        if self.acting_for is not None:
            return f"{self.acting_for} {'earns' if self.role == CARRIER else 'pays'}"
        return "You earn" if self.role == CARRIER else "You pay"

    @property
    def margin_cents(self) -> int | None:
        """What is left to the broker between; None for everybody else."""
        shipper_rate = self.booking.shipper_rate_cents
        if self.role != BROKER or not self.is_own or shipper_rate is None:
            return None
        return shipper_rate - self.booking.rate_cents

    @property
    def reads_terms(self) -> bool:
        """Whether the terms between seller and carrier are the reader's own."""
        return reads_terms(self.booking, self.role)

    @property
    def other(self) -> Organization:
        """The party that the reader deals with: the carrier, the seller, or a brokered shipper's broker."""
        if self.role == CARRIER or (self.role == SHIPPER and self.is_brokered):
            return self.booking.seller
        return self.booking.carrier

    @property
    def parties(self) -> list[tuple[str, Organization]]:
        """Who takes part, each named by what it does."""
        booking = self.booking
        between = [("Broker", booking.seller)] if self.is_brokered else []
        return [("Shipper", booking.shipper), *between, ("Carrier", booking.carrier)]


def booking_row(booking: Booking, viewer: Organization, side: Organization | None = None) -> BookingRow:
    """Return a booking as the viewer reads it: a party of it, or a broker that acts for `side`."""
    if side is None or side.pk == viewer.pk:
        return BookingRow(booking, role_of(booking, viewer))
    return BookingRow(booking, role_of(booking, side), side)


@dataclass(frozen=True, slots=True)
class StopRow:
    """A stop of a load at its agreed time; `planned` is when the truck is to be there, for its carrier's eyes."""

    stop: Stop
    opens_at: datetime
    closes_at: datetime
    by_appointment: bool
    planned: TourStop | None = None


def stop_rows(load: Load, terms: BargainTerms, planned: Iterable[TourStop] = ()) -> list[StopRow]:
    """Return the load's stops in order, each at its agreed time, or as posted where none was agreed."""
    times = {time.sequence: time for time in terms.stop_times}
    plans = {row.stop_sequence: row for row in planned}
    rows = []
    for stop in load.stops.all():
        time = times.get(stop.sequence)
        rows.append(
            StopRow(
                stop=stop,
                opens_at=time.opens_at if time else stop.opens_at,
                closes_at=time.closes_at if time else stop.closes_at,
                by_appointment=time.by_appointment if time else stop.by_appointment,
                planned=plans.get(stop.sequence),
            )
        )
    return rows


@dataclass(frozen=True, slots=True)
class TourStopRow:
    """A stop of a tour as its carrier and its driver read it: whose it is, where, and within which window."""

    row: TourStop
    stop: Stop
    opens_at: datetime
    closes_at: datetime
    by_appointment: bool

    @property
    def load(self) -> Load:
        """The load that is picked up or delivered."""
        return self.row.booking.load

    @property
    def seller(self) -> Organization:
        """Whom to call about it."""
        return self.row.booking.seller

    @property
    def question(self) -> str:
        """What a map is asked for."""
        return f"{self.stop.address}, {self.stop.town} {self.stop.zip}"


@dataclass(frozen=True, slots=True)
class TourRow:
    """A tour with its places in driving order."""

    tour: Tour
    stops: Sequence[TourStopRow]
    is_under_way: bool

    @property
    def places(self) -> list[str]:
        """The cities in driving order, each once where it follows itself."""
        found: list[str] = []
        for stop in self.stops:
            place = stop.stop.town
            if not found or found[-1] != place:
                found.append(place)
        return found

    @property
    def loads(self) -> int:
        """How many loads are on it."""
        return len({stop.row.booking_id for stop in self.stops})

    @property
    def zone(self) -> str:
        """The zone of its first stop."""
        return self.stops[0].stop.time_zone if self.stops else self.tour.organization.time_zone

    @property
    def end_zone(self) -> str:
        """The zone of where it ends: at home, or at the last stop."""
        if self.tour.leg is not None:
            return self.tour.leg.home_time_zone
        return self.stops[-1].stop.time_zone if self.stops else self.tour.organization.time_zone


def tour_row(tour: Tour, now: datetime) -> TourRow:
    """Return a tour with its stops; expects what `booking_queries.tours_of` loads."""
    stops = []
    for row in tour.stops.all():
        found = {each.stop.sequence: each for each in stop_rows(row.booking.load, terms_of(row.booking))}
        stop = found[row.stop_sequence]
        stops.append(TourStopRow(row, stop.stop, stop.opens_at, stop.closes_at, stop.by_appointment))
    under_way = tour.status == TourStatus.PLANNED and tour.starts_at <= now < tour.ends_at
    return TourRow(tour, stops, under_way)
