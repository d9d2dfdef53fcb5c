"""The audit's chain: each entry's hash covers the entry and the hash before it, per organization."""

import hashlib
import json
import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from django.db import IntegrityError, transaction
from django.db.models import Count, Min

from foundation.events.models import AuditEntry, AuditHead

BATCH = 500
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What a check of one organization's chain found: how many entries hold, the first that does not, and the tail.

    `entry` is the public id of the first broken entry, "" where it is missing. The tail are the entries that the relay
    has not chained yet, at most 60 s of them while it runs: a change there does not show.
    """

    entries: int
    broken_at: int | None = None
    problem: str = ""
    entry: str = ""
    unchained: int = 0
    unchained_since: datetime | None = None

    @property
    def intact(self) -> bool:
        """Whether nothing was changed, removed or put in between."""
        return self.broken_at is None


def hash_of(entry: AuditEntry, position: int, previous_hash: str) -> str:
    """Return the hash that an entry has at a place in its chain."""
    said = {
        "id": entry.public_id,
        "organization": entry.organization_id,
        "position": position,
        "previous": previous_hash,
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "changes": entry.changes,
        "at": entry.created_at.astimezone(UTC).isoformat(timespec="microseconds"),
    }
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def chain_batch(limit: int = BATCH) -> int:
    """Put committed entries into their organizations' chains, in the order of their ids, at most `limit` into each;
    return how many.

    A chain that cannot go on, since somebody put an entry where the next one belongs, is left alone and said in the
    log: the others go on.
    """
    waiting = AuditEntry.objects.filter(position__isnull=True).order_by()
    count = 0
    for organization_id in sorted(waiting.values_list("organization_id", flat=True).distinct()):
        try:
            count += _chain(organization_id, limit)
        except IntegrityError as error:
            logger.error("The audit chain of %s cannot go on: %s", organization_id, error)
    return count


def _chain(organization_id: str, limit: int) -> int:
    with transaction.atomic():
        # The head is locked before the entries are read, so a second relay waits and then finds nothing to do.
        AuditHead.objects.bulk_create([AuditHead(pk=organization_id)], ignore_conflicts=True)
        head = AuditHead.objects.select_for_update().get(pk=organization_id)
        waiting = AuditEntry.objects.filter(organization_id=organization_id, position__isnull=True)
        entries = list(waiting.order_by("id")[:limit])
        for entry in entries:
            entry.position, entry.previous_hash = head.position + 1, head.hash
            entry.hash = hash_of(entry, entry.position, entry.previous_hash)
            head.position, head.hash = entry.position, entry.hash
        AuditEntry.objects.bulk_update(entries, ["position", "previous_hash", "hash"])
        head.save(update_fields=["position", "hash"])
    return len(entries)


def verify_audit_chain(organization_id: str, *, must_have_begun: bool = False) -> ChainReport:
    """Check an organization's chain from its first entry to its head, and count the tail that is not chained yet.

    `must_have_begun` says that the organization exists, so that somebody's deed made it: a chain without any is broken.
    """
    report = _walk(organization_id)
    tail = AuditEntry.objects.filter(organization_id=organization_id, position__isnull=True)
    found = tail.aggregate(count=Count("pk"), since=Min("created_at"))
    if must_have_begun and not report.entries + found["count"] and report.intact:
        return ChainReport(0, 1, "Everything is missing.")
    return replace(report, unchained=found["count"], unchained_since=found["since"])


def _walk(organization_id: str) -> ChainReport:
    previous_hash, count = "", 0
    entries = AuditEntry.objects.filter(organization_id=organization_id, position__isnull=False).order_by("position")
    for entry in entries.iterator():
        position = count + 1
        if entry.position != position:
            return ChainReport(count, position, "An entry is missing here.")
        if entry.previous_hash != previous_hash or entry.hash != hash_of(entry, position, previous_hash):
            return ChainReport(count, position, "This entry is not what was written.", entry.public_id)
        previous_hash, count = entry.hash, position
    head = AuditHead.objects.filter(pk=organization_id).first()
    if head is not None and head.position < count:
        put_in = entries.get(position=head.position + 1)
        return ChainReport(head.position, put_in.position, "This entry was put in.", put_in.public_id)
    if (head.position if head else 0) != count or (head.hash if head else "") != previous_hash:
        return ChainReport(count, count + 1, "Entries at the end are missing.")
    return ChainReport(count)


def audited_organizations() -> list[str]:
    """Return every organization that the audit knows, by its entries or by its head: for the operator."""
    heads = set(AuditHead.objects.values_list("pk", flat=True))
    entries = set(AuditEntry.objects.order_by().values_list("organization_id", flat=True).distinct())
    return sorted(heads | entries)
