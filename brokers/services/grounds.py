"""What a booking rests on: the tour that it joins or begins, where the truck stands, what it pulls, where it goes home.

Read under the booking's locks by whoever books, and without them by who only asks. Nothing is written here.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from brokers.booking_queries import live_bookings, tours_about
from brokers.crews import crew_problems
from brokers.elsewhere import check_between, check_home, check_promises, check_units, drives_as_team, in_two_places
from brokers.models import Booking, Tour, TourStatus
from brokers.services.outbound import Outbound, tour_to_join
from brokers.terms import StopTime
from brokers.touring import (
    PlannedTour,
    Standing,
    Vehicle,
    agreed_times,
    end_of_plan,
    home_by_for,
    latest_pickup,
    outbound_choice,
    plan_tour,
    standing_of,
    start_of,
)
from carriers.choices import Chosen, base_place
from carriers.models import Driver, HomeBase, ReturnLeg, Trailer, Truck
from carriers.road import way
from carriers.services.booked import check_free, prepare_leg_after
from carriers.services.legs import Prepared
from carriers.store import place_of
from carriers.terms import LegTerms
from foundation.accounts.models import Organization
from foundation.trade.errors import Conflict, FieldProblem, Invalid
from foundation.trade.life_cycle import is_on_the_market
from foundation.trade.posting import Status
from foundation.trade.windows import local
from loads.models import Load

_LEG_GONE = "This return leg is not on the market any more: it was taken, withdrawn or has expired. Choose another."
_OTHER_TRUCKS = (
    "This return leg is of another truck now: it was edited meanwhile. Choose that truck, or a return leg of this one."
)
_JOINS = (
    "This load joins the tour on which the truck goes out already, and its way home is on the market: claim it by "
    "itself, and look for backhauls on that return leg."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a booking rests on: the tour that it joins, where a truck that goes out stands, what it pulls.

    `home` is the leg home of a tour out that the load joins; where it begins a tour of its own, that opens one.
    `others` are the truck's tours before and after, as far as they matter: of a truck that goes out, the next.
    """

    tour: Tour | None
    bookings: Sequence[Booking]
    standing: Standing | None
    chosen: Chosen | None
    others: Sequence[Tour]
    home: ReturnLeg | None = None

    @property
    def next_tour_at(self) -> datetime | None:
        """When the next tour of a truck that goes out begins; None where it has none, and on a leg home."""
        return None if self.standing is None else next((tour.starts_at for tour in self.others), None)

    def crew(self, vehicle: Vehicle) -> tuple[Driver | None, Trailer | None]:
        """Return who drives and what is pulled: those of the tour that is joined, or as said, or as usual."""
        if self.home is not None and self.tour is not None:
            return self.tour.driver, self.tour.trailer
        if self.chosen is None:
            return vehicle.driver, vehicle.trailer
        return vehicle.driver or self.chosen.driver, vehicle.trailer or self.chosen.trailer


def planned(
    *,
    load: Load,
    stop_times: Sequence[StopTime],
    vehicle: Vehicle,
    carrier: Organization,
    now: datetime,
    joins: Tour | None = None,
) -> tuple[Ground, PlannedTour]:
    """Return on what a booking of a load would rest, and the tour that it means.

    A partial load joins the tour on which its truck goes out in that time, where the engine finds room for it on every
    stretch; else it begins one of its own. `joins` is the tour that a bundle has begun. Raises `Conflict`, `Invalid`.
    """
    shared = tour_to_join(load, stop_times, vehicle, now)
    if shared is None:
        ground = _ground(load, stop_times, vehicle, carrier, now, joins)
        return ground, _plan(load, stop_times, vehicle, carrier, now, ground)
    try:
        ground = _joined(shared, now)
        return ground, _plan(load, stop_times, vehicle, carrier, now, ground)
    except (Conflict, Invalid) as no_room:
        try:
            ground = _ground(load, stop_times, vehicle, carrier, now, None)
            return ground, _plan(load, stop_times, vehicle, carrier, now, ground)
        except (Conflict, Invalid):
            raise no_room from None


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
    return foreseen(load=load, stop_times=stop_times, vehicle=vehicle, carrier=carrier, now=now, joins=joins)[1]


def foreseen(
    *,
    load: Load,
    stop_times: Sequence[StopTime],
    vehicle: Vehicle,
    carrier: Organization,
    now: datetime,
    joins: Tour | None = None,
) -> tuple[Ground, PlannedTour]:
    """Return what `planned` returns, and raise as well what only its constraints would tell whoever books: a truck,
    driver or trailer on another tour, a way home that cannot be, or not beside the truck's other return legs.
    """
    ground, plan = planned(load=load, stop_times=stop_times, vehicle=vehicle, carrier=carrier, now=now, joins=joins)
    driver, trailer = crew_of(ground, vehicle)
    check_units(plan, truck=vehicle.truck, driver=driver, trailer=trailer, but=ground.tour)
    if vehicle.leg is None and ground.home is None:
        check_free(_way_home(load, plan, vehicle, ground))
    return ground, plan


