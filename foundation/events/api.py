"""REST: the events that an organization has heard, in order; the pull twin of webhooks."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.events import queries
from foundation.events.models import FeedEntry
from foundation.rest.cursors import MAX_LIMIT, limit_of
from foundation.rest.errors import bad_parameter
from foundation.rest.fields import instant
from foundation.rest.views import Endpoint

LARGEST_POSITION = 2**63 - 1
EXAMPLE = {
    "id": "evt_06f2k9c1m4q8s0v3x5z7a9c1e3",
    "position": 48213,
    "name": "load.opened",
    "subject": "load_06f2k9c1h8j0m2p4r6t8w0y2a4",
    "version": 1,
    "created_at": "2026-11-22T14:05:00.120000Z",
    "payload": {"id": "load_06f2k9c1h8j0m2p4r6t8w0y2a4", "version": 1, "status": "open"},
}


class EventSerializer(serializers.Serializer[Any]):
    """One fact, as it was rendered for the organization that asks when it happened."""

    id = serializers.CharField()
    position = serializers.IntegerField(help_text="Grows with every event; there are gaps: others hear other events.")
    name = serializers.CharField(help_text="What happened. New names come; ignore those that you do not know.")
    subject = serializers.CharField(help_text="The id of the thing that it happened to.")
    version = serializers.IntegerField(help_text="The subject's version after it; 0 for things without versions.")
    created_at = serializers.DateTimeField()
    payload = serializers.DictField(help_text="The subject as you could see it then.")


class EventListSerializer(serializers.Serializer[Any]):
    """Events, oldest first."""

    items = EventSerializer(many=True)
    position = serializers.IntegerField(help_text="Where to go on: `after` of the next call, now or later.")
    next = serializers.URLField(allow_null=True, help_text="The next page when there is more already; null otherwise.")


def shown(entry: FeedEntry) -> dict[str, Any]:
    """Return an event as the API shows it."""
    event = entry.event
    return {
        "id": event.public_id,
        "position": entry.position,
        "name": event.name,
        "subject": event.subject,
        "version": event.version,
        "created_at": instant(event.created_at),
        "payload": entry.payload,
    }


class Events(Endpoint):
    """What happened."""

    scopes = {"get": "events:read"}
    parameters = {"get": frozenset({"after", "limit"})}

    @extend_schema(
        operation_id="events_list",
        summary="Read events",
        description="Everything that your organization heard in the last 30 days, oldest first. Call it again with "
        "`after` set to the answer's `position`: nothing is skipped and nothing comes twice.",
        parameters=[
            OpenApiParameter(
                "after",
                {"type": "integer", "minimum": 0, "maximum": LARGEST_POSITION, "default": 0},
                description="Events after this position only.",
            ),
            OpenApiParameter(
                "limit",
                {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": 50},
                description="How many items at most.",
            ),
        ],
        responses=EventListSerializer,
        examples=[OpenApiExample("Events", {"items": [EXAMPLE], "position": 48213, "next": None}, response_only=True)],
        tags=["events"],
    )
    def get(self, request: Request) -> Response:
        """List what the organization heard after a position."""
        limit = limit_of(request)
        after = _after(request)
        entries = list(queries.feed_of(self.actor.organization.public_id, after=after)[: limit + 1])
        items = [shown(entry) for entry in entries[:limit]]
        position = items[-1]["position"] if items else after
        more = len(entries) > limit
        following = f"{settings.BASE_URL}{request.path}?after={position}&limit={limit}" if more else None
        return Response({"items": items, "position": position, "next": following})


def _after(request: Request) -> int:
    text = request.query_params.get("after", "0")
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 19 else -1
    if not 0 <= number <= LARGEST_POSITION:
        raise bad_parameter("after", "invalid_position", "after is a position: a whole number from 0 on.")
    return number
