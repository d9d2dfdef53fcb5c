"""Celery entry points of matching: ids in, one service call."""

from celery import shared_task

from foundation.events.reactions import Settle, reaction
from foundation.events.relay.sending import send_task
from matching import services


@reaction("matching.match_loads")
def match_loads(subjects: list[str], settle: Settle) -> None:
    """Match loads that were posted, edited or left the market."""
    services.match_loads(subjects=subjects, settle=settle)


@reaction("matching.match_legs")
def match_legs(subjects: list[str], settle: Settle) -> None:
    """Match return legs that were posted, edited or left the market."""
    services.match_legs(subjects=subjects, settle=settle)


@reaction("matching.match_related")
def match_related(subjects: list[str], settle: Settle) -> None:
    """Match the legs of both sides of a relationship that began or ended: who may see what has changed."""
    services.match_related(relationship_ids=subjects, settle=settle)


@reaction("matching.match_organization")
def match_organization(subjects: list[str], settle: Settle) -> None:
    """Match what an organization has on the market once it is verified, or no longer."""
    services.match_organization(organization_ids=subjects, settle=settle)


@reaction("matching.observe_rate")
def observe_rate(subjects: list[str], settle: Settle) -> None:
    """Note what bookings paid, or that they fell through."""
    services.observe_rates(booking_ids=subjects, settle=settle)


@shared_task(name="matching.fit_rates", ignore_result=True, soft_time_limit=240, time_limit=270)
def fit_rates() -> None:
    """Fit the market's rates to what was booked lately; every night."""
    services.fit_rates()


@shared_task(name="matching.refresh", ignore_result=True, soft_time_limit=240, time_limit=270)
def refresh() -> None:
    """Match again what an older policy or road network scored, and legs whose list has run short."""
    services.refresh()


@shared_task(name="matching.combine_legs", ignore_result=True, soft_time_limit=60, time_limit=80)
def combine_legs() -> None:
    """Look for chains and partial loads for the legs whose matches have moved."""
    services.combine_due()


@reaction("matching.make_plans")
def make_plans(subjects: list[str], settle: Settle) -> None:
    """Work out the network plan that waits longest."""
    services.make_plans(subjects=subjects, settle=settle)


@shared_task(name="matching.make_left_plans", ignore_result=True)
def make_left_plans() -> None:
    """Take up network plans that nobody works on: their message was lost, or their worker was killed."""
    services.make_left_plans()


@shared_task(name="matching.prune_plans", ignore_result=True)
def prune_plans() -> None:
    """Delete network plans that are old or many."""
    services.prune_plans()


@shared_task(name="matching.rescore", ignore_result=True, soft_time_limit=60, time_limit=80)
def rescore() -> None:
    """Begin the re-scoring of a market that is due, and send the regions that nobody works on."""
    _send_regions(services.sweep_rescoring())


@shared_task(name="matching.rescore_region", ignore_result=True)
def rescore_region(region_id: int) -> None:
    """Score a part of a region again; what is left of it goes to the end of the queue."""
    _send_regions(services.rescore_region(region_id=region_id))


def _send_regions(ids: list[int]) -> None:
    """Send a message for each region, to the queue that holds up no single posting; the sweep sends what is lost."""
    for region_id in ids:
        if not send_task("matching.rescore_region", [region_id], queue="bulk"):
            return
