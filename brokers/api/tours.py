"""Tours in the API: the carrier's own; a driver reads those that he drives, without money."""

from typing import Any, ClassVar

from django_filters import CharFilter, FilterSet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from brokers.api.booking_parts import (
    BOOKING,
    DRIVER,
    LANE,
    LEG,
    LOAD,
    RATE,
    STOP,
    TOUR,
    TRUCK_EXAMPLE,
    AgreedStopSerializer,
    NamedSerializer,
    UnitSerializer,
)
from brokers.booking_queries import tour_for, tours_for
from brokers.booking_visibility import tour_payload
from brokers.models import Tour, TourStatus
from foundation.accounts.models import Role
from foundation.rest.fields import InstantField, MoneyField
from foundation.rest.filters import ChoicesFilter, InstantFilter
from foundation.rest.serializers import StrictSerializer
from foundation.rest.views import ResourceViewSet

_TOUR: dict[str, Any] = {
    "id": TOUR,
    "status": "planned",
    "version": 1,
    "truck": TRUCK_EXAMPLE,
    "driver": {"id": DRIVER, "name": "Lou Park"},
    "trailer": None,
    "leg": LEG,
    "starts_at": "2026-11-24T14:00:00Z",
    "ends_at": "2026-11-26T02:40:00Z",
    "loaded_miles": 967.0,
    "empty_miles": 12.4,
    "loads": [{"booking": BOOKING, "load": LOAD, "lane": LANE, "rate": RATE}],
    "stops": [STOP | {"booking": BOOKING, "load": LOAD, "reference": "PO 88213", "miles_before": 0.0}],
    "steps": [
        {
            "kind": "service",
            "start_at": "2026-11-24T15:10:00Z",
            "end_at": "2026-11-24T17:10:00Z",
            "minutes": 120,
            "stop": 0,
        }
    ],
    "etag": '"1dC7mJk2vQe0XyZa9LwRt5Bp"',
}


class TourLoadSerializer(serializers.Serializer[Any]):
    """A load on the tour."""

    booking = serializers.CharField()
    load = serializers.CharField()
    lane = serializers.CharField()
    rate = MoneyField(required=False, help_text="Drivers do not see it.")


class PlannedStopSerializer(AgreedStopSerializer):
    """A stop of a booked tour, in driving order."""

    booking = serializers.CharField()
    load = serializers.CharField()
    reference = serializers.CharField()
    miles_before = serializers.FloatField(help_text="From the stop before, or from where the truck departs.")


class StepSerializer(serializers.Serializer[Any]):
    """What the driver does from when to when: off, drive, wait, service, break, rest or restart."""

    kind = serializers.CharField()
    start_at = InstantField()
    end_at = InstantField()
    minutes = serializers.IntegerField()
    stop = serializers.IntegerField(allow_null=True, help_text="The place in `stops`; null on the road.")


@extend_schema_serializer(examples=[OpenApiExample("A truck on its way home", _TOUR, response_only=True)])
class TourSerializer(StrictSerializer):
    """A truck with its driver and trailer, from its first departure to home, or to where it is empty."""

    always_shown: ClassVar[frozenset[str]] = frozenset(_TOUR)

    id = serializers.CharField()
    status = serializers.ChoiceField(choices=TourStatus.choices)
    version = serializers.IntegerField()
    truck = UnitSerializer()
    driver = NamedSerializer(allow_null=True)
    trailer = UnitSerializer(allow_null=True)
    leg = serializers.CharField(allow_null=True, help_text="The return leg that it drives home on; null going out.")
    starts_at = InstantField()
    ends_at = InstantField()
    loaded_miles = serializers.FloatField()
    empty_miles = serializers.FloatField()
    loads = TourLoadSerializer(many=True)
    stops = PlannedStopSerializer(many=True)
    steps = StepSerializer(many=True)
    etag = serializers.CharField()


class TourFilter(FilterSet):  # type: ignore[misc]
    """What the list of tours can be narrowed by."""

    status = ChoicesFilter(choices=TourStatus.choices)
    truck = CharFilter(field_name="truck__public_id", max_length=40, help_text="The truck's id.")
    ends_after = InstantFilter(field_name="ends_at", lookup_expr="gt", help_text="Tours that are not over then.")


@extend_schema(tags=["tours"])
class TourViewSet(ResourceViewSet):
    """Tours of the organization's trucks."""

    scopes = {"list": "tours:read", "retrieve": "tours:read"}
    queryset = Tour.objects.none()
    serializer_class = TourSerializer
    filterset_class = TourFilter

    def find(self, public_id: str) -> Tour:
        """Return a tour that the actor may see."""
        return tour_for(self.actor, public_id)

    def represent(self, rows: list[Any]) -> list[dict[str, Any]]:
        """Return tours as the actor reads them."""
        with_money = self.actor.role != Role.DRIVER
        return [tour_payload(row, with_money=with_money) for row in rows]

    @extend_schema(summary="List tours", description="A driver reads those that he drives.")
    def list(self, request: Request) -> Response:
        """Answer with a page of tours."""
        return self.listed(tours_for(self.actor))

    @extend_schema(summary="Show a tour")
    def retrieve(self, request: Request, public_id: str) -> Response:
        """Answer with one tour."""
        return self.shown(self.one(self.get_object()))