def crew_of(ground: Ground, vehicle: Vehicle) -> tuple[Driver | None, Trailer | None]:
    """Return who will drive, and what will be pulled, as it is written into the tour."""
    if ground.tour is not None:
        return ground.tour.driver, ground.tour.trailer
    driver, trailer = ground.crew(vehicle)
    leg = vehicle.leg
    return driver or (leg.driver if leg else None), trailer or (leg.trailer if leg else None)


def _way_home(load: Load, plan: PlannedTour, vehicle: Vehicle, ground: Ground) -> Prepared:
    """Return the leg home that a tour out of its own would open. Raises `Invalid` where it cannot be."""
    driver, trailer = ground.crew(vehicle)
    home_base, home_by = home_for(load=load, plan=plan, vehicle=vehicle, ground=ground)
    with naming_return_home_by():
        return prepare_leg_after(
            truck=vehicle.truck,
            driver=driver,
            trailer=trailer,
            home_base=home_base,
            delivery=end_of_plan(plan),
            ready_at=plan.ends_at,
            home_by=home_by,
        )


@contextmanager
def naming_return_home_by() -> Iterator[None]:
    """Let what is wrong with the time of a leg home speak of the field in which its carrier gave that time."""
    try:
        yield
    except Invalid as error:
        raise Invalid(
            FieldProblem("return_home_by" if each.field == "home_by" else each.field, each.code, each.sentence)
            for each in error.problems
        ) from error


def leg_home(
    *, load: Load, stop_times: Sequence[StopTime], vehicle: Vehicle, carrier: Organization, now: datetime
) -> tuple[PlannedTour, LegTerms]:
    """Return the tour out with a load, and the terms of the leg home that it would open; raise as `book` would.

    Raises `Conflict` too for a load that would join a tour: its leg home is on the market already.
    """
    ground, plan = foreseen(load=load, stop_times=stop_times, vehicle=vehicle, carrier=carrier, now=now)
    if ground.home is not None:
        raise Conflict("joins_a_tour", _JOINS)
    return plan, _way_home(load, plan, vehicle, ground).terms


def home_for(*, load: Load, plan: PlannedTour, vehicle: Vehicle, ground: Ground) -> tuple[HomeBase, datetime]:
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


def _joined(shared: Outbound, now: datetime) -> Ground:
    """Return the ground of a load that joins a tour out."""
    return Ground(
        tour=shared.tour,
        bookings=shared.bookings,
        standing=start_of(shared.tour, now),
        chosen=None,
        others=_next_tour(shared.tour.truck, shared.tour.ends_at, but=shared.home),
        home=shared.home,
    )


def _ground(
    load: Load,
    stop_times: Sequence[StopTime],
    vehicle: Vehicle,
    carrier: Organization,
    now: datetime,
    joins: Tour | None,
) -> Ground:
    """Return the ground of a load on a leg home, or on a tour out of its own."""
    if vehicle.leg is not None:
        return on_leg(vehicle, vehicle.leg, now, joins)
    pickup_by = latest_pickup(load, {load.pk: stop_times})
    standing = standing_of(vehicle.truck, vehicle.home_base, now, before=pickup_by)
    chosen = outbound_choice(carrier, vehicle.truck, vehicle.trailer, vehicle.driver, vehicle.home_base, standing)
    others = _next_tour(vehicle.truck, pickup_by)
    return Ground(tour=None, bookings=[], standing=standing, chosen=chosen, others=others)


def on_leg(vehicle: Vehicle, leg: ReturnLeg, now: datetime, joins: Tour | None = None) -> Ground:
    """Return the ground of loads on a leg home. Raises `Conflict` where the leg takes none, or not this crew."""
    tours = tours_about(leg, vehicle.truck)
    tour = next((each for each in tours if each.leg_id == leg.pk), None)
    joined = joins is not None and tour is not None and joins.pk == tour.pk
    if not is_on_the_market(leg, now) and not (joined and leg.status == Status.COVERED):
        raise Conflict("leg_taken", _LEG_GONE)
    if leg.truck_id != vehicle.truck.pk:
        raise Conflict("leg_changed", _OTHER_TRUCKS)
    if tour is not None and tour.starts_at <= now and not joined:  # what a bundle has begun may set out this minute
        raise Conflict("under_way", "This truck is under way on its tour already; it takes no more loads on it.")
    for wrong in crew_problems(leg, tour, driver=vehicle.driver, trailer=vehicle.trailer):
        raise Conflict(wrong.code, wrong.sentence)  # the leg was edited since it was named
    bookings = live_bookings(tour) if tour is not None else []
    others = [each for each in tours if each is not tour]
    return Ground(tour=tour, bookings=bookings, standing=None, chosen=None, others=others)


