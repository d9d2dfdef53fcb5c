"""An accepted offer whose carrier is being checked, and what became of the check, in a sentence for each side.

What the rules of trust found is told to the carrier's side; the other side reads that it is so. Why its truck could not
come in the end, the carrier alone reads: a broker that acts for it reads what the seller does.
"""

from typing import Any

from brokers.acting import other, side_of_offer, side_organization
from brokers.models import Claim, ClaimStatus, Offer
from foundation.accounts.models import Organization
from foundation.rest.fields import instant, named
from foundation.trade.money import dollars
from foundation.trade.windows import instant_words


def hold_of(offer: Offer) -> Claim | None:
    """Return what an offer was last held by, or None; expects what `thread_queries.whole` loads."""
    holds: list[Claim] = list(offer.holds.all())
    return holds[-1] if holds else None


def hold_sentence(offer: Offer, viewer: Organization, *, of_carrier: bool) -> str:
    """Return what somebody reads of an offer that is, or was, held; "" for one that never was, or that booked.

    `of_carrier` says that the viewer is the carrier or acts for it; times are said in the viewer's zone.
    """
    hold = hold_of(offer)
    if hold is None or hold.status == ClaimStatus.BOOKED or hold.held_until is None:
        return ""
    if hold.status == ClaimStatus.RELEASED:
        return hold.outcome if viewer.pk == hold.carrier_id else hold.told
    accepting, until = _accepting(offer), instant_words(hold.held_until, viewer.time_zone)
    sentence = (
        f"{accepting} accepted {dollars(offer.rate_cents)}. We wait for the federal registry's word on the carrier, "
        f"until {until} at the latest. It is booked then, or released: nothing to do."
    )
    why = " ".join(check["sentence"] for check in hold.checks if check["result"] == "hold")
    return f"{sentence} {why}".strip() if of_carrier else sentence


def hold_fields(offer: Offer, viewer: Organization, *, of_carrier: bool) -> dict[str, Any] | None:
    """Return the same as plain JSON; None where there is nothing to say."""
    hold = hold_of(offer)
    sentence = hold_sentence(offer, viewer, of_carrier=of_carrier)
    if hold is None or not sentence:
        return None
    return {
        "status": hold.status,
        "accepted_for": named(_accepting(offer)),
        "accepted_at": instant(hold.made_at),
        "held_until": instant(hold.held_until),
        "closed_at": instant(hold.closed_at),
        "sentence": sentence,
    }


def _accepting(offer: Offer) -> Organization:
    thread = offer.thread
    return side_organization(thread, other(side_of_offer(offer, thread)))
