"""Making a claim on held loads: booked, or reserved while a check repeats; of several loads all or none.

The first load of a bundle that goes out opens the leg home, and the others ride on it as one tour; each addition is
planned with all that is on it. What fails names its load, and undoes the whole.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from brokers.acting import both_sides_sentence, check_not_sold_for, on_both_sides_of, require_acting
from brokers.booking_queries import claim_by_form, claim_of, is_claim_of, sees_load
from brokers.facts import tell_of_claim
from brokers.models import Booking, Claim, ClaimedLoad, ClaimStatus, Tour
from brokers.retrying import retried
from brokers.services.booking import RESERVED, Vehicle, book, check_bookable
from brokers.services.lapsing import lapse_rivals
from brokers.terms import BargainTerms, posted_terms
from brokers.trust import Judgement, take_hold, take_pace
from foundation.accounts.actor import Actor
from foundation.accounts.models import Decision, Organization
from foundation.events.services import together
from foundation.trade import clock
from foundation.trade.constraints import refusing
from foundation.trade.errors import Conflict, Forbidden, NotFound
from foundation.trade.kept import insert, with_rows
from foundation.trade.money import dollars
from loads.models import Load
from loads.queries import locked_load

HELD_FOR = timedelta(minutes=10)
"""How long a load is reserved at most while a check repeats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A load as its carrier saw it when it pressed the button; None asks for no comparison."""

    load_id: str
    load_version: int | None = None
    rate_cents: int | None = None


def claim_together(
    *,
    actor: Actor,
    carrier: Organization,
    vehicle: Vehicle,
    loads: Mapping[Load, Wanted],
    judgement: Judgement,
    form_token: str,
) -> Claim:
    """Claim loads, as they were seen, in driving order, in one transaction: all booked, all on hold, or nothing.

    Raises `NotFound`, `Conflict` and `Invalid` as `claim_load` does, and `Busy`.
    """

    def work() -> Claim:
        with together():
            return _claim(actor, carrier, vehicle, loads, judgement, form_token)

    return retried(work)


def sent_before(carrier: Organization, form_token: str, load_ids: Sequence[str]) -> Claim | None:
    """Return the claim that a form has made already. Raises `Conflict` where it was one of other loads."""
    made = claim_by_form(carrier, form_token)
    if made is not None and not is_claim_of(made, load_ids):
        sentence = "This form has claimed another load already. Reload the page of this one, then claim it."
        raise Conflict("form_used", sentence)
    return made


def check_still_claims(actor: Actor, carrier: Organization, now: datetime) -> None:
    """Raise `Forbidden` unless the actor may claim for this carrier, and that may haul, at this moment."""
    require_acting(actor, carrier, Decision.CLAIMS, now)
    if not (carrier.hauls and carrier.is_verified):
        raise Forbidden("unverified", f"{carrier} is not verified to haul, so nobody can claim loads for it yet.")


def check_as_seen(load: Load, carrier: Organization, wanted: Wanted) -> None:
    """Raise `Conflict` unless a load is open to claims, at the version and rate that the carrier saw."""
    if load.rate_cents is None or not (load.book_now or load.organization_id == carrier.pk):
        sentence = "This load is open to offers, not to claims. Make its seller an offer."
        raise Conflict("not_open_to_claims", sentence)
    if wanted.rate_cents is not None and wanted.rate_cents != load.rate_cents:
        sentence = (
            f"The rate changed while you looked: it was {dollars(wanted.rate_cents)}, it is now "
            f"{dollars(load.rate_cents)}. Look at the load again, then claim it at the new rate."
        )
        raise Conflict("load_changed", sentence)
    if wanted.load_version is not None and wanted.load_version != load.version:
        sentence = (
            f"The load was changed while you looked: you saw version {wanted.load_version}, it is now version "
            f"{load.version}. Look at it again, then claim it as it stands."
        )
        raise Conflict("load_changed", sentence)


def claim_terms(load: Load) -> BargainTerms:
    """Return the terms that a claim agrees to: those of the posting."""
    if load.rate_cents is None:
        raise Conflict("not_open_to_claims", "This load has no rate: make its seller an offer.")
    return posted_terms(load, rate_cents=load.rate_cents)


def book_in_order(
    *,
    loads: Sequence[Load],
    vehicle: Vehicle,
    carrier: Organization,
    actor: Actor,
    now: datetime,
    claim_id: int | None = None,
    are_checked: bool = False,
) -> list[Booking]:
    """Book held loads on one vehicle in driving order, in the caller's transaction, and return the bookings.

    Without a leg the first load goes out, and the others come home on the leg that it opens. `are_checked` says that
    each was found bookable since it was locked. Raises as `book`.
    """
    made: list[Booking] = []
    rides, joins = vehicle, None
    for load in loads:
        with naming(load, among=len(loads)):
            booking = book(
                load=load,
                terms=claim_terms(load),
                vehicle=rides,
                carrier=carrier,
                seller=load.sold_by,
                actor=actor,
                now=now,
                claim_id=claim_id,
                joins=joins,
                is_checked=are_checked,
                lapses=False,
            )
        made.append(booking)
        rides, joins = _then(rides, booking)
    lapse_rivals(booked={booking.load: booking.tour for booking in made}, now=now)
    return made


def _then(vehicle: Vehicle, booking: Booking) -> tuple[Vehicle, Tour | None]:
    """Return what the next load of a bundle rides on, and the tour that it joins: the leg home, or the same tour."""
    if booking.opened_leg is None:
        return vehicle, booking.tour
    home = Vehicle(truck=vehicle.truck, leg=booking.opened_leg, driver=vehicle.driver, trailer=vehicle.trailer)
    return home, None


@contextmanager
def naming(load: Load, *, among: int) -> Iterator[None]:
    """Let a refusal of one of several loads say which it is, and that nothing was booked."""
    try:
        yield
    except (Conflict, NotFound) as refusal:
        if among == 1:
            raise
        sentence = f"{load.lane}: {refusal.sentence} Nothing was booked."
        raise Conflict(refusal.code, sentence) from refusal


def _claim(
    actor: Actor,
    carrier: Organization,
    vehicle: Vehicle,
    wanted: Mapping[Load, Wanted],
    judgement: Judgement,
    form_token: str,
) -> Claim:
    """Make the claim on the held loads: booked, or on hold."""
    held = {seen: locked_load(pk=seen.pk, seen=seen) for seen in sorted(wanted, key=lambda each: each.pk)}
    now = clock.now()
    made = sent_before(carrier, form_token, [each.load_id for each in wanted.values()])
    if made is not None:
        return made
    if actor.organization.pk != carrier.pk:  # what lets it act may have ended while this waited for the loads
        check_still_claims(actor, carrier, now)
    loads = [held[seen] for seen in wanted]
    for load in loads:
        with naming(load, among=len(loads)):
            check_bookable(load, carrier=carrier, seller=load.sold_by, now=now)
            if not sees_load(carrier, load, now):
                raise NotFound("There is no such load here.")
            check_as_seen(load, carrier, wanted[load])
            check_not_sold_for(actor.organization, load)
    take_pace(carrier=carrier, now=now)
    if judgement.holds:
        return _hold(actor, carrier, vehicle, loads, judgement, form_token, now)
    bookings = book_in_order(loads=loads, vehicle=vehicle, carrier=carrier, actor=actor, now=now, are_checked=True)
    claim = _store(actor, carrier, vehicle, judgement, form_token, now, ClaimStatus.BOOKED)
    rows = [
        ClaimedLoad(
            claim=claim,
            position=position,
            load=booking.load,
            load_version=booking.load_version,
            rate_cents=booking.rate_cents,
            booking=booking,
            both_sides=booking.both_sides,
        )
        for position, booking in enumerate(bookings)
    ]
    insert(*rows)
    with_rows(claim, "loads", rows)
    tell_of_claim("claim.closed", claim, actor)
    return claim


def _hold(
    actor: Actor,
    carrier: Organization,
    vehicle: Vehicle,
    loads: Sequence[Load],
    judgement: Judgement,
    form_token: str,
    now: datetime,
) -> Claim:
    """Reserve held loads while the check repeats."""
    take_hold(carrier=carrier, now=now)
    # what nobody came by to release; its claim is released as over
    over = ClaimedLoad.objects.filter(load__in=[load.pk for load in loads], is_held=True, claim__held_until__lte=now)
    over.update(is_held=False)
    reserved = Conflict("one_pending_claim_per_load", RESERVED)
    with refusing({"one_pending_claim_per_load": reserved}):
        claim = _store(actor, carrier, vehicle, judgement, form_token, now, ClaimStatus.PENDING)
        ClaimedLoad.objects.bulk_create(
            ClaimedLoad(
                claim=claim,
                position=position,
                load=load,
                load_version=load.version,
                rate_cents=claim_terms(load).rate_cents,
                is_held=True,
                both_sides=both_sides_sentence(on_both_sides_of(load, carrier, now), of="booking"),
            )
            for position, load in enumerate(loads)
        )
    stored = claim_of(carrier, claim.public_id)
    tell_of_claim("claim.pending", stored, actor)
    return stored


def _store(
    actor: Actor,
    carrier: Organization,
    vehicle: Vehicle,
    judgement: Judgement,
    form_token: str,
    now: datetime,
    status: ClaimStatus,
) -> Claim:
    pending = status == ClaimStatus.PENDING
    taken = Conflict("sent_twice", "This claim is being made already. Reload to see it.")
    claim = Claim(
        carrier=carrier,
        **vehicle.columns(),
        status=status,
        checks=judgement.stored(),
        made_at=now,
        made_by=actor.person,
        made_by_label=actor.label,
        made_by_organization=actor.organization,
        held_until=now + HELD_FOR if pending else None,
        closed_at=None if pending else now,
        form_token=form_token,
    )
    with refusing({"one_claim_per_form": taken}, undoes_all=True):
        insert(claim)
    return claim
