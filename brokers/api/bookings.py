"""Bookings in the API: read by their parties, cancelled by either side."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django_filters import CharFilter, FilterSet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from brokers import booking_visibility as seen
from brokers.api.bargain_terms import TermsSerializer
from brokers.api.booking_parts import (
    BOOKING,
    BOTH_SIDES,
    CARRIER,
    LANE,
    LEG,
    LOAD,
    RATE,
    SHIPPER,
    STOP,
    TOUR,
    TRUCK_EXAMPLE,
    AgreedStopSerializer,
    ContactSerializer,
    ContentionPartSerializer,
    NamedSerializer,
    OwedSerializer,
    UnitSerializer,
)
from brokers.booking_queries import bookings_of
from brokers.booking_readers import booking_read_by, payload_read_by
from brokers.models import Booking, BookingStatus, CancelReason
from brokers.paying import SHOWN_FOR
from brokers.services.cancelling import LONGEST_NOTE, cancel_booking
from foundation.accounts.models import PaymentKind
from foundation.rest.actors import actor_of
from foundation.rest.fields import InstantField, MoneyField, StrictCharField, StrictIntegerField
from foundation.rest.filters import ChoicesFilter
from foundation.rest.serializers import StrictSerializer
from foundation.rest.views import ResourceViewSet
from foundation.trade import clock

_CONTACT = {
    "contact_name": "Ana Ruiz",
    "phone": "312-555-0143",
    "email": "dispatch@ruiz.example",
    "usdot_number": "1234567",
    "mc_number": "",
}
_TERMS: dict[str, Any] = {
    "linehaul": RATE,
    "fuel_surcharge": {"amount": "0.00", "currency": "USD"},
    "free_minutes": 120,
    "detention_per_hour": {"amount": "60.00", "currency": "USD"},
    "tonu": {"amount": "250.00", "currency": "USD"},
    "layover": {"amount": "300.00", "currency": "USD"},
    "payment_days": 30,
    "notes": "",
}
_ANYBODYS: dict[str, Any] = {
    "id": BOOKING,
    "role": "carrier",
    "status": "booked",
    "version": 1,
    "load": LOAD,
    "lane": LANE,
    "seller": SHIPPER["id"],
    "carrier": CARRIER,
    "shipper": SHIPPER,
    "rate": RATE,
    "both_sides_sentence": "",
    "booked_at": "2026-11-23T15:04:05Z",
    "cancelled_at": None,
    "cancel_reason": None,
    "cancelled_for": None,
    "contacts": {"carrier": CARRIER | _CONTACT, "seller": SHIPPER | _CONTACT, "shipper": SHIPPER | _CONTACT},
    "driver": {"name": "Lou Park", "phone": "312-555-0155"},
    "truck_number": "12",
    "trailer_number": "T-40",
    "reference": "PO 88213",
    "instructions": "",
    "commodity": "Paper products",
    "weight_pounds": 38_000,
    "length_feet": 53,
    "pallets": 22,
    "loaded_miles": 967.0,
    "cancel_note": "",
    "contentions": [],
    "stops": [STOP, STOP | {"sequence": 1, "kind": "delivery", "city": "Dallas", "state": "TX", "zip": "75201"}],
    "etag": '"1dC7mJk2vQe0XyZa9LwRt5Bp"',
}
_BOOKING = _ANYBODYS | {
    "load_version": 3,
    "owed": None,
    "pays_to": {
        "kind": "bank",
        "name": "Ruiz Trucking LLC",
        "last_four": "6789",
        "since": "2026-03-02T15:04:05Z",
        "changed_since_booked": False,
    },
    "terms": _TERMS,
    "tour": TOUR,
    "truck": TRUCK_EXAMPLE,
    "leg": LEG,
    "opened_leg": None,
}
_SELLERS = "Seller and carrier only."
_CARRIERS = "Only the carrier sees it."


class BookedDriverSerializer(serializers.Serializer[Any]):
    """Who drives."""

    name = serializers.CharField()
    phone = serializers.CharField()


class PaysToSerializer(serializers.Serializer[Any]):
    """Where the carrier is paid now: no number but its end, empty for a factoring company."""

    kind = serializers.ChoiceField(choices=PaymentKind.choices)
    name = serializers.CharField()
    last_four = serializers.CharField()
    since = InstantField()
    changed_since_booked = serializers.BooleanField(help_text="Call a number that you knew before, then pay.")


class ContactsSerializer(serializers.Serializer[Any]):
    """The parties' business contacts; the seller may be the shipper."""

    carrier = ContactSerializer()
    seller = ContactSerializer()
    shipper = ContactSerializer()


