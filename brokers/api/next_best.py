"""The next best loads in the API: what a carrier that lost a load could take instead."""

from typing import ClassVar

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from brokers.api.booking_parts import LOAD
from brokers.api.fairness import leg_named_in
from brokers.next_best import LIKE_WITHIN_MILES, LOADS_SHOWN, MATCHES_SHOWN, loads_like, next_matches
from brokers.panel_queries import load_to_bargain
from foundation.rest.etags import with_etag
from foundation.rest.serializers import StrictSerializer
from foundation.trade import clock
from foundation.trade.posting import Status
from loads.api.examples import MARKET_LOAD
from loads.api.serializers import LoadSerializer
from loads.api.serializers import shown as shown_load
from loads.queries import standing_of
from loads.visibility import view as view_load
from matching.api.examples import OWN_MATCH
from matching.api.serializers import MatchSerializer
from matching.api.views import MatchViewSet

_ETAG = '"9vQe0XyZa9LwRt5B1dC7mJk2"'


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "To a carrier that came too late",
            {
                "load": LOAD,
                "is_gone": True,
                "matches": [OWN_MATCH | {"etag": _ETAG}],
                "loads": [MARKET_LOAD],
                "etag": '"1dC7mJk2vQe0XyZa9LwRt5Bp"',
            },
            response_only=True,
        )
    ]
)
class NextBestSerializer(StrictSerializer):
    """What could be taken instead of a load."""

    always_shown: ClassVar[frozenset[str]] = frozenset({"load", "is_gone", "matches", "loads", "etag"})

    load = serializers.CharField()
    is_gone = serializers.BooleanField(help_text="Whether it has left the market; to whom it went is not told.")
    matches = MatchSerializer(
        many=True,
        help_text=f"The best {MATCHES_SHOWN} other matches of your own return legs by your own gain, one a load; empty "
        "for who does not haul.",
    )
    loads = LoadSerializer(
        many=True,
        help_text=f"Up to {LOADS_SHOWN} others on the market for the same equipment, from and to within "
        f"{LIKE_WITHIN_MILES:.0f} miles of its ends; the soonest first.",
    )
    etag = serializers.CharField()


class NextBestViewSet(MatchViewSet):
    """What is next best once a load is gone."""

    scopes = {"of_lost_load": "matches:read"}
    parameters = {"of_lost_load": frozenset({"leg"})}
    buckets = {"of_lost_load": "search"}
    shows_one = frozenset({"of_lost_load"})

    @extend_schema(
        operation_id="loads_next_best",
        summary="Show the next best loads",
        description="After a 409 `load_gone`, or of any load that you may see or could see until it left the market: "
        "what your own trucks could take instead, and loads like it. With `leg` the matches are of that return leg.",
        parameters=[OpenApiParameter("leg", str, description="An own return leg, that would have taken the load.")],
        responses=NextBestSerializer,
        filters=False,
        tags=["loads"],
    )
    def of_lost_load(self, request: Request, public_id: str) -> Response:
        """Answer what could be taken instead of a load."""
        leg_id = leg_named_in(request)
        viewer, now = self.actor.organization, clock.now()
        load, is_gone = load_to_bargain(viewer, public_id, now)
        matches = next_matches(viewer, load, now, leg_id=leg_id)
        loads = loads_like(viewer, load, now, but=[match.load_id for match in matches])
        standing = standing_of(viewer)
        shown = {
            "load": load.public_id,
            "is_gone": is_gone or load.status != Status.OPEN,
            "matches": [with_etag(each) for each in self.represent(list(matches))],
            "loads": [with_etag(shown_load(view_load(each, standing.of(each)))) for each in loads],
        }
        return self.shown(shown)
