"""What the engine says to a seller that would offer its load to a truck, of which it knows what everybody sees.

The truck is judged as matching judges it for others: rested when it is ready, with the room that it has free. On the
load's own times matching has told the seller already whether the pair can be, the driver's hours and what is on board
included; on other times than those the carrier alone finds out, so that no row of offers feels its hours out.
"""

from collections.abc import Sequence
from datetime import datetime

from brokers.services.grounds import plan_for
from brokers.terms import StopTime, posted_terms
from brokers.touring import Vehicle
from carriers.models import ReturnLeg
from foundation.trade.errors import Conflict, Invalid
from loads.models import Load
from matching.touring import why_not_for_others
from matching.why_not import LATE

_ON_BOARD = "beside the loads that are booked on it there is no room on these stretches"
_TAKEN = "This return leg takes no more loads: its truck is under way or booked. Choose another truck."
_ELSEWHERE = frozenset({"truck_is_in_one_place", "driver_is_in_one_place", "trailer_is_in_one_place"})


def check_can_be_offered(*, load: Load, stop_times: Sequence[StopTime], leg: ReturnLeg, now: datetime) -> None:
    """Raise `Conflict` with the engine's reason where the truck of a leg in sight cannot take a load on these times."""
    rule, why = why_not_for_others(leg=leg, load=load, times={load.pk: stop_times}, not_before=now)
    if why:
        raise Conflict(rule, _refusal(why))
    vehicle = Vehicle(truck=leg.truck, leg=leg, driver=leg.driver, trailer=leg.trailer, home_base=leg.home_base)
    try:
        plan_for(load=load, stop_times=stop_times, vehicle=vehicle, carrier=leg.organization, now=now)
    except (Conflict, Invalid) as refusal:
        if refusal.code in ("leg_taken", "under_way"):
            raise Conflict("leg_gone", _TAKEN) from None
        if refusal.code in _ELSEWHERE and _as_posted(load, stop_times):  # nobody feels out when its other tours are
            raise Conflict("leg_gone", _TAKEN) from None
        if refusal.code == "cannot_carry":
            raise Conflict("cannot_carry", _refusal(_ON_BOARD)) from None
        if _as_posted(load, stop_times):
            raise Conflict("too_late", _refusal(LATE)) from None


def _refusal(why: str) -> str:
    return f"This truck cannot take this load as offered: {why}. Offer it other times, or choose another truck."


def _as_posted(load: Load, stop_times: Sequence[StopTime]) -> bool:
    posted = posted_terms(load, rate_cents=load.rate_cents or 1).stop_times
    return [(time.opens_at, time.closes_at) for time in posted] == [
        (time.opens_at, time.closes_at) for time in stop_times
    ]
