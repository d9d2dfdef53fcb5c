"""Making an amendment true: load, booking, tour, papers and record change in the transaction of the last yes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from brokers.elsewhere import check_moved
from brokers.facts import tell_of_tour
from brokers.models import (
    AMENDMENT_MOVES,
    Agreement,
    Amendment,
    AmendmentStatus,
    Booking,
    Tour,
)
from brokers.papers.amending import changes_planned_freight, has_moved_on, moved_times, touches_tour
from brokers.papers.amendment_facts import tell_of_amended_booking, tell_of_amendment
from brokers.papers.stop_details import as_terms, is_of_stop
from brokers.replanning import plan_anew
from brokers.services.boarding import settle_leg
from brokers.services.confirmations import issue_confirmation
from brokers.services.outbound import leg_home_of
from brokers.services.records import write_record
from brokers.services.tours import replan, write_stops
from brokers.terms import StopTime, terms_of
from brokers.touring import PlannedTour, agreed_times, end_of_plan, live_bookings
from brokers.underway import plan_under_way
from brokers.withheld import Withheld
from carriers.models import ReturnLeg
from carriers.services.booked import begin_leg_at
from foundation.accounts.actor import Actor
from foundation.trade.errors import Conflict, TradeError
from foundation.trade.locks import locked
from foundation.trade.status import change_status
from loads.models import Load
from loads.services import amend_load

Subject = Amendment.Subject

_PAPERS = {
    Subject.CARRIAGE: (Agreement.CARRIAGE,),
    Subject.SALE: (Agreement.SALE,),
    Subject.FREIGHT: (Agreement.CARRIAGE, Agreement.SALE),
}
_MOVED_ON = "The booking has changed since this was proposed. Withdraw it and propose it anew on what stands now."
_PROMISED = (
    "The truck cannot do this as it would be amended: it cannot be there in time, or not carry it beside what is on "
    "board. Ask the carrier for other times."
)
_UNDER_WAY = (
    "The truck is under way, and this cannot be any more as it would be amended. Times at the stops ahead, rate and "
    "terms can still change."
)


def settle_amendment(*, amendment: Amendment, booking: Booking, load: Load, actor: Actor, now: datetime) -> None:
    """Make an amendment true that every side said yes to; load and booking are locked by the caller.

    Raises `Conflict` when what it was proposed on has moved on, or the tour cannot be so; `Invalid`.
    """
    if has_moved_on(amendment, booking, load):
        raise Conflict("moved_on", _MOVED_ON)
    touches = touches_tour(amendment)
    legs = _hold(booking) if touches else {}
    tour = _tour(booking)
    plan = _plan(amendment, booking, tour, actor, now) if touches else None
    values = {name: value for name, (_, value) in amendment.load_changes.items()}
    times = _times(amendment)
    moved = moved_times(amendment)  # the others may have been agreed apart from the posting: that is not the load's
    if values or moved:
        changes = {**as_terms(load, values), "stop_times": moved}
        load = amend_load(load=load, changes=changes, actor=actor, now=now)
        booking.load_version = load.version
    _write_terms(amendment, booking, times, now)
    if plan is not None:
        with _carriers_own(actor, booking):
            _move_tour(booking, tour, plan, legs, actor, now)
    change_status(
        amendment,
        to=AmendmentStatus.ACCEPTED,
        moves=AMENDMENT_MOVES,
        fact=lambda row: tell_of_amendment("amendment.closed", row, actor),
        sentence="This amendment was answered, withdrawn or has lapsed.",
        closed_at=now,
    )
    if booking.carrier_id != booking.seller_id:
        issue_confirmation(booking=booking, actor=actor, now=now, agreements=_PAPERS[Subject(amendment.subject)])
    write_record(booking=booking, now=now)
    tell_of_amended_booking(amendment, booking, actor)


def check_tour(*, amendment: Amendment, actor: Actor, now: datetime) -> None:
    """Raise `Conflict` with the engine's sentence where the tour cannot be as an amendment would have it."""
    if touches_tour(amendment):
        booking = amendment.booking
        _plan(amendment, booking, _tour(booking), actor, now)


def _plan(amendment: Amendment, booking: Booking, tour: Tour, actor: Actor, now: datetime) -> PlannedTour:
    """Return the tour that the engine plans with the amendment."""
    with _carriers_own(actor, booking):
        return _planned(amendment, booking, tour, now)


