"""The carriers room as a Django application."""

from django.apps import AppConfig


class CarriersConfig(AppConfig):
    """Registers `carriers`."""

    name = "carriers"
