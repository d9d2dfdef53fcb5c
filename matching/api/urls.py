"""Addresses of matches in the API."""

from django.urls import URLPattern, URLResolver, path

from matching.api.combinations import CombinationViewSet
from matching.api.plans import PlanLineViewSet, PlanViewSet
from matching.api.rates import RateEstimateView
from matching.api.views import MatchViewSet
from matching.api.why import LegPreviewView, WhyNotView

api_urlpatterns: list[URLPattern | URLResolver] = [
    path("rates/estimate", RateEstimateView.as_view(), name="api-rates-estimate"),
    path("matches", MatchViewSet.as_view({"get": "list"}), name="api-match-list"),
    path("matches/<str:public_id>", MatchViewSet.as_view({"get": "retrieve"}), name="api-match-detail"),
    path("loads/<str:public_id>/matches", MatchViewSet.as_view({"get": "of_load"}), name="api-load-matches"),
    path("legs/<str:public_id>/matches", MatchViewSet.as_view({"get": "of_leg"}), name="api-leg-matches"),
    path("legs/preview", LegPreviewView.as_view(), name="api-leg-preview"),
    path("legs/<str:public_id>/why-not", WhyNotView.as_view(), name="api-leg-why-not"),
    path(
        "legs/<str:public_id>/combinations",
        CombinationViewSet.as_view({"get": "of_leg"}),
        name="api-leg-combinations",
    ),
    path(
        "combinations/<str:public_id>",
        CombinationViewSet.as_view({"get": "retrieve"}),
        name="api-combination-detail",
    ),
    path("plans", PlanViewSet.as_view({"get": "list", "post": "create"}), name="api-plan-list"),
    path("plans/<str:public_id>", PlanViewSet.as_view({"get": "retrieve"}), name="api-plan-detail"),
    path(
        "plans/<str:public_id>/cancellation",
        PlanViewSet.as_view({"post": "cancellation"}),
        name="api-plan-cancellation",
    ),
    path("plans/<str:plan_id>/lines", PlanLineViewSet.as_view({"get": "list"}), name="api-plan-lines"),
    path("plans/<str:plan_id>/lines/<str:line_id>", PlanLineViewSet.as_view({"get": "retrieve"}), name="api-plan-line"),
]
