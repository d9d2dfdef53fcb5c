"""Facts: what happened, what each organization may read of it, and which tasks still have to act on it."""

from functools import partial

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from foundation.trade.fields import PublicIdField
from foundation.trade.ids import new_id


class Event(models.Model):
    """One fact, written in the transaction of its change; the relay gives it its position after the commit."""

    public_id = PublicIdField(default=partial(new_id, "evt"))
    position = models.BigIntegerField(null=True, unique=True)
    name = models.CharField(max_length=64)
    subject = models.CharField(max_length=64, db_collation="C")
    version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    placed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            # The relay asks: which facts have no position yet?
            models.Index(fields=["id"], condition=Q(position__isnull=True), name="event_without_position"),
            # Pruning asks: which facts are older than the feed keeps?
            models.Index(fields=["placed_at"], name="event_by_age"),
            # queries.told: a task asks what was told of a fact about its subject
            models.Index(fields=["subject", "name"], name="event_by_subject"),
        ]


class FeedEntry(models.Model):
    """A fact as one organization may read it; feed, stream and webhooks read nothing else."""

    event = models.ForeignKey(Event, models.CASCADE, related_name="feed_entries")
    organization_id = models.CharField(max_length=40, db_collation="C")
    position = models.BigIntegerField(null=True)
    payload = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "organization_id"], name="one_feed_entry_per_organization"),
            # The feed asks: what has this organization not heard yet, in order?
            models.UniqueConstraint(fields=["organization_id", "position"], name="one_feed_entry_per_position"),
        ]


class Reaction(models.Model):
    """A task that has to act on a fact; done in the transaction of its effect, sent again until then."""

    event = models.ForeignKey(Event, models.CASCADE, related_name="reactions")
    task = models.CharField(max_length=100)
    subject = models.CharField(max_length=64, db_collation="C")
    position = models.BigIntegerField()
    due_at = models.DateTimeField()
    sends = models.PositiveSmallIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=500, blank=True, default="")
    done_at = models.DateTimeField(null=True, blank=True)
    dead_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "task"], name="one_reaction_per_event_and_task")]
        indexes = [
            # The sweep asks: what is undone and due?
            models.Index(
                fields=["due_at"], condition=Q(done_at__isnull=True, dead_at__isnull=True), name="reaction_undone"
            ),
            # A task asks: what is undone for this subject?
            models.Index(
                fields=["task", "subject", "position"],
                condition=Q(done_at__isnull=True),
                name="reaction_undone_by_subject",
            ),
            # The operator asks: what has been given up?
            models.Index(fields=["dead_at"], condition=Q(dead_at__isnull=False), name="reaction_dead"),
            # Pruning asks: what was done long ago?
            models.Index(fields=["done_at"], condition=Q(done_at__isnull=False), name="reaction_by_age"),
        ]


class RelayState(models.Model):
    """One row: the last position given. Its lock makes positions commit in their order."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    last_position = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_relay_state")]


class Canary(models.Model):
    """The last canary that went through outbox, relay and worker, for whoever asked for one."""

    subject = models.CharField(max_length=64, primary_key=True, db_collation="C")
    heard_at = models.DateTimeField()
