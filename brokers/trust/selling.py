"""Why a load may not be sold on, in the words of whoever sells or owns it: the carrier has no part in that."""

from datetime import datetime

from brokers.trust.queries import has_unlicensed_seller
from brokers.trust.reposting import posters_of, reposter_of
from foundation.accounts.models import Organization
from foundation.trade.errors import Conflict
from loads.models import Load

_YOURS = (
    "This load looks like one that you have taken to haul yourself, and a carrier does not hand on what it has booked. "
    "Withdraw this posting, or cancel that booking first."
)
_UNLICENSED = (
    "The federal registry shows no active broker authority with $75,000 of bond or trust for {seller}, so no carrier "
    "can book this load with it."
)
_CHECKED = (
    "This load cannot be {done} at the moment: we are checking whether its posting stands. It is not about {whom}."
)


def why_not_sold(load: Load, reader: Organization, now: datetime) -> str:
    """Return why no carrier may book a load now, as its seller's side reads it: whose doing it is, only to that one."""
    again = reposter_of(load, posters_of(load), now)
    if again is not None and again.pk == reader.pk:
        return _YOURS
    if again is None and load.seller is not None and has_unlicensed_seller([load], now):
        return _UNLICENSED.format(seller=load.seller)
    return _CHECKED.format(done="booked", whom="the carrier")


def check_may_be_sold(load: Load, broker: Organization, reader: Organization, now: datetime) -> None:
    """Raise `Conflict` where a load that a broker would sell from now on looks like one that its owner, or the broker,
    has taken to haul; the reader is told so where it is that one.
    """
    again = reposter_of(load, [load.organization, broker], now)
    if again is None:
        return
    sentence = _YOURS if again.pk == reader.pk else _CHECKED.format(done="sold", whom="you")
    raise Conflict("seller", sentence)
