"""A network plan of one line, written down as the engine explains it, without a run over the market."""

from datetime import datetime, timedelta

from carriers.models import ReturnLeg
from foundation.accounts.models import Organization
from foundation.trade.ids import derived_id
from loads.models import Load
from matching.engine.policy import DEFAULT_POLICY
from matching.engine.tours.explain import explain_tour
from matching.engine.tours.problem import chain_tours
from matching.models import NetworkPlan, PlanLine, PlannedLoad, PlanStatus
from matching.rows import legs_as_columns, loads_as_columns
from tests.builders import now
from tests.matching.conftest import ROADS

NOTHING = {
    "trucks_loaded": 0,
    "loads_carried": 0,
    "gain_cents": 0,
    "empty_miles": 967.0,
    "total_miles": 967.0,
    "empty_percent": 100.0,
    "co2_kg": 1519.0,
    "trucks_home_in_time": 1,
}


def make_plan(broker: Organization, *, asked_at: datetime | None = None, **columns: object) -> NetworkPlan:
    """Make a plan that is done, with no lines."""
    defaults: dict[str, object] = {
        "asked_at": asked_at or now(),
        "finished_at": asked_at or now(),
        "status": PlanStatus.DONE,
        "stage": "Done",
        "percent": 100,
        "legs_count": 1,
        "loads_count": 1,
        "pairs_count": 1,
        "columns_count": 1,
        "totals": dict.fromkeys(("empty", "board", "plan"), NOTHING),
        "bound_cents": 0,
        "gap_ppm": 0.0,
    }
    return NetworkPlan.objects.create(organization=broker, **{**defaults, **columns})


def make_line(plan: NetworkPlan, leg: ReturnLeg, *loads: Load) -> PlanLine:
    """Add a line to a plan: the truck takes the loads one after the other."""
    legs, columns = legs_as_columns([leg]), loads_as_columns(loads)
    tours = chain_tours(columns, [0], [list(range(len(loads)))])
    account = explain_tour(legs, columns, tours, 0, ROADS, DEFAULT_POLICY).shared
    assert account["feasible"], account["refusal"]
    totals, market = account["totals"], account["market"]
    line = PlanLine.objects.create(
        public_id=derived_id("line", plan.public_id, str(leg.pk)),
        plan=plan,
        rank=plan.lines.count(),
        leg=leg,
        leg_version=leg.version,
        market_gain_cents=market["gain_cents"],
        rate_cents=sum(part["cents"] for part in market["lines"] if part["label"].startswith("Rate")),
        rate_is_estimated="rate_estimate" in account,
        deadhead_miles=totals["empty_miles"],
        loaded_miles=totals["loaded_miles"],
        avoided_miles=totals["avoided_miles"],
        empty_miles_saved=totals["empty_miles_saved"],
        co2_saved_kg=totals["co2_saved_kg"],
        finish_at=datetime.fromisoformat(totals["finish_at"]),
        parts={name: value for name, value in account.items() if name not in ("timeline", "clock_is_assumed")},
    )
    for position, load in enumerate(loads):
        PlannedLoad.objects.create(plan=plan, line=line, position=position, load=load, load_version=load.version)
    return line


def chain_of_two(first_owner: Organization, second_owner: Organization) -> dict[str, tuple[Organization, dict]]:
    """Return the owners and stops of two loads in a row: Chicago to St. Louis, then St. Louis to Dallas."""
    start = now() + timedelta(days=1)
    later = start + timedelta(days=3, hours=4)
    return {
        "first": (first_owner, {"from_place": "60601", "to_place": "63101", "opens_at": start, "rate_cents": 900_00}),
        "second": (second_owner, {"from_place": "63101", "to_place": "75201", "opens_at": later,
                                  "rate_cents": 1_500_00}),
    }  # fmt: skip
