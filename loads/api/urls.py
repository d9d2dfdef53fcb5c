"""Addresses of loads in the API."""

from django.urls import URLPattern, URLResolver, path
from rest_framework.routers import SimpleRouter

from loads.api.views import LoadViewSet

_router = SimpleRouter(trailing_slash=False)
_router.register("loads", LoadViewSet, basename="api-load")

api_urlpatterns: list[URLPattern | URLResolver] = [
    path(
        "loads/by-external-id/<path:external_id>",
        LoadViewSet.as_view({"put": "by_external_id"}),
        name="api-load-by-external-id",
    ),
    *_router.urls,
]
