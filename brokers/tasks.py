"""Celery entry points of brokers."""

from celery import shared_task

from brokers.services import forget_old_decisions as forget


@shared_task(name="brokers.forget_old_decisions", ignore_result=True)
def forget_old_decisions() -> None:
    """Delete snoozes that ended long ago."""
    forget()
