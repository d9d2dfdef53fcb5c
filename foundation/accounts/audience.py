"""Which postings an organization may see: the one rule, as a condition for queries of loads and legs."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from foundation.accounts.models import Organization, Relationship, RelationshipKind
from foundation.trade.posting import Audience


def standing(now: datetime) -> QuerySet[Relationship]:
    """Return the relationships in force at an instant."""
    return Relationship.objects.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=now), valid_from__lte=now)


def posting_visible_to(viewer: Organization, now: datetime) -> Q:
    """Return the condition under which a posting (a row with `organization` and `audience`) is in the viewer's sight.

    The own postings always. Others: same market, viewer verified, neither side blocks the other, and the audience holds the viewer: the
    market, or partners and representatives of the owner. The caller adds the status that it wants.
    """
    own = Q(organization=viewer)
    if not viewer.is_verified:
        return own
    rows = standing(now)
    blocked = Exists(rows.filter(kind=RelationshipKind.BLOCKED, giver=OuterRef("organization"), taker=viewer)) | Exists(
        rows.filter(kind=RelationshipKind.BLOCKED, giver=viewer, taker=OuterRef("organization"))
    )
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
    return own | (Q(organization__market=viewer.market, organization__verified_at__isnull=False) & in_audience & ~Q(blocked))
