"""What loads and return legs share in REST: own and market lists, upsert by one's own number, the life cycle, bulk.

A subclass hands in its queries and services as the small methods at the top; nothing here knows what is posted.
"""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.rest.errors import ErrorItem, bad_parameter
from foundation.rest.etags import with_etag
from foundation.rest.fields import StrictBooleanField, StrictCharField
from foundation.rest.problems import problem_of, request_id_of
from foundation.rest.serializers import EmptySerializer, StrictSerializer
from foundation.rest.views import ResourceViewSet, location_of

SCOPE = OpenApiParameter(
    "scope",
    {"type": "string", "enum": ["own", "market"], "default": "own"},
    description="`own`: your organization's, newest first. `market`: those of others that are open and in your sight, "
    "last confirmed first.",
)
EXTERNAL_ID = OpenApiParameter(
    "external_id",
    {"type": "string", "minLength": 1, "maxLength": 64},
    OpenApiParameter.PATH,
    description="The number in your own system.",
)
OUTCOME = OpenApiParameter(
    "Outcome",
    {"type": "string", "enum": ["created", "changed", "unchanged"]},
    OpenApiParameter.HEADER,
    response=[200, 201],
    description="What became of it.",
)


class BulkSerializer(StrictSerializer):
    """Up to 500 items to post; those with an external_id that you have already are brought up to date."""

    items = serializers.ListField(child=serializers.DictField(), min_length=1, max_length=500)


class NewPosting(StrictSerializer):
    """What a new posting has beside its terms."""

    external_id: Any = StrictCharField(
        required=False, allow_blank=True, help_text="The number in your own system, unique in your organization."
    )
    draft = StrictBooleanField(required=False, write_only=True, help_text="Keep it off the market for now.")


