"""Addresses of decisions and proposals in the API."""

from django.urls import URLPattern, URLResolver, path

from brokers.api.bookings import BookingViewSet
from brokers.api.bundles import BackhaulsView, BundleViewSet
from brokers.api.claims import ClaimViewSet, LoadClaimViewSet
from brokers.api.decisions import DecisionViewSet
from brokers.api.fairness import LoadBenchmarkView, ThreadBenchmarkView
from brokers.api.next_best import NextBestViewSet
from brokers.api.offers import LoadOfferViewSet, LoadTenderViewSet, OfferViewSet
from brokers.api.paper_urls import paper_urlpatterns
from brokers.api.proposals import LineProposalViewSet, ProposalViewSet
from brokers.api.splits import SplitViewSet
from brokers.api.threads import ThreadViewSet
from brokers.api.tours import TourViewSet
from brokers.api.trust import BookingCarrierView, OwnTrustView, ThreadCarrierView

_PROPOSAL = "proposals/<str:public_id>"
_OFFER = "offers/<str:public_id>"

api_urlpatterns: list[URLPattern | URLResolver] = [
    path(
        "matches/<str:public_id>/decision",
        DecisionViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
        name="api-match-decision",
    ),
    path(
        "matches/<str:public_id>/dismissal", DecisionViewSet.as_view({"post": "dismissal"}), name="api-match-dismissal"
    ),
    path("matches/<str:public_id>/snooze", DecisionViewSet.as_view({"post": "snooze"}), name="api-match-snooze"),
    path(
        "plans/<str:plan_id>/lines/<str:line_id>/proposals",
        LineProposalViewSet.as_view({"post": "create"}),
        name="api-plan-line-proposals",
    ),
    path(
        "threads/<str:public_id>/split",
        SplitViewSet.as_view({"get": "retrieve", "post": "create"}),
        name="api-thread-split",
    ),
    path("threads/<str:public_id>/carrier-checks", ThreadCarrierView.as_view(), name="api-thread-carrier-checks"),
    path("bookings/<str:public_id>/carrier-checks", BookingCarrierView.as_view(), name="api-booking-carrier-checks"),
    path("trust", OwnTrustView.as_view(), name="api-trust"),
    path("threads/<str:public_id>/benchmark", ThreadBenchmarkView.as_view(), name="api-thread-benchmark"),
    path("loads/<str:public_id>/benchmark", LoadBenchmarkView.as_view(), name="api-load-benchmark"),
    path(
        "loads/<str:public_id>/next-best", NextBestViewSet.as_view({"get": "of_lost_load"}), name="api-load-next-best"
    ),
    path("loads/<str:public_id>/claims", LoadClaimViewSet.as_view({"post": "create"}), name="api-load-claims"),
    path("loads/<str:public_id>/backhauls", BackhaulsView.as_view(), name="api-load-backhauls"),
    path("claims", BundleViewSet.as_view({"get": "list", "post": "create"}), name="api-claim-list"),
    path("claims/<str:public_id>", ClaimViewSet.as_view({"get": "retrieve"}), name="api-claim-detail"),
    path("bookings", BookingViewSet.as_view({"get": "list"}), name="api-booking-list"),
    path("bookings/<str:public_id>", BookingViewSet.as_view({"get": "retrieve"}), name="api-booking-detail"),
    path(
        "bookings/<str:public_id>/cancellation",
        BookingViewSet.as_view({"post": "cancellation"}),
        name="api-booking-cancellation",
    ),
    path("tours", TourViewSet.as_view({"get": "list"}), name="api-tour-list"),
    path("tours/<str:public_id>", TourViewSet.as_view({"get": "retrieve"}), name="api-tour-detail"),
    path("loads/<str:public_id>/offers", LoadOfferViewSet.as_view({"post": "create"}), name="api-load-offers"),
    path("loads/<str:public_id>/tenders", LoadTenderViewSet.as_view({"post": "create"}), name="api-load-tenders"),
    path("threads", ThreadViewSet.as_view({"get": "list"}), name="api-thread-list"),
    path("threads/<str:public_id>", ThreadViewSet.as_view({"get": "retrieve"}), name="api-thread-detail"),
    path(
        "threads/<str:public_id>/withdrawal",
        ThreadViewSet.as_view({"post": "withdrawal"}),
        name="api-thread-withdrawal",
    ),
    path(_OFFER, OfferViewSet.as_view({"get": "retrieve"}), name="api-offer-detail"),
    path(f"{_OFFER}/counters", OfferViewSet.as_view({"post": "counters"}), name="api-offer-counters"),
    path(f"{_OFFER}/acceptance", OfferViewSet.as_view({"post": "acceptance"}), name="api-offer-acceptance"),
    path(f"{_OFFER}/decline", OfferViewSet.as_view({"post": "decline"}), name="api-offer-decline"),
    path(f"{_OFFER}/withdrawal", OfferViewSet.as_view({"post": "withdrawal"}), name="api-offer-withdrawal"),
    path("proposals", ProposalViewSet.as_view({"get": "list"}), name="api-proposal-list"),
    path(_PROPOSAL, ProposalViewSet.as_view({"get": "retrieve"}), name="api-proposal-detail"),
    path(f"{_PROPOSAL}/answer", ProposalViewSet.as_view({"post": "answer"}), name="api-proposal-answer"),
    path(f"{_PROPOSAL}/withdrawal", ProposalViewSet.as_view({"post": "withdrawal"}), name="api-proposal-withdrawal"),
    *paper_urlpatterns,
]
