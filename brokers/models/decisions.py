"""What people decided about matches."""

from functools import partial

from django.db import models
from django.db.models import Q

from foundation.accounts.models import Organization, Person
from foundation.trade.fields import PublicIdField
from foundation.trade.ids import new_id


class MatchDecision(models.Model):
    """An organization's word on a match, kept by the match's public id, since matches come and go: dismissed, or
    snoozed until an instant.
    """

    class Kind(models.TextChoices):
        """What was decided."""

        DISMISS = "dismiss", "Dismissed"
        SNOOZE = "snooze", "Snoozed"

    public_id = PublicIdField(default=partial(new_id, "dec"))
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="match_decisions")
    match_public_id = models.CharField(max_length=40, db_collation="C")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    reason = models.CharField(max_length=200, blank=True, default="")
    until = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "match_public_id"], name="one_decision_per_match"),
            models.CheckConstraint(condition=~Q(kind="snooze") | Q(until__isnull=False), name="snooze_has_an_end"),
        ]
