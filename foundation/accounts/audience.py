"""Which postings an organization may see: the one rule, as a condition for queries of loads and legs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.db.models import Exists, OuterRef, Q, QuerySet

from foundation.accounts.models import Organization, Relationship, RelationshipKind
from foundation.trade.posting import Audience
from foundation.trade.statements import rows_of


def standing(now: datetime) -> QuerySet[Relationship]:
    """Return the relationships in force at an instant."""
    return Relationship.objects.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=now), valid_from__lte=now)


def blocked_either_way(column: str, viewer: Organization, now: datetime) -> Q:
    """Return the condition that the organization in a row's column blocks the viewer, or is blocked by it."""
    rows = standing(now).filter(kind=RelationshipKind.BLOCKED)
    return Q(Exists(rows.filter(giver=OuterRef(column), taker=viewer))) | Q(
        Exists(rows.filter(giver=viewer, taker=OuterRef(column)))
    )


def posting_visible_to(viewer: Organization, now: datetime) -> Q:
    """Return the condition under which a posting (a row with `organization` and `audience`) is in the viewer's sight.

    The own postings always. Others: same market, viewer verified, neither side blocks the other, and the audience
    holds the viewer: the market, or partners and representatives of the owner. The caller adds the status it wants.
    """
    own = Q(organization=viewer)
    if not viewer.is_verified:
        return own
    rows = standing(now)
    blocked = blocked_either_way("organization", viewer, now)
    close = Exists(
        rows.filter(
            kind__in=[RelationshipKind.PARTNER, RelationshipKind.REPRESENTS],
            giver=OuterRef("organization"),
            taker=viewer,
        )
    )
    in_audience = (
        Q(audience=Audience.MARKET) | Q(audience=Audience.PARTNERS_FIRST, partners_first_until__lte=now) | Q(close)
    )
    return own | (
        Q(organization__market=viewer.market, organization__verified_at__isnull=False) & in_audience & ~blocked
    )


class Party(Protocol):
    """An organization, as far as its sight goes: the row, or what was read of it."""

    @property
    def pk(self) -> int:
        """Its key."""

    @property
    def market(self) -> str:
        """Live or sandbox."""

    @property
    def is_verified(self) -> bool:
        """Whether it may see the market."""


@dataclass(frozen=True, slots=True)
class Broker:
    """A verified broker of a market, as far as its sight goes."""

    pk: int
    public_id: str
    market: str
    brokers: bool = True
    is_verified: bool = True


# What `standing` says, among these and the brokers of a market, and who those are; as one statement, since each run of
# matching asks it twice.
_BETWEEN = """
    WITH broker AS (
        SELECT id, public_id FROM accounts_organization
        WHERE market = %(market)s AND brokers AND verified_at IS NOT NULL
    ), party AS (SELECT unnest(%(ids)s::bigint[]) AS id UNION SELECT id FROM broker)
    SELECT id, NULL::bigint, public_id FROM broker
    UNION ALL
    SELECT giver_id, taker_id, kind FROM accounts_relationship
    WHERE giver_id IN (SELECT id FROM party) AND taker_id IN (SELECT id FROM party)
        AND valid_from <= %(now)s AND (valid_until IS NULL OR valid_until > %(now)s)
"""


class Sight:
    """The same rule for rows in hand: which of several viewers see which of several owners' postings.

    Reads the relationships between them once; `sees` then asks nothing of the database. `shares_once_open` counts a
    posting for partners first as visible also before it opens to the market: what is prepared for later may be
    prepared now. With `brokers_of`, a market, its verified brokers are viewers as well, named by `brokers`.
    """

    def __init__(
        self, *, viewers: Iterable[Party], owners: Iterable[Party], now: datetime, brokers_of: str | None = None
    ) -> None:
        self._viewers = {viewer.pk: viewer for viewer in viewers}
        self._owners = {owner.pk: owner for owner in owners}
        self._now = now
        self._of_brokers = brokers_of
        ids = list({*self._viewers, *self._owners})
        found = rows_of(_BETWEEN, {"ids": ids, "now": now, "market": brokers_of})
        rows = [row for row in found if row[1] is not None]
        self.brokers = [Broker(key, name, str(brokers_of)) for key, taker, name in found if taker is None]
        self._viewers = {broker.pk: broker for broker in self.brokers} | self._viewers
        self._blocked = {(giver, taker) for giver, taker, kind in rows if kind == RelationshipKind.BLOCKED}
        self._close = {
            (giver, taker)
            for giver, taker, kind in rows
            if kind in (RelationshipKind.PARTNER, RelationshipKind.REPRESENTS)
        }

    def holds(self, keys: Iterable[int]) -> bool:
        """Say whether these organizations are both viewers and owners here, and the market's brokers are known."""
        return self._of_brokers is not None and all(key in self._viewers and key in self._owners for key in keys)

    def sees(
        self,
        viewer_id: int,
        owner_id: int,
        audience: str,
        partners_first_until: datetime | None,
        *,
        shares_once_open: bool = False,
        seller_id: int | None = None,
    ) -> bool:
        """Say whether the viewer sees a posting of the owner with this audience.

        `seller_id` is who sells it instead of its owner, one of the owners here too: it sees it, must be verified, and
        its blocks count as the owner's do.
        """
        if viewer_id in (owner_id, seller_id):
            return True
        if seller_id is not None:
            if not self._owners[seller_id].is_verified:
                return False
            if (seller_id, viewer_id) in self._blocked or (viewer_id, seller_id) in self._blocked:
                return False
        viewer, owner = self._viewers[viewer_id], self._owners[owner_id]
        if viewer.market != owner.market or not viewer.is_verified or not owner.is_verified:
            return False
        if (owner_id, viewer_id) in self._blocked or (viewer_id, owner_id) in self._blocked:
            return False
        if audience == Audience.MARKET or (owner_id, viewer_id) in self._close:
            return True
        return audience == Audience.PARTNERS_FIRST and (
            shares_once_open or (partners_first_until is not None and partners_first_until <= self._now)
        )
