"""Addresses of decisions and proposals in the API."""

from django.urls import URLPattern, URLResolver, path

from brokers.api.decisions import DecisionViewSet
from brokers.api.proposals import LineProposalViewSet, ProposalViewSet

_PROPOSAL = "proposals/<str:public_id>"

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
    path("proposals", ProposalViewSet.as_view({"get": "list"}), name="api-proposal-list"),
    path(_PROPOSAL, ProposalViewSet.as_view({"get": "retrieve"}), name="api-proposal-detail"),
    path(f"{_PROPOSAL}/answer", ProposalViewSet.as_view({"post": "answer"}), name="api-proposal-answer"),
    path(f"{_PROPOSAL}/withdrawal", ProposalViewSet.as_view({"post": "withdrawal"}), name="api-proposal-withdrawal"),
]
