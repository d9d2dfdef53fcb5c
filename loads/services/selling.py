"""Who sells a load: a broker takes the sale on, sets its terms towards carriers, and gives it back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from foundation.accounts.actor import Actor
from foundation.accounts.models import Capability, Organization
from foundation.events.services import HasLabel
from foundation.trade import clock
from foundation.trade.accessorials import AccessorialTerms
from foundation.trade.errors import Conflict, FieldProblem, Invalid
from foundation.trade.life_cycle import check_editable, check_version
from foundation.trade.posting import Status
from foundation.trade.rules import Problems
from loads.facts import tell, tell_of_end_of_sale, tell_of_seller
from loads.models import Load
from loads.queries import load_to_sell, locked_load
from loads.rules import check_sale
from loads.terms import SALE_COLUMNS, LoadTerms, SaleTerms

NOUN = "load"

# What nobody bargains on: neither what is hauled nor where and when nor for what. It makes no new version, and an owner
# may change it of a load that a broker sells.
_NOT_MATERIAL = frozenset(
    {"reference", "notes", "private_notes", "instructions", "reserve_cents", "audience", "partners_first_until"}
)


def sell_load(*, load: Load, seller: Organization, shipper_rate_cents: int, actor: HasLabel | str, now: Any) -> None:
    """Let a broker sell an open load at what the owner pays it; towards carriers it starts open to offers.

    Belongs in the transaction of the accepted tender, on the locked row. Raises `Conflict` when the load is not open,
    another broker sells it, or the broker may not sell.
    """
    if seller.pk == load.organization_id:
        raise Conflict("own_load", "Nobody sells its own load for itself.")
    if not (seller.brokers and seller.is_verified) or seller.market != load.organization.market:
        raise Conflict("not_a_broker", f"{seller} does not work as a verified broker here, so it cannot sell the load.")
    before = SaleTerms.of(load).columns()
    with transaction.atomic():
        rows = Load.objects.filter(pk=load.pk, status=Status.OPEN, seller__isnull=True)
        taken = rows.update(
            seller=seller,
            shipper_rate_cents=shipper_rate_cents,
            before_sale=before,
            rate_cents=None,
            book_now=False,
            seller_edits=0,
            version=F("version") + 1,
            updated_at=now,
        )
        if not taken:
            load.refresh_from_db()
            if load.seller_id is not None:
                raise Conflict("sold_already", "Another broker sells this load already.")
            raise Conflict("not_open", "This load is not on the market any more, so nobody can sell it.")
        load.refresh_from_db()
        tell(
            "load.sold",
            load,
            actor,
            changed={"seller": [None, str(seller)], "shipper_rate_cents": [None, shipper_rate_cents]},
        )


def take_back_load(*, load: Load, actor: HasLabel | str, now: Any) -> None:
    """End the sale of a load by its broker: the owner's own terms towards carriers return, not open to claims.

    Belongs in the caller's transaction, on the locked row. Raises `Conflict` when no broker sells it, or it is covered.
    """
    seller = load.seller
    if seller is None:
        raise Conflict("not_sold", "No broker sells this load.")
    if load.status == Status.COVERED:
        sentence = "A carrier has booked this load, so its sale stands. Cancel the booking first."
        raise Conflict("not_editable", sentence)
    own = {**SaleTerms.of_columns(load.before_sale).columns(), "book_now": False}
    with transaction.atomic():
        rows = Load.objects.filter(pk=load.pk, seller=seller).exclude(status=Status.COVERED)
        taken = rows.update(
            **own,
            seller=None,
            shipper_rate_cents=None,
            before_sale={},
            seller_edits=0,
            version=F("version") + 1,
            updated_at=now,
        )
        if not taken:
            raise Conflict("status_moved_on", "This load moved on meanwhile. Reload to see where it stands.")
        load.refresh_from_db()
        tell_of_end_of_sale(load, seller, actor)


def give_back_load(*, actor: Actor, load_id: str, version: int | None = None) -> Load:
    """Give up the sale of a load as its seller. Raises `Forbidden`, `NotFound`, `Stale`, `Conflict` once covered."""
    actor.require("loads:write")
    load = load_to_sell(actor.organization, load_id)
    with transaction.atomic():
        load = locked_load(pk=load.pk)
        check_version(load, version)
        take_back_load(load=load, actor=actor, now=clock.now())
    return load


def price_load(
    *,
    actor: Actor,
    load_id: str,
    version: int | None,
    rate_cents: int | None,
    book_now: bool = False,
    accessorials: AccessorialTerms | None = None,
    payment_days: int | None = None,
) -> Load:
    """Set the terms towards carriers of a load that the actor's organization sells; what is not given stays.

    The owner reads nothing of them and hears nothing of the change. Raises `NotFound` for a load that it does not sell,
    `Forbidden`, `Stale` for another version, `Conflict` once it is covered, `Invalid`.
    """
    actor.require("loads:write")
    load = load_to_sell(actor.organization, load_id)
    with transaction.atomic():
        load = locked_load(pk=load.pk)
        if load.seller_id != actor.organization.pk:
            raise Conflict("not_sold", "You do not sell this load any more.")
        check_version(load, version)
        check_editable(load, NOUN)
        actor.require_posting(Capability.BROKERS)
        before = SaleTerms.of(load)
        terms = SaleTerms(
            rate_cents=rate_cents,
            book_now=book_now,
            accessorials=before.accessorials if accessorials is None else accessorials,
            payment_days=before.payment_days if payment_days is None else payment_days,
        )
        problems = Problems()
        check_sale(terms, load.loaded_miles, problems)
        problems.settle()
        old, new = before.columns(), terms.columns()
        changed = {name: [old[name], new[name]] for name in SALE_COLUMNS if old[name] != new[name]}
        if not changed:
            return load
        for name, value in new.items():
            setattr(load, name, value)
        # no word of the owner's: its version, its confirmation and what it sees of the load stay as they are
        load.version += 1
        load.seller_edits += 1
        load.save(update_fields=[*SALE_COLUMNS, "version", "seller_edits"])
        tell_of_seller(load, actor, changed=changed)
    return load


def keep_sale(load: Load, terms: LoadTerms, values: dict[str, Any]) -> dict[str, Any]:
    """Return an owner's new columns without those that are a seller's word; all of them where the owner sells itself.

    Raises `Invalid` where the owner of a sold load gives other terms towards carriers than it had: they are not its own
    to set.
    """
    if load.seller is None:
        return values
    own, given, none = SaleTerms.of_columns(load.before_sale).columns(), SaleTerms.of(terms).columns(), SaleTerms()
    problems = [
        FieldProblem(
            name,
            "sold_by_a_broker",
            f"{load.seller} sells this load, so its terms towards carriers are theirs. Leave this as it was, or take "
            "the load back by withdrawing it.",
        )
        for name, value in given.items()
        if value not in (own[name], none.columns()[name])
    ]
    if problems:
        raise Invalid(problems)
    return {name: value for name, value in values.items() if name not in SALE_COLUMNS}


def check_as_sold(load: Load, changed: Mapping[str, Sequence[Any]]) -> None:
    """Raise `Conflict` where the owner would change what a broker sells: its rate to carriers stands for that freight.

    `changed` holds [before, after] by field, such as `weight_pounds` or `stops.0.opens_at`.
    """
    if load.seller is None or not is_material(changed):
        return
    or_else = " or withdraw the load, which ends the sale" if load.status == Status.OPEN else ""
    sentence = (
        f"{load.seller} sells this load as you handed it over, so its freight, equipment, stops and times stay as they "
        f"are. Ask {load.seller} to give the load back{or_else}; then change it and tender it anew. Once a carrier has "
        "booked it, propose an amendment instead. Notes, references and instructions you can change at any time."
    )
    raise Conflict("sold_by_a_broker", sentence)


def is_material(changed: Mapping[str, Sequence[Any]]) -> bool:
    """Say whether [before, after] by field change what others deal on; offers on the version before are superseded."""
    return any(_is_term(name, before, after) for name, (before, after) in changed.items())


def _is_term(name: str, before: Any, after: Any) -> bool:
    if name.endswith(("opens_at", "closes_at")):  # a form has no seconds, and changes no window by leaving them out
        return _minute(before) != _minute(after)
    return name not in _NOT_MATERIAL and not name.endswith(".instructions")


def _minute(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(second=0, microsecond=0)
