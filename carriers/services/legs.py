"""Every write of return legs: post, edit, open, withdraw, confirm, upsert, expire, ask."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from carriers.choices import Chosen, choose
from carriers.facts import tell
from carriers.models import Driver, ReturnLeg, Trailer, Truck
from carriers.queries import leg_by_external_id, leg_by_form, locked_leg, own_leg
from carriers.road import Way, way
from carriers.rules import (
    check_capacity,
    check_limits,
    check_on_board,
    check_order,
    check_place,
    check_times,
    check_words,
    said,
)
from carriers.store import changes, columns, free_columns, place_of, terms_of
from carriers.terms import LegTerms
from carriers.whereabouts import check_whereabouts
from foundation.accounts.actor import Actor
from foundation.accounts.models import Capability, Organization
from foundation.trade import clock
from foundation.trade.constraints import broken_constraint
from foundation.trade.errors import Conflict, FieldProblem, Forbidden, Invalid, NotFound
from foundation.trade.life_cycle import (
    check_editable,
    check_version,
    confirm_posting,
    open_posting,
    raise_version,
    withdraw_posting,
)
from foundation.trade.locks import locked
from foundation.trade.posting import Status
from foundation.trade.rules import Problems

NOUN = "return leg"
Outcome = Literal["created", "changed", "unchanged"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A leg's terms with all that was looked up for them before any transaction: fleet, home, the way there."""

    terms: LegTerms
    chosen: Chosen
    way_home: Way

    @property
    def values(self) -> dict[str, Any]:
        """The leg's columns."""
        return columns(self.terms, self.chosen, self.way_home)


def post_leg(
    *, actor: Actor, terms: LegTerms, external_id: str = "", draft: bool = False, form_token: str = ""
) -> ReturnLeg:
    """Post a return leg, or save it as a draft; the same form sent twice gives the first leg.

    Raises `Forbidden` without the scope or, unless it is a draft, the right to post; `Invalid` for wrong terms or an
    `external_id` that is taken; `Conflict` when the truck is on another leg in that time.
    """
    require_hauling(actor, draft=draft)
    sent_before = leg_by_form(actor.organization, form_token)
    if sent_before is not None:
        return sent_before
    prepared = prepare(actor.organization, terms)
    check_external_id(external_id)
    judge(prepared, draft=draft)
    return keep(
        actor.organization,
        prepared,
        external_id=external_id,
        form_token=form_token,
        write=lambda: insert(actor, prepared, external_id=external_id, form_token=form_token, draft=draft),
    )


def edit_leg(*, actor: Actor, leg_id: str, version: int | None, terms: LegTerms) -> ReturnLeg:
    """Change the terms of a leg; of an open one this confirms it too. `version` is the one that was looked at.

    Raises `NotFound`, `Forbidden`, `Stale` for another version, `Conflict` once it is covered or when the truck is on
    another leg in that time, `Invalid`.
    """
    actor.require("legs:write")
    leg, _ = _edit(actor, own_leg(actor.organization, leg_id), version, terms)
    return leg


def open_leg(*, actor: Actor, leg_id: str, version: int | None = None) -> ReturnLeg:
    """Put a draft, withdrawn or expired leg on the market with the terms that it has.

    Raises `NotFound`, `Forbidden`, `Stale`, `Conflict` when it is open or covered or its truck is on another leg then,
    `Invalid` when its terms no longer hold.
    """
    actor.require("legs:write")
    leg = own_leg(actor.organization, leg_id)
    require_hauling(actor, draft=False)
    check_version(leg, version)
    if leg.status in (Status.OPEN, Status.COVERED):
        open_posting(leg, now=clock.now(), noun=NOUN, fact=_nothing)  # refuses, with its own sentence
    prepared = prepare(actor.organization, terms_of(leg))

    def write() -> ReturnLeg:
        with transaction.atomic():
            row = locked_leg(pk=leg.pk)
            check_version(row, version if version is not None else leg.version)
            judge(prepared, draft=False)
            open_posting(row, now=clock.now(), noun=NOUN, fact=lambda each: tell("leg.opened", each, actor))
        return row

    return keep(actor.organization, prepared, external_id="", form_token="", write=write)


def withdraw_leg(*, actor: Actor, leg_id: str, version: int | None = None) -> ReturnLeg:
    """Take a draft or open leg off the market.

    Raises `NotFound`, `Forbidden`, `Stale`, `Conflict` when it is covered or off the market already.
    """
    actor.require("legs:write")
    leg = own_leg(actor.organization, leg_id)
    with transaction.atomic():
        leg = locked_leg(pk=leg.pk)
        check_version(leg, version)
        was_open = leg.status == Status.OPEN
        withdraw_posting(
            leg, now=clock.now(), noun=NOUN, fact=lambda row: tell("leg.withdrawn", row, actor, brokers=was_open)
        )
    return leg


def confirm_leg(*, actor: Actor, leg_id: str) -> ReturnLeg:
    """Say that an open leg still stands.

    Raises `NotFound`, `Forbidden`, `Conflict` when it is not open.
    """
    actor.require("legs:write")
    leg = own_leg(actor.organization, leg_id)
    confirm_posting(leg, now=clock.now(), noun=NOUN, fact=lambda row: tell("leg.confirmed", row, actor))
    return leg


