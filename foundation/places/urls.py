"""Addresses of the places room."""

from django.urls import path

from foundation.places import api, views

app_name = "places"

urlpatterns = [
    path("places/suggestions", views.suggestions, name="suggestions"),
    path("places/freeways.json", views.freeways, name="freeways"),
]

api_urlpatterns = [
    path("places", api.PlacesView.as_view(), name="places-list"),
    path("places/miles", api.MilesView.as_view(), name="places-miles"),
]