def check_on_leg(plan: PlannedTour, leg: ReturnLeg, ground: Ground) -> None:
    """Raise `Conflict` ("too_late") where the truck's other tours leave it no time for a tour home on a leg."""
    begins, ends = place_of(leg, "empty"), place_of(leg, "home")
    check_between(plan, leg.truck, begins=begins, ends=ends, others=ground.others, team=drives_as_team(leg))


def _next_tour(truck: Truck, since: datetime, *, but: ReturnLeg | None = None) -> list[Tour]:
    """Return a truck's next tour, if any, of those that begin then or later and do not go home on `but`."""
    later = Tour.objects.filter(truck=truck, status=TourStatus.PLANNED, starts_at__gte=since)
    if but is not None:
        later = later.exclude(leg=but)  # whether the truck is empty in time for that is its own question
    return list(later.select_related("leg").order_by("starts_at")[:1])


def _plan(
    load: Load,
    stop_times: Sequence[StopTime],
    vehicle: Vehicle,
    carrier: Organization,
    now: datetime,
    ground: Ground,
) -> PlannedTour:
    times: Mapping[int, Sequence[StopTime]] = agreed_times(ground.bookings) | {load.pk: tuple(stop_times)}
    driver, trailer = ground.crew(vehicle) if ground.home is not None else (vehicle.driver, vehicle.trailer)
    plan = plan_tour(
        organization=carrier,
        truck=vehicle.truck,
        trailer=trailer,
        driver=driver,
        leg=vehicle.leg,
        loads=[load],
        home_base=vehicle.home_base,
        now=now,
        already=[booking.load for booking in ground.bookings],
        times=times,
        standing=ground.standing,
        crew_is_fixed=ground.home is not None,
        fits=lambda plan: _check_after(plan, vehicle, ground),
    )
    if vehicle.leg is not None:
        check_on_leg(plan, vehicle.leg, ground)
    return plan


def _check_after(plan: PlannedTour, vehicle: Vehicle, ground: Ground) -> None:
    """Raise `Conflict` where a tour out cannot be for the truck's next tour or for its return legs, of which the
    ground's `home` is the tour's own, and `Invalid` where the truck is asked to be home sooner than it can after this.

    Of a load that joins, the leg home says where to and by when; an earlier time that can be kept changes nothing.
    """
    home, end = ground.home, end_of_plan(plan)
    if ground.next_tour_at is not None and plan.ends_at > ground.next_tour_at:
        raise in_two_places(plan, vehicle.truck)
    assert ground.standing is not None
    team = ground.chosen.team if ground.chosen is not None else drives_as_team(home)
    check_between(plan, vehicle.truck, begins=ground.standing.place, ends=end, others=ground.others, team=team)
    check_promises(plan, vehicle.truck, home=home)
    check_home(plan, home)
    if home is None:
        return
    _check_home_base(vehicle.home_base, home)
    asked = vehicle.return_home_by
    if asked is None or asked >= home.home_by.replace(second=0, microsecond=0):  # the sentence names the minute
        return
    if plan.ends_at + way(end, place_of(home, "home")).expected() > asked:
        by = local(home.home_by, home.home_time_zone)
        sentence = (
            "This load joins the tour on which the truck goes out already, and after that it cannot be home by then. "
            f"Its return leg says {by:%a %b %-d, %H:%M %Z}: give that time or a later one."
        )
        raise Invalid([FieldProblem("return_home_by", "too_early", sentence)])


def _check_home_base(named: HomeBase | None, home: ReturnLeg) -> None:
    """Raise `Invalid` where a load that joins a tour out is to go home elsewhere than that tour's return leg does."""
    if named is None or named.pk == home.home_base_id:
        return
    base, goes = base_place(named), place_of(home, "home")
    if (base.lat, base.lon) == (goes.lat, goes.lon):
        return
    sentence = (
        f"This load joins the tour on which the truck goes out already, and its return leg goes home to {goes.city}, "
        f"{goes.state}, not to {named}. Leave the home base out, or change it on that return leg first."
    )
    raise Invalid([FieldProblem("home_base", "not_the_legs", sentence)])