def upsert_leg(
    *, actor: Actor, external_id: str, terms: LegTerms, version: int | None = None
) -> tuple[ReturnLeg, Outcome]:
    """Post the leg with this number of the caller's own system, or bring the one it has up to date.

    An open leg that stays the same is confirmed; an expired one goes back on the market; a draft stays a draft and
    what was withdrawn stays withdrawn. Raises as `post_leg` and `edit_leg` do.
    """
    actor.require("legs:write")
    if not external_id:
        raise Invalid([FieldProblem("external_id", "required", "Give the number that your system knows the leg by.")])
    leg = leg_by_external_id(actor.organization, external_id)
    if leg is None:
        if version is not None:
            raise NotFound("There is no return leg with this number, so there is no version of it either.")
        try:
            return post_leg(actor=actor, terms=terms, external_id=external_id), "created"
        except Invalid:
            leg = leg_by_external_id(actor.organization, external_id)
            if leg is None:
                raise
    leg, changed = _edit(actor, leg, version, terms, reopen=True)
    return leg, "changed" if changed else "unchanged"


# --- The steps that trips share ---------------------------------------------------------------------------------------


def require_hauling(actor: Actor, *, draft: bool) -> None:
    """Raise `Forbidden` unless the actor may write legs and, for more than a draft, put them on the market."""
    actor.require("legs:write")
    if not draft:
        actor.require_posting(Capability.HAULS)
    elif not actor.organization.hauls:
        sentence = f"{actor.organization} is not set up to post trucks. An owner can change that under Organization."
        raise Forbidden("missing_capability", sentence)


def prepare(organization: Organization, terms: LegTerms) -> Prepared:
    """Look up the fleet and the way home, before any transaction, and judge what no clock changes.

    Raises `Invalid` with every problem.
    """
    problems = Problems()
    check_words(terms, problems)
    check_limits(terms, problems)
    check_place(terms.empty, "empty", problems)
    chosen = choose(organization, terms, problems)
    if chosen is None:
        problems.settle()
        raise AssertionError("a choice that failed has noted why")
    check_capacity(
        problems,
        equipment=chosen.equipment,
        attributes=chosen.attributes,
        weight_pounds=chosen.weight_pounds,
        length_feet=chosen.length_feet,
        pallets=chosen.pallets,
    )
    check_place(chosen.home, "home", problems)
    check_order(terms, chosen.home, problems)
    problems.audience(terms.audience, terms.partners_first_until, None)
    problems.settle()
    return Prepared(terms, chosen, way(terms.empty, chosen.home))


def judge(prepared: Prepared, *, draft: bool, stored: ReturnLeg | None = None, is_booked: bool = False) -> None:
    """Judge a leg, but no draft, against the clock and, unless it `is_booked`, its truck's tours. Raises `Invalid`."""
    if draft:
        return
    problems = Problems()
    now = clock.now()
    terms = prepared.terms
    until = terms.partners_first_until
    problems.audience(terms.audience, until, None if stored and stored.partners_first_until == until else now)
    check_times(
        terms,
        prepared.way_home,
        prepared.chosen.home,
        problems,
        now=now,
        team=prepared.chosen.team,
        known_ready_at=stored.ready_at if stored and stored.status == Status.OPEN else None,
    )
    if not is_booked:
        check_whereabouts(prepared.chosen.truck, terms, problems, team=prepared.chosen.team)
    problems.settle()


def insert(
    actor: Actor,
    prepared: Prepared,
    *,
    external_id: str = "",
    form_token: str = "",
    draft: bool = False,
    now: datetime | None = None,
    **more: Any,
) -> ReturnLeg:
    """Write a prepared leg of the truck's organization and tell of it, in one transaction."""
    now = now or clock.now()
    leg = ReturnLeg(
        organization=prepared.chosen.truck.organization,
        external_id=external_id,
        form_token=form_token,
        status=Status.DRAFT if draft else Status.OPEN,
        created_at=now,
        updated_at=now,
        opened_at=None if draft else now,
        confirmed_at=None if draft else now,
        **prepared.values,
        **more,
    )
    with transaction.atomic():
        _hold_in_service(prepared.chosen)
        leg.save(force_insert=True)
        tell("leg.drafted" if draft else "leg.opened", leg, actor, brokers=not draft)
    return leg


def _hold_in_service(chosen: Chosen) -> None:
    """Hold truck, driver and trailer until the transaction ends. Raises `Conflict` for one archived meanwhile."""
    units: tuple[tuple[type[Truck | Driver | Trailer], Truck | Driver | Trailer | None, str], ...] = (
        (Truck, chosen.truck, "truck"),
        (Driver, chosen.driver, "driver"),
        (Trailer, chosen.trailer, "trailer"),
    )
    for model, unit, noun in units:
        if unit is None:
            continue
        # of the kind that leaves foreign keys alone, as whoever books holds them: no stronger lock to wait for
        if not locked(model._default_manager.filter(archived_at__isnull=True), [unit.pk]):
            raise Conflict("archived", f"That {noun} was taken out of service meanwhile. Choose another {noun}.")


