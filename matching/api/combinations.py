"""Combinations of loads in the API: what a leg could carry in one tour."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from carriers.api.shown import shown_leg
from carriers.queries import leg_of
from carriers.queries import standing_of as standing_to_legs
from carriers.visibility import view as view_leg
from foundation.rest.etags import with_etag
from foundation.rest.fields import InstantField, MoneyField, instant, money
from foundation.rest.serializers import StrictSerializer
from foundation.rest.views import ResourceViewSet
from foundation.trade import clock
from loads.api.serializers import shown as shown_load
from loads.queries import standing_of as standing_to_loads
from loads.visibility import view as view_load
from matching.api import combination_examples as examples
from matching.api.serializers import (
    CARRIER_ONLY,
    LEG_SUMMARY,
    LOAD_SUMMARY,
    RATE_BASES,
    MatchedLegSerializer,
    MatchedLoadSerializer,
    StopTimesSerializer,
    SumLineSerializer,
    TimelineSerializer,
    shown_line,
)
from matching.combined import combination_of, combinations_of_leg
from matching.combined_visibility import COMBINATION_FIELDS, view, viewer_of
from matching.models import Combination, CombinationKind
from matching.visibility import MONEY, Viewer


class TourStopSerializer(StopTimesSerializer):
    """A stop of a tour: as in a match, of which load, and what is on board when the truck leaves it."""

    load = serializers.IntegerField(help_text="The position of its load in `loads`.")
    loads_on_board = serializers.IntegerField()
    weight_pounds_on_board = serializers.IntegerField()
    length_feet_on_board = serializers.IntegerField()
    pallets_on_board = serializers.IntegerField()


@extend_schema_serializer(examples=[OpenApiExample("A chain of two", examples.CHAIN, response_only=True)])
class CombinationSerializer(StrictSerializer):
    """Two to four loads that a truck can take in one tour, and what that is worth over driving home empty."""

    always_shown: ClassVar[frozenset[str]] = COMBINATION_FIELDS[Viewer.OTHER] | {"etag"}

    id = serializers.CharField()
    kind = serializers.ChoiceField(
        choices=CombinationKind.choices, help_text="`chain`: one load after the other; `partials`: on board together."
    )
    leg = MatchedLegSerializer()
    loads = MatchedLoadSerializer(many=True, help_text="In order of their first pickups.")
    market_gain = MoneyField(may_be_negative=True, help_text="At the dated default costs.")
    own_gain = MoneyField(may_be_negative=True, help_text=f"At the carrier's costs. {CARRIER_ONLY}")
    worth_from = MoneyField(
        may_be_negative=True,
        help_text=f"The sum of rates from which on it beats driving home empty. {CARRIER_ONLY}",
    )
    rate = MoneyField(help_text="The sum of the loads' rates; the market estimate where a load is open to offers.")
    rate_is_estimated = serializers.BooleanField()
    rate_low = MoneyField(allow_null=True, help_text="The low end of the band, posted rates as they are; or null.")
    rate_high = MoneyField(allow_null=True, help_text="The high end of the band; null where all rates are posted.")
    rate_basis = serializers.ChoiceField(choices=RATE_BASES, help_text="What the estimates among the rates rest on.")
    pickup_deadhead_miles = serializers.FloatField(help_text="Empty to the first pickup.")
    loaded_miles = serializers.FloatField(help_text="With any freight on board.")
    between_deadhead_miles = serializers.FloatField(help_text="Empty from a delivery to the next pickup.")
    home_deadhead_miles = serializers.FloatField()
    avoided_miles = serializers.FloatField(help_text="The empty run straight home.")
    empty_miles = serializers.FloatField(help_text="All empty miles of the tour.")
    empty_miles_saved = serializers.FloatField()
    miles_are_estimated = serializers.BooleanField()
    co2_saved_kg = serializers.FloatField()
    home_slack_minutes = serializers.IntegerField(help_text="From the arrival at home to home-by.")
    stops = TourStopSerializer(many=True, help_text="In driving order.")
    home_at = InstantField()
    sum = SumLineSerializer(many=True, help_text="The market gain line by line; the amounts add up to it.")
    own_sum = SumLineSerializer(many=True, help_text=f"The own gain line by line. {CARRIER_ONLY}")
    timeline = TimelineSerializer(many=True, help_text=f"The driver's day with its rests. {CARRIER_ONLY}")
    clock_is_assumed = serializers.BooleanField(
        help_text=f"The driver was taken as rested when ready, as his clock is not fully known. {CARRIER_ONLY}"
    )
    policy_version = serializers.CharField()
    road_version = serializers.CharField()
    scored_at = InstantField(help_text=CARRIER_ONLY)
    etag = serializers.CharField()


@extend_schema_serializer(
    examples=[OpenApiExample("The best ones", {"items": [examples.CHAIN], "next": None}, response_only=True)]
)
class BestCombinationsSerializer(serializers.Serializer[Any]):
    """The best combinations for a leg, best first."""

    items = CombinationSerializer(many=True)
    next = serializers.URLField(allow_null=True, help_text="Always null: there are no more than these.")


def shown(seen: Mapping[str, Any], loads: list[Mapping[str, Any]], leg: Mapping[str, Any]) -> dict[str, Any]:
    """Return a combination's view (`matching.combined_visibility.view`) with its sides as the API writes it."""
    written: dict[str, Any] = {
        name: instant(value) if isinstance(value, datetime) else value for name, value in seen.items()
    }
    written |= {name: money(seen[name]) for name in MONEY & seen.keys()}
    written |= {name: [shown_line(line) for line in seen[name]] for name in {"sum", "own_sum"} & seen.keys()}
    written["loads"] = [{name: load[name] for name in LOAD_SUMMARY} for load in loads]
    written["leg"] = {name: leg[name] for name in LEG_SUMMARY}
    return {name: written[name] for name in CombinationSerializer._declared_fields if name in written}


