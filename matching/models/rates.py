"""Rates: what bookings paid, and the models fitted to them."""

from django.db import models
from django.db.models import Q

from foundation.accounts.models import Market, Organization
from foundation.trade.equipment import LOAD_EQUIPMENT_CHOICES
from foundation.trade.fields import PublicIdField


class RateObservation(models.Model):
    """What one booking of a full truckload paid its carrier, all in; heard twice it is still one row.

    `seller` is who sold the load to the carrier: the shipper, or the broker between. A booking that fell through keeps
    its row with `cancelled_at`, so that news that comes late or twice cannot bring it back.
    """

    booking_id = PublicIdField()
    market = models.CharField(max_length=8, choices=Market.choices)
    equipment = models.CharField(max_length=2, choices=LOAD_EQUIPMENT_CHOICES)
    loaded_miles = models.FloatField()
    from_zip3 = models.CharField(max_length=3)
    from_state = models.CharField(max_length=2)
    to_zip3 = models.CharField(max_length=3)
    to_state = models.CharField(max_length=2)
    rate_cents = models.PositiveBigIntegerField()
    booked_on = models.DateField()
    carrier = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    shipper = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    seller = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(rate_cents__gt=0, loaded_miles__gt=0), name="rate_is_for_some_miles"),
        ]
        indexes = [
            # services.fit_rates: the window's bookings of a market
            models.Index(fields=["market", "booked_on"], name="rate_by_day"),
            # rate_queries.lane_figure: a lane's bookings, newest first
            models.Index(fields=["market", "from_zip3", "to_zip3", "-id"], name="rate_by_zip_lane"),
            models.Index(fields=["market", "from_state", "to_state", "-id"], name="rate_by_state_lane"),
        ]

    def __str__(self) -> str:
        return self.booking_id


class RateModelVersion(models.Model):
    """A rate table that came into force when it was fitted and serves until the next one; never changed.

    `terms` is the whole table (`matching.engine.rates.RateTable`). One that is not observed says that the default table
    serves again, since too few bookings were left.
    """

    version = models.CharField(max_length=40)
    is_observed = models.BooleanField()
    bookings = models.PositiveIntegerField()
    terms = models.JSONField()
    fitted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version"], condition=Q(is_observed=True), name="one_observed_rate_model_per_version"
            ),
        ]

    def __str__(self) -> str:
        return self.version
