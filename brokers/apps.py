"""The brokers room as a Django application."""

from django.apps import AppConfig


class BrokersConfig(AppConfig):
    """Registers `brokers`."""

    name = "brokers"
