"""Network plans in the API: ask for one, watch it, read its lines, cancel it. A plan is its organization's own."""

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from carriers.api.shown import shown_leg
from carriers.queries import standing_of as standing_to_legs
from carriers.visibility import view as view_leg
from foundation.rest.etags import with_etag
from foundation.rest.fields import InstantField, MoneyField, instant, money
from foundation.rest.serializers import EmptySerializer, StrictSerializer
from foundation.rest.views import ResourceViewSet, location_of
from foundation.trade import clock
from loads.api.serializers import shown as shown_load
from loads.queries import standing_of as standing_to_loads
from loads.visibility import view as view_load
from matching.api import examples
from matching.api.serializers import (
    LEG_SUMMARY,
    LOAD_SUMMARY,
    RATE_BASES,
    MatchedLegSerializer,
    MatchedLoadSerializer,
    SumLineSerializer,
    shown_band,
    shown_line,
)
from matching.models import NetworkPlan, PlanLine, PlanStatus
from matching.plans import in_sight, line_of, lines_of, plan_of, plans_of, standing_of_plan, with_sides
from matching.services.planning import LONGEST_CHAIN, ask_plan, cancel_plan

_TOTALS = {
    "gain": {"amount": "0.00", "currency": "USD"},
    "trucks_loaded": 0,
    "loads_carried": 0,
    "empty_miles": 1934.2,
    "empty_percent": 100.0,
    "total_miles": 1934.2,
    "co2_kg": 3038.2,
    "trucks_home_in_time": 2,
}
_PLAN = {
    "id": "plan_06hx2k4a8m0q3v5y7z9c1e2g3r",
    "status": "done",
    "longest": 1,
    "stage": "Done",
    "percent": 100,
    "failure": None,
    "asked_at": "2026-11-23T15:04:05Z",
    "finished_at": "2026-11-23T15:04:07Z",
    "legs": 2,
    "loads": 5,
    "pairs": 4,
    "columns": 4,
    "totals": {
        "empty": _TOTALS,
        "load_board": _TOTALS | {"gain": {"amount": "2210.40", "currency": "USD"}, "trucks_loaded": 2},
        "plan": _TOTALS | {"gain": {"amount": "2480.10", "currency": "USD"}, "trucks_loaded": 2},
    },
    "bound": {"amount": "2480.10", "currency": "USD"},
    "gap_ppm": 0.0,
    "how_chosen": "All feasible pairs of a truck and a load.",
    "standing": {
        "lines": 2,
        "dropped": 0,
        "gain": {"amount": "2480.10", "currency": "USD"},
        "empty_miles_saved": 1711.4,
        "co2_saved_kg": 2688.3,
    },
    "policy_version": "2026-11.1",
    "road_version": "roads-1",
    "etag": '"1dC7mJk2vQe0XyZa9LwRt5Bp"',
}
_LINE = {
    "id": "line_4rdxw2h0vn5s7k9c3m6q8t1y5z",
    "rank": 1,
    "stands": True,
    "why_dropped": None,
    "leg": examples.MATCH["leg"],
    "loads": [examples.MATCH["load"]],
    "market_gain": examples.MATCH["market_gain"],
    "rate": examples.MATCH["rate"],
    "rate_is_estimated": False,
    "rate_low": None,
    "rate_high": None,
    "rate_basis": "posted",
    "deadhead_miles": 31.2,
    "loaded_miles": 967.1,
    "empty_miles_saved": 935.9,
    "co2_saved_kg": 1470.1,
    "home_at": "2026-11-26T02:10:00Z",
    "sum": examples.MATCH["sum"],
    "etag": '"9vQe0XyZa9LwRt5Bp1dC7mJk2"',
}


@extend_schema_serializer(examples=[OpenApiExample("Chains of two", {"longest": 2}, request_only=True)])
class NewPlanSerializer(StrictSerializer):
    """What to plan: everything that the organization may see, with so many loads in a row for each truck."""

    longest = serializers.IntegerField(
        default=1, min_value=1, max_value=LONGEST_CHAIN, help_text="How many loads a truck may take in a row."
    )


class TotalsSerializer(serializers.Serializer[Any]):
    """What all trucks do together under one way of choosing."""

    gain = MoneyField(may_be_negative=True, help_text="Over driving home empty, at market costs.")
    trucks_loaded = serializers.IntegerField()
    loads_carried = serializers.IntegerField()
    empty_miles = serializers.FloatField()
    empty_percent = serializers.FloatField(help_text="Empty miles of all miles.")
    total_miles = serializers.FloatField()
    co2_kg = serializers.FloatField(help_text="What the empty miles emit.")
    trucks_home_in_time = serializers.IntegerField()


class ComparisonSerializer(serializers.Serializer[Any]):
    """The plan beside doing nothing and beside the load-board way."""

    empty = TotalsSerializer(help_text="Every truck drives home empty.")
    load_board = TotalsSerializer(help_text="Each truck in turn takes the best load that is left.")
    plan = TotalsSerializer()


