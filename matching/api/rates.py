"""REST: what a full truckload is worth on the market."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.places.place import Place, PlaceNotFound
from foundation.places.queries import find_place
from foundation.places.services import travel_oracle
from foundation.rest.errors import bad_parameter
from foundation.rest.fields import MoneyField, money
from foundation.rest.views import Endpoint
from foundation.trade import clock
from foundation.trade.equipment import LOAD_EQUIPMENT_CHOICES
from matching.rate_queries import LANE_WINDOW_DAYS, Estimate, LaneFigure, ends_of_places, estimate_of

MOST_MILES = 5_000.0
_CODES = [code for code, _ in LOAD_EQUIPMENT_CHOICES]
EXAMPLE = {
    "equipment": "V",
    "miles": 967.0,
    "miles_are_estimated": False,
    "rate": {"amount": "2035.00", "currency": "USD"},
    "rate_low": {"amount": "1750.00", "currency": "USD"},
    "rate_high": {"amount": "2400.00", "currency": "USD"},
    "rate_basis": "observed",
    "bookings": 412,
    "window_days": 90,
    "oldest_on": "2026-08-25",
    "newest_on": "2026-11-21",
    "fitted_on": "2026-11-22",
    "version": "observed-20261122.1",
    "lane": {
        "scope": "zip3",
        "origin": "606",
        "destination": "752",
        "rate": {"amount": "1995.00", "currency": "USD"},
        "rate_per_mile": {"amount": "2.06", "currency": "USD"},
        "bookings": 15,
        "window_days": 90,
        "oldest_on": "2026-09-02",
        "newest_on": "2026-11-20",
    },
}


class LaneFigureSerializer(serializers.Serializer[Any]):
    """What the lane itself paid: the median a mile, and what that makes for the miles asked."""

    scope = serializers.ChoiceField(
        choices=["zip3", "state"], help_text="Between two 3-digit ZIP areas, or between two states at like length."
    )
    origin = serializers.CharField()
    destination = serializers.CharField()
    rate = MoneyField(help_text="Rounded to $5.")
    rate_per_mile = MoneyField(help_text="The median, rounded to 1 %.")
    bookings = serializers.IntegerField()
    window_days = serializers.IntegerField()
    oldest_on = serializers.DateField()
    newest_on = serializers.DateField()


class RateEstimateSerializer(serializers.Serializer[Any]):
    """The market estimate of an all-in rate, with its band and what it rests on."""

    equipment = serializers.ChoiceField(choices=LOAD_EQUIPMENT_CHOICES)
    miles = serializers.FloatField(help_text="Loaded miles.")
    miles_are_estimated = serializers.BooleanField(help_text="Some of the way is not mapped: +-15 %.")
    rate = MoneyField(help_text="Rounded to $5.")
    rate_low = MoneyField()
    rate_high = MoneyField(help_text="Of an observed rate, four of five bookings lie in the band.")
    rate_basis = serializers.ChoiceField(
        choices=["default", "observed"], help_text="A dated default, not observed; or observed in bookings."
    )
    bookings = serializers.IntegerField(allow_null=True, help_text="How many were fitted; null for the default.")
    window_days = serializers.IntegerField(allow_null=True)
    oldest_on = serializers.DateField(allow_null=True)
    newest_on = serializers.DateField(allow_null=True)
    fitted_on = serializers.DateField(allow_null=True)
    version = serializers.CharField(help_text="The rate table; scores that used it name it in their policy's version.")
    lane = LaneFigureSerializer(
        allow_null=True,
        help_text="From five bookings of three carriers and three shippers on, none of them with a part in more than "
        f"half, in the last {LANE_WINDOW_DAYS} days; null otherwise, and where only miles are asked.",
    )


class RateEstimateView(Endpoint):
    """Estimates the all-in rate of a full truckload."""

    scopes = {"get": "matches:read"}
    parameters = {"get": frozenset({"equipment", "from", "to", "miles"})}
    buckets = {"get": "search"}

    @extend_schema(
        operation_id="rates_estimate",
        summary="Estimate a market rate",
        description="For a lane give `from` and `to`; for a distance alone give `miles`. Loads without a rate are "
        "valued at this estimate in every match.",
        parameters=[
            OpenApiParameter("equipment", str, required=True, enum=_CODES, description="What the load asks for."),
            OpenApiParameter("from", str, description='A ZIP code, "City, ST" or "lat,lon".'),
            OpenApiParameter("to", str, description='A ZIP code, "City, ST" or "lat,lon".'),
            OpenApiParameter("miles", float, description=f"Loaded miles, 1 to {MOST_MILES:,.0f}; instead of places."),
        ],
        responses=RateEstimateSerializer,
        examples=[OpenApiExample("An observed rate", EXAMPLE, response_only=True)],
        tags=["rates"],
    )
    def get(self, request: Request) -> Response:
        """Answer the estimate with its band, and the lane's own figure where one may be shown."""
        equipment = request.query_params.get("equipment", "")
        if equipment not in _CODES:
            raise bad_parameter("equipment", "invalid_equipment", f"Give equipment as one of {', '.join(_CODES)}.")
        given = {name: request.query_params.get(name, "").strip() for name in ("from", "to", "miles")}
        if given["miles"]:
            for name in ("from", "to"):
                if given[name]:
                    raise bad_parameter(name, "miles_or_places", "Give miles, or from and to, not both.")
            miles, ends, estimated = _miles(given["miles"]), None, False
        else:
            origin, destination = _place(given, "from"), _place(given, "to")
            travel = travel_oracle().one_to_many(origin.lat, origin.lon, [destination.lat], [destination.lon])
            miles, estimated = round(float(travel.miles[0]), 1), bool(travel.estimated[0])
            if not miles < float("inf"):
                raise bad_parameter("to", "no_road", "No road is known between these two places.")
            ends = ends_of_places(origin, destination)
        viewer = self.actor.organization
        found = estimate_of(viewer, equipment=equipment, loaded_miles=miles, ends=ends, now=clock.now())
        return Response(shown(found, estimated))


