"""What the workers do for this room, on the queue `federal`: ask the registry about numbers."""

import time

from celery import shared_task
from django.db import transaction

from foundation.accounts.federal.lookups import due_numbers, refresh_record
from foundation.accounts.federal.turn import registry_turn
from foundation.accounts.models import Organization
from foundation.events.reactions import Settle, reaction
from foundation.trade import clock

BATCH_SECONDS = 20.0
MOST_AT_ONCE = 200


@reaction("accounts.ask_registry")
def ask_registry(subjects: list[str], settle: Settle) -> None:
    """Ask about the numbers of organizations: somebody waits for the answer, or their number has changed."""
    for subject in subjects:
        organization = Organization.objects.filter(public_id=subject).first()
        if organization is not None and organization.usdot_number:
            refresh_record(market=organization.market, usdot_number=organization.usdot_number, always_tell=True)
        with transaction.atomic():
            settle(subject)


@shared_task(name="accounts.refresh_records", ignore_result=True, soft_time_limit=60, time_limit=90)
def refresh_records() -> None:
    """Ask again about the numbers whose records grow old, for twenty seconds at most."""
    with registry_turn() as mine:
        if not mine:
            return
        until = time.monotonic() + BATCH_SECONDS
        for market, usdot_number in due_numbers(clock.now(), limit=MOST_AT_ONCE):
            if time.monotonic() > until:
                return
            refresh_record(market=market, usdot_number=usdot_number)
