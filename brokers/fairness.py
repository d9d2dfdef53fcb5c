"""Fair bargaining: the same benchmark for both sides of a load, and to each side alone what is its own business.

The benchmark is the market's (`matching.rate_queries`): it depends on the load and the market, never on who asks. The
carrier reads besides what the load is worth from at its own costs; the owner of a load that it sells itself reads how
far a rate is from the most that it would pay. Neither is given to anybody else, whoever represents whom.
"""

from dataclasses import dataclass
from datetime import datetime

from brokers.models import Thread
from brokers.splits import last_rates
from carriers.queries import costs_on
from foundation.accounts.models import Organization
from foundation.trade.errors import NotFound
from loads.models import Load
from matching.rate_queries import Estimate, estimate_of_load
from matching.why_not import ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """What a carrier needs, at its own costs: `worth_from_cents` with a return leg, over driving home empty.

    Without a leg `haul_cents`: what the loaded miles and the hours at the stops cost, no empty mile counted. `refusal`
    is the engine's sentence where the truck does not fit.
    """

    worth_from_cents: int | None = None
    haul_cents: int | None = None
    refusal: str = ""
    costs_are_default: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve:
    """The most that the owner would pay, and how far below it the other side's last rate stays (negative: above)."""

    reserve_cents: int
    left_cents: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fairness:
    """What one side reads before it names a rate."""

    load: Load
    estimate: Estimate
    floor: Floor | None = None
    reserve: Reserve | None = None


def fairness_of_load(viewer: Organization, load: Load, now: datetime, *, leg_id: str = "") -> Fairness:
    """Return the benchmark of a load that the viewer may see; with its own floor for one of its own return legs."""
    floor = _floor_on_leg(viewer, leg_id, load, now) if leg_id and viewer.hauls else None
    return Fairness(
        load=load,
        estimate=estimate_of_load(viewer, load, now),
        floor=floor,
        reserve=_reserve(load, None) if load.organization_id == viewer.pk and _sells(viewer, load) else None,
    )


def fairness_of_thread(viewer: Organization, thread: Thread, now: datetime) -> Fairness:
    """Return what a viewer who may read a thread reads of its benchmark, and its own floor or reserve."""
    load, floor, reserve = thread.load, None, None
    if thread.kind == Thread.Kind.CARRIAGE and viewer.pk == thread.taker_id:
        floor = (
            _floor_on_leg(viewer, thread.leg.public_id, load, now) if thread.leg else _floor_of_haul(viewer, load, now)
        )
    if viewer.pk == thread.seller_id == load.organization_id:
        reserve = _reserve(load, last_rates(thread).taker_cents)
    return Fairness(load=load, estimate=estimate_of_load(viewer, load, now), floor=floor, reserve=reserve)


def _floor_on_leg(viewer: Organization, leg_id: str, load: Load, now: datetime) -> Floor | None:
    """Return the carrier's floor for its return leg; None where it may not ask about the pair, or nothing would do."""
    try:
        answer = ask(viewer, leg_id, load.public_id, now)
    except NotFound:
        return None
    if not answer.is_carrier:
        return None
    refusal = "" if answer.seen["feasible"] else answer.seen["sentence"]
    if answer.seen["worth_from"] is None and not refusal:
        return None
    costs = costs_on(viewer, answer.leg.ready_at.date())
    return Floor(worth_from_cents=answer.seen["worth_from"], refusal=refusal, costs_are_default=costs.is_default)


def _floor_of_haul(viewer: Organization, load: Load, now: datetime) -> Floor:
    costs = costs_on(viewer, load.pickup_opens_at.date())
    minutes = sum(stop.service_minutes for stop in load.stops.all())
    cents = load.loaded_miles * costs.loaded_cents_per_mile + minutes / 60 * costs.hour_cents
    return Floor(haul_cents=round(cents), costs_are_default=costs.is_default)


def _sells(viewer: Organization, load: Load) -> bool:
    return load.seller_id in (None, viewer.pk)


def _reserve(load: Load, other_side_cents: int | None) -> Reserve | None:
    if load.reserve_cents is None:
        return None
    left = None if other_side_cents is None else load.reserve_cents - other_side_cents
    return Reserve(reserve_cents=load.reserve_cents, left_cents=left)
