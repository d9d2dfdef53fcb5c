"""Claims in the API: take a load as it is posted, and read what became of it."""

from typing import Any, ClassVar

from django_filters import CharFilter, FilterSet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from brokers.api.booking_parts import (
    BOOKING,
    BOTH_SIDES,
    CARRIER,
    CLAIM,
    DRIVER,
    LANE,
    LEG,
    LOAD,
    RATE,
    TRUCK,
    TRUCK_EXAMPLE,
    NamedSerializer,
    UnitSerializer,
)
from brokers.api.vehicle_fields import VehicleFieldsSerializer, vehicle_in
from brokers.booking_queries import claim_of, claims_of, load_in_sight
from brokers.booking_visibility import claim_payload
from brokers.models import Claim, ClaimStatus
from brokers.services.claims import claim_load
from foundation.rest.fields import InstantField, MoneyField, StrictIntegerField
from foundation.rest.filters import ChoicesFilter
from foundation.rest.serializers import StrictSerializer
from foundation.rest.views import ResourceViewSet, location_of
from foundation.trade import clock
from foundation.trade.errors import NotFound

_NEW: dict[str, Any] = {"truck": TRUCK, "leg": LEG, "driver": DRIVER, "load_version": 3, "rate": RATE}
_CLAIMED: dict[str, Any] = {
    "load": LOAD,
    "lane": LANE,
    "load_version": 3,
    "rate": RATE,
    "booking": BOOKING,
    "both_sides_sentence": "",
}
_CLAIM: dict[str, Any] = {
    "id": CLAIM,
    "status": "booked",
    "version": 1,
    "carrier": CARRIER,
    "truck": TRUCK_EXAMPLE,
    "leg": LEG,
    "loads": [_CLAIMED],
    "checks": [],
    "made_at": "2026-11-23T15:04:05Z",
    "held_until": None,
    "closed_at": "2026-11-23T15:04:05Z",
    "outcome": "",
    "etag": '"1dC7mJk2vQe0XyZa9LwRt5Bp"',
}
_PENDING = _CLAIM | {
    "status": "pending",
    "loads": [_CLAIMED | {"booking": None}],
    "checks": [{"rule": "authority", "result": "hold", "sentence": "The federal registry has not answered yet."}],
    "held_until": "2026-11-23T15:14:05Z",
    "closed_at": None,
}


@extend_schema_serializer(
    examples=[
        OpenApiExample("A backhaul on a return leg", _NEW, request_only=True),
        OpenApiExample(
            "A load out, and the way home opens with it",
            {"truck": TRUCK, "return_home_by": "2026-11-28T23:00:00Z", "load_version": 3, "rate": RATE},
            request_only=True,
        ),
    ]
)
class NewClaimSerializer(VehicleFieldsSerializer):
    """With what a load is claimed, and the version and rate that were seen.

    With `leg` it is a backhaul, and the truck may be left out. Without it the truck goes out from where it stands, and
    its leg home opens at the time at which it is empty.
    """

    load_version = StrictIntegerField(required=False, min_value=1, help_text="The version that you saw.")
    rate = MoneyField(help_text="The all-in rate that you saw: another one is a 409.")

    def arguments(self) -> dict[str, Any]:
        """Return what `claim_load` takes."""
        body: dict[str, Any] = self.validated_data
        seen = {"load_version": body.get("load_version"), "rate_cents": body["rate"]}
        return {**vehicle_in(body), **seen}


class ClaimedLoadSerializer(serializers.Serializer[Any]):
    """A load of the claim, at the version and rate that were claimed."""

    load = serializers.CharField()
    lane = serializers.CharField()
    load_version = serializers.IntegerField()
    rate = MoneyField()
    booking = serializers.CharField(allow_null=True, help_text="null until it is booked.")
    both_sides_sentence = serializers.CharField(allow_blank=True, help_text=BOTH_SIDES)


class CheckSerializer(serializers.Serializer[Any]):
    """A rule of trust that held the claim, or forbade it."""

    rule = serializers.CharField()
    result = serializers.CharField()
    sentence = serializers.CharField()


