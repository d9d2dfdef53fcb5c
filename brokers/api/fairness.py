"""Fair bargaining in the API: the benchmark of a load or thread, with each side's own figure for it alone."""

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from brokers.api.booking_parts import LOAD
from brokers.fairness import Fairness, Floor, Reserve, fairness_of_load, fairness_of_thread
from brokers.thread_queries import thread_of
from foundation.rest.errors import bad_parameter
from foundation.rest.fields import MoneyField, PublicIdField, money
from foundation.rest.serializers import StrictSerializer
from foundation.rest.views import Endpoint
from foundation.trade import clock
from loads.queries import load_of
from matching.api.rates import EXAMPLE, RateEstimateSerializer
from matching.api.rates import shown as shown_estimate

_LEFT_OUT = "miles_are_estimated"  # a load has its miles: nobody estimates them here
_ESTIMATE = {name: value for name, value in EXAMPLE.items() if name != _LEFT_OUT} | {"share_percent": 100}
_ETAG = '"1dC7mJk2vQe0XyZa9LwRt5Bp"'
_FLOOR = {
    "worth_from": {"amount": "1871.20", "currency": "USD"},
    "haul_cost": None,
    "refusal": "",
    "costs_are_default": False,
}
_RESERVE = {"amount": {"amount": "2600.00", "currency": "USD"}, "left": {"amount": "100.00", "currency": "USD"}}


class LoadEstimateSerializer(RateEstimateSerializer):
    """The market estimate of one load."""

    share_percent = serializers.IntegerField(
        help_text="What part of a truck the rate is for; the lane's figure is always that of full truckloads."
    )

    def get_fields(self) -> Any:
        """Leave out what is asked of places only."""
        return {name: field for name, field in super().get_fields().items() if name != _LEFT_OUT}


class FloorSerializer(serializers.Serializer[Any]):
    """What the carrier needs, at its own costs."""

    worth_from = MoneyField(
        allow_null=True,
        may_be_negative=True,
        help_text="With a return leg: the rate from which on the load beats driving home empty.",
    )
    haul_cost = MoneyField(
        allow_null=True,
        help_text="Without one: what the loaded miles and the hours at the stops cost; no empty mile is in it.",
    )
    refusal = serializers.CharField(
        allow_blank=True, help_text="Why the truck does not fit as things stand; empty where it does."
    )
    costs_are_default = serializers.BooleanField(help_text="No own costs were entered for that day.")


class ReserveSerializer(serializers.Serializer[Any]):
    """The most that the load's owner would pay."""

    amount = MoneyField()
    left = MoneyField(
        allow_null=True,
        may_be_negative=True,
        help_text="How far below it the other side's last rate stays; negative above it, null where none stands.",
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "As the carrier reads it",
            {"load": LOAD, "estimate": _ESTIMATE, "floor": _FLOOR, "etag": _ETAG},
            response_only=True,
        ),
        OpenApiExample(
            "As the shipper reads it",
            {"load": LOAD, "estimate": _ESTIMATE, "reserve": _RESERVE, "etag": _ETAG},
            response_only=True,
        ),
    ]
)
class BenchmarkSerializer(StrictSerializer):
    """What a load is worth: the market's figure, the same for whoever may ask, and the asker's own one."""

    always_shown: ClassVar[frozenset[str]] = frozenset({"load", "estimate", "etag"})

    load = serializers.CharField()
    estimate = LoadEstimateSerializer()
    floor = FloorSerializer(
        help_text="Only the carrier reads it, of its own truck; left out for all others, and where no rate would do."
    )
    reserve = ReserveSerializer(
        help_text="Only the owner of a load that it sells itself reads it; left out for everybody else."
    )
    etag = serializers.CharField()


class LoadBenchmarkView(Endpoint):
    """What a load is worth on the market."""

    scopes = {"get": "matches:read"}
    parameters = {"get": frozenset({"leg"})}
    buckets = {"get": "search"}
    shows_one = frozenset({"get"})

    @extend_schema(
        operation_id="loads_benchmark",
        summary="Show what a load is worth",
        description="The lane's benchmark with its sample and age. With `leg`, an own return leg, its carrier reads "
        "`floor` besides; the owner of the load reads its `reserve`. Neither is told to anybody else.",
        parameters=[OpenApiParameter("leg", str, description="An own return leg that would take it.")],
        responses=BenchmarkSerializer,
        tags=["loads"],
    )
    def get(self, request: Request, public_id: str) -> Response:
        """Answer the benchmark of a load in sight."""
        leg_id = leg_named_in(request)
        viewer, now = self.actor.organization, clock.now()
        return self.shown(_shown(fairness_of_load(viewer, load_of(viewer, public_id, now), now, leg_id=leg_id)))


class ThreadBenchmarkView(Endpoint):
    """What the load of a thread is worth."""

    scopes = {"get": "offers:read"}
    buckets = {"get": "search"}
    shows_one = frozenset({"get"})

    @extend_schema(
        operation_id="threads_benchmark",
        summary="Show what the load of a thread is worth",
        description="The same benchmark for both sides, with its sample and age; to the carrier its own `floor`, for "
        "its return leg or for the haul out, and to the shipper that sells its load itself the `reserve`. Neither is "
        "told to the other side, nor to a broker that acts for one.",
        responses=BenchmarkSerializer,
        tags=["threads"],
    )
    def get(self, request: Request, public_id: str) -> Response:
        """Answer the benchmark of a thread."""
        viewer, now = self.actor.organization, clock.now()
        return self.shown(_shown(fairness_of_thread(viewer, thread_of(viewer, public_id, now), now)))


def leg_named_in(request: Request) -> str:
    """Return the return leg that the parameters name, "" where none; raises a 400 for what is no id of a leg."""
    leg_id = request.query_params.get("leg", "")
    if not leg_id:
        return ""
    try:
        return str(PublicIdField("leg").run_validation(leg_id))
    except serializers.ValidationError as error:
        raise bad_parameter("leg", "invalid", " ".join(str(each) for each in error.args[0])) from error


def _shown(found: Fairness) -> dict[str, Any]:
    estimate = shown_estimate(found.estimate, miles_are_estimated=False)
    del estimate[_LEFT_OUT]
    answer: dict[str, Any] = {
        "load": found.load.public_id,
        "estimate": estimate | {"share_percent": found.estimate.share_percent},
    }
    if found.floor is not None:
        answer["floor"] = _floor(found.floor)
    if found.reserve is not None:
        answer["reserve"] = _reserve(found.reserve)
    return answer


def _floor(floor: Floor) -> dict[str, Any]:
    return {
        "worth_from": money(floor.worth_from_cents),
        "haul_cost": money(floor.haul_cents),
        "refusal": floor.refusal,
        "costs_are_default": floor.costs_are_default,
    }


def _reserve(reserve: Reserve) -> dict[str, Any]:
    return {"amount": money(reserve.reserve_cents), "left": money(reserve.left_cents)}
