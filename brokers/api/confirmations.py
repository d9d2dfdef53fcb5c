"""Rate confirmations in the API: read by the two sides of their agreement, signed, compared, given as PDF."""

from typing import Any, ClassVar

from django.http import HttpResponse
from django_filters import CharFilter, FilterSet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from brokers.api.booking_parts import NamedSerializer
from brokers.api.paper_examples import CONFIRMATION, SHA256, VERIFICATION
from brokers.models import Agreement, RateConfirmation
from brokers.papers.queries import confirmation_of, confirmations_of
from brokers.papers.verifying import check
from brokers.papers.visibility import confirmation_payload
from brokers.services.documents import document_of, sign_confirmation
from foundation.rest.fields import InstantField, MoneyField, StrictCharField
from foundation.rest.filters import ChoicesFilter
from foundation.rest.parsers import StrictJSONRenderer
from foundation.rest.serializers import StrictSerializer
from foundation.rest.throttling import client_address
from foundation.rest.views import Endpoint, ResourceViewSet

_STATUSES = [(each, each) for each in ("in_force", "superseded", "void", "being_made")]


class SignatureShownSerializer(serializers.Serializer[Any]):
    """A side's signature by a click."""

    organization = NamedSerializer(help_text="The side that it binds.")
    signed_by = NamedSerializer(help_text="Whose person or key signed: the side, or a broker that acts for it.")
    name = serializers.CharField()
    address = serializers.CharField(help_text="The network address that it came from.")
    sha256 = serializers.CharField(help_text="The document that was signed.")
    signed_at = InstantField()


@extend_schema_serializer(examples=[OpenApiExample("As the carrier reads it", CONFIRMATION, response_only=True)])
class ConfirmationSerializer(StrictSerializer):
    """What a payer and a payee agreed. The carriage and a broker's sale are two papers: each side reads its own."""

    always_shown: ClassVar[frozenset[str]] = frozenset(CONFIRMATION)

    id = serializers.CharField()
    number = serializers.CharField()
    revision = serializers.IntegerField()
    agreement = serializers.ChoiceField(choices=Agreement.choices)
    status = serializers.ChoiceField(choices=_STATUSES)
    booking = serializers.CharField()
    lane = serializers.CharField()
    your_side = serializers.ChoiceField(
        choices=[("payer", "payer"), ("payee", "payee")], allow_null=True, help_text="null where you act for a side."
    )
    payer = NamedSerializer()
    payee = NamedSerializer()
    rate = MoneyField()
    made_at = InstantField()
    superseded_at = InstantField(allow_null=True)
    sha256 = serializers.CharField(allow_null=True, help_text="Of the PDF; null for the seconds until it is made.")
    signatures = SignatureShownSerializer(many=True)
    content = serializers.JSONField(help_text="All that the document says; money in cents, instants in UTC.")
    etag = serializers.CharField()


@extend_schema_serializer(
    examples=[OpenApiExample("A signature", {"sha256": SHA256, "name": "Ana Ruiz"}, request_only=True)]
)
class SignatureSerializer(StrictSerializer):
    """The document that you read, by its hash, and your name."""

    sha256 = StrictCharField(max_length=64)
    name = StrictCharField()
    signs_as = StrictCharField(required=False, help_text="The side's id, where you act for both.")


@extend_schema_serializer(examples=[OpenApiExample("A hash", {"sha256": SHA256}, request_only=True)])
class ComparisonSerializer(StrictSerializer):
    """The SHA-256 of the copy that you have."""

    sha256 = serializers.RegexField(r"^[0-9a-fA-F]{64}$")


@extend_schema_serializer(examples=[OpenApiExample("The same", VERIFICATION, response_only=True)])
class VerificationSerializer(StrictSerializer):
    """Whether a copy is this document, and whether the stored one is unchanged."""

    always_shown: ClassVar[frozenset[str]] = frozenset(VERIFICATION)

    is_this_document = serializers.BooleanField()
    stored_document_verifies = serializers.BooleanField(help_text="Bytes, hash, signatures and audit agree.")
    problems = serializers.ListField(child=serializers.CharField())
    other = serializers.CharField(allow_null=True, help_text="The other confirmation of the booking that the copy is.")
    etag = serializers.CharField()


