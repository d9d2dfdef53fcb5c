"""How matches read in the API. Fields of the carrier's own are absent for everybody else."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from carriers.api.leg_serializers import LegSerializer
from foundation.rest.fields import InstantField, MoneyField, instant, money
from foundation.rest.serializers import StrictSerializer
from loads.api.serializers import LoadSerializer
from loads.models import StopKind
from matching.api import examples
from matching.rate_bands import RateBand, band_fields
from matching.visibility import MATCH_FIELDS, MONEY, Viewer

CARRIER_ONLY = "Only the carrier sees it."
RATE_BASES = ["posted", "default", "observed"]
RATE_BASIS = "Posted with the load; a dated default, not observed; or observed in bookings."
LOAD_SUMMARY: tuple[str, ...] = (
    "id", "version", "organization", "equipment", "size", "attributes",
    "weight_pounds", "length_feet", "commodity", "rate", "stops",
)  # fmt: skip
LEG_SUMMARY: tuple[str, ...] = (
    "id", "organization", "equipment", "attributes", "empty", "ready_at", "home", "home_by", "home_miles",
)  # fmt: skip


class MatchedLoadSerializer(LoadSerializer):
    """The load of a match, in short; all of it stands at `/loads/{id}`."""

    always_shown: ClassVar[frozenset[str]] = frozenset(LOAD_SUMMARY)

    def get_fields(self) -> Any:
        """Keep the fields of the summary."""
        return {name: field for name, field in super().get_fields().items() if name in LOAD_SUMMARY}


class MatchedLegSerializer(LegSerializer):
    """The return leg of a match, in short; all of it stands at `/legs/{id}`."""

    always_shown: ClassVar[frozenset[str]] = frozenset(LEG_SUMMARY)

    def get_fields(self) -> Any:
        """Keep the fields of the summary."""
        return {name: field for name, field in super().get_fields().items() if name in LEG_SUMMARY}


class SumLineSerializer(serializers.Serializer[Any]):
    """One line of a sum: so many units at so many cents, and what that makes."""

    label: Any = serializers.CharField()
    quantity = serializers.FloatField(allow_null=True)
    unit = serializers.ChoiceField(choices=["mile", "minute"], allow_null=True)
    unit_cents = serializers.FloatField(allow_null=True)
    amount = MoneyField(may_be_negative=True)


class StopTimesSerializer(serializers.Serializer[Any]):
    """A stop of the planned day: its window, and when the truck arrives, is served and leaves."""

    kind = serializers.ChoiceField(choices=StopKind.choices)
    opens_at = InstantField()
    closes_at = InstantField()
    arrive_at = InstantField()
    begin_at = InstantField()
    end_at = InstantField()


class TimelineSerializer(serializers.Serializer[Any]):
    """What the driver does from when to when; `stop` is the position of the stop where he does it."""

    kind = serializers.ChoiceField(choices=["drive", "wait", "service", "break", "rest", "restart", "off"])
    start_at = InstantField()
    end_at = InstantField()
    minutes = serializers.IntegerField()
    stop = serializers.IntegerField(allow_null=True)


@extend_schema_serializer(
    examples=[
        OpenApiExample("A match", examples.MATCH, response_only=True),
        OpenApiExample("A match of an own leg", examples.OWN_MATCH, response_only=True),
    ]
)
class MatchSerializer(StrictSerializer):
    """A load that a truck can take on its way home, and what that is worth over driving home empty."""

    always_shown: ClassVar[frozenset[str]] = MATCH_FIELDS[Viewer.OTHER] | {"etag"}

    id = serializers.CharField()
    load = MatchedLoadSerializer()
    leg = MatchedLegSerializer()
    market_gain = MoneyField(may_be_negative=True, help_text="At the dated default costs.")
    own_gain = MoneyField(may_be_negative=True, help_text=f"At the carrier's costs. {CARRIER_ONLY}")
    worth_from = MoneyField(
        may_be_negative=True, help_text=f"The rate from which on it beats driving home empty. {CARRIER_ONLY}"
    )
    rate = MoneyField(help_text="All in; the market estimate where the load is open to offers.")
    rate_is_estimated = serializers.BooleanField()
    rate_low = MoneyField(allow_null=True, help_text="The low end of the estimate's band; null for a posted rate.")
    rate_high = MoneyField(allow_null=True, help_text="The high end of the estimate's band; null for a posted rate.")
    rate_basis = serializers.ChoiceField(choices=RATE_BASES, help_text=RATE_BASIS)
    pickup_deadhead_miles = serializers.FloatField()
    loaded_miles = serializers.FloatField()
    home_deadhead_miles = serializers.FloatField()
    avoided_miles = serializers.FloatField(help_text="The empty run straight home.")
    empty_miles_saved = serializers.FloatField()
    miles_are_estimated = serializers.BooleanField()
    co2_saved_kg = serializers.FloatField()
    pickup_slack_minutes = serializers.IntegerField(help_text="From the pickup's beginning to the window's end.")
    home_slack_minutes = serializers.IntegerField(help_text="From the arrival at home to home-by.")
    stops = StopTimesSerializer(many=True)
    home_at = InstantField()
    sum = SumLineSerializer(many=True, help_text="The market gain line by line; the amounts add up to it.")
    own_sum = SumLineSerializer(many=True, help_text=f"The own gain line by line. {CARRIER_ONLY}")
    timeline = TimelineSerializer(many=True, help_text=f"The driver's day with its rests. {CARRIER_ONLY}")
    clock_is_assumed = serializers.BooleanField(
        help_text=f"The driver was taken as rested when ready, as his clock is not fully known. {CARRIER_ONLY}"
    )
    is_being_updated = serializers.BooleanField(
        help_text="The load or leg has changed since this was scored; a fresh score follows at once."
    )
    policy_version = serializers.CharField()
    road_version = serializers.CharField()
    scored_at = InstantField(help_text=CARRIER_ONLY)
    etag = serializers.CharField()


@extend_schema_serializer(
    examples=[OpenApiExample("The best ones", {"items": [examples.MATCH], "next": None}, response_only=True)]
)
class BestMatchesSerializer(serializers.Serializer[Any]):
    """The best matches of a load or leg, best first."""

    items = MatchSerializer(many=True)
    next = serializers.URLField(allow_null=True, help_text="Always null: there are no more than these.")


def shown_line(line: Mapping[str, Any]) -> dict[str, Any]:
    """Return a line of a stored sum as the API writes it."""
    return {
        "label": line["label"],
        "quantity": line["quantity"],
        "unit": line["unit"],
        "unit_cents": line["rate_cents"],
        "amount": money(line["cents"]),
    }


def shown_band(band: RateBand | None, *, is_estimated: bool) -> dict[str, Any]:
    """Return the band of a rate and what it rests on as the API writes them."""
    fields = band_fields(band, is_estimated=is_estimated)
    return {name: value if name == "rate_basis" else money(value) for name, value in fields.items()}


def shown(seen: Mapping[str, Any], load: Mapping[str, Any], leg: Mapping[str, Any]) -> dict[str, Any]:
    """Return a match's view (`matching.visibility.view`) with its two sides as the API writes it."""
    written: dict[str, Any] = {
        name: instant(value) if isinstance(value, datetime) else value for name, value in seen.items()
    }
    written |= {name: money(seen[name]) for name in MONEY & seen.keys()}
    written |= {name: [shown_line(line) for line in seen[name]] for name in {"sum", "own_sum"} & seen.keys()}
    written["load"] = {name: load[name] for name in LOAD_SUMMARY}
    written["leg"] = {name: leg[name] for name in LEG_SUMMARY}
    return {name: written[name] for name in MatchSerializer._declared_fields if name in written}
