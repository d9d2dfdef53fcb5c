"""What is on board of a return leg: counted anew from its tour with each booking, amendment and cancellation."""

from datetime import datetime

from brokers.models import Booking, BookingStatus, Tour, TourStop
from carriers.models import ReturnLeg
from carriers.services.booked import cover_leg, reopen_leg, set_on_board
from foundation.accounts.actor import Actor
from foundation.trade.posting import Status
from loads.models import Load, LoadSize

Amounts = tuple[int, int, int]
"""Pounds, feet and pallets."""


def settle_leg(*, leg: ReturnLeg, tour: Tour, actor: Actor, now: datetime) -> None:
    """Let a locked leg say what its tour leaves free: on the market while there is room and no full load rides on it.

    Called once the tour's stops and bookings stand. Nothing is added up over time, so nothing can go astray.
    """
    pounds, feet, pallets = fullest_stretch(tour)
    set_on_board(leg=leg, weight_pounds=pounds, length_feet=feet, pallets=pallets, actor=actor, now=now)
    if leg.status not in (Status.OPEN, Status.COVERED):
        return
    full = Booking.objects.filter(tour=tour, status=BookingStatus.BOOKED, load__size=LoadSize.FULL)
    is_full = not leg.weight_pounds or not leg.length_feet or full.exists()
    if is_full and leg.status == Status.OPEN:
        cover_leg(leg=leg, actor=actor, now=now)
    elif not is_full and leg.status == Status.COVERED:
        reopen_leg(leg=leg, actor=actor, now=now)


def fullest_stretch(tour: Tour) -> Amounts:
    """Return the most pounds, feet and pallets of partial loads that are on board at once, each on its own stretch."""
    stops = list(TourStop.objects.filter(tour=tour).select_related("booking__load").order_by("sequence"))
    last = {stop.booking_id: stop.pk for stop in stops}
    aboard: dict[int, Amounts] = {}
    most: Amounts = (0, 0, 0)
    for stop in stops:
        load = stop.booking.load
        if load.size == LoadSize.PARTIAL:
            aboard[stop.booking_id] = _amounts(load)
        if last[stop.booking_id] == stop.pk:
            aboard.pop(stop.booking_id, None)
        pounds, feet, pallets = (sum(column) for column in zip(*aboard.values(), strict=True)) if aboard else (0, 0, 0)
        most = (max(most[0], pounds), max(most[1], feet), max(most[2], pallets))
    return most


def _amounts(load: Load) -> Amounts:
    return load.weight_pounds, load.length_feet, load.pallets
