"""How return legs read in the API. Fields that only the owner sees are absent for others."""

from collections.abc import Mapping
from typing import Any, ClassVar

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from carriers.api import examples
from carriers.terms import LegTerms, TripTerms
from carriers.visibility import LEG_FIELDS, Viewer
from foundation.places.fields import PlaceField
from foundation.places.place import Place
from foundation.rest.fields import (
    AttributesField,
    InstantField,
    ReferenceField,
    StrictCharField,
    StrictIntegerField,
)
from foundation.rest.postings import NewPosting
from foundation.rest.serializers import StrictSerializer
from foundation.trade.equipment import TRUCK_EQUIPMENT_CHOICES
from foundation.trade.hours import DutyClock
from foundation.trade.ids import looks_like
from foundation.trade.posting import Audience, Status

OWNER_ONLY = "Only the owner sees it."
USUAL = "What is left out follows the trailer, or the truck."
HOLDS = f"{USUAL} The owner reads what the truck holds in all, others what is free."
LIMIT = "null is no limit."
CLOCK = f"What the driver has left under 49 CFR 395.3; null is unknown. {OWNER_ONLY}"
_CLOCK_FIELDS = ("drive_minutes", "shift_minutes", "break_minutes", "cycle_minutes")


class HomeField(PlaceField):
    """Where the truck must be home: a `Place`, or the public id of a home base given as `{"base": "base_..."}`."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the base's id where one is named, else the place."""
        base = data.get("base") if isinstance(data, Mapping) else None
        found = base.get("id") if isinstance(base, Mapping) else base
        if found is None:
            return super().to_internal_value(data)
        if not isinstance(found, str) or not looks_like("base", found):
            self.fail("not_a_place")
        return found