class PostingViewSet(ResourceViewSet):
    """A posting of any kind; `noun` is the name of one in a bulk answer."""

    noun: ClassVar[str]
    new_serializer_class: ClassVar[type[StrictSerializer]]
    own_only_filters: ClassVar[frozenset[str]] = frozenset()
    scope_names: ClassVar[str] = "own or market"

    parameters = {"list": frozenset({"scope"})}
    buckets = {"list": "search", "bulk": "bulk"}
    if_match_optional = frozenset({"by_external_id", "withdrawal", "opening", "confirmation"})

    @abstractmethod
    def own_rows(self) -> QuerySet[Any]:
        """Return the organization's own rows."""

    @abstractmethod
    def market_rows(self) -> QuerySet[Any]:
        """Return the open rows of others in sight."""

    @abstractmethod
    def own_row(self, public_id: str) -> Any:
        """Return an own row. Raises `NotFound`."""

    @abstractmethod
    def row_in_sight(self, public_id: str) -> Any:
        """Return an own row, or an open one in sight. Raises `NotFound`."""

    @abstractmethod
    def row_by_external_id(self, external_id: str) -> Any | None:
        """Return the own row with this number, if there is one."""

    @abstractmethod
    def post_row(self, data: Mapping[str, Any]) -> Any:
        """Post what a validated body says."""

    @abstractmethod
    def edit_row(self, row: Any, data: Mapping[str, Any]) -> Any:
        """Replace the terms of a row, from the version in hand."""

    @abstractmethod
    def upsert_row(self, external_id: str, data: Mapping[str, Any], version: int | None) -> tuple[Any, str]:
        """Post or edit by the organization's own number; say what became of it."""

    @abstractmethod
    def move_row(self, verb: str, public_id: str, version: int | None) -> Any:
        """Open, withdraw or confirm a row."""

    def version_of(self, row: Any) -> int:
        """Return the version of an own row as its owner counts it."""
        version: int = row.version
        return version

    def rows_of_scope(self, scope: str) -> QuerySet[Any] | None:
        """Return the rows of a further scope of the list, None where there is no such scope."""
        return None

    def find(self, public_id: str) -> Any:
        """Return a row: to read, one in sight; to change, an own one."""
        if self.request.method in ("GET", "HEAD"):
            return self.row_in_sight(public_id)
        return self.own_row(public_id)

    def as_stored(self, row: Any) -> dict[str, Any]:
        """Return an own row, read anew, as its owner sees it."""
        return self.one(self.own_row(row.public_id))

    def _optional_version(self, row: Any) -> int | None:
        """Return the version to change where If-Match names the row as it stands; None without If-Match."""
        if "If-Match" not in self.request.headers:
            return None
        self.check_if_match(self.one(row))
        return self.version_of(row)

    @extend_schema(parameters=[SCOPE])
    def list(self, request: Request) -> Response:
        """List your own, or the market's, by cursor."""
        scope = request.query_params.get("scope", "own")
        if scope == "own":
            return self.listed(self.own_rows())
        more = self.rows_of_scope(scope)
        if more is not None:
            return self.listed(more)
        if scope != "market":
            raise bad_parameter("scope", "invalid_choice", f"scope is {self.scope_names}.")
        for name in self.own_only_filters & request.query_params.keys():
            raise bad_parameter(name, "own_only", f"{name} narrows your own only; leave it out with scope=market.")
        self.order = ("-confirmed_at", "-public_id")  # type: ignore[misc]
        return self.listed(self.market_rows())

    def retrieve(self, request: Request, public_id: str) -> Response:
        """Show one, your own or in sight on the market."""
        return self.shown(self.one(self.get_object()))

    def create(self, request: Request) -> Response:
        """Post one, or keep a draft."""
        row = self.post_row(self.body(self.new_serializer_class))
        return self.shown(self.as_stored(row), status=201, location=location_of(f"{self.noun}s", row.public_id))

    def update(self, request: Request, public_id: str) -> Response:
        """Replace the terms; what you leave out takes its default. An open posting is confirmed by it."""
        row = self.get_object()
        self.check_if_match(self.one(row))
        return self.shown(self.as_stored(self.edit_row(row, self._terms_body())))

    def _terms_body(self) -> dict[str, Any]:
        serializer_class: Any = self.serializer_class
        return self.body(serializer_class)

    @extend_schema(parameters=[EXTERNAL_ID, OUTCOME])
    @action(detail=False, methods=["put"], url_path="by-external-id/(?P<external_id>.+)")
    def by_external_id(self, request: Request, external_id: str) -> Response:
        """Let the one with your number be so: created (201), changed or unchanged (200), as the header `Outcome` says.

        Without If-Match the last writer wins.
        """
        row = self.row_by_external_id(external_id)
        version = None
        if row is not None:
            version = self._optional_version(row)
        elif "If-Match" in request.headers:
            self.check_if_match({})
        saved, outcome = self.upsert_row(external_id, self._terms_body(), version)
        made = outcome == "created"
        location = location_of(f"{self.noun}s", saved.public_id) if made else ""
        response = self.shown(self.as_stored(saved), status=201 if made else 200, location=location)
        response["Outcome"] = outcome
        return response

    def _moved(self, verb: str, public_id: str) -> Response:
        self.body(EmptySerializer)
        version = self._optional_version(self.get_object())
        return self.shown(self.as_stored(self.move_row(verb, public_id, version)))

    @action(detail=True, methods=["post"])
    def withdrawal(self, request: Request, public_id: str) -> Response:
        """Take a draft or an open posting off the market. If-Match may be sent."""
        return self._moved("withdraw", public_id)

    @action(detail=True, methods=["post"])
    def opening(self, request: Request, public_id: str) -> Response:
        """Put a draft, withdrawn or expired posting on the market. If-Match may be sent."""
        return self._moved("open", public_id)

    @action(detail=True, methods=["post"])
    def confirmation(self, request: Request, public_id: str) -> Response:
        """Say that an open posting still stands. What nobody confirms for 48 hours leaves the market."""
        return self._moved("confirm", public_id)

    @action(detail=False, methods=["post"])
    def bulk(self, request: Request) -> Response:
        """Post up to 500, each on its own: one that is refused does not hold up the others.

        Those with an external_id are brought up to date where you have them already.
        """
        items = self.body(BulkSerializer)["items"]
        results = [self._bulk_item(index, item) for index, item in enumerate(items)]
        response = Response({"items": results}, status=207)
        response.changed_nothing = not any(self.noun in each for each in results)  # type: ignore[attr-defined]
        return response

    def _bulk_item(self, index: int, item: Mapping[str, Any]) -> dict[str, Any]:
        try:
            row, outcome = self._save_item(item)
        except Exception as error:
            problem = problem_of(error, self.field_names)
            if problem is None or problem.status >= 500:
                raise
            problem.errors = [_within(each, index) for each in problem.errors]
            return {"index": index, "status": problem.status, "problem": problem.as_json(request_id_of(self.request))}
        status = 201 if outcome == "created" else 200
        return {"index": index, "status": status, "outcome": outcome, self.noun: with_etag(self.as_stored(row))}

    def _save_item(self, item: Mapping[str, Any]) -> tuple[Any, str]:
        serializer = self.new_serializer_class(data=item, context={"view": self, "request": self.request})
        serializer.is_valid(raise_exception=True)
        data = serializer.validated_data
        if data.get("external_id") and not data.get("draft"):
            return self.upsert_row(data["external_id"], data, None)
        return self.post_row(data), "created"


def _within(item: ErrorItem, index: int) -> ErrorItem:
    """Return an error of one item with its pointer from the body's beginning."""
    return ErrorItem(item.code, item.detail, pointer=f"/items/{index}{item.pointer or ''}")