def shown(estimate: Estimate, miles_are_estimated: bool) -> dict[str, Any]:
    """Return an estimate as the API writes it."""
    sample = estimate.sample
    return {
        "equipment": estimate.equipment,
        "miles": estimate.loaded_miles,
        "miles_are_estimated": miles_are_estimated,
        "rate": money(estimate.rate_cents),
        "rate_low": money(estimate.low_cents),
        "rate_high": money(estimate.high_cents),
        "rate_basis": "observed" if estimate.is_observed else "default",
        "bookings": sample.bookings if sample else None,
        "window_days": sample.window_days if sample else None,
        "oldest_on": sample.oldest if sample else None,
        "newest_on": sample.newest if sample else None,
        "fitted_on": sample.fitted_on if sample else None,
        "version": estimate.version,
        "lane": _lane(estimate.lane) if estimate.lane else None,
    }


def _lane(lane: LaneFigure) -> dict[str, Any]:
    return {
        "scope": lane.scope,
        "origin": lane.origin,
        "destination": lane.destination,
        "rate": money(lane.rate_cents),
        "rate_per_mile": money(round(lane.cents_per_mile)),
        "bookings": lane.bookings,
        "window_days": lane.window_days,
        "oldest_on": lane.oldest.isoformat(),
        "newest_on": lane.newest.isoformat(),
    }


def _miles(text: str) -> float:
    try:
        miles = float(text) if len(text) <= 12 else 0.0
    except ValueError:
        miles = 0.0
    if not 1 <= miles <= MOST_MILES:
        raise bad_parameter("miles", "invalid_miles", f"miles is a number from 1 to {MOST_MILES:,.0f}.")
    return miles


def _place(given: dict[str, str], name: str) -> Place:
    if not given[name]:
        raise bad_parameter(name, "missing_parameter", "Give from and to, or miles.")
    try:
        return find_place(given[name])
    except PlaceNotFound as refusal:
        raise bad_parameter(name, refusal.code, refusal.sentence) from refusal
