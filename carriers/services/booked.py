"""What a booking does to return legs: covered, with partial loads on board, open again, or opened by it.

Called in the booking's transaction, on rows that it has locked.
"""

from dataclasses import replace
from datetime import datetime

from django.db.models import F, Value

from carriers.facts import tell
from carriers.models import Driver, HomeBase, ReturnLeg, Trailer, Truck
from carriers.queries import locked_leg
from carriers.services.legs import NOUN, Prepared, busy, insert, judge, keep, legs_beside, prepare
from carriers.store import CAPACITY, changes, place_of, terms_of
from carriers.terms import LegTerms
from foundation.accounts.actor import Actor
from foundation.events.services import HasLabel
from foundation.places.place import Place
from foundation.trade.constraints import refusing
from foundation.trade.errors import Conflict, Invalid
from foundation.trade.life_cycle import reopen_posting
from foundation.trade.posting import MOVES, Status
from foundation.trade.status import change_status

Amounts = tuple[int, int, int]
"""Pounds, feet and pallets."""

_ON_BOARD = tuple(f"{part}_{name}" for part in ("taken", "part_way") for name in CAPACITY)


_BEGINNING = frozenset({"ready_at", "expires_at", "home_miles"})


def cover_leg(*, leg: ReturnLeg, actor: HasLabel | str, now: datetime) -> None:
    """Take an open leg off the market, because it has its load home. Raises `Conflict` when it is not open."""
    change_status(
        leg,
        to=Status.COVERED,
        moves=MOVES,
        fact=lambda row: tell("leg.covered", row, actor),
        sentence="This return leg is taken: it has its load home, was withdrawn or has expired.",
        in_hand=True,
        updated_at=now,
    )


def reopen_leg(*, leg: ReturnLeg, actor: HasLabel | str, now: datetime) -> None:
    """Put a covered leg back on the market, confirmed as of now, with what is free on it.

    A leg that can no longer be home in time leaves the market again with the next sweep. Raises `Conflict` when it is
    not covered.
    """
    reopen_posting(leg, now=now, noun=NOUN, fact=lambda row: tell("leg.opened", row, actor))


def drop_leg(*, leg: ReturnLeg, actor: HasLabel | str, now: datetime) -> None:
    """Withdraw a leg to whose beginning the truck does not come any more, because what took it there was cancelled.

    Raises `Conflict` when it is neither open nor covered.
    """
    change_status(
        leg,
        to=Status.WITHDRAWN,
        moves={status: frozenset({Status.WITHDRAWN}) for status in (Status.OPEN, Status.COVERED)},
        fact=lambda row: tell("leg.withdrawn", row, actor),
        sentence="This return leg is off the market already. Reload to see where it stands.",
        in_hand=True,
        updated_at=now,
        tour_starts_at=None,
        tour_ends_at=None,
    )


def note_tour(*, leg: ReturnLeg, starts_at: datetime | None, ends_at: datetime | None) -> None:
    """Write into a locked leg when its truck is on the tour that leaves it where the leg begins; None where none does
    any more.
    """
    if (leg.tour_starts_at, leg.tour_ends_at) == (starts_at, ends_at):
        return
    leg.tour_starts_at, leg.tour_ends_at = starts_at, ends_at
    leg.save(update_fields=["tour_starts_at", "tour_ends_at"])


def set_on_board(
    *,
    leg: ReturnLeg,
    weight_pounds: int,
    length_feet: int,
    pallets: int,
    part_way: Amounts = (0, 0, 0),
    has_moved: bool = False,
    actor: HasLabel | str,
    now: datetime,
) -> None:
    """Write what booked partial loads take of a leg at its fullest stretch, whatever its status; the rest is free.

    `part_way` is how much more is free where most is, in pounds, feet and pallets; `has_moved` says that what is on
    board is elsewhere or at other times, though it may be as much. Publishes `leg.reduced` where any of it is other
    than it was. Raises `Conflict` when the truck takes less than that.
    """
    before, taken = _on_board(leg), (weight_pounds, length_feet, pallets)
    if before == taken + part_way and not has_moved:
        return
    rows = ReturnLeg.objects.filter(
        pk=leg.pk,
        weight_pounds__gte=Value(weight_pounds) - F("taken_weight_pounds"),
        length_feet__gte=Value(length_feet) - F("taken_length_feet"),
        pallets__gte=Value(pallets) - F("taken_pallets"),
    )
    written = rows.update(
        weight_pounds=F("weight_pounds") + F("taken_weight_pounds") - weight_pounds,
        length_feet=F("length_feet") + F("taken_length_feet") - length_feet,
        pallets=F("pallets") + F("taken_pallets") - pallets,
        version=F("version") + 1,
        updated_at=now,
        **dict(zip(_ON_BOARD, taken + part_way, strict=True)),
    )
    leg.refresh_from_db()
    if not written:
        left = f"{leg.weight_pounds:,} lb, {leg.length_feet} ft and {leg.pallets} pallets"
        raise Conflict("does_not_fit", f"The load does not fit beside what is on board: {left} are left.")
    after = zip(_ON_BOARD, before, taken + part_way, strict=True)
    changed = {name: [was, is_now] for name, was, is_now in after if was != is_now}
    tell("leg.reduced", leg, actor, changed=changed, brokers=leg.status in (Status.OPEN, Status.COVERED))


