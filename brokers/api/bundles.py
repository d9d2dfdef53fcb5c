"""Round trips in the API: several loads claimed as one, and the backhauls for the way home of an outbound load."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from brokers.api.booking_parts import DRIVER, LANE, LOAD, RATE, TRUCK
from brokers.api.claims import ClaimSerializer, ClaimViewSet
from brokers.api.vehicle_fields import VehicleFieldsSerializer, vehicle_in
from brokers.booking_queries import load_in_sight, own_booking_of_load
from brokers.bundling import SHOWN, Backhauls, RoundTrip, backhauls_after, backhauls_on
from brokers.models import Booking, ClaimStatus
from brokers.models.claims import LONGEST_BUNDLE
from brokers.services.booking import check_bookable
from brokers.services.bundles import claim_bundle
from brokers.services.claiming import Wanted, claim_terms
from brokers.touring import vehicle_of
from carriers.models import ReturnLeg
from foundation.accounts.models import Capability, Organization
from foundation.rest.errors import bad_parameter
from foundation.rest.fields import InstantField, MoneyField, PublicIdField, StrictIntegerField, instant, money
from foundation.rest.views import Endpoint, location_of
from foundation.trade import clock
from foundation.trade.errors import Conflict

_BACK = "load_06hx2k4a8m0q3v5y7z9c1e2g4s"
_BACK_RATE = {"amount": "900.00", "currency": "USD"}


class WantedSerializer(serializers.Serializer[Any]):
    """A load of a bundle as it was seen."""

    load = PublicIdField("load")
    load_version = StrictIntegerField(required=False, min_value=1, help_text="The version that you saw.")
    rate = MoneyField(help_text="The all-in rate that you saw: another one is a 409.")


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A load out and one home",
            {
                "truck": TRUCK,
                "driver": DRIVER,
                "return_home_by": "2026-11-28T23:00:00Z",
                "loads": [
                    {"load": LOAD, "load_version": 3, "rate": RATE},
                    {"load": _BACK, "load_version": 1, "rate": _BACK_RATE},
                ],
            },
            request_only=True,
        )
    ]
)
class NewBundleSerializer(VehicleFieldsSerializer):
    """Two or three loads in driving order, and with what they are hauled.

    Without `leg` the first one goes out, and the others come home on the leg that it opens; with it all ride on it.
    """

    loads = WantedSerializer(many=True, help_text=f"Two or three; {LONGEST_BUNDLE} at most.")

    def arguments(self) -> dict[str, Any]:
        """Return what `claim_bundle` takes."""
        body: dict[str, Any] = self.validated_data
        loads = [
            Wanted(load_id=each["load"], load_version=each.get("load_version"), rate_cents=each["rate"])
            for each in body["loads"]
        ]
        return {**vehicle_in(body), "loads": loads}


@extend_schema(tags=["claims"])
class BundleViewSet(ClaimViewSet):
    """The collection of claims, where several loads are claimed as one."""

    scopes = {"list": "bookings:read", "create": "bookings:write"}
    buckets = {"create": "claim"}
    requires_idempotency_key = frozenset({"create"})

    @extend_schema(
        summary="Claim a round trip",
        description="Takes two or three loads that are open to claims as one, all of them or none: 201 when all are "
        "booked, 202 while a check of trust repeats and all are reserved for you. A 409 names the load that it speaks "
        "of, and then nothing is booked.",
        request=NewBundleSerializer,
        responses={201: ClaimSerializer, 202: ClaimSerializer},
    )
    def create(self, request: Request) -> Response:
        """Claim a bundle."""
        body = NewBundleSerializer(data=request.data, context={"view": self, "request": request})
        body.is_valid(raise_exception=True)
        claim = claim_bundle(actor=self.actor, **body.arguments())
        status = 202 if claim.status == ClaimStatus.PENDING else 201
        return self.shown(self.one(claim), status=status, location=location_of("claims", claim.public_id))


class BackhaulLoadSerializer(serializers.Serializer[Any]):
    """A backhaul as it stands now."""

    load = serializers.CharField()
    lane = serializers.CharField()
    load_version = serializers.IntegerField()
    rate = MoneyField(allow_null=True, help_text="null where it is open to offers.")


class RoundTripSerializer(serializers.Serializer[Any]):
    """Backhauls in driving order, and what they make of the round trip at your own costs."""

    loads = BackhaulLoadSerializer(many=True)
    own_gain = MoneyField(may_be_negative=True, help_text="Over driving home empty.")
    earns = MoneyField(may_be_negative=True, help_text="The outbound load and the way home together.")
    rate = MoneyField(help_text="Of the backhauls, all in.")
    rate_is_estimated = serializers.BooleanField()
    deadhead_miles = serializers.FloatField()
    empty_miles_saved = serializers.FloatField()
    home_at = InstantField()
    can_book = serializers.BooleanField(help_text="Whether all of them are open to claims and not reserved.")


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A backhaul that pays",
            {
                "load": LOAD,
                "leg": None,
                "empty_at": "2026-11-26T17:10:00Z",
                "home_by": "2026-11-28T23:00:00Z",
                "out_earns": {"amount": "610.40", "currency": "USD"},
                "alone_earns": {"amount": "98.20", "currency": "USD"},
                "count": 4,
                "items": [
                    {
                        "loads": [{"load": _BACK, "lane": LANE, "load_version": 1, "rate": _BACK_RATE}],
                        "own_gain": {"amount": "521.10", "currency": "USD"},
                        "earns": {"amount": "619.30", "currency": "USD"},
                        "rate": _BACK_RATE,
                        "rate_is_estimated": False,
                        "deadhead_miles": 12.4,
                        "empty_miles_saved": 227.0,
                        "home_at": "2026-11-27T22:40:00Z",
                        "can_book": True,
                    }
                ],
            },
            response_only=True,
        )
    ]
)
class BackhaulsSerializer(serializers.Serializer[Any]):
    """What waits for the way home of an outbound load; yours alone, at your own costs."""

    load = serializers.CharField()
    leg = serializers.CharField(
        allow_null=True, help_text="The return leg that your booking opened: claim them with it. null before you book."
    )
    empty_at = InstantField(help_text="When the planned tour out ends.")
    home_by = InstantField()
    out_earns = MoneyField(may_be_negative=True, help_text="The outbound load until the truck is empty.")
    alone_earns = MoneyField(
        allow_null=True, may_be_negative=True, help_text="With the empty run home; null where no road leads there."
    )
    count = serializers.IntegerField(help_text="How many loads beat driving home empty.")
    items = RoundTripSerializer(many=True, help_text=f"The best {SHOWN} round trips.")


_FIELDS: dict[str, serializers.Field[Any, Any, Any, Any]] = {
    "truck": PublicIdField("trk"),
    "driver": PublicIdField("drv"),
    "trailer": PublicIdField("trl"),
    "home_base": PublicIdField("base"),
    "return_home_by": InstantField(),
}


class BackhaulsView(Endpoint):
    """The backhauls for the leg home that an outbound load would open."""

    scopes = {"get": "matches:read"}
    parameters = {"get": frozenset(_FIELDS)}
    refused_with = {"get": (409, 422)}
    buckets = {"get": "search"}

    @extend_schema(
        operation_id="loads_backhauls",
        summary="Show the backhauls for an outbound load",
        description="Before you claim a load with a truck that goes out: what could ride on the leg home that it "
        "would open, and what the round trip earns at your own costs. Nothing is stored or told to anybody. Once you "
        "have booked it: the same for the leg that it opened, and nothing else is asked; a 409 where that is taken.",
        parameters=[
            OpenApiParameter("truck", str, description="The truck that goes out; needed until the load is yours."),
            OpenApiParameter("driver", str, description="The usual one where it is left out."),
            OpenApiParameter("trailer", str, description="The usual one where it is left out."),
            OpenApiParameter("home_base", str, description="Where it goes home to; its own where it is left out."),
            OpenApiParameter("return_home_by", datetime, description="By when it must be home."),
        ],
        responses=BackhaulsSerializer,
        tags=["claims"],
    )
    def get(self, request: Request, public_id: str) -> Response:
        """Answer the best round trips."""
        carrier, now = self.actor.organization, clock.now()
        booking = own_booking_of_load(carrier, public_id)
        if booking is not None:
            _asked(request)
            return Response(_shown(_after(carrier, booking), leg=booking.opened_leg))
        load = load_in_sight(carrier, public_id, now)
        asked = _asked(request)
        if "truck" not in asked:
            raise bad_parameter("truck", "required", "Say with which truck: give its id as truck=trk_….")
        self.actor.require_posting(Capability.HAULS)
        check_bookable(load, carrier=carrier, seller=load.sold_by, now=now)
        claim_terms(load)
        named = {f"{name}_id": asked.get(name, "") for name in ("truck", "driver", "trailer", "home_base")}
        vehicle = vehicle_of(carrier, **named, return_home_by=asked.get("return_home_by"))
        return Response(_shown(backhauls_after(carrier=carrier, load=load, vehicle=vehicle, now=now)))


def _asked(request: Request) -> dict[str, Any]:
    """Return what the parameters say; a 400 names the first that does not read."""
    found = {}
    for name, value in request.query_params.items():
        try:
            found[name] = _FIELDS[name].run_validation(value)
        except ValidationError as error:
            raise bad_parameter(name, "invalid", " ".join(str(each) for each in error.args[0])) from error
    return found


def _after(carrier: Organization, booking: Booking) -> Backhauls:
    """Return what rides home on the leg that a booking opened; raises a 409 where none is open."""
    if booking.opened_leg is None:
        raise Conflict("no_leg_opened", "Your booking of this load opened no return leg, so nothing waits for one.")
    found = backhauls_on(carrier=carrier, booking=booking)
    if found is None:
        raise Conflict(
            "leg_taken", "The return leg that your booking of this load opened is taken, or has left the market."
        )
    return found


def _shown(found: Backhauls, *, leg: ReturnLeg | None = None) -> dict[str, Any]:
    return {
        "load": found.load.public_id,
        "leg": None if leg is None else leg.public_id,
        "empty_at": instant(found.leg.ready_at),
        "home_by": instant(found.leg.home_by),
        "out_earns": money(found.out_cents),
        "alone_earns": money(found.alone_cents),
        "count": found.count,
        "items": [_trip(trip) for trip in found.trips],
    }


def _trip(trip: RoundTrip) -> dict[str, Any]:
    return {
        "loads": [
            {
                "load": load.public_id,
                "lane": load.lane,
                "load_version": load.version,
                "rate": money(load.rate_cents),
            }
            for load in trip.loads
        ],
        "own_gain": money(trip.own_gain_cents),
        "earns": money(trip.earns_cents),
        "rate": money(trip.rate_cents),
        "rate_is_estimated": trip.rate_is_estimated,
        "deadhead_miles": trip.deadhead_miles,
        "empty_miles_saved": trip.empty_miles_saved,
        "home_at": instant(trip.home_at),
        "can_book": trip.can_book,
    }
