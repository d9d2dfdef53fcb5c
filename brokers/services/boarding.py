"""What is on board of a return leg: counted anew from its tour with each booking, amendment and cancellation."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from brokers.models import Booking, BookingStatus, Tour, TourStop
from brokers.terms import terms_of
from carriers.models import ReturnLeg
from carriers.services.booked import Amounts, cover_leg, drop_leg, reopen_leg, set_on_board
from foundation.events.services import HasLabel
from foundation.trade.posting import Status
from loads.models import Load, LoadSize
from matching.engine.tours.insertion import MOST_LOADS, MOST_STOPS
from matching.services.boarding import note_on_board

_NOTHING: Amounts = (0, 0, 0)
_FEWEST_STOPS = 2  # of a load
_Point = tuple[float, float]


def settle_leg(*, leg: ReturnLeg, tour: Tour, actor: HasLabel | str, now: datetime) -> None:
    """Let a locked leg say what its tour leaves free: on the market while some stretch has room for another load.

    Called once the tour's stops and bookings stand. Nothing is added up over time, so nothing can go astray. What a
    certain load finds free on its own stretch is judged by the engine: `matching` shows it where it fits.
    """
    stops = _stops(tour)
    aboard = _aboard(stops)
    fullest = _most(aboard)
    has_moved = note_on_board(leg=leg, stops=_agreed(stops))
    ways = _ways(leg, stops, aboard)
    set_on_board(
        leg=leg,
        weight_pounds=fullest[0],
        length_feet=fullest[1],
        pallets=fullest[2],
        part_way=_least_below(fullest, ways),
        has_moved=has_moved,
        actor=actor,
        now=now,
    )
    if leg.status not in (Status.OPEN, Status.COVERED):
        return
    takes_more = _takes_more(leg, tour, stops, ways, now)
    if not stops and not is_reached(leg):
        drop_leg(leg=leg, actor=actor, now=now)
    elif leg.status == Status.OPEN and not takes_more:
        cover_leg(leg=leg, actor=actor, now=now)
    elif leg.status == Status.COVERED and takes_more:
        reopen_leg(leg=leg, actor=actor, now=now)


def is_reached(leg: ReturnLeg) -> bool:
    """Say whether the truck gets to where a leg begins: one that an outbound booking opened stands with that booking,
    or with another of the same tour.
    """
    openers = set(Booking.objects.filter(opened_leg=leg).values_list("status", flat=True))
    return not openers or BookingStatus.BOOKED in openers


def _takes_more(leg: ReturnLeg, tour: Tour, stops: Sequence[TourStop], ways: Sequence[Amounts], now: datetime) -> bool:
    """Say whether another load can join: the truck comes there and is not under way, no full load rides on the leg,
    some stretch has room by weight and length, and the engine can plan one load more.
    """
    loads = {stop.booking_id: stop.booking.load for stop in stops}
    if not is_reached(leg):
        return False
    if not loads:
        return True
    if any(load.size == LoadSize.FULL for load in loads.values()):
        return False
    if tour.starts_at <= now:
        return False
    if len(loads) >= MOST_LOADS or len(stops) + _FEWEST_STOPS > MOST_STOPS:
        return False
    pounds, feet = leg.weight_pounds + leg.taken_weight_pounds, leg.length_feet + leg.taken_length_feet
    return any(way[0] < pounds and way[1] < feet for way in ways)


def _stops(tour: Tour) -> list[TourStop]:
    rows = TourStop.objects.filter(tour=tour, booking__status=BookingStatus.BOOKED).order_by("sequence")
    return list(rows.select_related("booking__load").prefetch_related("booking__load__stops"))


def _agreed(stops: Sequence[TourStop]) -> list[tuple[int, int, datetime, datetime]]:
    """Return what `note_on_board` takes: the agreed windows in driving order, where partial loads share the truck."""
    if not any(stop.booking.load.size == LoadSize.PARTIAL for stop in stops):
        return []
    windows = {
        (booking.pk, time.sequence): (time.opens_at, time.closes_at)
        for booking in {stop.booking_id: stop.booking for stop in stops}.values()
        for time in terms_of(booking).stop_times
    }
    return [(stop.booking.load_id, stop.stop_sequence, *windows[stop.booking_id, stop.stop_sequence]) for stop in stops]


def _aboard(stops: Sequence[TourStop]) -> list[Amounts]:
    """Return what partial loads take when the truck leaves each stop."""
    last = {stop.booking_id: stop.pk for stop in stops}
    riding: dict[int, Amounts] = {}
    found = []
    for stop in stops:
        load = stop.booking.load
        if load.size == LoadSize.PARTIAL:
            riding[stop.booking_id] = _amounts(load)
        if last[stop.booking_id] == stop.pk:
            riding.pop(stop.booking_id, None)
        pounds, feet, pallets = (sum(part) for part in zip(_NOTHING, *riding.values(), strict=True))
        found.append((pounds, feet, pallets))
    return found


def _ways(leg: ReturnLeg, stops: Sequence[TourStop], aboard: Sequence[Amounts]) -> list[Amounts]:
    """Return what is on board on each stretch of some length: to the first stop, between stops, and on the way home."""
    places = [(leg.empty_lat, leg.empty_lon), *map(_point, stops), (leg.home_lat, leg.home_lon)]
    carried = [_NOTHING, *aboard]
    return [what for what, (start, end) in zip(carried, pairwise(places), strict=True) if start != end]


def _point(stop: TourStop) -> _Point:
    place = stop.booking.load.stops.all()[stop.stop_sequence]
    return place.lat, place.lon


def _most(amounts: Sequence[Amounts]) -> Amounts:
    pounds, feet, pallets = (max(part) for part in zip(_NOTHING, *amounts, strict=True))
    return pounds, feet, pallets


def _least_below(fullest: Amounts, ways: Sequence[Amounts]) -> Amounts:
    """Return how much less than at the fullest stretch is on board where least is, each measure by itself."""
    if not ways:
        return _NOTHING
    least = [min(way[part] for way in ways) for part in range(3)]
    return fullest[0] - least[0], fullest[1] - least[1], fullest[2] - least[2]


def _amounts(load: Load) -> Amounts:
    return load.weight_pounds, load.length_feet, load.pallets
