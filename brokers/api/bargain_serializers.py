"""Serializers of threads and their offers."""

from collections.abc import Mapping
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from brokers.api.bargain_examples import (
    ACCEPTANCE,
    COUNTER,
    INVITATION,
    NEW_THREAD,
    OFFER_HELD,
    OFFER_SHOWN,
    TENDER,
    THREAD_SHOWN,
)
from brokers.api.bargain_terms import KEPT, GivenTermsSerializer, OfferStopTimeSerializer, ShownOfferTermsSerializer
from brokers.api.booking_parts import NamedSerializer
from brokers.api.vehicle_fields import VehicleFieldsSerializer
from brokers.bargain_rules import DEFAULT_MINUTES, LONGEST_MINUTES, SHORTEST_MINUTES
from brokers.models import ClaimStatus, OfferStatus, Thread, ThreadOutcome, ThreadStatus
from foundation.rest.fields import (
    InstantField,
    StrictBooleanField,
    StrictCharField,
    StrictIntegerField,
)
from foundation.rest.serializers import StrictSerializer
from loads.models import LoadSize, StopKind

_WINDOWS = (
    "Where a broker sells the load they have to lie within the shipper's windows (`outside_the_window`); in the thread "
    "of a tender leave them out, since a sale keeps those of the posting (`as_posted`)."
)
_ONLY_TAKER = "Only the taker's own people see it."


class OfferTermsSerializer(GivenTermsSerializer):
    """The terms of an offer, with the version of the load that they are for."""

    stop_times = OfferStopTimeSerializer(
        many=True,
        required=False,
        help_text=f"One for each stop of the load. {KEPT} {_WINDOWS}",
    )
    load_version = StrictIntegerField(help_text="The version of the load that you looked at.")
    expires_in_minutes = StrictIntegerField(
        required=False,
        help_text=f"From {SHORTEST_MINUTES} to {LONGEST_MINUTES}; {DEFAULT_MINUTES} where it is left out.",
    )
    confirmed = StrictBooleanField(
        required=False, help_text="true says that a rate of ten times what the lane pays, or a tenth, is meant."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a body with two rates, or with none."""
        if "rate" not in attrs and "linehaul" not in attrs:
            sentence = "Give the all-in rate, or linehaul with a fuel surcharge."
            raise serializers.ValidationError({"rate": serializers.ErrorDetail(sentence, code="required")})
        return super().validate(attrs)


@extend_schema_serializer(
    examples=[
        OpenApiExample("A carrier's first offer", NEW_THREAD, request_only=True),
        OpenApiExample("The seller offers first", INVITATION, request_only=True),
    ]
)
class OpeningSerializer(OfferTermsSerializer, VehicleFieldsSerializer):
    """The first offer of a negotiation, with the truck that it is about."""

    side = serializers.ChoiceField(
        choices=["carrier", "seller"],
        required=False,
        help_text="For whom you offer: the truck's carrier (the default), or the load's seller to a truck in sight.",
    )


@extend_schema_serializer(examples=[OpenApiExample("A tender", TENDER, request_only=True)])
class TenderSerializer(OfferTermsSerializer):
    """What the shipper would pay the broker for the load."""

    stop_times = OfferStopTimeSerializer(
        many=True,
        required=False,
        help_text="Leave them out: a sale keeps the times of the posting, and others are refused (`as_posted`). For "
        "others the shipper edits the load first.",
    )


@extend_schema_serializer(examples=[OpenApiExample("A counter-offer", COUNTER, request_only=True)])
class CounterSerializer(OfferTermsSerializer):
    """An answer to the last offer; `next_terms` of the thread is what it may begin from."""

    on_number = StrictIntegerField(help_text="The number of the last offer that you looked at.")


@extend_schema_serializer(examples=[OpenApiExample("An acceptance", ACCEPTANCE, request_only=True)])
class AcceptanceSerializer(StrictSerializer):
    """What is accepted, as it was seen."""

    number = StrictIntegerField(help_text="The offer's number in its thread.")
    load_version = StrictIntegerField(help_text="The version of the load that you looked at.")
    confirmed = StrictBooleanField(
        required=False, help_text="true says that a rate of ten times what the lane pays, or a tenth, is meant."
    )


@extend_schema_serializer(examples=[OpenApiExample("Too dear", {"reason": "Too dear"}, request_only=True)])
class DeclineSerializer(StrictSerializer):
    """Why an offer is declined, if that is to be said."""

    reason = StrictCharField(required=False, allow_blank=True, help_text="At most 200 characters, for both to read.")


class ThreadPartySerializer(NamedSerializer):
    """A side of a thread, with its business contact."""

    is_you = serializers.BooleanField()
    contact_name = serializers.CharField()
    contact_phone = serializers.CharField()
    contact_email = serializers.CharField()


class NextTermsSerializer(ShownOfferTermsSerializer):
    """What the next offer may begin from, with what it has to name."""

    on_number = serializers.IntegerField()
    load_version = serializers.IntegerField()


class OfferChangeSerializer(serializers.Serializer[Any]):
    """A field that differs from the offer before; a stop's time is `stop_times.<sequence>`."""

    field = serializers.CharField()
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)


