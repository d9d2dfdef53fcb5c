"""Organizations: who ships, hauls or brokers, and whether the operator has verified them."""

from functools import partial

from django.db import models
from django.db.models import Func, Q, Value

from foundation.trade.fields import PublicIdField
from foundation.trade.ids import new_id


class Market(models.TextChoices):
    """The market that an organization belongs to; nothing crosses from one to the other."""

    LIVE = "live", "Live"
    SANDBOX = "sandbox", "Sandbox"


class Capability(models.TextChoices):
    """What an organization does; a private fleet ships and hauls."""

    SHIPS = "ships", "Ships freight"
    HAULS = "hauls", "Hauls freight"
    BROKERS = "brokers", "Brokers freight"


def phone_digits() -> Func:
    """Return the last ten digits of the contact's phone as an expression: what stays of it however it is written."""
    digits = Func("contact_phone", Value(r"\D"), Value(""), Value("g"), function="REGEXP_REPLACE")
    return Func(digits, Value(10), function="RIGHT", output_field=models.TextField())


def email_domain() -> Func:
    """Return the domain of the contact's e-mail address, in lower case, as an expression."""
    domain = Func("contact_email", Value("@"), Value(2), function="SPLIT_PART")
    return Func(domain, function="LOWER", output_field=models.TextField())


class Organization(models.Model):
    """A company on the market, with its numbers, its contact and what it does."""

    public_id = PublicIdField(default=partial(new_id, "org"))
    market = models.CharField(max_length=8, choices=Market.choices, default=Market.LIVE)
    name = models.CharField(max_length=120)
    hides_name = models.BooleanField(default=False)
    shows_margin = models.BooleanField(default=False)
    ships = models.BooleanField(default=False)
    hauls = models.BooleanField(default=False)
    brokers = models.BooleanField(default=False)
    usdot_number = models.CharField(max_length=8, blank=True, default="")
    mc_number = models.CharField(max_length=8, blank=True, default="")
    scac = models.CharField(max_length=4, blank=True, default="")
    time_zone = models.CharField(max_length=64, default="America/Chicago")
    contact_name = models.CharField(max_length=120, blank=True, default="")
    contact_phone = models.CharField(max_length=32, blank=True, default="")
    contact_email = models.EmailField(blank=True, default="")
    verified_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["market", "usdot_number"],
                condition=Q(verified_at__isnull=False) & ~Q(usdot_number=""),
                name="one_verified_organization_per_usdot",
            ),
            models.CheckConstraint(
                condition=Q(ships=True) | Q(hauls=True) | Q(brokers=True), name="organization_does_something"
            ),
            models.CheckConstraint(
                condition=Q(usdot_number="") | Q(usdot_number__regex=r"^[1-9][0-9]{0,7}$"),
                name="usdot_number_is_digits",
            ),
            models.CheckConstraint(
                condition=Q(mc_number="") | Q(mc_number__regex=r"^[0-9]{1,8}$"), name="mc_number_is_digits"
            ),
            models.CheckConstraint(
                condition=Q(scac="") | Q(scac__regex=r"^[A-Z]{2,4}$"), name="scac_is_two_to_four_letters"
            ),
        ]
        indexes = [
            # trust: which other organizations have this phone, or this e-mail domain
            models.Index(phone_digits(), name="organization_by_phone_digits"),
            models.Index(email_domain(), name="organization_by_email_domain"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_verified(self) -> bool:
        """Whether the operator has decided that this organization may haul, broker and see the market."""
        return self.verified_at is not None


class Verification(models.Model):
    """One decision about an organization, kept for ever: verified or revoked, by whom and why.

    The operator may also clear a rule of trust (`rule`) about something (`about`, such as a domain) after a look.
    """

    class Decision(models.TextChoices):
        """What was decided."""

        VERIFIED = "verified", "Verified"
        REVOKED = "revoked", "Revoked"
        CLEARED = "cleared", "Looked at and cleared"

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="verifications")
    decision = models.CharField(max_length=8, choices=Decision.choices)
    decided_by = models.CharField(max_length=120)
    reason = models.CharField(max_length=500, blank=True, default="")
    decided_at = models.DateTimeField()
    rule = models.CharField(max_length=40, blank=True, default="")
    about = models.CharField(max_length=254, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(decision="cleared") & ~Q(rule="") | (~Q(decision="cleared") & Q(rule="")),
                name="cleared_decision_names_its_rule",
            )
        ]
