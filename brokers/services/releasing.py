"""Releasing what an accepted offer has reserved; the offer itself is closed, or lives on, by the caller."""

from datetime import datetime
from typing import Any

from brokers.models import CLAIM_MOVES, Claim, ClaimedLoad, ClaimStatus, Offer
from foundation.trade.status import change_status

SETTLED = "This was settled meanwhile. Reload to see how."


def release_hold(
    offer: Offer,
    *,
    outcome: str,
    told: str,
    now: datetime,
    checks: list[dict[str, str]] | None = None,
) -> None:
    """Release the load that a held offer reserved: `outcome` is why as the carrier reads it, `told` as the seller does.

    Nothing is told here: the offer's own fact says it to both. Raises `Conflict` where somebody settled it first.
    """
    hold = Claim.objects.filter(offer=offer, status=ClaimStatus.PENDING).first()
    if hold is None:
        return
    ClaimedLoad.objects.filter(claim=hold).update(is_held=False)
    changes: dict[str, Any] = {} if checks is None else {"checks": checks}
    change_status(
        hold,
        to=ClaimStatus.RELEASED,
        moves=CLAIM_MOVES,
        fact=lambda row: None,
        sentence=SETTLED,
        closed_at=now,
        outcome=outcome[:300],
        told=told[:300],
        **changes,
    )
