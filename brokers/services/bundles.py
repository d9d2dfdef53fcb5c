"""Bundles: an outbound load with its backhauls, or a chain on a leg home, claimed as one: all of them or none."""

from collections.abc import Sequence
from datetime import datetime
from typing import Unpack

from brokers.elsewhere import check_units
from brokers.models import Claim
from brokers.models.claims import LONGEST_BUNDLE
from brokers.services.booking import leg_home
from brokers.services.claiming import Wanted, claim_terms, claim_together, naming, sent_before
from brokers.services.claims import claimable, claiming_carrier, judged
from brokers.services.grounds import check_on_leg, crew_of, on_leg
from brokers.terms import StopTime
from brokers.touring import NamedVehicle, Vehicle, agreed_times, plan_tour, vehicle_of
from brokers.withheld import CANNOT_COME, withheld
from carriers.models import ReturnLeg
from carriers.services.legs import prepare
from foundation.accounts.actor import Actor
from foundation.accounts.models import Organization
from foundation.trade import clock
from foundation.trade.errors import FieldProblem, Invalid
from loads.models import Load
from matching.touring import plan_home

_NOT_STORED = 0
_CANNOT_COME = f"{CANNOT_COME} Nothing was booked."


def claim_bundle(
    *,
    actor: Actor,
    loads: Sequence[Wanted],
    form_token: str = "",
    **vehicle: Unpack[NamedVehicle],
) -> Claim:
    """Claim two or three loads in driving order as one: booked at once, or pending while trust is checked again.

    Without a leg the first load goes out, and the others come home on the leg that it opens; with one all of them ride
    on it. The same form sent twice gives the first claim. Raises as `claim_load`, each refusal with the load that it
    speaks of; then nothing is booked. `Invalid` for too few or too many loads, or one that is named twice.
    """
    actor.require("bookings:write")
    _check_count(loads)
    now = clock.now()
    carrier = claiming_carrier(actor, vehicle, now)
    made = sent_before(carrier, form_token, [each.load_id for each in loads])
    if made is not None:
        return made
    with withheld(actor.organization, carrier):
        rides = vehicle_of(carrier, **vehicle)
    seen = [claimable(carrier, wanted, now, among=len(loads)) for wanted in loads]
    with withheld(actor.organization, carrier, _CANNOT_COME):
        check_together(carrier=carrier, vehicle=rides, loads=seen, now=now)
    judgement = judged(carrier, seen, rides.truck, now)
    return claim_together(
        actor=actor,
        carrier=carrier,
        vehicle=rides,
        loads=dict(zip(seen, loads, strict=True)),
        judgement=judgement,
        form_token=form_token,
    )


def check_together(*, carrier: Organization, vehicle: Vehicle, loads: Sequence[Load], now: datetime) -> None:
    """Ask the engine whether a vehicle can take these loads in one go: the way out, then all that it brings home.

    Each is judged beside those before it, as they are booked, so that a refusal names the load that cannot be. Holds
    nothing and writes nothing: what is booked asks again under locks. Raises `Conflict` with the engine's sentence,
    `Invalid`.
    """
    times = {load.pk: claim_terms(load).stop_times for load in loads}
    if vehicle.leg is not None:
        _check_chain(carrier, vehicle, vehicle.leg, loads, times, now)
        return
    out, home = loads[0], loads[1:]
    with naming(out, among=len(loads)):
        _, terms = leg_home(load=out, stop_times=times[out.pk], vehicle=vehicle, carrier=carrier, now=now)
    prepared = prepare(carrier, terms)
    leg = ReturnLeg(id=_NOT_STORED, organization=carrier, **prepared.values)
    for count, last in enumerate(home, start=1):
        with naming(last, among=len(loads)):
            plan = plan_home(leg=leg, loads=home[:count], times=times, not_before=now)
            chosen = prepared.chosen
            check_units(plan, truck=vehicle.truck, driver=chosen.driver, trailer=chosen.trailer)


def _check_chain(
    carrier: Organization,
    vehicle: Vehicle,
    leg: ReturnLeg,
    loads: Sequence[Load],
    times: dict[int, tuple[StopTime, ...]],
    now: datetime,
) -> None:
    """Raise as `check_together` for loads on a leg home that is on the market."""
    with naming(loads[0], among=len(loads)):
        ground = on_leg(vehicle, leg, now)
    driver, trailer = crew_of(ground, vehicle)
    for count, last in enumerate(loads, start=1):
        with naming(last, among=len(loads)):
            plan = plan_tour(
                organization=carrier,
                truck=vehicle.truck,
                trailer=vehicle.trailer,
                driver=vehicle.driver,
                leg=leg,
                loads=loads[:count],
                home_base=None,
                now=now,
                already=[booking.load for booking in ground.bookings],
                times={**agreed_times(ground.bookings), **times},
            )
            check_units(plan, truck=vehicle.truck, driver=driver, trailer=trailer, but=ground.tour)
            check_on_leg(plan, leg, ground)


def _check_count(loads: Sequence[Wanted]) -> None:
    if not 2 <= len(loads) <= LONGEST_BUNDLE:
        sentence = f"Name two or three loads: a round trip has {LONGEST_BUNDLE} at most. Claim a single load by itself."
        raise Invalid([FieldProblem("loads", "count", sentence)])
    if len({wanted.load_id for wanted in loads}) < len(loads):
        sentence = "Name each load once: one of them is in the list twice."
        raise Invalid([FieldProblem("loads", "repeated", sentence)])