@extend_schema_serializer(examples=[OpenApiExample("As the carrier reads it", _BOOKING, response_only=True)])
class BookingSerializer(StrictSerializer):
    """A load that a carrier hauls on agreed terms. Each party reads its own rate."""

    always_shown: ClassVar[frozenset[str]] = frozenset(_ANYBODYS)

    id = serializers.CharField()
    role = serializers.ChoiceField(choices=[(each, each) for each in (seen.CARRIER, seen.SHIPPER, seen.BROKER)])
    status = serializers.ChoiceField(choices=BookingStatus.choices)
    version = serializers.IntegerField()
    load = serializers.CharField()
    lane = serializers.CharField()
    seller = serializers.CharField(help_text="The organization that sold the load to the carrier.")
    carrier = NamedSerializer()
    shipper = NamedSerializer()
    rate = MoneyField(help_text="What the carrier is paid; to the shipper of a brokered load what it pays.")
    both_sides_sentence = serializers.CharField(allow_blank=True, help_text=BOTH_SIDES)
    booked_at = InstantField()
    cancelled_at = InstantField(allow_null=True)
    cancel_reason = serializers.ChoiceField(choices=CancelReason.choices, allow_null=True)
    cancelled_for = serializers.CharField(allow_null=True, help_text="The side that cancelled.")
    cancel_note = serializers.CharField()
    contentions = ContentionPartSerializer(
        many=True, help_text="Money of the cancellation that hangs on your word, or on that of another party to you."
    )
    contacts = ContactsSerializer()
    driver = BookedDriverSerializer(allow_null=True)
    truck_number = serializers.CharField()
    trailer_number = serializers.CharField(allow_null=True)
    reference = serializers.CharField()
    instructions = serializers.CharField()
    commodity = serializers.CharField()
    weight_pounds = serializers.IntegerField()
    length_feet = serializers.IntegerField()
    pallets = serializers.IntegerField()
    loaded_miles = serializers.FloatField()
    stops = AgreedStopSerializer(many=True)
    load_version = serializers.IntegerField(help_text=f"The version of the load that both accepted. {_SELLERS}")
    owed = OwedSerializer(allow_null=True, help_text=f"null where nobody owes anything. {_SELLERS}")
    pays_to = PaysToSerializer(
        allow_null=True,
        help_text="Where the carrier is paid; null where it has not said so, and once nothing is to be paid: of a "
        f"cancellation that left nothing owed to it, and {SHOWN_FOR.days} days after the last delivery window. "
        f"{_SELLERS}",
    )
    terms = TermsSerializer(help_text=_SELLERS)
    shipper_rate = MoneyField(help_text="What the shipper pays. Only the broker that sold the load sees it.")
    margin = MoneyField(
        may_be_negative=True,
        help_text="What the broker keeps, for shipper and carrier; left out unless it shows its margin openly.",
    )
    tour = serializers.CharField(help_text=_CARRIERS)
    truck = UnitSerializer(help_text=_CARRIERS)
    leg = serializers.CharField(allow_null=True, help_text=f"The return leg that it was booked on. {_CARRIERS}")
    opened_leg = serializers.CharField(
        allow_null=True, help_text=f"The return leg that opened with an outbound booking. {_CARRIERS}"
    )
    acting_for = NamedSerializer(
        help_text="The side that you read it for, where you are a broker that acts for it; left out for its parties."
    )
    etag = serializers.CharField()


