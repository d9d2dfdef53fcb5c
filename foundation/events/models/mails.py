"""Mails: the outbox from which a task sends them."""

from functools import partial

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from foundation.events.models.facts import Event
from foundation.trade.fields import PublicIdField
from foundation.trade.ids import new_id


class Mail(models.Model):
    """One mail to one address, written in the transaction of its cause and sent afterwards, at least once."""

    public_id = PublicIdField(default=partial(new_id, "mail"))
    event = models.ForeignKey(Event, models.SET_NULL, null=True, blank=True, related_name="+")
    organization_id = models.CharField(max_length=40, blank=True, default="", db_collation="C")
    kind = models.CharField(max_length=40)
    recipient = models.EmailField()
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["event", "recipient", "kind"],
                condition=Q(event__isnull=False),
                name="one_mail_per_event_and_recipient",
            )
        ]
        indexes = [
            # The page of mails asks: this organization's newest.
            models.Index(fields=["organization_id", "-id"], name="mail_by_organization"),
            # Pruning asks: which are old?
            models.Index(fields=["created_at"], name="mail_by_age"),
        ]