class StandingSerializer(serializers.Serializer[Any]):
    """What still stands of the plan."""

    lines = serializers.IntegerField()
    dropped = serializers.IntegerField(help_text="Booked, withdrawn or edited meanwhile.")
    gain = MoneyField(may_be_negative=True)
    empty_miles_saved = serializers.FloatField()
    co2_saved_kg = serializers.FloatField()


@extend_schema_serializer(examples=[OpenApiExample("A plan", _PLAN, response_only=True, status_codes=["200", "202"])])
class PlanSerializer(StrictSerializer):
    """Which load each truck should take, chosen at once; market figures only."""

    id = serializers.CharField()
    status = serializers.ChoiceField(choices=PlanStatus.choices)
    longest = serializers.IntegerField()
    stage = serializers.CharField(help_text="What is being done, in words.")
    percent = serializers.IntegerField()
    failure = serializers.CharField(allow_null=True, help_text="Why it failed, and what would do.")
    asked_at = InstantField()
    finished_at = InstantField(allow_null=True)
    legs = serializers.IntegerField()
    loads = serializers.IntegerField()
    pairs = serializers.IntegerField(help_text="Feasible pairs of a truck and a load.")
    columns = serializers.IntegerField(help_text="Trucks with a load or chain that were chosen from.")
    totals = ComparisonSerializer(allow_null=True, help_text="null until it is done.")
    bound = MoneyField(allow_null=True, help_text="No plan over the same columns can gain more: proved.")
    gap_ppm = serializers.FloatField(allow_null=True, help_text="From the bound, in millionths of it.")
    how_chosen = serializers.CharField(help_text="How the columns were chosen.")
    standing = StandingSerializer(allow_null=True)
    policy_version = serializers.CharField()
    road_version = serializers.CharField()
    etag = serializers.CharField()


@extend_schema_serializer(examples=[OpenApiExample("A line", _LINE, response_only=True)])
class PlanLineSerializer(StrictSerializer):
    """What the plan says of one truck. A truck or load that has left the market is null."""

    always_shown: ClassVar[frozenset[str]] = frozenset(_LINE)

    id = serializers.CharField()
    rank = serializers.IntegerField()
    stands = serializers.BooleanField()
    why_dropped = serializers.CharField(allow_null=True)
    leg = MatchedLegSerializer(allow_null=True)
    loads = serializers.ListField(child=MatchedLoadSerializer(allow_null=True), help_text="In driving order.")
    market_gain = MoneyField(may_be_negative=True)
    rate = MoneyField(help_text="Of all loads; estimated for those that are open to offers.")
    rate_is_estimated = serializers.BooleanField()
    rate_low = MoneyField(allow_null=True, help_text="The low end of the band, posted rates as they are; or null.")
    rate_high = MoneyField(allow_null=True, help_text="The high end of the band; null where all rates are posted.")
    rate_basis = serializers.ChoiceField(choices=RATE_BASES, help_text="What the estimates among the rates rest on.")
    deadhead_miles = serializers.FloatField()
    loaded_miles = serializers.FloatField()
    empty_miles_saved = serializers.FloatField()
    co2_saved_kg = serializers.FloatField()
    home_at = InstantField()
    sum = SumLineSerializer(many=True, help_text="The market gain line by line; the amounts add up to it.")
    etag = serializers.CharField()


@extend_schema(tags=["plans"])
class PlanViewSet(ResourceViewSet):
    """Network plans."""

    scopes = {
        "list": "matches:read",
        "retrieve": "matches:read",
        "create": "matches:write",
        "cancellation": "matches:write",
    }
    queryset = NetworkPlan.objects.none()
    serializer_class = PlanSerializer

    def find(self, public_id: str) -> NetworkPlan:
        """Return one of the organization's own plans."""
        return plan_of(self.actor.organization, public_id)

    def represent(self, rows: list[Any]) -> list[dict[str, Any]]:
        """Return plans as their organization reads them."""
        now = clock.now()
        return [self._plan(row, now) for row in rows]

    def _plan(self, row: NetworkPlan, now: Any) -> dict[str, Any]:
        done = row.status == PlanStatus.DONE
        return {
            "id": row.public_id,
            "status": row.status,
            "longest": row.longest,
            "stage": row.stage,
            "percent": row.percent,
            "failure": row.failure or None,
            "asked_at": instant(row.asked_at),
            "finished_at": instant(row.finished_at),
            "legs": row.legs_count,
            "loads": row.loads_count,
            "pairs": row.pairs_count,
            "columns": row.columns_count,
            "totals": _comparison(row) if done else None,
            "bound": money(row.bound_cents),
            "gap_ppm": row.gap_ppm,
            "how_chosen": row.how_chosen,
            "standing": _standing(row, now) if done else None,
            "policy_version": row.policy_version,
            "road_version": row.road_version,
        }

    @extend_schema(summary="List network plans", description="Your organization's plans, newest first.")
    def list(self, request: Request) -> Response:
        """Answer with a page of plans."""
        return self.listed(plans_of(self.actor.organization))

    @extend_schema(
        summary="Ask for a network plan",
        description="One plan of an organization is worked out at a time: asked again meanwhile, it is the same one. "
        "Follow `percent` until `status` is `done`.",
        request=NewPlanSerializer,
        responses={202: PlanSerializer},
    )
    def create(self, request: Request) -> Response:
        """Ask for a plan; brokers only."""
        plan, _ = ask_plan(actor=self.actor, longest=self.body(NewPlanSerializer)["longest"])
        return self.shown(self.one(plan), status=202, location=location_of("plans", plan.public_id))

    @extend_schema(summary="Show a network plan")
    def retrieve(self, request: Request, public_id: str) -> Response:
        """Answer with one plan."""
        return self.shown(self.one(self.get_object()))

    @extend_schema(summary="Cancel a network plan", request=EmptySerializer)
    def cancellation(self, request: Request, public_id: str) -> Response:
        """Stop a plan that is not finished."""
        self.body(EmptySerializer)
        return self.shown(self.one(cancel_plan(actor=self.actor, plan_id=public_id)))


