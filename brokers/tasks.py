"""Celery entry points of brokers."""

from celery import shared_task

from brokers import services
from brokers.services import (
    amendments,
    begun,
    claims,
    contending,
    documents,
    notices,
    parting,
    pending,
    record_requests,
)
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


@reaction("brokers.check_claims")
def check_claims(subjects: list[str], settle: Settle) -> None:
    """Check claims that were put on hold: ask the federal registry, then book, release or wait."""
    pending.check_claims(subjects=subjects, settle=settle)


@reaction("brokers.settle_claims")
def settle_claims(subjects: list[str], settle: Settle) -> None:
    """Settle the claims on hold on loads that are not to be had any more as they were claimed."""
    pending.settle_claims_on(subjects=subjects, settle=settle)


@shared_task(name="brokers.check_waiting_claims", ignore_result=True, soft_time_limit=90, time_limit=120)
def check_waiting_claims() -> None:
    """Check the claims on hold again."""
    pending.check_waiting_claims()


@shared_task(name="brokers.release_due_claims", ignore_result=True)
def release_due_claims() -> None:
    """Settle the claims on hold whose time is over."""
    claims.release_due_claims()


@shared_task(name="brokers.close_begun_legs", ignore_result=True)
def close_begun_legs() -> None:
    """Take shared legs off the market whose tours have begun."""
    begun.close_begun_legs()


@reaction("brokers.lapse_threads")
def lapse_threads(subjects: list[str], settle: Settle) -> None:
    """Close open threads about loads or legs that are not to be had any more."""
    services.lapse_threads(subjects=subjects, settle=settle)


@reaction("brokers.part_related")
def part_related(subjects: list[str], settle: Settle) -> None:
    """Close what two companies cannot go on with once one blocks the other, or ends a permission."""
    parting.part_related(subjects=subjects, settle=settle)


@reaction("brokers.part_unverified")
def part_unverified(subjects: list[str], settle: Settle) -> None:
    """Close what a company cannot go on with once it is not verified any more."""
    parting.part_unverified(subjects=subjects, settle=settle)


@reaction("brokers.supersede_offers")
def supersede_offers(subjects: list[str], settle: Settle) -> None:
    """Close live offers that were made on an older version of these loads."""
    services.supersede_offers(subjects=subjects, settle=settle)


@shared_task(name="brokers.expire_offers", ignore_result=True)
def expire_offers() -> None:
    """Close live offers whose time is over."""
    services.expire_due_offers()


@reaction("brokers.write_notices")
def write_notices(subjects: list[str], settle: Settle) -> None:
    """Tell by notice and mail what was offered, claimed, booked and signed."""
    notices.write_notices(subjects=subjects, settle=settle)


@reaction("brokers.make_documents")
def make_documents(subjects: list[str], settle: Settle) -> None:
    """Make the documents of the rate confirmations of these bookings."""
    documents.make_documents(subjects=subjects, settle=settle)


@reaction("brokers.lapse_amendments")
def lapse_amendments(subjects: list[str], settle: Settle) -> None:
    """Close the open amendments of bookings that fell through."""
    amendments.lapse_of_bookings(subjects=subjects, settle=settle)


@shared_task(name="brokers.lapse_due_amendments", ignore_result=True)
def lapse_due_amendments() -> None:
    """Close the open amendments whose time is over."""
    amendments.lapse_due_amendments()


@shared_task(name="brokers.close_unanswered", ignore_result=True)
def close_unanswered() -> None:
    """Close as not answered what a side was asked about a cancellation and has not answered in time."""
    contending.close_unanswered()


@shared_task(name="brokers.prune_records", ignore_result=True)
def prune_records() -> None:
    """Delete transaction records whose three years are over."""
    record_requests.prune_records()
