"""Claims: a carrier takes a load as it is posted. First come, first served, in one transaction.

What asks others is done before it: finding the vehicle, judging trust. The claim is then made on rows that are held, so
that of many at the same moment one books and the others hear that the load is gone; the engine plans once, for the one
that books. Where trust cannot be judged yet, the load is reserved for ten minutes at most while the check repeats.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Unpack

from brokers.booking_queries import claim_of, claims_to_settle, load_in_sight, sees_load
from brokers.facts import tell_of_claim
from brokers.models import CLAIM_MOVES, Claim, ClaimedLoad, ClaimStatus
from brokers.retrying import retried
from brokers.services.booking import check_for_sale
from brokers.services.claiming import (
    Wanted,
    book_in_order,
    check_as_seen,
    check_still_claims,
    claim_terms,
    claim_together,
    naming,
    sent_before,
)
from brokers.services.grounds import on_leg, plan_for
from brokers.services.held_offers import check_still_books, claimant, settle_acceptance
from brokers.services.inviting import check_can_take
from brokers.services.releasing import were_taken_away
from brokers.touring import NamedVehicle, vehicle_in, vehicle_of
from brokers.trust import Judgement, judge_claim
from brokers.withheld import carriers_words, withheld
from carriers.models import ReturnLeg, Truck
from foundation.accounts.actor import Actor
from foundation.accounts.models import Capability, Organization
from foundation.accounts.queries import represented_by
from foundation.trade import clock
from foundation.trade.errors import Busy, Conflict, Forbidden, Invalid, NotFound, TradeError
from foundation.trade.status import change_status
from loads.models import Load
from loads.queries import locked_load

_SETTLED = "This claim was settled meanwhile. Reload to see how."
_OUT_OF_SIGHT = "The load is not in your sight any more."
_CHANGED = (
    "What this rested on has changed: the truck is out of service, or its return leg is off the market, of another "
    "truck, or was edited so that it cannot take the load. Nothing was booked: claim it anew with a truck that can."
)
_TIME_OVER = "The check did not come back in time, so the load went back to the market. Claim it again if it stands."


def claim_load(
    *,
    actor: Actor,
    load_id: str,
    load_version: int | None = None,
    rate_cents: int | None = None,
    form_token: str = "",
    **vehicle: Unpack[NamedVehicle],
) -> Claim:
    """Claim a load that is open to claims: booked at once, or pending while trust is checked again.

    The same form sent twice gives the first claim. Raises `Forbidden` without the right to book for the carrier,
    `NotFound` for a load out of its sight, `Invalid` for a vehicle that is not its own, `Conflict` when the load is
    gone, reserved, changed or not open to claims, when trust forbids it, or when the truck cannot take it.
    """
    actor.require("bookings:write")
    now = clock.now()
    carrier = claiming_carrier(actor, vehicle, now)
    made = sent_before(carrier, form_token, [load_id])
    if made is not None:
        return made
    with withheld(actor.organization, carrier):
        rides = vehicle_of(carrier, **vehicle)
    wanted = Wanted(load_id=load_id, load_version=load_version, rate_cents=rate_cents)
    seen = claimable(carrier, wanted, now)
    judgement = judged(carrier, [seen], rides.truck, now)
    # what a carrier books at once is planned once, on what stands under the locks
    if judgement.holds or actor.organization.pk != carrier.pk:
        times = claim_terms(seen).stop_times
        check_can_take(actor=actor, carrier=carrier, load=seen, stop_times=times, vehicle=rides, now=now)
    return claim_together(
        actor=actor,
        carrier=carrier,
        vehicle=rides,
        loads={seen: wanted},
        judgement=judgement,
        form_token=form_token,
    )


def claiming_carrier(actor: Actor, vehicle: NamedVehicle, now: datetime) -> Organization:
    """Return for whom an actor claims with a truck or leg: its own organization, or a carrier that it represents.

    Raises `Forbidden` where the organization does not haul, is not verified, or keeps claiming for itself.
    """
    actor.require_confirmed_email()
    carrier = _owner_of(actor.organization, vehicle, now)
    if carrier.pk == actor.organization.pk:
        actor.require_posting(Capability.HAULS)
        return carrier
    check_still_claims(actor, carrier, now)
    return carrier


def _check_claimant(actor: Actor, claim: Claim, now: datetime) -> None:
    """Raise `Forbidden` unless who made a claim on hold may still book, and claim for this carrier."""
    check_still_books(actor, "bookings:write")
    check_still_claims(actor, claim.carrier, now)


def _is_over(claim: Claim, now: datetime) -> bool:
    return claim.held_until is not None and claim.held_until <= now


def claimable(carrier: Organization, wanted: Wanted, now: datetime, *, among: int = 1) -> Load:
    """Return a load that this carrier may claim as it saw it; `among` how many loads it claims as one.

    Raises `NotFound` out of its sight, `Conflict` when it is gone, reserved, changed or not open to claims.
    """
    load = load_in_sight(carrier, wanted.load_id, now)
    with naming(load, among=among):
        check_for_sale(load, carrier=carrier, seller=load.sold_by, now=now)  # what reserves it is asked under the lock
        check_as_seen(load, carrier, wanted)
    return load


def judged(carrier: Organization, loads: Sequence[Load], truck: Truck | None, now: datetime) -> Judgement:
    """Return what the rules of trust say. Raises `Conflict` with the first one that forbids the claim.

    Who hauls its own freight asks for nobody's trust: the rules know that themselves, and still refuse a carrier that
    is out of service.
    """
    judgement = judge_claim(carrier=carrier, loads=loads, truck=truck, now=now)
    if judgement.blocks:
        block = judgement.blocks[0]
        raise Conflict(block.rule, block.sentence)
    return judgement


def settle_claim(*, claim_id: str) -> Claim:
    """Decide a claim on hold: booked when trust is there; released when a rule forbids it, the load is gone, who
    claimed may not any more, or the time is over; otherwise left as it is. Safe to run twice.

    So is an acceptance on hold, by its own rules. Raises `NotFound`.
    """
    if Claim.objects.filter(public_id=claim_id, offer__isnull=False).exists():
        return settle_acceptance(claim_id=claim_id)
    claim = _by_id(claim_id)
    now = clock.now()
    if claim.status != ClaimStatus.PENDING:
        return claim
    loads = [row.load for row in claim.loads.all()]
    judgement = judge_claim(carrier=claim.carrier, loads=loads, truck=claim.truck, now=now)
    if judgement.blocks:
        return _release(claim, judgement.blocks[0].sentence, judgement)
    if _is_over(claim, now):
        return _release(claim, _TIME_OVER, judgement)
    over = _why_no_more(claim, loads, now)
    if over:
        return _release(claim, over, judgement)
    if judgement.holds:
        return claim
    try:
        return retried(lambda: _book_held(claim, judgement))
    except Busy:
        raise
    except TradeError as refusal:
        return _release(claim, carriers_words(refusal), judgement, told=refusal.sentence)


def _why_no_more(claim: Claim, loads: Sequence[Load], now: datetime) -> str:
    """Return why a claim on hold has nothing to wait for: who made it may not claim any more, or a load is gone, has
    changed or is out of the carrier's sight, or what it rides on takes it no more; "" otherwise.
    """
    try:
        _check_claimant(claimant(claim, now), claim, now)
        _check_loads(claim, loads, now)
    except (Forbidden, Conflict, NotFound) as refusal:
        return refusal.sentence
    return "" if _still_rides(claim, loads, now) else _CHANGED


def _still_rides(claim: Claim, loads: Sequence[Load], now: datetime) -> bool:
    """Say whether the truck of a claim on hold is in service, and its return leg still that truck's, on the market, and
    takes the load; of several loads on it, and of a truck that goes out, that is judged when they are booked.
    """
    vehicle = vehicle_in(claim)
    if vehicle.truck.archived_at is not None:
        return False
    if claim.leg is None:
        return True
    try:
        if len(loads) > 1:
            on_leg(vehicle, claim.leg, now)
        else:
            times = claim_terms(loads[0]).stop_times
            plan_for(load=loads[0], stop_times=times, vehicle=vehicle, carrier=claim.carrier, now=now)
    except (Conflict, Invalid):
        return False
    return True


def _check_loads(claim: Claim, loads: Iterable[Load], now: datetime) -> None:
    """Raise unless each load of a claim on hold is for sale and in sight, as the carrier saw it when it claimed."""
    standing = {load.pk: load for load in loads}
    rows = list(claim.loads.all())
    for row in rows:
        load = standing[row.load_id]
        wanted = Wanted(load_id=load.public_id, load_version=row.load_version, rate_cents=row.rate_cents)
        with naming(load, among=len(rows)):
            if not sees_load(claim.carrier, load, now):
                raise NotFound(_OUT_OF_SIGHT)
            check_for_sale(load, carrier=claim.carrier, seller=load.sold_by, now=now)
            check_as_seen(load, claim.carrier, wanted)


def release_due_claims() -> int:
    """Settle the claims on hold whose time is over; return how many are.

    One whose load others hold just now is left to the next sweep.
    """
    settled = 0
    for claim_id in list(claims_to_settle(clock.now()).values_list("public_id", flat=True)[:200]):
        try:
            settled += settle_claim(claim_id=claim_id).closed_at is not None
        except Busy:
            continue
    return settled


def _book_held(claim: Claim, judgement: Judgement) -> Claim:
    """Book the loads of a claim on hold, in its order, and close it.

    Whoever settles a claim holds its loads first, so that it is read under them; what it rides on is held by `book`
    alone, once and in the house's order, and the claim is closed by a counted update when all else is written.
    """
    held = {key: locked_load(pk=key) for key in sorted(row.load_id for row in claim.loads.all())}
    standing, now = _by_id(claim.public_id), clock.now()
    if standing.status != ClaimStatus.PENDING:
        return standing
    if _is_over(standing, now):
        raise Conflict("time_over", _TIME_OVER)
    actor, rows = claimant(standing, now), list(standing.loads.all())
    _check_claimant(actor, standing, now)
    _check_loads(standing, held.values(), now)
    bookings = book_in_order(
        loads=[held[row.load_id] for row in rows],
        vehicle=vehicle_in(standing),
        carrier=standing.carrier,
        actor=actor,
        now=now,
        claim_id=standing.pk,
    )
    if _is_over(standing, clock.now()):  # it may have waited for the truck
        raise Conflict("time_over", _TIME_OVER)
    for row, booking in zip(rows, bookings, strict=True):
        row.booking, row.is_held, row.both_sides = booking, False, booking.both_sides
        row.save(update_fields=["booking", "is_held", "both_sides"])
    return _close(standing, ClaimStatus.BOOKED, "", judgement, now, actor)


def _release(claim: Claim, outcome: str, judgement: Judgement, *, told: str = "") -> Claim:
    """Release a claim on hold: `outcome` is why as the carrier reads it, `told` as a broker that claimed for it does,
    where that is something else.
    """

    def work() -> Claim:
        for key in sorted(row.load_id for row in claim.loads.all()):
            locked_load(pk=key)
        now = clock.now()
        spared = were_taken_away(claim, now)
        ClaimedLoad.objects.filter(claim=claim).update(is_held=False)
        return _close(
            claim,
            ClaimStatus.RELEASED,
            outcome[:300],
            judgement,
            now,
            claimant(claim, now),
            told=(told or outcome)[:300],
            spared=spared,
        )

    try:
        return retried(work)
    except Conflict:
        return _by_id(claim.public_id)


def _close(
    claim: Claim,
    status: ClaimStatus,
    outcome: str,
    judgement: Judgement,
    now: datetime,
    actor: Actor,
    *,
    told: str = "",
    spared: bool = False,
) -> Claim:
    change_status(
        claim,
        to=status,
        moves=CLAIM_MOVES,
        fact=lambda row: tell_of_claim("claim.closed", _by_id(row.public_id), actor),
        sentence=_SETTLED,
        closed_at=now,
        outcome=outcome,
        told=told,
        spared=spared,
        checks=judgement.stored(),
    )
    return _by_id(claim.public_id)


def _owner_of(organization: Organization, vehicle: NamedVehicle, now: datetime) -> Organization:
    """Return whose truck or leg is named, among the organization and those that it represents."""
    if not (organization.brokers and organization.is_verified):
        return organization  # it acts for nobody else
    owners = [organization.pk, *represented_by(organization, now).values_list("pk", flat=True)]
    truck_id, leg_id = vehicle.get("truck_id", ""), vehicle.get("leg_id", "")
    named = (
        Truck.objects.filter(public_id=truck_id, organization__in=owners)
        if truck_id
        else ReturnLeg.objects.filter(public_id=leg_id, organization__in=owners)
    )
    unit = named.select_related("organization").first()
    return organization if unit is None else unit.organization


def _by_id(claim_id: str) -> Claim:
    claim = Claim.objects.filter(public_id=claim_id).select_related("carrier").first()
    if claim is None:
        raise NotFound("There is no such claim here.")
    return claim_of(claim.carrier, claim_id)
