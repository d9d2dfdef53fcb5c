"""Codes that verify an organization: sent to the contact of the federal record, entered by an owner."""

from functools import partial

from django.db import models
from django.db.models import F, Q

from foundation.accounts.models.organizations import Organization
from foundation.accounts.models.people import Person
from foundation.trade.fields import PublicIdField
from foundation.trade.ids import new_id

MOST_ATTEMPTS = 5


class VerificationCode(models.Model):
    """One code: eight digits of which a keyed hash is kept, good once, for one number, for fifteen minutes.

    `contact_hash` tells codes to the same mailbox from others without keeping the address; `sent_to` is the masked
    address. A code ends when it is used, replaced by a newer one, tried too often, or at `expires_at`.
    """

    public_id = PublicIdField(default=partial(new_id, "vcode"))
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="verification_codes")
    market = models.CharField(max_length=8)
    usdot_number = models.CharField(max_length=8)
    code_hash = models.CharField(max_length=64)
    contact_hash = models.CharField(max_length=64)
    sent_to = models.CharField(max_length=254)
    asked_by = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization"], condition=Q(closed_at__isnull=True), name="one_live_code_per_organization"
            ),
            models.CheckConstraint(condition=Q(attempts__lte=MOST_ATTEMPTS), name="code_is_tried_five_times_at_most"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("asked_at")), name="code_ends_after_it_is_sent"),
            models.CheckConstraint(
                condition=Q(used_at__isnull=True) | Q(closed_at__isnull=False), name="used_code_is_closed"
            ),
        ]
        indexes = [
            # services.codes: how many were sent lately, by organization, number and mailbox
            models.Index(fields=["organization", "-asked_at"], name="code_by_organization"),
            models.Index(fields=["market", "usdot_number", "-asked_at"], name="code_by_number"),
            models.Index(fields=["contact_hash", "-asked_at"], name="code_by_mailbox"),
        ]
