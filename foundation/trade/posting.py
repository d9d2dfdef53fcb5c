"""A posting: what a load and a return leg have in common on the market, its life cycle and its confirmation."""

from datetime import datetime, timedelta

from django.db import models

CONFIRMATION_ASKED_AFTER = timedelta(hours=12)
RANKED_LAST_AFTER = timedelta(hours=24)
OFF_THE_MARKET_AFTER = timedelta(hours=48)


class Status(models.TextChoices):
    """Where a posting stands."""

    DRAFT = "draft", "Draft"
    OPEN = "open", "Open"
    COVERED = "covered", "Covered"
    WITHDRAWN = "withdrawn", "Withdrawn"
    EXPIRED = "expired", "Expired"


MOVES: dict[str, frozenset[str]] = {
    Status.DRAFT: frozenset({Status.OPEN, Status.WITHDRAWN}),
    Status.OPEN: frozenset({Status.COVERED, Status.WITHDRAWN, Status.EXPIRED}),
    Status.COVERED: frozenset({Status.OPEN}),
    Status.WITHDRAWN: frozenset({Status.OPEN}),
    Status.EXPIRED: frozenset({Status.OPEN, Status.WITHDRAWN}),
}


class Audience(models.TextChoices):
    """Who may see a posting."""

    MARKET = "market", "The whole market"
    PARTNERS_FIRST = "partners_first", "Partners first, then the market"
    PARTNERS = "partners", "Partners only"


class Posting(models.Model):
    """The columns of every posting; concrete postings add `organization`, `public_id` and their own terms.

    `expires_at` is the end of its window, known when it is saved; a posting that nobody confirms for 48 h is taken off
    as well. `confirmed_at` is set whenever a posting is open. `form_token` names the one form that made it, so that a
    double click makes one posting.
    """

    status = models.CharField(max_length=12, choices=Status.choices, default=Status.DRAFT)
    version = models.PositiveIntegerField(default=1)
    audience = models.CharField(max_length=16, choices=Audience.choices, default=Audience.MARKET)
    partners_first_until = models.DateTimeField(null=True, blank=True)
    external_id = models.CharField(max_length=64, blank=True, default="")
    reference = models.CharField(max_length=64, blank=True, default="")
    notes = models.TextField(max_length=2000, blank=True, default="")
    private_notes = models.TextField(max_length=2000, blank=True, default="")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    confirmation_asked_at = models.DateTimeField(null=True, blank=True)
    form_token = models.CharField(max_length=40, blank=True, default="", editable=False)

    class Meta:
        abstract = True

    def confirmation_age(self, now: datetime) -> timedelta:
        """Return how long ago the owner last said that the posting still stands."""
        return now - (self.confirmed_at or self.opened_at or self.created_at)

    def asks_for_confirmation(self, now: datetime) -> bool:
        """Say whether the owner should be asked to confirm."""
        return self.status == Status.OPEN and self.confirmation_age(now) >= CONFIRMATION_ASKED_AFTER

    def is_ranked_last(self, now: datetime) -> bool:
        """Say whether the posting is so old that fresher ones go first."""
        return self.confirmation_age(now) >= RANKED_LAST_AFTER
