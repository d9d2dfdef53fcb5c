"""Celery entry points of the rest room."""

from celery import shared_task

from foundation.rest import services


@shared_task(name="rest.prune_idempotency_records")
def prune_idempotency_records() -> None:
    """Forget the answers to POSTs that are older than seven days."""
    services.prune_idempotency_records()
