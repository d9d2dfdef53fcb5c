"""The trade room as a Django application."""

from django.apps import AppConfig


class TradeConfig(AppConfig):
    """Registers `foundation.trade`; it has no tables of its own."""

    name = "foundation.trade"
    label = "trade"
