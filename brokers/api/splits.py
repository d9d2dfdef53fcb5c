"""Splitting the difference in the API: asked for in silence, suggested to both sides at once."""

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from brokers.acting import Side
from brokers.models import Thread
from brokers.services.splitting import ask_split
from brokers.splits import has_asked, side_of, split_of
from brokers.thread_queries import thread_of
from foundation.rest.fields import MoneyField, money
from foundation.rest.serializers import EmptySerializer, StrictSerializer
from foundation.rest.views import ResourceViewSet
from foundation.trade import clock


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Asked, and the other side has not",
            {"thread": "thread_06hx2k4a8m0q3v5y7z9c1e2g3r", "asked": True, "split": None, "etag": '"9vQe0XyZa9LwRt5B"'},
            response_only=True,
        ),
        OpenApiExample(
            "Both have asked",
            {
                "thread": "thread_06hx2k4a8m0q3v5y7z9c1e2g3r",
                "asked": True,
                "split": {"amount": "2350.00", "currency": "USD"},
                "etag": '"1dC7mJk2vQe0XyZa"',
            },
            response_only=True,
        ),
    ]
)
class SplitSerializer(StrictSerializer):
    """Whether your side asked since the last offer, and the middle once the other side has asked too."""

    always_shown: ClassVar[frozenset[str]] = frozenset({"thread", "asked", "split", "etag"})

    thread = serializers.CharField()
    asked = serializers.BooleanField(help_text="Your own side's ask; the other side's is never told.")
    split = MoneyField(allow_null=True, help_text="null until both sides asked; then the same for both.")
    etag = serializers.CharField()


@extend_schema(tags=["threads"])
class SplitViewSet(ResourceViewSet):
    """Asking to split the difference in a thread."""

    scopes = {"retrieve": "offers:read", "create": "offers:write"}
    requires_idempotency_key = frozenset({"create"})
    queryset = Thread.objects.none()
    serializer_class = SplitSerializer

    def find(self, public_id: str) -> Thread:
        """Return a thread of the organization's."""
        return thread_of(self.actor.organization, public_id)

    def represent(self, rows: list[Any]) -> list[dict[str, Any]]:
        """Return the split of threads as the organization reads it: its own side's ask, and what both were told."""
        now = clock.now()
        found = []
        for thread in rows:
            side: Side | None = side_of(self.actor.organization, thread, now)
            asked = side is not None and has_asked(thread, side)
            found.append({"thread": thread.public_id, "asked": asked, "split": money(split_of(thread))})
        return found

    @extend_schema(
        summary="Show the split of a thread", description="Your own side's ask, and the middle once both asked."
    )
    def retrieve(self, request: Request, public_id: str) -> Response:
        """Answer with the own ask and the suggestion."""
        return self.shown(self.one(self.get_object()))

    @extend_schema(
        summary="Ask to split the difference",
        description=(
            "The middle of the two sides' last rates, in whole dollars, is suggested to both at once when both have "
            "asked since the last offer. Until then nothing tells the other side that you did."
        ),
        request=EmptySerializer,
        responses={200: SplitSerializer},
    )
    def create(self, request: Request, public_id: str) -> Response:
        """Ask for the actor's side."""
        self.body(EmptySerializer)
        return self.shown(self.one(ask_split(actor=self.actor, thread_id=public_id)))
