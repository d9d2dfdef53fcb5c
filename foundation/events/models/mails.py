"""Mails: the outbox from which a task sends them, and the files that go with them."""

from functools import partial

from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Now

from foundation.events.models.facts import Event
from foundation.trade.fields import PublicIdField
from foundation.trade.ids import new_id


class Attachment(models.Model):
    """A file that goes with mails, kept once by its name and the SHA-256 of its bytes, however many mails bring it.

    `kept_at` is when a mail last asked for it: who prunes takes none that a mail has just been given.
    """

    sha256 = models.CharField(max_length=64, db_collation="C")
    name = models.CharField(max_length=120)
    content_type = models.CharField(max_length=100)
    body = models.BinaryField()
    kept_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sha256", "name"], name="one_attachment_per_file"),
            models.CheckConstraint(
                condition=Q(
                    sha256=Func(
                        Func(F("body"), function="sha256"),
                        Value("hex"),
                        function="encode",
                        output_field=models.CharField(),
                    )
                ),
                name="attachment_is_what_its_hash_says",
            ),
        ]

    def __str__(self) -> str:
        return self.name


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
    # Nothing follows when an attachment goes: upkeep takes only what no mail has, and the database refuses the rest.
    attachment = models.ForeignKey(Attachment, models.DO_NOTHING, null=True, blank=True, related_name="mails")
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
