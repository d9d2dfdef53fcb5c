"""A resource of our own to try the manners on: tickets are organizations' drivers' worth of nothing but a name."""

from dataclasses import dataclass
from typing import Any

from django.urls import include, path
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.decorators import action
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from foundation.accounts.models import Organization
from foundation.rest.fields import InstantField, MoneyField, StrictIntegerField
from foundation.rest.handlers import unknown_address
from foundation.rest.serializers import StrictSerializer
from foundation.rest.urls import api_urlpatterns
from foundation.rest.views import ResourceViewSet, location_of
from foundation.trade.errors import Conflict, FieldProblem, Forbidden, Invalid, NotFound
from foundation.trade.ids import new_id


@dataclass
class FakeOrganization:
    """An organization as opaque as REST takes it."""

    public_id: str


@dataclass
class FakeActor:
    """An actor with scopes."""

    organization: FakeOrganization
    scopes: frozenset[str]
    label: str = "key_1"

    def may(self, scope: str) -> bool:
        """Say whether the scope is held."""
        return scope in self.scopes


class HeaderAuthentication(BaseAuthentication):
    """Takes organization and scopes from a header: `Test org_a read,write`."""

    def authenticate(self, request: Any) -> Any:
        """Set the actor."""
        words = request.headers.get("Authorization", "").split()
        if not words:
            return None
        if words[0] != "Test":
            raise AuthenticationFailed("This key is not valid.")
        request._request.actor = FakeActor(FakeOrganization(words[1]), frozenset(words[2].split(",")))
        return object(), None

    def authenticate_header(self, request: Any) -> str:
        """Return the challenge."""
        return "Test"


class ThingInput(StrictSerializer):
    """A thing."""

    id = serializers.CharField(read_only=True)
    name = serializers.CharField(max_length=20)
    rate = MoneyField(required=False)
    at = InstantField(required=False)
    pieces = StrictIntegerField(min_value=1, required=False)


class Things(ResourceViewSet):
    """Things: rows of Organization."""

    authentication_classes = [HeaderAuthentication]
    scopes = {
        "list": "read", "retrieve": "read", "create": "write", "update": "write", "claims": "write", "trouble": "write",
    }  # fmt: skip
    requires_idempotency_key = frozenset({"claims"})
    serializer_class = ThingInput

    def get_queryset(self) -> Any:
        """Return all rows."""
        return Organization.objects.filter(name__startswith="Thing")

    def find(self, public_id: str) -> Organization:
        """Return one row."""
        row = self.get_queryset().filter(public_id=public_id).first()
        if row is None:
            raise NotFound
        return row

    def represent(self, rows: list[Any]) -> list[dict[str, Any]]:
        """Show the owner's view to those with the scope `secrets`, the others the name."""
        return [
            {"id": row.public_id, "name": row.name}
            | ({"version": row.version, "contact_name": row.contact_name} if self.actor.may("secrets") else {})
            for row in rows
        ]

    def list(self, request: Any) -> Response:
        """List."""
        return self.listed(self.get_queryset())

    def retrieve(self, request: Any, public_id: str) -> Response:
        """Show."""
        return self.shown(self.one(self.get_object()))

    def create(self, request: Any) -> Response:
        """Make one."""
        data = self.body(ThingInput)
        row = Organization.objects.create(name=f"Thing {data['name']}", ships=True)
        return self.shown(self.one(row), status=201, location=location_of("things", row.public_id))

    def update(self, request: Any, public_id: str) -> Response:
        """Change one."""
        row = self.get_object()
        self.check_if_match(self.one(row))
        row.name = f"Thing {self.body(ThingInput)['name']}"
        row.save()
        return self.shown(self.one(row))

    @action(detail=True, methods=["post"])
    def claims(self, request: Any, public_id: str) -> Response:
        """Need a key."""
        row = self.get_object()
        Organization.objects.filter(pk=row.pk).update(version=row.version + 1)
        return Response({"claimed": public_id}, status=201)

    @action(detail=False, methods=["post"])
    def trouble(self, request: Any) -> Response:
        """Fail in the way that the body names, after having written."""
        kind = request.data["kind"]
        Organization.objects.create(name=f"Thing {new_id('x')}", ships=True)
        match kind:
            case "invalid":
                raise Invalid([FieldProblem("stops.0.rate_cents", "too_low", "The rate is too low.")])
            case "conflict":
                raise Conflict("taken", "It is taken.")
            case "forbidden":
                raise Forbidden("unverified", "You are not verified.")
            case "check":
                Organization.objects.create(name="Thing nothing")
            case "unique":
                Organization.objects.create(
                    name="Thing 2", ships=True, public_id=Organization.objects.first().public_id
                )
            case "range":
                Organization.objects.create(name="Thing" * 100, ships=True)
            case "crash":
                raise RuntimeError("secret words")
        return Response({"status": "nothing"}, status=204)


router = SimpleRouter(trailing_slash=False)
router.register("things", Things, basename="things")

handler400 = "foundation.rest.handlers.bad_request"
handler403 = "foundation.rest.handlers.permission_denied"
handler404 = "foundation.rest.handlers.not_found"
handler500 = "foundation.rest.handlers.server_error"

urlpatterns = [
    path("api/v1/", include([*router.urls, *api_urlpatterns])),
    path("api/<path:rest>", unknown_address),
]
