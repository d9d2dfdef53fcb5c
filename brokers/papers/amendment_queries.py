"""Reads of amendments; the organization that asks comes first and sees those whose sides it stands on."""

from datetime import datetime

from django.db.models import F, Q, QuerySet

from brokers.acting import acts_for
from brokers.models import Amendment, AmendmentStatus, BookingStatus
from brokers.papers.amending import sides_of
from foundation.accounts.actor import Actor
from foundation.accounts.models import Decision, Organization
from foundation.accounts.queries import represented_by
from foundation.trade import clock
from foundation.trade.errors import NotFound

_CARRIAGE, _SALE, _FREIGHT = Amendment.Subject.CARRIAGE, Amendment.Subject.SALE, Amendment.Subject.FREIGHT


def amendments_of(viewer: Organization, now: datetime | None = None) -> QuerySet[Amendment]:
    """Return the amendments that the viewer may read, newest first: of the carriage its seller and carrier, of a sale
    its shipper and broker, of the freight all three; for seller and carrier also a broker that acts for them, which
    reads nothing of a sale.
    """
    givers = represented_by(viewer, now or clock.now()).order_by().values("pk")
    seller, carrier, shipper = Q(booking__seller=viewer), Q(booking__carrier=viewer), Q(booking__shipper=viewer)
    sold_for = shipper & ~Q(booking__seller=F("booking__shipper"))
    acted = (Q(booking__seller__in=givers) | Q(booking__carrier__in=givers)) & ~sold_for
    mine = (
        (Q(subject=_CARRIAGE) & (seller | carrier | acted))
        | (Q(subject=_SALE) & (shipper | seller))
        | (Q(subject=_FREIGHT) & (shipper | seller | carrier | acted))
    )
    return _whole(Amendment.objects.filter(mine)).order_by("-pk")


def amendment_of(viewer: Organization, public_id: str) -> Amendment:
    """Return an amendment that the viewer may read; raises `NotFound`."""
    row = amendments_of(viewer).filter(public_id=public_id).first()
    if row is None:
        raise NotFound("There is no such amendment here.")
    return row


def amendments_about(viewer: Organization, booking_id: str) -> list[Amendment]:
    """Return the amendments of a booking that the viewer may read, newest first."""
    return list(amendments_of(viewer).filter(booking__public_id=booking_id))


def waits_for(amendment: Amendment) -> list[Organization]:
    """Return the sides that have not said yes yet."""
    accepted = {each.organization_id for each in amendment.acceptances.all()}
    return [side for side in sides_of(amendment.booking, amendment.subject) if side.pk not in accepted]


def answers_for(actor: Actor, amendment: Amendment, now: datetime) -> list[Organization]:
    """Return the sides whose yes is missing and for which the actor may say it: its own in front."""
    if amendment.status != AmendmentStatus.OPEN or amendment.expires_at <= now:
        return []
    sides = [side for side in waits_for(amendment) if may_act(actor, side, amendment.subject, now)]
    own = [side for side in sides if side.pk == actor.organization.pk]
    if own or not sides:
        return own
    acted = [
        side for side in sides_of(amendment.booking, amendment.subject) if may_act(actor, side, amendment.subject, now)
    ]
    return [] if len(acted) > 1 else sides  # nobody agrees with itself


def may_act(actor: Actor, side: Organization, subject: str, now: datetime) -> bool:
    """Say whether the actor may decide for a side: its own people, or a broker that acts for it, in a sale nobody."""
    if actor.organization.pk == side.pk:
        return True
    return subject != _SALE and acts_for(actor, side, Decision.CANCELLATION, now)


def due_amendments(now: datetime) -> QuerySet[Amendment]:
    """Return the open amendments whose time is over, or whose booking fell through."""
    gone = Q(expires_at__lte=now) | ~Q(booking__status=BookingStatus.BOOKED)
    return Amendment.objects.filter(gone, status=AmendmentStatus.OPEN).order_by("pk")


def _whole(rows: QuerySet[Amendment]) -> QuerySet[Amendment]:
    parties = ("booking__shipper", "booking__seller", "booking__carrier", "booking__load", "booking__tour")
    whole = rows.select_related(*parties, "proposed_for", "proposed_by_organization", "proposed_by", "closed_for")
    return whole.prefetch_related("acceptances__organization", "booking__load__stops")
