"""The base of every REST view: scopes, strict parameters, ETags, Idempotency-Key and rate limits in one place.

A resource names, per action: the `scopes` it needs, the query `parameters` it knows beyond its filters, its `bucket`
and whether an Idempotency-Key is required; it says with `represent` how one row looks to the actor who asks.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django_filters import FilterSet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from foundation.rest.actors import Scoped, actor_of
from foundation.rest.cursors import CursorPagination
from foundation.rest.errors import ErrorItem, bad_request
from foundation.rest.etags import check_match, etag_of, is_unchanged, with_etag
from foundation.rest.idempotency import do_once
from foundation.rest.serializers import StrictSerializer
from foundation.rest.throttling import BucketThrottle, count_failed_sign_in, header_policy, header_state


class StrictFilterBackend(DjangoFilterBackend):  # type: ignore[misc]
    """Applies the view's FilterSet; a filter that does not read is a 400 that names the parameter."""

    raise_exception = False

    def filter_queryset(self, request: Request, queryset: Any, view: Any) -> Any:
        """Return the rows that pass the filters."""
        filterset = self.get_filterset(request, queryset, view)
        if filterset is None:
            return queryset
        if not filterset.is_valid():
            items = [
                ErrorItem(str(error.code or "invalid"), message, parameter=name)
                for name, errors in filterset.errors.as_data().items()
                for error in errors
                for message in error.messages
            ]
            raise bad_request("invalid_parameter", " ".join(item.detail for item in items[:3]), *items)
        return filterset.qs


class Endpoint(APIView):
    """A REST view that follows the house's manners; `ResourceViewSet` is the one for resources with rows."""

    scopes: ClassVar[Mapping[str, str]] = {}
    parameters: ClassVar[Mapping[str, frozenset[str]]] = {}
    buckets: ClassVar[Mapping[str, str]] = {}
    requires_idempotency_key: ClassVar[frozenset[str]] = frozenset()
    field_names: ClassVar[Mapping[str, str]] = {}
    shows_one: ClassVar[frozenset[str]] = frozenset({"retrieve"})  # reads of one thing, with its ETag
    refused_with: ClassVar[Mapping[str, tuple[int, ...]]] = {}  # problems beyond those of the action's method
    for_people_only: ClassVar[bool] = False  # its scopes are none that a key may hold

    permission_classes: ClassVar[list[type[BasePermission]]] = [Scoped]  # type: ignore[misc]
    throttle_classes: ClassVar[list[type[BaseThrottle]]] = [BucketThrottle]  # type: ignore[misc]
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]

    @property
    def actor(self) -> Any:
        """The actor who asks (an `accounts.Actor`)."""
        return actor_of(self.request)

    def action_name(self) -> str | None:
        """Return the name of the action that runs; the method's where the view has no actions; None for a 405."""
        if str(self.request.method).lower() not in self.http_method_names:
            return None
        if getattr(self, "action_map", None):
            return getattr(self, "action", None)
        method = str(self.request.method).lower()
        return method if hasattr(self, method) else None

    def required_scope(self) -> str:
        """Return the scope that the action needs; "" for what every actor may."""
        name = self.action_name()
        if name is None or name == "head":
            name = "get" if name == "head" else None
        if name is None:
            return ""
        if name not in self.scopes:
            raise ImproperlyConfigured(f"{type(self).__name__}.scopes does not name the scope of {name}.")
        return self.scopes[name]

    def bucket_of(self, request: Request) -> str:
        """Return the name of the rate limit's bucket that this request counts in."""
        default = "read" if request.method in ("GET", "HEAD") else "write"
        return self.buckets.get(self.action_name() or "", default)

    def known_parameters(self) -> frozenset[str]:
        """Return the query parameters that the action knows."""
        return self.parameters.get(self.action_name() or "", frozenset())

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Admit the request: who, what, how often, and with parameters that are all known."""
        super().initial(request, *args, **kwargs)
        self.refuse_unknown_parameters(request)
        if request.method == "POST" and self.action_name() is not None:
            work: Callable[..., Response] = getattr(self, "post")  # noqa: B009 - bound by as_view
            setattr(self, "post", partial(self._post_once, work))  # noqa: B010

    def refuse_unknown_parameters(self, request: Request) -> None:
        """Raise a 400 that names the query parameters that nobody knows or that are given twice."""
        known = self.known_parameters()
        items = []
        for name, values in request.query_params.lists():
            if name not in known:
                words = f"It knows: {', '.join(sorted(known))}." if known else "It knows none."
                sentence = f"This address does not know the parameter “{name[:60]}”. {words}"
                items.append(ErrorItem("unknown_parameter", sentence, parameter=name[:60]))
            elif len(values) > 1:
                items.append(ErrorItem("repeated_parameter", f"Give {name} once only.", parameter=name))
            elif not values[0]:
                items.append(ErrorItem("empty_parameter", f"Give {name} a value, or leave it out.", parameter=name))
            elif "\x00" in values[0]:
                items.append(ErrorItem("invalid_parameter", "A parameter holds no null characters.", parameter=name))
        if items:
            raise bad_request(items[0].code, items[0].detail, *items)

    def _post_once(self, work: Callable[..., Response], request: Request, *args: Any, **kwargs: Any) -> Response:
        return do_once(
            request,
            required=(self.action_name() or "") in self.requires_idempotency_key,
            work=partial(work, request, *args, **kwargs),
            check_rights=self.check_replay_rights,
        )

    def check_replay_rights(self) -> None:
        """Raise where the actor may no longer do what a stored answer tells of; called before it is replayed."""

    def body(self, serializer_class: type[StrictSerializer], **context: Any) -> dict[str, Any]:
        """Return the validated body. Raises a 400 or 422 that names the fields."""
        serializer = serializer_class(
            data=self.request.data, context={"view": self, "request": self.request, **context}
        )
        serializer.is_valid(raise_exception=True)
        found: dict[str, Any] = serializer.validated_data
        return found

    def shown(self, representation: Mapping[str, Any], *, status: int = 200, location: str = "") -> Response:
        """Answer with one resource and its ETag; 304 where the client has it already."""
        etag = etag_of(representation)
        headers = {"ETag": etag}
        if location:
            headers["Location"] = location
        if self.request.method in ("GET", "HEAD") and is_unchanged(self.request.headers.get("If-None-Match"), etag):
            return Response(status=304, headers=headers)
        return Response({**representation, "etag": etag}, status=status, headers=headers)

    def check_if_match(self, representation: Mapping[str, Any], *, required: bool = True) -> None:
        """Raise a 428 or 412 unless If-Match names the resource as it stands."""
        check_match(self.request.headers.get("If-Match"), etag_of(representation), required=required)

    def handle_exception(self, exc: Exception) -> Response:
        """Answer a refusal; refused keys are counted against the address that they came from."""
        if isinstance(exc, AuthenticationFailed | NotAuthenticated):
            try:
                if isinstance(exc, AuthenticationFailed):
                    count_failed_sign_in(self.request)
            except Exception as throttled:  # a 429 instead of the 401
                exc = throttled
        response = super().handle_exception(exc)
        if response.status_code == 405:
            response["Allow"] = ", ".join(self.allowed_methods)
        return response

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Add the rate limit's headers."""
        response = super().finalize_response(request, response, *args, **kwargs)
        standings = getattr(request, "rate_standings", None)
        if standings:
            response["RateLimit-Policy"] = header_policy(standings)
            response["RateLimit"] = header_state(standings)
        return response


