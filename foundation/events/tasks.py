"""What the workers do for this room: send mails, answer the canary, prune what is old."""

import logging

from celery import shared_task

from foundation.events import digests, upkeep
from foundation.events.mails import deliver
from foundation.events.models import Mail
from foundation.events.reactions import Settle, reaction

logger = logging.getLogger(__name__)


@reaction("events.send_mail")
def send_mail(subjects: list[str], settle: Settle) -> None:
    """Send mails, by their public ids; one that cannot be sent does not hold up the others."""
    failure: Exception | None = None
    mails = Mail.objects.in_bulk(subjects, field_name="public_id")
    for subject in subjects:
        try:
            deliver(mails.get(subject), subject, settle)
        except Exception as error:
            logger.warning("Mail %s was not sent: %s", subject, error)
            failure = error
    if failure is not None:
        raise failure


@reaction("events.hear_canary")
def hear_canary(subjects: list[str], settle: Settle) -> None:
    """Answer canaries: the way through outbox, relay, worker and stream is open."""
    for subject in subjects:
        upkeep.hear_canary(subject=subject, settle=settle)


@shared_task(name="events.send_digests", ignore_result=True)
def send_digests() -> None:
    """Queue the digests that are due."""
    digests.send_due()


@shared_task(name="events.prune", ignore_result=True)
def prune() -> None:
    """Delete what is older than the feed keeps."""
    upkeep.prune()
