"""The matching room as a Django application."""

from django.apps import AppConfig


class MatchingConfig(AppConfig):
    """Registers `matching`."""

    name = "matching"
