"""Parting: what a block, the end of a permission or a lost verification makes impossible ends, and nobody reads why.

Whoever acts is refused from the first moment on, since every move asks anew; this closes what would be left standing,
also what was begun in that very moment: it waits for it first.
Bookings stand: they are cancelled by their parties' word only. A side whose broker may not act for it any more keeps
its threads and its offers, and decides in them itself.
"""

import logging
from collections.abc import Collection, Sequence

from django.db import transaction
from django.db.models import Q

from brokers.models import Thread, ThreadOutcome, ThreadStatus
from brokers.services.answers import lapse_due
from brokers.services.claims import settle_claim
from brokers.services.table import lapse, sides_may_deal
from brokers.trust.queries import pending_claims
from foundation.accounts.dealing import await_begun
from foundation.accounts.models import Organization, Relationship
from foundation.events.reactions import Settle
from foundation.trade import clock
from foundation.trade.errors import TradeError

logger = logging.getLogger(__name__)


def part_related(*, subjects: Sequence[str], settle: Settle) -> int:
    """Close what the two sides of each relationship that changed cannot go on with; return how many threads lapsed."""
    count = 0
    for subject in subjects:
        pair = Relationship.objects.filter(public_id=subject).values_list("giver", "taker").first() or ()
        met = Q(seller__in=pair) | Q(load__organization__in=pair)
        count += _part(pair, met & Q(taker__in=pair), subject, settle)
    return count


def part_unverified(*, subjects: Sequence[str], settle: Settle) -> int:
    """Close what each of these organizations cannot go on with while it is not verified; return how many threads
    lapsed.
    """
    count = 0
    for subject in subjects:
        keys = list(Organization.objects.filter(public_id=subject).values_list("pk", flat=True))
        met = Q(seller__in=keys) | Q(load__organization__in=keys) | Q(taker__in=keys)
        count += _part(keys, met, subject, settle)
    return count


def _part(keys: Collection[int], threads: Q, subject: str, settle: Settle) -> int:
    """Lapse those of the threads whose sides may not deal, then settle the claims on hold and the proposals of these
    organizations; return how many threads lapsed.
    """
    await_begun(keys)
    with transaction.atomic():
        now = clock.now()
        rows = Thread.objects.filter(threads, status=ThreadStatus.OPEN)
        rows = rows.select_related("seller", "taker", "load__organization")
        gone = [thread.pk for thread in rows if not sides_may_deal(thread, now)]
        count = lapse(dict.fromkeys(gone, ThreadOutcome.CANNOT_DEAL.value), now=now)
    theirs = Q(carrier__in=keys) | Q(made_by_organization__in=keys)
    theirs |= Q(loads__load__organization__in=keys) | Q(loads__load__seller__in=keys)
    for claim_id in set(pending_claims().filter(theirs).values_list("public_id", flat=True)):
        try:
            settle_claim(claim_id=claim_id)
        except TradeError as error:  # the check of claims on hold comes by again soon
            logger.warning("Claim %s waits on: %s", claim_id, error.sentence)
    lapse_due()
    with transaction.atomic():
        settle(subject)
    return count
