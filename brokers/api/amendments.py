"""Amendments in the API: proposed for a booking, read, accepted, declined and withdrawn by its sides."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from django_filters import CharFilter, FilterSet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from brokers.api.bargain_serializers import OfferChangeSerializer
from brokers.api.bargain_terms import KEPT, GivenTermsSerializer, OfferStopTimeSerializer, terms_from
from brokers.api.booking_parts import NamedSerializer
from brokers.api.paper_examples import AMENDMENT, PROPOSAL
from brokers.booking_queries import booking_for
from brokers.models import Amendment, AmendmentStatus, Booking
from brokers.papers.amending import terms_before
from brokers.papers.amendment_queries import amendment_of, amendments_of
from brokers.papers.amendment_visibility import amendment_payload
from brokers.papers.stop_details import STOP_FIELDS
from brokers.services.amendments import (
    DEFAULT_MINUTES,
    accept_amendment,
    decline_amendment,
    propose_amendment,
    withdraw_amendment,
)
from brokers.terms import BargainTerms, StopTime
from foundation.rest.fields import InstantField, StrictBooleanField, StrictCharField, StrictIntegerField
from foundation.rest.filters import ChoicesFilter
from foundation.rest.serializers import StrictSerializer
from foundation.rest.views import ResourceViewSet, location_of
from foundation.trade import clock
from foundation.trade.errors import FieldProblem, Invalid


class AmendedTermsSerializer(GivenTermsSerializer):
    """Terms that would change; what is left out stays."""

    notes = StrictCharField(required=False, allow_blank=True, help_text=KEPT)


class AmendedStopSerializer(StrictSerializer):
    """What would change at a stop beside its times; what is left out stays. Its town and ZIP stay in any case."""

    sequence = StrictIntegerField(min_value=0, help_text="The stop's place in the load, from 0.")
    facility = StrictCharField(required=False, allow_blank=True)
    address = StrictCharField(required=False, allow_blank=True)
    instructions = StrictCharField(required=False, allow_blank=True)


class AmendedLoadSerializer(StrictSerializer):
    """Fields of the covered load that would change. Equipment, hazmat and places stay: for others cancel the booking
    and agree anew.
    """

    weight_pounds = StrictIntegerField(required=False)
    length_feet = StrictIntegerField(required=False)
    pallets = StrictIntegerField(required=False)
    commodity = StrictCharField(required=False)
    temperature_min_f = StrictIntegerField(required=False, allow_null=True)
    temperature_max_f = StrictIntegerField(required=False, allow_null=True)
    reference = StrictCharField(required=False, allow_blank=True)
    notes = StrictCharField(required=False, allow_blank=True)
    instructions = StrictCharField(required=False, allow_blank=True)
    stops = AmendedStopSerializer(
        many=True,
        required=False,
        help_text="The stops that would change. A change is shown as `stops.<sequence>.<field>`.",
    )


@extend_schema_serializer(examples=[OpenApiExample("More weight, more money", PROPOSAL, request_only=True)])
class ProposalOfChangeSerializer(StrictSerializer):
    """What would change. With a broker between, `carriage` is between broker and carrier, `sale` between shipper and
    broker, and `freight` (the load and its times, no money) needs all three.
    """

    subject = serializers.ChoiceField(choices=Amendment.Subject.choices)
    terms = AmendedTermsSerializer(required=False)
    stop_times = OfferStopTimeSerializer(many=True, required=False, help_text=f"One for each stop of the load. {KEPT}")
    load = AmendedLoadSerializer(required=False)
    reason = StrictCharField(required=False, allow_blank=True)
    version = StrictIntegerField(min_value=1, help_text="The booking's version that you saw: another one is a 412.")
    expires_in_minutes = StrictIntegerField(required=False, help_text=f"{DEFAULT_MINUTES} where it is left out.")
    confirmed = StrictBooleanField(required=False, help_text="true says that a rate that nobody would expect is meant.")


class AcceptedBySerializer(serializers.Serializer[Any]):
    """A side's yes."""

    organization = NamedSerializer()
    accepted_at = InstantField()


@extend_schema_serializer(examples=[OpenApiExample("A change that waits for you", AMENDMENT, response_only=True)])
class AmendmentSerializer(StrictSerializer):
    """A change of a booking that every side it touches has to accept."""

    always_shown: ClassVar[frozenset[str]] = frozenset(AMENDMENT)

    id = serializers.CharField()
    booking = serializers.CharField()
    lane = serializers.CharField()
    subject = serializers.ChoiceField(choices=Amendment.Subject.choices)
    number = serializers.IntegerField()
    status = serializers.ChoiceField(choices=AmendmentStatus.choices)
    version = serializers.IntegerField()
    reason = serializers.CharField()
    proposed_for = NamedSerializer()
    proposed_by = NamedSerializer()
    proposed_at = InstantField()
    expires_at = InstantField()
    closed_at = InstantField(allow_null=True)
    close_reason = serializers.CharField()
    changes = OfferChangeSerializer(many=True)
    accepted_by = AcceptedBySerializer(many=True)
    waits_for = NamedSerializer(many=True)
    waits_for_you = serializers.BooleanField()
    etag = serializers.CharField()


@extend_schema_serializer(examples=[OpenApiExample("As it was seen", {"version": 1}, request_only=True)])
class AmendmentAcceptanceSerializer(StrictSerializer):
    """The version that is accepted."""

    version = StrictIntegerField(min_value=1, help_text="The amendment's version that you saw: another one is a 412.")
    confirmed = StrictBooleanField(required=False, help_text="true says that a rate that nobody would expect is meant.")


