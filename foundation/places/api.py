"""REST: finding places, and road miles between two of them."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.places.place import Place, PlaceNotFound
from foundation.places.queries import find_place, suggest_places
from foundation.places.services import travel_oracle
from foundation.rest.errors import bad_parameter
from foundation.rest.views import Endpoint

MOST_PLACES = 50
CHICAGO = {
    "name": "Chicago, IL 60601",
    "city": "Chicago",
    "state": "IL",
    "zip": "60601",
    "lat": 41.8858,
    "lon": -87.6181,
    "time_zone": "America/Chicago",
    "precision": "zip",
}
GARY = {
    "name": "Gary, IN 46402",
    "city": "Gary",
    "state": "IN",
    "zip": "46402",
    "lat": 41.5996,
    "lon": -87.3394,
    "time_zone": "America/Chicago",
    "precision": "zip",
}


class PlaceSerializer(serializers.Serializer[Any]):
    """A place as the API shows it."""

    name = serializers.CharField(help_text="As people write it; the API takes it back.")
    city = serializers.CharField()
    state = serializers.CharField(help_text="Two-letter code.")
    zip = serializers.CharField(allow_null=True, help_text="Its own ZIP code, or the nearest for other precisions.")
    lat = serializers.FloatField(help_text="Degrees, WGS84.")
    lon = serializers.FloatField(help_text="Degrees, WGS84.")
    time_zone = serializers.CharField(help_text="IANA name.")
    precision = serializers.ChoiceField(choices=["zip", "city", "address", "coordinates"])


class PlaceListSerializer(serializers.Serializer[Any]):
    """A list of places, best first."""

    items = PlaceSerializer(many=True)
    next = serializers.URLField(allow_null=True)


class MilesSerializer(serializers.Serializer[Any]):
    """The road between two places."""

    origin = PlaceSerializer()
    destination = PlaceSerializer()
    miles = serializers.FloatField(help_text="Road miles.")
    minutes = serializers.FloatField(help_text="Driving minutes, without rest or traffic.")
    basis = serializers.ChoiceField(
        choices=["computed", "estimated"], help_text="Estimated figures rest on roads that are not mapped: +-15 %."
    )
    road_version = serializers.CharField(help_text="The data and method behind the figures.")
    path = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2),
        required=False,
        help_text="The way as [lat, lon] points; with `path=true`.",
    )


class PlacesView(Endpoint):
    """Finds places by the beginning of a name or ZIP code."""

    scopes = {"get": ""}
    parameters = {"get": frozenset({"query", "limit"})}
    buckets = {"get": "search"}

    @extend_schema(
        operation_id="places_list",
        summary="Find places",
        parameters=[
            OpenApiParameter(
                "query", str, required=True, description='"chic", "springfield, m", "606", "41.88,-87.63"'
            ),
            OpenApiParameter("limit", int, description=f"1 to {MOST_PLACES}; 8 unless given."),
        ],
        responses=PlaceListSerializer,
        examples=[OpenApiExample("Places", {"items": [CHICAGO], "next": None}, response_only=True)],
        tags=["places"],
    )
    def get(self, request: Request) -> Response:
        """List places whose name or ZIP code begins with the query, bigger cities first."""
        query = _required(request, "query")
        text = request.query_params.get("limit", "8")
        limit = int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0
        if not 1 <= limit <= MOST_PLACES:
            raise bad_parameter("limit", "invalid_limit", f"The limit is a number from 1 to {MOST_PLACES}.")
        return Response({"items": [shown(place) for place in _matching(query, limit)], "next": None})


class MilesView(Endpoint):
    """Measures the road between two places."""

    scopes = {"get": ""}
    parameters = {"get": frozenset({"from", "to", "path"})}
    buckets = {"get": "search"}

    @extend_schema(
        operation_id="places_miles",
        summary="Measure the road between two places",
        parameters=[
            OpenApiParameter("from", str, required=True, description='A ZIP code, "City, ST" or "lat,lon".'),
            OpenApiParameter("to", str, required=True, description='A ZIP code, "City, ST" or "lat,lon".'),
            OpenApiParameter("path", bool, description="Whether to send the way as well; false unless given."),
        ],
        responses=MilesSerializer,
        examples=[
            OpenApiExample(
                "Miles",
                {
                    "origin": CHICAGO,
                    "destination": GARY,
                    "miles": 29.5,
                    "minutes": 29.3,
                    "basis": "computed",
                    "road_version": "roads-1-35a9a062",
                },
                response_only=True,
            )
        ],
        tags=["places"],
    )
    def get(self, request: Request) -> Response:
        """Answer road miles and driving minutes, and whether they are computed or estimated."""
        origin, destination = _place(request, "from"), _place(request, "to")
        wants_path = request.query_params.get("path", "false").lower()
        if wants_path not in ("true", "false"):
            raise bad_parameter("path", "invalid_parameter", "path is true or false.")
        oracle = travel_oracle()
        travel = oracle.one_to_many(origin.lat, origin.lon, [destination.lat], [destination.lon])
        answer: dict[str, Any] = {
            "origin": shown(origin),
            "destination": shown(destination),
            "miles": round(float(travel.miles[0]), 1),
            "minutes": round(float(travel.minutes[0]), 1),
            "basis": "estimated" if travel.estimated[0] else "computed",
            "road_version": oracle.version,
        }
        if wants_path == "true":
            answer["path"] = oracle.path(origin.lat, origin.lon, destination.lat, destination.lon)
        return Response(answer)


def shown(place: Place) -> dict[str, Any]:
    """Return a place as the API shows it."""
    return {
        "name": place.name,
        "city": place.city,
        "state": place.state,
        "zip": place.zip,
        "lat": place.lat,
        "lon": place.lon,
        "time_zone": place.time_zone,
        "precision": place.precision,
    }


def _matching(query: str, limit: int) -> list[Place]:
    """Return suggestions; where there are none, the place that the words name, if they do."""
    found = suggest_places(query, limit)
    if not found:
        try:
            found = [find_place(query)]
        except PlaceNotFound as refusal:
            found = list(refusal.suggestions[:limit])
    return found


def _required(request: Request, name: str) -> str:
    text: str = request.query_params.get(name, "").strip()
    if not text:
        raise bad_parameter(name, "missing_parameter", f"Give {name}.")
    return text


def _place(request: Request, name: str) -> Place:
    try:
        return find_place(_required(request, name))
    except PlaceNotFound as refusal:
        raise bad_parameter(name, refusal.code, refusal.sentence) from refusal
