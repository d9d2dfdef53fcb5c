"""What is told of return legs: to the carrier, and to the brokers that act for it. Others hear of matches only."""

from typing import Any

from carriers.models import ReturnLeg
from carriers.visibility import Viewer, payload
from foundation.accounts.actor import named_to
from foundation.accounts.queries import brokers_representing, is_represented
from foundation.events.services import HasLabel, publish, record_audit


def tell(
    name: str,
    leg: ReturnLeg,
    actor: HasLabel | str,
    *,
    changed: dict[str, Any] | None = None,
    brokers: bool = True,
) -> None:
    """Publish a fact about a leg and audit it; brokers hear of what is or was on the market only."""
    owner = leg.organization
    audience = {owner.public_id: payload(leg, Viewer.OWNER)}
    if brokers and is_represented(owner):
        for broker in brokers_representing(owner):
            audience[broker.public_id] = payload(leg, Viewer.REPRESENTATIVE)
    publish(name=name, subject=leg.public_id, audience=audience, version=leg.version)
    record_audit(
        organization_id=owner.public_id,
        actor=named_to(owner, actor),
        action=name,
        subject=leg.public_id,
        changes=changed or {},
    )
