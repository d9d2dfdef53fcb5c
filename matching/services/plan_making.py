"""The work on a network plan: the market read, the plan made, each line explained and stored."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from foundation.places.services import travel_oracle
from foundation.trade import clock
from foundation.trade.ids import derived_id
from foundation.trade.money import dollars
from matching.engine.plan.market import plan_market
from matching.engine.plan.problem import MarketPlan, Totals
from matching.engine.policy import Policy
from matching.engine.tours.explain import explain_tour
from matching.engine.tours.problem import NO_LOAD, chain_tours
from matching.engine.tours.score import score_tours
from matching.engine.travel import TravelOracle
from matching.market import Market, market_of
from matching.models import NetworkPlan, PlanLine, PlannedLoad
from matching.models import Policy as StoredPolicy
from matching.policies import current_policy
from matching.remembered import RememberedTravel

Report = Callable[[str, float], None]

BATCH = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_READING, _PLANNING, _EXPLAINING = 0.05, 0.80, 0.97
_OF_THE_CARRIER = frozenset({"timeline", "clock_is_assumed"})


@dataclass(frozen=True, eq=False, slots=True)
class Worked:
    """A plan that was worked out and is not stored yet: its columns, and its lines with their loads."""

    columns: dict[str, Any]
    lines: list[PlanLine]
    loads: list[PlannedLoad]
    policy: Policy

    @property
    def headline(self) -> str:
        """Say in a few words what the plan is worth."""
        lines, trucks = len(self.lines), self.columns["legs_count"]
        gain = dollars(self.columns["totals"]["plan"]["gain_cents"])
        return f"{lines} of {trucks} trucks go home loaded, {gain} together"


def work_out(plan: NetworkPlan, report: Report) -> Worked:
    """Read the market as the plan's organization sees it, and plan it; outside any transaction.

    `report` hears what is being done and how much of it is; it may raise to stop the work.
    """
    policy, travel = current_policy(), travel_oracle()
    report("Reading the market", 0.0)
    market = market_of(plan.organization, clock.now(), travel.version)
    report("Scoring every truck with every load", _READING)

    def planning(stage: str, done: float) -> None:
        report(stage, _READING + done * (_PLANNING - _READING))

    # One core: the other ones go on matching what is posted meanwhile.
    found = plan_market(
        market.legs,
        market.loads,
        travel,
        policy,
        longest=plan.longest,
        workers=1,
        progress=planning,
        may_meet=market.may_meet,
    )
    lines: list[PlanLine] = []
    loads: list[PlannedLoad] = []
    ranked = sorted(
        range(len(found.lines)),
        key=lambda row: (-int(found.lines.market_gain_cents[row]), int(found.lines.leg_row[row])),
    )
    # One question to the road for all lines together; each line's account then asks the memory.
    remembered = RememberedTravel(travel)
    if ranked:
        report("Writing down the lines", _PLANNING)
        chosen = chain_tours(market.loads, found.lines.leg_row, found.lines.load_rows)
        score_tours(market.legs, market.loads, chosen, remembered, policy)
    for rank, row in enumerate(ranked):
        report("Writing down the lines", _PLANNING + rank / len(ranked) * (_EXPLAINING - _PLANNING))
        line = _line(plan, rank, row, found, market, remembered, policy)
        lines.append(line)
        loads.extend(_planned_loads(plan, line, row, found, market))
    report("Storing the plan", _EXPLAINING)
    return Worked(_columns(found, market, travel, policy), lines, loads, policy)


def store_lines(plan: NetworkPlan, worked: Worked) -> None:
    """Store the lines of a plan and the policy that they rest on; inside the transaction that marks it done."""
    terms = {"terms": worked.policy.as_dict()}
    StoredPolicy.objects.get_or_create(version=worked.policy.version, defaults=terms)
    plan.lines.all().delete()
    PlanLine.objects.bulk_create(worked.lines, batch_size=BATCH)
    PlannedLoad.objects.bulk_create(worked.loads, batch_size=BATCH)


def _columns(found: MarketPlan, market: Market, travel: TravelOracle, policy: Policy) -> dict[str, Any]:
    """Return what was found as columns of the plan."""
    figures = found.search.figures
    return {
        "legs_count": len(market.legs),
        "loads_count": len(market.loads),
        "pairs_count": int(figures.get("singles", 0)),
        "columns_count": len(found.search.columns),
        "policy_version": policy.version,
        "road_version": travel.version,
        "totals": {name: _totals(getattr(found, name)) for name in ("empty", "board", "plan")},
        "bound_cents": int(found.bound_cents),
        "gap_ppm": float(found.gap_ppm),
        "how_chosen": f"{found.search.words}{_left_out(market.left_out)}",
    }


def _left_out(legs: int) -> str:
    """Say which trucks a plan does not speak of."""
    if not legs:
        return ""
    trucks = (
        "1 truck with partial loads on board is" if legs == 1 else f"{legs:,} trucks with partial loads on board are"
    )
    return f" {trucks} left out, and not counted: what fits beside those loads stands among the matches."


def _totals(totals: Totals) -> dict[str, float]:
    return asdict(totals) | {"empty_percent": totals.empty_percent}


def _loads_of(row: int, found: MarketPlan) -> Iterator[int]:
    return (int(load) for load in found.lines.load_rows[row].tolist() if load != NO_LOAD)


def _line(
    plan: NetworkPlan, rank: int, row: int, found: MarketPlan, market: Market, travel: TravelOracle, policy: Policy
) -> PlanLine:
    """Return one line of the plan with its account, as everybody may see it who sees both sides."""
    scores = found.lines
    leg_row = int(scores.leg_row[row])
    leg_key = int(market.legs.key[leg_row])
    # The account is made of the line's own rows: what it costs does not grow with the market.
    legs, loads = market.legs.take([leg_row]), market.loads.take(list(_loads_of(row, found)))
    account = explain_tour(legs, loads, chain_tours(loads, [0], [list(range(len(loads)))]), 0, travel, policy).shared
    deadhead = (
        float(column[row])
        for column in (scores.pickup_deadhead_miles, scores.between_deadhead_miles, scores.home_deadhead_miles)
    )
    return PlanLine(
        public_id=derived_id("line", plan.public_id, str(leg_key)),
        plan=plan,
        rank=rank,
        leg_id=leg_key,
        leg_version=int(market.carriers.version[leg_row]),
        market_gain_cents=int(scores.market_gain_cents[row]),
        rate_cents=int(scores.rate_cents[row]),
        rate_is_estimated=bool(scores.rate_is_estimated[row]),
        deadhead_miles=sum(deadhead),
        loaded_miles=float(scores.loaded_miles[row]),
        avoided_miles=float(scores.avoided_miles[row]),
        empty_miles_saved=float(scores.empty_miles_saved[row]),
        co2_saved_kg=float(scores.co2_saved_kg[row]),
        home_delay_minutes=int(scores.home_delay_minutes[row]),
        finish_at=_EPOCH + timedelta(minutes=int(scores.finish_at[row])),
        parts={name: value for name, value in account.items() if name not in _OF_THE_CARRIER},
    )


def _planned_loads(
    plan: NetworkPlan, line: PlanLine, row: int, found: MarketPlan, market: Market
) -> Iterator[PlannedLoad]:
    for position, load_row in enumerate(_loads_of(row, found)):
        yield PlannedLoad(
            plan=plan,
            line=line,
            position=position,
            load_id=int(market.loads.key[load_row]),
            load_version=int(market.shippers.version[load_row]),
        )
