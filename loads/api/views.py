"""The endpoints of loads."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.accounts.models import Capability
from foundation.rest.errors import bad_parameter
from foundation.rest.postings import BulkSerializer, PostingViewSet
from foundation.rest.serializers import EmptySerializer
from loads import services
from loads.api.examples import BULK_RESULT, NEW_LOAD
from loads.api.filters import NOT_THE_SELLERS, OVER_THE_RATE, OWN_ONLY, LoadFilter
from loads.api.serializers import (
    BulkResultSerializer,
    LoadSerializer,
    NewLoadSerializer,
    SaleSerializer,
    sale_from,
    shown,
    terms_from,
)
from loads.models import Load
from loads.queries import (
    load_by_external_id,
    load_of,
    load_to_sell,
    loads_to_sell,
    market_loads,
    own_load,
    own_loads,
    standing_of,
)
from loads.visibility import view

SCOPE = OpenApiParameter(
    "scope",
    {"type": "string", "enum": ["own", "selling", "market"], "default": "own"},
    description="`own`: your organization's, newest first. `selling`: those that you sell as a broker, newest first. "
    "`market`: those of others that are open and in your sight, last confirmed first.",
)
_MOVED: dict[str, Any] = {"request": EmptySerializer, "responses": LoadSerializer}


@extend_schema(tags=["loads"])
@extend_schema_view(
    list=extend_schema(summary="List loads", parameters=[SCOPE]),
    retrieve=extend_schema(summary="Show a load"),
    create=extend_schema(summary="Post a load", request=NewLoadSerializer, responses={201: LoadSerializer}),
    update=extend_schema(summary="Edit a load"),
    by_external_id=extend_schema(
        summary="Post or edit a load by your own number", responses={200: LoadSerializer, 201: LoadSerializer}
    ),
    withdrawal=extend_schema(summary="Withdraw a load", **_MOVED),
    opening=extend_schema(summary="Open a load", **_MOVED),
    confirmation=extend_schema(summary="Confirm a load", **_MOVED),
    sale=extend_schema(summary="Price a load that you sell", request=SaleSerializer, responses=LoadSerializer),
    return_to_owner=extend_schema(
        summary="Give a load back to its owner", request=EmptySerializer, responses={204: None}
    ),
    bulk=extend_schema(
        summary="Post many loads",
        request=BulkSerializer,
        responses={207: BulkResultSerializer},
        examples=[
            OpenApiExample(
                "Two loads", {"items": [NEW_LOAD, {**NEW_LOAD, "external_id": "TMS-88214"}]}, request_only=True
            ),
            OpenApiExample("One made, one refused", BULK_RESULT, response_only=True, status_codes=["207"]),
        ],
    ),
)
class LoadViewSet(PostingViewSet):
    """Loads: freight that needs a truck."""

    scopes = {
        "list": "loads:read",
        "retrieve": "loads:read",
        "create": "loads:write",
        "update": "loads:write",
        "by_external_id": "loads:write",
        "bulk": "loads:write",
        "withdrawal": "loads:write",
        "opening": "loads:write",
        "confirmation": "loads:write",
        "sale": "loads:write",
        "return_to_owner": "loads:write",
    }
    requires_idempotency_key = PostingViewSet.requires_idempotency_key | {"return_to_owner"}
    if_match_optional = PostingViewSet.if_match_optional | {"return_to_owner"}
    scope_names = "own, selling or market"
    noun = "load"
    queryset = Load.objects.none()
    serializer_class = LoadSerializer
    new_serializer_class = NewLoadSerializer
    filterset_class = LoadFilter
    own_only_filters = OWN_ONLY

    def own_rows(self) -> QuerySet[Load]:
        """Return the own loads; one that a broker sells has no rate of the owner's to be found by."""
        rows = own_loads(self.actor.organization)
        return rows.filter(seller__isnull=True) if OVER_THE_RATE & self.request.query_params.keys() else rows

    def rows_of_scope(self, scope: str) -> QuerySet[Load] | None:
        """Return the loads of others that the organization sells."""
        if scope != "selling":
            return None
        for name in NOT_THE_SELLERS & self.request.query_params.keys():
            raise bad_parameter(name, "own_only", f"{name} narrows your own only; leave it out with scope=selling.")
        return loads_to_sell(self.actor.organization)

    def version_of(self, row: Load) -> int:
        """Return the edition: it counts private edits too."""
        return row.edition

    def market_rows(self) -> QuerySet[Load]:
        """Return others' open loads."""
        return market_loads(self.actor.organization)

    def own_row(self, public_id: str) -> Load:
        """Return an own load."""
        return own_load(self.actor.organization, public_id)

    def row_in_sight(self, public_id: str) -> Load:
        """Return an own load, or an open one in sight."""
        return load_of(self.actor.organization, public_id)

    def row_by_external_id(self, external_id: str) -> Load | None:
        """Return the own load with this number."""
        return load_by_external_id(self.actor.organization, external_id)

    def represent(self, rows: list[Any]) -> list[dict[str, Any]]:
        """Return loads as the organization may see them."""
        standing = standing_of(self.actor.organization)
        return [shown(view(row, standing.of(row))) for row in rows]

    def post_row(self, data: Mapping[str, Any]) -> Load:
        """Post a load."""
        return services.post_load(
            actor=self.actor,
            terms=terms_from(data),
            external_id=data.get("external_id", ""),
            draft=data.get("draft", False),
        )

    def edit_row(self, row: Load, data: Mapping[str, Any]) -> Load:
        """Edit a load."""
        terms = terms_from(data)
        return services.edit_load(actor=self.actor, load_id=row.public_id, version=row.edition, terms=terms)

    def upsert_row(self, external_id: str, data: Mapping[str, Any], version: int | None) -> tuple[Load, str]:
        """Post or edit a load by the organization's own number."""
        return services.upsert_load(actor=self.actor, external_id=external_id, terms=terms_from(data), version=version)

    def move_row(self, verb: str, public_id: str, version: int | None) -> Load:
        """Open, withdraw or confirm a load."""
        match verb:
            case "open":
                return services.open_load(actor=self.actor, load_id=public_id, version=version)
            case "withdraw":
                return services.withdraw_load(actor=self.actor, load_id=public_id, version=version)
        return services.confirm_load(actor=self.actor, load_id=public_id)

    @action(detail=True, methods=["put"])
    def sale(self, request: Request, public_id: str) -> Response:
        """Set your terms towards carriers of a load that you sell. Its owner sees none of them."""
        load = load_to_sell(self.actor.organization, public_id)
        self.check_if_match(self.one(load))
        terms = sale_from(self.body(SaleSerializer), load)
        services.price_load(actor=self.actor, load_id=public_id, version=load.version, **terms)
        return self.shown(self.one(load_to_sell(self.actor.organization, public_id)))

    @action(detail=True, methods=["post"], url_path="return")
    def return_to_owner(self, request: Request, public_id: str) -> Response:
        """Sell a load no longer: its owner's own terms towards carriers return. If-Match may be sent."""
        self.body(EmptySerializer)
        load = load_to_sell(self.actor.organization, public_id)
        given = "If-Match" in request.headers
        if given:
            self.check_if_match(self.one(load))
        services.give_back_load(actor=self.actor, load_id=public_id, version=load.version if given else None)
        return Response(status=204)

    def check_replay_rights(self) -> None:
        """Ask for the right to post again before the answer to a posting is repeated.

        That a load was given back is told also to who does not see it any more: the answer says nothing of it.
        """
        if self.action == "return_to_owner":
            return
        super().check_replay_rights()
        if self.action == "create" and self.request.data.get("draft") is not True:
            self.actor.require_posting(Capability.SHIPS)