class HoldSerializer(serializers.Serializer[Any]):
    """What became of an acceptance that waits, or waited, for a check of the carrier."""

    status = serializers.ChoiceField(choices=[ClaimStatus.PENDING.value, ClaimStatus.RELEASED.value])
    accepted_for = NamedSerializer(help_text="The side that accepted.")
    accepted_at = InstantField()
    held_until = InstantField(help_text="The load is reserved until then at the latest.")
    closed_at = InstantField(allow_null=True)
    sentence = serializers.CharField(help_text="What your side reads of it; what was found is told to the carrier's.")


class OfferInThreadSerializer(ShownOfferTermsSerializer):
    """One offer of a thread; its terms never change."""

    id = serializers.CharField()
    thread = serializers.CharField()
    kind = serializers.ChoiceField(choices=Thread.Kind.choices)
    load = serializers.CharField()
    lane = serializers.CharField(allow_blank=True)
    number = serializers.IntegerField(help_text="Counts from 1 in its thread: what an acceptance names.")
    load_version = serializers.IntegerField()
    status = serializers.ChoiceField(choices=OfferStatus.choices)
    version = serializers.IntegerField()
    made_for = NamedSerializer(help_text="The side that it binds.")
    made_by = NamedSerializer(help_text="The side itself, or the broker that represents it.")
    made_by_person = serializers.CharField(allow_null=True, help_text="For colleagues only.")
    is_yours = serializers.BooleanField()
    represents_both_sides = serializers.BooleanField(help_text="Somebody may act for both sides.")
    changes = OfferChangeSerializer(many=True)
    made_at = InstantField()
    expires_at = InstantField()
    closed_at = InstantField(allow_null=True)
    closed_for = NamedSerializer(
        allow_null=True,
        help_text="The side that answered it or took it back; null where nobody did.",
    )
    closed_by = NamedSerializer(allow_null=True, help_text="That side itself, or the broker that represents it.")
    reason = serializers.CharField(allow_blank=True)
    booking = serializers.CharField(allow_null=True, help_text="What became of an accepted offer of carriage.")
    hold = HoldSerializer(allow_null=True, help_text="While it is held, and why it was not booked; null otherwise.")


@extend_schema_serializer(
    examples=[
        OpenApiExample("A counter-offer", OFFER_SHOWN, response_only=True),
        OpenApiExample("Accepted, on hold", OFFER_HELD, response_only=True, status_codes=["200", "202"]),
    ]
)
class OfferSerializer(OfferInThreadSerializer):
    """An offer."""

    always_shown: ClassVar[frozenset[str]] = frozenset(OFFER_SHOWN)

    etag = serializers.CharField()


