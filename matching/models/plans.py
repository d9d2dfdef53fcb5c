"""Network plans: what an organization was told when it asked which load each truck should take, all at once."""

from functools import partial

from django.db import models
from django.db.models import Q

from carriers.models import ReturnLeg
from foundation.accounts.models import Organization, Person
from foundation.trade.fields import PublicIdField
from foundation.trade.ids import new_id
from loads.models import Load
from matching.rate_bands import RateBand, band_in


class PlanStatus(models.TextChoices):
    """Where a plan stands."""

    ASKED = "asked", "Waiting"
    RUNNING = "running", "Being worked out"
    DONE = "done", "Done"
    CANCELLED = "cancelled", "Cancelled"
    FAILED = "failed", "Failed"


PLAN_MOVES: dict[str, frozenset[str]] = {
    PlanStatus.ASKED: frozenset({PlanStatus.RUNNING, PlanStatus.CANCELLED}),
    # back to asked: the worker was killed, and another one takes it up
    PlanStatus.RUNNING: frozenset({PlanStatus.DONE, PlanStatus.CANCELLED, PlanStatus.FAILED, PlanStatus.ASKED}),
    PlanStatus.DONE: frozenset(),
    PlanStatus.CANCELLED: frozenset(),
    PlanStatus.FAILED: frozenset(),
}
UNFINISHED = (PlanStatus.ASKED, PlanStatus.RUNNING)


class NetworkPlan(models.Model):
    """One plan over the open legs and loads that its organization could see when it was made; market figures only.

    `totals` holds {gain_cents, empty_miles, total_miles, co2_kg, trucks_home_in_time, trucks_loaded} under `empty`
    (every truck runs home empty), `board` (the load-board way) and `plan`. No plan over the same pairs or columns gains
    more than `bound_cents`; `gap_ppm` is how far this one is from that, in millionths. `how_chosen` says in words which
    columns were looked at. `run` counts the workers that took it up: only the last may write.
    """

    public_id = PublicIdField(default=partial(new_id, "plan"))
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="network_plans")
    asked_by = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField()
    longest = models.PositiveSmallIntegerField(default=1)
    status = models.CharField(max_length=10, choices=PlanStatus.choices, default=PlanStatus.ASKED)
    version = models.PositiveIntegerField(default=1)
    run = models.PositiveSmallIntegerField(default=0)
    stage = models.CharField(max_length=120, blank=True, default="")
    percent = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    failure = models.CharField(max_length=300, blank=True, default="")
    legs_count = models.PositiveIntegerField(default=0)
    loads_count = models.PositiveIntegerField(default=0)
    pairs_count = models.PositiveBigIntegerField(default=0)
    columns_count = models.PositiveBigIntegerField(default=0)
    policy_version = models.CharField(max_length=40, blank=True, default="")
    road_version = models.CharField(max_length=40, blank=True, default="")
    totals = models.JSONField(default=dict)
    bound_cents = models.BigIntegerField(null=True, blank=True)
    gap_ppm = models.FloatField(null=True, blank=True)
    how_chosen = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization"], condition=Q(status__in=UNFINISHED), name="one_running_plan_per_organization"
            ),
            models.CheckConstraint(condition=Q(longest__gte=1, longest__lte=3), name="chain_is_of_one_to_three_loads"),
            models.CheckConstraint(condition=Q(percent__lte=100), name="plan_is_at_most_all_done"),
            models.CheckConstraint(condition=~Q(status="done") | Q(bound_cents__isnull=False), name="plan_has_a_bound"),
        ]
        indexes = [
            # queries.plans_of: an organization's plans, newest first; pruning reads the same way
            models.Index(fields=["organization", "-id"], name="plan_by_organization"),
            # planning: what waits for a worker, or lost its own
            models.Index(fields=["id"], condition=Q(status__in=UNFINISHED), name="plan_unfinished"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def is_unfinished(self) -> bool:
        """Whether it still waits or is being worked out."""
        return self.status in UNFINISHED


class PlanLine(models.Model):
    """What a plan says of one truck: the loads that it should take, in order, and what that is worth to the market.

    `parts` holds the sum line by line, the stretches and the stops' times as everybody may see them who sees both
    sides; the sum's cents add up to `market_gain_cents`.
    """

    public_id = PublicIdField()
    plan = models.ForeignKey(NetworkPlan, models.CASCADE, related_name="lines")
    rank = models.PositiveIntegerField()
    leg = models.ForeignKey(ReturnLeg, models.CASCADE, related_name="+")
    leg_version = models.PositiveIntegerField()
    market_gain_cents = models.IntegerField()
    rate_cents = models.PositiveIntegerField()
    rate_is_estimated = models.BooleanField(default=False)
    deadhead_miles = models.FloatField()
    loaded_miles = models.FloatField()
    avoided_miles = models.FloatField()
    empty_miles_saved = models.FloatField()
    co2_saved_kg = models.FloatField()
    home_delay_minutes = models.IntegerField(default=0)
    finish_at = models.DateTimeField()
    parts = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plan", "leg"], name="one_line_per_truck_in_a_plan"),
            # also: the lines of a plan in order of gain
            models.UniqueConstraint(fields=["plan", "rank"], name="one_line_per_rank_in_a_plan"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def rate_band(self) -> RateBand | None:
        """The band of the rates' sum where one of them is estimated, and what it rests on; None otherwise."""
        return band_in(self.parts)


class PlannedLoad(models.Model):
    """One load of a line, at its place in the order; no load stands twice in a plan."""

    plan = models.ForeignKey(NetworkPlan, models.CASCADE, related_name="+")
    line = models.ForeignKey(PlanLine, models.CASCADE, related_name="loads")
    position = models.PositiveSmallIntegerField()
    load = models.ForeignKey(Load, models.CASCADE, related_name="+")
    load_version = models.PositiveIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "load"], name="one_line_per_load_in_a_plan"),
            models.UniqueConstraint(fields=["line", "position"], name="one_load_per_place_in_a_line"),
        ]
