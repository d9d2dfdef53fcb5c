"""An acceptance that waits: the offer held and its load reserved, ten minutes at most, while the carrier is checked.

It is a claim like those on postings: one holds a load at a time, and it counts as one of the carrier's three holds of a
day. What settles it is `brokers.services.held_offers`.
"""

from datetime import datetime

from brokers.models import OFFER_MOVES, Claim, ClaimedLoad, ClaimStatus, Offer, OfferStatus, Thread
from brokers.services.booking import RESERVED, check_bookable
from brokers.services.claiming import HELD_FOR
from brokers.thread_facts import tell_held
from brokers.touring import vehicle_in
from brokers.trust import Judgement
from foundation.accounts.actor import Actor
from foundation.trade.constraints import refusing
from foundation.trade.errors import Conflict
from foundation.trade.status import change_status
from loads.models import Load

_MOVED = "This was answered a moment ago. Reload to see what stands now."


def reserve_for(
    offer: Offer, *, thread: Thread, load: Load, actor: Actor, judgement: Judgement, now: datetime
) -> Claim:
    """Hold a live offer for who accepted it and reserve its load, both locked, in the caller's transaction.

    Raises `Conflict` where the load is gone or reserved already, or the offer has moved on.
    """
    check_bookable(load, carrier=thread.taker, seller=thread.seller, now=now)
    # what nobody came by to release; its claim is released as over
    ClaimedLoad.objects.filter(load=load, is_held=True, claim__held_until__lte=now).update(is_held=False)
    taken = {
        "one_pending_claim_per_load": Conflict("load_reserved", RESERVED),
        "one_hold_per_offer": Conflict("offer_held", _MOVED),
    }
    with refusing(taken):
        hold = Claim.objects.create(
            carrier=thread.taker,
            **vehicle_in(thread).columns(),
            status=ClaimStatus.PENDING,
            checks=judgement.stored(),
            made_at=now,
            made_by=actor.person,
            made_by_label=actor.label,
            made_by_organization=actor.organization,
            held_until=now + HELD_FOR,
            offer=offer,
        )
        ClaimedLoad.objects.create(
            claim=hold,
            position=0,
            load=load,
            load_version=offer.load_version,
            rate_cents=offer.rate_cents,
            is_held=True,
        )
    change_status(
        offer,
        to=OfferStatus.HELD,
        moves=OFFER_MOVES,
        fact=lambda row: tell_held(row, actor, by=actor.organization, now=now),
        sentence=_MOVED,
    )
    return hold
