"""Transaction records (49 CFR 371.3) in the API: the broker's own, and a party's logged request."""

from typing import Any, ClassVar

from django_filters import CharFilter, FilterSet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from brokers.api.booking_parts import NamedSerializer
from brokers.api.paper_examples import GIVEN, TRANSACTION
from brokers.booking_queries import booking_for
from brokers.models import Agreement, Booking, CancelReason, ContentionStatus, TransactionRecord
from brokers.papers.record_queries import record_of, records_of
from brokers.papers.record_visibility import record_payload
from brokers.services.record_requests import LONGEST_REASON, ask_for_record, complete_record
from foundation.rest.fields import InstantField, MoneyField, StrictCharField, instant
from foundation.rest.serializers import StrictSerializer
from foundation.rest.views import ResourceViewSet
from foundation.trade import clock

_OF_AN_AGENT = "Only in the record of a broker that acted for a side."


class ConsignorSerializer(serializers.Serializer[Any]):
    """Who shipped."""

    name = serializers.CharField()
    address = serializers.CharField()


class RecordedCarrierSerializer(ConsignorSerializer):
    """Who hauled, with its registration numbers."""

    usdot_number = serializers.CharField()
    mc_number = serializers.CharField()


class RecordedContentionSerializer(serializers.Serializer[Any]):
    """What both sides said of money that hung on one side's word."""

    agreement = serializers.ChoiceField(choices=Agreement.choices)
    claimant = serializers.CharField()
    asked = serializers.CharField()
    reason = serializers.ChoiceField(choices=CancelReason.choices)
    note = serializers.CharField()
    status = serializers.ChoiceField(choices=ContentionStatus.choices)
    made_at = InstantField()
    answered_by = serializers.CharField()
    answer = serializers.CharField()
    withdrawn_by = serializers.CharField()
    withdrawn_because = serializers.CharField()
    closed_at = InstantField(allow_null=True)
    tonu = MoneyField()
    deadhead = MoneyField()


class RecordShownSerializer(serializers.Serializer[Any]):
    """What 49 CFR 371.3(a) asks a broker to keep of a transaction."""

    id = serializers.CharField()
    booking = serializers.CharField()
    broker = NamedSerializer()
    basis = serializers.ChoiceField(choices=TransactionRecord.Basis.choices)
    version = serializers.IntegerField()
    consignor = ConsignorSerializer()
    carrier = RecordedCarrierSerializer()
    freight_bill_number = serializers.CharField()
    charged = MoneyField(allow_null=True)
    carrier_pay = MoneyField(allow_null=True)
    compensation = MoneyField(
        allow_null=True, may_be_negative=True, help_text="null until a broker that acted for a side enters it."
    )
    compensation_paid_by = serializers.CharField()
    other_services = serializers.CharField()
    other_services_compensation = MoneyField()
    other_services_paid_by = serializers.CharField()
    collected = MoneyField(allow_null=True)
    collected_on = serializers.DateField(allow_null=True)
    carrier_paid_on = serializers.DateField(allow_null=True)
    fell_through_at = InstantField(allow_null=True)
    fell_through_because = serializers.ChoiceField(choices=CancelReason.choices, allow_null=True)
    fell_through_for = serializers.CharField(help_text="The side that cancelled.")
    fell_through_note = serializers.CharField()
    contentions = RecordedContentionSerializer(many=True)
    written_at = InstantField()
    updated_at = InstantField()
    keep_until = InstantField()


@extend_schema_serializer(examples=[OpenApiExample("As its broker reads it", TRANSACTION, response_only=True)])
class RecordSerializer(RecordShownSerializer):
    """A broker's own record."""

    always_shown: ClassVar[frozenset[str]] = frozenset(TRANSACTION)

    etag = serializers.CharField()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Once both were paid",
            {
                "freight_bill_number": "PO-7741",
                "collected": {"amount": "2956.78", "currency": "USD"},
                "collected_on": "2026-12-20",
                "carrier_paid_on": "2026-12-18",
            },
            request_only=True,
        )
    ]
)
class RecordEntriesSerializer(StrictSerializer):
    """What the law asks for and a booking does not know; what is left out stays."""

    carrier_address = StrictCharField(required=False, allow_blank=True, help_text="At most 400 characters.")
    freight_bill_number = StrictCharField(required=False, allow_blank=True, help_text="Or that of the bill of lading.")
    compensation = MoneyField(
        required=False, allow_null=True, help_text=f"{_OF_AN_AGENT} Of a sale it follows from the two rates."
    )
    compensation_paid_by = StrictCharField(required=False, allow_blank=True, help_text=_OF_AN_AGENT)
    other_services = StrictCharField(required=False, allow_blank=True, help_text="At most 500 characters.")
    other_services_compensation = MoneyField(required=False, help_text="$0.00 for none.")
    other_services_paid_by = StrictCharField(required=False, allow_blank=True)
    collected = MoneyField(required=False, allow_null=True, help_text="The freight charges that were collected.")
    collected_on = serializers.DateField(required=False, allow_null=True)
    carrier_paid_on = serializers.DateField(required=False, allow_null=True)


