"""What a truck that goes out could bring home: the best backhauls for the leg that an outbound load would open.

Shown before the button is pressed and again on the answer, with what the round trip earns. All of it rests on the
carrier's own costs, so it is the carrier's alone: nobody else asks for it, a broker that acts for it included.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from brokers.models import Booking, ClaimedLoad
from brokers.services.booking import leg_home
from brokers.terms import posted_terms, terms_of
from brokers.touring import Vehicle
from carriers.costs import Costs
from carriers.models import ReturnLeg
from carriers.queries import costs_on
from carriers.store import terms_of as leg_terms_of
from carriers.terms import LegTerms
from foundation.accounts.models import Organization
from foundation.trade import clock
from foundation.trade.posting import Status
from loads.models import Load
from matching.services.previewing import Preview, preview

SHOWN = 6
"""How many round trips are shown."""

_ON_DUTY = frozenset({"service", "wait"})
_MINUTES_AN_HOUR = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTrip:
    """Backhauls in driving order with the outbound load: what they bring over going home empty, and what all earns.

    `own_gain_cents` and `earns_cents` are at the carrier's own costs. `can_book` says that all of them are open to
    claims and nobody has reserved one.
    """

    loads: tuple[Load, ...]
    rate_cents: int
    rate_is_estimated: bool
    own_gain_cents: int
    earns_cents: int
    deadhead_miles: float
    empty_miles_saved: float
    home_at: datetime
    can_book: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Backhauls:
    """What waits for the leg home of an outbound load, and what each round trip earns; for its carrier alone.

    `leg` is that leg, stored or not. `out_cents` is what the outbound load earns until the truck is empty, and
    `alone_cents` what is left of it once the truck has driven home empty; None where no road leads home. `count` is
    how many loads beat the empty run.
    """

    load: Load
    leg: ReturnLeg
    out_cents: int
    alone_cents: int | None
    empty_miles: float | None
    trips: tuple[RoundTrip, ...]
    count: int
    costs_are_default: bool


def backhauls_after(*, carrier: Organization, load: Load, vehicle: Vehicle, now: datetime) -> Backhauls:
    """Return the best backhauls for the leg that a claim of this load, as posted, would open for its carrier.

    Raises `Conflict` and `Invalid` where the truck cannot take the load out, or nobody knows where it goes home to.
    """
    terms = posted_terms(load)
    plan, leg_terms = leg_home(load=load, stop_times=terms.stop_times, vehicle=vehicle, carrier=carrier, now=now)
    return _found(carrier, load, terms.rate_cents, plan.loaded_miles, plan.empty_miles, plan.steps, leg_terms, None)


def backhauls_on(*, carrier: Organization, booking: Booking) -> Backhauls | None:
    """Return the best backhauls for the leg that the carrier's outbound booking opened; None once it is taken."""
    leg = booking.opened_leg
    if leg is None or leg.status != Status.OPEN or booking.carrier_id != carrier.pk:
        return None
    tour = booking.tour
    return _found(
        carrier,
        booking.load,
        terms_of(booking).rate_cents,
        tour.loaded_miles,
        tour.empty_miles,
        tour.steps,
        leg_terms_of(leg),
        leg,
    )


def outbound_cents(
    *, rate_cents: int, loaded_miles: float, empty_miles: float, on_duty_minutes: int, costs: Costs
) -> int:
    """Return what an outbound load earns until the truck is empty: its rate less miles and on-duty hours.

    Each term is rounded to the cent first, half a cent up, as in the gain of a backhaul.
    """
    paid = (
        loaded_miles * costs.loaded_cents_per_mile,
        empty_miles * costs.empty_cents_per_mile,
        on_duty_minutes * costs.hour_cents / _MINUTES_AN_HOUR,
    )
    return rate_cents - sum(int(cents + 0.5) for cents in paid)


def on_duty_minutes(steps: Sequence[dict[str, object]]) -> int:
    """Return the minutes of a time line in which the driver loads, unloads or waits on duty."""
    return sum(int(str(step["minutes"])) for step in steps if step["kind"] in _ON_DUTY)


def _found(
    carrier: Organization,
    load: Load,
    rate_cents: int,
    loaded_miles: float,
    empty_miles: float,
    steps: Sequence[dict[str, object]],
    terms: LegTerms,
    stored: ReturnLeg | None,
) -> Backhauls:
    waiting = preview(organization=carrier, leg_terms=terms, stored=stored, but=load, with_chains=True)
    costs = costs_on(carrier, terms.ready_at.date())
    out = outbound_cents(
        rate_cents=rate_cents,
        loaded_miles=loaded_miles,
        empty_miles=empty_miles,
        on_duty_minutes=on_duty_minutes(steps),
        costs=costs,
    )
    run = waiting.empty_run
    alone = None if run is None else out - run.own_cost
    return Backhauls(
        load=load,
        leg=waiting.leg,
        out_cents=out,
        alone_cents=alone,
        empty_miles=None if run is None else run.miles,
        trips=_trips(waiting, alone) if alone is not None else (),
        count=waiting.count,
        costs_are_default=costs.is_default,
    )


def _trips(waiting: Preview, alone_cents: int) -> tuple[RoundTrip, ...]:
    """Return single backhauls and chains of two by what the round trip earns."""
    shown = {row.load.pk: row.load for row in waiting.loads}
    shown |= {load.pk: load for chain in waiting.chains for load in chain.loads}
    held = ClaimedLoad.objects.filter(load__in=shown, is_held=True, claim__held_until__gt=clock.now())
    reserved = set(held.values_list("load_id", flat=True))

    def can_book(loads: Sequence[Load]) -> bool:
        return all(load.book_now and load.rate_cents is not None and load.pk not in reserved for load in loads)

    singles = [
        RoundTrip(
            loads=(row.load,),
            rate_cents=row.rate_cents,
            rate_is_estimated=row.rate_is_estimated,
            own_gain_cents=row.own_gain_cents,
            earns_cents=alone_cents + row.own_gain_cents,
            deadhead_miles=row.pickup_deadhead_miles + row.home_deadhead_miles,
            empty_miles_saved=row.empty_miles_saved,
            home_at=row.home_at,
            can_book=can_book((row.load,)),
        )
        for row in waiting.loads
    ]
    chains = [
        RoundTrip(
            loads=chain.loads,
            rate_cents=chain.rate_cents,
            rate_is_estimated=chain.rate_is_estimated,
            own_gain_cents=chain.own_gain_cents,
            earns_cents=alone_cents + chain.own_gain_cents,
            deadhead_miles=chain.deadhead_miles,
            empty_miles_saved=chain.empty_miles_saved,
            home_at=chain.home_at,
            can_book=can_book(chain.loads),
        )
        for chain in waiting.chains
    ]
    best = sorted([*singles, *chains], key=lambda trip: -trip.earns_cents)
    return tuple(best[:SHOWN])