class ThreadStopSerializer(serializers.Serializer[Any]):
    """A stop of the load as the market sees it."""

    sequence = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=StopKind.choices)
    city = serializers.CharField()
    state = serializers.CharField()
    zip3 = serializers.CharField()
    time_zone = serializers.CharField()
    opens_at = InstantField()
    closes_at = InstantField()
    by_appointment = serializers.BooleanField()


class ThreadLoadSerializer(serializers.Serializer[Any]):
    """The load; one that has changed since the thread ended says its id only."""

    id = serializers.CharField()
    is_open = serializers.BooleanField(required=False)
    version = serializers.IntegerField(required=False)
    equipment = serializers.CharField(required=False)
    size = serializers.ChoiceField(choices=LoadSize.choices, required=False)
    weight_pounds = serializers.IntegerField(required=False)
    commodity = serializers.CharField(required=False)
    loaded_miles = serializers.FloatField(required=False)
    stops = ThreadStopSerializer(many=True, required=False)


class ThreadUnitSerializer(serializers.Serializer[Any]):
    """A trailer, driver or home base of the taker."""

    id = serializers.CharField()
    number = serializers.CharField(required=False)
    name = serializers.CharField(required=False)


class ThreadTruckSerializer(serializers.Serializer[Any]):
    """The truck: what it carries, and for the taker's own people which one it is."""

    equipment = serializers.CharField()
    weight_pounds = serializers.IntegerField()
    length_feet = serializers.IntegerField()
    pallets = serializers.IntegerField()
    id = serializers.CharField(required=False, help_text=_ONLY_TAKER)
    number = serializers.CharField(required=False, help_text=_ONLY_TAKER)
    trailer = ThreadUnitSerializer(required=False, allow_null=True, help_text=_ONLY_TAKER)
    driver = ThreadUnitSerializer(required=False, allow_null=True, help_text=_ONLY_TAKER)
    home_base = ThreadUnitSerializer(required=False, allow_null=True, help_text=_ONLY_TAKER)
    return_home_by = InstantField(required=False, allow_null=True, help_text=_ONLY_TAKER)


@extend_schema_serializer(examples=[OpenApiExample("As the carrier reads it", THREAD_SHOWN, response_only=True)])
class ThreadSerializer(StrictSerializer):
    """A negotiation over a load: carriage between its seller and a carrier, or a tender of its sale to a broker."""

    always_shown: ClassVar[frozenset[str]] = frozenset(THREAD_SHOWN)

    id = serializers.CharField()
    kind = serializers.ChoiceField(choices=Thread.Kind.choices)
    status = serializers.ChoiceField(choices=ThreadStatus.choices)
    version = serializers.IntegerField()
    load = ThreadLoadSerializer()
    lane = serializers.CharField(allow_blank=True)
    seller = ThreadPartySerializer()
    taker = ThreadPartySerializer()
    your_side = serializers.ChoiceField(choices=["seller", "taker", "both"])
    represents_both_sides = serializers.BooleanField(help_text="Somebody may act for both sides.")
    both_sides_sentence = serializers.CharField(allow_blank=True)
    truck = ThreadTruckSerializer(allow_null=True, help_text="null in a tender.")
    leg = serializers.CharField(allow_null=True)
    opened_at = InstantField()
    moved_at = InstantField()
    closed_at = InstantField(allow_null=True)
    outcome = serializers.ChoiceField(choices=ThreadOutcome.choices, allow_null=True)
    outcome_sentence = serializers.CharField(allow_blank=True)
    live_offer = serializers.CharField(allow_null=True)
    held_offer = serializers.CharField(allow_null=True, help_text="Accepted, and waiting for a check of the carrier.")
    waits_for_you = serializers.BooleanField()
    counters_left = serializers.IntegerField()
    offers = OfferInThreadSerializer(many=True)
    next_terms = NextTermsSerializer(allow_null=True, help_text="null once it is over.")
    etag = serializers.CharField()


def manner_from(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a body says beside the terms: version, time and confirmation."""
    return {
        "load_version": data["load_version"],
        "expires_in_minutes": data.get("expires_in_minutes", DEFAULT_MINUTES),
        "confirmed": data.get("confirmed", False),
    }
