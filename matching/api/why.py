"""REST: why a leg does not take a load, what waits for a leg that is not posted, and going home empty."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from carriers.api.examples import EDITED_LEG
from carriers.api.leg_serializers import LegSerializer, terms_from
from foundation.rest.errors import bad_parameter
from foundation.rest.fields import InstantField, MoneyField, instant, money
from foundation.rest.serializers import StrictSerializer
from foundation.rest.views import Endpoint
from foundation.trade import clock
from loads.api.serializers import shown as shown_load
from loads.queries import standing_of as standing_to_loads
from loads.visibility import view as view_load
from matching import empty_runs
from matching.api import why_examples as examples
from matching.api.serializers import (
    CARRIER_ONLY,
    LOAD_SUMMARY,
    RATE_BASES,
    RATE_BASIS,
    BestMatchesSerializer,
    MatchedLoadSerializer,
    shown_band,
)
from matching.empty_runs import EmptyRun
from matching.engine.changes import What
from matching.engine.refusals import Refusal
from matching.policies import current_policy
from matching.services.previewing import PREVIEWED, Preview, Waiting, preview
from matching.why_not import FOR_OTHERS, MONEY, ON_BOARD, ask

_RULES = [*(rule.code for rule in Refusal if rule), ON_BOARD]


class EmptyRunSerializer(StrictSerializer):
    """Driving straight home empty: what every load is measured against."""

    always_shown: ClassVar[frozenset[str]] = empty_runs.FOR_OTHERS

    miles = serializers.FloatField(help_text="Others than the carrier see them rounded to 10.")
    market_cost = MoneyField(help_text="At the dated default costs.")
    own_cost = MoneyField(help_text=f"At the carrier's costs. {CARRIER_ONLY}")
    drive_minutes = serializers.IntegerField(help_text=CARRIER_ONLY)
    minutes = serializers.IntegerField(help_text=f"From ready to home at legal hours. {CARRIER_ONLY}")
    home_at = InstantField(help_text=f"The earliest legal arrival. {CARRIER_ONLY}")
    home_slack_minutes = serializers.IntegerField(
        help_text=f"From that arrival to home-by; below 0 where even the empty run is late. {CARRIER_ONLY}"
    )
    miles_are_estimated = serializers.BooleanField(help_text=CARRIER_ONLY)
    clock_is_assumed = serializers.BooleanField(
        help_text=f"The driver was taken as rested when ready, as his clock is not fully known. {CARRIER_ONLY}"
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "The best ones of an own leg",
            {"items": [], "next": None, "empty_run": examples.EMPTY_RUN},
            response_only=True,
        )
    ]
)
class LegMatchesSerializer(BestMatchesSerializer):
    """The best matches of a leg, best first, and the empty run home that they beat."""

    empty_run = EmptyRunSerializer(allow_null=True, help_text="null where no road home is known.")


class ChangeSerializer(serializers.Serializer[Any]):
    """One change that is needed; `words` continue "feasible if"."""

    what = serializers.ChoiceField(
        choices=[what.value for what in What],
        help_text="`closes_at` is of the load's stop, everything else of the leg.",
    )
    stop = serializers.IntegerField(allow_null=True, help_text="The position of the stop, from 0.")
    by = serializers.IntegerField(help_text="By how many pounds, feet, pallets, miles or minutes.")
    to = serializers.IntegerField(allow_null=True, help_text="The value that would do; null for times.")
    to_at = InstantField(allow_null=True, help_text="The time that would do; null for others.")
    words = serializers.CharField()


@extend_schema_serializer(
    examples=[
        OpenApiExample("Refused, an own leg", examples.REFUSED, response_only=True),
        OpenApiExample("It fits but does not pay, to others than the carrier", examples.LOSES, response_only=True),
    ]
)
class WhyNotSerializer(StrictSerializer):
    """Why a leg does not take a load: the rule that refuses, and the shortest list of smallest changes that would do.

    Others than the carrier read the market's version, reckoned for a driver who is rested when the truck is ready.
    """

    always_shown: ClassVar[frozenset[str]] = FOR_OTHERS

    leg = serializers.CharField()
    load = serializers.CharField()
    feasible = serializers.BooleanField()
    rule = serializers.ChoiceField(
        choices=_RULES,
        allow_null=True,
        help_text="The first rule that refuses. Others than the carrier read `home_by` for `hours`. `on_board`: it "
        "fits by itself, but not beside the loads that are booked on the truck.",
    )
    sentence = serializers.CharField(allow_blank=True)
    remedy = serializers.CharField(allow_blank=True, help_text="What would do, in words; empty where nothing is known.")
    changes = ChangeSerializer(many=True, help_text="All of them together do; one unit less of any is refused.")
    own_gain = MoneyField(allow_null=True, may_be_negative=True, help_text=CARRIER_ONLY)
    worth_from = MoneyField(
        allow_null=True,
        may_be_negative=True,
        help_text=f"The rate from which on it beats driving home empty, with the changes applied. {CARRIER_ONLY}",
    )
    own_gain_if_changed = MoneyField(allow_null=True, may_be_negative=True, help_text=CARRIER_ONLY)
    market_gain = MoneyField(allow_null=True, may_be_negative=True, help_text="At the dated default costs.")
    market_worth_from = MoneyField(allow_null=True, may_be_negative=True, help_text="The same rate at market costs.")
    market_gain_if_changed = MoneyField(allow_null=True, may_be_negative=True)
    rank = serializers.IntegerField(
        allow_null=True, help_text="Its place among the loads that gain for this leg, by the gain that you read."
    )
    gaining = serializers.IntegerField(allow_null=True, help_text="How many gain.")
    shown = serializers.IntegerField(help_text="How many the list shows.")
    bar = MoneyField(allow_null=True, help_text="The gain of the last one shown; null where the list has room.")
    match = serializers.CharField(allow_null=True, help_text="The match, where it is on the list.")
    clock_is_assumed = serializers.BooleanField(help_text=CARRIER_ONLY)
    rate = MoneyField(
        allow_null=True,
        help_text="The load's, all in; the market estimate where it is open to offers, null where no road is known.",
    )
    rate_is_estimated = serializers.BooleanField()
    rate_low = MoneyField(allow_null=True, help_text="The low end of the estimate's band; null for a posted rate.")
    rate_high = MoneyField(allow_null=True, help_text="The high end of the estimate's band; null for a posted rate.")
    rate_basis = serializers.ChoiceField(choices=RATE_BASES, help_text=RATE_BASIS)


class WaitingSerializer(serializers.Serializer[Any]):
    """A load that waits on the way home."""

    load = MatchedLoadSerializer()
    own_gain = MoneyField(may_be_negative=True)
    market_gain = MoneyField(may_be_negative=True)
    worth_from = MoneyField(may_be_negative=True)
    rate = MoneyField(help_text="All in; the market estimate where the load is open to offers.")
    rate_is_estimated = serializers.BooleanField()
    rate_low = MoneyField(allow_null=True, help_text="The low end of the estimate's band; null for a posted rate.")
    rate_high = MoneyField(allow_null=True, help_text="The high end of the estimate's band; null for a posted rate.")
    rate_basis = serializers.ChoiceField(choices=RATE_BASES, help_text=RATE_BASIS)
    pickup_deadhead_miles = serializers.FloatField()
    loaded_miles = serializers.FloatField()
    home_deadhead_miles = serializers.FloatField()
    empty_miles_saved = serializers.FloatField()
    pickup_slack_minutes = serializers.IntegerField()
    home_at = InstantField()


class PreviewSerializer(serializers.Serializer[Any]):
    """What waits for a leg that is not posted."""

    items = WaitingSerializer(many=True, help_text=f"The best {PREVIEWED} by own gain.")
    count = serializers.IntegerField(help_text="How many beat driving home empty at your costs.")
    candidates = serializers.IntegerField(help_text="How many in your sight are in reach.")
    feasible = serializers.IntegerField(help_text="How many of those fit.")
    refusals = serializers.DictField(child=serializers.IntegerField(), help_text="How many each rule refused.")
    empty_run = EmptyRunSerializer(allow_null=True)


class WhyNotView(Endpoint):
    """Why a leg does not take a load."""

    scopes = {"get": "matches:read"}
    parameters = {"get": frozenset({"load"})}
    buckets = {"get": "search"}

    @extend_schema(
        operation_id="legs_why_not",
        summary="Ask why a return leg does not take a load",
        description="For the leg's carrier, the load's owner, and brokers that may see both.",
        parameters=[OpenApiParameter("load", str, required=True, description="The load's id.")],
        responses=WhyNotSerializer,
        tags=["matches"],
    )
    def get(self, request: Request, public_id: str) -> Response:
        """Answer the rule that refuses, and what would do."""
        load_id = request.query_params.get("load", "")
        if not load_id:
            raise bad_parameter("load", "required", "Say which load: give its id as load=load_….")
        answer = ask(self.actor.organization, public_id, load_id, clock.now())
        seen: dict[str, Any] = {name: money(value) if name in MONEY else value for name, value in answer.seen.items()}
        seen["changes"] = [{**change, "to_at": instant(change["to_at"])} for change in answer.seen["changes"]]
        return Response({name: seen[name] for name in WhyNotSerializer._declared_fields if name in seen})


class LegPreviewView(Endpoint):
    """What waits for a leg that is not posted."""

    scopes = {"post": "matches:read"}
    buckets = {"post": "search"}
    field_names = {"home_base": "home/base"}

    @extend_schema(
        operation_id="legs_preview",
        summary="Preview the loads for a return leg that is not posted",
        description="Answers at once for the terms of a leg of your own; nothing is stored or told to anybody.",
        request=LegSerializer,
        responses=PreviewSerializer,
        examples=[
            OpenApiExample("A leg to look for", EDITED_LEG, request_only=True),
            OpenApiExample("A preview", examples.PREVIEW, response_only=True),
        ],
        tags=["matches"],
    )
    def post(self, request: Request) -> Response:
        """Answer the best loads, and the empty run home."""
        organization = self.actor.organization
        found = preview(organization=organization, leg_terms=terms_from(self.body(LegSerializer)))
        standing = standing_to_loads(organization)

        def shown(row: Waiting) -> dict[str, Any]:
            load = shown_load(view_load(row.load, standing.of(row.load)))
            return _waiting(row, {name: load[name] for name in LOAD_SUMMARY})

        return Response(_preview(found, [shown(row) for row in found.loads]))


def _waiting(row: Waiting, load: Mapping[str, Any]) -> dict[str, Any]:
    cents = {"own_gain", "market_gain", "worth_from", "rate"}
    apart = {"load": load, **shown_band(row.rate_band, is_estimated=row.rate_is_estimated)}
    return {
        name: apart[name]
        if name in apart
        else money(getattr(row, f"{name}_cents"))
        if name in cents
        else _plain(getattr(row, name))
        for name in WaitingSerializer._declared_fields
    }


def _preview(found: Preview, items: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "items": items,
        "count": found.count,
        "candidates": found.candidates,
        "feasible": found.feasible,
        "refusals": found.refusals,
        "empty_run": shown_run(found.empty_run, is_carrier=True),
    }


def shown_run(run: EmptyRun | None, *, is_carrier: bool) -> dict[str, Any] | None:
    """Return the empty run as the API writes it for this viewer."""
    if run is None:
        return None
    seen = empty_runs.view(run, is_carrier=is_carrier, policy=current_policy())
    return {
        name: money(seen[name]) if name in empty_runs.MONEY else _plain(seen[name])
        for name in EmptyRunSerializer._declared_fields
        if name in seen
    }


def _plain(value: Any) -> Any:
    return instant(value) if isinstance(value, datetime) else value