@extend_schema(tags=["matches"])
class CombinationViewSet(ResourceViewSet):
    """Combinations: several loads that a truck can take in one tour."""

    scopes = dict.fromkeys(("retrieve", "of_leg"), "matches:read")
    queryset = Combination.objects.none()
    serializer_class = CombinationSerializer

    def find(self, public_id: str) -> Combination:
        """Return a combination that the organization may see."""
        return combination_of(self.actor.organization, public_id, clock.now())

    def represent(self, rows: list[Any]) -> list[dict[str, Any]]:
        """Return combinations as the organization may see them."""
        viewer = self.actor.organization
        loads, legs = standing_to_loads(viewer), standing_to_legs(viewer)
        return [
            shown(
                view(row, viewer_of(row, viewer)),
                [shown_load(view_load(part.load, loads.of(part.load))) for part in row.combined.all()],
                shown_leg(view_leg(row.leg, legs.of(row.leg))),
            )
            for row in rows
        ]

    @extend_schema(summary="Show a combination of loads")
    def retrieve(self, request: Request, public_id: str) -> Response:
        """Answer with one combination."""
        return self.shown(self.one(self.get_object()))

    @extend_schema(
        summary="List the best combinations of loads for a return leg",
        description="Chains of two or three loads one after the other, and partial loads on board together: the best "
        "ten of each. For the carrier by its own gain; for brokers that may see the leg and every load by market gain. "
        "Others, the loads' shippers among them, get none.",
        responses=BestCombinationsSerializer,
        filters=False,
    )
    def of_leg(self, request: Request, public_id: str) -> Response:
        """Answer with the best combinations for a return leg."""
        viewer, now = self.actor.organization, clock.now()
        rows = combinations_of_leg(viewer, leg_of(viewer, public_id, now), now)
        return Response({"items": [with_etag(each) for each in self.represent(list(rows))], "next": None})
