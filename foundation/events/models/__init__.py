"""The tables of facts: the outbox and its reactions, the audit, mails, notices."""

from foundation.events.models.audit import AuditEntry, AuditHead
from foundation.events.models.facts import Canary, Event, FeedEntry, Reaction, RelayState
from foundation.events.models.mails import Attachment, Mail
from foundation.events.models.notices import Notice, NoticeReader
from foundation.events.models.preferences import Delivery, Digest, DigestItem, MailPreference, Period

__all__ = [
    "Attachment",
    "AuditEntry",
    "AuditHead",
    "Canary",
    "Delivery",
    "Digest",
    "DigestItem",
    "Event",
    "FeedEntry",
    "Mail",
    "MailPreference",
    "Notice",
    "NoticeReader",
    "Period",
    "Reaction",
    "RelayState",
]
