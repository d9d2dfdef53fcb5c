"""What others read of this room: an organization's feed, mails and notices; the operator's view of health."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from foundation.events.models import (
    Attachment,
    AuditEntry,
    Canary,
    Event,
    FeedEntry,
    Mail,
    Notice,
    NoticeReader,
    Reaction,
)
from foundation.trade import clock

REPLAY = timedelta(seconds=10)  # a page may be so old when its stream opens
OPERATOR = "operator"


def feed_of(organization_id: str, *, after: int = 0) -> QuerySet[FeedEntry]:
    """Return what an organization has heard after a position, oldest first."""
    entries = FeedEntry.objects.filter(organization_id=organization_id, position__gt=after)
    return entries.select_related("event").order_by("position")


def changes_of(subjects: Collection[str], facts: Collection[str], *, after: int) -> QuerySet[Event]:
    """Return the facts of certain names about certain things after a position, oldest first: for streams, which say of
    them no more than that something changed.
    """
    rows = Event.objects.filter(subject__in=list(subjects), name__in=list(facts), position__gt=after)
    return rows.order_by("position")


def newest_of(facts: Collection[str], *, after: int, most: int) -> list[tuple[int, str, str]]:
    """Return (position, name, subject) of the newest facts of certain names after a position: for streams, which say of
    them no more than that a list has grown.
    """
    rows = Event.objects.filter(name__in=list(facts), position__gt=after).order_by("-position")[:most]
    return [
        (position or 0, name, subject) for position, name, subject in rows.values_list("position", "name", "subject")
    ]


def told(name: str, subject: str) -> QuerySet[FeedEntry]:
    """Return what each organization was told of a fact about a subject, oldest first: for tasks that react to it.

    It holds every hearer's copy, so nothing of it goes to a page, an API or another's payload.
    """
    return FeedEntry.objects.filter(event__name=name, event__subject=subject).order_by("event_id", "id")


def untold(task: str, subject: str) -> QuerySet[FeedEntry]:
    """Return what was told about a subject in facts that a task has still to act on, oldest first: for that task.

    As `told`, it holds every hearer's copy.
    """
    waiting = Reaction.objects.filter(event=OuterRef("event_id"), task=task, done_at__isnull=True)
    rows = FeedEntry.objects.filter(Exists(waiting), event__subject=subject)
    return rows.select_related("event").order_by("event_id", "id")


def notice_of(organization_id: str, key: str) -> Notice | None:
    """Return an organization's notice of a cause."""
    return Notice.objects.filter(organization_id=organization_id, key=key).first()


def last_position(organization_id: str) -> int:
    """Return the position of the last fact that an organization has heard."""
    entries = FeedEntry.objects.filter(organization_id=organization_id, position__isnull=False)
    return entries.order_by("-position").values_list("position", flat=True).first() or 0


def position_for_new_page(organization_id: str) -> int:
    """Return where a new page begins to listen: a few seconds ago, so that nothing slips in while it loads."""
    # By the time first: ordered by position alone, the planner may walk through the whole feed from its beginning.
    recent = Event.objects.filter(placed_at__gte=Now() - REPLAY).order_by("placed_at", "position")
    first = recent.values_list("position", flat=True).first()
    return first - 1 if first else last_position(organization_id)


def mails_of(organization_id: str) -> QuerySet[Mail]:
    """Return an organization's mails, newest first, with the names of what is attached but not its bytes."""
    rows = Mail.objects.filter(organization_id=organization_id).select_related("attachment")
    return rows.defer("attachment__body").order_by("-id")


def attachment_of(organization_id: str, mail_id: str) -> Attachment | None:
    """Return what is attached to one of an organization's mails, None without either."""
    mails = Mail.objects.filter(organization_id=organization_id, public_id=mail_id)
    return Attachment.objects.filter(mails__in=mails).first()


def notices_of(organization_id: str) -> QuerySet[Notice]:
    """Return an organization's notices, newest first."""
    return Notice.objects.filter(organization_id=organization_id).order_by("-id")


def read_up_to(organization_id: str, person_id: str) -> int:
    """Return how far a person has read an organization's notices."""
    reader = NoticeReader.objects.filter(organization_id=organization_id, person_id=person_id).first()
    return reader.read_up_to if reader else 0


def unread_notices(organization_id: str, person_id: str) -> int:
    """Return how many of an organization's notices a person has not read."""
    return notices_of(organization_id).filter(pk__gt=read_up_to(organization_id, person_id)).count()


def dead_reactions() -> QuerySet[Reaction]:
    """Return the reactions that were given up, newest first (the operator's)."""
    return Reaction.objects.filter(dead_at__isnull=False).select_related("event").order_by("-dead_at")


@dataclass(frozen=True, slots=True)
class Pulse:
    """How the outbox, the relay and the workers do; ages in seconds, None where there is nothing to tell."""

    oldest_fact_seconds: float | None
    oldest_reaction_seconds: float | None
    canary_seconds: float | None
    dead_reactions: int


def pulse() -> Pulse:
    """Return how old the oldest unplaced fact, the oldest undone reaction and the last canary are (the operator's)."""
    now = clock.now()
    fact = Event.objects.filter(position__isnull=True).order_by("id").values_list("created_at", flat=True).first()
    undone = Reaction.objects.filter(done_at__isnull=True, dead_at__isnull=True).order_by("position")
    reaction = undone.values_list("event__placed_at", flat=True).first()
    canary = Canary.objects.filter(pk=OPERATOR).values_list("heard_at", flat=True).first()
    ages = [(now - instant).total_seconds() if instant else None for instant in (fact, reaction, canary)]
    return Pulse(ages[0], ages[1], ages[2], dead_reactions().count())


def history_of(organization_id: str, subject: str) -> QuerySet[AuditEntry]:
    """Return what the organization's audit says of one of its things, newest first."""
    return AuditEntry.objects.filter(organization_id=organization_id, subject=subject).order_by("-id")
