"""The room's own upkeep: the canary, pruning, and the operator's replay of what was given up."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.db.models.functions import Now

from foundation.events.models import Attachment, Canary, Digest, DigestItem, Event, Mail, Notice, Reaction
from foundation.events.queries import dead_reactions
from foundation.events.reactions import Settle
from foundation.events.services import WAKE_CHANNEL, publish
from foundation.trade import clock

FEED_DAYS = 30
REACTION_DAYS = 2
CANARY_HOURS = 1
BATCH = 2_000


def hear_canary(*, subject: str, settle: Settle) -> None:
    """Note that a canary came through, and tell whoever it was sung for."""
    with transaction.atomic():
        now = clock.now()
        Canary.objects.update_or_create(subject=subject, defaults={"heard_at": now})
        publish(name="canary.heard", subject=subject, audience={subject: {"heard_at": now.isoformat()}})
        settle(subject)


def replay(*, reactions: Iterable[int] | None = None) -> int:
    """Give reactions that were given up a new start (all of them, or those of these keys); return how many."""
    dead: QuerySet[Reaction] = dead_reactions().filter(done_at__isnull=True)
    if reactions is not None:
        dead = dead.filter(pk__in=list(reactions))
    with transaction.atomic(), connection.cursor() as cursor:
        # The order of dead_reactions() and its join mean nothing to an UPDATE.
        count = Reaction.objects.filter(pk__in=list(dead.values_list("pk", flat=True))).update(
            dead_at=None, attempts=0, sends=0, due_at=Now()
        )
        cursor.execute("SELECT pg_notify(%s, '')", [WAKE_CHANNEL])
    return count


def prune() -> None:
    """Delete facts, reactions, mails with their attachments, digests and notices that are old enough.

    An undone reaction keeps its fact, a mail what is attached to it.
    """
    now = clock.now()
    _delete(Reaction.objects.filter(done_at__lt=now - timedelta(days=REACTION_DAYS)))
    _delete_events(Event.objects.filter(name__startswith="canary."), now - timedelta(hours=CANARY_HOURS))
    _delete_events(Event.objects.all(), now - timedelta(days=FEED_DAYS))
    _delete(DigestItem.objects.filter(told_at__lt=now - timedelta(days=FEED_DAYS)))
    _delete(Digest.objects.filter(due_at__lt=now - timedelta(days=FEED_DAYS)))
    for model in (Mail, Notice):
        _delete(model.objects.filter(created_at__lt=now - timedelta(days=FEED_DAYS)))
    # One statement that reads no bytes: what a mail is being given meanwhile is locked, looked at again, and stays.
    of_a_mail = Mail.objects.filter(attachment=OuterRef("pk"))
    Attachment.objects.filter(~Exists(of_a_mail), kept_at__lt=now - timedelta(days=FEED_DAYS)).delete()


def _delete_events(events: QuerySet[Event], before: datetime) -> None:
    undone = Reaction.objects.filter(event=OuterRef("pk"), done_at__isnull=True)
    _delete(events.filter(~Exists(undone), placed_at__lt=before))


def _delete(rows: QuerySet[Model]) -> None:
    """Delete in batches, each in a transaction of its own, so that nobody waits long for a lock."""
    while True:
        keys = list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])
        rows.model._default_manager.filter(pk__in=keys).delete()
        if len(keys) < BATCH:
            return
