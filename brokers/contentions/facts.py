"""What is told of a contention to its two sides alone, and audited with both."""

from brokers.booking_visibility import owed_payload
from brokers.contentions.visibility import contention_payload
from brokers.models import Agreement, Contention
from foundation.accounts.actor import named_to
from foundation.events.services import HasLabel, publish, record_audit
from foundation.trade.money import decimal_text


def tell_of_contention(name: str, contention: Contention, actor: HasLabel | str) -> None:
    """Publish that a side is asked about money that hangs on the other's word, or how it ended; each audits it.

    Of the carriage it carries what is owed by now. A broker's shipper reads nothing of the carriage, nor its carrier of
    the sale.
    """
    fact = contention_payload(contention)
    if contention.agreement == Agreement.CARRIAGE:
        fact["owed"] = owed_payload(contention.booking)
    sides = (contention.claimant, contention.asked)
    audience = {side.public_id: {**fact, "waits_for_you": _is_asked(contention, side.pk)} for side in sides}
    publish(name=name, subject=contention.public_id, audience=audience, version=contention.version)
    for side in sides:
        record_audit(
            organization_id=side.public_id,
            actor=named_to(side, actor),
            action=name,
            subject=contention.public_id,
            changes={
                "booking": contention.booking.public_id,
                "status": contention.status,
                "amount": decimal_text(contention.cents),
                "answer": contention.answer,
                "withdrawn_because": contention.withdrawn_because,
            },
        )


def _is_asked(contention: Contention, key: int) -> bool:
    return contention.asked_id == key and contention.closed_at is None