@extend_schema_serializer(
    examples=[
        OpenApiExample("A truck broke down", {"reason": "truck_broke_down", "version": 1, "note": "Gear box."},
                       request_only=True)
    ]
)  # fmt: skip
class CancellationSerializer(StrictSerializer):
    """Why a booking falls through, and the version of it that was looked at."""

    reason = serializers.ChoiceField(choices=CancelReason.choices)
    version = StrictIntegerField(min_value=1, help_text="The booking's version that you saw: another one is a 412.")
    note = StrictCharField(required=False, allow_blank=True, help_text=f"At most {LONGEST_NOTE} characters.")


class BookingFilter(FilterSet):  # type: ignore[misc]
    """What the list of bookings can be narrowed by."""

    status = ChoicesFilter(choices=BookingStatus.choices)
    load = CharFilter(field_name="load__public_id", max_length=40, help_text="The load's id.")
    role = ChoicesFilter(
        choices=[(each, each) for each in (seen.CARRIER, seen.SHIPPER, seen.BROKER)],
        method="filter_role",
        help_text="What you are in it.",
    )

    def filter_role(self, rows: QuerySet[Booking], name: str, value: Any) -> QuerySet[Booking]:
        """Keep the bookings in which the asker has one of these roles."""
        viewer = actor_of(self.request).organization
        columns = {seen.CARRIER: "carrier", seen.SHIPPER: "shipper", seen.BROKER: "seller"}
        found = rows.none()
        for role in value:
            mine = rows.filter(**{columns[role]: viewer})
            if role == seen.BROKER:
                mine = mine.exclude(shipper=viewer)
            found = found | mine
        return found


@extend_schema(tags=["bookings"])
class BookingViewSet(ResourceViewSet):
    """Bookings of which the organization is a party."""

    scopes = {"list": "bookings:read", "retrieve": "bookings:read", "cancellation": "bookings:write"}
    buckets = {"cancellation": "claim"}
    requires_idempotency_key = frozenset({"cancellation"})
    if_match_optional = frozenset({"cancellation"})
    queryset = Booking.objects.none()
    serializer_class = BookingSerializer
    filterset_class = BookingFilter

    def find(self, public_id: str) -> Booking:
        """Return a booking of which the organization is a party, or a side of which lets it act."""
        booking, _ = booking_read_by(self.actor.organization, public_id, clock.now())
        return booking

    def represent(self, rows: list[Any]) -> list[dict[str, Any]]:
        """Return bookings as the organization reads them."""
        now = clock.now()
        return [payload_read_by(self.actor.organization, row, now) for row in rows]

    @extend_schema(summary="List bookings", description="Those of which you are a party, newest first.")
    def list(self, request: Request) -> Response:
        """Answer with a page of bookings."""
        return self.listed(bookings_of(self.actor.organization))

    @extend_schema(
        summary="Show a booking",
        description="To its parties, and to a broker that may cancel for the carrier or the seller: it reads what that "
        "side reads, named in `acting_for`, save for the tour and the planned times.",
    )
    def retrieve(self, request: Request, public_id: str) -> Response:
        """Answer with one booking."""
        return self.shown(self.one(self.get_object()))

    @extend_schema(
        summary="Cancel a booking",
        description="By either side, with a reason. What is owed by the clock stands in the answer, and in "
        "`contentions` what hangs on your word, which the other side is asked about; load and return leg go back to "
        "the market. If-Match may be sent.",
        request=CancellationSerializer,
    )
    def cancellation(self, request: Request, public_id: str) -> Response:
        """Cancel a booking."""
        body = self.body(CancellationSerializer)
        self.check_if_match(self.one(self.get_object()), required=False)
        cancelled = cancel_booking(
            actor=self.actor,
            booking_id=public_id,
            version=body["version"],
            reason=body["reason"],
            note=body.get("note", ""),
        )
        return self.shown(self.one(self.find(cancelled.public_id)))
