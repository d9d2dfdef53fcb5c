"""Splitting the difference: a suggestion that appears only when both sides have asked for it, and then to both.

Until then an ask is written on the thread and on nothing else: no version, no fact, no time of the last move tells it.
An ask counts against the offers that stood when it was made; a new offer takes it back.
"""

from dataclasses import dataclass
from datetime import datetime

from brokers.acting import Side, organizations_of, side_organization
from brokers.models import OfferStatus, Thread, ThreadStatus
from foundation.accounts.models import Organization

LEAST_DIFFERENCE_CENTS = 2_00
"""Closer rates are not split: the middle in whole dollars would be one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRates:
    """The all-in rate that each side named last, None before it named one, and when the last offer was made."""

    seller_cents: int | None
    taker_cents: int | None
    made_at: datetime | None


def last_rates(thread: Thread) -> LastRates:
    """Return the two sides' last rates."""
    offers = sorted(thread.offers.all(), key=lambda offer: offer.number)
    named = {offer.made_for_id: offer.rate_cents for offer in offers}
    return LastRates(
        seller_cents=named.get(thread.seller_id),
        taker_cents=named.get(thread.taker_id),
        made_at=offers[-1].made_at if offers else None,
    )


def midpoint(one_cents: int, other_cents: int) -> int:
    """Return the middle of two rates in cents, rounded to whole dollars; half a dollar goes up, to who hauls or sells
    on.
    """
    return (one_cents + other_cents + 100) // 200 * 100


def side_of(viewer: Organization, thread: Thread, now: datetime) -> Side | None:
    """Return the one side whose ask an organization may make and read: its own, else the only one it represents.

    None for who stands on both sides and is neither: what one side asks must not reach the other through it.
    """
    own = [side for side in Side if side_organization(thread, side).pk == viewer.pk]
    if own:
        return own[0]
    sides = organizations_of(viewer, thread, now)
    return next(iter(sides)) if len(sides) == 1 else None


def has_asked(thread: Thread, side: Side) -> bool:
    """Say whether a side's ask stands: made since the last offer, while the thread is open. For that side alone."""
    asked_at = thread.seller_splits_at if side is Side.SELLER else thread.taker_splits_at
    last = last_rates(thread).made_at
    return thread.status == ThreadStatus.OPEN and asked_at is not None and (last is None or asked_at >= last)


def split_of(thread: Thread) -> int | None:
    """Return the suggested rate in cents while it stands: both sides asked for it since the last offer."""
    return thread.split_cents if all(has_asked(thread, side) for side in Side) else None


def why_not_to_split(thread: Thread) -> str:
    """Return why there is nothing to split, in a sentence for either side; "" where there is."""
    if thread.status != ThreadStatus.OPEN:
        return "This negotiation is over."
    if any(offer.status == OfferStatus.HELD for offer in thread.offers.all()):
        return "An offer has been accepted already, and waits for a check of the carrier."
    rates = last_rates(thread)
    if rates.seller_cents is None or rates.taker_cents is None:
        return "Both sides have to name a rate before the difference can be split."
    if abs(rates.seller_cents - rates.taker_cents) < LEAST_DIFFERENCE_CENTS:
        return "The two rates are less than $2.00 apart: there is nothing to split."
    return ""
