"""The owner's writes: post, edit, open, withdraw, confirm, upsert; and the sweeps of loads."""

from collections.abc import Iterable
from typing import Literal

from django.db import IntegrityError, transaction

from foundation.accounts.actor import Actor
from foundation.accounts.confirmation import ask_owners
from foundation.accounts.models import Capability, Organization
from foundation.events.services import SYSTEM
from foundation.trade import clock
from foundation.trade.errors import Conflict, FieldProblem, Invalid, Stale
from foundation.trade.life_cycle import (
    check_editable,
    check_version,
    confirm_posting,
    expire_due,
    mark_edited,
    open_posting,
    raise_version,
    withdraw_posting,
)
from foundation.trade.posting import Status
from foundation.trade.rules import Problems
from loads.facts import tell
from loads.models import Load
from loads.queries import kept_load, load_by_external_id, load_by_form, locked_load, own_load
from loads.road import Stretch, stretches
from loads.rules import validate
from loads.services.selling import check_as_sold, is_material, keep_sale, take_back_load
from loads.store import changes, columns, write_stops
from loads.terms import LoadTerms, terms_of
from loads.visibility import LOAD_FIELDS, Viewer

NOUN = "load"
Outcome = Literal["created", "changed", "unchanged"]


def post_load(
    *, actor: Actor, terms: LoadTerms, external_id: str = "", draft: bool = False, form_token: str = ""
) -> Load:
    """Post a load, or save it as a draft; the same form sent twice gives the first load.

    Raises `Forbidden` without the scope or, unless it is a draft, the right to post; `Invalid` for wrong terms or an
    `external_id` that is taken.
    """
    actor.require("loads:write")
    if not draft:
        actor.require_posting(Capability.SHIPS)
    sent_before = load_by_form(actor.organization, form_token)
    if sent_before is not None:
        return sent_before
    roads = _roads(terms)
    _check_external_id(external_id)
    now = clock.now()
    validate(terms, now=now, roads=roads, draft=draft)
    load = Load(
        organization=actor.organization,
        external_id=external_id,
        form_token=form_token,
        status=Status.DRAFT if draft else Status.OPEN,
        created_at=now,
        updated_at=now,
        opened_at=None if draft else now,
        confirmed_at=None if draft else now,
        **columns(terms, roads),
    )
    try:
        with transaction.atomic():
            load.save(force_insert=True)
            write_stops(load, terms)
            tell("load.drafted" if draft else "load.opened", load, actor)
    except IntegrityError as error:
        return _made_meanwhile(actor.organization, external_id, form_token, error)
    return load


def edit_load(*, actor: Actor, load_id: str, version: int | None, terms: LoadTerms, post: bool = False) -> Load:
    """Change the terms of a load; of an open one this confirms it too. `version` is the edition that was looked at.

    What others deal on gets a new version; what only its own people read leaves it, and every offer, as they are.
    With `post` a load that is off the market goes there on the new terms, in the same transaction.

    Raises `NotFound`, `Forbidden`, `Stale` for another version, `Conflict` once it is covered or, where a broker sells
    it, for other freight, `Invalid`.
    """
    actor.require("loads:write")
    opens = frozenset({Status.DRAFT, Status.WITHDRAWN, Status.EXPIRED}) if post else frozenset()
    load, _ = _edit(actor, own_load(actor.organization, load_id), version, terms, opens)
    return load


def open_load(*, actor: Actor, load_id: str, version: int | None = None) -> Load:
    """Put a draft, withdrawn or expired load on the market with the terms that it has.

    Raises `NotFound`, `Forbidden`, `Stale`, `Conflict` when it is open or covered, `Invalid` when its terms no longer
    hold.
    """
    actor.require("loads:write")
    load = own_load(actor.organization, load_id)
    actor.require_posting(Capability.SHIPS)
    roads = _roads(terms_of(load))
    with transaction.atomic():
        load = locked_load(pk=load.pk)
        _check_version(load, version)
        now = clock.now()
        if load.status != Status.OPEN:
            validate(terms_of(load), now=now, roads=roads, stored_until=load.partners_first_until)
        open_posting(load, now=now, noun=NOUN, fact=lambda row: tell("load.opened", row, actor))
    return load


def withdraw_load(*, actor: Actor, load_id: str, version: int | None = None) -> Load:
    """Take a draft or open load off the market, or put an expired one aside; where a broker sells it, that ends the
    sale.

    Raises `NotFound`, `Forbidden`, `Stale`, `Conflict` when it is covered or withdrawn already.
    """
    actor.require("loads:write")
    load = own_load(actor.organization, load_id)
    with transaction.atomic():
        load = locked_load(pk=load.pk)
        _check_version(load, version)
        was_open = load.status == Status.OPEN
        if load.seller is not None and load.status != Status.COVERED:
            take_back_load(load=load, actor=actor, now=clock.now())
        withdraw_posting(
            load,
            now=clock.now(),
            noun=NOUN,
            fact=lambda row: tell("load.withdrawn", row, actor, brokers=was_open),
        )
    return load


