"""Standing permissions between organizations in the API: read by both sides, managed by owners in pages."""

from typing import Any, ClassVar

from django_filters import FilterSet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.accounts.models import Decision, Relationship, RelationshipKind
from foundation.accounts.queries import relationships_in_force
from foundation.rest.fields import InstantField, instant, named
from foundation.rest.filters import ChoicesFilter
from foundation.rest.serializers import StrictSerializer
from foundation.rest.views import ResourceViewSet
from foundation.trade import clock
from foundation.trade.errors import NotFound

_RELATIONSHIP: dict[str, Any] = {
    "id": "rel_06hx2k4a8m0q3v5y7z9c1e2g3r",
    "kind": "represents",
    "giver": {"id": "org_06hx2k4a8m0q3v5y7z9c1e2g4s", "name": "Ruiz Trucking"},
    "taker": {"id": "org_06hx2k4a8m0q3v5y7z9c1e2g3n", "name": "Lakeside Brokers"},
    "is_yours_to_give": False,
    "keeps": ["claims"],
    "valid_from": "2026-11-23T15:04:05Z",
    "valid_until": None,
    "etag": '"1dC7mJk2vQe0XyZa9LwRt5Bp"',
}


class RelatedSerializer(serializers.Serializer[Any]):
    """A side of a relationship."""

    id = serializers.CharField()
    name = serializers.CharField()


@extend_schema_serializer(examples=[OpenApiExample("A carrier that lets you act for it", _RELATIONSHIP)])
class RelationshipSerializer(StrictSerializer):
    """What one organization lets another do, or holds against it."""

    always_shown: ClassVar[frozenset[str]] = frozenset(_RELATIONSHIP)

    id = serializers.CharField()
    kind = serializers.ChoiceField(choices=RelationshipKind.choices)
    giver = RelatedSerializer()
    taker = RelatedSerializer()
    is_yours_to_give = serializers.BooleanField(help_text="Whether your organization is the giver.")
    keeps = serializers.ListField(
        child=serializers.ChoiceField(choices=Decision.choices),
        help_text="The decisions that the giver of `represents` keeps for itself: the broker takes none of them.",
    )
    valid_from = InstantField()
    valid_until = InstantField(allow_null=True, help_text="null until somebody ends it.")
    etag = serializers.CharField()


class RelationshipFilter(FilterSet):  # type: ignore[misc]
    """What the list can be narrowed by."""

    kind = ChoicesFilter(choices=RelationshipKind.choices)


@extend_schema(tags=["relationships"])
class RelationshipViewSet(ResourceViewSet):
    """Relationships in force in which the organization gives or takes."""

    scopes = {"list": "matches:read", "retrieve": "matches:read"}
    queryset = Relationship.objects.none()
    serializer_class = RelationshipSerializer
    filterset_class = RelationshipFilter

    def find(self, public_id: str) -> Relationship:
        """Return a relationship in force of the organization's; raises `NotFound`."""
        row = relationships_in_force(self.actor.organization, clock.now()).filter(public_id=public_id).first()
        if row is None:
            raise NotFound("There is no such relationship here.")
        return row

    def represent(self, rows: list[Any]) -> list[dict[str, Any]]:
        """Return relationships as either side reads them."""
        own = self.actor.organization.pk
        return [
            {
                "id": row.public_id,
                "kind": row.kind,
                "giver": named(row.giver),
                "taker": named(row.taker),
                "is_yours_to_give": row.giver_id == own,
                "keeps": list(row.keeps),
                "valid_from": instant(row.valid_from),
                "valid_until": instant(row.valid_until),
            }
            for row in rows
        ]

    @extend_schema(
        summary="List relationships",
        description="What your organization gives to others, and what others give to it, with the decisions that a "
        "party keeps for itself where a broker acts for it. Who blocks you is not told. Owners manage them in pages.",
    )
    def list(self, request: Request) -> Response:
        """Answer with a page of relationships."""
        return self.listed(relationships_in_force(self.actor.organization, clock.now()))

    @extend_schema(summary="Show a relationship")
    def retrieve(self, request: Request, public_id: str) -> Response:
        """Answer with one relationship."""
        return self.shown(self.one(self.get_object()))