@extend_schema_serializer(examples=[OpenApiExample("Too late", {"reason": "Too late for us."}, request_only=True)])
class AmendmentReasonSerializer(StrictSerializer):
    """Why, if that is to be said."""

    reason = StrictCharField(required=False, allow_blank=True, help_text="At most 300 characters.")


class AmendmentFilter(FilterSet):  # type: ignore[misc]
    """What the list can be narrowed by."""

    booking = CharFilter(field_name="booking__public_id", max_length=40, help_text="The booking's id.")
    status = ChoicesFilter(choices=AmendmentStatus.choices)


@extend_schema(tags=["amendments"])
class AmendmentViewSet(ResourceViewSet):
    """Amendments whose sides the organization stands on."""

    scopes = {
        "list": "bookings:read",
        "retrieve": "bookings:read",
        "acceptance": "bookings:write",
        "decline": "bookings:write",
        "withdrawal": "bookings:write",
    }
    requires_idempotency_key = frozenset({"acceptance", "decline", "withdrawal"})
    queryset = Amendment.objects.none()
    serializer_class = AmendmentSerializer
    filterset_class = AmendmentFilter

    def find(self, public_id: str) -> Amendment:
        """Return an amendment that the organization may read."""
        return amendment_of(self.actor.organization, public_id)

    def represent(self, rows: list[Any]) -> list[dict[str, Any]]:
        """Return amendments as the organization reads them."""
        return [amendment_payload(row, self.actor.organization) for row in rows]

    @extend_schema(summary="List amendments", description="Newest first; by booking where one is named.")
    def list(self, request: Request) -> Response:
        """Answer with a page of amendments."""
        return self.listed(amendments_of(self.actor.organization))

    @extend_schema(summary="Show an amendment")
    def retrieve(self, request: Request, public_id: str) -> Response:
        """Answer with one amendment."""
        return self.shown(self.one(self.get_object()))

    @extend_schema(
        summary="Accept an amendment",
        description="With the last side's yes, load, booking, tour and papers change at once, or a 409 says why not. A "
        "rate that nobody would expect is a 422 `needs_confirmation`: send `confirmed` if it is meant.",
        request=AmendmentAcceptanceSerializer,
    )
    def acceptance(self, request: Request, public_id: str) -> Response:
        """Say yes for the organization's side."""
        data = self.body(AmendmentAcceptanceSerializer)
        self.field_names = {"linehaul_cents": "confirmed"}  # type: ignore[misc]
        accepted = accept_amendment(
            actor=self.actor,
            amendment_id=public_id,
            version=data["version"],
            confirmed=data.get("confirmed", False),
        )
        return self.shown(self.one(accepted))

    @extend_schema(summary="Decline an amendment", request=AmendmentReasonSerializer)
    def decline(self, request: Request, public_id: str) -> Response:
        """Say no, which closes it."""
        reason = self.body(AmendmentReasonSerializer).get("reason", "")
        return self.shown(self.one(decline_amendment(actor=self.actor, amendment_id=public_id, reason=reason)))

    @extend_schema(summary="Withdraw an amendment", request=AmendmentReasonSerializer)
    def withdrawal(self, request: Request, public_id: str) -> Response:
        """Take back what the organization proposed."""
        reason = self.body(AmendmentReasonSerializer).get("reason", "")
        return self.shown(self.one(withdraw_amendment(actor=self.actor, amendment_id=public_id, reason=reason)))


@extend_schema(tags=["amendments"])
class BookingAmendmentViewSet(AmendmentViewSet):
    """Proposing a change of a booking."""

    scopes = {"create": "bookings:write"}
    requires_idempotency_key = frozenset({"create"})

    def find(self, public_id: str) -> Booking:  # type: ignore[override]
        """Return the booking that the address names."""
        return booking_for(self.actor.organization, public_id, clock.now())

    @extend_schema(
        summary="Propose an amendment",
        description="Your side says yes by proposing. What the truck cannot do is a 409; its carrier reads why.",
        request=ProposalOfChangeSerializer,
        responses={201: AmendmentSerializer},
    )
    def create(self, request: Request, public_id: str) -> Response:
        """Propose a change for the organization's side."""
        data = self.body(ProposalOfChangeSerializer)
        booking = self.get_object()
        row = propose_amendment(
            actor=self.actor,
            booking_id=public_id,
            subject=data["subject"],
            terms=_terms(booking, data),
            stop_times=tuple(StopTime(**time) for time in data.get("stop_times", ())),
            load_changes=_load_changes(data.get("load", {})),
            reason=data.get("reason", ""),
            booking_version=data["version"],
            expires_in_minutes=data.get("expires_in_minutes", DEFAULT_MINUTES),
            confirmed=data.get("confirmed", False),
        )
        return self.shown(self.one(row), status=201, location=location_of("amendments", row.public_id))


def _load_changes(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of the load that a body gives, those of stops by name. Raises `Invalid` for one named twice."""
    found = {name: value for name, value in given.items() if name != "stops"}
    for index, stop in enumerate(given.get("stops", ())):
        details = {f"stops.{stop['sequence']}.{name}": stop[name] for name in STOP_FIELDS if name in stop}
        if details.keys() & found.keys():
            sentence = "This stop is named twice. Name each stop once."
            raise Invalid([FieldProblem(f"load.stops.{index}.sequence", "named_twice", sentence)])
        found |= details
    return found


def _terms(booking: Booking, data: Mapping[str, Any]) -> BargainTerms | None:
    """Return the whole terms that a body means: what it leaves out stays; None where it says nothing of them."""
    given = data.get("terms")
    if given is None:
        return None
    if data["subject"] == Amendment.Subject.FREIGHT:
        return BargainTerms(linehaul_cents=0)  # refused, whatever it says
    before = terms_before(booking, data["subject"], booking.load)
    given = {"notes": before.notes, **given}
    return replace(terms_from(given, before), stop_times=())
