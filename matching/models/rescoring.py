"""Re-scoring of a whole market: why, with which versions, how far, and what it found; derived, safe to lose."""

from django.db import models
from django.db.models import Q

from foundation.accounts.models import Market


class RescoringReason(models.TextChoices):
    """Why a whole market is scored again."""

    POLICY = "policy", "New policy or rates"
    ROADS = "roads", "New road network"
    AUDIT = "audit", "Nightly audit"


class Rescoring(models.Model):
    """One re-scoring of a market with one policy and one road network; its regions are the work.

    `figures` adds up its regions when it is finished: `subjects` looked at, `matched` whose matches were stored anew,
    `outdated` that rested on older versions, and the defects of an audit: `wrong` matches that stood with other figures
    than they should, `missing` ones that should have stood. A `superseded` one was left for newer versions.
    """

    market = models.CharField(max_length=8, choices=Market.choices)
    reason = models.CharField(max_length=8, choices=RescoringReason.choices)
    policy_version = models.CharField(max_length=40)
    road_version = models.CharField(max_length=40)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    superseded = models.BooleanField(default=False)
    figures = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["market"], condition=Q(finished_at__isnull=True), name="one_rescoring_at_a_time_per_market"
            )
        ]
        indexes = [
            # queries.last_audit and services.rescoring: the newest of a market
            models.Index(fields=["market", "reason", "-started_at"], name="rescoring_by_market")
        ]

    def __str__(self) -> str:
        return f"{self.reason} {self.market} {self.started_at:%Y-%m-%d %H:%M}"


class RegionSide(models.TextChoices):
    """Whose lists a region is about. Legs go first: a load's list is judged against legs that are done."""

    LEGS = "legs", "Return legs by the state where they empty"
    LOADS = "loads", "Loads by the state of their pickup"


class RescoringRegion(models.Model):
    """The legs or loads of one state: one message of the queue, taken by one worker at a time.

    `cursor` is the key of the last leg or load that is done; who works holds the region until `held_until`, and on from
    block to block, so that a killed worker's region is free again soon after.
    """

    rescoring = models.ForeignKey(Rescoring, models.CASCADE, related_name="regions")
    side = models.CharField(max_length=5, choices=RegionSide.choices)
    state = models.CharField(max_length=2)
    cursor = models.BigIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    held_until = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    subjects = models.PositiveIntegerField(default=0)
    matched = models.PositiveIntegerField(default=0)
    outdated = models.PositiveIntegerField(default=0)
    wrong = models.PositiveIntegerField(default=0)
    missing = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rescoring", "side", "state"], name="one_region_per_state_and_side")
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.state}"
