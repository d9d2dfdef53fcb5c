"""How loads read and are written in the API. Fields that only the owner sees are absent for others."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from foundation.places.fields import PlaceField
from foundation.rest.fields import (
    AttributesField,
    InstantField,
    MoneyField,
    StrictBooleanField,
    StrictCharField,
    StrictIntegerField,
    instant,
    money,
)
from foundation.rest.postings import NewPosting
from foundation.rest.serializers import StrictSerializer
from foundation.trade.accessorials import AccessorialTerms
from foundation.trade.equipment import LOAD_EQUIPMENT_CHOICES
from foundation.trade.posting import Audience, Status
from loads.api import examples
from loads.models import Load, LoadSize, StopKind
from loads.terms import LoadTerms, SaleTerms, StopTerms
from loads.visibility import LOAD_FIELDS, MONEY, STOP_FIELDS, TOWARDS_CARRIERS, Viewer

OWNER_ONLY = "Only the owner sees it."
SELLERS = "Where a broker sells the load, its owner does not see this."


class CompanySerializer(serializers.Serializer[Any]):
    """A company: its id and name."""

    id = serializers.CharField()
    name = serializers.CharField()


class StopSerializer(StrictSerializer):
    """A pickup or delivery with its window. The place's ZIP code and what stands at the stop are the owner's to see."""

    always_shown: ClassVar[frozenset[str]] = (STOP_FIELDS[Viewer.MARKET] - {"city", "state", "zip3"}) | {"place"}

    kind = serializers.ChoiceField(choices=StopKind.choices)
    place = PlaceField()
    time_zone = serializers.CharField(read_only=True, help_text="The IANA zone of the stop.")
    opens_at = InstantField()
    closes_at = InstantField(help_text="The window is half-open: this instant is no longer in it.")
    opens_at_local = serializers.CharField(read_only=True, help_text="Wall time at the stop.")
    closes_at_local = serializers.CharField(read_only=True, help_text="Wall time at the stop.")
    by_appointment = StrictBooleanField(required=False)
    service_minutes = StrictIntegerField(
        required=False, help_text="Time to load or unload, 0 to 720; 120 unless given."
    )
    facility = StrictCharField(required=False, allow_blank=True, help_text=OWNER_ONLY)
    address = StrictCharField(required=False, allow_blank=True, help_text=OWNER_ONLY)
    instructions = StrictCharField(required=False, allow_blank=True, help_text=OWNER_ONLY)


@extend_schema_serializer(
    examples=[
        OpenApiExample("A load to write", examples.EDITED_LOAD, request_only=True),
        OpenApiExample("An own load", examples.OWN_LOAD, response_only=True),
        OpenApiExample("A load on the market", examples.MARKET_LOAD, response_only=True),
        OpenApiExample("An own load that a broker sells", examples.SOLD_LOAD, response_only=True),
        OpenApiExample("A load that you sell", examples.LOAD_TO_SELL, response_only=True),
    ]
)
class LoadSerializer(StrictSerializer):
    """Freight that needs a truck, with its terms and stops."""

    always_shown: ClassVar[frozenset[str]] = LOAD_FIELDS[Viewer.MARKET] - TOWARDS_CARRIERS | {"etag"}

    id = serializers.CharField(read_only=True)
    status = serializers.ChoiceField(choices=Status.choices, read_only=True)
    version = serializers.IntegerField(
        read_only=True,
        help_text="Claims and offers name it as `load_version`. What the owner alone sees changes without a new one.",
    )
    etag = serializers.CharField(read_only=True, help_text="For If-Match.")
    organization = CompanySerializer(
        read_only=True, allow_null=True, help_text="Who sells it; null where it hides its name."
    )
    seller = CompanySerializer(
        read_only=True, required=False, help_text="The broker that sells it for you; absent where you sell it yourself."
    )
    shipper_rate = MoneyField(
        read_only=True, required=False, help_text="What the owner pays the broker that sells it: these two see it."
    )
    external_id = serializers.CharField(read_only=True, help_text=OWNER_ONLY)
    equipment = serializers.ChoiceField(choices=LOAD_EQUIPMENT_CHOICES)
    size = serializers.ChoiceField(choices=LoadSize.choices, required=False)
    attributes = AttributesField(required=False, help_text="What truck and driver must offer.")
    weight_pounds = StrictIntegerField()
    length_feet = StrictIntegerField(required=False, allow_null=True, help_text="null is the whole trailer.")
    pallets = StrictIntegerField(required=False)
    commodity = StrictCharField(allow_blank=True, help_text="At most 80 characters.")
    hazmat_class = StrictCharField(required=False, allow_blank=True, help_text="Such as 3 or 2.1.")
    temperature_min_f = StrictIntegerField(required=False, allow_null=True)
    temperature_max_f = StrictIntegerField(required=False, allow_null=True)
    rate = MoneyField(required=False, allow_null=True, help_text=f"All in; null asks for offers. {SELLERS}")
    book_now = StrictBooleanField(
        required=False, help_text=f"Carriers may book it at once at the rate, which it needs. {SELLERS}"
    )
    reserve = MoneyField(required=False, allow_null=True, help_text=f"The most you would pay. {OWNER_ONLY}")
    free_minutes = StrictIntegerField(required=False, help_text=f"Free waiting time at a stop. {SELLERS}")
    detention_per_hour = MoneyField(required=False, help_text=SELLERS)
    tonu = MoneyField(required=False, help_text=f"Truck ordered, not used. {SELLERS}")
    layover = MoneyField(required=False, help_text=f"A day of waiting overnight. {SELLERS}")
    payment_days = StrictIntegerField(
        required=False, help_text=f"Days until the carrier is paid, 0 to 120; 30 unless given. {SELLERS}"
    )
    audience = serializers.ChoiceField(choices=Audience.choices, required=False, help_text=OWNER_ONLY)
    partners_first_until = InstantField(required=False, allow_null=True, help_text=OWNER_ONLY)
    reference = StrictCharField(required=False, allow_blank=True, help_text=OWNER_ONLY)
    notes = StrictCharField(required=False, allow_blank=True, help_text=OWNER_ONLY)
    private_notes = StrictCharField(required=False, allow_blank=True, help_text=OWNER_ONLY)
    instructions = StrictCharField(required=False, allow_blank=True, help_text=OWNER_ONLY)
    stops = StopSerializer(many=True, help_text="In driving order; from the first pickup to the last delivery.")
    loaded_miles = serializers.FloatField(read_only=True, help_text="Road miles, on ZIP centroids.")
    created_at = InstantField(read_only=True, help_text=OWNER_ONLY)
    updated_at = InstantField(read_only=True, help_text=OWNER_ONLY)
    opened_at = InstantField(read_only=True, allow_null=True)
    confirmed_at = InstantField(read_only=True, allow_null=True)
    expires_at = InstantField(read_only=True, help_text="The owner and its brokers see it.")


@extend_schema_serializer(examples=[OpenApiExample("A new load", examples.NEW_LOAD, request_only=True)])
class NewLoadSerializer(NewPosting, LoadSerializer):
    """A load to post, or to keep as a draft."""


class BulkItemSerializer(serializers.Serializer[Any]):
    """What became of one load."""

    index = serializers.IntegerField()
    status = serializers.IntegerField(help_text="201, 200, or that of the problem.")
    outcome = serializers.ChoiceField(choices=["created", "changed", "unchanged"], required=False)
    load = LoadSerializer(required=False)
    problem = serializers.DictField(required=False, help_text="A problem document.")


class BulkResultSerializer(serializers.Serializer[Any]):
    """A result per item, in order."""

    items = BulkItemSerializer(many=True)


def _stop_terms(data: Mapping[str, Any]) -> StopTerms:
    return StopTerms(**data)


_CENTS = {"rate": "rate_cents", "reserve": "reserve_cents"}
_ACCESSORIALS = {
    "free_minutes": "free_minutes",
    "detention_per_hour": "detention_cents_per_hour",
    "tonu": "tonu_cents",
    "layover": "layover_cents",
}


@extend_schema_serializer(examples=[OpenApiExample("A price", examples.SALE, request_only=True)])
class SaleSerializer(StrictSerializer):
    """The terms towards carriers of a load that you sell; what you leave out stays, but for the rate."""

    rate = MoneyField(required=False, allow_null=True, help_text="All in; null or left out asks for offers.")
    book_now = StrictBooleanField(
        required=False, help_text="Carriers may book it at once at the rate; false if left out."
    )
    free_minutes = StrictIntegerField(required=False)
    detention_per_hour = MoneyField(required=False)
    tonu = MoneyField(required=False)
    layover = MoneyField(required=False)
    payment_days = StrictIntegerField(required=False)


def sale_from(data: Mapping[str, Any], load: Load) -> dict[str, Any]:
    """Return what `price_load` is asked for by a validated body; what it leaves out is the load's."""
    stored = SaleTerms.of(load)
    given = {column: data[name] for name, column in _ACCESSORIALS.items() if name in data}
    return {
        "rate_cents": data.get("rate"),
        "book_now": data.get("book_now", False),
        "accessorials": replace(stored.accessorials, **given),
        "payment_days": data.get("payment_days", stored.payment_days),
    }


