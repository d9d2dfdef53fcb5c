"""Where a carrier is paid, in the API: for owners who are signed in, never by a key."""

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.accounts.models import PaymentAccount, PaymentKind
from foundation.accounts.queries import payment_account_of
from foundation.accounts.services import PaymentTerms, set_payment_account
from foundation.rest.fields import InstantField, StrictCharField, instant
from foundation.rest.serializers import StrictSerializer
from foundation.rest.views import ResourceViewSet
from foundation.trade.errors import NotFound

_ACCOUNT: dict[str, Any] = {
    "kind": "bank",
    "name": "Ruiz Trucking LLC",
    "last_four": "6789",
    "set_at": "2026-11-23T15:04:05Z",
    "etag": '"1dC7mJk2vQe0XyZa9LwRt5Bp"',
}


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A bank account",
            {
                "kind": "bank",
                "name": "Ruiz Trucking LLC",
                "routing_number": "021000021",
                "account_number": "000123456789",
            },
            request_only=True,
        ),
        OpenApiExample("A factoring company", {"kind": "factor", "name": "Prompt Factors"}, request_only=True),
        OpenApiExample("What is kept", _ACCOUNT, response_only=True),
    ]
)
class PaymentAccountSerializer(StrictSerializer):
    """Where a carrier is paid. The numbers are written once and never answered: a fingerprint and the end are kept."""

    always_shown: ClassVar[frozenset[str]] = frozenset(_ACCOUNT)

    kind = serializers.ChoiceField(choices=PaymentKind.choices)
    name = StrictCharField(help_text="The name on the account, or the factoring company's.")
    routing_number = StrictCharField(required=False, write_only=True, help_text="Nine digits. Of a bank account only.")
    account_number = StrictCharField(required=False, write_only=True, help_text="Of a bank account only.")
    last_four = serializers.CharField(read_only=True, help_text="Empty for a factoring company.")
    set_at = InstantField(read_only=True)
    etag = serializers.CharField(read_only=True)


@extend_schema(tags=["payment account"])
class PaymentAccountViewSet(ResourceViewSet):
    """Where the organization is paid."""

    scopes = {"retrieve": "organization:write", "update": "organization:write"}
    for_people_only = True
    if_match_optional = frozenset({"update"})
    queryset = PaymentAccount.objects.none()
    serializer_class = PaymentAccountSerializer

    def find(self, public_id: str) -> PaymentAccount:
        """Return where the organization is paid. Raises `NotFound` where it has not said so."""
        account = payment_account_of(self.actor.organization)
        if account is None:
            raise NotFound("You have not said yet where you are paid. PUT it here.")
        return account

    def represent(self, rows: list[Any]) -> list[dict[str, Any]]:
        """Show accounts by name and end."""
        return [
            {"kind": row.kind, "name": row.name, "last_four": row.last_four, "set_at": instant(row.set_at)}
            for row in rows
        ]

    @extend_schema(summary="Show where you are paid", description="For owners who are signed in; no key may.")
    def retrieve(self, request: Request) -> Response:
        """Answer with the account, by name and last four digits."""
        return self.shown(self.one(self.find("")))

    @extend_schema(
        summary="Say where you are paid",
        description="For owners who are signed in; no key may. Every owner has a mail of it, and for seven days "
        "sellers read that it changed. If-Match may be sent.",
    )
    def update(self, request: Request) -> Response:
        """Enter or change where the carrier is paid."""
        if "If-Match" in request.headers:
            self.check_if_match(self.one(self.find("")))
        account = set_payment_account(actor=self.actor, terms=PaymentTerms(**self.body(PaymentAccountSerializer)))
        return self.shown(self.one(account))
