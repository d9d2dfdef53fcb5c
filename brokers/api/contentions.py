"""Contentions in the API: what one side says of a cancellation in its own favour, answered or withdrawn."""

from typing import Any, ClassVar

from django_filters import CharFilter, FilterSet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from brokers.api.booking_parts import ContentionPartSerializer
from brokers.api.paper_examples import CONTENTION
from brokers.contentions.queries import contention_of, contentions_of
from brokers.contentions.visibility import contention_payload
from brokers.models import Contention, ContentionStatus
from brokers.services.contending import answer_contention, withdraw_contention
from foundation.rest.fields import StrictCharField, StrictIntegerField
from foundation.rest.filters import ChoicesFilter
from foundation.rest.serializers import StrictSerializer
from foundation.rest.views import ResourceViewSet
from foundation.trade import clock


@extend_schema_serializer(examples=[OpenApiExample("A load that was not ready", CONTENTION, response_only=True)])
class ContentionSerializer(ContentionPartSerializer):
    """Money that hangs on one side's word. Both sides read the same."""

    always_shown: ClassVar[frozenset[str]] = frozenset(CONTENTION)

    etag = serializers.CharField()


@extend_schema_serializer(examples=[OpenApiExample("As it was seen", {"version": 1}, request_only=True)])
class ContentionAgreementSerializer(StrictSerializer):
    """The version that is agreed to."""

    version = StrictIntegerField(min_value=1, help_text="The contention's version that you saw: another one is a 412.")
    answer = StrictCharField(required=False, allow_blank=True, help_text="At most 500 characters.")


@extend_schema_serializer(
    examples=[OpenApiExample("Ready", {"version": 1, "answer": "It was on the dock at seven."}, request_only=True)]
)
class ContentionDisputeSerializer(StrictSerializer):
    """Why it is not so, and the version that was looked at."""

    version = StrictIntegerField(min_value=1, help_text="The contention's version that you saw: another one is a 412.")
    answer = StrictCharField(help_text="Why: at most 500 characters. It is kept beside what the other side said.")


@extend_schema_serializer(
    examples=[OpenApiExample("A mistake", {"version": 1, "reason": "It was the other dock."}, request_only=True)]
)
class ContentionWithdrawalSerializer(StrictSerializer):
    """The version that is withdrawn, and why if you wish."""

    version = StrictIntegerField(min_value=1, help_text="The contention's version that you saw: another one is a 412.")
    reason = StrictCharField(
        required=False, allow_blank=True, help_text="At most 500 characters; the other side reads it."
    )


class ContentionFilter(FilterSet):  # type: ignore[misc]
    """What the list can be narrowed by."""

    booking = CharFilter(field_name="booking__public_id", max_length=40, help_text="The booking's id.")
    status = ChoicesFilter(choices=ContentionStatus.choices)


@extend_schema(tags=["contentions"])
class ContentionViewSet(ResourceViewSet):
    """Contentions between the organization, or a side that lets it cancel, and another."""

    scopes = {
        "list": "bookings:read",
        "retrieve": "bookings:read",
        "agreement": "bookings:write",
        "dispute": "bookings:write",
        "withdrawal": "bookings:write",
    }
    requires_idempotency_key = frozenset({"agreement", "dispute", "withdrawal"})
    queryset = Contention.objects.none()
    serializer_class = ContentionSerializer
    filterset_class = ContentionFilter

    def find(self, public_id: str) -> Contention:
        """Return a contention that the organization may read."""
        return contention_of(self.actor.organization, public_id, clock.now())

    def represent(self, rows: list[Any]) -> list[dict[str, Any]]:
        """Return contentions as both sides read them."""
        return [contention_payload(row) for row in rows]

    @extend_schema(
        summary="List contentions",
        description="What hangs on one side's word after a cancellation, newest first; by booking where one is named.",
    )
    def list(self, request: Request) -> Response:
        """Answer with a page of contentions."""
        return self.listed(contentions_of(self.actor.organization, clock.now()))

    @extend_schema(summary="Show a contention")
    def retrieve(self, request: Request, public_id: str) -> Response:
        """Answer with one contention."""
        return self.shown(self.one(self.get_object()))

    @extend_schema(
        summary="Agree to what the other side says",
        description="What is owed changes at once, and the booking and its 371.3 record say who agreed and when. "
        "Once answered, or 72 hours after it was said, it cannot be answered any more.",
        request=ContentionAgreementSerializer,
    )
    def agreement(self, request: Request, public_id: str) -> Response:
        """Agree for the side that is asked."""
        body = self.body(ContentionAgreementSerializer)
        return self._answer(public_id, body, agrees=True)

    @extend_schema(
        summary="Dispute what the other side says",
        description="What is owed stays as the clock shows it; both sentences are kept.",
        request=ContentionDisputeSerializer,
    )
    def dispute(self, request: Request, public_id: str) -> Response:
        """Dispute for the side that is asked."""
        return self._answer(public_id, self.body(ContentionDisputeSerializer), agrees=False)

    @extend_schema(
        summary="Withdraw what your side says",
        description="While the other side has not answered. What is owed stays as the clock shows it: what was claimed "
        "is not owed, and what is owed by the clock although the truck is said not to have come stays owed. It is kept "
        "with the booking, and cannot be said again. Once the other side agreed or disputed it is a 409.",
        request=ContentionWithdrawalSerializer,
    )
    def withdrawal(self, request: Request, public_id: str) -> Response:
        """Withdraw for the side that says it."""
        body = self.body(ContentionWithdrawalSerializer)
        row = withdraw_contention(
            actor=self.actor, contention_id=public_id, version=body["version"], reason=body.get("reason", "")
        )
        return self.shown(self.one(row))

    def _answer(self, public_id: str, body: dict[str, Any], *, agrees: bool) -> Response:
        row = answer_contention(
            actor=self.actor,
            contention_id=public_id,
            version=body["version"],
            agrees=agrees,
            answer=body.get("answer", ""),
        )
        return self.shown(self.one(row))