def confirm_load(*, actor: Actor, load_id: str) -> Load:
    """Say that an open load still stands, as its owner or as the broker that sells it.

    Raises `NotFound`, `Forbidden`, `Conflict` when it is not open.
    """
    actor.require("loads:write")
    load = kept_load(actor.organization, load_id)
    confirm_posting(load, now=clock.now(), noun=NOUN, fact=lambda row: tell("load.confirmed", row, actor))
    return load


def confirm_loads(*, actor: Actor, load_ids: Iterable[str]) -> int:
    """Say that several open loads still stand; return how many that were. What is not open any more is passed over.

    Raises `Forbidden`, `NotFound`.
    """
    confirmed = 0
    for load_id in load_ids:
        try:
            confirm_load(actor=actor, load_id=load_id)
        except Conflict:
            continue
        confirmed += 1
    return confirmed


def upsert_load(
    *, actor: Actor, external_id: str, terms: LoadTerms, version: int | None = None
) -> tuple[Load, Outcome]:
    """Post the load with this number of the caller's own system, or bring the one it has up to date.

    An open load that stays the same is confirmed; an expired one goes back on the market; a draft stays a draft and
    what was withdrawn stays withdrawn. Raises as `post_load` and `edit_load` do.
    """
    actor.require("loads:write")
    if not external_id:
        raise Invalid([FieldProblem("external_id", "required", "Give the number that your system knows the load by.")])
    load = load_by_external_id(actor.organization, external_id)
    if load is None:
        if version is not None:
            raise Stale("stale", "There is no load with this number any more, so this version of it cannot be changed.")
        try:
            return post_load(actor=actor, terms=terms, external_id=external_id), "created"
        except Invalid:
            load = load_by_external_id(actor.organization, external_id)
            if load is None:
                raise
    load, changed = _edit(actor, load, version, terms, frozenset({Status.EXPIRED}))
    return load, "changed" if changed else "unchanged"


def expire_due_loads() -> int:
    """Take loads off the market whose pickup window is over or that nobody confirmed for 48 h; return how many."""
    return expire_due(Load, now=clock.now(), noun=NOUN, fact=lambda row: tell("load.expired", row, SYSTEM))


def ask_confirmation() -> int:
    """Ask owners to confirm what they have not confirmed for 12 h, once a period; return how many loads that are."""
    return ask_owners(Load, fact="load.confirmation_asked", one="load", many="loads", page="/loads/?confirm=on")


def _edit(
    actor: Actor, load: Load, version: int | None, terms: LoadTerms, opens_from: frozenset[Status]
) -> tuple[Load, bool]:
    """Write changed terms, and open a load that stands in one of `opens_from`; say whether anything changed."""
    roads = _roads(terms)
    with transaction.atomic():
        load = locked_load(pk=load.pk)
        _check_version(load, version)
        check_editable(load, NOUN)
        now = clock.now()
        opens = load.status in opens_from
        is_open = load.status == Status.OPEN
        if is_open or opens:
            actor.require_posting(Capability.SHIPS)
        validate(terms, now=now, roads=roads, draft=not (is_open or opens), stored_until=load.partners_first_until)
        values = keep_sale(load, terms, columns(terms, roads))
        changed = changes(load, terms, values)
        check_as_sold(load, changed)
        if not changed and not opens:
            if is_open:
                confirm_posting(load, now=now, noun=NOUN, fact=lambda row: tell("load.confirmed", row, actor))
            return load, False
        material = is_material(changed)
        if not (material or opens):
            del values["loaded_miles"]  # of roads read anew: a figure that others deal on
        for name, value in values.items():
            setattr(load, name, value)
        if material or opens:
            raise_version(load, now=now, confirmed=is_open)
        else:
            mark_edited(load, now=now, confirmed=is_open)
            load.private_edits += 1
        load.save()
        write_stops(load, terms)
        load = locked_load(pk=load.pk)  # with the new stops
        if opens:
            open_posting(load, now=now, noun=NOUN, fact=lambda row: tell("load.opened", row, actor, changed=changed))
        elif material and is_open:
            tell("load.edited", load, actor, changed=changed)
        else:
            read = material or bool(LOAD_FIELDS[Viewer.SELLER] & changed.keys())
            tell("load.noted", load, actor, changed=changed, brokers=False, seller=read)
    return load, True


def _check_version(load: Load, version: int | None) -> None:
    """Raise `Stale` when the owner worked on another edition than the stored one."""
    check_version(load, version, stored=load.edition)


def _roads(terms: LoadTerms) -> list[Stretch]:
    """Ask the road network, before any transaction; what has no ZIP code is left to `validate`."""
    places = [stop.place for stop in terms.stops]
    return stretches(places) if all(place.zip for place in places) else []


def _check_external_id(external_id: str) -> None:
    problems = Problems()
    problems.text("external_id", external_id, longest=64, label="The number of your own system")
    problems.settle()


def _made_meanwhile(organization: Organization, external_id: str, form_token: str, error: IntegrityError) -> Load:
    """Return what the same form made a moment ago, or say which number is taken."""
    twin = load_by_form(organization, form_token)
    if twin is not None:
        return twin
    if load_by_external_id(organization, external_id) is not None:
        sentence = f"You have a load with the number {external_id} already. Change that one, or use another number."
        raise Invalid([FieldProblem("external_id", "taken", sentence)]) from error
    raise error
