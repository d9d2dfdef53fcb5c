"""Tours that begin: a truck that is under way takes no more loads, so its leg leaves the market."""

from brokers.models import Tour, TourStatus
from brokers.retrying import retried
from brokers.services.boarding import settle_leg
from carriers.models import ReturnLeg
from foundation.events.services import SYSTEM
from foundation.trade import clock
from foundation.trade.errors import Busy
from foundation.trade.locks import locked
from foundation.trade.posting import Status

SETTLED_AT_ONCE = 200


def close_begun_legs() -> int:
    """Take the legs of partial loads off the market whose tours have begun; return how many.

    One that somebody holds just now is left to the next sweep.
    """
    begun = Tour.objects.filter(status=TourStatus.PLANNED, starts_at__lte=clock.now(), leg__status=Status.OPEN)
    closed = 0
    for tour_id, leg_id in list(begun.order_by("pk").values_list("pk", "leg_id")[:SETTLED_AT_ONCE]):
        try:
            closed += retried(lambda tour_id=tour_id, leg_id=leg_id: _close(tour_id, leg_id))  # type: ignore[misc]
        except Busy:
            continue
    return closed


def _close(tour_id: int, leg_id: int) -> int:
    related = ReturnLeg.objects.select_related("organization", "truck", "driver", "trailer", "home_base", "trip")
    leg = locked(related, [leg_id])[leg_id]
    tour = locked(Tour.objects.all(), [tour_id])[tour_id]
    if leg.status != Status.OPEN or tour.status != TourStatus.PLANNED:
        return 0
    settle_leg(leg=leg, tour=tour, actor=SYSTEM, now=clock.now())
    return int(leg.status != Status.OPEN)
