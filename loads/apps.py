"""The loads room as a Django application."""

from django.apps import AppConfig


class LoadsConfig(AppConfig):
    """Registers `loads`."""

    name = "loads"
