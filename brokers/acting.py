"""Who decides for a side of a thread: its own people, or a broker that represents it, save for what it keeps to itself.

In a tender nobody represents anybody: the broker that would buy the load is the other side, and its rivals are rivals.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import Q, QuerySet

from brokers.models import Offer, Thread
from foundation.accounts.actor import Actor
from foundation.accounts.audience import standing
from foundation.accounts.models import Decision, Organization, Relationship, RelationshipKind
from foundation.accounts.queries import represented_by
from foundation.trade.errors import Conflict, Forbidden
from foundation.trade.kept import Kept
from loads.models import Load

_KEPT = {
    Decision.OFFERS: "making offers and counter-offers",
    Decision.ACCEPTANCE: "accepting and declining offers",
    Decision.CLAIMS: "claiming loads",
    Decision.CANCELLATION: "cancelling and amending bookings",
}


class Side(StrEnum):
    """A side of a thread."""

    SELLER = "seller"
    TAKER = "taker"


Agents = dict[Side, list[Organization]]
"""The brokers that may act for each side."""


def other(side: Side) -> Side:
    """Return the side across the table."""
    return Side.TAKER if side is Side.SELLER else Side.SELLER


def side_organization(thread: Thread, side: Side) -> Organization:
    """Return the organization on a side of a thread."""
    return thread.seller if side is Side.SELLER else thread.taker


def side_of_offer(offer: Offer, thread: Thread) -> Side:
    """Return the side that an offer binds."""
    return Side.SELLER if offer.made_for_id == thread.seller_id else Side.TAKER


def represents(broker: Organization, organization: Organization, now: datetime) -> bool:
    """Say whether a broker may act for another organization in some decisions at least."""
    return represented_by(broker, now).filter(pk=organization.pk).exists()


def kept_by(organization: Organization, broker: Organization, now: datetime) -> frozenset[str]:
    """Return the decisions that an organization keeps for itself towards a broker that represents it."""
    rows = standing(now).filter(giver=organization, taker=broker, kind=RelationshipKind.REPRESENTS)
    return frozenset(name for row in rows for name in row.keeps)


def acts_for(actor: Actor, organization: Organization, decision: Decision, now: datetime) -> bool:
    """Say whether the actor may take this decision for an organization: its own, or one that its broker represents and
    that has not kept the decision for itself.
    """
    broker = actor.organization
    if broker.pk == organization.pk:
        return True
    return represents(broker, organization, now) and decision not in kept_by(organization, broker, now)


def require_acting(actor: Actor, organization: Organization, decision: Decision, now: datetime) -> None:
    """Raise `Forbidden` unless the actor may take this decision for the organization."""
    if acts_for(actor, organization, decision, now):
        return
    if represents(actor.organization, organization, now):
        sentence = f"{organization} keeps {_KEPT[decision]} for itself. Ask its people to decide."
        raise Forbidden("decision_kept", sentence)
    sentence = "Only the company whose side it is, or a broker that it lets act for it, can do this."
    raise Forbidden("not_your_side", sentence)


def check_not_sold_for(organization: Organization, load: Load) -> None:
    """Raise `Conflict` for the owner of a load that a broker sells: what the carrier is paid is not its business, also
    where it acts for the carrier.
    """
    if load.seller_id is not None and load.organization_id == organization.pk:
        sentence = "A broker sells this load for you, so you cannot take it for a carrier. Its people deal with that."
        raise Conflict("own_load", sentence)


def organizations_of(
    viewer: Organization, thread: Thread, now: datetime, agents: Agents | None = None
) -> frozenset[Side]:
    """Return the sides of a thread on which an organization stands: its own, and those that it represents."""
    acting = agents_of(thread, now) if agents is None else agents
    return frozenset(
        side for side in Side if viewer.pk in (side_organization(thread, side).pk, *(each.pk for each in acting[side]))
    )


def sides_of(actor: Actor, thread: Thread, now: datetime) -> frozenset[Side]:
    """Return the sides of a thread for which the actor's organization stands."""
    return organizations_of(actor.organization, thread, now)


