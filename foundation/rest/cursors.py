"""Lists: `{"items": [...], "next": url | null}` with an opaque signed cursor instead of page numbers."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core import signing
from django.db.models import Model, Q, QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.rest.actors import actor_of
from foundation.rest.errors import RestError, bad_parameter
from foundation.rest.etags import canonical_json

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
_SALT = "backhaul.rest.cursor"


def limit_of(request: Request) -> int:
    """Return how many items the client wants. Raises a 400 unless it is 1 to 200."""
    text = request.query_params.get("limit", str(DEFAULT_LIMIT))
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MAX_LIMIT):
        raise bad_parameter("limit", "invalid_limit", f"limit is a number from 1 to {MAX_LIMIT}.")
    return int(text)


def _binding(request: Request, order: Sequence[str]) -> str:
    """Return a digest of all that a cursor is good for: organization, address, filters and order."""
    filters = sorted((name, values) for name, values in request.query_params.lists() if name not in ("cursor", "limit"))
    bound = [str(actor_of(request).organization.public_id), request.path, filters, list(order)]
    return hashlib.sha256(canonical_json(bound)).hexdigest()[:24]


def _foreign() -> RestError:
    return bad_parameter(
        "cursor",
        "invalid_cursor",
        "This cursor belongs to another list, filter or organization. Begin again without a cursor.",
    )


def sign_position(request: Request, order: Sequence[str], position: Sequence[Any]) -> str:
    """Return the cursor for what follows a position (the values of the order's fields at the last item)."""
    values = [value.isoformat() if isinstance(value, datetime) else value for value in position]
    return signing.dumps([_binding(request, order), values], salt=_SALT, compress=True)


def position_of(request: Request, order: Sequence[str]) -> list[Any] | None:
    """Return the position that the cursor names, or None at the beginning. Raises a 400 for a foreign cursor."""
    cursor = request.query_params.get("cursor")
    if cursor is None:
        return None
    try:
        bound, values = signing.loads(cursor, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        raise _foreign() from None
    if bound != _binding(request, order) or len(values) != len(order):
        raise _foreign()
    return list(values)


def after(order: Sequence[str], values: Sequence[Any]) -> Q:
    """Return the condition for rows that follow the given values in an order such as `("-gain_cents", "public_id")`.

    None of the order's columns may be NULL, and the last one is unique.
    """
    alternatives = []
    for index, name in enumerate(order):
        equal = {key.lstrip("-"): value for key, value in zip(order[:index], values[:index], strict=True)}
        comparison = "lt" if name.startswith("-") else "gt"
        alternatives.append(Q(**equal, **{f"{name.lstrip('-')}__{comparison}": values[index]}))
    return reduce(or_, alternatives)


def next_url(request: Request, cursor: str) -> str:
    """Return the address of the next page, on the installation's public address."""
    query = [(name, value) for name, values in request.query_params.lists() for value in values if name != "cursor"]
    return f"{settings.BASE_URL}{request.path}?{urlencode([*query, ('cursor', cursor)])}"


class CursorPagination(BasePagination):
    """Cuts a queryset into pages by the order that the view names in `order` (newest first where it names none)."""

    order: Sequence[str] = ("-public_id",)

    def paginate_queryset(self, queryset: QuerySet[Any], request: Request, view: Any = None) -> list[Any]:
        """Return one page of rows. Raises a 400 for a bad limit or cursor."""
        self.order = getattr(view, "order", self.order)
        limit = limit_of(request)
        values = position_of(request, self.order)
        if values is not None:
            queryset = queryset.filter(after(self.order, values))
        rows = list(queryset.order_by(*self.order)[: limit + 1])
        self.next: str | None = None
        if len(rows) > limit:
            rows = rows[:limit]
            position = [_value(rows[-1], name.lstrip("-")) for name in self.order]
            self.next = next_url(request, sign_position(request, self.order, position))
        return rows

    def get_paginated_response(self, data: Any) -> Response:
        """Answer with the page."""
        return Response({"items": data, "next": self.next})

    def get_paginated_response_schema(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Describe a page for the OpenAPI schema."""
        return {
            "type": "object",
            "required": ["items", "next"],
            "properties": {
                "items": schema,
                "next": {
                    "type": ["string", "null"],
                    "format": "uri",
                    "description": "The address of the next page; null on the last one.",
                    "example": "https://backhaul.example.com/api/v1/loads?cursor=WyI4M2Y...",
                },
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Describe `limit` and `cursor` for the OpenAPI schema."""
        return [
            {
                "name": "limit",
                "in": "query",
                "required": False,
                "description": "How many items at most.",
                "schema": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
            },
            {
                "name": "cursor",
                "in": "query",
                "required": False,
                "description": "From `next`: opaque, good only for the same list, filters and organization.",
                "schema": {"type": "string", "minLength": 1},
            },
        ]


def _value(row: Any, name: str) -> Any:
    for part in name.split("__"):
        row = getattr(row, part) if isinstance(row, Model) else row[part]
    return row
