"""What is told of loads: to the owner, to the broker that sells it, and to the brokers that act for the owner."""

from typing import Any

from foundation.accounts.actor import Actor, named_to
from foundation.accounts.models import Organization
from foundation.accounts.queries import brokers_representing, is_represented
from foundation.events.services import HasLabel, notify, publish, record_audit
from foundation.trade.posting import Status
from loads.models import Load
from loads.visibility import Viewer, payload, stands


def tell(
    name: str,
    load: Load,
    actor: HasLabel | str,
    *,
    changed: dict[str, Any] | None = None,
    brokers: bool = True,
    seller: bool = True,
) -> None:
    """Publish a fact about a load and audit it; brokers hear of what is or was on the market only, and the `seller`
    not of what it does not read.

    Each hears in the words of what it may read. The version is the one that the owner counts.
    """
    owner = load.organization
    audience = {owner.public_id: payload(load, stands(load, owner))}
    if name != "load.drafted" and brokers and is_represented(owner):
        for broker in brokers_representing(owner):
            audience[broker.public_id] = payload(load, stands(load, broker, represents=True))
    if load.seller is not None and seller:
        audience[load.seller.public_id] = payload(load, Viewer.SELLER)
    publish(name=name, subject=load.public_id, audience=audience, version=load.owners_version)
    record_audit(
        organization_id=owner.public_id,
        actor=named_to(owner, actor),
        action=name,
        subject=load.public_id,
        changes=changed or {},
    )


def tell_of_seller(load: Load, actor: HasLabel | str, *, changed: dict[str, Any]) -> None:
    """Publish that the seller changed its terms towards carriers, and audit it with the seller: the owner hears
    nothing of these.
    """
    seller = load.seller
    if seller is None:
        raise ValueError(f"{load} has no seller whose terms could have changed")
    audience = {seller.public_id: payload(load, Viewer.SELLER)}
    name = "load.edited" if load.status == Status.OPEN else "load.noted"
    publish(name=name, subject=load.public_id, audience=audience, version=load.version)
    record_audit(
        organization_id=seller.public_id,
        actor=named_to(seller, actor),
        action="load.priced",
        subject=load.public_id,
        changes=changed,
    )


def tell_of_end_of_sale(load: Load, seller: Organization, actor: HasLabel | str) -> None:
    """Publish that a load has no seller any more: the owner, those that act for it, and the broker that sold it hear
    it, the latter no more than that it is over. Who did not end it has a notice.
    """
    owner = load.organization
    audience = {seller.public_id: {"id": load.public_id}}
    audience |= {
        broker.public_id: payload(load, Viewer.REPRESENTATIVE)
        for broker in brokers_representing(owner)
        if broker.pk != seller.pk
    }
    audience[owner.public_id] = payload(load, Viewer.OWNER)
    event = publish(name="load.taken_back", subject=load.public_id, audience=audience, version=load.version)
    if not _is_by(actor, seller):
        text = f"{owner} took {load.lane} back: you do not sell it any more."
        notify(event=event, organization_id=seller.public_id, text=text, url="/loads/selling/")
    if not _is_by(actor, owner):
        text = f"{seller} does not sell {load.lane} any more: it is yours to offer again."
        notify(event=event, organization_id=owner.public_id, text=text, url=f"/loads/{load.public_id}/")
    for organization in (owner, seller):
        record_audit(
            organization_id=organization.public_id,
            actor=named_to(organization, actor),
            action="load.taken_back",
            subject=load.public_id,
            changes={},
        )


def _is_by(actor: HasLabel | str, organization: Organization) -> bool:
    return isinstance(actor, Actor) and actor.organization.pk == organization.pk
