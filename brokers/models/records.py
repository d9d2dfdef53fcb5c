"""The record of a brokered transaction that 49 CFR 371.3 asks for, and who asked to read it."""

from datetime import timedelta
from functools import partial

from django.db import models
from django.db.models import Q

from brokers.models.bookings import Booking
from foundation.accounts.models import Organization
from foundation.trade.fields import PublicIdField
from foundation.trade.ids import new_id

KEPT_FOR = timedelta(days=3 * 365 + 1)  # three years, one of them a leap year


class TransactionRecord(models.Model):
    """What a broker keeps of a transaction for three years, and any party of that load may read on a logged request.

    `basis` says how the broker came to it: it sold the load, or acted for a side; then what it earned is its own to
    enter. Of what fell through it says who cancelled and why, and `contentions` holds what each side said of money that
    hung on a word. The margin stands here and nowhere else. A trigger refuses to delete it before `keep_until`.
    """

    class Basis(models.TextChoices):
        """How the broker took part."""

        SALE = "sale", "Sold the load"
        REPRESENTATION = "representation", "Acted for a side"

    public_id = PublicIdField(default=partial(new_id, "rec"))
    booking = models.ForeignKey(Booking, models.PROTECT, related_name="records")
    broker = models.ForeignKey(Organization, models.PROTECT, related_name="transaction_records")
    basis = models.CharField(max_length=14, choices=Basis.choices)
    version = models.PositiveIntegerField(default=1)
    consignor_name = models.CharField(max_length=120)
    consignor_address = models.CharField(max_length=400, blank=True, default="")
    carrier_name = models.CharField(max_length=120)
    carrier_address = models.CharField(max_length=400, blank=True, default="")
    carrier_usdot_number = models.CharField(max_length=8, blank=True, default="")
    carrier_mc_number = models.CharField(max_length=8, blank=True, default="")
    freight_bill_number = models.CharField(max_length=64, blank=True, default="")
    charged_cents = models.PositiveIntegerField(null=True, blank=True)
    carrier_pay_cents = models.PositiveIntegerField(null=True, blank=True)
    compensation_cents = models.IntegerField(null=True, blank=True)
    compensation_paid_by = models.CharField(max_length=120, blank=True, default="")
    other_services = models.CharField(max_length=500, blank=True, default="")
    other_services_cents = models.PositiveIntegerField(default=0)
    other_services_paid_by = models.CharField(max_length=120, blank=True, default="")
    collected_cents = models.PositiveIntegerField(null=True, blank=True)
    collected_on = models.DateField(null=True, blank=True)
    carrier_paid_on = models.DateField(null=True, blank=True)
    fell_through_at = models.DateTimeField(null=True, blank=True)
    fell_through_because = models.CharField(max_length=20, blank=True, default="")
    fell_through_for = models.CharField(max_length=120, blank=True, default="")
    fell_through_note = models.CharField(max_length=500, blank=True, default="")
    contentions = models.JSONField(default=list, blank=True)
    written_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    keep_until = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["booking", "broker"], name="one_record_per_booking_and_broker"),
            models.CheckConstraint(
                condition=Q(keep_until__gte=models.F("written_at") + KEPT_FOR), name="record_is_kept_three_years"
            ),
            models.CheckConstraint(
                condition=~Q(basis="sale") | Q(compensation_cents__isnull=False), name="sale_has_a_compensation"
            ),
        ]
        indexes = [
            # record_queries.records_of: a broker's records, newest first
            models.Index(fields=["broker", "-id"], name="record_by_broker"),
        ]

    def __str__(self) -> str:
        return self.public_id


class RecordRequest(models.Model):
    """A party's request to read a record, with its reason and what it was given; never changed."""

    public_id = PublicIdField(default=partial(new_id, "req"))
    record = models.ForeignKey(TransactionRecord, models.PROTECT, related_name="requests")
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    asked_by = models.CharField(max_length=40)
    reason = models.CharField(max_length=500)
    given = models.JSONField()
    asked_at = models.DateTimeField()

    class Meta:
        indexes = [
            # record_queries.requests_of: what was asked of a record, newest first
            models.Index(fields=["record", "-id"], name="request_by_record"),
        ]
