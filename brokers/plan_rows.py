"""Lines of a network plan for the eye: what still stands with its truck and loads, what dropped out with the reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from brokers.models import Proposal, ProposalStatus
from brokers.queries import represented_keys
from carriers.models import ReturnLeg
from foundation.accounts.models import Organization
from foundation.trade.money import dollars
from loads.models import Load
from matching.models import NetworkPlan, PlanLine
from matching.plans import InSight, in_sight
from matching.visibility import lines_of

_PPM_PER_PERCENT = 10_000
_NOT_AGAIN = (ProposalStatus.OPEN, ProposalStatus.WELCOMED, ProposalStatus.DECLINED)


@dataclass(frozen=True, slots=True)
class LineRow:
    """One line as a page shows it. `leg` and `loads` are None where they left the viewer's sight."""

    line: PlanLine
    dropped: str
    leg: ReturnLeg | None
    loads: list[Load | None]
    represents: str
    proposal: Proposal | None

    @property
    def stands(self) -> bool:
        """Whether the line can still be carried out as planned."""
        return not self.dropped

    @property
    def may_be_proposed(self) -> bool:
        """Whether the parties have not been asked, or nobody answered: a word that was given is not asked for again."""
        asked = self.proposal is not None and self.proposal.status in _NOT_AGAIN
        return self.stands and not asked


def rows_of(viewer: Organization, lines: Sequence[PlanLine], now: datetime) -> list[LineRow]:
    """Return lines (loaded `with_sides`) as rows, with the viewer's newest proposal on each."""
    seen = in_sight(viewer, lines, now)
    acts_for = represented_keys(viewer, now)
    found = Proposal.objects.filter(broker=viewer, line_public_id__in=[line.public_id for line in lines])
    newest = {proposal.line_public_id: proposal for proposal in found.order_by("pk")}
    return [_row(line, seen, acts_for, newest.get(line.public_id)) for line in lines]


def _row(line: PlanLine, seen: InSight, acts_for: set[int], proposal: Proposal | None) -> LineRow:
    leg = line.leg if seen.shows_leg(line) else None
    loads = [each.load if each.load_id in seen.loads else None for each in line.loads.all()]
    sides = []
    if leg is not None and leg.organization_id in acts_for:
        sides.append("the truck")
    if any(load is not None and (load.seller_id or load.organization_id) in acts_for for load in loads):
        sides.append("the load" if len(loads) == 1 else "a load")
    return LineRow(line, seen.why_dropped(line), leg, loads, " and ".join(sides), proposal)


def account_of(row: LineRow) -> dict[str, Any]:
    """Return the parts of a line: its sum, and the truck's way stop by stop; the places only of what is in sight."""
    parts = row.line.parts
    stretches = [stretch for stretch in parts["stretches"] if stretch["kind"] != "avoided"]
    steps = []
    for position, times in enumerate(parts["stops"]):
        load = row.loads[times["load"]]
        before = [each["load"] for each in parts["stops"][:position]].count(times["load"])
        stop = list(load.stops.all())[before] if load is not None and row.stands else None
        way = stretches[position]
        steps.append(
            {
                "miles": way["miles"],
                "is_loaded": way["kind"] == "loaded",
                "kind": times["kind"],
                "load": times["load"] + 1,
                "stop": stop,
                "arrive_at": datetime.fromisoformat(times["arrive_at"]),
                "begin_at": datetime.fromisoformat(times["begin_at"]),
                "end_at": datetime.fromisoformat(times["end_at"]),
            }
        )
    return {
        "sum": lines_of(parts["market"]),
        "steps": steps,
        "home": stretches[-1],
        "home_at": datetime.fromisoformat(parts["totals"]["finish_at"]),
        "totals": parts["totals"],
        "is_estimated": parts["miles_are_estimated"],
    }


def comparison(plan: NetworkPlan) -> list[dict[str, Any]]:
    """Return the rows of the headline table: what each figure is when all drive home empty, by the load-board way, and
    by this plan.
    """
    kinds = ("empty", "board", "plan")
    rows = [
        ("Gain over driving home empty", "gain_cents", "money"),
        ("Trucks with a load", "trucks_loaded", "count"),
        ("Loads carried", "loads_carried", "count"),
        ("Empty miles", "empty_miles", "miles"),
        ("Share of all miles driven empty", "empty_percent", "percent"),
        ("All miles", "total_miles", "miles"),
        ("CO₂ of the empty miles", "co2_kg", "kilograms"),
        ("Trucks home in time", "trucks_home_in_time", "count"),
    ]
    return [
        {"label": label, "unit": unit, "cells": [plan.totals[kind][name] for kind in kinds]}
        for label, name, unit in rows
        if plan.totals
    ]


def proof_of(plan: NetworkPlan) -> str:
    """Say in one sentence how far the plan may be from the best possible, and over what that is proved."""
    if plan.bound_cents is None or plan.gap_ppm is None:
        return ""
    over = (
        f"over all {plan.pairs_count:,} feasible pairs of a truck and a load"
        if plan.longest == 1
        else f"over the {plan.columns_count:,} columns looked at (a truck with one load or a chain)"
    )
    bound = f"No plan {over} can gain more than {dollars(plan.bound_cents)}"
    if plan.gap_ppm <= 0:
        return f"{bound}, and this one gains just that."
    return f"{bound}; this one is within {_percent(plan.gap_ppm)} % of it."


def _percent(ppm: float) -> str:
    """Write millionths as percent, rounded up in the last digit shown, so that never less is said than is true."""
    for digits in (1, 2, 3, 4):
        step = 10**digits
        if ppm / _PPM_PER_PERCENT >= 1 / step:
            return f"{-(-ppm / _PPM_PER_PERCENT * step // 1) / step:.{digits}f}"
    return "0.0001"