def _totals(found: dict[str, Any]) -> dict[str, Any]:
    return {"gain": money(found["gain_cents"])} | {
        name: found[name] for name in TotalsSerializer._declared_fields if name != "gain"
    }


def _comparison(plan: NetworkPlan) -> dict[str, Any]:
    names = {"empty": "empty", "load_board": "board", "plan": "plan"}
    return {name: _totals(plan.totals[stored]) for name, stored in names.items()}


def _standing(plan: NetworkPlan, now: Any) -> dict[str, Any]:
    found = standing_of_plan(plan.organization, plan, now)
    return {
        "lines": found.lines,
        "dropped": found.dropped,
        "gain": money(found.gain_cents),
        "empty_miles_saved": found.empty_miles_saved,
        "co2_saved_kg": found.co2_saved_kg,
    }


@extend_schema(tags=["plans"])
class PlanLineViewSet(ResourceViewSet):
    """The lines of a plan."""

    scopes = {"list": "matches:read", "retrieve": "matches:read"}
    queryset = PlanLine.objects.none()
    serializer_class = PlanLineSerializer
    lookup_field = "line_id"
    order = ("rank",)

    def plan(self) -> NetworkPlan:
        """Return the plan that the address names."""
        return plan_of(self.actor.organization, self.kwargs["plan_id"])

    def find(self, public_id: str) -> PlanLine:
        """Return one line of an own plan."""
        return line_of(self.actor.organization, self.plan(), public_id, clock.now())

    def represent(self, rows: list[Any]) -> list[dict[str, Any]]:
        """Return lines as the organization may see them now."""
        viewer = self.actor.organization
        seen = in_sight(viewer, rows, clock.now())
        legs, loads = standing_to_legs(viewer), standing_to_loads(viewer)
        found = []
        for row in rows:
            leg = shown_leg(view_leg(row.leg, legs.of(row.leg))) if seen.shows_leg(row) else None
            written = [
                shown_load(view_load(each.load, loads.of(each.load))) if each.load_id in seen.loads else None
                for each in row.loads.all()
            ]
            dropped = seen.why_dropped(row)
            found.append(
                {
                    "id": row.public_id,
                    "rank": row.rank + 1,
                    "stands": not dropped,
                    "why_dropped": dropped or None,
                    "leg": leg and {name: leg[name] for name in LEG_SUMMARY},
                    "loads": [load and {name: load[name] for name in LOAD_SUMMARY} for load in written],
                    "market_gain": money(row.market_gain_cents),
                    "rate": money(row.rate_cents),
                    "rate_is_estimated": row.rate_is_estimated,
                    **shown_band(row.rate_band, is_estimated=row.rate_is_estimated),
                    "deadhead_miles": row.deadhead_miles,
                    "loaded_miles": row.loaded_miles,
                    "empty_miles_saved": row.empty_miles_saved,
                    "co2_saved_kg": row.co2_saved_kg,
                    "home_at": instant(row.finish_at),
                    "sum": [shown_line(line) for line in row.parts["market"]["lines"]],
                }
            )
        return found

    @extend_schema(
        summary="List the lines of a plan",
        description="Best market gain first.",
        responses={200: PlanLineSerializer(many=True), 404: OpenApiResponse(description="Absent, or not yours.")},
    )
    def list(self, request: Request, plan_id: str) -> Response:
        """Answer with a page of lines."""
        rows = with_sides(lines_of(self.actor.organization, self.plan(), clock.now()))
        page = self.paginate_queryset(rows)
        return self.get_paginated_response([with_etag(each) for each in self.represent(list(page or []))])

    @extend_schema(summary="Show a line of a plan")
    def retrieve(self, request: Request, plan_id: str, line_id: str) -> Response:
        """Answer with one line."""
        return self.shown(self.one(self.get_object()))
