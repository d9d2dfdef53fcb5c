"""Where a carrier is paid: enough of its account to tell one from another, and never the number itself."""

from django.db import models
from django.db.models import F, Q

from foundation.accounts.models.organizations import Organization
from foundation.accounts.models.people import Person


class PaymentKind(models.TextChoices):
    """How a carrier is paid."""

    BANK = "bank", "To our own bank account"
    FACTOR = "factor", "To a factoring company, by notice of assignment"


class PaymentAccount(models.Model):
    """An account on which a carrier is paid, or was: a change ends the row that stood and adds another.

    Nobody is paid from here, so no number is kept: `fingerprint` is a keyed hash of routing and account number, equal
    for equal accounts, `last_four` what people recognise one by. `name` is whose account it is, or the factoring
    company's; that one has no fingerprint, for a factor is paid for hundreds of carriers.
    """

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="payment_accounts")
    kind = models.CharField(max_length=6, choices=PaymentKind.choices)
    name = models.CharField(max_length=120)
    last_four = models.CharField(max_length=4, blank=True, default="")
    fingerprint = models.CharField(max_length=64, blank=True, default="", editable=False)
    set_at = models.DateTimeField()
    set_by = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization"],
                condition=Q(ended_at__isnull=True),
                name="one_payment_account_per_organization",
            ),
            models.CheckConstraint(
                condition=Q(kind="bank") & ~Q(fingerprint="") | Q(kind="factor", fingerprint="", last_four=""),
                name="bank_account_has_a_fingerprint_and_a_factor_none",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("set_at")),
                name="payment_account_ends_after_it_is_set",
            ),
        ]
        indexes = [
            # trust: which other carriers are, or were lately, paid on this account
            models.Index(fields=["fingerprint"], condition=~Q(fingerprint=""), name="account_by_fingerprint"),
            # queries.payment_accounts_of: an organization's, newest first
            models.Index(fields=["organization", "-set_at"], name="account_by_organization"),
        ]
