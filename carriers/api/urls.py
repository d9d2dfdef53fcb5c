"""Addresses of carriers in the API."""

from django.urls import URLPattern, URLResolver, path
from rest_framework.routers import SimpleRouter

from carriers.api.costs import CostsViewSet
from carriers.api.fleet import DriverViewSet, HomeBaseViewSet, TrailerViewSet, TruckViewSet
from carriers.api.legs import LegViewSet

_router = SimpleRouter(trailing_slash=False)
_router.register("legs", LegViewSet, basename="api-legs")
_router.register("trucks", TruckViewSet, basename="api-trucks")
_router.register("trailers", TrailerViewSet, basename="api-trailers")
_router.register("drivers", DriverViewSet, basename="api-drivers")
_router.register("home-bases", HomeBaseViewSet, basename="api-home-bases")

api_urlpatterns: list[URLPattern | URLResolver] = [
    *_router.urls,
    path("costs", CostsViewSet.as_view({"get": "list"}), name="api-costs-list"),
    path("costs/current", CostsViewSet.as_view({"get": "current"}), name="api-costs-current"),
    path(
        "costs/<str:valid_from>",
        CostsViewSet.as_view({"get": "retrieve", "put": "update", "delete": "destroy"}),
        name="api-costs-detail",
    ),
]
