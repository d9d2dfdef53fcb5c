"""The tables of facts: the outbox and its reactions, the audit, mails, notices."""

from foundation.events.models.audit import AuditEntry, AuditHead
from foundation.events.models.facts import Canary, Event, FeedEntry, Reaction, RelayState
from foundation.events.models.mails import Mail
from foundation.events.models.notices import Notice, NoticeReader

__all__ = [
    "AuditEntry",
    "AuditHead",
    "Canary",
    "Event",
    "FeedEntry",
    "Mail",
    "Notice",
    "NoticeReader",
    "Reaction",
    "RelayState",
]
