"""The places room as a Django application."""

from django.apps import AppConfig


class PlacesConfig(AppConfig):
    """Registers `foundation.places`: the ZIP table and the cache of geocoded addresses."""

    name = "foundation.places"
    label = "places"
