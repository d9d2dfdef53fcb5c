"""Matches: derived rows, one for each pair of a return leg and a load that is worth showing."""

from django.db import models
from django.db.models import Q

from carriers.models import ReturnLeg
from foundation.trade.fields import PublicIdField
from loads.models import Load
from matching.rate_bands import RateBand, band_in


class Policy(models.Model):
    """The limits, costs and speeds that scores were made with, by version; never changed, only followed by another."""

    version = models.CharField(max_length=40, unique=True)
    terms = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)


class Match(models.Model):
    """A load that a return leg can take, with the score and the versions it came from; deleting all rows loses nothing.

    Figures in columns are the market's: miles and minutes, `market_gain_cents` at default costs. `own_gain_cents` and
    `own_parts` are the carrier's, for its eyes only; `is_for_carrier` says that it may see the load and gains by it.
    `parts` holds the sum, the stretches and the time line as both sides may see them.
    """

    public_id = PublicIdField()
    leg = models.ForeignKey(ReturnLeg, models.CASCADE, related_name="matches")
    load = models.ForeignKey(Load, models.CASCADE, related_name="matches")
    leg_version = models.PositiveIntegerField()
    load_version = models.PositiveIntegerField()
    policy_version = models.CharField(max_length=40)
    road_version = models.CharField(max_length=40)
    market_gain_cents = models.IntegerField()
    own_gain_cents = models.IntegerField()
    is_for_carrier = models.BooleanField(default=False)
    rate_cents = models.PositiveIntegerField()
    rate_is_estimated = models.BooleanField(default=False)
    pickup_deadhead_miles = models.FloatField()
    loaded_miles = models.FloatField()
    home_deadhead_miles = models.FloatField()
    empty_miles_saved = models.FloatField()
    pickup_slack_minutes = models.IntegerField()
    co2_saved_kg = models.FloatField()
    parts = models.JSONField()
    own_parts = models.JSONField()
    scored_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["leg", "load"], name="one_match_per_leg_and_load")]
        indexes = [
            # queries.matches_of_leg by the carrier's own gain
            models.Index(fields=["leg", "-own_gain_cents", "load"], name="match_by_leg_own_gain"),
            # queries.matches_of_leg and retention by market gain
            models.Index(fields=["leg", "-market_gain_cents", "load"], name="match_by_leg_market_gain"),
            # queries.matches_of_load and retention by market gain
            models.Index(fields=["load", "-market_gain_cents", "leg"], name="match_by_load_market_gain"),
            # services.combinations: legs whose list a load's run has changed
            models.Index(fields=["leg", "-scored_at"], name="match_by_leg_and_age"),
            # the desk: best first over the whole market
            models.Index(fields=["-market_gain_cents", "leg", "load"], name="match_by_market_gain"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def rate_band(self) -> RateBand | None:
        """The band of an estimated rate and what it rests on; None where the rate is posted."""
        return band_in(self.parts)


class MatchRun(models.Model):
    """What the last matching of a leg or load looked at: how many pairs, how many fit, and refusals counted by rule.

    A bar is the best pair that found no place in a list of the leg or load, as its gain and the other side's key (ties
    break by the lower key): what ranks above it is the whole truth, below it better pairs may exist that are not
    stored. None: nothing was left out. Runs of the other side raise the bar; the next run of this side sets it anew.
    `stretches` is the way between a load's stops, or a leg's straight home, as this road version has it: [miles,
    minutes, whether estimated] each.
    """

    leg = models.OneToOneField(ReturnLeg, models.CASCADE, null=True, blank=True, related_name="match_run")
    load = models.OneToOneField(Load, models.CASCADE, null=True, blank=True, related_name="match_run")
    version = models.PositiveIntegerField()
    policy_version = models.CharField(max_length=40)
    road_version = models.CharField(max_length=40)
    candidates = models.PositiveIntegerField()
    feasible = models.PositiveIntegerField()
    own_bar_cents = models.IntegerField(null=True)
    own_bar_key = models.BigIntegerField(null=True)
    market_bar_cents = models.IntegerField(null=True)
    market_bar_key = models.BigIntegerField(null=True)
    refusals = models.JSONField(default=dict)
    stretches = models.JSONField(default=list)
    ran_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(leg__isnull=True, load__isnull=False) | Q(leg__isnull=False, load__isnull=True),
                name="match_run_is_for_a_leg_or_a_load",
            )
        ]
