"""Addresses of loads in the API."""

from django.urls import URLPattern, URLResolver
from rest_framework.routers import SimpleRouter

from loads.api.views import LoadViewSet

_router = SimpleRouter(trailing_slash=False)
_router.register("loads", LoadViewSet, basename="api-load")

api_urlpatterns: list[URLPattern | URLResolver] = [*_router.urls]
