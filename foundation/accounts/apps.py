"""The accounts room as a Django application."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Registers `foundation.accounts`."""

    name = "foundation.accounts"
    label = "accounts"
