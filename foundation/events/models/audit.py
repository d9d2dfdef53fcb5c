"""The audit: who did what, when, and which fields changed; append-only and chained by hash per organization."""

from functools import partial

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from foundation.trade.fields import PublicIdField
from foundation.trade.ids import new_id


class AuditEntry(models.Model):
    """One deed. A trigger refuses to change or delete it; the relay adds its place in the chain."""

    public_id = PublicIdField(default=partial(new_id, "audit"))
    organization_id = models.CharField(max_length=40, db_collation="C")
    actor = models.CharField(max_length=120)
    action = models.CharField(max_length=64)
    subject = models.CharField(max_length=64, db_collation="C")
    changes = models.JSONField()
    created_at = models.DateTimeField(db_default=Now())
    position = models.BigIntegerField(null=True)
    previous_hash = models.CharField(max_length=64, blank=True, default="")
    hash = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        constraints = [
            # The chain's order within an organization: 1, 2, 3 without a gap.
            models.UniqueConstraint(fields=["organization_id", "position"], name="one_audit_entry_per_position"),
        ]
        indexes = [
            # The relay asks: what is not chained yet?
            models.Index(fields=["id"], condition=Q(position__isnull=True), name="audit_unchained"),
            # A page asks: what happened to this thing?
            models.Index(fields=["organization_id", "subject"], name="audit_by_subject"),
        ]


class AuditHead(models.Model):
    """The end of an organization's chain: how many deeds it holds, and the hash of the last."""

    organization_id = models.CharField(max_length=40, primary_key=True, db_collation="C")
    position = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True, default="")
