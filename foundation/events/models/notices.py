"""Notices: what the bell in the page tells an organization's people."""

from functools import partial

from django.db import models
from django.db.models.functions import Now

from foundation.events.models.facts import Event
from foundation.trade.fields import PublicIdField
from foundation.trade.ids import new_id


class Notice(models.Model):
    """One sentence for one organization, once: the same cause never gives a second one."""

    public_id = PublicIdField(default=partial(new_id, "notice"))
    event = models.ForeignKey(Event, models.SET_NULL, null=True, blank=True, related_name="+")
    organization_id = models.CharField(max_length=40, db_collation="C")
    key = models.CharField(max_length=120, db_collation="C")
    text = models.CharField(max_length=300)
    url = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization_id", "key"], name="one_notice_per_cause_and_organization")
        ]
        indexes = [
            # The bell asks: this organization's newest.
            models.Index(fields=["organization_id", "-id"], name="notice_by_organization"),
            # Pruning asks: which are old?
            models.Index(fields=["created_at"], name="notice_by_age"),
        ]


class NoticeReader(models.Model):
    """How far a person has read an organization's notices."""

    organization_id = models.CharField(max_length=40, db_collation="C")
    person_id = models.CharField(max_length=40, db_collation="C")
    read_up_to = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization_id", "person_id"], name="one_notice_reader_per_person")
        ]