def location_of(collection: str, public_id: str) -> str:
    """Return the address of a resource in a collection such as `loads`, for `Location`."""
    return f"{settings.BASE_URL}/api/v1/{collection}/{public_id}"


class ResourceViewSet(Endpoint, GenericViewSet[Any], ABC):
    """A resource with rows: lists by cursor and filters, shows one, represents rows for the actor who asks.

    A subclass gives `get_queryset()` (from its room's queries), `find(public_id)` and `represent(rows)`.
    """

    lookup_field = "public_id"
    lookup_value_regex = "[^/]+"
    filterset_class: type[FilterSet] | None = None
    filter_backends = [StrictFilterBackend]
    pagination_class = CursorPagination
    order: ClassVar[tuple[str, ...]] = ("-public_id",)

    @abstractmethod
    def find(self, public_id: str) -> Any:
        """Return the row that the actor asks for. Raises `NotFound` for what is absent or not the actor's."""

    @abstractmethod
    def represent(self, rows: list[Any]) -> list[dict[str, Any]]:
        """Return the rows as this actor may see them."""

    def known_parameters(self) -> frozenset[str]:
        """Return the query parameters of the action: lists know their filters, `limit` and `cursor`."""
        known = super().known_parameters()
        if self.action_name() != "list":
            return known
        filters = frozenset(self.filterset_class.base_filters) if self.filterset_class else frozenset()
        return known | filters | {"limit", "cursor"}

    def get_object(self) -> Any:
        """Return the row that the address names."""
        return self.find(self.kwargs[self.lookup_field])

    def check_replay_rights(self) -> None:
        """Look the addressed row up again, so that a stored answer is not replayed about what is out of sight."""
        if self.lookup_field in self.kwargs:
            self.get_object()

    def one(self, row: Any) -> dict[str, Any]:
        """Return one row as this actor may see it."""
        return self.represent([row])[0]

    def listed(self, queryset: Any) -> Response:
        """Answer with one page of a queryset, each item with its ETag."""
        rows = self.paginate_queryset(self.filter_queryset(queryset))
        return self.get_paginated_response([with_etag(each) for each in self.represent(list(rows or []))])
