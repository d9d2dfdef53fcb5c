"""Claims on hold: the registry is asked again, then each is settled: booked, released, or left to wait.

What is slow, the registry, is asked outside every transaction and by one worker at a time; what decides,
`settle_claim`, reads what is stored. So a crash between the two loses nothing, and running it twice changes nothing.
That a claim is released when its time is over does not depend on this: `release_due_claims` runs on another queue.
"""

import logging
import time
from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import Q

from brokers.models import Claim
from brokers.services.claims import settle_claim
from brokers.trust.queries import pending_claims, unchecked_bargainers
from foundation.accounts.federal.lookups import refresh_record
from foundation.accounts.federal.turn import registry_turn
from foundation.accounts.models import Organization
from foundation.accounts.queries import record_of
from foundation.events.reactions import Settle
from foundation.trade import clock
from foundation.trade.errors import TradeError

logger = logging.getLogger(__name__)

BETWEEN_TRIES = timedelta(seconds=20)
"""How long the registry is left alone about a carrier that waits."""

BETWEEN_TRIES_FOR_OFFERS = timedelta(minutes=2)
"""The same about one whose offer waits: that has its own time, and reserves nothing."""

ASKING_SECONDS = 30.0
MOST_AT_ONCE = 200


def check_claims(*, subjects: Sequence[str], settle: Settle) -> None:
    """Check claims, and accepted offers, that have just been put on hold."""
    claims = pending_claims().filter(Q(public_id__in=subjects) | Q(offer__public_id__in=subjects))
    _check(claims)
    for subject in subjects:
        with transaction.atomic():
            settle(subject)


def settle_claims_on(*, subjects: Sequence[str], settle: Settle) -> int:
    """Settle the claims on hold on loads that left the market, were sold or were changed, and on return legs that left
    it or were edited, and with trucks that went out of service; return how many are closed.

    So whoever waits is told at once. An acceptance on hold ends with its thread or its offer.
    """
    count = 0
    for subject in subjects:
        theirs = Q(loads__load__public_id=subject) | Q(leg__public_id=subject) | Q(truck__public_id=subject)
        waiting = pending_claims().filter(theirs, offer__isnull=True).distinct()
        count += sum(_settled(claim) for claim in list(waiting))
        with transaction.atomic():
            settle(subject)
    return count


def check_waiting_claims() -> int:
    """Check every claim and acceptance on hold again, then ask about the carriers whose offers could not be booked at
    once until the registry answers; return how many are settled now.

    So an acceptance seldom has to wait, and one that is refused since the carrier's holds are used up passes later.
    """
    settled = _check(pending_claims().order_by("made_at")[:MOST_AT_ONCE])
    bargaining = list(unchecked_bargainers(clock.now())[:MOST_AT_ONCE])
    if bargaining:
        with registry_turn() as mine:
            if mine:
                _ask_again(bargaining, BETWEEN_TRIES_FOR_OFFERS)
    return settled


def _check(claims: Iterable[Claim]) -> int:
    waiting = list(claims)
    if not waiting:
        return 0
    with registry_turn() as mine:
        if mine:
            _ask_again({claim.carrier_id: claim.carrier for claim in waiting}.values(), BETWEEN_TRIES)
    return sum(_settled(claim) for claim in waiting)


def _ask_again(carriers: Iterable[Organization], pause: timedelta) -> None:
    """Ask about each carrier once, the longest waiting first; stop when time is over or the registry is away."""
    until = time.monotonic() + ASKING_SECONDS
    for carrier in carriers:
        now = clock.now()
        before = record_of(carrier)
        if before is not None and (before.is_fresh(now) or now - before.tried_at < pause):
            continue
        if time.monotonic() > until:
            return
        record = refresh_record(market=carrier.market, usdot_number=carrier.usdot_number, always_tell=True)
        if record is not None and record.failures:
            until = min(until, time.monotonic() + 1)  # one that is away is away for the next carrier too


def _settled(claim: Claim) -> bool:
    """Settle a claim and say whether it is closed; one that cannot be settled now does not hold up the others."""
    try:
        return settle_claim(claim_id=claim.public_id).closed_at is not None
    except TradeError as error:
        logger.warning("Claim %s waits on: %s", claim.public_id, error.sentence)
        return False
