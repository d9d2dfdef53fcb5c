"""Trust in the API: what a seller reads of its carrier, and what a carrier reads of itself."""

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from brokers.api.booking_parts import CARRIER, NamedSerializer
from brokers.booking_queries import booking_of
from brokers.carrier_checks import CarrierChecks, checks_in_booking, checks_in_thread, own_standing
from brokers.thread_queries import thread_of
from foundation.accounts.models import FederalRecord, Organization
from foundation.rest.fields import InstantField, MoneyField, instant, money, named
from foundation.rest.serializers import StrictSerializer
from foundation.rest.views import Endpoint
from foundation.trade import clock

_ETAG = '"1dC7mJk2vQe0XyZa9LwRt5Bp"'
_CHECKS = {
    "carrier": CARRIER,
    "registry": {
        "legal_name": "RUIZ TRUCKING LLC",
        "dba_name": "",
        "usdot_number": "1234567",
        "may_haul": True,
        "insurance": {"amount": "1000000.00", "currency": "USD"},
        "read_at": "2026-11-23T09:00:00Z",
    },
    "flags": [
        "A young company: its authority is 20 days old. Everybody starts once; a call before the pickup does no harm."
    ],
    "can_be_booked": True,
    "is_being_checked": False,
    "sentence": "",
    "why_not_sold": "",
    "etag": _ETAG,
}
_RESULTS = ["flag", "hold", "block"]
_STANDING = {
    "hauls": True,
    "may_claim": True,
    "rules": [
        {
            "rule": "young_authority",
            "result": "flag",
            "sentence": "Your authority is younger than 90 days: the seller is told so.",
        }
    ],
    "etag": _ETAG,
}


class RegistrySerializer(serializers.Serializer[Any]):
    """What the federal registry says of a carrier; public."""

    legal_name = serializers.CharField(allow_blank=True)
    dba_name = serializers.CharField(allow_blank=True)
    usdot_number = serializers.CharField()
    may_haul = serializers.BooleanField(help_text="Whether its authority to haul is active.")
    insurance = MoneyField(allow_null=True, help_text="Liability insurance (BIPD) on file; null for none.")
    read_at = InstantField(allow_null=True, help_text="When the registry said so.")


@extend_schema_serializer(examples=[OpenApiExample("A young company", _CHECKS, response_only=True)])
class CarrierChecksSerializer(StrictSerializer):
    """What was checked about a carrier, for the seller that deals with it."""

    always_shown: ClassVar[frozenset[str]] = frozenset(_CHECKS)

    carrier = NamedSerializer()
    registry = RegistrySerializer(allow_null=True, help_text="null where the registry has not said anything of it.")
    flags = serializers.ListField(
        child=serializers.CharField(), help_text="Worth knowing before you rely on it, in fair words."
    )
    can_be_booked = serializers.BooleanField(
        help_text="false where its federal record or a rule of trust forbids it: the carrier alone reads which. Once "
        "it is booked, nobody asks any more how many claims it makes."
    )
    is_being_checked = serializers.BooleanField(help_text="The federal registry's answer is waited for.")
    sentence = serializers.CharField(allow_blank=True, help_text="What stands in the way; empty where nothing does.")
    why_not_sold = serializers.CharField(
        allow_blank=True, help_text="Why no carrier may book this load; it is not about the carrier."
    )
    etag = serializers.CharField()


class OwnTrustRuleSerializer(serializers.Serializer[Any]):
    """A rule of trust that does not simply pass."""

    rule = serializers.CharField()
    result = serializers.ChoiceField(choices=_RESULTS, help_text="Told to sellers; being checked; or you cannot claim.")
    sentence = serializers.CharField(help_text="What was found, and what mends it.")


@extend_schema_serializer(examples=[OpenApiExample("A young carrier", _STANDING, response_only=True)])
class OwnTrustSerializer(StrictSerializer):
    """What the rules of trust say of your own organization now."""

    always_shown: ClassVar[frozenset[str]] = frozenset(_STANDING)

    hauls = serializers.BooleanField(help_text="No rule is asked about the claims of who does not.")
    may_claim = serializers.BooleanField(help_text="Whether no rule blocks; what a load itself asks for comes on top.")
    rules = OwnTrustRuleSerializer(many=True, help_text="Those that do not pass; empty where claims book at once.")
    etag = serializers.CharField()


class ThreadCarrierView(Endpoint):
    """What is known of the carrier of a negotiation."""

    scopes = {"get": "offers:read"}
    shows_one = frozenset({"get"})

    @extend_schema(
        operation_id="threads_carrier_checks",
        summary="Show what was checked about the carrier of a thread",
        description="For the seller's side, before it accepts: the public record, the flags, and whether something "
        "stands in the way.",
        responses=CarrierChecksSerializer,
        tags=["threads"],
    )
    def get(self, request: Request, public_id: str) -> Response:
        """Answer the checks of a thread's carrier."""
        thread = thread_of(self.actor.organization, public_id)
        return self.shown(_shown(checks_in_thread(self.actor, thread, clock.now())))


class BookingCarrierView(Endpoint):
    """What is known of the carrier of a booking."""

    scopes = {"get": "bookings:read"}
    shows_one = frozenset({"get"})

    @extend_schema(
        operation_id="bookings_carrier_checks",
        summary="Show what was checked about the carrier of a booking",
        description="For its seller: the public record, and the flags of now and of when it was claimed.",
        responses=CarrierChecksSerializer,
        tags=["bookings"],
    )
    def get(self, request: Request, public_id: str) -> Response:
        """Answer the checks of a booking's carrier."""
        viewer = self.actor.organization
        return self.shown(_shown(checks_in_booking(viewer, booking_of(viewer, public_id), clock.now())))


class OwnTrustView(Endpoint):
    """What decides whether the own organization may claim."""

    scopes = {"get": "matches:read"}
    shows_one = frozenset({"get"})

    @extend_schema(
        operation_id="trust",
        summary="Show what decides whether you may claim",
        description="What the rules of trust say of your organization now, and what mends it. Nobody else reads it.",
        responses=OwnTrustSerializer,
        tags=["claims"],
    )
    def get(self, request: Request) -> Response:
        """Answer the own standing."""
        organization = Organization.objects.get(pk=self.actor.organization.pk)
        found = own_standing(organization, clock.now())
        blocked = any(each.result == "block" for each in found)
        rules = [{"rule": each.rule, "result": each.result, "sentence": each.sentence} for each in found]
        standing = {"hauls": organization.hauls, "may_claim": organization.hauls and not blocked, "rules": rules}
        return self.shown(standing)


def _shown(checks: CarrierChecks) -> dict[str, Any]:
    return {
        "carrier": named(checks.carrier),
        "registry": None if checks.record is None else _registry(checks.record),
        "flags": list(checks.flags),
        "can_be_booked": not checks.is_blocked,
        "is_being_checked": checks.is_held,
        "sentence": checks.sentence,
        "why_not_sold": checks.why_not_sold,
    }


def _registry(record: FederalRecord) -> dict[str, Any]:
    return {
        "legal_name": record.legal_name,
        "dba_name": record.dba_name,
        "usdot_number": record.usdot_number,
        "may_haul": record.may_haul,
        "insurance": money(record.bipd_on_file_cents or None),
        "read_at": instant(record.fetched_at),
    }
