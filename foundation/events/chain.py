"""The audit's chain: each entry's hash covers the entry and the hash before it, per organization."""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from django.db import transaction
from django.db.models import Count, Min

from foundation.events.models import AuditEntry, AuditHead

BATCH = 500


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
    """Put committed entries into their organizations' chains, in the order of their ids; return how many."""
    if not AuditEntry.objects.filter(position__isnull=True).exists():
        return 0
    with transaction.atomic():
        # The heads are locked before the entries are read, so a second relay waits and then finds nothing to do.
        unchained = AuditEntry.objects.filter(position__isnull=True).order_by("id")
        organizations = set(unchained.values_list("organization_id", flat=True)[:limit])
        AuditHead.objects.bulk_create([AuditHead(pk=each) for each in sorted(organizations)], ignore_conflicts=True)
        heads = {
            head.pk: head for head in AuditHead.objects.filter(pk__in=organizations).order_by("pk").select_for_update()
        }
        entries = list(unchained.filter(organization_id__in=organizations)[:limit])
        for entry in entries:
            head = heads[entry.organization_id]
            entry.position, entry.previous_hash = head.position + 1, head.hash
            entry.hash = hash_of(entry, entry.position, entry.previous_hash)
            head.position, head.hash = entry.position, entry.hash
        AuditEntry.objects.bulk_update(entries, ["position", "previous_hash", "hash"])
        AuditHead.objects.bulk_update(heads.values(), ["position", "hash"])
    return len(entries)


def verify_audit_chain(organization_id: str) -> ChainReport:
    """Check an organization's chain from its first entry to its head, and count the tail that is not chained yet."""
    report = _walk(organization_id)
    tail = AuditEntry.objects.filter(organization_id=organization_id, position__isnull=True)
    found = tail.aggregate(count=Count("pk"), since=Min("created_at"))
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
    if (head.position if head else 0) != count or (head.hash if head else "") != previous_hash:
        return ChainReport(count, count + 1, "Entries at the end are missing.")
    return ChainReport(count)


def audited_organizations() -> list[str]:
    """Return every organization that the audit knows, by its entries or by its head: for the operator."""
    heads = set(AuditHead.objects.values_list("pk", flat=True))
    entries = set(AuditEntry.objects.order_by().values_list("organization_id", flat=True).distinct())
    return sorted(heads | entries)
