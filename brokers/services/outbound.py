"""Going out together: a further partial load joins the tour of a truck that goes out, and its leg home follows.

All in the caller's transaction. The leg home opened with the tour's first booking, and is every booking's of the tour:
it begins where and when the tour ends, whoever joins or leaves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from brokers.booking_queries import live_bookings
from brokers.models import Booking, BookingStatus, Tour, TourStatus
from brokers.services.boarding import settle_leg
from brokers.terms import StopTime
from brokers.touring import Vehicle, end_of, planned_tours
from carriers.models import ReturnLeg, Truck
from carriers.services.booked import begin_leg_at, drop_leg, note_tour
from foundation.events.services import HasLabel
from foundation.trade.errors import TradeError
from foundation.trade.locks import locked
from foundation.trade.posting import Status
from loads.models import Load, LoadSize


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbound:
    """A tour on which a truck goes out with partial loads, its bookings, and the leg home that opened with them."""

    tour: Tour
    bookings: Sequence[Booking]
    home: ReturnLeg


def hold_legs_home(truck: Truck) -> set[int]:
    """Hold the legs home of a truck's planned tours out, before those tours are held: a load that joins moves them.

    Return their keys.
    """
    tours = Booking.objects.filter(tour__truck=truck, tour__status=TourStatus.PLANNED, status=BookingStatus.BOOKED)
    return set(locked(ReturnLeg.objects.filter(pk__in=tours.filter(opened_leg__isnull=False).values("opened_leg"))))


def tour_to_join(load: Load, stop_times: Sequence[StopTime], vehicle: Vehicle, now: datetime) -> Outbound | None:
    """Return the tour out that a partial load may share: of partial loads alone, not begun, in the load's own time,
    with the driver and trailer that were asked for. None where the load needs a tour of its own.
    """
    if vehicle.leg is not None or load.size != LoadSize.PARTIAL:
        return None
    begins, ends = min(time.opens_at for time in stop_times), max(time.closes_at for time in stop_times)
    tours = planned_tours(vehicle.truck).filter(leg__isnull=True, starts_at__gt=now)
    for tour in tours.filter(starts_at__lt=ends, ends_at__gt=begins).select_related("organization").order_by("pk"):
        bookings = live_bookings(tour)
        home = leg_home_of(bookings)
        is_shared = home is not None and all(booking.load.size == LoadSize.PARTIAL for booking in bookings)
        if is_shared and home is not None and _is_crew(tour, vehicle):
            return Outbound(tour=tour, bookings=bookings, home=home)
    return None


def leg_home_of(bookings: Sequence[Booking]) -> ReturnLeg | None:
    """Return the leg home that the bookings of a tour out opened, as it stands."""
    keys = [booking.opened_leg_id for booking in bookings if booking.opened_leg_id is not None]
    related = ReturnLeg.objects.select_related("organization", "truck", "driver", "trailer", "home_base", "trip")
    return related.filter(pk__in=keys).order_by("pk").first()


def follow_home(*, leg: ReturnLeg, tour: Tour, actor: HasLabel | str, now: datetime) -> None:
    """Let the locked leg home follow what is left of a tour out, from which a booking has gone.

    While others go out, it begins where the truck is empty then; where it cannot, since the truck would be home too
    late, it is withdrawn, and its carrier posts another. Where a load is booked on it, it stays as booked. With the
    last one it is withdrawn; or only taken off the market, where a load is booked on it: that booking stands, and its
    carrier decides. Raises nothing for any of that: whoever cancels is not told of a carrier's way home.
    """
    if tour.status != TourStatus.PLANNED:
        note_tour(leg=leg, starts_at=None, ends_at=None)
    if leg.status not in (Status.OPEN, Status.COVERED):
        return
    back = Tour.objects.filter(leg=leg, status=TourStatus.PLANNED).first()
    if tour.status == TourStatus.PLANNED:
        if back is None:
            _begin_or_drop(leg, tour, actor, now)
    elif back is None:
        drop_leg(leg=leg, actor=actor, now=now)
    else:
        settle_leg(leg=leg, tour=back, actor=actor, now=now)


def _begin_or_drop(leg: ReturnLeg, tour: Tour, actor: HasLabel | str, now: datetime) -> None:
    """Let a leg home begin where its tour ends now; one that would begin in vain leaves the market."""
    try:
        begin_leg_at(leg=leg, empty=end_of(tour), starts_at=tour.starts_at, ready_at=tour.ends_at, actor=actor, now=now)
    except TradeError:
        drop_leg(leg=leg, actor=actor, now=now)


def _is_crew(tour: Tour, vehicle: Vehicle) -> bool:
    """Say whether a tour has the driver and the trailer that a vehicle names, if it names any."""
    driver, trailer = vehicle.driver, vehicle.trailer
    return (driver is None or driver.pk == tour.driver_id) and (trailer is None or trailer.pk == tour.trailer_id)
