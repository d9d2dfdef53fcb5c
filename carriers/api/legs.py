"""The endpoints of return legs."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view

from carriers import services
from carriers.api.examples import BULK_RESULT, NEW_LEG
from carriers.api.leg_filters import OWN_ONLY, LegFilter
from carriers.api.leg_serializers import BulkLegsSerializer, LegSerializer, NewLegSerializer, terms_from, trip_from
from carriers.api.shown import shown_leg
from carriers.models import ReturnLeg
from carriers.queries import leg_by_external_id, leg_of, market_legs, own_leg, own_legs, standing_of
from carriers.visibility import view
from foundation.accounts.models import Capability
from foundation.rest.postings import BulkSerializer, PostingViewSet
from foundation.rest.serializers import EmptySerializer
from foundation.trade.errors import FieldProblem, Invalid

_MOVED: dict[str, Any] = {"request": EmptySerializer, "responses": LegSerializer}


@extend_schema(tags=["legs"])
@extend_schema_view(
    list=extend_schema(summary="List return legs"),
    retrieve=extend_schema(summary="Show a return leg"),
    create=extend_schema(summary="Post a return leg", request=NewLegSerializer, responses={201: LegSerializer}),
    update=extend_schema(summary="Edit a return leg"),
    by_external_id=extend_schema(
        summary="Post or edit a return leg by your own number", responses={200: LegSerializer, 201: LegSerializer}
    ),
    withdrawal=extend_schema(summary="Withdraw a return leg", **_MOVED),
    opening=extend_schema(summary="Open a return leg", **_MOVED),
    confirmation=extend_schema(summary="Confirm a return leg", **_MOVED),
    bulk=extend_schema(
        summary="Post many return legs",
        request=BulkSerializer,
        responses={207: BulkLegsSerializer},
        examples=[
            OpenApiExample("One leg", {"items": [NEW_LEG]}, request_only=True),
            OpenApiExample("One made", BULK_RESULT, response_only=True, status_codes=["207"]),
        ],
    ),
)
class LegViewSet(PostingViewSet):
    """Return legs: empty trips home."""

    scopes = {
        "list": "legs:read",
        "retrieve": "legs:read",
        "create": "legs:write",
        "update": "legs:write",
        "by_external_id": "legs:write",
        "bulk": "legs:write",
        "withdrawal": "legs:write",
        "opening": "legs:write",
        "confirmation": "legs:write",
    }
    noun = "leg"
    field_names = {"home_base": "home/base", "origin": "trip/from", "departs_at": "trip/departs_at"}
    queryset = ReturnLeg.objects.none()
    serializer_class = LegSerializer
    new_serializer_class = NewLegSerializer
    filterset_class = LegFilter
    own_only_filters = OWN_ONLY

    def own_rows(self) -> QuerySet[ReturnLeg]:
        """Return the own legs."""
        return own_legs(self.actor.organization)

    def market_rows(self) -> QuerySet[ReturnLeg]:
        """Return others' open legs."""
        return market_legs(self.actor.organization)

    def own_row(self, public_id: str) -> ReturnLeg:
        """Return an own leg."""
        return own_leg(self.actor.organization, public_id)

    def row_in_sight(self, public_id: str) -> ReturnLeg:
        """Return an own leg, or an open one in sight."""
        return leg_of(self.actor.organization, public_id)

    def row_by_external_id(self, external_id: str) -> ReturnLeg | None:
        """Return the own leg with this number."""
        return leg_by_external_id(self.actor.organization, external_id)

    def represent(self, rows: list[Any]) -> list[dict[str, Any]]:
        """Return legs as the organization may see them."""
        standing = standing_of(self.actor.organization)
        return [shown_leg(view(row, standing.of(row))) for row in rows]

    def post_row(self, data: Mapping[str, Any]) -> ReturnLeg:
        """Post a leg, with its headhaul where one is given."""
        trip = trip_from(data)
        named: dict[str, Any] = {"external_id": data.get("external_id", ""), "draft": data.get("draft", False)}
        if trip is None:
            return services.post_leg(actor=self.actor, terms=terms_from(data), **named)
        return services.post_trip(actor=self.actor, terms=trip, leg=terms_from(data), **named).leg

    def edit_row(self, row: ReturnLeg, data: Mapping[str, Any]) -> ReturnLeg:
        """Edit a leg."""
        terms = terms_from(data)
        return services.edit_leg(actor=self.actor, leg_id=row.public_id, version=row.version, terms=terms)

    def upsert_row(self, external_id: str, data: Mapping[str, Any], version: int | None) -> tuple[ReturnLeg, str]:
        """Post or edit a leg by the organization's own number; a headhaul comes with a new leg only."""
        known = self.row_by_external_id(external_id)
        if data.get("trip") and known is None:
            return self.post_row({**data, "external_id": external_id}), "created"
        if data.get("trip"):
            sentence = "This leg exists already; its headhaul is not changed by it. Leave trip out."
            raise Invalid([FieldProblem("trip", "exists", sentence)])
        return services.upsert_leg(actor=self.actor, external_id=external_id, terms=terms_from(data), version=version)

    def move_row(self, verb: str, public_id: str, version: int | None) -> ReturnLeg:
        """Open, withdraw or confirm a leg."""
        match verb:
            case "open":
                return services.open_leg(actor=self.actor, leg_id=public_id, version=version)
            case "withdraw":
                return services.withdraw_leg(actor=self.actor, leg_id=public_id, version=version)
        return services.confirm_leg(actor=self.actor, leg_id=public_id)

    def check_replay_rights(self) -> None:
        """Ask for the right to post again before the answer to a posting is repeated."""
        super().check_replay_rights()
        if self.action == "create" and self.request.data.get("draft") is not True:
            self.actor.require_posting(Capability.HAULS)
