"""What a person wants by mail from an organization, and the digests in which the less urgent news come together."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from foundation.events.models.mails import Mail

DEFAULT_HOUR = 7


class Delivery(models.TextChoices):
    """How a kind of news reaches a person's mailbox; the bell has all of it."""

    AT_ONCE = "at_once", "At once"
    DIGEST = "digest", "In the digest"
    NONE = "none", "Not by mail"


class Period(models.TextChoices):
    """How often a digest comes."""

    HOUR = "hour", "Every hour"
    DAY = "day", "Once a day"


class MailPreference(models.Model):
    """A person's wishes for an organization's mails: by kind (`{kind: delivery}`), and when digests come.

    A kind that is missing is delivered as the person's role has it; `hour` is a local hour, 0 to 23.
    """

    organization_id = models.CharField(max_length=40, db_collation="C")
    person_id = models.CharField(max_length=40, db_collation="C")
    deliveries = models.JSONField(default=dict)
    period = models.CharField(max_length=4, choices=Period.choices, default=Period.DAY)
    hour = models.PositiveSmallIntegerField(default=DEFAULT_HOUR)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization_id", "person_id"], name="one_mail_preference_per_person_and_organization"
            ),
            models.CheckConstraint(condition=Q(hour__lte=23), name="digest_hour_is_an_hour_of_the_day"),
        ]


class Digest(models.Model):
    """One mail that told a person several things: one for each person, organization and period."""

    organization_id = models.CharField(max_length=40, db_collation="C")
    person_id = models.CharField(max_length=40, db_collation="C")
    due_at = models.DateTimeField()
    mail = models.ForeignKey(Mail, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization_id", "person_id", "due_at"], name="one_digest_per_person_and_period"
            )
        ]


class DigestItem(models.Model):
    """A line that waits for a person's next digest, once per cause (`key`), and the digest that told it."""

    key = models.CharField(max_length=120, db_collation="C")
    organization_id = models.CharField(max_length=40, db_collation="C")
    person_id = models.CharField(max_length=40, db_collation="C")
    recipient = models.EmailField()
    time_zone = models.CharField(max_length=64)
    kind = models.CharField(max_length=40)
    text = models.CharField(max_length=300)
    url = models.CharField(max_length=300, blank=True, default="")
    due_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())
    digest = models.ForeignKey(Digest, models.SET_NULL, null=True, blank=True, related_name="items")
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization_id", "person_id", "key"], name="one_digest_item_per_cause_and_person"
            )
        ]
        indexes = [
            # digests.send_due: what is due
            models.Index(fields=["due_at"], condition=Q(told_at__isnull=True), name="digest_item_due"),
            # Pruning asks: which are old?
            models.Index(fields=["created_at"], name="digest_item_by_age"),
        ]
