"""Serializers of the terms of a bargain: as a body gives them, and as they stand in an offer or a booking."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rest_framework import serializers

from brokers.terms import BargainTerms, StopTime
from foundation.rest.fields import InstantField, MoneyField, StrictBooleanField, StrictCharField, StrictIntegerField
from foundation.rest.serializers import StrictSerializer

KEPT = "Left out, it stays as it was."
_IN_CENTS = {
    "linehaul": "linehaul_cents",
    "fuel_surcharge": "fuel_surcharge_cents",
    "detention_per_hour": "detention_cents_per_hour",
    "tonu": "tonu_cents",
    "layover": "layover_cents",
}


class OfferStopTimeSerializer(StrictSerializer):
    """When a stop is to be served."""

    sequence = StrictIntegerField(min_value=0, help_text="The stop's place in the load, from 0.")
    opens_at = InstantField()
    closes_at = InstantField()
    by_appointment = StrictBooleanField(required=False)


class GivenTermsSerializer(StrictSerializer):
    """Terms that a body gives: the all-in `rate`, or `linehaul` and `fuel_surcharge`."""

    rate = MoneyField(
        required=False, help_text="All in: it leaves no fuel surcharge. Give this, or linehaul and fuel surcharge."
    )
    linehaul = MoneyField(required=False)
    fuel_surcharge = MoneyField(required=False, help_text=f"{KEPT} With `rate` it is $0.00.")
    free_minutes = StrictIntegerField(required=False, help_text=KEPT)
    detention_per_hour = MoneyField(required=False, help_text=KEPT)
    tonu = MoneyField(required=False, help_text=KEPT)
    layover = MoneyField(required=False, help_text=KEPT)
    payment_days = StrictIntegerField(required=False, help_text=KEPT)
    notes = StrictCharField(required=False, allow_blank=True, help_text="For both sides to read.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse two rates."""
        if "rate" in attrs and ("linehaul" in attrs or "fuel_surcharge" in attrs):
            sentence = "Give the all-in rate, or linehaul and fuel surcharge, not both."
            raise serializers.ValidationError({"rate": serializers.ErrorDetail(sentence, code="two_rates")})
        return attrs


class TermsSerializer(serializers.Serializer[Any]):
    """What seller and carrier agreed; the rate is linehaul and fuel surcharge together."""

    linehaul = MoneyField()
    fuel_surcharge = MoneyField()
    free_minutes = serializers.IntegerField()
    detention_per_hour = MoneyField()
    tonu = MoneyField()
    layover = MoneyField(help_text="A day.")
    payment_days = serializers.IntegerField()
    notes = serializers.CharField(allow_blank=True)


class ShownOfferTimeSerializer(serializers.Serializer[Any]):
    """When a stop is to be served; with local times while the load's stops are those of the offer."""

    sequence = serializers.IntegerField()
    opens_at = InstantField()
    closes_at = InstantField()
    by_appointment = serializers.BooleanField()
    time_zone = serializers.CharField(required=False)
    opens_at_local = serializers.CharField(required=False)
    closes_at_local = serializers.CharField(required=False)


class ShownOfferTermsSerializer(TermsSerializer):
    """Terms as they stand on the table."""

    rate = MoneyField(help_text="All in: linehaul and fuel surcharge.")
    stop_times = ShownOfferTimeSerializer(many=True)


def terms_from(data: Mapping[str, Any], base: BargainTerms) -> BargainTerms:
    """Return the terms that a validated body gives; what it leaves out is as in `base`, but for the note.

    `rate` is all in, and so leaves no fuel surcharge; a linehaul alone leaves the surcharge as it was.
    """
    changes: dict[str, Any] = {_IN_CENTS[name]: data[name] for name in _IN_CENTS if name in data}
    if "rate" in data:
        changes |= {"linehaul_cents": data["rate"], "fuel_surcharge_cents": 0}
    changes |= {name: data[name] for name in ("free_minutes", "payment_days") if name in data}
    if "stop_times" in data:
        changes["stop_times"] = tuple(StopTime(**time) for time in data["stop_times"])
    return replace(base, notes=data.get("notes", ""), **changes)
