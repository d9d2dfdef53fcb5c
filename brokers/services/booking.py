"""The booking: a load covered, a truck's tour planned, its leg taken, reduced or opened, rivals lapsed: all or nothing.

`book` runs in the transaction of a claim or of an acceptance, on a load that this has locked. It locks what else it
needs in the house's order and decides on what it reads then; what may exist once is a constraint in the end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from brokers.acting import both_sides_sentence, on_both_sides_of
from brokers.booking_queries import holds_on, live_bookings, tour_home_on
from brokers.facts import tell_of_booking, tell_of_tour
from brokers.models import Booking, BookingStatus, Offer, Tour, TourStatus
from brokers.services.boarding import settle_leg
from brokers.services.confirmations import issue_confirmation
from brokers.services.lapsing import lapse_rivals
from brokers.services.records import write_record
from brokers.services.tours import replan, start_tour, write_stops
from brokers.terms import BargainTerms, StopTime
from brokers.touring import (
    PlannedTour,
    Standing,
    Vehicle,
    agreed_times,
    home_by_for,
    latest_pickup,
    outbound_choice,
    plan_tour,
    standing_of,
    stop_place,
)
from carriers.choices import Chosen
from carriers.models import Driver, HomeBase, ReturnLeg, Trailer, Truck
from carriers.services.booked import cover_leg, open_leg_after
from carriers.terms import LegTerms
from foundation.accounts.actor import Actor
from foundation.accounts.models import Organization
from foundation.trade.constraints import refusing
from foundation.trade.errors import Conflict, FieldProblem, Invalid
from foundation.trade.kept import Kept
from foundation.trade.life_cycle import is_on_the_market
from foundation.trade.locks import held
from foundation.trade.posting import Status
from loads.models import Load, LoadSize
from loads.services import cover_load

__all__ = ["RESERVED", "Vehicle", "book", "check_bookable", "check_for_sale", "leg_home", "lock_for", "plan_for"]

_GONE = "This load is gone: it was booked, withdrawn or has expired. Look at the market for others like it."
RESERVED = (
    "This load is reserved for a few minutes while another claim is checked. It comes free again unless that is booked."
)
_LEG_GONE = "This return leg is not on the market any more: it was taken, withdrawn or has expired. Choose another."
_PROMISED = (
    "The truck cannot take this load as agreed: it was promised elsewhere meanwhile, or cannot be there in time. "
    "Ask the carrier for another truck or other times."
)


_HELD_LEG: Kept[ReturnLeg] = Kept(
    lambda key: held(ReturnLeg.objects.filter(pk=key)).select_related(
        "organization", "truck", "driver", "trailer", "home_base"
    )
)
_HELD_TOURS: Kept[Tour] = Kept(lambda truck: held(Tour.objects.filter(truck=truck, status=TourStatus.PLANNED)))
_HELD_UNITS: Mapping[type[Truck | Driver | Trailer], Kept[Any]] = {
    Truck: Kept(lambda key: held(Truck.objects.filter(pk=key))),
    Driver: Kept(lambda key: held(Driver.objects.filter(pk=key))),
    Trailer: Kept(lambda key: held(Trailer.objects.filter(pk=key))),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """What a booking rests on, read under its locks: the tour that it joins, where a truck that goes out stands, what
    it pulls.
    """

    tour: Tour | None
    bookings: Sequence[Booking]
    standing: Standing | None
    chosen: Chosen | None
    next_tour_at: datetime | None


def book(
    *,
    load: Load,
    terms: BargainTerms,
    vehicle: Vehicle,
    carrier: Organization,
    seller: Organization,
    actor: Actor,
    now: datetime,
    offer: Offer | None = None,
    claim_id: int | None = None,
    joins: Tour | None = None,
    is_checked: bool = False,
) -> Booking:
    """Book a locked load on agreed terms for a carrier's vehicle, and return the booking.

    `claim_id` is the key of the claim that reserved the load, if one did; `joins` the tour that a bundle has begun in
    this transaction; `is_checked` says that `check_bookable` was asked since the lock. Raises `Conflict` when the load
    or leg is gone or reserved, when the truck cannot take it (with the engine's sentence, to the carrier), or when a
    unit is on another tour; `Invalid` for a field that must change.
    """
    if not is_checked:
        check_bookable(load, carrier=carrier, seller=seller, now=now, claim_id=claim_id)
    vehicle = lock_for(vehicle)
    if vehicle.truck.organization_id == carrier.pk:
        vehicle.truck.organization = carrier  # as it is in hand: it need not be read again
    try:
        return _book(load, terms, vehicle, carrier, actor, now, offer, joins)
    except Conflict as refusal:
        if actor.organization.pk == carrier.pk or actor.organization.pk != seller.pk:
            raise
        # the other side's tours and hours are its own
        raise Conflict(refusal.code, _PROMISED) from refusal


def check_bookable(
    load: Load, *, carrier: Organization, seller: Organization, now: datetime, claim_id: int | None = None
) -> None:
    """Raise `Conflict` unless a load is on the market, free, and sold by this seller to another than itself."""
    check_for_sale(load, carrier=carrier, seller=seller, now=now)
    if any(held.claim_id != claim_id for held in holds_on(load, now)):
        raise Conflict("load_reserved", RESERVED)


def check_for_sale(load: Load, *, carrier: Organization, seller: Organization, now: datetime) -> None:
    """Raise `Conflict` for what `check_bookable` refuses by the load alone, without asking what reserves it."""
    if not is_on_the_market(load, now):
        raise Conflict("load_gone", _GONE)
    if load.sold_by.pk != seller.pk:
        raise Conflict("other_seller", "This load has another seller now. Look at it again before you decide.")
    if load.seller_id is not None and carrier.pk in (load.seller_id, load.organization_id):
        who = "sell this load" if carrier.pk == load.seller_id else "let a broker sell this load"
        raise Conflict("own_load", f"You {who}, so you cannot haul it too. Take it back from sale first.")


def lock_for(vehicle: Vehicle) -> Vehicle:
    """Hold a vehicle's leg, tours, truck, driver and trailer, in the house's order, and return it as it stands now.

    Raises `Conflict` for a unit that was taken out of service.
    """
    leg = vehicle.leg
    if leg is not None:
        leg = _HELD_LEG.all(key=leg.pk)[0]
    _HELD_TOURS.all(truck=vehicle.truck.pk)
    driver = vehicle.driver or (leg.driver if leg is not None else None)
    trailer = vehicle.trailer or (leg.trailer if leg is not None else None)
    truck = _in_service(Truck, vehicle.truck, "truck")
    return Vehicle(
        truck=truck or vehicle.truck,
        leg=leg,
        driver=_in_service(Driver, driver, "driver"),
        trailer=_in_service(Trailer, trailer, "trailer"),
        home_base=vehicle.home_base,
        return_home_by=vehicle.return_home_by,
    )


def plan_for(
    *,
    load: Load,
    stop_times: Sequence[StopTime],
    vehicle: Vehicle,
    carrier: Organization,
    now: datetime,
    joins: Tour | None = None,
) -> PlannedTour:
    """Return the tour that booking a load on these times would mean, or raise why not, as `book` would."""
    return _plan(load, stop_times, vehicle, carrier, now, _ground(load, stop_times, vehicle, carrier, now, joins))


def leg_home(
    *, load: Load, stop_times: Sequence[StopTime], vehicle: Vehicle, carrier: Organization, now: datetime
) -> tuple[PlannedTour, LegTerms]:
    """Return the tour out with a load, and the terms of the leg home that it would open; raise as `book` would."""
    ground = _ground(load, stop_times, vehicle, carrier, now, None)
    plan = _plan(load, stop_times, vehicle, carrier, now, ground)
    chosen = ground.chosen
    assert chosen is not None
    driver, trailer = vehicle.driver or chosen.driver, vehicle.trailer or chosen.trailer
    home_base, home_by = _home(load, plan, vehicle, ground)
    terms = LegTerms(
        truck=vehicle.truck.public_id,
        trailer=trailer.public_id if trailer else "",
        driver=driver.public_id if driver else "",
        home_base=home_base.public_id,
        empty=stop_place(load.last_stop),
        ready_at=plan.ends_at,
        home_by=home_by,
    )
    return plan, terms


def _book(
    load: Load,
    terms: BargainTerms,
    vehicle: Vehicle,
    carrier: Organization,
    actor: Actor,
    now: datetime,
    offer: Offer | None,
    joins: Tour | None,
) -> Booking:
    ground = _ground(load, terms.stop_times, vehicle, carrier, now, joins)
    plan = _plan(load, terms.stop_times, vehicle, carrier, now, ground)
    tour = ground.tour
    if tour is None:
        driver, trailer = _crew(vehicle, ground)
        tour = start_tour(plan=plan, truck=vehicle.truck, driver=driver, trailer=trailer, leg=vehicle.leg, now=now)
    else:
        replan(tour=tour, plan=plan)
    booking = _store(load, terms, vehicle, carrier, actor, now, offer, tour)
    write_stops(tour=tour, plan=plan, bookings=[*ground.bookings, booking], is_new=ground.tour is None)
    cover_load(load=load, actor=actor, now=now)
    if vehicle.leg is None:
        booking.opened_leg = _open_home(load, plan, vehicle, ground, actor, now)
        booking.save(update_fields=["opened_leg"])
    else:
        _take(vehicle.leg, load, tour, actor, now)
    if carrier.pk != booking.seller_id:  # who hauls its own freight signs nothing with itself
        issue_confirmation(booking=booking, actor=actor, now=now, is_first=True)
    write_record(booking=booking, now=now)
    lapse_rivals(load=load, except_thread=offer.thread if offer is not None else None, now=now, tour=tour)
    tell_of_tour(tour, actor, bookings=[*ground.bookings, booking])
    tell_of_booking("booking.made", booking, actor)
    return booking


def _ground(
    load: Load,
    stop_times: Sequence[StopTime],
    vehicle: Vehicle,
    carrier: Organization,
    now: datetime,
    joins: Tour | None,
) -> _Ground:
    leg = vehicle.leg
    if leg is not None:
        tour = tour_home_on(leg)
        joined = joins is not None and tour is not None and joins.pk == tour.pk
        if not is_on_the_market(leg, now) and not (joined and leg.status == Status.COVERED):
            raise Conflict("leg_taken", _LEG_GONE)
        if tour is not None and tour.starts_at <= now:
            raise Conflict("under_way", "This truck is under way on its tour already; it takes no more loads on it.")
        bookings = live_bookings(tour) if tour is not None else []
        return _Ground(tour=tour, bookings=bookings, standing=None, chosen=None, next_tour_at=None)
    pickup_by = latest_pickup(load, {load.pk: stop_times})
    standing = standing_of(vehicle.truck, vehicle.home_base, now, before=pickup_by)
    chosen = outbound_choice(carrier, vehicle.truck, vehicle.trailer, vehicle.driver, vehicle.home_base, standing)
    later = Tour.objects.filter(truck=vehicle.truck, status=TourStatus.PLANNED, starts_at__gte=pickup_by)
    following = later.order_by("starts_at").first()
    next_tour_at = following.starts_at if following is not None else None
    return _Ground(tour=None, bookings=[], standing=standing, chosen=chosen, next_tour_at=next_tour_at)


def _plan(
    load: Load,
    stop_times: Sequence[StopTime],
    vehicle: Vehicle,
    carrier: Organization,
    now: datetime,
    ground: _Ground,
) -> PlannedTour:
    times: Mapping[int, Sequence[StopTime]] = agreed_times(ground.bookings) | {load.pk: tuple(stop_times)}
    plan = plan_tour(
        organization=carrier,
        truck=vehicle.truck,
        trailer=vehicle.trailer,
        driver=vehicle.driver,
        leg=vehicle.leg,
        loads=[load],
        home_base=vehicle.home_base,
        now=now,
        already=[booking.load for booking in ground.bookings],
        times=times,
        standing=ground.standing,
    )
    if vehicle.leg is None:
        _check_promises(vehicle, plan)
    return plan


def _check_promises(vehicle: Vehicle, plan: PlannedTour) -> None:
    """Raise `Conflict` when the truck is on the market, empty on its way home, in the time of an outbound tour."""
    promised = ReturnLeg.objects.filter(
        Q(ready_at__lt=plan.ends_at, home_by__gt=plan.starts_at),
        truck=vehicle.truck,
        status__in=[Status.OPEN, Status.COVERED],
    )
    other = promised.order_by("ready_at").first()
    if other is not None:
        raise Conflict(
            "truck_is_promised",
            f"Truck {vehicle.truck} is on the market with a return leg from {other.empty_city}, {other.empty_state} "
            "in that time. Take the load on that leg, or withdraw the leg first.",
        )


def _crew(vehicle: Vehicle, ground: _Ground) -> tuple[Driver | None, Trailer | None]:
    """Return who drives and what is pulled: as said, or as usual."""
    if ground.chosen is None:
        return vehicle.driver, vehicle.trailer
    chosen = ground.chosen
    driver = vehicle.driver or _in_service(Driver, chosen.driver, "driver")
    return driver, vehicle.trailer or _in_service(Trailer, chosen.trailer, "trailer")


def _store(
    load: Load,
    terms: BargainTerms,
    vehicle: Vehicle,
    carrier: Organization,
    actor: Actor,
    now: datetime,
    offer: Offer | None,
    tour: Tour,
) -> Booking:
    columns: dict[str, Any] = terms.columns()
    with refusing({"one_live_booking_per_load": Conflict("one_live_booking_per_load", _GONE)}):
        return Booking.objects.create(
            load=load,
            load_version=load.version,
            shipper=load.organization,
            seller=load.sold_by,
            carrier=carrier,
            shipper_rate_cents=load.shipper_rate_cents,
            tour=tour,
            leg=vehicle.leg,
            offer=offer,
            both_sides=both_sides_sentence(on_both_sides_of(load, carrier, now), of="booking"),
            status=BookingStatus.BOOKED,
            booked_at=now,
            booked_by_organization=actor.organization,
            booked_by=actor.person,
            **columns,
        )


def _take(leg: ReturnLeg, load: Load, tour: Tour, actor: Actor, now: datetime) -> None:
    """Cover the leg by a full load; a partial one takes its part, and what is left stays on the market."""
    if load.size == LoadSize.PARTIAL:
        settle_leg(leg=leg, tour=tour, actor=actor, now=now)
    elif leg.status != Status.COVERED:  # a bundle may have covered it a moment ago
        cover_leg(leg=leg, actor=actor, now=now)


def _open_home(
    load: Load, plan: PlannedTour, vehicle: Vehicle, ground: _Ground, actor: Actor, now: datetime
) -> ReturnLeg:
    """Open the leg home at the instant at which the outbound tour leaves the truck empty."""
    home_base, home_by = _home(load, plan, vehicle, ground)
    driver, trailer = _crew(vehicle, ground)
    try:
        return open_leg_after(
            actor=actor,
            truck=vehicle.truck,
            driver=driver,
            trailer=trailer,
            home_base=home_base,
            delivery=stop_place(load.last_stop),
            ready_at=plan.ends_at,
            home_by=home_by,
            now=now,
        )
    except Invalid as error:
        raise Invalid(
            FieldProblem("return_home_by" if each.field == "home_by" else each.field, each.code, each.sentence)
            for each in error.problems
        ) from error


def _home(load: Load, plan: PlannedTour, vehicle: Vehicle, ground: _Ground) -> tuple[HomeBase, datetime]:
    """Return where a truck that goes out goes home to, and by when."""
    chosen = ground.chosen
    assert chosen is not None
    if chosen.home_base is None:
        sentence = f"Truck {vehicle.truck} has no home base: choose where it goes home to after the delivery."
        raise Invalid([FieldProblem("home_base", "required", sentence)])
    home_by = vehicle.return_home_by or home_by_for(plan, load.last_stop, chosen.home, next_tour_at=ground.next_tour_at)
    if ground.next_tour_at is not None and home_by > ground.next_tour_at:
        sentence = "The truck's next tour begins before that. Let it be home sooner."
        raise Invalid([FieldProblem("return_home_by", "next_tour", sentence)])
    return chosen.home_base, home_by


def _in_service(model: type[Truck | Driver | Trailer], unit: Any, noun: str) -> Any:
    """Hold a unit until the transaction ends. Raises `Conflict` for one that was archived meanwhile."""
    if unit is None:
        return None
    row: Any = _HELD_UNITS[model].all(key=unit.pk)[0]
    if row.archived_at is not None:
        raise Conflict("archived", f"That {noun} was taken out of service meanwhile. Choose another {noun}.")
    return row
