"""Offers in the API: the first one of a thread, counter-offers, acceptance, decline, withdrawal."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from brokers.api.bargain_serializers import (
    AcceptanceSerializer,
    CounterSerializer,
    DeclineSerializer,
    OfferSerializer,
    OpeningSerializer,
    TenderSerializer,
    manner_from,
)
from brokers.api.bargain_terms import terms_from
from brokers.api.vehicle_fields import vehicle_in
from brokers.models import Claim, Offer
from brokers.offer_visibility import next_bargain, offer_payload
from brokers.services.offers import accept_offer, counter_offer, decline_offer, withdraw_offer
from brokers.services.opening import invite_carrier, load_to_bargain, load_to_offer, open_thread
from brokers.services.tenders import tender_load
from brokers.terms import posted_terms
from brokers.thread_queries import load_in_thread, offer_of
from foundation.rest.serializers import EmptySerializer
from foundation.rest.views import ResourceViewSet, location_of
from loads.models import Load
from loads.queries import load_of


@extend_schema(tags=["threads"])
class OfferViewSet(ResourceViewSet):
    """Offers of the organization's threads."""

    scopes = {
        "retrieve": "offers:read",
        "counters": "offers:write",
        "acceptance": "bookings:write",
        "decline": "offers:write",
        "withdrawal": "offers:write",
    }
    requires_idempotency_key = frozenset({"counters", "acceptance", "decline", "withdrawal"})
    queryset = Offer.objects.none()
    serializer_class = OfferSerializer

    def find(self, public_id: str) -> Any:
        """Return an offer of a thread of the organization's."""
        return offer_of(self.actor.organization, public_id)

    def represent(self, rows: list[Any]) -> list[dict[str, Any]]:
        """Return offers as the organization reads them."""
        return [offer_payload(row, self.actor.organization) for row in rows]

    def check_replay_rights(self) -> None:
        """Ask for both scopes of an acceptance again: the first one asked for them too."""
        super().check_replay_rights()
        if self.action == "acceptance":
            self.actor.require("offers:write")

    def made(self, offer: Offer) -> Response:
        """Answer with an offer that was just made, read anew."""
        found = offer_of(self.actor.organization, offer.public_id)
        return self.shown(self.one(found), status=201, location=location_of("offers", offer.public_id))

    def named_as_given(self, data: dict[str, Any]) -> None:
        """Let refusals point to the field that the body has: the all-in rate where that was given."""
        if "rate" in data:
            self.field_names = {"linehaul_cents": "rate"}  # type: ignore[misc]

    @extend_schema(summary="Show an offer")
    def retrieve(self, request: Request, public_id: str) -> Response:
        """Answer with one offer."""
        return self.shown(self.one(self.get_object()))

    @extend_schema(
        summary="Counter an offer",
        description="What you leave out stays as in the last offer. A thread has ten counter-offers at most.",
        request=CounterSerializer,
        responses={201: OfferSerializer},
    )
    def counters(self, request: Request, public_id: str) -> Response:
        """Answer the last offer of this offer's thread with another one."""
        data = self.body(CounterSerializer)
        self.named_as_given(data)
        thread = self.get_object().thread
        offer = counter_offer(
            actor=self.actor,
            thread_id=thread.public_id,
            terms=terms_from(data, next_bargain(thread)),
            on_number=data["on_number"],
            **manner_from(data),
        )
        return self.made(offer)

    @extend_schema(
        summary="Accept an offer",
        description=(
            "Books the load on the offer's terms: 200, and `booking` is its id. Where the carrier has to be checked "
            "first: 202, the offer is `held` and its load reserved for ten minutes at most; then it is booked at these "
            "terms, or the offer lives on. `hold` says which. Accepting a broker's tender makes the broker "
            "the load's one seller. An offer that does not stand any more is a 409 that says what does."
        ),
        request=AcceptanceSerializer,
        responses={200: OfferSerializer, 202: OfferSerializer},
    )
    def acceptance(self, request: Request, public_id: str) -> Response:
        """Accept the other side's offer."""
        data = self.body(AcceptanceSerializer)
        self.field_names = {"linehaul_cents": "rate"}  # type: ignore[misc]
        agreed = accept_offer(
            actor=self.actor,
            offer_id=public_id,
            number=data["number"],
            load_version=data["load_version"],
            confirmed=data.get("confirmed", False),
        )
        status = 202 if isinstance(agreed, Claim) else 200
        return self.shown(self.one(self.get_object()), status=status)

    @extend_schema(summary="Decline an offer", description="That ends the thread.", request=DeclineSerializer)
    def decline(self, request: Request, public_id: str) -> Response:
        """Say no to the other side's offer."""
        reason = self.body(DeclineSerializer).get("reason", "")
        decline_offer(actor=self.actor, offer_id=public_id, reason=reason)
        return self.shown(self.one(self.get_object()))

    @extend_schema(
        summary="Withdraw an offer", description="The thread stays open for another one.", request=EmptySerializer
    )
    def withdrawal(self, request: Request, public_id: str) -> Response:
        """Take an own offer back."""
        self.body(EmptySerializer)
        withdraw_offer(actor=self.actor, offer_id=public_id)
        return self.shown(self.one(self.get_object()))


@extend_schema(tags=["threads"])
class LoadOfferViewSet(OfferViewSet):
    """Beginning a negotiation over a load."""

    scopes = {"create": "offers:write"}
    requires_idempotency_key = frozenset({"create"})

    def find(self, public_id: str) -> Any:
        """Return the load: one in sight, or one that the organization has negotiated over."""
        return load_in_thread(self.actor.organization, public_id) or load_of(self.actor.organization, public_id)

    @extend_schema(
        summary="Make the first offer on a load",
        description=(
            "Opens a thread: as the carrier of a truck, or with `side` of `seller` as the load's seller to a truck "
            "that you see on the market. What you leave out is as posted."
        ),
        request=OpeningSerializer,
        responses={201: OfferSerializer},
    )
    def create(self, request: Request, public_id: str) -> Response:
        """Open a thread."""
        data = self.body(OpeningSerializer)
        self.named_as_given(data)
        vehicle = vehicle_in(data)
        if data.get("side") == "seller":
            load, _ = load_to_offer(self.actor, public_id)
            terms = terms_from(data, posted_terms(load))
            invited = invite_carrier(
                actor=self.actor, load_id=public_id, leg_id=vehicle["leg_id"], terms=terms, **manner_from(data)
            )
            return self.made(invited)
        load = load_to_bargain(self.actor, load_id=public_id, truck_id=vehicle["truck_id"], leg_id=vehicle["leg_id"])
        offer = open_thread(
            actor=self.actor,
            load_id=public_id,
            **vehicle,
            terms=terms_from(data, posted_terms(load)),
            **manner_from(data),
        )
        return self.made(offer)


@extend_schema(tags=["threads"])
class LoadTenderViewSet(LoadOfferViewSet):
    """Tendering for the sale of a load."""

    @extend_schema(
        summary="Tender for the sale of a load",
        description=(
            "A broker offers the shipper to sell its load, at the rate that the shipper would pay. Accepted, the "
            "broker is the one seller of the load."
        ),
        request=TenderSerializer,
        responses={201: OfferSerializer},
    )
    def create(self, request: Request, public_id: str) -> Response:
        """Open a thread over the sale."""
        data = self.body(TenderSerializer)
        self.named_as_given(data)
        load: Load = load_of(self.actor.organization, public_id)
        terms = terms_from(data, posted_terms(load))
        return self.made(tender_load(actor=self.actor, load_id=public_id, terms=terms, **manner_from(data)))
