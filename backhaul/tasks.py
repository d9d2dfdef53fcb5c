"""Tasks of the installation itself."""

import time

from celery import shared_task
from django.core.cache import cache

CANARY_KEY = "worker-canary"


@shared_task(name="backhaul.tasks.canary", ignore_result=True, expires=60)
def canary() -> None:
    """Show that a worker consumes: one that runs may have stopped doing so, and only this tells."""
    cache.set(CANARY_KEY, time.time(), timeout=24 * 3600)
