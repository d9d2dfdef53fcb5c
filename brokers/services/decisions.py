"""What people decide about matches: dismiss, snooze, restore. One verb, one function, one transaction."""

from datetime import datetime, timedelta

from django.db import transaction

from brokers.models import MatchDecision
from foundation.accounts.actor import Actor
from foundation.events.services import publish, record_audit
from foundation.trade import clock
from foundation.trade.errors import FieldProblem, Invalid, NotFound
from matching.queries import match_of

LONGEST_REASON = 200
LONGEST_SNOOZE = timedelta(days=7)
Kind = MatchDecision.Kind


def dismiss_match(*, actor: Actor, match_id: str, reason: str = "") -> MatchDecision:
    """Take a match off the organization's lists until somebody restores it; twice is once.

    Raises `Forbidden`, `NotFound` for a match that is gone or out of sight, `Invalid` for a reason that is too long.
    """
    return _decide(actor, match_id, Kind.DISMISS, reason, None)


def snooze_match(*, actor: Actor, match_id: str, until: datetime, reason: str = "") -> MatchDecision:
    """Take a match off the organization's lists until an instant, at most a week away.

    Raises as `dismiss_match`, and `Invalid` for an instant that is past or too far off.
    """
    now = clock.now()
    if until <= now:
        raise Invalid([FieldProblem("until", "in_the_past", "Choose a time after now.")])
    if until > now + LONGEST_SNOOZE:
        raise Invalid([FieldProblem("until", "too_far", "Snooze for a week at most, or dismiss the match.")])
    return _decide(actor, match_id, Kind.SNOOZE, reason, until)


def restore_match(*, actor: Actor, match_id: str) -> None:
    """Put a dismissed or snoozed match back on the lists. Raises `Forbidden`, `NotFound` when nothing was decided."""
    actor.require("matches:write")
    with transaction.atomic():
        deleted, _ = MatchDecision.objects.filter(organization=actor.organization, match_public_id=match_id).delete()
        if not deleted:
            raise NotFound("Nothing was decided about this match: it is on your list if it still stands.")
        _tell(actor, "match.restored", match_id, {})


def forget_old_decisions() -> int:
    """Delete snoozes that ended more than a month ago; return how many."""
    deleted, _ = MatchDecision.objects.filter(kind=Kind.SNOOZE, until__lte=clock.now() - timedelta(days=30)).delete()
    return deleted


def _decide(actor: Actor, match_id: str, kind: str, reason: str, until: datetime | None) -> MatchDecision:
    actor.require("matches:write")
    words = " ".join(reason.replace("\0", "").split())
    if len(words) > LONGEST_REASON:
        raise Invalid([FieldProblem("reason", "too_long", f"Give the reason in {LONGEST_REASON} characters at most.")])
    now = clock.now()
    match = match_of(actor.organization, match_id, now)
    with transaction.atomic():
        decision, _ = MatchDecision.objects.update_or_create(
            organization=actor.organization,
            match_public_id=match.public_id,
            defaults={
                "kind": kind,
                "reason": words,
                "until": until,
                "decided_by": actor.person,
                "decided_at": now,
            },
        )
        changes = {"reason": words, "until": until.isoformat() if until else None}
        _tell(actor, "match.dismissed" if kind == Kind.DISMISS else "match.snoozed", match.public_id, changes)
    return decision


def _tell(actor: Actor, name: str, match_id: str, changes: dict[str, str | None]) -> None:
    """Tell the own organization only: colleagues' desks follow, nobody else learns of it."""
    owner = actor.organization.public_id
    publish(name=name, subject=match_id, audience={owner: {"id": match_id}})
    record_audit(organization_id=owner, actor=actor, action=name, subject=match_id, changes=changes)
