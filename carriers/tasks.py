"""Celery entry points of carriers: each makes one service call and is safe to run twice."""

from celery import shared_task

from carriers import services


@shared_task(name="carriers.expire_due", ignore_result=True)
def expire_due() -> None:
    """Take due legs off the market."""
    services.expire_due_legs()


@shared_task(name="carriers.ask_confirmation", ignore_result=True)
def ask_confirmation() -> None:
    """Ask owners of long unconfirmed legs whether they still stand."""
    services.ask_confirmation()