def _on_board(leg: ReturnLeg) -> tuple[int, ...]:
    return tuple(getattr(leg, name) for name in _ON_BOARD)


def open_leg_after(
    *,
    actor: Actor,
    truck: Truck,
    driver: Driver | None,
    trailer: Trailer | None,
    home_base: HomeBase,
    delivery: Place,
    starts_at: datetime,
    ready_at: datetime,
    home_by: datetime,
    now: datetime,
) -> ReturnLeg:
    """Open the leg home that an outbound booking leaves the truck with: empty at the delivery, at its planned time.

    `starts_at` is when the tour begins that ends there. The leg is the truck's carrier's, whoever acts for it. Limits
    are open: the carrier sets them as it likes. Raises `Invalid` (`home_by`) when it cannot be home by then, `Conflict`
    when the truck is on another leg in that time or a unit was archived.
    """
    prepared = prepare_leg_after(
        truck=truck,
        driver=driver,
        trailer=trailer,
        home_base=home_base,
        delivery=delivery,
        ready_at=ready_at,
        home_by=home_by,
    )
    leg = keep(
        truck.organization,
        prepared,
        external_id="",
        form_token="",
        write=lambda: insert(actor, prepared, now=now, tour_starts_at=starts_at, tour_ends_at=ready_at),
    )
    return locked_leg(pk=leg.pk)


def prepare_leg_after(
    *,
    truck: Truck,
    driver: Driver | None,
    trailer: Trailer | None,
    home_base: HomeBase,
    delivery: Place,
    ready_at: datetime,
    home_by: datetime,
) -> Prepared:
    """Return the leg home that an outbound booking would leave the truck with; `check_free` asks for its other legs.

    Raises `Invalid` (`home_by`) when it cannot be home by then.
    """
    terms = LegTerms(
        truck=truck.public_id,
        trailer=trailer.public_id if trailer else "",
        driver=driver.public_id if driver else "",
        home_base=home_base.public_id,
        empty=delivery,
        ready_at=ready_at,
        home_by=home_by,
    )
    prepared = prepare(truck.organization, terms)
    judge(prepared, draft=False, is_booked=True)
    return prepared


def check_free(prepared: Prepared, *, but: ReturnLeg | None = None) -> None:
    """Raise `Conflict` where the truck of a prepared leg is on another one than `but` in its time, as writing it would.

    Legs that touch may follow one another.
    """
    if legs_beside(prepared, but=but).exists():
        raise busy(prepared, but=but)


def check_beginning(*, leg: ReturnLeg, empty: Place, ready_at: datetime) -> Prepared | None:
    """Return how a leg that an outbound booking opened would begin elsewhere or at another time; None where it stays.

    A leg that has its load home begins as booked. Raises `Conflict` where the truck would be empty later than for that,
    or elsewhere, and where it could not be home in time.
    """
    before = place_of(leg, "empty")
    has_moved = (before.lat, before.lon) != (empty.lat, empty.lon)
    if (leg.ready_at == ready_at and not has_moved) or leg.status not in (Status.OPEN, Status.COVERED):
        return None
    if leg.status == Status.COVERED or leg.is_shared:
        if ready_at <= leg.ready_at and not has_moved:
            return None
        sentence = "The truck has its load home booked already, and would be empty too late or elsewhere for it."
        raise Conflict("leg_taken", sentence)
    try:
        # home is where it was when the leg opened, wherever the base has moved since
        terms = replace(terms_of(leg), empty=empty, ready_at=ready_at, home=place_of(leg, "home"), home_base="")
        prepared = prepare(leg.organization, terms)
        judge(prepared, draft=False, is_booked=True)
    except Invalid as error:
        sentence = f"The truck would be empty too late to be home in time. {error.sentence}"
        raise Conflict("too_late", sentence) from error
    return prepared


def begin_leg_at(
    *, leg: ReturnLeg, empty: Place, starts_at: datetime, ready_at: datetime, actor: HasLabel | str, now: datetime
) -> None:
    """Let a locked leg that an outbound booking opened begin where and when that truck is empty now: its tour, which
    begins at `starts_at`, was planned anew. Raises as `check_beginning`, and `Conflict` where the truck is on another
    leg in that time.
    """
    prepared = check_beginning(leg=leg, empty=empty, ready_at=ready_at)
    if prepared is None:
        before = place_of(leg, "empty")
        if (before.lat, before.lon) == (empty.lat, empty.lon):
            note_tour(leg=leg, starts_at=starts_at, ends_at=ready_at)
        else:  # it is off the market, and begins elsewhere than the truck is left
            note_tour(leg=leg, starts_at=None, ends_at=None)
        return
    values = {name: value for name, value in prepared.values.items() if name.startswith("empty_") or name in _BEGINNING}
    changed = changes(leg, values)
    with refusing({"truck_has_one_leg_at_a_time": busy(prepared, but=leg)}):
        rows = ReturnLeg.objects.filter(pk=leg.pk, status=Status.OPEN)
        rows.update(**values, version=F("version") + 1, updated_at=now, tour_starts_at=starts_at, tour_ends_at=ready_at)
    leg.refresh_from_db()
    tell("leg.edited", leg, actor, changed=changed)