def terms_from(data: Mapping[str, Any]) -> LoadTerms:
    """Return the terms that a validated body says; what it leaves out takes its default."""
    fields = {
        _CENTS.get(name, name): value
        for name, value in data.items()
        if name not in _ACCESSORIALS and name not in ("external_id", "draft", "stops")
    }
    accessorials = {column: data[name] for name, column in _ACCESSORIALS.items() if name in data}
    return LoadTerms(
        **fields,
        accessorials=AccessorialTerms(**accessorials),
        stops=tuple(_stop_terms(stop) for stop in data["stops"]),
    )


def _shown_stop(stop: Mapping[str, Any]) -> dict[str, Any]:
    place = {name: stop[name] for name in ("city", "state", "zip", "zip3") if name in stop}
    rest = {name: value for name, value in stop.items() if name not in place}
    return {
        **rest,
        "place": place,
        "opens_at": instant(stop["opens_at"]),
        "closes_at": instant(stop["closes_at"]),
    }


_INSTANTS = frozenset({"opened_at", "confirmed_at", "created_at", "updated_at", "expires_at", "partners_first_until"})


def shown(seen: Mapping[str, Any]) -> dict[str, Any]:
    """Return a load's view (`loads.visibility.view`) as the API writes it; fields come as they are documented."""
    written = dict(seen)
    for name in _INSTANTS & seen.keys():
        written[name] = instant(seen[name])
    for name in MONEY & seen.keys():
        written[name] = money(seen[name])
    written["attributes"] = AttributesField().to_representation(seen["attributes"])
    written["stops"] = [_shown_stop(stop) for stop in seen["stops"]]
    return {name: written[name] for name in LoadSerializer._declared_fields if name in written}
