"""Reading a 371.3 record: a party asks with a reason, logged and told to the broker; and its completion."""

from typing import Any

from django.db import transaction

from brokers.models import RecordRequest, TransactionRecord
from brokers.papers.record_queries import record_of, records_to_ask_for
from brokers.papers.record_visibility import record_payload
from foundation.accounts.actor import Actor, named_to
from foundation.events.services import publish, record_audit
from foundation.trade import clock
from foundation.trade.errors import NotFound
from foundation.trade.life_cycle import check_version
from foundation.trade.rules import Problems

LONGEST_REASON = 500
MOST_CENTS = 1_000_000_00

ENTERED = (
    "carrier_address",
    "freight_bill_number",
    "other_services",
    "other_services_cents",
    "other_services_paid_by",
    "collected_cents",
    "collected_on",
    "carrier_paid_on",
)
"""What the broker enters itself; of a load that it did not sell also what it earned and who paid that."""

EARNED = ("compensation_cents", "compensation_paid_by")

_TEXTS = {
    "carrier_address": (400, "The carrier's address"),
    "freight_bill_number": (64, "The freight bill number"),
    "other_services": (500, "Other services"),
    "other_services_paid_by": (120, "Who paid for other services"),
    "compensation_paid_by": (120, "Who paid the compensation"),
}
_AMOUNTS = {
    "other_services_cents": "The pay for other services",
    "collected_cents": "The charges collected",
    "compensation_cents": "The compensation",
}


def ask_for_record(*, actor: Actor, booking_id: str, reason: str) -> list[RecordRequest]:
    """Ask for the records of a booking as its shipper or carrier, and return them as they are given.

    Each request is kept, audited with the party and with the broker, and told to the broker with the reason. Raises
    `NotFound` where the actor's organization is no party or no broker took part, `Forbidden`, `Invalid`.
    """
    actor.require("bookings:write")
    actor.require_confirmed_email()
    if not records_to_ask_for(actor.organization, booking_id):
        raise NotFound("There is no transaction record of this booking for you to ask for.")
    problems = Problems()
    problems.text("reason", reason, longest=LONGEST_REASON, label="The reason", required=True, many_lines=True)
    problems.settle()
    with transaction.atomic():
        now = clock.now()
        made = []
        for record in records_to_ask_for(actor.organization, booking_id):
            made.append(
                RecordRequest.objects.create(
                    record=record,
                    organization=actor.organization,
                    asked_by=actor.label,
                    reason=reason.strip(),
                    given=record_payload(record),
                    asked_at=now,
                )
            )
            _log(actor, made[-1])
    return made


def complete_record(*, actor: Actor, record_id: str, version: int | None, entries: dict[str, Any]) -> TransactionRecord:
    """Enter or correct what a broker's record still needs; fields that are not named stay.

    Raises `NotFound`, `Forbidden`, `Stale` for another version, `Invalid` for a field that is not its to enter.
    """
    actor.require("bookings:write")
    found = record_of(actor.organization, record_id)
    with transaction.atomic():
        TransactionRecord.objects.select_for_update(no_key=True).get(pk=found.pk)
        record = record_of(actor.organization, record_id)
        check_version(record, version)
        _judge(record, entries)
        changed = {name: [getattr(record, name), value] for name, value in entries.items()}
        changed = {name: pair for name, pair in changed.items() if pair[0] != pair[1]}
        if not changed:
            return record
        for name, (_, value) in changed.items():
            setattr(record, name, value)
        record.version += 1
        record.updated_at = clock.now()
        record.save(update_fields=[*changed, "version", "updated_at"])
        record_audit(
            organization_id=actor.organization.public_id,
            actor=actor,
            action="record.completed",
            subject=record.public_id,
            changes={
                name: [str(value) if value is not None else None for value in pair] for name, pair in changed.items()
            },
        )
    return record


def prune_records() -> int:
    """Delete records, with what was asked of them, once their time is over: never before; return how many."""
    now = clock.now()
    with transaction.atomic():
        due = list(
            TransactionRecord.objects.filter(keep_until__lte=now).order_by("pk").values_list("pk", flat=True)[:500]
        )
        RecordRequest.objects.filter(record__in=due).delete()
        TransactionRecord.objects.filter(pk__in=due).delete()
    return len(due)


def _judge(record: TransactionRecord, entries: dict[str, Any]) -> None:
    own = ENTERED if record.basis == TransactionRecord.Basis.SALE else (*ENTERED, *EARNED)
    problems = Problems()
    for name, value in entries.items():
        if name not in own:
            problems.add(name, "not_yours", "This follows from the booking. An amendment changes it.")
        elif name in _TEXTS:
            longest, label = _TEXTS[name]
            problems.text(
                name, value, longest=longest, label=label, many_lines=name in ("other_services", "carrier_address")
            )
        elif name in _AMOUNTS and value is not None and not 0 <= value <= MOST_CENTS:
            problems.add(name, "out_of_range", f"{_AMOUNTS[name]} must be from $0.00 to $1,000,000.00.")
    if entries.get("other_services_cents", 0) is None:
        problems.add("other_services_cents", "required", "Give an amount, 0 for none.")
    problems.settle()


def _log(actor: Actor, request: RecordRequest) -> None:
    record = request.record
    party, broker = actor.organization.public_id, record.broker.public_id
    said = {"booking": record.booking.public_id, "by": party, "reason": request.reason}
    for reader in (actor.organization, record.broker):
        record_audit(
            organization_id=reader.public_id,
            actor=named_to(reader, actor),
            action="record.asked",
            subject=record.public_id,
            changes=said,
        )
    payload = {
        "id": record.public_id,
        "booking": record.booking.public_id,
        "asked_by": {"id": party, "name": actor.organization.name},
        "reason": request.reason,
    }
    publish(name="record.asked", subject=record.public_id, audience={broker: payload}, version=record.version)
