"""Addresses of matches in the API."""

from django.urls import URLPattern, URLResolver, path

from matching.api.views import MatchViewSet

api_urlpatterns: list[URLPattern | URLResolver] = [
    path("matches", MatchViewSet.as_view({"get": "list"}), name="api-match-list"),
    path("matches/<str:public_id>", MatchViewSet.as_view({"get": "retrieve"}), name="api-match-detail"),
    path("loads/<str:public_id>/matches", MatchViewSet.as_view({"get": "of_load"}), name="api-load-matches"),
    path("legs/<str:public_id>/matches", MatchViewSet.as_view({"get": "of_leg"}), name="api-leg-matches"),
]
