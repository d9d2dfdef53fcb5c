"""Reads of contentions; the organization that asks comes first and sees those between itself and another."""

from datetime import datetime

from django.db.models import F, Q, QuerySet

from brokers.acting import acts_for, kept_by
from brokers.models import Agreement, Contention, ContentionStatus
from foundation.accounts.actor import Actor
from foundation.accounts.models import Decision, Organization
from foundation.accounts.queries import represented_by
from foundation.trade.errors import NotFound


def contentions_of(viewer: Organization, now: datetime) -> QuerySet[Contention]:
    """Return the contentions that the viewer may read, newest first: its own, and of the carriage those of a side that
    lets it cancel for it. In a sale nobody is represented, and a shipper whose load was sold reads nothing of the
    carriage, also where it acts for the carrier.
    """
    givers = [
        giver.pk for giver in represented_by(viewer, now) if Decision.CANCELLATION not in kept_by(giver, viewer, now)
    ]
    acted = Q(agreement=Agreement.CARRIAGE) & (Q(claimant__in=givers) | Q(asked__in=givers))
    sold_for = Q(booking__shipper=viewer) & ~Q(booking__seller=F("booking__shipper"))
    mine = Q(claimant=viewer) | Q(asked=viewer) | (acted & ~sold_for)
    return _whole(Contention.objects.filter(mine)).order_by("-pk")


def contention_of(viewer: Organization, public_id: str, now: datetime) -> Contention:
    """Return a contention that the viewer may read; raises `NotFound`."""
    row = contentions_of(viewer, now).filter(public_id=public_id).first()
    if row is None:
        raise NotFound("There is no such contention here.")
    return row


def may_answer(actor: Actor, contention: Contention, now: datetime) -> bool:
    """Say whether the actor may answer for the asked side: its own people, or of the carriage a broker that may cancel
    for it and does not stand on the other side as well.
    """
    return _decides_for(actor, contention.asked, contention, now)


def may_withdraw(actor: Actor, contention: Contention, now: datetime) -> bool:
    """Say whether the actor may withdraw what the claimant says; who may is as for an answer of the asked side."""
    return _decides_for(actor, contention.claimant, contention, now)


def stands_on_both(actor: Actor, contention: Contention, now: datetime) -> bool:
    """Say whether who is not the deciding side itself decides for both: it would agree with itself."""
    sides = (contention.claimant, contention.asked)
    return all(acts_for(actor, side, Decision.CANCELLATION, now) for side in sides)


def waits(contention: Contention, now: datetime) -> bool:
    """Say whether a contention can still be answered: also where no sweep has come by since its time was over."""
    return bool(contention.status == ContentionStatus.OPEN and now < contention.answer_by)


def due_contentions(now: datetime) -> QuerySet[Contention]:
    """Return the open contentions whose time to answer is over."""
    return Contention.objects.filter(status=ContentionStatus.OPEN, answer_by__lte=now).order_by("pk")


def _decides_for(actor: Actor, side: Organization, contention: Contention, now: datetime) -> bool:
    if actor.organization.pk == side.pk:
        return True
    if contention.agreement == Agreement.SALE or stands_on_both(actor, contention, now):
        return False
    return acts_for(actor, side, Decision.CANCELLATION, now)


def _whole(rows: QuerySet[Contention]) -> QuerySet[Contention]:
    booking = ("booking__load", "booking__seller", "booking__carrier", "booking__shipper", "booking__owed_by")
    whole = rows.select_related("claimant", "asked", "answered_by_organization", "withdrawn_by_organization", *booking)
    return whole.prefetch_related("booking__load__stops")