class HomeFieldExtension(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Describes where home is: a place, or one of the own home bases."""

    target_class = HomeField

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        """Return the schema of a place with a home base beside it."""
        place: dict[str, Any] = auto_schema._map_serializer_field(PlaceField(), direction)
        if direction == "request":
            base = {"type": "string", "pattern": "^base_[0-9a-hjkmnp-tv-z]{26}$"}
            one = {"type": "object", "required": ["base"], "properties": {"base": base}, "additionalProperties": False}
            return {**place, "anyOf": [*place["anyOf"], one]}
        named = {
            "type": ["object", "null"],
            "description": OWNER_ONLY,
            "properties": {"id": {"type": "string"}, "name": {"type": "string"}},
        }
        return {**place, "properties": {**place["properties"], "base": named}}


class CarrierSerializer(serializers.Serializer[Any]):
    """The carrier: its id and name."""

    id = serializers.CharField()
    name = serializers.CharField()


class OnBoardSerializer(serializers.Serializer[Any]):
    """What booked partial loads have taken of a leg that is still open."""

    weight_pounds = serializers.IntegerField()
    length_feet = serializers.IntegerField()
    pallets = serializers.IntegerField()


class PartWaySerializer(serializers.Serializer[Any]):
    """What is free where most is, of a leg with booked partial loads on board; on other stretches it is less."""

    weight_pounds = serializers.IntegerField()
    length_feet = serializers.IntegerField()
    pallets = serializers.IntegerField()


class TripSerializer(StrictSerializer):
    """The headhaul that the leg follows from. It ends where and when the truck empties."""

    id = serializers.CharField(read_only=True)
    departs_at = InstantField()
    empties_at = InstantField(read_only=True)
    reference = StrictCharField(required=False, allow_blank=True)

    def get_fields(self) -> Any:
        """Add `from` and `to`, which are no names in Python."""
        fields = super().get_fields()
        fields["from"] = PlaceField(source="origin")
        fields["to"] = PlaceField(read_only=True)
        return fields


@extend_schema_serializer(
    examples=[
        OpenApiExample("A leg to write", examples.EDITED_LEG, request_only=True),
        OpenApiExample("An own leg", examples.OWN_LEG, response_only=True),
        OpenApiExample("A leg on the market", examples.MARKET_LEG, response_only=True),
    ]
)
class LegSerializer(StrictSerializer):
    """An empty trip home: where and when the truck empties, where and by when it must be home."""

    always_shown: ClassVar[frozenset[str]] = LEG_FIELDS[Viewer.MARKET] | {"etag"}

    id = serializers.CharField(read_only=True)
    status = serializers.ChoiceField(choices=Status.choices, read_only=True)
    version = serializers.IntegerField(read_only=True, help_text="The owner and its brokers see it.")
    etag = serializers.CharField(read_only=True, help_text="For If-Match.")
    organization = CarrierSerializer(read_only=True, allow_null=True, help_text="null where it hides its name.")
    external_id: Any = serializers.CharField(read_only=True, help_text=OWNER_ONLY)
    truck = ReferenceField("trk", help_text=OWNER_ONLY)
    trailer = ReferenceField(
        "trl",
        required=False,
        allow_null=True,
        help_text=f"The truck's usual one unless given; null is none. {OWNER_ONLY}",
    )
    driver = ReferenceField(
        "drv",
        required=False,
        allow_null=True,
        help_text=f"The truck's usual one unless given; null is none. {OWNER_ONLY}",
    )
    trip: Any = TripSerializer(read_only=True, allow_null=True, help_text=OWNER_ONLY)
    empty = PlaceField(help_text="Where the truck empties.")
    ready_at = InstantField(help_text="When it can leave from there.")
    ready_at_local = serializers.CharField(read_only=True, help_text="Wall time there.")
    home = HomeField(required=False, help_text="The truck's home base unless given. Others see the 3-digit ZIP area.")
    home_by = InstantField(help_text="When it must be home.")
    home_by_local = serializers.CharField(read_only=True, help_text=f"Wall time there. {OWNER_ONLY}")
    home_miles = serializers.FloatField(read_only=True, help_text="The empty way home; others see it rounded to 10.")
    equipment = serializers.ChoiceField(choices=TRUCK_EQUIPMENT_CHOICES, required=False, help_text=USUAL)
    attributes = AttributesField(required=False, help_text=USUAL)
    weight_pounds = StrictIntegerField(required=False, help_text=HOLDS)
    length_feet = StrictIntegerField(required=False, help_text=HOLDS)
    pallets = StrictIntegerField(required=False, help_text=HOLDS)
    part_way = PartWaySerializer(
        read_only=True,
        allow_null=True,
        help_text="What is free where most is, while booked loads ride on some stretches; null where it is free all "
        "the way. Weight, length and pallets beside it are free all the way.",
    )
    on_board = OnBoardSerializer(read_only=True, help_text=f"What booked loads have taken of it. {OWNER_ONLY}")
    max_pickup_deadhead_miles = StrictIntegerField(required=False, allow_null=True, help_text=LIMIT)
    max_home_deadhead_miles = StrictIntegerField(required=False, allow_null=True, help_text=LIMIT)
    max_out_of_route_miles = StrictIntegerField(required=False, allow_null=True, help_text=LIMIT)
    drive_minutes_left = StrictIntegerField(required=False, allow_null=True, help_text=CLOCK)
    shift_minutes_left = StrictIntegerField(required=False, allow_null=True, help_text=CLOCK)
    break_minutes_left = StrictIntegerField(required=False, allow_null=True, help_text=CLOCK)
    cycle_minutes_left = StrictIntegerField(required=False, allow_null=True, help_text=CLOCK)
    audience = serializers.ChoiceField(choices=Audience.choices, required=False, help_text=OWNER_ONLY)
    partners_first_until = InstantField(required=False, allow_null=True, help_text=OWNER_ONLY)
    reference = StrictCharField(required=False, allow_blank=True, help_text=OWNER_ONLY)
    notes = StrictCharField(required=False, allow_blank=True, help_text=OWNER_ONLY)
    private_notes = StrictCharField(required=False, allow_blank=True, help_text=OWNER_ONLY)
    created_at = InstantField(read_only=True, help_text=OWNER_ONLY)
    updated_at = InstantField(read_only=True, help_text=OWNER_ONLY)
    opened_at = InstantField(read_only=True, allow_null=True)
    confirmed_at = InstantField(read_only=True, allow_null=True)
    expires_at = InstantField(read_only=True, help_text="The owner and its brokers see it.")


@extend_schema_serializer(examples=[OpenApiExample("A leg after a headhaul", examples.NEW_LEG, request_only=True)])
class NewLegSerializer(NewPosting, LegSerializer):
    """A leg to post, or to keep as a draft; with `trip`, the headhaul is entered with it."""

    trip: Any = TripSerializer(required=False, allow_null=True, help_text="The headhaul, where there is one.")


class BulkLegSerializer(serializers.Serializer[Any]):
    """What became of one leg."""

    index = serializers.IntegerField()
    status = serializers.IntegerField(help_text="201, 200, or that of the problem.")
    outcome = serializers.ChoiceField(choices=["created", "changed", "unchanged"], required=False)
    leg = LegSerializer(required=False)
    problem = serializers.DictField(required=False, help_text="A problem document.")


class BulkLegsSerializer(serializers.Serializer[Any]):
    """A result per item, in order."""

    items = BulkLegSerializer(many=True)


def terms_from(data: Mapping[str, Any]) -> LegTerms:
    """Return the terms that a validated body says; what it leaves out takes its default."""
    beside = ("external_id", "draft", "trip", "home", *(f"{name}_left" for name in _CLOCK_FIELDS))
    fields = {name: value for name, value in data.items() if name not in beside}
    for name in ("trailer", "driver"):
        if name in fields and fields[name] is None:
            fields[name] = ""
    home = data.get("home")
    if isinstance(home, Place):
        fields["home"] = home
    elif home is not None:
        fields["home_base"] = home
    return LegTerms(**fields, clock=DutyClock(**{name: data.get(f"{name}_left") for name in _CLOCK_FIELDS}))


def trip_from(data: Mapping[str, Any]) -> TripTerms | None:
    """Return the headhaul that a validated body says, if there is one."""
    trip = data.get("trip")
    return TripTerms(**trip) if trip else None
