"""Proposals in the API: a line of a plan put before the parties, their answers, its withdrawal."""

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from brokers.api.booking_parts import NamedSerializer
from brokers.models import Proposal, ProposalParty, ProposalStatus
from brokers.queries import proposal_of, proposals_of
from brokers.services import answer_proposal, propose_line, withdraw_proposal
from brokers.thread_queries import threads_from
from brokers.visibility import party_payload, proposal_payload
from foundation.rest.fields import InstantField, MoneyField
from foundation.rest.serializers import EmptySerializer, StrictSerializer
from foundation.rest.views import ResourceViewSet, location_of
from foundation.trade import clock
from matching.models import PlanLine
from matching.plans import line_of, plan_of

_PROPOSAL: dict[str, Any] = {
    "id": "prop_06hx2k4a8m0q3v5y7z9c1e2g3r",
    "kind": "suggestion",
    "status": "open",
    "version": 1,
    "broker": {"id": "org_06hx2k4a8m0q3v5y7z9c1e2g3r", "name": "Lakeside Brokers"},
    "leg": "leg_06hx2k4a8m0q3v5y7z9c1e2g3r",
    "loads": [{"id": "load_06hx2k4a8m0q3v5y7z9c1e2g3r", "rate": {"amount": "2400.00", "currency": "USD"}}],
    "made_at": "2026-11-23T15:04:05Z",
    "expires_at": "2026-11-24T15:04:05Z",
    "closed_at": None,
    "threads": [],
}
_ONLY_BROKER = "Only the broker that made it sees it."
_ONLY_PARTY = "Only a party sees it."
_FOR_BROKER = _PROPOSAL | {
    "plan": "plan_06hx2k4a8m0q3v5y7z9c1e2g3r",
    "line": "line_4rdxw2h0vn5s7k9c3m6q8t1y5z",
    "market_gain": {"amount": "812.40", "currency": "USD"},
    "parties": [
        {
            "role": "carrier",
            "organization": {"id": "org_06hx2k4a8m0q3v5y7z9c1e2g4s", "name": "Ruiz Trucking"},
            "is_represented": False,
            "is_asked": True,
            "answer": None,
            "answered_at": None,
        }
    ],
    "etag": '"1dC7mJk2vQe0XyZa9LwRt5Bp"',
}
_FOR_PARTY = _PROPOSAL | {
    "your_role": "carrier",
    "represents_you": False,
    "represents_both_sides": False,
    "market_gain": {"amount": "812.40", "currency": "USD"},
    "your_answer": None,
    "asks_you": True,
    "etag": '"9vQe0XyZa9LwRt5Bp1dC7mJk2"',
}


@extend_schema_serializer(examples=[OpenApiExample("Yes", {"answer": "interested"}, request_only=True)])
class AnswerSerializer(StrictSerializer):
    """A party's word."""

    answer = serializers.ChoiceField(choices=ProposalParty.Answer.choices)


class ProposedLoadSerializer(serializers.Serializer[Any]):
    """A load of the proposal; all of it stands at `/loads/{id}`."""

    id = serializers.CharField()
    rate = MoneyField(allow_null=True, help_text="The posting's; null where it is open to offers.")


class PartySerializer(serializers.Serializer[Any]):
    """A side of the proposal and its word."""

    role = serializers.ChoiceField(choices=ProposalParty.Role.choices)
    organization = NamedSerializer(allow_null=True, help_text="null where it hides its name.")
    is_represented = serializers.BooleanField(help_text="The broker acts for it.")
    is_asked = serializers.BooleanField(help_text="Its word is waited for.")
    answer = serializers.ChoiceField(choices=ProposalParty.Answer.choices, allow_null=True)
    answered_at = InstantField(allow_null=True)


