"""The booking: a load covered, a truck's tour planned, its leg taken, reduced or opened, rivals lapsed: all or nothing.

`book` runs in the transaction of a claim or of an acceptance, on a load that this has locked. It locks what else it
needs in the house's order and decides on what it reads then; what may exist once is a constraint in the end.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from brokers.acting import both_sides_sentence, on_both_sides_of
from brokers.booking_queries import holds_on
from brokers.facts import tell_of_booking, tell_of_tour
from brokers.models import Booking, BookingStatus, Offer, Tour, TourStatus
from brokers.retrying import Overtaken
from brokers.services.boarding import settle_leg
from brokers.services.confirmations import issue_confirmation
from brokers.services.grounds import Ground, home_for, leg_home, naming_return_home_by, plan_for, planned
from brokers.services.lapsing import lapse_rivals
from brokers.services.outbound import hold_legs_home
from brokers.services.records import write_record
from brokers.services.tours import replan, start_tour, write_stops
from brokers.terms import BargainTerms
from brokers.touring import PlannedTour, Vehicle, end_of_plan
from brokers.withheld import withheld
from carriers.models import Driver, ReturnLeg, Trailer, Truck
from carriers.services.booked import begin_leg_at, cover_leg, open_leg_after
from foundation.accounts.actor import Actor
from foundation.accounts.models import Organization
from foundation.trade.constraints import refusing
from foundation.trade.errors import Conflict
from foundation.trade.kept import Kept, insert
from foundation.trade.life_cycle import is_on_the_market
from foundation.trade.locks import held
from foundation.trade.posting import Status
from loads.models import Load, LoadSize
from loads.services import cover_load

__all__ = ["RESERVED", "Vehicle", "book", "check_bookable", "check_for_sale", "leg_home", "plan_for"]

_GONE = "This load is gone: it was booked, withdrawn or has expired. Look at the market for others like it."
RESERVED = (
    "This load is reserved for a few minutes while another claim is checked. It comes free again unless that is booked."
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
class _Joinable:
    """The tours and the legs home, by key, that were held before their truck: what began meanwhile is not held."""

    tours: Set[int]
    homes: Set[int]

    def has(self, tour: Tour, home: ReturnLeg) -> bool:
        """Say whether a tour and its leg home are held, so that nobody else changes them."""
        return tour.pk in self.tours and home.pk in self.homes


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
    lapses: bool = True,
) -> Booking:
    """Book a locked load on agreed terms for a carrier's vehicle, and return the booking.

    `claim_id` is the key of the claim that reserved the load, if one did; `joins` the tour that a bundle has begun in
    this transaction; `is_checked` says that `check_bookable` was asked since the lock; `lapses` that rivals lapse with
    this booking, and not once for the whole bundle. Raises `Conflict` when the load
    or leg is gone or reserved, when the truck cannot take it or a unit is on another tour (why, to the carrier alone);
    `Invalid` for a field that must change; `Overtaken` to begin anew.
    """
    if not is_checked:
        check_bookable(load, carrier=carrier, seller=seller, now=now, claim_id=claim_id)
    with withheld(actor.organization, carrier):
        vehicle, are_held = _lock(vehicle)
        if vehicle.truck.organization_id == carrier.pk:
            vehicle.truck.organization = carrier  # as it is in hand: it need not be read again
        return _book(load, terms, vehicle, carrier, actor, now, offer, joins, are_held, lapses=lapses)


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


def _lock(vehicle: Vehicle) -> tuple[Vehicle, _Joinable]:
    """Hold a vehicle's leg, tours, truck, driver and trailer, in the house's order; return it as it stands now, with
    what a load may join then.

    Raises `Conflict` for a unit that was taken out of service.
    """
    leg = vehicle.leg
    homes: set[int] = set()
    if leg is not None:
        leg = _HELD_LEG.all(key=leg.pk)[0]
    else:
        homes = hold_legs_home(vehicle.truck)
    tours = {tour.pk for tour in _HELD_TOURS.all(truck=vehicle.truck.pk)}
    driver = vehicle.driver or (leg.driver if leg is not None else None)
    trailer = vehicle.trailer or (leg.trailer if leg is not None else None)
    truck = _in_service(Truck, vehicle.truck, "truck") or vehicle.truck
    held_driver = _in_service(Driver, driver, "driver")
    if held_driver is None and leg is None:
        _hold_usual(Driver, truck.usual_driver_id)
    held_trailer = _in_service(Trailer, trailer, "trailer")
    if held_trailer is None and leg is None:
        _hold_usual(Trailer, truck.usual_trailer_id)
    held_vehicle = Vehicle(
        truck=truck,
        leg=leg,
        driver=held_driver,
        trailer=held_trailer,
        home_base=vehicle.home_base,
        return_home_by=vehicle.return_home_by,
    )
    return held_vehicle, _Joinable(tours=tours, homes=homes)


def _book(
    load: Load,
    terms: BargainTerms,
    vehicle: Vehicle,
    carrier: Organization,
    actor: Actor,
    now: datetime,
    offer: Offer | None,
    joins: Tour | None,
    are_held: _Joinable,
    *,
    lapses: bool,
) -> Booking:
    ground, plan = planned(
        load=load, stop_times=terms.stop_times, vehicle=vehicle, carrier=carrier, now=now, joins=joins
    )
    tour = ground.tour
    if tour is not None and ground.home is not None and not are_held.has(tour, ground.home):
        raise Overtaken("The tour began while this waited for its truck: others may be changing it.")
    if tour is None:
        driver, trailer = ground.crew(vehicle)
        start = ground.standing.place if ground.standing is not None else None
        tour = start_tour(
            plan=plan, truck=vehicle.truck, driver=driver, trailer=trailer, leg=vehicle.leg, start=start, now=now
        )
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
    if lapses:
        lapse_rivals(booked={load: tour}, except_thread=offer.thread if offer is not None else None, now=now)
    tell_of_tour(tour, actor, bookings=[*ground.bookings, booking])
    tell_of_booking("booking.made", booking, actor)
    return booking


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
    booking = Booking(
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
    gone = {"one_live_booking_per_load": Conflict("one_live_booking_per_load", _GONE)}
    with refusing(gone, undoes_all=True):
        insert(booking)
    return booking


def _take(leg: ReturnLeg, load: Load, tour: Tour, actor: Actor, now: datetime) -> None:
    """Cover the leg by a full load; a partial one takes its part, and what is left stays on the market."""
    if load.size == LoadSize.PARTIAL or leg.is_shared:
        settle_leg(leg=leg, tour=tour, actor=actor, now=now)
    elif leg.status != Status.COVERED:  # a bundle may have covered it a moment ago
        cover_leg(leg=leg, actor=actor, now=now)


def _open_home(
    load: Load, plan: PlannedTour, vehicle: Vehicle, ground: Ground, actor: Actor, now: datetime
) -> ReturnLeg:
    """Open the leg home at the instant at which the outbound tour leaves the truck empty, or let the one that a tour
    opened already begin then and there.
    """
    if ground.home is not None:
        begin_leg_at(
            leg=ground.home,
            empty=end_of_plan(plan),
            starts_at=plan.starts_at,
            ready_at=plan.ends_at,
            actor=actor,
            now=now,
        )
        return ground.home
    home_base, home_by = home_for(load=load, plan=plan, vehicle=vehicle, ground=ground)
    driver, trailer = ground.crew(vehicle)
    with naming_return_home_by():
        return open_leg_after(
            actor=actor,
            truck=vehicle.truck,
            driver=driver,
            trailer=trailer,
            home_base=home_base,
            delivery=end_of_plan(plan),
            starts_at=plan.starts_at,
            ready_at=plan.ends_at,
            home_by=home_by,
            now=now,
        )


def _in_service(model: type[Truck | Driver | Trailer], unit: Any, noun: str) -> Any:
    """Hold a unit until the transaction ends. Raises `Conflict` for one that was archived meanwhile."""
    if unit is None:
        return None
    row: Any = _HELD_UNITS[model].all(key=unit.pk)[0]
    if row.archived_at is not None:
        raise Conflict("archived", f"That {noun} was taken out of service meanwhile. Choose another {noun}.")
    return row


def _hold_usual(model: type[Driver | Trailer], key: int | None) -> None:
    """Hold the unit that a truck that goes out takes where none is named: the plan chooses it from the truck's row."""
    if key is not None:
        _HELD_UNITS[model].all(key=key)
