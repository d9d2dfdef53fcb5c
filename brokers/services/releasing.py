"""Releasing what was reserved while a carrier was checked, and whether that counts among the carrier's holds.

A hold of which every load was taken away by its own side does not count: the carrier had no part in that. What the
carrier itself can bring about counts as what the check brought about does: else whoever lets its truck go elsewhere, or
blocks the seller for a minute, would reserve loads without end.
"""

from datetime import datetime
from typing import Any

from brokers.models import CLAIM_MOVES, Claim, ClaimedLoad, ClaimStatus, Offer
from foundation.accounts.queries import blocks_any, is_blocked_by
from foundation.trade.posting import Status
from foundation.trade.status import change_status
from loads.models import Load

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
    Whether it counts among the carrier's holds is said to nobody: it would say by whose doing it ended.

    Nothing is told here: the offer's own fact says it to both. Raises `Conflict` where somebody settled it first.
    """
    hold = Claim.objects.filter(offer=offer, status=ClaimStatus.PENDING).first()
    if hold is None:
        return
    spared = were_taken_away(hold, now)
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
        spared=spared,
        **changes,
    )


def were_taken_away(hold: Claim, now: datetime) -> bool:
    """Say whether all that a claim or an acceptance on hold has reserved was taken away by the loads' own side.

    Of several loads all: else a friend's load among them, withdrawn in time, would spare the hold of the others. One
    that ran out counts: nobody took it away.
    """
    rows = list(ClaimedLoad.objects.filter(claim=hold).select_related("load__organization", "load__seller"))
    return all(_was_taken_away(hold, row, row.load, now) for row in rows)


def _was_taken_away(hold: Claim, row: ClaimedLoad, load: Load, now: datetime) -> bool:
    if load.status == Status.EXPIRED:
        return False
    if load.status != Status.OPEN or load.version != row.load_version or _has_other_seller(hold, row, load):
        return True
    side = {load.organization_id, load.sold_by.pk} - {hold.carrier_id}
    if not (load.organization.is_verified and load.sold_by.is_verified):
        return bool(side)
    return is_blocked_by(hold.carrier, side, now) and not blocks_any(hold.carrier, side, now)


def _has_other_seller(hold: Claim, row: ClaimedLoad, load: Load) -> bool:
    """Say whether the load is sold by another than it was, or on other terms than were claimed."""
    if hold.offer is not None:
        return hold.offer.thread.seller_id != load.sold_by.pk
    return load.rate_cents != row.rate_cents or not (load.book_now or load.organization_id == hold.carrier_id)
