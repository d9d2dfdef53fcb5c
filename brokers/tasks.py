"""Celery entry points of brokers."""

from celery import shared_task

from brokers import services
from foundation.events.reactions import Settle, reaction


@shared_task(name="brokers.forget_old_decisions", ignore_result=True)
def forget_old_decisions() -> None:
    """Delete snoozes that ended long ago."""
    services.forget_old_decisions()


@reaction("brokers.lapse_proposals")
def lapse_proposals(subjects: list[str], settle: Settle) -> None:
    """Close open proposals about loads or legs that left the market or were edited."""
    services.lapse_of_postings(subjects=subjects, settle=settle)


@shared_task(name="brokers.lapse_due_proposals", ignore_result=True)
def lapse_due_proposals() -> None:
    """Close open proposals whose time is over."""
    services.lapse_due()
