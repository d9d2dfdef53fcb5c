"""Opening a negotiation over a load with a truck: by its carrier, or by the load's seller who invites the carrier."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from brokers.acting import Side, require_acting
from brokers.bargain_rules import DEFAULT_MINUTES, judge
from brokers.models import Offer, Thread, ThreadStatus
from brokers.retrying import retried
from brokers.services.table import (
    check_load_version,
    check_may_deal,
    check_still_stands,
    locked_load,
    put_on_table,
)
from brokers.terms import BargainTerms
from carriers.models import Driver, HomeBase, ReturnLeg, Trailer, Truck
from carriers.queries import driver_of, home_base_of, leg_of, own_leg, trailer_of, truck_of
from foundation.accounts.actor import Actor
from foundation.accounts.models import Capability, Decision, Organization
from foundation.accounts.queries import represented_by
from foundation.trade import clock
from foundation.trade.constraints import refusing
from foundation.trade.errors import Conflict, FieldProblem, Invalid, NotFound
from foundation.trade.posting import Status
from loads.models import Load
from loads.queries import load_of, load_to_sell, own_load

MOST_THREADS_A_DAY = 3
"""So many that ended within 24 hours: ten counters are meant to be the end of it. Those that lapsed do not count."""

_THERE_ALREADY = Conflict(
    "thread_open", "You negotiate over this load with this truck already. Go on in that negotiation."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Vehicle:
    """What a carrier would send: units of its own fleet, and its return leg where the load is a backhaul."""

    truck: Truck
    leg: ReturnLeg | None = None
    driver: Driver | None = None
    trailer: Trailer | None = None
    home_base: HomeBase | None = None
    return_home_by: datetime | None = None


def open_thread(
    *,
    actor: Actor,
    load_id: str,
    truck_id: str = "",
    leg_id: str = "",
    driver_id: str = "",
    trailer_id: str = "",
    home_base_id: str = "",
    return_home_by: datetime | None = None,
    terms: BargainTerms,
    load_version: int,
    expires_in_minutes: int = DEFAULT_MINUTES,
    confirmed: bool = False,
) -> Offer:
    """Open a negotiation over a load with a truck, as its carrier or the broker that represents it: its first offer.

    The truck may be left out where the leg names it. Raises `Forbidden`, `NotFound` for a load out of sight or a truck
    that is not the carrier's, `Invalid` for terms, `Conflict` when the load is gone or has changed, when the truck is
    in a negotiation over it already, or has been in three today.
    """
    actor.require("offers:write")
    taker = _carrier_of(actor, truck_id, leg_id)
    _require_hauling(actor, taker)

    def work() -> Offer:
        found = _load_in_sight(taker, load_id)
        load = locked_load(found.pk)
        now = clock.now()
        require_acting(actor, taker, Decision.OFFERS, now)
        vehicle = _vehicle(taker, truck_id, leg_id, driver_id, trailer_id, home_base_id, return_home_by, now)
        return _begin(actor, Side.TAKER, taker, load, vehicle, terms, load_version, expires_in_minutes, confirmed, now)

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
) -> Offer:
    """Offer a load first to a truck that the seller sees on the market, as its seller or who represents it.

    Raises as `open_thread`, and `Conflict` where the carrier does not see the load.
    """
    actor.require("offers:write")
    actor.require_confirmed_email()
    found, seller = load_to_offer(actor, load_id)

    def work() -> Offer:
        load = locked_load(found.pk)
        now = clock.now()
        require_acting(actor, seller, Decision.OFFERS, now)
        leg = leg_of(seller, leg_id, now)
        taker = leg.organization
        if taker.pk != seller.pk:
            _check_in_sight(taker, load, now)
        vehicle = _Vehicle(truck=leg.truck, leg=leg, driver=leg.driver, trailer=leg.trailer, home_base=leg.home_base)
        return _begin(actor, Side.SELLER, taker, load, vehicle, terms, load_version, expires_in_minutes, confirmed, now)

    return retried(work)


def _begin(
    actor: Actor,
    side: Side,
    taker: Organization,
    load: Load,
    vehicle: _Vehicle,
    terms: BargainTerms,
    load_version: int,
    expires_in_minutes: int,
    confirmed: bool,
    now: datetime,
) -> Offer:
    """Store a thread of carriage on a locked load, and put its first offer on the table."""
    seller = load.sold_by
    if taker.pk in (seller.pk, load.organization_id):
        raise Conflict("own_load", "This is a load of the truck's own company: there is nobody to negotiate with.")
    check_may_deal(seller, taker, now)
    thread = Thread(
        kind=Thread.Kind.CARRIAGE,
        load=load,
        seller=seller,
        taker=taker,
        truck=vehicle.truck,
        leg=vehicle.leg,
        driver=vehicle.driver,
        trailer=vehicle.trailer,
        home_base=vehicle.home_base,
        return_home_by=vehicle.return_home_by,
        opened_at=now,
        moved_at=now,
    )
    check_still_stands(thread, load, now)
    check_load_version(load, load_version)
    _check_leg(vehicle.leg, now)
    whole = judge(
        terms,
        load,
        viewer=actor.organization,
        now=now,
        expires_in_minutes=expires_in_minutes,
        confirmed=confirmed,
    )
    check_not_too_often(Thread.objects.filter(load=load, taker=taker, truck=vehicle.truck), now)
    with refusing({"one_open_thread_per_load_and_truck": _THERE_ALREADY}):
        thread.save(force_insert=True)
    return put_on_table(
        thread, actor=actor, side=side, terms=whole, load=load, now=now, expires_in_minutes=expires_in_minutes
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
    try:
        return load_of(taker, load_id)
    except NotFound:
        gone = Load.objects.filter(
            public_id=load_id,
            opened_at__isnull=False,
            status__in=[Status.COVERED, Status.EXPIRED, Status.WITHDRAWN],
            organization__market=taker.market,
            audience="market",
        )
        if taker.is_verified and gone.exists():
            raise Conflict("load_gone", "This load has left the market.") from None
        raise


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


def _vehicle(
    taker: Organization,
    truck_id: str,
    leg_id: str,
    driver_id: str,
    trailer_id: str,
    home_base_id: str,
    return_home_by: datetime | None,
    now: datetime,
) -> _Vehicle:
    """Return what the carrier would send; what is left out is the leg's, or else the truck's usual.

    Raises `NotFound`, `Invalid`, `Conflict`.
    """
    leg = own_leg(taker, leg_id) if leg_id else None
    truck = truck_of(taker, truck_id) if truck_id else leg.truck if leg else None
    assert truck is not None, "a truck or a leg is named"
    if leg is not None and leg.truck_id != truck.pk:
        raise Invalid([FieldProblem("leg", "another_truck", "This return leg is another truck's. Choose one of them.")])
    if truck.archived_at is not None:
        raise Invalid([FieldProblem("truck", "archived", "This truck is archived. Put it back into service first.")])
    if return_home_by is not None and return_home_by <= now:
        raise Invalid([FieldProblem("return_home_by", "in_the_past", "Choose a time after now.")])
    usual: ReturnLeg | None = leg
    return _Vehicle(
        truck=truck,
        leg=leg,
        driver=driver_of(taker, driver_id) if driver_id else usual.driver if usual else truck.usual_driver,
        trailer=trailer_of(taker, trailer_id) if trailer_id else usual.trailer if usual else truck.usual_trailer,
        home_base=home_base_of(taker, home_base_id) if home_base_id else usual.home_base if usual else truck.home_base,
        return_home_by=return_home_by,
    )


def _check_leg(leg: ReturnLeg | None, now: datetime) -> None:
    if leg is not None and (leg.status != Status.OPEN or (leg.expires_at is not None and leg.expires_at <= now)):
        raise Conflict("leg_gone", "This return leg is not open any more. Post it again, or choose another.")
