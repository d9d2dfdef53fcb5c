"""The events room as a Django application."""

from django.apps import AppConfig


class EventsConfig(AppConfig):
    """Registers `foundation.events`."""

    name = "foundation.events"
    label = "events"
