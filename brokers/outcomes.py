"""What became of a thread or an offer, in a sentence for whoever asks: one sentence for each side where they differ."""

from datetime import datetime

from brokers.acting import Side
from brokers.models import Offer, OfferStatus, Thread, ThreadOutcome, ThreadStatus
from foundation.trade.money import dollars
from foundation.trade.windows import instant_words

_SAYS: dict[str, tuple[str, str]] = {
    # what the seller reads, what the taker reads
    ThreadOutcome.AGREED: ("You agreed.", "You agreed."),
    ThreadOutcome.DECLINED: ("The last offer was declined.", "The last offer was declined."),
    ThreadOutcome.WITHDRAWN: ("One side left this negotiation.", "One side left this negotiation."),
    ThreadOutcome.BOOKED_ELSEWHERE: (
        "You booked this load with another carrier, so this negotiation is over.",
        "This load has gone to another carrier. Thank you for your offer: we show you the next best loads.",
    ),
    ThreadOutcome.BOOKED_BY_TAKER: (
        "This carrier booked the load otherwise, so this negotiation is over.",
        "You booked this load otherwise, so this negotiation is over.",
    ),
    ThreadOutcome.SOLD_ELSEWHERE: (
        "You sold this load to another broker, so this tender is over.",
        "The shipper has given this load to another broker. Thank you for your tender.",
    ),
    ThreadOutcome.SOLD: (
        "This load has another seller now, so this negotiation is over.",
        "This load has another seller now. Thank you for your offer: look it up again on the market.",
    ),
    ThreadOutcome.LOAD_GONE: (
        "This load is off the market, so this negotiation is over.",
        "This load has left the market. Thank you for your offer.",
    ),
    ThreadOutcome.TRUCK_TAKEN: (
        "The carrier's truck is not free for this load any more.",
        "This truck has been booked for another load in that time, or was taken out of service.",
    ),
    ThreadOutcome.LEG_GONE: (
        "The carrier's truck is not offered for this trip any more.",
        "The return leg that this rested on is off the market, of another truck, or was edited so that it cannot take "
        "this load. Nothing was booked: make an offer anew with a truck that can.",
    ),
    # the same words whether a company is blocked or not verified any more: why is nobody's business
    ThreadOutcome.CANNOT_DEAL: (
        "This negotiation cannot go on here at the moment, so it is over. Nothing was booked. Thank you for your time.",
        "This negotiation cannot go on here at the moment, so it is over. Nothing was booked. Thank you for your time.",
    ),
}


def outcome_sentence(thread: Thread, side: Side) -> str:
    """Return what became of a thread as one side reads it; "" while it is open."""
    if thread.status == ThreadStatus.OPEN:
        return ""
    for_seller, for_taker = _SAYS[thread.outcome]
    return for_seller if side is Side.SELLER else for_taker


def status_at(offer: Offer, now: datetime) -> str:
    """Return where an offer stands at an instant: one whose time is over has expired, also before the sweep says so."""
    overdue = offer.status == OfferStatus.LIVE and offer.expires_at <= now
    return OfferStatus.EXPIRED if overdue else offer.status


def standing_sentence(live: Offer | None, now: datetime, zone: str) -> str:
    """Return what stands on the table now."""
    if live is None or status_at(live, now) != OfferStatus.LIVE:
        return "No offer stands now: make a new one to go on."
    until = instant_words(live.expires_at, zone)
    return f"What stands now is offer {live.number} of {dollars(live.rate_cents)} by {live.made_for}, until {until}."


def gone_sentence(offer: Offer, live: Offer | None, now: datetime, zone: str) -> tuple[str, str]:
    """Return the code and the sentence that refuse to act on an offer that is not live, with what stands now."""
    status = status_at(offer, now)
    closed = instant_words(offer.closed_at or offer.expires_at, zone)
    happened = {
        OfferStatus.HELD: f"Offer {offer.number} has been accepted and waits for a check of the carrier: it is booked "
        "or released by itself.",
        OfferStatus.COUNTERED: f"Offer {offer.number} was answered by another offer.",
        OfferStatus.ACCEPTED: f"Offer {offer.number} has been accepted already, {closed}.",
        OfferStatus.DECLINED: f"Offer {offer.number} was declined, {closed}.",
        OfferStatus.WITHDRAWN: f"Offer {offer.number} was withdrawn by {offer.made_for}, {closed}.",
        OfferStatus.EXPIRED: f"Offer {offer.number} expired, {closed}.",
        OfferStatus.LAPSED: f"Offer {offer.number} lapsed, {closed}: the load or the truck is not to be had any more.",
        OfferStatus.SUPERSEDED: f"Offer {offer.number} was made on an older version of the load, which has changed.",
    }[OfferStatus(status)]
    over = status in (OfferStatus.HELD, OfferStatus.ACCEPTED, OfferStatus.LAPSED, OfferStatus.DECLINED)
    return f"offer_{status}", happened if over else f"{happened} {standing_sentence(live, now, zone)}"
