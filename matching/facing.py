"""Who sees a load as carriers do: where a broker sells it, that broker and not its owner is the load's side.

The broker's rate is in every figure and in every list by gain, so its owner sees no match, combination or plan line of
a load that a broker sells: not even which trucks gain by it.
"""

from collections.abc import Iterable

from foundation.accounts.audience import Sight
from foundation.accounts.models import Organization
from loads.models import Load
from matching.postings import Owner, Side


def is_side_of(organization_id: int, load: Load | Side) -> bool:
    """Say whether an organization is the load's side of a match: the broker that sells it, or else its owner."""
    return organization_id == (load.seller_id or load.organization_id)


def is_consignor(organization: Organization, load: Load) -> bool:
    """Say whether an organization owns a load that a broker sells."""
    return load.seller_id is not None and load.organization_id == organization.pk


def sees_load(sight: Sight, viewer_id: int, load: Load | Side, *, shares_once_open: bool = False) -> bool:
    """Say whether a viewer sees a load as carriers do; `sight` holds its owner and its seller among the owners."""
    if load.seller_id is not None and viewer_id == load.organization_id:
        return False
    return sight.sees(
        viewer_id,
        load.organization_id,
        load.audience,
        load.partners_first_until,
        shares_once_open=shares_once_open,
        seller_id=load.seller_id,
    )


def owners_of(loads: Iterable[Load | Side]) -> dict[int, Organization | Owner]:
    """Return the owners and sellers of loads by key: what a `Sight` needs to know for `sees_load`."""
    found: dict[int, Organization | Owner] = {}
    for load in loads:
        found[load.organization_id] = load.organization
        if load.seller is not None:
            found[load.seller.pk] = load.seller
    return found
