"""Every write of this room that other rooms ask for: facts, audit entries, mails, notices, the end of live streams."""

import hashlib
import json
import re
from collections.abc import Mapping
from functools import partial
from typing import Any, Protocol

from django.db import connection, transaction
from django.db.transaction import TransactionManagementError

from foundation.events import live, writing
from foundation.events.models import Attachment, AuditEntry, Event, Mail, Notice, NoticeReader
from foundation.events.writing import WAKE_CHANNEL, together
from foundation.trade import clock

__all__ = [
    "LARGEST_PAYLOAD_BYTES",
    "SYSTEM",
    "WAKE_CHANNEL",
    "HasLabel",
    "end_streams",
    "keep_attachment",
    "notify",
    "publish",
    "queue_mail",
    "read_notices",
    "record_audit",
    "together",
]

LARGEST_PAYLOAD_BYTES = 20_000
SYSTEM = "system"
"""Who acts where nobody does: what the house does by itself, as the audit names it."""

_NAME = re.compile(r"[a-z][a-z_]*(\.[a-z][a-z_]*)+")


class HasLabel(Protocol):
    """Whoever acts, as the audit names it: a person's or a key's public id."""

    @property
    def label(self) -> str:
        """Return the public id to write down."""
        ...


def _require_transaction(what: str) -> None:
    if not connection.in_atomic_block:
        raise TransactionManagementError(f"{what} belongs in the transaction of the change that it speaks of")


def _written(organization_id: str, payload: dict[str, Any]) -> str:
    """Return a payload as JSON; raises `ValueError` and `TypeError` as `publish` does."""
    text = json.dumps(payload, allow_nan=False, ensure_ascii=False)
    size = len(text.encode())
    if size > LARGEST_PAYLOAD_BYTES:
        raise ValueError(f"The payload for {organization_id} has {size} bytes; {LARGEST_PAYLOAD_BYTES} are allowed")
    return text


def publish(*, name: str, subject: str, audience: Mapping[str, dict[str, Any]], version: int = 0) -> Event:
    """Record a fact about a subject (its public id), with the payload that each organization of the audience may read.

    Raises `TransactionManagementError` outside a transaction, `ValueError` for a name that is not like `load.opened` or
    a payload above 20 kB, `TypeError` for a payload that is not plain JSON.
    """
    _require_transaction("A fact")
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} does not name a fact; write it like `load.opened`")
    payloads = [_written(organization_id, payload) for organization_id, payload in audience.items()]
    event = Event(name=name, subject=subject, version=version)
    writing.write_fact(event, list(audience), payloads)
    return event


def record_audit(
    *, organization_id: str, actor: HasLabel | str, action: str, subject: str, changes: dict[str, Any]
) -> AuditEntry:
    """Write down who did what to which subject and what changed; the relay chains the entry within a minute.

    `actor` is an actor or, for the operator and the system, a plain name. Raises `TransactionManagementError` outside
    a transaction.
    """
    _require_transaction("An audit entry")
    entry = AuditEntry(
        organization_id=organization_id,
        actor=actor if isinstance(actor, str) else actor.label,
        action=action,
        subject=subject,
        changes=changes,
    )
    writing.write_audit(entry)
    return entry


def keep_attachment(*, name: str, content_type: str, body: bytes) -> Attachment:
    """Keep a file for the mails that are queued in the same transaction; the same file is kept once.

    Raises `TransactionManagementError` outside a transaction.
    """
    _require_transaction("An attachment")
    kept = Attachment(
        sha256=hashlib.sha256(body).hexdigest(),
        name=name,
        content_type=content_type,
        body=body,
        kept_at=clock.now(),
    )
    # Written again where it stands: that locks the row, so that no pruning takes it before its mail is there.
    Attachment.objects.bulk_create(
        [kept], update_conflicts=True, unique_fields=["sha256", "name"], update_fields=["kept_at"]
    )
    return Attachment.objects.defer("body").get(sha256=kept.sha256, name=name)


def queue_mail(
    *,
    organization_id: str | None,
    to: str,
    subject: str,
    text: str,
    html: str = "",
    kind: str,
    event: Event | None = None,
    attachment: Attachment | None = None,
) -> Mail | None:
    """Queue a mail in the transaction of its cause; None when the event already has this mail to this address.

    The kind `sign_in` marks mails whose links let somebody in: they are never shown and are wiped once sent.
    `attachment` is a file that `keep_attachment` has kept. Raises `TransactionManagementError` outside a transaction.
    """
    _require_transaction("A mail")
    writing.write_what_waits()
    mail = Mail(
        event=event,
        organization_id=organization_id or "",
        recipient=to,
        subject=" ".join(subject.split())[:200],
        text=text,
        html=html,
        kind=kind,
        attachment=attachment,
    )
    Mail.objects.bulk_create([mail], ignore_conflicts=True)
    stored = Mail.objects.filter(public_id=mail.public_id).first()
    if stored is None:
        return None
    publish(name="mail.queued", subject=stored.public_id, audience={})
    return stored


def notify(
    *, event: Event | None = None, key: str = "", organization_id: str, text: str, url: str = ""
) -> Notice | None:
    """Put a notice under an organization's bell; None when it has one of the same cause (the key, or else the event).

    Raises `ValueError` without key and event, `TransactionManagementError` outside a transaction.
    """
    _require_transaction("A notice")
    writing.write_what_waits()
    cause = key or (event.public_id if event else "")
    if not cause:
        raise ValueError("A notice needs a key or an event, or it could come twice")
    draft = Notice(event=event, organization_id=organization_id, key=cause, text=text[:300], url=url)
    Notice.objects.bulk_create([draft], ignore_conflicts=True)
    notice = Notice.objects.get(organization_id=organization_id, key=cause)
    if notice.public_id != draft.public_id:
        return None
    publish(
        name="notice.posted",
        subject=notice.public_id,
        audience={organization_id: {"id": notice.public_id, "text": notice.text, "url": notice.url}},
    )
    return notice


def end_streams(*, organization_id: str | None = None, person_id: str | None = None) -> None:
    """End the live streams of a person, of an organization, or of a person in an organization, after the commit.

    Open pages connect again and are asked anew who they are. Raises `ValueError` when neither is named.
    """
    if not organization_id and not person_id:
        raise ValueError("Name the organization or the person whose streams should end")
    message: dict[str, object] = {"organization_id": organization_id or "", "person_id": person_id or ""}
    transaction.on_commit(partial(live.send, [(live.CONTROL_CHANNEL, message)]))


def read_notices(*, organization_id: str, person_id: str, notice_id: str) -> None:
    """Note that a person has read an organization's notices up to one of them; what is not theirs changes nothing."""
    notice = Notice.objects.filter(organization_id=organization_id, public_id=notice_id).first()
    if notice is None:
        return
    with transaction.atomic():
        reader, _ = NoticeReader.objects.get_or_create(organization_id=organization_id, person_id=person_id)
        NoticeReader.objects.filter(pk=reader.pk, read_up_to__lt=notice.pk).update(read_up_to=notice.pk)
