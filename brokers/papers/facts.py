"""What is told of papers to the two sides of their agreement, and audited with both."""

from typing import Any

from brokers.models import RateConfirmation
from brokers.papers.queries import confirmation_of
from brokers.papers.visibility import confirmation_fact
from foundation.accounts.actor import named_to
from foundation.events.services import HasLabel, publish, record_audit


def tell_of_paper(name: str, confirmation: RateConfirmation, actor: HasLabel | str, changes: dict[str, Any]) -> None:
    """Publish that a paper's document is ready, or that a side signed it."""
    row = confirmation_of(confirmation.payer, confirmation.public_id)
    sides = (row.payer, row.payee)
    audience = {side.public_id: confirmation_fact(row, side) for side in sides}
    publish(name=name, subject=row.public_id, audience=audience, version=row.revision)
    for side in sides:
        record_audit(
            organization_id=side.public_id,
            actor=named_to(side, actor),
            action=name,
            subject=row.public_id,
            changes=dict(changes),
        )
