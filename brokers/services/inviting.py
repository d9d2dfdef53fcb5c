"""What the engine says of a truck before it is offered, or claimed with: to its carrier all, to others what they see.

Others are a seller that would offer its load to the truck, and a broker that acts for the carrier. To them the truck is
judged as matching judges it for others: rested when it is ready, with the room that it has free. On the load's own
times matching has told them already whether the pair can be, the driver's hours and what is on board included; on other
times than those the carrier alone finds out, so that no row of offers feels its hours out.
"""

from collections.abc import Sequence
from datetime import datetime

from brokers.services.grounds import plan_for
from brokers.terms import StopTime, posted_terms
from brokers.touring import Vehicle
from brokers.withheld import withheld
from carriers.models import ReturnLeg
from foundation.accounts.actor import Actor
from foundation.accounts.models import Organization
from foundation.trade.errors import Conflict, Invalid
from loads.models import Load
from matching.touring import why_not_for_others
from matching.why_not import LATE

_ON_BOARD = "beside the loads that are booked on it there is no room on these stretches"
_TAKEN = "This return leg takes no more loads: its truck is under way or booked. Choose another truck."
_ELSEWHERE = frozenset({"truck_is_in_one_place", "driver_is_in_one_place", "trailer_is_in_one_place"})


def check_can_take(
    *,
    actor: Actor,
    carrier: Organization,
    load: Load,
    stop_times: Sequence[StopTime],
    vehicle: Vehicle,
    now: datetime,
) -> None:
    """Raise why a carrier's vehicle cannot take a load on these times, as far as who acts for the carrier may read it:
    its own people the engine's sentence, a broker what the market knows of the truck. Raises `Conflict`, `Invalid`.
    """
    if actor.organization.pk == carrier.pk:
        plan_for(load=load, stop_times=stop_times, vehicle=vehicle, carrier=carrier, now=now)
    elif vehicle.leg is not None:
        check_can_be_offered(load=load, stop_times=stop_times, vehicle=vehicle, leg=vehicle.leg, now=now)
    elif _as_posted(load, stop_times):
        with withheld(actor.organization, carrier):
            plan_for(load=load, stop_times=stop_times, vehicle=vehicle, carrier=carrier, now=now)


def check_can_be_offered(
    *, load: Load, stop_times: Sequence[StopTime], vehicle: Vehicle, leg: ReturnLeg, now: datetime
) -> None:
    """Raise `Conflict` with the engine's reason where a truck on a leg in sight cannot take a load on these times."""
    rule, why = why_not_for_others(leg=leg, load=load, times={load.pk: stop_times}, not_before=now)
    if why:
        raise Conflict(rule, _refusal(why))
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


def vehicle_on(leg: ReturnLeg) -> Vehicle:
    """Return with what a load offered to a leg would be hauled: all that the leg was posted with."""
    return Vehicle(truck=leg.truck, leg=leg, driver=leg.driver, trailer=leg.trailer, home_base=leg.home_base)


def _refusal(why: str) -> str:
    return f"This truck cannot take this load on these times: {why}. Offer it other times, or choose another truck."


def _as_posted(load: Load, stop_times: Sequence[StopTime]) -> bool:
    posted = posted_terms(load, rate_cents=load.rate_cents or 1).stop_times
    return [(time.opens_at, time.closes_at) for time in posted] == [
        (time.opens_at, time.closes_at) for time in stop_times
    ]
