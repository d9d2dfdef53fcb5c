"""Opening a negotiation over a load with a truck: by its carrier, or by the load's seller who invites the carrier."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Unpack

from django.db.models import Q, QuerySet

from brokers.acting import Side, check_not_sold_for, require_acting
from brokers.bargain_rules import DEFAULT_MINUTES, judge
from brokers.booking_queries import load_in_sight
from brokers.models import Offer, Thread, ThreadStatus
from brokers.retrying import retried
from brokers.services.inviting import check_can_be_offered, check_can_take, vehicle_on
from brokers.services.sent_forms import sent_before, unused
from brokers.services.table import (
    check_load_version,
    check_may_begin,
    check_still_stands,
    locked_load,
    put_on_table,
)
from brokers.terms import BargainTerms
from brokers.touring import NamedVehicle, Vehicle, vehicle_of
from brokers.withheld import withheld
from carriers.models import ReturnLeg, Truck
from carriers.queries import leg_of
from foundation.accounts.actor import Actor
from foundation.accounts.models import Capability, Decision, Organization
from foundation.accounts.queries import represented_by
from foundation.trade import clock
from foundation.trade.constraints import refusing
from foundation.trade.errors import Conflict, FieldProblem, Invalid, NotFound
from foundation.trade.life_cycle import is_on_the_market
from foundation.trade.posting import Status
from loads.models import Load
from loads.queries import load_of, load_to_sell, own_load

MOST_THREADS_A_DAY = 3
"""So many that ended within 24 hours: ten counters are meant to be the end of it. Those that lapsed do not count."""

_THERE_ALREADY = Conflict(
    "thread_open", "You negotiate over this load with this truck already. Go on in that negotiation."
)


@dataclass(frozen=True, slots=True)
class _Manner:
    """What an offer says, and how: its terms, on which version of the load, for how long, twice asked or not."""

    terms: BargainTerms
    load_version: int
    expires_in_minutes: int
    confirmed: bool

    def judged(self, load: Load, viewer: Organization, now: datetime) -> BargainTerms:
        """Return the terms as they may stand on the table. Raises `Invalid`."""
        return judge(
            self.terms,
            load,
            viewer=viewer,
            now=now,
            expires_in_minutes=self.expires_in_minutes,
            confirmed=self.confirmed,
        )


def open_thread(
    *,
    actor: Actor,
    load_id: str,
    terms: BargainTerms,
    load_version: int,
    expires_in_minutes: int = DEFAULT_MINUTES,
    confirmed: bool = False,
    form_token: str = "",
    **vehicle: Unpack[NamedVehicle],
) -> Offer:
    """Open a negotiation over a load with a truck, as its carrier or the broker that represents it: its first offer.

    The truck may be left out where the leg names it. Raises `Forbidden`, `NotFound` for a load out of sight or a truck
    that is not the carrier's, `Invalid` for terms, `Conflict` when the load is gone or has changed, when the truck is
    in a negotiation over it already, or has been in three today. The same form sent again gives the same offer.
    """
    actor.require("offers:write")
    truck_id, leg_id = vehicle.get("truck_id", ""), vehicle.get("leg_id", "")
    taker = _carrier_of(actor, truck_id, leg_id)
    _require_hauling(actor, taker)

    def made() -> Offer | None:
        return sent_before(actor, load_id, form_token, terms, truck_id=truck_id, leg_id=leg_id)

    if (first := made()) is not None:
        return first
    found, now = _load_in_sight(taker, load_id), clock.now()
    require_acting(actor, taker, Decision.OFFERS, now)
    with withheld(actor.organization, taker):
        rides = vehicle_of(taker, **vehicle)
    manner = _Manner(terms, load_version, expires_in_minutes, confirmed)
    _check_can_take(actor, taker, rides, found, manner, now)

    def work() -> Offer:
        load = locked_load(found.pk)
        if (first := made()) is not None:
            return first
        moment = clock.now()
        require_acting(actor, taker, Decision.OFFERS, moment)
        return _begin(actor, Side.TAKER, taker, load, rides, manner, moment, form_token)

    return retried(work)


def invite_carrier(
    *,
    actor: Actor,
    load_id: str,
    leg_id: str,
    terms: BargainTerms,
    load_version: int,
    expires_in_minutes: int = DEFAULT_MINUTES,
    confirmed: bool = False,
    form_token: str = "",
) -> Offer:
    """Offer a load first to a truck that the seller sees on the market, as its seller or who represents it.

    Raises as `open_thread`, and `Conflict` where the carrier does not see the load.
    """
    actor.require("offers:write")
    actor.require_confirmed_email()

    def made() -> Offer | None:
        return sent_before(actor, load_id, form_token, terms, leg_id=leg_id)

    if (first := made()) is not None:
        return first
    found, seller = load_to_offer(actor, load_id)
    manner = _Manner(terms, load_version, expires_in_minutes, confirmed)
    _check_can_be_offered(actor, seller, leg_id, found, manner)

    def work() -> Offer:
        load = locked_load(found.pk)
        if (first := made()) is not None:
            return first
        now = clock.now()
        require_acting(actor, seller, Decision.OFFERS, now)
        leg = leg_of(seller, leg_id, now)
        taker = leg.organization
        if taker.pk != seller.pk:
            _check_in_sight(taker, load, now)
        return _begin(actor, Side.SELLER, taker, load, vehicle_on(leg), manner, now, form_token)

    return retried(work)


def _begin(
    actor: Actor,
    side: Side,
    taker: Organization,
    load: Load,
    vehicle: Vehicle,
    manner: _Manner,
    now: datetime,
    form_token: str,
) -> Offer:
    """Store a thread of carriage on a locked load, and put its first offer on the table."""
    seller = load.sold_by
    if taker.pk in (seller.pk, load.organization_id):
        raise Conflict("own_load", "This is a load of the truck's own company: there is nobody to negotiate with.")
    check_not_sold_for(actor.organization, load)
    check_may_begin(load, taker)
    thread = Thread(
        kind=Thread.Kind.CARRIAGE,
        load=load,
        seller=seller,
        taker=taker,
        **vehicle.columns(),
        opened_at=now,
        moved_at=now,
        form_token=unused(form_token, load),
    )
    check_still_stands(thread, load, now)
    check_load_version(load, manner.load_version)
    _check_leg(vehicle.leg, now)
    whole = manner.judged(load, actor.organization, now)
    check_not_too_often(Thread.objects.filter(load=load, taker=taker, truck=vehicle.truck), now)
    with refusing({"one_open_thread_per_load_and_truck": _THERE_ALREADY}):
        thread.save(force_insert=True)
    return put_on_table(
        thread, actor=actor, side=side, terms=whole, load=load, now=now, expires_in_minutes=manner.expires_in_minutes
    )


def check_not_too_often(before: QuerySet[Thread], now: datetime) -> None:
    """Raise `Conflict` where as many threads as a day allows were begun and ended already."""
    lately = before.filter(opened_at__gt=now - timedelta(hours=24)).exclude(
        status__in=[ThreadStatus.OPEN, ThreadStatus.LAPSED]
    )
    if lately.count() >= MOST_THREADS_A_DAY:
        raise Conflict(
            "too_many_threads",
            f"You have ended {MOST_THREADS_A_DAY} negotiations over this load within a day. Call the other side.",
        )


def _carrier_of(actor: Actor, truck_id: str, leg_id: str) -> Organization:
    """Return the carrier that a truck or leg belongs to: the actor's own organization, or one that it represents.

    Raises `Invalid` where neither is named, `NotFound` for another's.
    """
    if not truck_id and not leg_id:
        raise Invalid([FieldProblem("truck", "required", "Say which truck, or which return leg, would take the load.")])
    mine = actor.organization
    carriers = Q(organization=mine) | Q(organization__in=represented_by(mine).order_by().values("pk"))
    if truck_id:
        row: Truck | ReturnLeg | None = (
            Truck.objects.filter(carriers, public_id=truck_id).select_related("organization").first()
        )
    else:
        row = ReturnLeg.objects.filter(carriers, public_id=leg_id).select_related("organization").first()
    if row is None:
        raise NotFound("There is no such truck in your fleet." if truck_id else "There is no such return leg here.")
    found: Organization = row.organization
    return found


def _require_hauling(actor: Actor, taker: Organization) -> None:
    """Raise `Forbidden` unless the carrier may haul, and whoever acts for it may work here."""
    own = taker.pk == actor.organization.pk
    actor.require_posting(Capability.HAULS if own else Capability.BROKERS)


def _load_in_sight(taker: Organization, load_id: str) -> Load:
    """Return an open load that the carrier sees. Raises `NotFound`; `Conflict` where it has just left the market."""
    now = clock.now()
    load = load_in_sight(taker, load_id, now)
    if load.organization_id != taker.pk and not is_on_the_market(load, now):
        raise Conflict("load_gone", "This load has left the market: it was booked, withdrawn or has expired.")
    return load


def _check_can_take(
    actor: Actor, taker: Organization, vehicle: Vehicle, load: Load, manner: _Manner, now: datetime
) -> None:
    """Raise with the reason that its own side may read where the carrier's truck cannot take the load as it offers to.

    Whether it still can is asked again when it is booked.
    """
    if load.sold_by.pk == taker.pk or load.organization_id == taker.pk:
        return
    check_load_version(load, manner.load_version)
    _check_leg(vehicle.leg, now)
    whole = manner.judged(load, taker, now)
    check_can_take(actor=actor, carrier=taker, load=load, stop_times=whole.stop_times, vehicle=vehicle, now=now)


def _check_can_be_offered(actor: Actor, seller: Organization, leg_id: str, load: Load, manner: _Manner) -> None:
    """Raise `Conflict` with the engine's reason where the truck cannot take the load as it is offered, as far as the
    seller may know it. What is wrong otherwise is refused under the load's lock.
    """
    now = clock.now()
    require_acting(actor, seller, Decision.OFFERS, now)
    leg = leg_of(seller, leg_id, now)
    own = leg.organization_id in (load.sold_by.pk, load.organization_id)
    if own or load.version != manner.load_version or not is_on_the_market(load, now):
        return
    _check_in_sight(leg.organization, load, now)
    whole = manner.judged(load, actor.organization, now)
    check_can_be_offered(load=load, stop_times=whole.stop_times, vehicle=vehicle_on(leg), leg=leg, now=now)


def load_to_bargain(actor: Actor, *, load_id: str, truck_id: str, leg_id: str) -> Load:
    """Return the load as the carrier of a truck or leg sees it, the actor being that carrier or its broker.

    Raises as `open_thread`.
    """
    return _load_in_sight(_carrier_of(actor, truck_id, leg_id), load_id)


def load_to_offer(actor: Actor, load_id: str) -> tuple[Load, Organization]:
    """Return a load and its seller: the actor's organization, or one that it represents. Raises `NotFound`."""
    mine = actor.organization
    for find in (own_load, load_to_sell):
        try:
            load = find(mine, load_id)
        except NotFound:
            continue
        return load, load.sold_by
    load = load_of(mine, load_id)
    require_acting(actor, load.sold_by, Decision.OFFERS, clock.now())
    return load, load.sold_by


def _check_in_sight(taker: Organization, load: Load, now: datetime) -> None:
    try:
        load_of(taker, load.public_id, now)
    except NotFound:
        sentence = "This carrier does not see this load on the market, so it cannot be offered to it here."
        raise Conflict("cannot_meet", sentence) from None


def _check_leg(leg: ReturnLeg | None, now: datetime) -> None:
    if leg is not None and (leg.status != Status.OPEN or (leg.expires_at is not None and leg.expires_at <= now)):
        raise Conflict("leg_gone", "This return leg is not open any more. Post it again, or choose another.")
