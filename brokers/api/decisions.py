"""REST of the desk: what the organization has decided about matches."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from brokers.models import MatchDecision
from brokers.queries import decision_on
from brokers.services import LONGEST_REASON, dismiss_match, restore_match, snooze_match
from foundation.rest.fields import InstantField, StrictCharField, instant
from foundation.rest.serializers import StrictSerializer
from foundation.rest.views import ResourceViewSet
from foundation.trade import clock
from foundation.trade.errors import NotFound

_UNTIL = "2026-11-24T14:00:00Z"
_DECISION = {
    "match": "match_4rdxw2h0vn5s7k9c3m6q8t1y5z",
    "kind": "snooze",
    "reason": "Waiting for the carrier's word",
    "until": _UNTIL,
    "decided_by": {"id": "per_06hx2k4a8m0q3v5y7z9c1e2g3r", "name": "Kim Lake"},
    "decided_at": "2026-11-23T15:04:05Z",
    "etag": '"1dC7mJk2vQe0XyZa9LwRt5Bp"',
}


@extend_schema_serializer(
    examples=[OpenApiExample("A dismissal", {"reason": "The shipper wants its own fleet"}, request_only=True)]
)
class DismissalSerializer(StrictSerializer):
    """Why a match is dismissed."""

    reason = StrictCharField(required=False, allow_blank=True, help_text=f"At most {LONGEST_REASON} characters.")


@extend_schema_serializer(
    examples=[OpenApiExample("A snooze", {"until": _UNTIL, "reason": _DECISION["reason"]}, request_only=True)]
)
class SnoozeSerializer(DismissalSerializer):
    """Until when a match is put aside, and why."""

    until = InstantField(help_text="After now, a week ahead at most.")


class DeciderSerializer(serializers.Serializer[Any]):
    """The person who decided."""

    id = serializers.CharField()
    name = serializers.CharField()


@extend_schema_serializer(examples=[OpenApiExample("A match put aside", _DECISION, response_only=True)])
class DecisionSerializer(StrictSerializer):
    """What the organization decided about a match; nobody else sees it."""

    match = serializers.CharField()
    kind = serializers.ChoiceField(choices=MatchDecision.Kind.choices)
    reason = serializers.CharField()
    until = InstantField(allow_null=True, help_text="null for a dismissal.")
    decided_by = DeciderSerializer(allow_null=True, help_text="null where a key decided.")
    decided_at = InstantField()
    etag = serializers.CharField()


@extend_schema(tags=["matches"])
class DecisionViewSet(ResourceViewSet):
    """What the organization has decided about a match."""

    scopes = {
        "retrieve": "matches:read",
        "destroy": "matches:write",
        "dismissal": "matches:write",
        "snooze": "matches:write",
    }
    if_match_optional = frozenset({"destroy"})
    queryset = MatchDecision.objects.none()
    serializer_class = DecisionSerializer

    def find(self, public_id: str) -> MatchDecision:
        """Return the decision in force about a match."""
        found = decision_on(self.actor.organization, public_id, clock.now())
        if found is None:
            raise NotFound("Nothing is decided about this match: it is on your list if it still stands.")
        return found

    def check_replay_rights(self) -> None:
        """Leave it to the scopes: a decision is the organization's own, also after the match is gone."""

    def represent(self, rows: list[Any]) -> list[dict[str, Any]]:
        """Return decisions as the organization may see them."""
        return [
            {
                "match": row.match_public_id,
                "kind": row.kind,
                "reason": row.reason,
                "until": instant(row.until),
                "decided_by": {"id": row.decided_by.public_id, "name": str(row.decided_by)} if row.decided_by else None,
                "decided_at": instant(row.decided_at),
            }
            for row in rows
        ]

    @extend_schema(summary="Show what you decided about a match")
    def retrieve(self, request: Request, public_id: str) -> Response:
        """Answer with the dismissal, or the snooze while it lasts."""
        return self.shown(self.one(self.get_object()))

    @extend_schema(summary="Restore a match", responses={204: OpenApiResponse(description="It is on the list again.")})
    def destroy(self, request: Request, public_id: str) -> Response:
        """Take a dismissal or snooze back. If-Match may be sent."""
        self.check_if_match(self.one(self.get_object()), required=False)
        restore_match(actor=self.actor, match_id=public_id)
        return Response(status=204)

    @extend_schema(summary="Dismiss a match", request=DismissalSerializer)
    def dismissal(self, request: Request, public_id: str) -> Response:
        """Take a match off your organization's lists until somebody restores it."""
        reason = self.body(DismissalSerializer).get("reason", "")
        return self.shown(self.one(dismiss_match(actor=self.actor, match_id=public_id, reason=reason)))

    @extend_schema(summary="Snooze a match", request=SnoozeSerializer)
    def snooze(self, request: Request, public_id: str) -> Response:
        """Take a match off your organization's lists for a while."""
        body = self.body(SnoozeSerializer)
        decision = snooze_match(
            actor=self.actor, match_id=public_id, until=body["until"], reason=body.get("reason", "")
        )
        return self.shown(self.one(decision))
