"""The desk: the matches that an organization may see, less what it has put aside."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from brokers.models import MatchDecision
from foundation.accounts.models import Organization
from foundation.accounts.queries import represented_by
from matching.models import Match
from matching.queries import desk_matches


def _put_aside(viewer: Organization, now: datetime) -> Q:
    """Return the condition of matches that the viewer has dismissed, or snoozed until after now."""
    mine = MatchDecision.objects.filter(organization=viewer, match_public_id=OuterRef("public_id"))
    return Q(Exists(mine.filter(Q(kind=MatchDecision.Kind.DISMISS) | Q(until__gt=now))))


def desk(viewer: Organization, now: datetime, *, put_aside: bool = False) -> QuerySet[Match]:
    """Return the viewer's desk, best market gain first; with `put_aside` what was dismissed or snoozed instead."""
    condition = _put_aside(viewer, now)
    return desk_matches(viewer, now).filter(condition if put_aside else ~condition)


def represented_only(rows: QuerySet[Match], viewer: Organization, now: datetime) -> QuerySet[Match]:
    """Return the matches of which the viewer represents a side."""
    givers = represented_by(viewer, now).values("pk")
    return rows.filter(Q(load__organization__in=givers) | Q(leg__organization__in=givers))


def decision_on(viewer: Organization, match_id: str, now: datetime) -> MatchDecision | None:
    """Return what the viewer decided about a match, while it holds: a snooze ends."""
    rows = MatchDecision.objects.filter(Q(until__isnull=True) | Q(until__gt=now), organization=viewer)
    return rows.filter(match_public_id=match_id).select_related("decided_by").first()
