"""Rate confirmations: what two sides agreed, as content, as a document with its hash, and as they signed it."""

from functools import partial

from django.db import models
from django.db.models import Q

from brokers.models.bookings import Booking
from foundation.accounts.models import Organization
from foundation.trade.fields import PublicIdField
from foundation.trade.ids import new_id


class Agreement(models.TextChoices):
    """Which of a booking's two agreements a paper is about; each has its own payer and payee and no third reader."""

    CARRIAGE = "carriage", "Carriage"
    SALE = "sale", "Sale"


class RateConfirmation(models.Model):
    """What a payer and a payee agreed, made from the accepted versions and never changed.

    Carriage is between the load's seller and the carrier. Where a broker sells there is a second one, of the sale:
    between the shipper and the broker. `content` is all that the document says. `sha256` is the document's, "" until a
    task has made it. An amendment makes the next `revision`, which supersedes this one. Triggers refuse any other
    change, and deletion.
    """

    public_id = PublicIdField(default=partial(new_id, "rcon"))
    booking = models.ForeignKey(Booking, models.PROTECT, related_name="confirmations")
    agreement = models.CharField(max_length=8, choices=Agreement.choices)
    revision = models.PositiveSmallIntegerField(default=1)
    number = models.CharField(max_length=20)
    payer = models.ForeignKey(Organization, models.PROTECT, related_name="confirmations_as_payer")
    payee = models.ForeignKey(Organization, models.PROTECT, related_name="confirmations_as_payee")
    load_version = models.PositiveIntegerField()
    booking_version = models.PositiveIntegerField()
    offer_number = models.PositiveSmallIntegerField(null=True, blank=True)
    content = models.JSONField()
    made_at = models.DateTimeField()
    sha256 = models.CharField(max_length=64, blank=True, default="")
    superseded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["booking", "agreement", "revision"], name="one_confirmation_per_agreement_and_revision"
            ),
            models.UniqueConstraint(
                fields=["booking", "agreement"],
                condition=Q(superseded_at__isnull=True),
                name="one_confirmation_in_force_per_agreement",
            ),
            models.CheckConstraint(condition=~Q(payer=models.F("payee")), name="confirmation_has_two_sides"),
        ]
        indexes = [
            # confirmation_queries.confirmations_of: an organization's papers, newest first
            models.Index(fields=["payer", "-id"], name="confirmation_by_payer"),
            models.Index(fields=["payee", "-id"], name="confirmation_by_payee"),
        ]

    def __str__(self) -> str:
        return self.number


class ConfirmationDocument(models.Model):
    """The document's bytes, apart from the row that holds their hash; written once."""

    confirmation = models.OneToOneField(RateConfirmation, models.PROTECT, related_name="document")
    pdf = models.BinaryField()
    made_at = models.DateTimeField()


class Signature(models.Model):
    """A side's signature by a click, once, on the very document whose hash it saw; never changed.

    `organization` is the side that it binds, `signed_by_organization` whose person clicked: the side itself, or the
    broker that represents it. `signed_by` is a person's or key's public id, `name` what was typed, `address` the IP.
    """

    confirmation = models.ForeignKey(RateConfirmation, models.PROTECT, related_name="signatures")
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    signed_by_organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    signed_by = models.CharField(max_length=40)
    name = models.CharField(max_length=120)
    address = models.GenericIPAddressField()
    sha256 = models.CharField(max_length=64)
    signed_at = models.DateTimeField()

    class Meta:
        ordering = ["signed_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["confirmation", "organization"], name="one_signature_per_side"),
            models.CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="signature_names_a_document"),
        ]
