"""The sweeps of loads: what leaves the market, and whose owner is asked to confirm."""

from celery import shared_task

from loads import services


@shared_task(name="loads.expire_due", ignore_result=True)
def expire_due() -> None:
    """Take off the market what is over or unconfirmed."""
    services.expire_due_loads()


@shared_task(name="loads.ask_confirmation", ignore_result=True)
def ask_confirmation() -> None:
    """Ask owners to confirm what they have not confirmed for a while."""
    services.ask_confirmation()