class ConfirmationFilter(FilterSet):  # type: ignore[misc]
    """What the list can be narrowed by."""

    booking = CharFilter(field_name="booking__public_id", max_length=40, help_text="The booking's id.")
    agreement = ChoicesFilter(choices=Agreement.choices)


class PdfRenderer(BaseRenderer):
    """Lets a client ask for `application/pdf`; the view answers with the bytes itself."""

    media_type = "application/pdf"
    format = "pdf"
    charset = None
    render_style = "binary"


@extend_schema(tags=["rate confirmations"])
class ConfirmationViewSet(ResourceViewSet):
    """Rate confirmations of which the organization is a side."""

    scopes = {
        "list": "bookings:read",
        "retrieve": "bookings:read",
        "signature": "bookings:write",
        "verification": "bookings:read",
    }
    requires_idempotency_key = frozenset({"signature"})
    queryset = RateConfirmation.objects.none()
    serializer_class = ConfirmationSerializer
    filterset_class = ConfirmationFilter

    def find(self, public_id: str) -> RateConfirmation:
        """Return a confirmation of which the organization is a side."""
        return confirmation_of(self.actor.organization, public_id)

    def represent(self, rows: list[Any]) -> list[dict[str, Any]]:
        """Return confirmations as the organization reads them."""
        return [confirmation_payload(row, self.actor.organization) for row in rows]

    @extend_schema(summary="List rate confirmations", description="Newest first; by booking where one is named.")
    def list(self, request: Request) -> Response:
        """Answer with a page of confirmations."""
        return self.listed(confirmations_of(self.actor.organization))

    @extend_schema(summary="Show a rate confirmation")
    def retrieve(self, request: Request, public_id: str) -> Response:
        """Answer with one confirmation."""
        return self.shown(self.one(self.get_object()))

    @extend_schema(
        summary="Sign a rate confirmation",
        description="Names the document that you read by its SHA-256; your network address is kept. Once per side.",
        request=SignatureSerializer,
    )
    def signature(self, request: Request, public_id: str) -> Response:
        """Sign for the organization's side."""
        data = self.body(SignatureSerializer)
        row = sign_confirmation(actor=self.actor, confirmation_id=public_id, address=client_address(request), **data)
        return self.shown(self.one(row))

    @extend_schema(
        summary="Check a document",
        description="Says whether a copy's SHA-256 is this document's, and whether the stored one is unchanged.",
        request=ComparisonSerializer,
        responses=VerificationSerializer,
    )
    def verification(self, request: Request, public_id: str) -> Response:
        """Compare a hash with the stored document."""
        given = self.body(ComparisonSerializer)["sha256"].lower()
        row = self.get_object()
        found = check(row) if row.sha256 else None
        other = confirmations_of(self.actor.organization).filter(booking=row.booking_id, sha256=given)
        named = other.exclude(pk=row.pk).first()
        return self.shown(
            {
                "is_this_document": given == row.sha256,
                "stored_document_verifies": found is not None and found.holds,
                "problems": list(found.problems) if found else ["The document is being made."],
                "other": named.public_id if named and given != row.sha256 else None,
            }
        )


@extend_schema(tags=["rate confirmations"])
class DocumentView(Endpoint):
    """The document itself."""

    scopes = {"get": "bookings:read"}
    renderer_classes = [StrictJSONRenderer, PdfRenderer]

    @extend_schema(
        summary="Download a rate confirmation",
        description="The PDF, byte for byte the one that was signed; its ETag is its SHA-256.",
        operation_id="rate_confirmations_document",
        responses={(200, "application/pdf"): OpenApiTypes.BINARY},
        examples=[OpenApiExample("Its first bytes", "%PDF-1.7", media_type="application/pdf", response_only=True)],
    )
    def get(self, request: Request, public_id: str) -> HttpResponse:
        """Answer with the PDF."""
        row, pdf = document_of(self.actor.organization, public_id)
        response = HttpResponse(pdf, content_type="application/pdf")
        response["Content-Disposition"] = f'attachment; filename="{row.number}.pdf"'
        response["ETag"] = f'"{row.sha256}"'
        return response