def require_side(actor: Actor, thread: Thread, side: Side, decision: Decision, now: datetime) -> None:
    """Raise `Forbidden` unless the actor may take this decision for a side of the thread."""
    organization = side_organization(thread, side)
    if thread.kind == Thread.Kind.TENDER and actor.organization.pk != organization.pk:
        sentence = "Only the company whose side it is can do this: nobody is represented in a tender."
        raise Forbidden("not_your_side", sentence)
    require_acting(actor, organization, decision, now)


def _agents(givers: Q, now: Any) -> QuerySet[Relationship]:
    kinds = [RelationshipKind.REPRESENTS, RelationshipKind.BLOCKED]
    return standing(now).filter(givers, kind__in=kinds).select_related("taker")


_AGENTS: Kept[Relationship] = Kept(lambda one, other, now: _agents(Q(giver=one) | Q(giver=other), now))


def agents_among(organizations: Iterable[Organization], now: datetime) -> dict[int, list[Organization]]:
    """Return the verified brokers that may act for each of several organizations, by its key; one statement."""
    owners = {each.pk: each for each in organizations}
    keys = list(owners)
    if 1 <= len(keys) <= 2:
        rows = _AGENTS.all(one=keys[0], other=keys[-1], now=now)
    else:
        rows = list(_agents(Q(giver__in=owners), now))
    blocked = {(row.giver_id, row.taker_id) for row in rows if row.kind == RelationshipKind.BLOCKED}
    found: dict[int, list[Organization]] = {key: [] for key in owners}
    for row in rows:
        broker, owner = row.taker, owners[row.giver_id]
        works = broker.brokers and broker.is_verified and broker.market == owner.market
        if row.kind == RelationshipKind.REPRESENTS and works and (owner.pk, broker.pk) not in blocked:
            found[owner.pk].append(broker)
    return {key: sorted(brokers, key=lambda each: (each.name, each.pk)) for key, brokers in found.items()}


def agents_of(thread: Thread, now: datetime, among: dict[int, list[Organization]] | None = None) -> Agents:
    """Return the brokers that may act for each side of a thread, the other side among them; `among` holds them read."""
    if thread.kind == Thread.Kind.TENDER:
        return {side: [] for side in Side}
    found = agents_among([thread.seller, thread.taker], now) if among is None else among
    agents = {side: found[side_organization(thread, side).pk] for side in Side}
    return _without_owner(agents, thread.load, thread.seller)


def _without_owner(agents: Agents, load: Load, seller: Organization) -> Agents:
    """Leave out the owner of a load that a broker sells: it reads nothing of the carriage, also where it acts for the
    carrier.
    """
    owner = load.organization_id
    if owner == seller.pk:
        return agents
    return {side: [each for each in brokers if each.pk != owner] for side, brokers in agents.items()}


def on_both_sides(thread: Thread, agents: Agents) -> list[Organization]:
    """Return the organizations that stand on both sides of a thread, by name: as a side itself or as its broker."""
    return _on_both(thread.seller, thread.taker, agents)


def on_both_sides_of(load: Load, carrier: Organization, now: datetime) -> list[Organization]:
    """Return who stands on both sides where a carrier takes a load: its seller's and the carrier's; one statement."""
    seller = load.sold_by
    if seller.pk == carrier.pk:
        return []
    found = agents_among([seller, carrier], now)
    agents = {Side.SELLER: found[seller.pk], Side.TAKER: found[carrier.pk]}
    return _on_both(seller, carrier, _without_owner(agents, load, seller))


def _on_both(seller: Organization, taker: Organization, agents: Agents) -> list[Organization]:
    sellers = {each.pk: each for each in (seller, *agents[Side.SELLER])}
    takers = {each.pk for each in (taker, *agents[Side.TAKER])}
    return sorted((sellers[key] for key in sellers.keys() & takers), key=lambda each: (each.name, each.pk))


def both_sides_sentence(both: Sequence[Organization], *, of: str = "negotiation") -> str:
    """Return what both sides are told where somebody stands on both; "" where nobody does. `of`: what it is about."""
    if not both:
        return ""
    names = " and ".join(each.name for each in both)
    verb = "acts" if len(both) == 1 else "act"
    return f"{names} {verb} for both sides of this {of}."
