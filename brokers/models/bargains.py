"""The terms that money follows: columns that offers, bookings and amendments share, so that none is ever re-typed."""

from typing import Any

from django.db import models
from django.db.models import F, Q

MOST_PAYMENT_DAYS = 120


class Bargain(models.Model):
    """What two sides agree, or would: the rate, accessorial terms, times at the stops, days to pay, a note to both.

    Cents and minutes; detention is an hour, layover a day. `stop_times` holds one
    `{"sequence", "opens_at", "closes_at", "by_appointment"}` for each stop of the load, instants in RFC 3339. All-in:
    `fuel_surcharge_cents` is 0. `brokers.terms.BargainTerms` is the same as a value.
    """

    linehaul_cents = models.PositiveIntegerField()
    fuel_surcharge_cents = models.PositiveIntegerField(default=0)
    free_minutes = models.PositiveIntegerField(default=120)
    detention_cents_per_hour = models.PositiveIntegerField(default=0)
    tonu_cents = models.PositiveIntegerField(default=0)
    layover_cents = models.PositiveIntegerField(default=0)
    payment_days = models.PositiveSmallIntegerField(default=30)
    stop_times = models.JSONField(default=list)
    notes = models.TextField(max_length=1000, blank=True, default="")

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(linehaul_cents__gt=0) | Q(fuel_surcharge_cents__gt=0), name="%(class)s_pays_something"
            ),
            models.CheckConstraint(
                condition=Q(payment_days__lte=MOST_PAYMENT_DAYS), name="%(class)s_is_paid_within_reason"
            ),
        ]

    @property
    def rate_cents(self) -> int:
        """The all-in rate: linehaul and fuel surcharge together."""
        return self.linehaul_cents + self.fuel_surcharge_cents

    @classmethod
    def rate(cls) -> Any:
        """Return the all-in rate as an expression for queries."""
        return F("linehaul_cents") + F("fuel_surcharge_cents")
