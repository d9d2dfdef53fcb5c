"""Reads of network plans: a plan is its organization's own, and of what it names only what is in sight is shown."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, Prefetch, QuerySet, Sum

from carriers.queries import visible_legs
from foundation.accounts.models import Organization
from foundation.trade.errors import NotFound
from loads.queries import carrier_facing_loads
from matching.models import NetworkPlan, PlanLine, PlannedLoad, PlanStatus
from matching.models.plans import UNFINISHED


def plans_of(viewer: Organization) -> QuerySet[NetworkPlan]:
    """Return the plans that the organization has asked for, newest first."""
    return NetworkPlan.objects.filter(organization=viewer).select_related("asked_by").order_by("-id")


def plan_of(viewer: Organization, public_id: str) -> NetworkPlan:
    """Return one of the organization's own plans; raises `NotFound`."""
    plan = plans_of(viewer).filter(public_id=public_id).first()
    if plan is None:
        raise NotFound("There is no such plan here. Plans are kept for 30 days, the newest 20 of them.")
    return plan


def unfinished_plan_of(viewer: Organization) -> NetworkPlan | None:
    """Return the plan that the organization waits for, if there is one."""
    return plans_of(viewer).filter(status__in=UNFINISHED).first()


def last_plan_of(viewer: Organization) -> NetworkPlan | None:
    """Return the organization's newest plan that was worked out to its end."""
    return plans_of(viewer).filter(status=PlanStatus.DONE).first()


def lines_of(viewer: Organization, plan: NetworkPlan, now: datetime) -> QuerySet[PlanLine]:
    """Return the plan's lines in order of gain, each with `stands`: whether truck and loads are still open, in the
    viewer's sight and as they were when the plan was made.
    """
    if plan.organization_id != viewer.pk:
        raise NotFound("There is no such plan here.")
    leg = visible_legs(viewer, now).order_by().filter(pk=OuterRef("leg_id"), version=OuterRef("leg_version"))
    load = carrier_facing_loads(viewer, now).order_by().prefetch_related(None)
    unchanged = load.filter(pk=OuterRef("load_id"), version=OuterRef("load_version"))
    changed = PlannedLoad.objects.order_by().filter(~Exists(unchanged), line=OuterRef("pk"))
    return PlanLine.objects.filter(plan=plan).annotate(stands=Exists(leg) & ~Exists(changed)).order_by("rank")


def with_sides(rows: QuerySet[PlanLine]) -> QuerySet[PlanLine]:
    """Load the trucks and loads of lines along with them, for pages and REST."""
    loads = PlannedLoad.objects.select_related("load__organization", "load__seller").prefetch_related("load__stops")
    parts = ("leg__organization", "leg__truck", "leg__trailer", "leg__driver", "leg__trip", "leg__home_base")
    return rows.select_related("plan", *parts).prefetch_related(Prefetch("loads", queryset=loads))


def line_of(viewer: Organization, plan: NetworkPlan, public_id: str, now: datetime) -> PlanLine:
    """Return one line of the organization's own plan; raises `NotFound`."""
    line = with_sides(lines_of(viewer, plan, now)).filter(public_id=public_id).first()
    if line is None:
        raise NotFound("There is no such line in this plan.")
    return line


@dataclass(frozen=True, slots=True)
class InSight:
    """Of some lines, the trucks and loads that the viewer may see now, by key, with their versions."""

    legs: dict[int, int]
    loads: dict[int, int]

    def shows_leg(self, line: PlanLine) -> bool:
        """Say whether the line's truck may be shown."""
        return line.leg_id in self.legs

    def why_dropped(self, line: PlanLine) -> str:
        """Return what became of a line that stands no longer, or "" for one that stands."""
        if line.leg_id not in self.legs:
            return "The truck has left the market."
        planned = list(line.loads.all())
        gone = sum(each.load_id not in self.loads for each in planned)
        if gone:
            return "The load has left the market." if len(planned) == 1 else f"{gone} of its loads left the market."
        if self.legs[line.leg_id] != line.leg_version:
            return "The truck's terms were edited after the plan was made."
        if any(self.loads[each.load_id] != each.load_version for each in planned):
            return "A load was edited after the plan was made."
        return ""


def in_sight(viewer: Organization, lines: Iterable[PlanLine], now: datetime) -> InSight:
    """Return what the viewer may see now of the trucks and loads of these lines."""
    rows = list(lines)
    legs = visible_legs(viewer, now).order_by().filter(pk__in={line.leg_id for line in rows})
    wanted = {each.load_id for line in rows for each in line.loads.all()}
    loads = carrier_facing_loads(viewer, now).order_by().filter(pk__in=wanted)
    return InSight(dict(legs.values_list("pk", "version")), dict(loads.values_list("pk", "version")))


@dataclass(frozen=True, slots=True)
class Standing:
    """What a plan is still worth: the lines that stand, and the totals with only those carried out."""

    lines: int
    dropped: int
    gain_cents: int
    empty_miles_saved: float
    co2_saved_kg: float

    @property
    def all_stand(self) -> bool:
        """Whether nothing has dropped out."""
        return not self.dropped


def standing_of_plan(viewer: Organization, plan: NetworkPlan, now: datetime) -> Standing:
    """Return what still stands of a plan: what was booked, withdrawn or edited meanwhile drops out of the sums."""
    every = plan.lines.count()
    rows: QuerySet[Any] = lines_of(viewer, plan, now)
    sums: dict[str, Any] = rows.filter(stands=True).aggregate(
        lines=Count("pk"),
        gain=Sum("market_gain_cents"),
        saved=Sum("empty_miles_saved"),
        co2=Sum("co2_saved_kg"),
    )
    return Standing(
        lines=sums["lines"],
        dropped=every - sums["lines"],
        gain_cents=sums["gain"] or 0,
        empty_miles_saved=sums["saved"] or 0.0,
        co2_saved_kg=sums["co2"] or 0.0,
    )