@contextmanager
def _carriers_own(actor: Actor, booking: Booking) -> Iterator[None]:
    """Keep why the truck cannot do it to the carrier: its tours and its driver's hours are its own."""
    try:
        yield
    except TradeError as refusal:
        if actor.organization.pk == booking.carrier_id:
            raise
        # how far the truck is follows from the driver's hours, too
        if refusal.code == "under_way":
            raise Conflict("under_way", _UNDER_WAY) from refusal
        raise Withheld(_PROMISED, refusal) from refusal


def _planned(amendment: Amendment, booking: Booking, tour: Tour, now: datetime) -> PlannedTour:
    bookings = live_bookings(tour)
    others = [each.load for each in bookings if each.pk != booking.pk]
    load = next(each.load for each in bookings if each.pk == booking.pk)
    for name, (_, value) in amendment.load_changes.items():
        if not is_of_stop(name):
            setattr(load, name, value)
    stood = agreed_times(bookings)
    times = stood | ({booking.load_id: _times(amendment)} if _times(amendment) else {})
    home = leg_home_of(bookings) if tour.leg is None else None

    def fits(plan: PlannedTour) -> None:
        check_moved(plan, tour, home=home)

    if tour.starts_at <= now:
        return plan_under_way(
            tour=tour,
            booking=booking,
            loads=[*others, load],
            before=stood,
            times=times,
            changes_freight=changes_planned_freight(amendment),
            now=now,
            fits=fits,
        )
    return plan_anew(tour, [*others, load], now=now, times=times, fits=fits)


def _hold(booking: Booking) -> dict[int, ReturnLeg]:
    """Hold the legs and the tour that may change, in the house's order, and return the legs as they stand."""
    keys = [key for key in (booking.leg_id, booking.opened_leg_id) if key is not None]
    related = ReturnLeg.objects.select_related("organization", "truck", "driver", "trailer", "home_base", "trip")
    legs = locked(related, keys)
    locked(Tour.objects.all(), [booking.tour_id])
    return legs


def _tour(booking: Booking) -> Tour:
    return Tour.objects.select_related("organization", "truck", "driver", "trailer", "leg").get(pk=booking.tour_id)


def _times(amendment: Amendment) -> tuple[StopTime, ...]:
    """Return the times at the stops as they would be; none where the amendment is not about them."""
    return terms_of(amendment).stop_times if amendment.subject != Subject.SALE else ()


def _write_terms(amendment: Amendment, booking: Booking, times: Sequence[StopTime], now: datetime) -> None:
    """Write what was agreed into the booking. Of a sale the carrier reads nothing, so its version stays."""
    changed = ["amended_at"]
    booking.amended_at = now
    if amendment.subject == Subject.SALE:
        booking.amended_at = Booking.objects.values_list("amended_at", flat=True).get(pk=booking.pk)
        booking.shipper_rate_cents = amendment.rate_cents
        changed.append("shipper_rate_cents")
    else:
        columns = terms_of(amendment).columns()
        if amendment.subject == Subject.FREIGHT or not times:
            columns = {"stop_times": columns["stop_times"]} if times else _without_times(columns)
        for name, value in columns.items():
            setattr(booking, name, value)
        booking.version += 1
        changed += [*columns, "load_version", "version"]
    booking.save(update_fields=changed)


def _without_times(columns: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in columns.items() if name != "stop_times"}


def _move_tour(
    booking: Booking,
    tour: Tour,
    plan: PlannedTour,
    legs: dict[int, ReturnLeg],
    actor: Actor,
    now: datetime,
) -> None:
    """Write the new plan: the tour with its stops, what its leg has free, when the leg home begins."""
    replan(tour=tour, plan=plan)
    write_stops(tour=tour, plan=plan, bookings=live_bookings(tour))
    if booking.leg_id is not None:
        settle_leg(leg=legs[booking.leg_id], tour=tour, actor=actor, now=now)
    if booking.opened_leg_id is not None:
        home = legs[booking.opened_leg_id]
        begin_leg_at(
            leg=home,
            empty=end_of_plan(plan),
            starts_at=plan.starts_at,
            ready_at=plan.ends_at,
            actor=actor,
            now=now,
        )
    tell_of_tour(tour, actor)
