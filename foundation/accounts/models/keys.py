"""API keys: self-service, scoped, shown once."""

from datetime import datetime
from functools import partial

from django.contrib.postgres.fields import ArrayField
from django.db import models

from foundation.accounts.models.organizations import Organization
from foundation.accounts.models.people import Person
from foundation.trade.fields import PublicIdField
from foundation.trade.ids import new_id


class ApiKey(models.Model):
    """A key of an organization: `bh_live_<id>_<secret>`; only a SHA-256 of the secret is stored."""

    public_id = PublicIdField(default=partial(new_id, "key"))
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="api_keys")
    created_by = models.ForeignKey(Person, models.PROTECT, related_name="made_keys")
    name = models.CharField(max_length=80)
    secret_hash = models.CharField(max_length=64)
    scopes = ArrayField(models.CharField(max_length=40))
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def is_active(self, now: datetime) -> bool:
        """Say whether the key is neither revoked nor past its expiry."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)
