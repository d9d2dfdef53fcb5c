"""What the federal registry says of a USDOT number, as it was last answered, and how old that is."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q

from foundation.accounts.models.organizations import Market

FRESH_FOR = timedelta(hours=24)
"""A record that is older decides nothing: it is asked for again first."""

ACTIVE = "A"
BROKER_BOND_CENTS = 75_000_00  # 49 CFR 387.307


class FederalOutcome(models.TextChoices):
    """What came of asking."""

    FOUND = "found", "Found"
    NOT_FOUND = "not_found", "No such number"
    FAILED = "failed", "No answer yet"


class FederalRecord(models.Model):
    """The registry's record of a USDOT number, one per market: the sandbox's are recorded answers, never real ones.

    `fetched_at` is when the registry last answered; a failed try leaves the facts as they stand and is noted in
    `tried_at`, `failures` and `failure`. Authorities are `A` active, `I` inactive, `N` none. Amounts are cents, None
    where the registry says nothing. `authority_since` is None where it does not say; `registered_on` is the day of the
    USDOT number, which no authority is older than. `phone_digits` and `email_domain` are repeated for comparing.
    """

    market = models.CharField(max_length=8, choices=Market.choices)
    usdot_number = models.CharField(max_length=8)
    outcome = models.CharField(max_length=9, choices=FederalOutcome.choices)
    fetched_at = models.DateTimeField(null=True, blank=True)
    tried_at = models.DateTimeField()
    failures = models.PositiveIntegerField(default=0)
    failure = models.CharField(max_length=200, blank=True, default="")
    source = models.CharField(max_length=20, blank=True, default="")
    legal_name = models.CharField(max_length=200, blank=True, default="")
    dba_name = models.CharField(max_length=200, blank=True, default="")
    is_allowed_to_operate = models.BooleanField(null=True, blank=True)
    is_out_of_service = models.BooleanField(default=False)
    out_of_service_since = models.DateField(null=True, blank=True)
    common_authority = models.CharField(max_length=1, blank=True, default="")
    contract_authority = models.CharField(max_length=1, blank=True, default="")
    broker_authority = models.CharField(max_length=1, blank=True, default="")
    authority_since = models.DateField(null=True, blank=True)
    registered_on = models.DateField(null=True, blank=True)
    bipd_required_cents = models.BigIntegerField(null=True, blank=True)
    bipd_on_file_cents = models.BigIntegerField(null=True, blank=True)
    bond_on_file_cents = models.BigIntegerField(null=True, blank=True)
    phone = models.CharField(max_length=40, blank=True, default="")
    phone_digits = models.CharField(max_length=10, blank=True, default="")
    email = models.EmailField(blank=True, default="")
    email_domain = models.CharField(max_length=254, blank=True, default="")
    address = models.CharField(max_length=300, blank=True, default="")
    raw = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["market", "usdot_number"], name="one_federal_record_per_number"),
            models.CheckConstraint(
                condition=Q(outcome=FederalOutcome.FAILED, fetched_at__isnull=True)
                | (~Q(outcome=FederalOutcome.FAILED) & Q(fetched_at__isnull=False)),
                name="federal_record_says_when_it_was_fetched",
            ),
            models.CheckConstraint(
                condition=~Q(outcome=FederalOutcome.FOUND) | Q(is_allowed_to_operate__isnull=False),
                name="found_federal_record_says_whether_it_may_operate",
            ),
        ]
        indexes = [
            # trust: which other numbers have this phone
            models.Index(fields=["market", "phone_digits"], condition=~Q(phone_digits=""), name="federal_by_phone"),
        ]

    def __str__(self) -> str:
        return f"USDOT {self.usdot_number}"

    @property
    def may_haul(self) -> bool:
        """Whether it may haul for others now: allowed to operate, with common or contract authority that is active."""
        return bool(self.is_allowed_to_operate) and ACTIVE in {self.common_authority, self.contract_authority}

    @property
    def may_broker(self) -> bool:
        """Whether it may broker now: active broker authority, and the $75,000 bond or trust on file."""
        return self.broker_authority == ACTIVE and (self.bond_on_file_cents or 0) >= BROKER_BOND_CENTS

    def is_fresh(self, now: datetime) -> bool:
        """Say whether the registry's answer is young enough to decide by."""
        return self.fetched_at is not None and now - self.fetched_at <= FRESH_FOR
