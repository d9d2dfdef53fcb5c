"""Combinations: derived rows, one for each tour of several loads that is worth showing to a leg's carrier."""

from django.db import models
from django.db.models import F, Q

from carriers.models import ReturnLeg
from foundation.trade.fields import PublicIdField
from loads.models import Load
from matching.rate_bands import RateBand, band_in


class CombinationKind(models.TextChoices):
    """How the loads of a combination share the truck."""

    CHAIN = "chain", "One after the other"
    PARTIALS = "partials", "On board together"


class Combination(models.Model):
    """Two to four loads that a return leg can take in one tour, with the score and the versions it came from.

    As with `Match`: the columns hold the market's figures, `own_gain_cents` and `own_parts` are for the carrier alone.
    `is_for_carrier` says that the carrier may see every load, and that the combination stands in its own list;
    `is_for_market` that it stands in the list by market gain. Deleting all rows loses nothing.
    """

    public_id = PublicIdField()
    leg = models.ForeignKey(ReturnLeg, models.CASCADE, related_name="combinations")
    kind = models.CharField(max_length=8, choices=CombinationKind.choices)
    leg_version = models.PositiveIntegerField()
    policy_version = models.CharField(max_length=40)
    road_version = models.CharField(max_length=40)
    market_gain_cents = models.IntegerField()
    own_gain_cents = models.IntegerField()
    is_for_carrier = models.BooleanField(default=False)
    is_for_market = models.BooleanField(default=False)
    rate_cents = models.PositiveIntegerField()
    rate_is_estimated = models.BooleanField(default=False)
    loaded_miles = models.FloatField()
    empty_miles = models.FloatField()
    empty_miles_saved = models.FloatField()
    co2_saved_kg = models.FloatField()
    parts = models.JSONField()
    own_parts = models.JSONField()
    scored_at = models.DateTimeField()

    class Meta:
        indexes = [
            # queries of a leg's combinations, by the carrier's own gain and by market gain
            models.Index(fields=["leg", "kind", "-own_gain_cents"], name="combination_by_own_gain"),
            models.Index(fields=["leg", "kind", "-market_gain_cents"], name="combination_by_market_gain"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def rate_band(self) -> RateBand | None:
        """The band of the rates' sum where one of them is estimated, and what it rests on; None otherwise."""
        return band_in(self.parts)


class CombinedLoad(models.Model):
    """A load of a combination, in order of first pickup from 0, as it stood when the combination was scored."""

    combination = models.ForeignKey(Combination, models.CASCADE, related_name="combined")
    load = models.ForeignKey(Load, models.CASCADE, related_name="combined")
    position = models.PositiveSmallIntegerField()
    load_version = models.PositiveIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["combination", "position"], name="one_load_per_place_in_a_combination"),
            models.UniqueConstraint(fields=["combination", "load"], name="load_stands_once_in_a_combination"),
        ]


class CombinationRun(models.Model):
    """When a leg's combinations were last made, and from what: how many loads were in reach, how many tours scored."""

    leg = models.OneToOneField(ReturnLeg, models.CASCADE, related_name="combination_run")
    version = models.PositiveIntegerField()
    policy_version = models.CharField(max_length=40)
    road_version = models.CharField(max_length=40)
    loads = models.PositiveIntegerField()
    tours = models.PositiveIntegerField()
    feasible = models.PositiveIntegerField()
    ran_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(feasible__lte=F("tours")), name="no_more_tours_fit_than_were_scored")
        ]
        indexes = [
            # services.combinations: those longest not made come first
            models.Index(fields=["ran_at"], name="combination_run_by_age")
        ]
