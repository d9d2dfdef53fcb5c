"""Threads in the API: the list, one with all its offers, and leaving it."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from brokers.api.bargain_serializers import ThreadSerializer
from brokers.models import Thread
from brokers.services.threads import leave_thread
from brokers.sights import sights_in
from brokers.thread_filters import ThreadFilter
from brokers.thread_queries import thread_of, threads_of
from brokers.thread_visibility import thread_fields
from foundation.rest.serializers import EmptySerializer
from foundation.rest.views import ResourceViewSet
from foundation.trade import clock


@extend_schema(tags=["threads"])
class ThreadViewSet(ResourceViewSet):
    """Negotiations of which the organization is a side, or represents one."""

    scopes = {"list": "offers:read", "retrieve": "offers:read", "withdrawal": "offers:write"}
    requires_idempotency_key = frozenset({"withdrawal"})
    queryset = Thread.objects.none()
    serializer_class = ThreadSerializer
    filterset_class = ThreadFilter

    def find(self, public_id: str) -> Thread:
        """Return a thread of the organization's."""
        return thread_of(self.actor.organization, public_id)

    def represent(self, rows: list[Any]) -> list[dict[str, Any]]:
        """Return threads as the organization reads them."""
        sights = sights_in(rows, self.actor.organization, clock.now())
        return [thread_fields(thread, sight) for thread, sight in zip(rows, sights, strict=True)]

    @extend_schema(summary="List threads", description="Those of your organization, newest first.")
    def list(self, request: Request) -> Response:
        """Answer with a page of threads."""
        return self.listed(threads_of(self.actor.organization))

    @extend_schema(
        summary="Show a thread",
        description="With all its offers, and in `next_terms` what the next one may begin from.",
    )
    def retrieve(self, request: Request, public_id: str) -> Response:
        """Answer with one thread."""
        return self.shown(self.one(self.get_object()))

    @extend_schema(
        summary="Leave a thread",
        description="For good. Your own live offer is withdrawn with it, the other side's declined.",
        request=EmptySerializer,
    )
    def withdrawal(self, request: Request, public_id: str) -> Response:
        """Leave a negotiation."""
        self.body(EmptySerializer)
        leave_thread(actor=self.actor, thread_id=public_id)
        return self.shown(self.one(self.get_object()))