@extend_schema_serializer(
    examples=[
        OpenApiExample("Booked", _CLAIM, response_only=True),
        OpenApiExample("On hold while a check repeats", _PENDING, response_only=True, status_codes=["200", "202"]),
    ]
)
class ClaimSerializer(StrictSerializer):
    """A claim of your organization's. While it is pending the load is reserved, ten minutes at most."""

    always_shown: ClassVar[frozenset[str]] = frozenset(_CLAIM) - {"truck"}

    id = serializers.CharField()
    status = serializers.ChoiceField(choices=ClaimStatus.choices)
    version = serializers.IntegerField()
    carrier = NamedSerializer()
    truck = UnitSerializer(required=False, help_text="Your own truck; a broker that claimed for you does not read it.")
    leg = serializers.CharField(allow_null=True)
    loads = ClaimedLoadSerializer(many=True)
    checks = CheckSerializer(many=True)
    made_at = InstantField()
    held_until = InstantField(allow_null=True)
    closed_at = InstantField(allow_null=True)
    outcome = serializers.CharField(help_text="Why it was released; empty otherwise.")
    etag = serializers.CharField()


class ClaimFilter(FilterSet):  # type: ignore[misc]
    """What the list of claims can be narrowed by."""

    status = ChoicesFilter(choices=ClaimStatus.choices)
    load = CharFilter(field_name="loads__load__public_id", max_length=40, help_text="The load's id.")


@extend_schema(tags=["claims"])
class ClaimViewSet(ResourceViewSet):
    """Claims that the organization made, or that a broker made for it."""

    scopes = {"list": "bookings:read", "retrieve": "bookings:read"}
    queryset = Claim.objects.none()
    serializer_class = ClaimSerializer
    filterset_class = ClaimFilter

    def find(self, public_id: str) -> Claim:
        """Return a claim of the organization's."""
        return claim_of(self.actor.organization, public_id)

    def represent(self, rows: list[Any]) -> list[dict[str, Any]]:
        """Return claims as the organization reads them."""
        return [claim_payload(row, self.actor.organization) for row in rows]

    @extend_schema(summary="List claims", description="Yours, newest first.")
    def list(self, request: Request) -> Response:
        """Answer with a page of claims."""
        return self.listed(claims_of(self.actor.organization))

    @extend_schema(summary="Show a claim")
    def retrieve(self, request: Request, public_id: str) -> Response:
        """Answer with one claim."""
        return self.shown(self.one(self.get_object()))


@extend_schema(tags=["claims"])
class LoadClaimViewSet(ClaimViewSet):
    """Claiming a load."""

    scopes = {"create": "bookings:write"}
    buckets = {"create": "claim"}
    requires_idempotency_key = frozenset({"create"})

    def check_replay_rights(self) -> None:
        """Let a stored answer be replayed to whom the load, or a claim on it, is in sight."""
        viewer, load_id = self.actor.organization, self.kwargs[self.lookup_field]
        try:
            load_in_sight(viewer, load_id, clock.now())
        except NotFound:
            if not claims_of(viewer).filter(loads__load__public_id=load_id).exists():
                raise

    @extend_schema(
        summary="Claim a load",
        description="Takes a load that is open to claims as it is posted: 201 when it is booked, 202 while a check of "
        "trust repeats and the load is reserved for you. Of many who claim at the same moment one is booked; the "
        "others hear 409.",
        request=NewClaimSerializer,
        responses={201: ClaimSerializer, 202: ClaimSerializer},
    )
    def create(self, request: Request, public_id: str) -> Response:
        """Claim a load."""
        body = NewClaimSerializer(data=request.data, context={"view": self, "request": request})
        body.is_valid(raise_exception=True)
        claim = claim_load(actor=self.actor, load_id=public_id, **body.arguments())
        status = 202 if claim.status == ClaimStatus.PENDING else 201
        return self.shown(self.one(claim), status=status, location=location_of("claims", claim.public_id))
