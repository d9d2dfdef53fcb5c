"""How the fleet and its costs read in the API. All of it is the carrier's own to see."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from carriers.api import examples
from foundation.places.fields import PlaceField
from foundation.rest.fields import (
    AttributesField,
    InstantField,
    MoneyField,
    ReferenceField,
    StrictBooleanField,
    StrictCharField,
    StrictIntegerField,
)
from foundation.rest.serializers import StrictSerializer
from foundation.trade.equipment import TRUCK_EQUIPMENT_CHOICES

USUAL = "What is left out is usual for the equipment."


def _examples(new: dict[str, Any], stored: dict[str, Any]) -> list[OpenApiExample]:
    return [
        OpenApiExample("To write", new, request_only=True),
        OpenApiExample("As stored", stored, response_only=True),
    ]


class UnitSerializer(StrictSerializer):
    """What every unit of the fleet has."""

    id = serializers.CharField(read_only=True)
    version = serializers.IntegerField(read_only=True)
    etag = serializers.CharField(read_only=True, help_text="For If-Match.")
    archived_at = InstantField(read_only=True, allow_null=True)


class CapacitySerializer(UnitSerializer):
    """A unit that carries something."""

    number = StrictCharField(allow_blank=True, help_text="Your unit number, at most 40 characters.")
    equipment = serializers.ChoiceField(choices=TRUCK_EQUIPMENT_CHOICES)
    attributes = AttributesField(required=False, help_text="What it offers.")
    weight_pounds = StrictIntegerField(required=False, help_text=USUAL)
    length_feet = StrictIntegerField(required=False, help_text=USUAL)
    pallets = StrictIntegerField(required=False, help_text=USUAL)


_TRUCK_IN = {name: value for name, value in examples.NEW_TRUCK.items() if name != "external_id"}


@extend_schema_serializer(examples=_examples(_TRUCK_IN, examples.TRUCK))
class TruckSerializer(CapacitySerializer):
    """A truck with what it usually pulls."""

    home_base = ReferenceField("base", required=False, allow_null=True)
    usual_driver = ReferenceField("drv", required=False, allow_null=True)
    usual_trailer = ReferenceField("trl", required=False, allow_null=True)
    external_id: Any = serializers.CharField(read_only=True)


@extend_schema_serializer(examples=_examples(examples.NEW_TRUCK, examples.TRUCK))
class NewTruckSerializer(TruckSerializer):
    """A truck to add."""

    external_id: Any = StrictCharField(required=False, allow_blank=True, help_text="The number in your own system.")


@extend_schema_serializer(examples=_examples(examples.NEW_TRAILER, examples.TRAILER))
class TrailerSerializer(CapacitySerializer):
    """A trailer: what it may carry and how much."""


@extend_schema_serializer(examples=_examples(examples.NEW_DRIVER, examples.DRIVER))
class DriverSerializer(UnitSerializer):
    """Somebody who drives, with a sign-in if wished."""

    name = StrictCharField(allow_blank=True, help_text="At most 120 characters.")
    phone = StrictCharField(required=False, allow_blank=True)
    hazmat_endorsed = StrictBooleanField(required=False)
    person = ReferenceField("person", required=False, allow_null=True, help_text="A member with the role driver.")


@extend_schema_serializer(examples=_examples(examples.NEW_BASE, examples.BASE))
class HomeBaseSerializer(UnitSerializer):
    """A place that trucks come home to."""

    name = StrictCharField(allow_blank=True, help_text="At most 80 characters.")
    place = PlaceField()


@extend_schema_serializer(examples=_examples(examples.NEW_COSTS, examples.COSTS))
class CostsSerializer(StrictSerializer):
    """What a mile and an hour cost from a day on. It is never shown to anybody else."""

    valid_from = serializers.DateField(read_only=True)
    loaded_mile = MoneyField()
    empty_mile = MoneyField()
    hour = MoneyField(help_text="An on-duty hour that is not driving: loading, unloading, waiting.")
    delay_hour = MoneyField(required=False, help_text="An hour late at home; 0 unless given.")
    is_default = serializers.BooleanField(read_only=True, help_text="Whether these are the trade's, not your own.")
    source = serializers.CharField(read_only=True)  # type: ignore[assignment]
    etag = serializers.CharField(read_only=True)
