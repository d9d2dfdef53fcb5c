"""Joins the rooms and decides nothing: settings, urls, wiring, Celery, ASGI, the `backhaul` command."""

from backhaul.celery import app as celery_app

__all__ = ["celery_app"]
