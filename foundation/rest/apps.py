"""The rest room as a Django application."""

from django.apps import AppConfig


class RestConfig(AppConfig):
    """Registers `foundation.rest`."""

    name = "foundation.rest"
    label = "rest"
