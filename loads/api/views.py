"""The endpoints of loads."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.accounts.models import Capability
from foundation.rest.errors import ErrorItem, bad_parameter
from foundation.rest.etags import with_etag
from foundation.rest.problems import problem_of, request_id_of
from foundation.rest.serializers import EmptySerializer
from foundation.rest.views import ResourceViewSet
from foundation.trade import clock
from loads import services
from loads.api.filters import OWN_ONLY, LoadFilter
from loads.api.serializers import (
    BulkResultSerializer,
    BulkSerializer,
    LoadSerializer,
    NewLoadSerializer,
    shown,
    terms_from,
)
from loads.models import Load
from loads.queries import load_by_external_id, load_of, market_loads, own_load, own_loads, standing_of
from loads.visibility import Viewer, view

SCOPE = OpenApiParameter(
    "scope",
    {"type": "string", "enum": ["own", "market"], "default": "own"},
    description="`own`: the loads of your organization, newest first. `market`: open loads of others in your sight, "
    "last confirmed first.",
)


@extend_schema(tags=["loads"])
class LoadViewSet(ResourceViewSet):
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
    }
    parameters = {"list": frozenset({"scope"})}
    buckets = {"list": "search", "bulk": "bulk"}
    if_match_optional = frozenset({"by_external_id"})
    field_names = {"attributes": "attributes"}
    queryset = Load.objects.none()
    serializer_class = LoadSerializer
    filterset_class = LoadFilter

    def base_path(self) -> str:
        """Return the collection's path."""
        return "/api/v1/loads"

    def find(self, public_id: str) -> Load:
        """Return a load: to read, one in sight; to change, an own one."""
        organization = self.actor.organization
        if self.request.method in ("GET", "HEAD"):
            return load_of(organization, public_id)
        return own_load(organization, public_id)

    def represent(self, rows: list[Any]) -> list[dict[str, Any]]:
        """Return loads as the organization may see them."""
        standing = standing_of(self.actor.organization)
        return [shown(view(row, standing.of(row))) for row in rows]

    def own(self, row: Load) -> dict[str, Any]:
        """Return a load as its owner sees it."""
        return shown(view(own_load(self.actor.organization, row.public_id), Viewer.OWNER))

    def check_replay_rights(self) -> None:
        """Ask for the right to post again before the answer to a posting is repeated."""
        super().check_replay_rights()
        if self.action == "create" and self.request.data.get("draft") is not True:
            self.actor.require_posting(Capability.SHIPS)

    def _optional_version(self, row: Load) -> int | None:
        """Return the version to change where If-Match names the load as it stands; None without If-Match."""
        if "If-Match" not in self.request.headers:
            return None
        self.check_if_match(self.own(row))
        return row.version

    @extend_schema(summary="List loads", parameters=[SCOPE])
    def list(self, request: Request) -> Response:
        """List own loads, or the market's, by cursor."""
        return self.listed(self._scoped(request))

    def _scoped(self, request: Request) -> QuerySet[Load]:
        scope = request.query_params.get("scope", "own")
        if scope == "own":
            return own_loads(self.actor.organization)
        if scope != "market":
            raise bad_parameter("scope", "invalid_choice", "scope is own or market.")
        for name in OWN_ONLY & request.query_params.keys():
            raise bad_parameter(name, "own_only", f"{name} narrows own loads only; leave it out with scope=market.")
        self.order = ("-confirmed_at", "-public_id")  # type: ignore[misc]
        return market_loads(self.actor.organization, clock.now())

    @extend_schema(summary="Show a load")
    def retrieve(self, request: Request, public_id: str) -> Response:
        """Show one load, own or in sight on the market."""
        return self.shown(self.one(self.get_object()))

    @extend_schema(summary="Post a load", request=NewLoadSerializer, responses={201: LoadSerializer})
    def create(self, request: Request) -> Response:
        """Post a load, or keep a draft. Answers with the load and its address."""
        data = self.body(NewLoadSerializer)
        load = services.post_load(
            actor=self.actor,
            terms=terms_from(data),
            external_id=data.get("external_id", ""),
            draft=data.get("draft", False),
        )
        return self.shown(self.own(load), status=201, location=self.location_of(load.public_id))

    @extend_schema(summary="Edit a load", request=LoadSerializer, responses=LoadSerializer)
    def update(self, request: Request, public_id: str) -> Response:
        """Replace the terms of a load; what you leave out takes its default. An open load is confirmed by it."""
        load = self.get_object()
        self.check_if_match(self.own(load))
        terms = terms_from(self.body(LoadSerializer))
        changed = services.edit_load(actor=self.actor, load_id=public_id, version=load.version, terms=terms)
        return self.shown(self.own(changed))

    @extend_schema(
        summary="Post or edit a load by your own number",
        request=LoadSerializer,
        responses={200: LoadSerializer, 201: LoadSerializer},
        parameters=[OpenApiParameter("external_id", str, OpenApiParameter.PATH, description="At most 64 characters.")],
    )
    def by_external_id(self, request: Request, external_id: str) -> Response:
        """Make the load with your number be so: created (201), changed or unchanged (200), as `Outcome` says.

        Without If-Match the last writer wins.
        """
        load = load_by_external_id(self.actor.organization, external_id)
        version = None
        if load is not None:
            version = self._optional_version(load)
        elif "If-Match" in request.headers:
            self.check_if_match({})
        terms = terms_from(self.body(LoadSerializer))
        saved, outcome = services.upsert_load(actor=self.actor, external_id=external_id, terms=terms, version=version)
        made = outcome == "created"
        response = self.shown(
            self.own(saved), status=201 if made else 200, location=self.location_of(saved.public_id) if made else ""
        )
        response["Outcome"] = outcome
        return response

    @extend_schema(summary="Withdraw a load", request=EmptySerializer, responses=LoadSerializer)
    @action(detail=True, methods=["post"])
    def withdrawal(self, request: Request, public_id: str) -> Response:
        """Take a draft or open load off the market. If-Match may be sent."""
        self.body(EmptySerializer)
        version = self._optional_version(self.get_object())
        return self.shown(self.own(services.withdraw_load(actor=self.actor, load_id=public_id, version=version)))

    @extend_schema(summary="Open a load", request=EmptySerializer, responses=LoadSerializer)
    @action(detail=True, methods=["post"])
    def opening(self, request: Request, public_id: str) -> Response:
        """Put a draft, withdrawn or expired load on the market. If-Match may be sent."""
        self.body(EmptySerializer)
        version = self._optional_version(self.get_object())
        return self.shown(self.own(services.open_load(actor=self.actor, load_id=public_id, version=version)))

    @extend_schema(summary="Confirm a load", request=EmptySerializer, responses=LoadSerializer)
    @action(detail=True, methods=["post"])
    def confirmation(self, request: Request, public_id: str) -> Response:
        """Say that an open load still stands. What nobody confirms for 48 hours leaves the market."""
        self.body(EmptySerializer)
        self.get_object()
        return self.shown(self.own(services.confirm_load(actor=self.actor, load_id=public_id)))

    @extend_schema(summary="Post many loads", request=BulkSerializer, responses={207: BulkResultSerializer})
    @action(detail=False, methods=["post"])
    def bulk(self, request: Request) -> Response:
        """Post up to 500 loads, each on its own: one that is refused does not hold up the others.

        Those with an external_id are brought up to date where you have them already.
        """
        items = self.body(BulkSerializer)["items"]
        results = [self._bulk_item(index, item) for index, item in enumerate(items)]
        response = Response({"items": results}, status=207)
        response.changed_nothing = not any("load" in each for each in results)  # type: ignore[attr-defined]
        return response

    def _bulk_item(self, index: int, item: Mapping[str, Any]) -> dict[str, Any]:
        try:
            load, outcome = self._save_item(item)
        except Exception as error:
            problem = problem_of(error, self.field_names)
            if problem is None or problem.status >= 500:
                raise
            problem.errors = [_moved(each, index) for each in problem.errors]
            return {"index": index, "status": problem.status, "problem": problem.as_json(request_id_of(self.request))}
        status = 201 if outcome == "created" else 200
        return {"index": index, "status": status, "outcome": outcome, "load": with_etag(self.own(load))}

    def _save_item(self, item: Mapping[str, Any]) -> tuple[Load, str]:
        serializer = NewLoadSerializer(data=item, context={"view": self, "request": self.request})
        serializer.is_valid(raise_exception=True)
        data = serializer.validated_data
        terms, external_id, draft = terms_from(data), data.get("external_id", ""), data.get("draft", False)
        if external_id and not draft:
            return services.upsert_load(actor=self.actor, external_id=external_id, terms=terms)
        return services.post_load(actor=self.actor, terms=terms, external_id=external_id, draft=draft), "created"


def _moved(item: ErrorItem, index: int) -> ErrorItem:
    """Return an error of one item with its pointer from the body's beginning."""
    return ErrorItem(item.code, item.detail, pointer=f"/items/{index}{item.pointer or ''}")