def keep(
    organization: Organization, prepared: Prepared, *, external_id: str, form_token: str, write: Callable[[], ReturnLeg]
) -> ReturnLeg:
    """Run a write and turn what the database refuses into words: a form sent twice, a number or truck that is taken."""
    try:
        with transaction.atomic():
            return write()
    except IntegrityError as error:
        constraint = broken_constraint(error)
        twin = leg_by_form(organization, form_token)
        if twin is not None:
            return twin
        if constraint == "one_leg_per_external_id":
            sentence = f"You have a return leg with the number {external_id} already. Change that one, or use another."
            raise Invalid([FieldProblem("external_id", "taken", sentence)]) from error
        if constraint == "truck_has_one_leg_at_a_time":
            raise busy(prepared) from error
        raise


def check_external_id(external_id: str) -> None:
    """Check the number of the caller's own system. Raises `Invalid`."""
    problems = Problems()
    problems.text("external_id", external_id, longest=64, label="The number of your own system")
    problems.settle()


def legs_beside(prepared: Prepared, *, but: ReturnLeg | None = None) -> QuerySet[ReturnLeg]:
    """Return the legs with which the truck of a prepared one is on the market, or taken, in its time; `but` is none."""
    terms = prepared.terms
    rows = ReturnLeg.objects.filter(ready_at__lt=terms.home_by, home_by__gt=terms.ready_at, truck=prepared.chosen.truck)
    rows = rows.filter(status__in=[Status.OPEN, Status.COVERED])
    return (rows if but is None else rows.exclude(pk=but.pk)).order_by("ready_at")


def busy(prepared: Prepared, *, but: ReturnLeg | None = None) -> Conflict:
    """Return the refusal of a second leg for the same truck, naming the first, which is not `but`."""
    truck, other = prepared.chosen.truck, legs_beside(prepared, but=but).first()
    which = ""
    if other is not None:
        empty, home = place_of(other, "empty"), place_of(other, "home")
        which = f" ({empty.city}, {empty.state}, {said(other.ready_at, empty)}, until {said(other.home_by, home)})"
    sentence = (
        f"Truck {truck.number} is on another return leg in that time{which}, and a truck is in one place. "
        "Withdraw or edit that one first, or choose another truck."
    )
    return Conflict("truck_has_one_leg_at_a_time", sentence)


def _edit(
    actor: Actor, leg: ReturnLeg, version: int | None, terms: LegTerms, *, reopen: bool = False
) -> tuple[ReturnLeg, bool]:
    """Write changed terms; say whether anything changed."""
    check_version(leg, version)
    check_editable(leg, NOUN)
    prepared = prepare(actor.organization, terms)
    _check_trip(leg, terms)
    changed_anything = False

    def write() -> ReturnLeg:
        nonlocal changed_anything
        with transaction.atomic():
            row = locked_leg(pk=leg.pk)
            check_version(row, version)
            check_editable(row, NOUN)
            now = clock.now()
            opens = reopen and row.status == Status.EXPIRED
            is_open = row.status == Status.OPEN
            if is_open or opens:
                actor.require_posting(Capability.HAULS)
            check_on_board(row, prepared.values)
            values = free_columns(row, prepared.values)
            changed = changes(row, values)
            judge(prepared, draft=not (is_open or opens), stored=row)
            changed_anything = bool(changed) or opens
            if not changed_anything:
                if is_open:
                    confirm_posting(row, now=now, noun=NOUN, fact=lambda each: tell("leg.confirmed", each, actor))
                return row
            for name, value in values.items():
                setattr(row, name, value)
            raise_version(row, now=now, confirmed=is_open)
            row.save()
            _follow(row)
            if opens:
                open_posting(
                    row, now=now, noun=NOUN, fact=lambda each: tell("leg.opened", each, actor, changed=changed)
                )
            else:
                tell("leg.edited", row, actor, changed=changed, brokers=is_open)
        return row

    return keep(actor.organization, prepared, external_id="", form_token="", write=write), changed_anything


def _check_trip(leg: ReturnLeg, terms: LegTerms) -> None:
    """Refuse a leg that is ready before its headhaul has departed."""
    if leg.trip is not None and terms.ready_at <= leg.trip.departs_at:
        sentence = f"The trip there departs on {said(leg.trip.departs_at, terms.empty)} only. Choose a later time."
        raise Invalid([FieldProblem("ready_at", "before_departure", sentence)])


def _follow(leg: ReturnLeg) -> None:
    """Let the headhaul end where and when its leg begins."""
    trip = leg.trip
    if trip is not None:
        trip.truck = leg.truck
        trip.to_city, trip.to_state, trip.to_zip = leg.empty_city, leg.empty_state, leg.empty_zip
        trip.empties_at = leg.ready_at
        trip.save()


def _nothing(_leg: ReturnLeg) -> None:
    """Tell nobody."""