@extend_schema_serializer(
    examples=[
        OpenApiExample("As the broker reads it", _FOR_BROKER, response_only=True),
        OpenApiExample("As a party reads it", _FOR_PARTY, response_only=True),
    ]
)
class ProposalSerializer(StrictSerializer):
    """A truck and loads that a broker proposes. A shipper reads its own loads only, the carrier and the broker all."""

    always_shown: ClassVar[frozenset[str]] = frozenset(_PROPOSAL) | {"market_gain", "etag"}

    id = serializers.CharField()
    kind = serializers.ChoiceField(choices=Proposal.Kind.choices)
    status = serializers.ChoiceField(choices=ProposalStatus.choices)
    version = serializers.IntegerField()
    broker = NamedSerializer()
    leg = serializers.CharField(help_text="The truck's return leg.")
    loads = ProposedLoadSerializer(many=True, help_text="In driving order.")
    made_at = InstantField()
    expires_at = InstantField()
    closed_at = InstantField(allow_null=True)
    threads = serializers.ListField(
        child=serializers.CharField(), help_text="Your negotiations about its loads with its leg: what it led to."
    )
    market_gain = MoneyField(allow_null=True, help_text="null for a shipper of one of several loads.")
    plan = serializers.CharField(help_text=_ONLY_BROKER)
    line = serializers.CharField(help_text=_ONLY_BROKER)
    parties = PartySerializer(many=True, help_text=_ONLY_BROKER)
    your_role = serializers.ChoiceField(choices=ProposalParty.Role.choices, help_text=_ONLY_PARTY)
    represents_you = serializers.BooleanField(help_text=_ONLY_PARTY)
    represents_both_sides = serializers.BooleanField(help_text=_ONLY_PARTY)
    your_answer = serializers.ChoiceField(choices=ProposalParty.Answer.choices, allow_null=True, help_text=_ONLY_PARTY)
    asks_you = serializers.BooleanField(help_text=f"Your word is waited for. {_ONLY_PARTY}")
    etag = serializers.CharField()


@extend_schema(tags=["proposals"])
class ProposalViewSet(ResourceViewSet):
    """Proposals that the organization made or received."""

    scopes = {
        "list": "matches:read",
        "retrieve": "matches:read",
        "answer": "offers:write",
        "withdrawal": "offers:write",
    }
    requires_idempotency_key = frozenset({"answer", "withdrawal"})
    queryset = Proposal.objects.none()
    serializer_class = ProposalSerializer

    def find(self, public_id: str) -> Proposal:
        """Return a proposal that the organization made or received."""
        return proposal_of(self.actor.organization, public_id)

    def represent(self, rows: list[Any]) -> list[dict[str, Any]]:
        """Return proposals as the organization reads them."""
        viewer = self.actor.organization
        threads = threads_from(viewer, rows, clock.now())
        found = []
        for row in rows:
            mine = (party for party in row.parties.all() if party.organization_id == viewer.pk)
            party = next(mine, None) if row.broker_id != viewer.pk else None
            payload = party_payload(row, party) if party else proposal_payload(row)
            found.append(payload | {"threads": threads[row.pk]})
        return found

    @extend_schema(summary="List proposals", description="Those that you made or received, newest first.")
    def list(self, request: Request) -> Response:
        """Answer with a page of proposals."""
        return self.listed(proposals_of(self.actor.organization))

    @extend_schema(summary="Show a proposal")
    def retrieve(self, request: Request, public_id: str) -> Response:
        """Answer with one proposal."""
        return self.shown(self.one(self.get_object()))

    @extend_schema(
        summary="Answer a proposal",
        description="A party says that it is interested, or declines: that closes the proposal.",
        request=AnswerSerializer,
    )
    def answer(self, request: Request, public_id: str) -> Response:
        """Record a party's word."""
        said = self.body(AnswerSerializer)["answer"]
        return self.shown(self.one(answer_proposal(actor=self.actor, proposal_id=public_id, answer=said)))

    @extend_schema(summary="Withdraw a proposal", request=EmptySerializer)
    def withdrawal(self, request: Request, public_id: str) -> Response:
        """Take an own proposal back."""
        self.body(EmptySerializer)
        return self.shown(self.one(withdraw_proposal(actor=self.actor, proposal_id=public_id)))


@extend_schema(tags=["plans"])
class LineProposalViewSet(ProposalViewSet):
    """Proposing a line of a plan."""

    scopes = {"create": "offers:write"}
    requires_idempotency_key = frozenset({"create"})
    lookup_field = "line_id"

    def find(self, public_id: str) -> PlanLine:  # type: ignore[override]
        """Return the line of an own plan that the address names."""
        viewer = self.actor.organization
        return line_of(viewer, plan_of(viewer, self.kwargs["plan_id"]), public_id, clock.now())

    @extend_schema(
        summary="Propose a line to its parties",
        description="An offer for 30 minutes where you represent a side, a suggestion for 24 hours otherwise.",
        request=EmptySerializer,
        responses={201: ProposalSerializer},
    )
    def create(self, request: Request, plan_id: str, line_id: str) -> Response:
        """Put a line before the parties."""
        self.body(EmptySerializer)
        proposal = propose_line(actor=self.actor, plan_id=plan_id, line_id=line_id)
        return self.shown(self.one(proposal), status=201, location=location_of("proposals", proposal.public_id))