_COLUMNS = {
    "compensation": "compensation_cents",
    "other_services_compensation": "other_services_cents",
    "collected": "collected_cents",
}


@extend_schema_serializer(examples=[OpenApiExample("An auditor", {"reason": "Our auditor asks."}, request_only=True)])
class RecordRequestSerializer(StrictSerializer):
    """Why a party asks."""

    reason = StrictCharField(help_text=f"At most {LONGEST_REASON} characters. The broker reads it.")


@extend_schema_serializer(examples=[OpenApiExample("As it was given", GIVEN, response_only=True)])
class GivenRecordSerializer(serializers.Serializer[Any]):
    """The records of a booking as a party's request was given them."""

    always_shown: ClassVar[frozenset[str]] = frozenset(GIVEN)

    id = serializers.CharField()
    booking = serializers.CharField()
    reason = serializers.CharField()
    asked_at = InstantField()
    records = RecordShownSerializer(many=True)
    etag = serializers.CharField()


class RecordFilter(FilterSet):  # type: ignore[misc]
    """What the list can be narrowed by."""

    booking = CharFilter(field_name="booking__public_id", max_length=40, help_text="The booking's id.")


@extend_schema(tags=["transaction records"])
class RecordViewSet(ResourceViewSet):
    """Records that the organization keeps as a broker."""

    scopes = {"list": "bookings:read", "retrieve": "bookings:read", "partial_update": "bookings:write"}
    field_names = {column: name for name, column in _COLUMNS.items()}
    queryset = TransactionRecord.objects.none()
    serializer_class = RecordSerializer
    filterset_class = RecordFilter

    def find(self, public_id: str) -> TransactionRecord:
        """Return a record that the organization keeps."""
        return record_of(self.actor.organization, public_id)

    def represent(self, rows: list[Any]) -> list[dict[str, Any]]:
        """Return records as their broker reads them."""
        return [record_payload(row) for row in rows]

    @extend_schema(summary="List transaction records", description="Those that you keep as a broker, newest first.")
    def list(self, request: Request) -> Response:
        """Answer with a page of records."""
        return self.listed(records_of(self.actor.organization))

    @extend_schema(summary="Show a transaction record")
    def retrieve(self, request: Request, public_id: str) -> Response:
        """Answer with one record."""
        return self.shown(self.one(self.get_object()))

    @extend_schema(
        summary="Complete a transaction record",
        description="Enters or corrects what the booking does not know. Each change is audited with what stood before; "
        "what follows from the booking changes by an amendment of it alone.",
        request=RecordEntriesSerializer,
        responses=RecordSerializer,
    )
    def partial_update(self, request: Request, public_id: str) -> Response:
        """Take what the broker enters."""
        record = self.get_object()
        self.check_if_match(self.one(record))
        entries = {_COLUMNS.get(name, name): value for name, value in self.body(RecordEntriesSerializer).items()}
        complete_record(actor=self.actor, record_id=public_id, version=record.version, entries=entries)
        return self.shown(self.one(self.get_object()))


@extend_schema(tags=["transaction records"])
class BookingRecordViewSet(RecordViewSet):
    """Asking for the record of a booking."""

    scopes = {"create": "bookings:write"}
    requires_idempotency_key = frozenset({"create"})

    def find(self, public_id: str) -> Booking:  # type: ignore[override]
        """Return the booking that the address names."""
        return booking_for(self.actor.organization, public_id, clock.now())

    @extend_schema(
        summary="Ask for the transaction record of a booking",
        description="As its shipper or carrier. Each request is kept, audited and told to the broker with its reason.",
        request=RecordRequestSerializer,
        responses={201: GivenRecordSerializer},
    )
    def create(self, request: Request, public_id: str) -> Response:
        """Log the request and answer with what it was given."""
        reason = self.body(RecordRequestSerializer)["reason"]
        made = ask_for_record(actor=self.actor, booking_id=public_id, reason=reason)
        given = {
            "id": made[0].public_id,
            "booking": public_id,
            "reason": made[0].reason,
            "asked_at": instant(made[0].asked_at),
            "records": [each.given for each in made],
        }
        return self.shown(given, status=201)
