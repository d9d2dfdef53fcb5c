"""Organizations: who ships, hauls or brokers, and whether the operator has verified them."""

from functools import partial

from django.db import models
from django.db.models import Q

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


class Organization(models.Model):
    """A company on the market, with its numbers, its contact and what it does."""

    public_id = PublicIdField(default=partial(new_id, "org"))
    market = models.CharField(max_length=8, choices=Market.choices, default=Market.LIVE)
    name = models.CharField(max_length=120)
    hides_name = models.BooleanField(default=False)
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

    def __str__(self) -> str:
        return self.name

    @property
    def is_verified(self) -> bool:
        """Whether the operator has decided that this organization may haul, broker and see the market."""
        return self.verified_at is not None


class Verification(models.Model):
    """One decision about an organization, kept for ever: verified or revoked, by whom and why."""

    class Decision(models.TextChoices):
        """What was decided."""

        VERIFIED = "verified", "Verified"
        REVOKED = "revoked", "Revoked"

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="verifications")
    decision = models.CharField(max_length=8, choices=Decision.choices)
    decided_by = models.CharField(max_length=120)
    reason = models.CharField(max_length=500, blank=True, default="")
    decided_at = models.DateTimeField()
